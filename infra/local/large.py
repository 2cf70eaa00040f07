"""A large movie, and a small one behind it: what functions hold, what moves, and how long the small one waits.

The bounds are those of docs/performance-and-cost.md, held here to a source that is too large for a test. Times are those of
the platform's own items: from the verdict on the upload to Ready. They are told and not judged: the emulator's queues are plain ones, where AWS's are
fair by the group that each message names, so that the small movie need not wait there (`make scale` has both).
"""

from __future__ import annotations

import struct
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from ..bench.media import TEN_MEGABYTES, TWO_GIBIBYTES, fixture_tool, made
from . import web
from .console import Stop, live, say, step
from .instance import Instance

_MIB = 1 << 20
_PROCESS = 48 * _MIB
"""What a function may hold beside its work unit or its index."""
_WORK_UNIT = 32 * _MIB
"""The template's default."""
_PATIENCE_SECONDS = 600


def run(instance: Instance) -> int:
    """Prints what was measured, and answers 0 when all of it is within the bounds."""
    with step("making the movies"):
        ffmpeg = fixture_tool("--ffmpeg")
        large, small = made(TWO_GIBIBYTES, ffmpeg), made(TEN_MEGABYTES, ffmpeg)
    alone = _ended(instance, _upload(instance, small, "alone"))
    first = _upload(instance, large, "large")
    _package(instance, first, lambda package: package["progress"]["work_units_total"])
    behind = _ended(instance, _upload(instance, small, "behind"))
    film = _ended(instance, first)

    index, size = _moov(large), large.stat().st_size
    stages, receipt = film["receipt"]["stages"], film["receipt"]
    moved = (receipt["bytes_read"] + receipt["bytes_written"]) / size
    say(f"  {size / 1e9:.2f} GB in {film['progress']['work_units_total']} work units: Ready after {_seconds(film):.1f} s")
    say(
        f"  {small.stat().st_size / 1e6:.0f} MB: {_seconds(alone):.1f} s alone, {_seconds(behind):.1f} s behind it, in plain queues"
    )
    checks = [("bytes read and written, of the source's", moved, 2.04)]
    bounds = {"ingest": 4 * index, "fragment": 4 * index, "encrypt": _WORK_UNIT * 5 // 4}
    for stage, beside in bounds.items():
        held = stages[stage]["peak_memory_bytes"]
        checks.append((f"MiB held by {stage}", held / _MIB, (_PROCESS + beside) / _MIB))
    for what, found, most in checks:
        say(f"  {what}: {found:.2f}, at most {most:.2f}")
    return 0 if all(found <= most for _, found, most in checks) else 1


def _upload(instance: Instance, movie: Path, name: str) -> str:
    """Uploads under a name of this run's own, and answers the content's id."""
    bucket, key = instance.outputs()["UploadsBucket"], f"large/{time.time_ns()}/{name}.mp4"
    with step(f"uploading {movie.stat().st_size / 1e6:.0f} MB"):
        instance.client("s3").upload_file(str(movie), bucket, key)
    origin = f"s3://{bucket}/{key}"
    found = _wait(lambda: _get(instance, f"/input_content?origin={origin}")["input_content"], bool)
    return found[0]["input_content_id"]


def _package(instance: Instance, content: str, is_enough: Any) -> dict[str, Any]:
    """The package of an upload, as soon as it is far enough."""
    package = _get(instance, f"/input_content/{content}")["packaged_content_id"]
    answer = _wait(
        lambda: _get(instance, f"/packaged_content/{package}"), lambda own: own["status"] == "Failed" or is_enough(own)
    )
    if answer["status"] == "Failed":
        raise Stop(f"the package Failed: {answer['failure']}")
    return answer


def _ended(instance: Instance, content: str) -> dict[str, Any]:
    return _package(instance, content, lambda package: package["status"] == "Ready")


def _wait(ask: Any, is_enough: Any) -> Any:
    end = time.monotonic() + _PATIENCE_SECONDS
    while not is_enough(answer := ask()):
        if time.monotonic() > end:
            raise Stop(f"nothing came of it in {_PATIENCE_SECONDS} s: {answer}")
        progress = answer.get("progress", {}) if isinstance(answer, dict) else {}
        live(f"  {progress.get('work_units_done', 0)} of {progress.get('work_units_total') or '?'} work units")
        time.sleep(0.1)
    return answer


def _get(instance: Instance, path: str) -> dict[str, Any]:
    return web.get(instance, instance.outputs()["ApiUrl"].rstrip("/") + path).json()


def _seconds(package: dict[str, Any]) -> float:
    begun, ended = (datetime.fromisoformat(package[name].replace("Z", "+00:00")) for name in ("created_at", "ready_at"))
    return (ended - begun).total_seconds()


def _moov(movie: Path) -> int:
    """The size of a movie's index, by its boxes (ISO/IEC 14496-12 4.2)."""
    with movie.open("rb") as file:
        while header := file.read(8):
            size, kind = struct.unpack(">I4s", header)
            head = 8
            if size == 1:
                size, head = struct.unpack(">Q", file.read(8))[0], 16
            if kind == b"moov":
                return size
            file.seek(size - head, 1)
    raise Stop(f"{movie} has no index")
