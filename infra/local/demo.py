"""The demo: uploads a movie, follows its progress through the API, and prints the stream's URL."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from . import http_client, logs
from .instance import Instance
from .terminal import CommandError, is_terminal, log, show_status
from .tools import ROOT

SAMPLE = ROOT / "tests" / "media" / "sample.mp4"
STALL_SECONDS = 180
"""Time without progress after which the demo fails."""

_POLL_SECONDS = 0.1


def run(instance: Instance, file: str | None) -> int:
    """Packages a movie. Returns 0 if the stream is playable."""
    movie = Path(file) if file else SAMPLE
    if not movie.is_file():
        raise CommandError(f"no such file: {movie}")
    progress_log = _ProgressLog()
    key = f"{datetime.now(timezone.utc):%Y-%m-%d %H-%M-%S.%f} {movie.name}"
    origin = _upload(instance, movie, key, progress_log)
    content = _follow_content(instance, origin, progress_log)
    if content["status"] == "Refused":
        log(f"\nRefused ({content['code']}): {content['message']}\nThe source remains at {origin}.")
        return 1
    package_id = content.get("packaged_content_id")
    if not package_id:
        log(f"\nIngested. PackageOnUpload is none; to package it: POST {_api(instance)}/packaged_content")
        return 0
    package = _follow_package(instance, package_id, progress_log)
    if package["status"] == "Failed":
        failure = package["failure"]
        log(f"\nFailed in {failure['stage']} ({failure['code']}): {failure['message']}")
        return 1
    _summary(instance, movie, content, package, progress_log)
    return 0


class _ProgressLog:
    """Logs status changes with the time since the upload started, and detects a stall."""

    def __init__(self) -> None:
        self._start = self._changed = time.monotonic()
        self._last = ""

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._start

    def update(self, status: str, line: str) -> None:
        """Logs a line if the status changed or there is no terminal; otherwise updates the status line."""
        text = f"{status:<12} {line}".rstrip()
        if text == self._last:
            self._show(text)
            return
        status_changed = self._last.split(" ", 1)[0] != status
        self._last, self._changed = text, time.monotonic()
        if status_changed or not is_terminal():
            log(f"  {self.elapsed:5.1f} s  {text}")
        else:
            self._show(text)

    def has_stalled(self) -> bool:
        """Whether there was no change for too long. Otherwise sleeps until the next poll."""
        if time.monotonic() - self._changed > STALL_SECONDS:
            return True
        time.sleep(_POLL_SECONDS)
        return False

    def _show(self, text: str) -> None:
        show_status(f"  {self.elapsed:5.1f} s  {text}")


def _upload(instance: Instance, movie: Path, key: str, progress_log: _ProgressLog) -> str:
    bucket, total = instance.outputs()["UploadsBucket"], movie.stat().st_size
    sent = 0

    def progress(count: int) -> None:
        nonlocal sent
        sent += count
        show_status(f"  {progress_log.elapsed:5.1f} s  {'Uploading':<12} {_bytes(sent)} of {_bytes(total)}")

    log(f"\nUploading {movie.name} to s3://{bucket}")
    instance.client("s3").upload_file(str(movie), bucket, key, Callback=progress)
    progress_log.update("Uploaded", _bytes(total))
    return f"s3://{bucket}/{key}"


def _follow_content(instance: Instance, origin: str, progress_log: _ProgressLog) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        listed = http_client.get(instance, f"{_api(instance)}/input_content?limit=20").json()["input_content"]
        return next((content for content in listed if content["input_content_origin"] == origin), None)

    content = _wait(instance, progress_log, "ingest", find)
    progress_log.update(content["status"], f"content {content['input_content_id']}")
    return content


def _follow_package(instance: Instance, package_id: str, progress_log: _ProgressLog) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        package = http_client.get(instance, f"{_api(instance)}/packaged_content/{package_id}").json()
        progress_log.update(package["status"], _progress(package))
        return package if package["status"] in ("Ready", "Failed") else None

    return _wait(instance, progress_log, "the package", ended)


def _wait(
    instance: Instance, progress_log: _ProgressLog, name: str, look: Callable[[], dict[str, Any] | None]
) -> dict[str, Any]:
    while (result := look()) is None:
        if progress_log.has_stalled():
            tail = "\n".join(logs.lines(instance)[-30:])
            raise CommandError(f"no progress of {name} for {STALL_SECONDS} s; the end of the functions' logs:\n{tail}")
    return result


def _progress(package: dict[str, Any]) -> str:
    progress = package["progress"]
    done, total = progress["work_units_done"], progress.get("work_units_total") or 0
    if not total:
        return ""
    bar = "█" * (20 * done // total)
    return f"{bar:░<20} {done}/{total} work units, {_bytes(progress['bytes_written'])} written"


def _summary(
    instance: Instance, movie: Path, content: dict[str, Any], package: dict[str, Any], progress_log: _ProgressLog
) -> None:
    elapsed, size, progress = progress_log.elapsed, movie.stat().st_size, package["progress"]
    stream = _stream(instance, package)
    manifest = http_client.get(instance, stream)
    if manifest.status != 200:
        raise CommandError(f"the package is Ready, but its manifest returns {manifest.status}: {stream}")
    print()
    for name, value in (
        ("content id", content["input_content_id"]),
        ("package id", package["packaged_content_id"]),
        ("kid", package.get("kid") or "none (clear)"),
        ("stream", stream),
        ("console and API", _api(instance)),
        ("API token", instance.token()),
        ("source", _bytes(size)),
        ("read", f"{_bytes(progress['bytes_read'])}, {progress['bytes_read'] / size:.4f} of the source"),
        ("written", f"{_bytes(progress['bytes_written'])}, {progress['bytes_written'] / size:.4f} of the source"),
        ("upload to Ready", f"{elapsed:.1f} s"),
    ):
        print(f"  {name:<16} {value}")
    if not instance.external_endpoint:
        print("\nThe stack keeps running; `make down` stops it.")


def _stream(instance: Instance, package: dict[str, Any]) -> str:
    """The URL of the DASH manifest, with a signed path if the package is private."""
    if not package["private"]:
        return package["url"]
    tokens = f"{_api(instance)}/packaged_content/{package['packaged_content_id']}/playback_tokens"
    return http_client.call(instance, "POST", tokens).json()["urls"]["dash"]


def _api(instance: Instance) -> str:
    return instance.outputs()["ApiUrl"].rstrip("/")


def _bytes(count: int) -> str:
    """Formats a byte count, in decimal units."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
