"""Measures how soon a movie plays after its upload, in Chromium, and how soon a seek continues, before it is packaged.

The emulator holds objects in memory, so the largest movie has 2 GB. The time does not depend on the length of a movie but on that of
its index, which is read and planned.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from . import browser, http_client
from .benchmark_media import MOVIES, TWO_GIBIBYTES, fixture_tool, generate
from .demo import SAMPLE
from .instance import Instance
from .terminal import CommandError, log, step

_FIRST_FRAME_SECONDS = 2.0
"""Maximum time from the end of an upload to the first frame."""
_SEEK_SECONDS = 1.0
"""Maximum time from a seek to the first frame there."""
_TIMEOUT_SECONDS = 600
_COLUMNS = ("movie", "playable", "first frame", "seek to middle", "seek to end", "status then", "Ready after")


def run(instance: Instance, chromium: str) -> int:
    """Prints a table. Returns 0 if every time is within its bound."""
    with step("generating the movies"):
        ffmpeg = fixture_tool("--ffmpeg")
        film = next(movie for movie in MOVIES if movie.name == "film")
        movies = [SAMPLE, generate(film, ffmpeg), generate(TWO_GIBIBYTES, ffmpeg)]
    # The first movie starts the functions, which a stack in use has running.
    _measure(instance, chromium, SAMPLE)
    rows = [_measure(instance, chromium, movie) for movie in movies]
    log("  " + "".join(f"{column:<16}" for column in _COLUMNS))
    for row in rows:
        log("  " + "".join(f"{cell:<16}" for cell in row.cells()))
    return 0 if all(row.is_within_bounds() for row in rows) else 1


class _Row:
    """The measurements of a movie, in seconds."""

    def __init__(self, movie: Path, times: dict[str, Any], ready: float) -> None:
        self._bytes, self._status, self._ready = movie.stat().st_size, times["endStatus"], ready
        self._times = [times[name] / 1000 for name in ("playable", "firstFrame", "middle", "end")]

    def cells(self) -> list[str]:
        size = f"{self._bytes / 1e6:,.0f} MB"
        return [size, *(f"{seconds:.2f} s" for seconds in self._times), self._status, f"{self._ready:.1f} s"]

    def is_within_bounds(self) -> bool:
        _, first_frame, *seeks = self._times
        return first_frame <= _FIRST_FRAME_SECONDS and max(seeks) <= _SEEK_SECONDS


def _measure(instance: Instance, chromium: str, movie: Path) -> _Row:
    player = browser.measure_instant(instance, chromium)
    assert player.stdin and player.stdout
    try:
        if player.stdout.readline().strip() != "ready":
            raise CommandError("Chromium did not start")
        bucket, key = instance.outputs()["UploadsBucket"], f"instant/{time.time_ns()}/{movie.name}"
        with step(f"uploading and playing {movie.stat().st_size / 1e6:,.0f} MB"):
            instance.client("s3").upload_file(str(movie), bucket, key)
            uploaded_at = time.time()
            request = {"origin": f"s3://{bucket}/{key}", "uploadedAt": round(uploaded_at * 1000)}
            player.stdin.write(json.dumps(request) + "\n")
            player.stdin.flush()
            answer = player.stdout.readline()
        if not answer:
            raise CommandError("the movie did not play")
        times = json.loads(answer)
        if times["problems"]:
            raise CommandError(f"the player reports: {times['problems']}")
        return _Row(movie, times, _ready(instance, times["id"]) - uploaded_at)
    finally:
        player.stdin.close()
        player.terminate()
        player.wait()


def _ready(instance: Instance, package: str) -> float:
    """Waits until a package is Ready, and returns since when it is."""
    end = time.monotonic() + _TIMEOUT_SECONDS
    url = f"{instance.outputs()['ApiUrl'].rstrip('/')}/packaged_content/{package}"
    while time.monotonic() < end:
        found = http_client.get(instance, url).json()
        if found["status"] == "Failed":
            raise CommandError(f"the package failed: {found['failure']}")
        if found["ready_at"]:
            return datetime.fromisoformat(found["ready_at"].replace("Z", "+00:00")).timestamp()
        time.sleep(0.2)
    raise CommandError(f"the package is not Ready after {_TIMEOUT_SECONDS} s")
