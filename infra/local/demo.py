"""The demo: uploads a movie, follows it with the API's answers only, and says where a player finds the stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from . import logs, web
from .console import Stop, is_terminal, live, say
from .instance import Instance
from .tools import ROOT

SAMPLE = ROOT / "tests" / "media" / "sample.mp4"
PATIENCE_SECONDS = 180
"""How long nothing may change before the demo gives up."""

_POLL_SECONDS = 0.1


def run(instance: Instance, file: str | None) -> int:
    """Packages one movie and answers the exit code: 0 when a player can stream it."""
    movie = Path(file) if file else SAMPLE
    if not movie.is_file():
        raise Stop(f"no such file: {movie}")
    clock = _Clock()
    key = f"{datetime.now(timezone.utc):%Y-%m-%d %H-%M-%S.%f} {movie.name}"
    origin = _upload(instance, movie, key, clock)
    content = _follow_content(instance, origin, clock)
    if content["status"] == "Refused":
        say(f"\nRefused ({content['code']}): {content['message']}\nThe source stays at {origin}.")
        return 1
    identity = content.get("packaged_content_id")
    if not identity:
        say(f"\nIngested. PackageOnUpload is none, so POST {_api(instance)}/packaged_content packages it.")
        return 0
    package = _follow_package(instance, identity, clock)
    if package["status"] == "Failed":
        failure = package["failure"]
        say(f"\nFailed in {failure['stage']} ({failure['code']}): {failure['message']}")
        return 1
    _summary(instance, movie, content, package, clock)
    return 0


class _Clock:
    """Seconds since the upload began, and a line whenever something changed."""

    def __init__(self) -> None:
        self._start = self._changed = time.monotonic()
        self._last = ""

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._start

    def tell(self, status: str, line: str) -> None:
        """A lasting line when the status changed or nobody watches; else the live line."""
        text = f"{status:<12} {line}".rstrip()
        if text == self._last:
            self._live(text)
            return
        changed_status = self._last.split(" ", 1)[0] != status
        self._last, self._changed = text, time.monotonic()
        if changed_status or not is_terminal():
            say(f"  {self.elapsed:5.1f} s  {text}")
        else:
            self._live(text)

    def waited(self) -> bool:
        """Whether nothing has changed for too long; sleeps a little when it is still worth waiting."""
        if time.monotonic() - self._changed > PATIENCE_SECONDS:
            return True
        time.sleep(_POLL_SECONDS)
        return False

    def _live(self, text: str) -> None:
        live(f"  {self.elapsed:5.1f} s  {text}")


def _upload(instance: Instance, movie: Path, key: str, clock: _Clock) -> str:
    bucket, total = instance.outputs()["UploadsBucket"], movie.stat().st_size
    sent = 0

    def progress(count: int) -> None:
        nonlocal sent
        sent += count
        live(f"  {clock.elapsed:5.1f} s  {'Uploading':<12} {_bytes(sent)} of {_bytes(total)}")

    say(f"\nUploading {movie.name} to s3://{bucket}")
    instance.client("s3").upload_file(str(movie), bucket, key, Callback=progress)
    clock.tell("Uploaded", _bytes(total))
    return f"s3://{bucket}/{key}"


def _follow_content(instance: Instance, origin: str, clock: _Clock) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        listed = web.get(instance, f"{_api(instance)}/input_content?limit=20").json()["input_content"]
        return next((content for content in listed if content["input_content_origin"] == origin), None)

    content = _wait(instance, clock, "ingest", find)
    clock.tell(content["status"], f"content {content['input_content_id']}")
    return content


def _follow_package(instance: Instance, identity: str, clock: _Clock) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        package = web.get(instance, f"{_api(instance)}/packaged_content/{identity}").json()
        clock.tell(package["status"], _progress(package))
        return package if package["status"] in ("Ready", "Failed") else None

    return _wait(instance, clock, "the package", ended)


def _wait(instance: Instance, clock: _Clock, what: str, found: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    while (answer := found()) is None:
        if clock.waited():
            tail = "\n".join(logs.lines(instance)[-30:])
            raise Stop(f"nothing new from {what} for {PATIENCE_SECONDS} s; the functions' last words:\n{tail}")
    return answer


def _progress(package: dict[str, Any]) -> str:
    progress = package["progress"]
    done, total = progress["work_units_done"], progress.get("work_units_total") or 0
    if not total:
        return ""
    bar = "█" * (20 * done // total)
    return f"{bar:░<20} {done}/{total} work units, {_bytes(progress['bytes_written'])} written"


def _summary(instance: Instance, movie: Path, content: dict[str, Any], package: dict[str, Any], clock: _Clock) -> None:
    took, size, progress = clock.elapsed, movie.stat().st_size, package["progress"]
    stream = _stream(instance, package)
    manifest = web.get(instance, stream)
    if manifest.status != 200:
        raise Stop(f"the package is Ready, but its manifest answers {manifest.status}: {stream}")
    print()
    for name, value in (
        ("content id", content["input_content_id"]),
        ("package id", package["packaged_content_id"]),
        ("kid", package.get("kid") or "none, the package is clear"),
        ("stream", stream),
        ("page and API", _api(instance)),
        ("its token", instance.token()),
        ("source", _bytes(size)),
        ("read", f"{_bytes(progress['bytes_read'])}, {progress['bytes_read'] / size:.4f} of the source"),
        ("written", f"{_bytes(progress['bytes_written'])}, {progress['bytes_written'] / size:.4f} of the source"),
        ("upload to Ready", f"{took:.1f} s"),
    ):
        print(f"  {name:<16} {value}")
    if not instance.foreign:
        print("\nThe stack stays up; `make down` stops it.")


def _stream(instance: Instance, package: dict[str, Any]) -> str:
    """Where it is; with leave, where the CDN asks for that."""
    if not package["private"]:
        return package["url"]
    tokens = f"{_api(instance)}/packaged_content/{package['packaged_content_id']}/playback_tokens"
    return web.call(instance, "POST", tokens).json()["urls"]["dash"]


def _api(instance: Instance) -> str:
    return instance.outputs()["ApiUrl"].rstrip("/")


def _bytes(count: int) -> str:
    """A number of bytes as a person reads it."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
