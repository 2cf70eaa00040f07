"""Large file test: packages 2 GiB and, at the same time, 10 MB; asserts bounds on memory and bytes moved.

The bounds are those of docs/performance-and-cost.md, for a source that is too large for the test suite. The times are those that
the platform records, from ingest to Ready. They are reported but not asserted: the emulator has standard queues only,
whereas on AWS fair queues schedule messages by group, so that the small file need not wait (`make scale` models both).
"""

from __future__ import annotations

import struct
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from . import http_client
from .benchmark_media import TEN_MEGABYTES, TWO_GIBIBYTES, fixture_tool, generate
from .instance import Instance
from .terminal import CommandError, log, show_status, step

_MIB = 1 << 20
_BASE_MEMORY = 48 * _MIB
"""Maximum memory of a function without its work unit or its movie box."""
_WORK_UNIT = 32 * _MIB
"""Default of the template's `WorkUnitMiB`."""
_TIMEOUT_SECONDS = 600


def run(instance: Instance) -> int:
    """Logs the measurements. Returns 0 if all are within their bounds."""
    with step("generating the movies"):
        ffmpeg = fixture_tool("--ffmpeg")
        large, small = generate(TWO_GIBIBYTES, ffmpeg), generate(TEN_MEGABYTES, ffmpeg)
    alone = _ready(instance, _upload(instance, small, "alone"))
    content = _upload(instance, large, "large")
    _package(instance, content, lambda package: package["progress"]["work_units_total"])
    queued_behind = _ready(instance, _upload(instance, small, "queued-behind"))
    package = _ready(instance, content)

    moov, size = _moov_size(large), large.stat().st_size
    stages, receipt = package["receipt"]["stages"], package["receipt"]
    moved = (receipt["bytes_read"] + receipt["bytes_written"]) / size
    log(
        f"  {size / 1e9:.2f} GB in {package['progress']['work_units_total']} work units: Ready after {_seconds(package):.1f} s"
    )
    log(
        f"  {small.stat().st_size / 1e6:.0f} MB: {_seconds(alone):.1f} s alone, {_seconds(queued_behind):.1f} s queued behind the large file, without fair queues"
    )
    checks = [("bytes read and written / source size", moved, 2.04)]
    bounds = {"ingest": 4 * moov, "fragment": 4 * moov, "encrypt": _WORK_UNIT * 5 // 4}
    for stage, data in bounds.items():
        peak = stages[stage]["peak_memory_bytes"]
        checks.append((f"peak memory of {stage} (MiB)", peak / _MIB, (_BASE_MEMORY + data) / _MIB))
    for name, value, maximum in checks:
        log(f"  {name}: {value:.2f}, maximum {maximum:.2f}")
    return 0 if all(value <= maximum for _, value, maximum in checks) else 1


def _upload(instance: Instance, movie: Path, name: str) -> str:
    """Uploads a file under a unique key, and returns the input content's id."""
    bucket, key = instance.outputs()["UploadsBucket"], f"large/{time.time_ns()}/{name}.mp4"
    with step(f"uploading {movie.stat().st_size / 1e6:.0f} MB"):
        instance.client("s3").upload_file(str(movie), bucket, key)
    origin = f"s3://{bucket}/{key}"
    contents = _wait(lambda: _get(instance, f"/input_content?origin={origin}")["input_content"], bool)
    return contents[0]["input_content_id"]


def _package(instance: Instance, content: str, condition: Any) -> dict[str, Any]:
    """Waits until the package of an upload meets a condition."""
    package = _get(instance, f"/input_content/{content}")["packaged_content_id"]
    result = _wait(
        lambda: _get(instance, f"/packaged_content/{package}"),
        lambda current: current["status"] == "Failed" or condition(current),
    )
    if result["status"] == "Failed":
        raise CommandError(f"the package failed: {result['failure']}")
    return result


def _ready(instance: Instance, content: str) -> dict[str, Any]:
    return _package(instance, content, lambda package: package["status"] == "Ready")


def _wait(look: Any, condition: Any) -> Any:
    end = time.monotonic() + _TIMEOUT_SECONDS
    while not condition(result := look()):
        if time.monotonic() > end:
            raise CommandError(f"timed out after {_TIMEOUT_SECONDS} s: {result}")
        progress = result.get("progress", {}) if isinstance(result, dict) else {}
        show_status(f"  {progress.get('work_units_done', 0)} of {progress.get('work_units_total') or '?'} work units")
        time.sleep(0.1)
    return result


def _get(instance: Instance, path: str) -> dict[str, Any]:
    return http_client.get(instance, instance.outputs()["ApiUrl"].rstrip("/") + path).json()


def _seconds(package: dict[str, Any]) -> float:
    created, ready = (
        datetime.fromisoformat(package[name].replace("Z", "+00:00")) for name in ("created_at", "ready_at")
    )
    return (ready - created).total_seconds()


def _moov_size(movie: Path) -> int:
    """The size of the movie box (ISO/IEC 14496-12 4.2)."""
    with movie.open("rb") as file:
        while header := file.read(8):
            size, kind = struct.unpack(">I4s", header)
            header_size = 8
            if size == 1:
                size, header_size = struct.unpack(">Q", file.read(8))[0], 16
            if kind == b"moov":
                return size
            file.seek(size - header_size, 1)
    raise CommandError(f"{movie} has no movie box")
