"""Plots the measurements of the burst test: `python3 -m infra.local.burst_plots DATA.json PLOTS.svg`.

A separate program, because matplotlib is installed in the virtual environment of the benchmark.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

_COLOURS = {"Fragment": "#2a78d6", "Encrypt": "#d6562a", "Dash": "#2aa65c"}


def draw(measured: dict[str, Any], to: Path) -> None:
    """Plots queue depth over time, latency percentiles of each status, and peak memory per function."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, (depth, latency, memory) = pyplot.subplots(3, 1, figsize=(8, 10))
    times = [at for at, _ in measured["depths"]]
    for name, colour in _COLOURS.items():
        depth.plot(times, [depths[name] for _, depths in measured["depths"]], label=name.lower(), color=colour)
    depth.set(title=f"Queue depth during a burst of {measured['files']} files", xlabel="seconds", ylabel="messages")
    depth.legend(frameon=False)
    for stage, values in measured["latencies"].items():
        if stage != "since start":
            latency.plot([100 * (rank + 1) / len(values) for rank in range(len(values))], values, label=stage)
    latency.set(title="Latency from upload to each status", xlabel="percentile", ylabel="seconds")
    latency.legend(frameon=False)
    names = sorted(measured["memory"])
    peaks = [measured["memory"][name]["peak_bytes"] / 1e6 for name in names]
    bars = memory.barh(names, peaks, color="#2a78d6")
    counts = [measured["memory"][name]["processes"] for name in names]
    labels = [f" {peak:.0f} MB, {count} processes" for peak, count in zip(peaks, counts, strict=True)]
    memory.bar_label(bars, labels)
    memory.set(title="Peak memory of one process", xlabel="MB")
    memory.invert_yaxis()
    memory.margins(x=0.25)
    for chart in (depth, latency, memory):
        chart.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(to)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
