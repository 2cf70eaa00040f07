"""Reports the measurements as a table and a plot, and compares them with the targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .packagers import Measurement

Row = dict[str, Any]

_PEER, _FILM = "Shaka Packager", "film"


def rows(measurements: list[Measurement]) -> list[Row]:
    """Returns every measurement with its ratios to `cp` and to the peer in the same layout."""
    found = []
    for measurement in measurements:
        row = asdict(measurement)
        copy = _of(measurements, measurement.movie, "cp", "copy")[0]
        row["cpu_to_cp"], row["wall_to_cp"] = measurement.cpu / copy.cpu, measurement.wall / copy.wall
        row["ns_per_byte"] = measurement.cpu / measurement.movie_bytes * 1e9
        for peer in _of(measurements, measurement.movie, _PEER, measurement.job):
            row["cpu_to_peer"] = measurement.cpu / peer.cpu
            row["wall_to_peer"] = measurement.wall / peer.wall
        for film in _of(measurements, _FILM, measurement.name, measurement.job):
            row["ns_per_byte_to_film"] = row["ns_per_byte"] / (film.cpu / film.movie_bytes * 1e9)
        found.append(row)
    return found


def _of(measurements: list[Measurement], movie: str, name: str, job: str) -> list[Measurement]:
    return [one for one in measurements if (one.movie, one.name, one.job) == (movie, name, job)]


def table(found: list[Row]) -> str:
    """The table, in Markdown."""
    lines = [
        "| movie | MB | packager | layout | CPU s | × cp | × Shaka | ns/byte | wall s | × cp | × Shaka | peak MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found:
        ratio = {name: f"{row[name]:.2f}" if name in row else "" for name in ("cpu_to_peer", "wall_to_peer")}
        lines.append(
            f"| {row['movie']} | {row['movie_bytes'] / 1e6:.0f} | {row['name']} | {row['job']} | {row['cpu']:.2f} ±{row['cpu_spread'] / 2:.0%} "
            f"| {row['cpu_to_cp']:.2f} | {ratio['cpu_to_peer']} | {row['ns_per_byte']:.2f} | {row['wall']:.2f} ±{row['wall_spread'] / 2:.0%} "
            f"| {row['wall_to_cp']:.2f} | {ratio['wall_to_peer']} "
            f"| {row['memory'] / 1e6:.0f} |"
        )
    return "\n".join(lines) + "\n"


_TARGETS: list[tuple[str, str, str | None, Callable[[Row], float], float]] = [
    ("CPU time relative to cp, single file", "film", "single-file", lambda row: row["cpu_to_cp"], 1.5),
    ("CPU time relative to Shaka Packager", "film", None, lambda row: row["cpu_to_peer"], 0.40),
    ("CPU time relative to Shaka Packager, many samples", "samples", None, lambda row: row["cpu_to_peer"], 0.20),
    ("wall time relative to cp, single file", "film", "single-file", lambda row: row["wall_to_cp"], 1.1),
    ("wall time relative to cp, segments", "film", "segments", lambda row: row["wall_to_cp"], 0.8),
    ("wall time relative to Shaka Packager", "film", None, lambda row: row["wall_to_peer"], 0.50),
    ("H.265: CPU time per byte relative to H.264", "hevc", None, lambda row: row["ns_per_byte_to_film"], 1.3),
    ("AV1: CPU time per byte relative to H.264", "av1", None, lambda row: row["ns_per_byte_to_film"], 1.3),
    ("audio: CPU time per byte relative to H.264", "audio", None, lambda row: row["ns_per_byte_to_film"], 1.3),
    ("peak memory in MB, many samples", "samples", None, lambda row: row["memory"] / 1e6, 16.8 + 32 * 1.395),
    ("peak memory in MB", "film", None, lambda row: row["memory"] / 1e6, 16.8 + 32 * 0.142 + 4.2),
]
"""Name, movie, layout (None: both), value of a row, maximum.

The wall times are for two cores. The system lets one thread at a time write to a single file, which alone takes 0.93 of the time of
`cp`. The memory bound is 16 MiB, 32 bytes per sample (here in millions of samples), and one read window."""


def missed(found: list[Row]) -> list[str]:
    """Returns a line for each target that was missed."""
    lines = []
    for name, movie, job, value, maximum in _TARGETS:
        for row in found:
            if row["name"] == "vpp" and row["movie"] == movie and job in (None, row["job"]) and value(row) > maximum:
                lines.append(f"{name} ({row['job']}): {value(row):.2f}, maximum {maximum:.2f}")
    return lines


def plot(found: list[Row], to: Path) -> None:
    """Plots the CPU time of each packager, with one chart per movie."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    movies = list(dict.fromkeys(row["movie"] for row in found))
    figure, charts = pyplot.subplots(len(movies), 1, figsize=(8, 2.6 * len(movies)), squeeze=False)
    for movie, chart in zip(movies, charts[:, 0], strict=True):
        results = [row for row in found if row["movie"] == movie]
        names = [row["name"] if row["job"] == "copy" else f"{row['name']}, {row['job']}" for row in results]
        colours = ["#2a78d6" if row["name"] == "vpp" else "#9aa5b1" for row in results]
        bars = chart.barh(names, [row["cpu"] for row in results], color=colours)
        chart.bar_label(bars, [f" {row['cpu']:.2f} s, {row['memory'] / 1e6:.0f} MB" for row in results])
        chart.set_title(f"{movie}: {results[0]['movie_bytes'] / 1e6:.0f} MB")
        chart.set_xlabel("CPU seconds (user + system)")
        chart.invert_yaxis()
        chart.margins(x=0.25)
        chart.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(to)
