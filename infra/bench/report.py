"""The figures as a table, as a plot, and against the targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .contenders import Measurement

Row = dict[str, Any]

_PEER, _FILM = "Shaka Packager", "film"


def rows(measured: list[Measurement]) -> list[Row]:
    """Every measurement with its ratios: to `cp`, and to the peer in the same layout."""
    found = []
    for own in measured:
        row = asdict(own)
        row["cpu_to_cp"] = own.cpu / _of(measured, own.movie, "cp", "copy")[0].cpu
        row["ns_a_byte"] = own.cpu / own.movie_bytes * 1e9
        for peer in _of(measured, own.movie, _PEER, own.job):
            row["cpu_to_peer"] = own.cpu / peer.cpu
            row["wall_to_peer"] = own.wall / peer.wall
        for film in _of(measured, _FILM, own.name, own.job):
            row["byte_to_film"] = row["ns_a_byte"] / (film.cpu / film.movie_bytes * 1e9)
        found.append(row)
    return found


def _of(measured: list[Measurement], movie: str, name: str, job: str) -> list[Measurement]:
    return [own for own in measured if (own.movie, own.name, own.job) == (movie, name, job)]


def table(found: list[Row]) -> str:
    """Markdown."""
    lines = [
        "| movie | MB | packager | layout | CPU s | × cp | × Shaka | ns/byte | wall s | × Shaka | peak MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found:
        ratio = {name: f"{row[name]:.2f}" if name in row else "" for name in ("cpu_to_peer", "wall_to_peer")}
        lines.append(
            f"| {row['movie']} | {row['movie_bytes'] / 1e6:.0f} | {row['name']} | {row['job']} | {row['cpu']:.2f} "
            f"| {row['cpu_to_cp']:.2f} | {ratio['cpu_to_peer']} | {row['ns_a_byte']:.2f} | {row['wall']:.2f} | {ratio['wall_to_peer']} "
            f"| {row['memory'] / 1e6:.0f} |"
        )
    return "\n".join(lines) + "\n"


_TARGETS: list[tuple[str, str, str | None, Callable[[Row], float], float]] = [
    ("CPU to cp's, single file", "film", "single-file", lambda row: row["cpu_to_cp"], 1.5),
    ("CPU to Shaka Packager's", "film", None, lambda row: row["cpu_to_peer"], 0.40),
    ("CPU to Shaka Packager's, many samples", "samples", None, lambda row: row["cpu_to_peer"], 0.20),
    ("wall to Shaka Packager's", "film", None, lambda row: row["wall_to_peer"], 0.50),
    ("CPU a byte to the film's, H.265", "hevc", None, lambda row: row["byte_to_film"], 1.3),
    ("CPU a byte to the film's, AV1", "av1", None, lambda row: row["byte_to_film"], 1.3),
    ("CPU a byte to the film's, sound", "sound", None, lambda row: row["byte_to_film"], 1.3),
    ("MB of memory, many samples", "samples", None, lambda row: row["memory"] / 1e6, 16.8 + 32 * 1.395),
    ("MB of memory", "film", None, lambda row: row["memory"] / 1e6, 16.8 + 32 * 0.142 + 4.2),
]
"""What, of which movie, in which layout (both when none), read from a row how, at most.

Memory is to be no more than 16 MiB, 32 bytes for each sample (in millions here), and one window of what is read."""


def missed(found: list[Row]) -> list[str]:
    """A line for each target that was not met."""
    lines = []
    for what, movie, job, figure, most in _TARGETS:
        for row in found:
            if row["name"] == "vpp" and row["movie"] == movie and job in (None, row["job"]) and figure(row) > most:
                lines.append(f"{what} ({row['job']}): {figure(row):.2f}, at most {most:.2f}")
    return lines


def plot(found: list[Row], to: Path) -> None:
    """A bar of processor time for each contender, a chart for each movie."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    movies = list(dict.fromkeys(row["movie"] for row in found))
    figure, charts = pyplot.subplots(len(movies), 1, figsize=(8, 2.6 * len(movies)), squeeze=False)
    for movie, chart in zip(movies, charts[:, 0], strict=True):
        own = [row for row in found if row["movie"] == movie]
        names = [row["name"] if row["job"] == "copy" else f"{row['name']}, {row['job']}" for row in own]
        colours = ["#2a78d6" if row["name"] == "vpp" else "#9aa5b1" for row in own]
        bars = chart.barh(names, [row["cpu"] for row in own], color=colours)
        chart.bar_label(bars, [f" {row['cpu']:.2f} s, {row['memory'] / 1e6:.0f} MB" for row in own])
        chart.set_title(f"{movie}: {own[0]['movie_bytes'] / 1e6:.0f} MB")
        chart.set_xlabel("CPU seconds (user + system)")
        chart.invert_yaxis()
        chart.margins(x=0.25)
        chart.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(to)
