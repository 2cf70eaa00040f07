"""Counts the CPU instructions of the engine's benchmarks and compares them with the committed baseline.

    python3 -m infra.instructions            fail if a benchmark executes 5 % more instructions than the baseline
    python3 -m infra.instructions --record   write the baseline

The counts are the same in every run, but differ between compilers, and between processors with different instruction sets. The
baseline records both; if they differ, nothing is compared, and a message states this.

This script calls Valgrind directly instead of a benchmark crate's runner (gungraun): it needs only one number per benchmark and a
file that can be read in a diff, and compiling the runner takes longer than compiling the engine.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
from pathlib import Path

from .callgrind import ROOT, build, count, is_available

BASELINE = ROOT / "crates" / "media" / "benches" / "instructions.json"

MAXIMUM_GROWTH = 1.05

IMPROVEMENT = 0.95
"""Ratio below which a new baseline should be recorded."""

FEATURES = ("aes", "avx2")
"""The processor features that select code paths under Valgrind."""


def main(arguments: list[str]) -> int:
    """Returns 1 if a benchmark executes more instructions than allowed."""
    parser = argparse.ArgumentParser(prog="infra.instructions")
    parser.add_argument("--record", action="store_true", help="write the baseline")
    options = parser.parse_args(arguments)
    if not is_available():
        print("instructions: not counted, Valgrind is not installed (Debian: valgrind)")
        return 0
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"by": None}
    if not options.record and baseline["by"] != _environment():
        print(f"instructions: not compared, the baseline is for {baseline['by']}, and this is {_environment()}")
        return 0
    program, names = build("instructions")
    counts = {name: count(program, name) for name in names}
    if options.record:
        BASELINE.write_text(json.dumps({"by": _environment(), "instructions": counts}, indent=2) + "\n")
        return 0
    return _compare(counts, baseline["instructions"])


def _environment() -> str:
    """The compiler and the processor features, which influence the counts."""
    compiler = subprocess.run(["rustc", "--version"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(re.findall(r"\w+", cpuinfo.read_text())) if cpuinfo.exists() else set()
    features = [feature for feature in FEATURES if feature in flags]
    return f"{compiler.strip()} for {' '.join([platform.machine(), *features])}"


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
