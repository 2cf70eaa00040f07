"""Writes the hashes of all pinned Python packages into the requirements files: `make hashes`.

pip verifies every download against these hashes (`--require-hashes`), and a file lists everything that its packages depend on. uv
finds the hashes of all wheels and source archives of a version, so a file is valid on every platform. To update a package, change
its version and run `make hashes`.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from .terminal import CommandError, log
from .tools import ROOT, program

_OLDEST_PYTHONS = ("3.10", "3.11.5")
"""The oldest Python of a file's packages. Some packages of some files need the second."""

_ENTRY = re.compile(r"^(\S+)==.*\n((?: +--hash=.*\n)+)", re.MULTILINE)


def requirements() -> list[Path]:
    """All requirements files of the checkout."""
    folders = (ROOT / "infra" / "local", ROOT / "tests" / "media", ROOT / "tests" / "oracles")
    return sorted(file for folder in folders for file in folder.glob("requirements*.txt"))


def run() -> int:
    """Rewrites each file with the hashes of its pinned versions."""
    for file in requirements():
        text = re.sub(r" \\\n +--hash=\S+", "", file.read_text())
        found = _hashes(file.name, text)
        lines = [
            line if line.startswith("#") else f"{line} \\\n{found[_normalized(line.split('==')[0])]}"
            for line in text.splitlines()
        ]
        file.write_text("\n".join(lines) + "\n")
        log(f"  {file.relative_to(ROOT)}: {len(found)} packages")
    return 0


def _hashes(name: str, text: str) -> dict[str, str]:
    """The lines with the hashes of each package, by its normalized name."""
    command = [program("lock", "uv"), "pip", "compile", "--quiet", "--universal", "--no-deps", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--no-config", "--no-python-downloads"]
    for python in _OLDEST_PYTHONS:
        options = ["--python-version", python, "-"]
        done = subprocess.run([*command, *options], input=text, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return {_normalized(package): lines.rstrip() for package, lines in _ENTRY.findall(done.stdout)}
    raise CommandError(f"uv could not compile {name}:\n{done.stderr.strip()}")


def _normalized(name: str) -> str:
    """The name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
