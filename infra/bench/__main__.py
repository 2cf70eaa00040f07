"""`python3 -m infra.bench`: packages the same movies with every available packager and prints the ratios.

The rounds are interleaved: each runs every packager once, so that other load on the machine affects all of them alike. The
results are medians over the rounds, compared as ratios. The files are on tmpfs if possible, to exclude disk I/O.
"""

from __future__ import annotations

import argparse
import json
import sys

from ..local import tools
from ..local.terminal import CommandError, log, step


def main(arguments: list[str]) -> int:
    """Runs the benchmark. Returns 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=5, help="number of runs of each packager")
    parser.add_argument("--small", action="store_true", help="only the movie of 62 MB, as a quick check")
    options = parser.parse_args(arguments)
    try:
        tools.check_prerequisites()
        tools.run_inside("bench", __package__, arguments)
        return _run(options)
    except CommandError as error:
        log(str(error))
        return 1


def _run(options: argparse.Namespace) -> int:
    from ..local import benchmark_media
    from . import packagers, report

    engine = packagers.build_engine()
    ffmpeg, node = benchmark_media.fixture_tool("--ffmpeg"), benchmark_media.fixture_tool("--node")
    movies = [movie for movie in benchmark_media.MOVIES if not options.small or movie.name == "short"]
    available = packagers.available(engine, ffmpeg, node)
    measurements = []
    for movie in movies:
        with step(f"generating {movie.name}: {movie.description}"):
            path = benchmark_media.generate(movie, ffmpeg)
        with step(f"packaging with {', '.join(packager.name for packager in available)}, {options.rounds} rounds"):
            measurements += packagers.measure(available, movie, path, options.rounds)
    folder = tools.ROOT / "target" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    rows = report.rows(measurements)
    (folder / "bench.json").write_text(json.dumps(rows, indent=2) + "\n")
    text = report.table(rows)
    (folder / "bench.md").write_text(text)
    report.plot(rows, folder / "bench.svg")
    print(text)
    missed = report.missed(rows)
    for line in missed:
        log(f"missed: {line}")
    log(f"written to {folder.relative_to(tools.ROOT)}/: bench.md, bench.json, bench.svg")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
