"""`python3 -m infra.bench`: packages the same movies with everything there is, interleaved, and prints the ratios.

Every round runs each contender once, so that whatever else the machine does falls on all of them alike; figures are medians
over the rounds, and what is quoted are ratios. Files lie on tmpfs where there is one, so that no disk decides.
"""

from __future__ import annotations

import argparse
import json
import sys

from ..local import tools
from ..local.console import Stop, say, step


def main(arguments: list[str]) -> int:
    """Runs the benchmark and answers its exit code: 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=5, help="how often each contender runs")
    parser.add_argument("--small", action="store_true", help="only the movie of 62 MB, to see that it works")
    options = parser.parse_args(arguments)
    try:
        tools.check_prerequisites()
        tools.run_inside("bench", __package__, arguments)
        return _run(options)
    except Stop as stop:
        say(str(stop))
        return 1


def _run(options: argparse.Namespace) -> int:
    from . import contenders, media, report

    engine = contenders.build_engine()
    ffmpeg, node = media.fixture_tool("--ffmpeg"), media.fixture_tool("--node")
    movies = [movie for movie in media.MOVIES if not options.small or movie.name == "short"]
    found = contenders.found(engine, ffmpeg, node)
    measured = []
    for movie in movies:
        with step(f"making {movie.name}: {movie.holds}"):
            path = media.made(movie, ffmpeg)
        with step(f"packaging it with {', '.join(own.name for own in found)}, {options.rounds} rounds"):
            measured += contenders.measure(found, movie, path, options.rounds)
    folder = tools.ROOT / "target" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    rows = report.rows(measured)
    (folder / "bench.json").write_text(json.dumps(rows, indent=2) + "\n")
    text = report.table(rows)
    (folder / "bench.md").write_text(text)
    report.plot(rows, folder / "bench.svg")
    print(text)
    missed = report.missed(rows)
    for line in missed:
        say(f"missed: {line}")
    say(f"written to {folder.relative_to(tools.ROOT)}/: bench.md, bench.json, bench.svg")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
