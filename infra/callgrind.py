"""Counts CPU instructions with Callgrind.

Callgrind counts the instructions of one function of a benchmark program, so other load on the machine and the preparation of the
input have no influence.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def is_available() -> bool:
    """Whether Valgrind is installed."""
    return shutil.which("valgrind") is not None


def build(bench: str) -> tuple[Path, list[str]]:
    """Builds a benchmark program in the profile of `make test`. Returns its path, and the names that it lists."""
    command = ["cargo", "build", "--release", "--quiet", "--workspace", "--bench", bench]
    done = subprocess.run([*command, "--message-format=json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    programs = [message["executable"] for message in messages if message.get("executable")]
    if done.returncode != 0 or not programs:
        sys.exit(f"{bench}: the build of the benchmark failed")
    program = Path(programs[-1])
    return program, subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()


def count(program: Path, *arguments: str) -> int:
    """Counts the instructions of the function `counted` of a program."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "counts"
        options = ["--tool=callgrind", f"--callgrind-out-file={output}", "--toggle-collect=*counted*"]
        done = subprocess.run(["valgrind", *options, program, *arguments], capture_output=True, text=True, check=False)
        found = re.search(r"^(?:summary|totals): (\d+)", output.read_text(), re.MULTILINE) if output.exists() else None
    if done.returncode != 0 or not found or int(found[1]) == 0:
        sys.exit(f"Valgrind could not count {' '.join(arguments)}: {done.stderr[-400:]}")
    return int(found[1])
