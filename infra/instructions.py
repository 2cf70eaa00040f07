"""Counts the CPU instructions of the engine's benchmarks and compares them with the committed baseline.

    python3 -m infra.instructions            fail if a benchmark executes 5 % more instructions than the baseline
    python3 -m infra.instructions --record   write the baseline

It also fails if the cost of an input grows faster than its size, on any machine: see LINEAR.

Callgrind counts the instructions, so other load on the machine has no influence. The counts are the same in every run, but differ
between compilers, and between processors with different instruction sets. The baseline records both; if they differ, nothing is
compared, and a message states this.

This script calls Valgrind directly instead of a benchmark crate's runner (gungraun): it needs only one number per benchmark and a
file that can be read in a diff, and compiling the runner takes longer than compiling the engine.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

BASELINE = ROOT / "crates" / "media" / "benches" / "instructions.json"

MAXIMUM_GROWTH = 1.05

IMPROVEMENT = 0.95
"""Ratio below which a new baseline should be recorded."""

LINEAR = [("a frame of 4000 slices", "a frame of 16000 slices")]
"""Pairs of benchmarks whose second input has four times as many parts as the first."""

MAXIMUM_RATIO = 4.4
"""Ratio of the instructions of such a pair above which the cost is not linear: four, and a tenth for the growth of vectors."""

FEATURES = ("aes", "avx2")
"""The processor features that select code paths under Valgrind."""


def main(arguments: list[str]) -> int:
    """Returns 1 if a benchmark executes more instructions than allowed."""
    parser = argparse.ArgumentParser(prog="infra.instructions")
    parser.add_argument("--record", action="store_true", help="write the baseline")
    options = parser.parse_args(arguments)
    if not shutil.which("valgrind"):
        print("instructions: not counted, Valgrind is not installed (Debian: valgrind)")
        return 0
    program = _build()
    names = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    counts = {name: _count(program, name) for name in names}
    if options.record:
        BASELINE.write_text(json.dumps({"by": _environment(), "instructions": counts}, indent=2) + "\n")
        return 0
    superlinear = _superlinear(counts)
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"by": None}
    if baseline["by"] != _environment():
        print(f"instructions: not compared, the baseline is for {baseline['by']}, and this is {_environment()}")
        return superlinear
    return max(superlinear, _compare(counts, baseline["instructions"]))


def _environment() -> str:
    """The compiler and the processor features, which influence the counts."""
    compiler = subprocess.run(["rustc", "--version"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(re.findall(r"\w+", cpuinfo.read_text())) if cpuinfo.exists() else set()
    features = [feature for feature in FEATURES if feature in flags]
    return f"{compiler.strip()} for {' '.join([platform.machine(), *features])}"


def _build() -> Path:
    """Builds the benchmarks in the profile of `make test`, and returns the path of the program."""
    command = ["cargo", "build", "--release", "--quiet", "--workspace", "--bench", "instructions"]
    done = subprocess.run([*command, "--message-format=json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    programs = [message["executable"] for message in messages if message.get("executable")]
    if done.returncode != 0 or not programs:
        sys.exit("instructions: the build of the benchmark failed")
    return Path(programs[-1])


def _count(program: Path, name: str) -> int:
    """Counts the instructions of one benchmark, without its setup."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "counts"
        options = ["--tool=callgrind", f"--callgrind-out-file={output}", "--toggle-collect=*counted*"]
        done = subprocess.run(["valgrind", *options, program, name], capture_output=True, text=True, check=False)
        found = re.search(r"^(?:summary|totals): (\d+)", output.read_text(), re.MULTILINE) if output.exists() else None
    if done.returncode != 0 or not found or int(found[1]) == 0:
        sys.exit(f"instructions: Valgrind could not count {name}: {done.stderr[-400:]}")
    return int(found[1])


def _superlinear(counts: dict[str, int]) -> int:
    """Prints the inputs whose cost grows faster than their size. Returns 1 if there are any."""
    found = [(small, large) for small, large in LINEAR if counts[large] > MAXIMUM_RATIO * counts[small]]
    for small, large in found:
        print(f"instructions: {large} costs {counts[large] / counts[small]:.1f} times {small}, not four times")
    return 1 if found else 0


def _compare(counts: dict[str, int], baseline: dict[str, int]) -> int:
    """Prints the benchmarks that grew, and those that improved so much that the baseline no longer protects them."""
    grown = [name for name in counts if counts[name] > MAXIMUM_GROWTH * baseline.get(name, 0)]
    shrunk = [name for name in counts if name not in grown and counts[name] < IMPROVEMENT * baseline[name]]
    for name in grown + shrunk:
        previous = baseline.get(name)
        ratio = f"{counts[name] / previous:.3f} of the baseline ({previous})" if previous else "not in the baseline"
        print(f"instructions: {name}: {counts[name]}, {ratio}")
    if grown:
        print("instructions: to accept the new counts: python3 -m infra.instructions --record")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
