"""Proves that the arrows between the crates point one way: functions -> aws -> pipeline -> media.

A crate may be known by name only to the layers that are allowed to know it, and a function's `main.rs` is wiring.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

FORBIDDEN = {
    "vpp-media": re.compile(r"^(tokio|hyper|http|axum|reqwest|lambda_.*|aws-.*|vpp-(pipeline|aws))$"),
    "vpp-pipeline": re.compile(r"^(tokio|hyper|http|axum|reqwest|lambda_.*|aws-.*|vpp-aws)$"),
    "vpp-scale": re.compile(r"^(tokio|hyper|http|axum|reqwest|lambda_.*|aws-.*|vpp-aws)$"),
    "vpp-http": re.compile(r"^(tokio|hyper|reqwest|lambda_.*|aws-.*|vpp-aws)$"),
    "vpp-cli": re.compile(r"^(tokio|hyper|axum|reqwest|lambda_.*|aws-.*|vpp-aws)$"),
}
"""What must not appear among a package's dependencies, at any depth."""

LONGEST_MAIN = 40
"""Lines of a function's `main.rs`."""


def main() -> int:
    """Prints every fault and answers 1 when there is one."""
    faults = [fault for package, forbidden in FORBIDDEN.items() for fault in _dependencies(package, forbidden)]
    faults += _mains()
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _dependencies(package: str, forbidden: re.Pattern[str]) -> list[str]:
    command = ["cargo", "tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"]
    tree = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if tree.returncode != 0:
        return [tree.stderr.strip()]
    names = {line.split()[0] for line in tree.stdout.splitlines() if line}
    return [f"{package} must not depend on {name}" for name in sorted(names) if forbidden.match(name)]


def _mains() -> list[str]:
    mains = ((path, len(path.read_text().splitlines())) for path in sorted(ROOT.glob("functions/*/src/main.rs")))
    return [
        f"{path.relative_to(ROOT)} has {lines} lines; more than {LONGEST_MAIN} is not wiring"
        for path, lines in mains
        if lines > LONGEST_MAIN
    ]


if __name__ == "__main__":
    sys.exit(main())
