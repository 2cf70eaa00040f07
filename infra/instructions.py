"""Counts the instructions of the engine's pieces of work, and compares them with those of the committed baseline.

    python3 -m infra.instructions            fail when a piece takes more than a twentieth more than the baseline says
    python3 -m infra.instructions --record   write the baseline

Instructions are counted by Callgrind, so that neither the clock nor what else the machine does decides. They are the same from
run to run, but not from compiler to compiler, nor from processor to processor where other instructions are chosen: the
baseline names what it was made by, and where that is another, this is said and nothing is compared.

The counter is Valgrind itself and no benchmark crate's runner of it (gungraun has one): all that is wanted is a number for each
piece of work and a file of them that can be read in a diff, and to compile that runner takes longer than to compile the engine.
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

MOST_GROWTH = 1.05

WORTH_RECORDING = 0.95

FEATURES = ("aes", "avx2")
"""Of the processor, as far as it decides which code runs under Valgrind."""


def main(arguments: list[str]) -> int:
    """Answers 1 when a piece of work has grown."""
    parser = argparse.ArgumentParser(prog="infra.instructions")
    parser.add_argument("--record", action="store_true", help="write the baseline")
    options = parser.parse_args(arguments)
    if not shutil.which("valgrind"):
        print("instructions: not counted, for there is no Valgrind here (Debian: valgrind)")
        return 0
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {"by": None}
    if not options.record and baseline["by"] != _counted_by():
        print(f"instructions: not compared, for the baseline is by {baseline['by']}, and this is {_counted_by()}")
        return 0
    program = _build()
    names = subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines()
    counts = {name: _count(program, name) for name in names}
    if options.record:
        BASELINE.write_text(json.dumps({"by": _counted_by(), "instructions": counts}, indent=2) + "\n")
        return 0
    return _compare(counts, baseline["instructions"])


def _counted_by() -> str:
    """What decides the counts beside the code: the compiler, and the processor's instructions."""
    compiler = subprocess.run(["rustc", "--version"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    described = Path("/proc/cpuinfo")
    flags = set(re.findall(r"\w+", described.read_text())) if described.exists() else set()
    features = [feature for feature in FEATURES if feature in flags]
    return f"{compiler.strip()} for {' '.join([platform.machine(), *features])}"


def _build() -> Path:
    """Builds the pieces of work as `make test` builds the engine, and answers the program that does them."""
    command = ["cargo", "build", "--release", "--quiet", "--workspace", "--bench", "instructions"]
    done = subprocess.run([*command, "--message-format=json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    programs = [message["executable"] for message in messages if message.get("executable")]
    if done.returncode != 0 or not programs:
        sys.exit("instructions: the benchmark does not build")
    return Path(programs[-1])


def _count(program: Path, name: str) -> int:
    """Instructions of one piece of work, without those that make its input."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "counts"
        options = ["--tool=callgrind", f"--callgrind-out-file={output}", "--toggle-collect=*counted*"]
        done = subprocess.run(["valgrind", *options, program, name], capture_output=True, text=True, check=False)
        found = re.search(r"^(?:summary|totals): (\d+)", output.read_text(), re.MULTILINE) if output.exists() else None
    if done.returncode != 0 or not found or int(found[1]) == 0:
        sys.exit(f"instructions: Valgrind could not count {name}: {done.stderr[-400:]}")
    return int(found[1])


def _compare(counts: dict[str, int], baseline: dict[str, int]) -> int:
    """Says what has grown, and what has become so much less that the baseline no longer guards it."""
    grown = [name for name in counts if counts[name] > MOST_GROWTH * baseline.get(name, 0)]
    shrunk = [name for name in counts if name not in grown and counts[name] < WORTH_RECORDING * baseline[name]]
    for name in grown + shrunk:
        known = baseline.get(name)
        ratio = f"{counts[name] / known:.3f} of the baseline's {known}" if known else "of which the baseline has none"
        print(f"instructions: {name}: {counts[name]}, {ratio}")
    if grown:
        print("instructions: what grew for a good reason is recorded by: python3 -m infra.instructions --record")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
