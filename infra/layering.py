"""Checks the layering of the crates: functions -> aws -> pipeline -> media.

Each crate may depend only on the crates and libraries that its layer allows. A function's `main.rs` contains only wiring.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

FORBIDDEN = {
    "vpp-media": re.compile(r"^(tokio|hyper|http|axum|reqwest|lambda_.*|aws-.*|vpp-(pipeline|aws))$"),
    "vpp-web": re.compile(r"^(tokio|hyper|http|axum|reqwest|lambda_.*|aws-.*|vpp-(pipeline|aws|http))$"),
    "vpp-pipeline": re.compile(r"^(tokio|hyper|http|axum|reqwest|lambda_.*|aws-.*|vpp-aws)$"),
    "vpp-scale": re.compile(r"^(tokio|hyper|http|axum|reqwest|lambda_.*|aws-.*|vpp-aws)$"),
    "vpp-http": re.compile(r"^(tokio|hyper|reqwest|lambda_.*|aws-.*|vpp-aws)$"),
    "vpp-cli": re.compile(r"^(tokio|hyper|axum|reqwest|lambda_.*|aws-.*|vpp-aws)$"),
}
"""Forbidden dependencies by package, direct or transitive."""

MAXIMUM_MAIN_LINES = 40
"""Maximum number of lines of a function's `main.rs`."""


def main() -> int:
    """Prints every violation. Returns 1 if there are any."""
    violations = [
        line for package, forbidden in FORBIDDEN.items() for line in _forbidden_dependencies(package, forbidden)
    ]
    violations += _long_mains()
    for violation in violations:
        print(violation, file=sys.stderr)
    return 1 if violations else 0


def _forbidden_dependencies(package: str, forbidden: re.Pattern[str]) -> list[str]:
    command = ["cargo", "tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"]
    tree = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if tree.returncode != 0:
        return [tree.stderr.strip()]
    names = {line.split()[0] for line in tree.stdout.splitlines() if line}
    return [f"{package} must not depend on {name}" for name in sorted(names) if forbidden.match(name)]


def _long_mains() -> list[str]:
    mains = ((path, len(path.read_text().splitlines())) for path in sorted(ROOT.glob("functions/*/src/main.rs")))
    return [
        f"{path.relative_to(ROOT)} has {lines} lines; the maximum is {MAXIMUM_MAIN_LINES}"
        for path, lines in mains
        if lines > MAXIMUM_MAIN_LINES
    ]


if __name__ == "__main__":
    sys.exit(main())
