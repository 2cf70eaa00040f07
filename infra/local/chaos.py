"""Chaos test: packages many movies while faults are injected, then compares the packages with undisturbed ones.

The fault proxy (`fault_proxy`) injects throttling, errors, connection resets, delays, duplicated messages, and kills functions
between two calls. This module adds duplicate upload events, messages that become visible again while they are processed, sources
that are replaced or deleted during packaging, packages that are deleted while they are written, and one restart of the
emulator with its persisted state. All random choices derive from a seed.

A package whose retries are exhausted must report so, and is retried after the faults end; nothing else may need intervention. In
the end, every package is Ready and byte-identical to the output of `vpp package`, or Failed because its source changed. Deleted
packages leave nothing behind, no object lacks an owner, and all queues are empty (`chaos_verification`).
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections import Counter
from typing import Any

from . import emulator, http_client
from .chaos_verification import Movie, Verifier
from .demo import SAMPLE
from .fault_proxy import FaultProxy
from .instance import STACK, Instance
from .terminal import CommandError, log
from .tools import ROOT

FUNCTION_TIMEOUT_SECONDS = 8
"""Function timeout. The emulator notices a killed function when its timeout expires."""

VISIBILITY_SECONDS = {"Ingest": 12, "Fragment": 12, "Encrypt": 2, "Dash": 12, "Deletion": 12}
"""Visibility timeouts. That of the encrypt queue is so short that messages are redelivered while they are processed."""

_STALL_SECONDS = 180
"""Time without progress after which the test fails."""

_KEY = "0123456789abcdef0123456789abcdef"
_RETRYABLE = ("retries_exhausted", "upload_expired")
"""Failures without a fault of the source. The emulator loses multipart uploads when it restarts."""

_FINAL = ("Ready", "Failed", "deleted")
_OPTIONS = ({}, {"layout": "single-file"}, {"scheme": "cenc", "encrypt": "all"}, {"scheme": "clear"})
"""The packages to request for each movie, in addition to the one that its upload starts."""


class Chaos:
    """One run of the chaos test."""

    def __init__(self, upstream: str, seed: int) -> None:
        self._random = random.Random(seed)
        self._seed = seed
        self._instance: Instance | None = None
        self._proxy = FaultProxy(upstream, seed, lambda: emulator.leader(self._instance) if self._instance else None)
        self._proxy.enabled = False

    def __enter__(self) -> Chaos:  # noqa: PYI034  (typing.Self requires Python 3.11)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._proxy.close()

    @property
    def endpoint(self) -> str:
        """The AWS endpoint of the functions: the fault proxy."""
        return self._proxy.endpoint

    def run(self, instance: Instance, packages: int) -> int:
        """Creates this number of packages. Returns 0 if all assertions hold."""
        self._instance = instance
        self._outputs = instance.outputs()
        self._s3, self._sqs = instance.client("s3"), instance.client("sqs")
        self._lambda = instance.client("lambda")
        self._shorten_timeouts()
        started = time.monotonic()
        self._proxy.enabled = True
        movies = self._upload(-(-packages // (len(_OPTIONS) + 1)))
        self._disturb(movies)
        self._proxy.enabled = False
        retried = self._retry(movies)
        self._settle(movies)
        log(f"  all packages ended after {time.monotonic() - started:.0f} s; verifying")
        errors = Verifier(instance).errors(movies)
        self._report(movies, retried, time.monotonic() - started)
        for error in errors:
            log(f"  {error}")
        return 1 if errors else 0

    def _shorten_timeouts(self) -> None:
        """Shortens function and visibility timeouts, because local latencies are low."""
        for function in self._lambda.list_functions()["Functions"]:
            if function["FunctionName"].startswith(f"{STACK}-"):
                self._lambda.update_function_configuration(
                    FunctionName=function["FunctionName"], Timeout=FUNCTION_TIMEOUT_SECONDS
                )
        for queue, seconds in VISIBILITY_SECONDS.items():
            self._sqs.set_queue_attributes(
                QueueUrl=self._outputs[f"{queue}QueueUrl"], Attributes={"VisibilityTimeout": str(seconds)}
            )

    def _upload(self, count: int) -> list[Movie]:
        fixtures = ROOT / "tests" / "media" / "made"
        files = [SAMPLE, *(fixtures / name for name in ("hevc.mp4", "two-languages.mp4", "webvtt.mp4"))]
        files = [file for file in files if file.exists()]
        movies = []
        for number in range(count):
            # Most sources do not change, so that most packages can be verified.
            change = self._random.choices([None, "replaced", "deleted"], [8, 1, 1])[0]
            file, key = self._random.choice(files), f"chaos/{number:03}.mp4"
            etag = self._put(key, file.read_bytes())
            movies.append(Movie(key, file, etag, change))
            if self._random.random() < 0.3:
                self._send_upload_event(movies[-1])
        return movies

    def _put(self, key: str, body: bytes) -> str:
        return self._s3.put_object(Bucket=self._outputs["UploadsBucket"], Key=key, Body=body)["ETag"].strip('"')

    def _send_upload_event(self, movie: Movie) -> None:
        """Sends a duplicate of the S3 event of an upload."""
        s3_object = {"key": movie.key, "eTag": movie.etag, "size": movie.file.stat().st_size}
        bucket = {"name": self._outputs["UploadsBucket"]}
        event = {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": bucket, "object": s3_object}}]}
        self._sqs.send_message(QueueUrl=self._outputs["IngestQueueUrl"], MessageBody=json.dumps(event))

    def _disturb(self, movies: list[Movie]) -> None:
        """Requests packages and disturbs them until each has a final status."""
        stall, restarted = _StallDetector(movies), False
        while True:
            ended = sum(self._advance(movie, len(_OPTIONS) + 1) for movie in movies)
            if ended == len(movies):
                return
            if ended >= len(movies) / 3 and not restarted:
                restarted = True
                self._restart_emulator(movies)
            stall.check(movies)
            time.sleep(0.2)

    def _restart_emulator(self, movies: list[Movie]) -> None:
        """Restarts the emulator. It loses pending upload events, which AWS would not, so they are sent again."""
        emulator.restart(self._instance)
        self._proxy.injected["emulator restarted"] += 1
        for movie in movies:
            if not movie.content:
                self._send_upload_event(movie)

    def _advance(self, movie: Movie, package_count: int) -> bool:
        """Updates the status of a movie and requests missing packages. Returns whether all packages are final."""
        if not movie.content:
            self._find_content(movie)
        if movie.refused:
            return True
        if not movie.content:
            return False
        if movie.change and self._random.random() < 0.3:
            self._change_source(movie)
        while len(movie.packages) < package_count:
            number = len(movie.packages) - 1
            options = _OPTIONS[number]
            if options.get("scheme") != "clear":
                # The key id is the same in every attempt: a request without a response may have taken effect.
                options = {**options, "key": _KEY, "kid": hashlib.md5(f"{movie.key} {number}".encode()).hexdigest()}
            package = self._call("POST", "/packaged_content", {"input_content_id": movie.content, **options})
            if package is None:
                return False
            movie.packages[package["packaged_content_id"]] = {**package, "options": options}
        for package_id, package in movie.packages.items():
            if package["status"] not in _FINAL:
                self._refresh(movie, package_id)
        return all(package["status"] in _FINAL for package in movie.packages.values())

    def _find_content(self, movie: Movie) -> None:
        origin = f"s3://{self._outputs['UploadsBucket']}/{movie.key}"
        listed = self._call("GET", f"/input_content?limit=100&origin={origin}")
        for content in (listed or {}).get("input_content", []):
            if content.get("etag", movie.etag).strip('"') != movie.etag:
                continue
            if content["status"] == "Refused":
                if content["code"] == "ingest_failed":
                    self._send_upload_event(movie)
                else:
                    movie.refused = content["code"]
                return
            movie.content = content["input_content_id"]
            movie.packages[content["packaged_content_id"]] = {"status": "Queued", "options": {}}

    def _change_source(self, movie: Movie) -> None:
        if movie.change == "replaced":
            self._put(movie.key, movie.file.read_bytes()[::-1])
        elif movie.change == "deleted":
            self._s3.delete_object(Bucket=self._outputs["UploadsBucket"], Key=movie.key)
        movie.change = f"was {movie.change}" if not movie.change.startswith("was") else movie.change

    def _refresh(self, movie: Movie, package_id: str) -> None:
        """Reads the status of a package, and sometimes deletes the package."""
        package = self._call("GET", f"/packaged_content/{package_id}", if_missing="deleted")
        if package is None:
            return
        movie.packages[package_id] = {**package, "options": movie.packages[package_id]["options"]}
        delete = package_id not in movie.deleted and self._random.random() < 0.02
        if (
            delete
            and package["status"] != "deleted"
            and self._call("DELETE", f"/packaged_content/{package_id}") is not None
        ):
            movie.deleted.add(package_id)

    def _retry(self, movies: list[Movie]) -> int:
        """Retries the packages whose retries are exhausted, and repeats the deletions. Returns the number of retries."""
        retried = 0
        for movie in movies:
            for package_id, package in movie.packages.items():
                if package["status"] == "Failed" and package["failure"]["code"] in _RETRYABLE:
                    retried += 1
                    self._call("POST", f"/packaged_content/{package_id}/retry")
                    package["status"] = "Queued"
                if package_id in movie.deleted:
                    self._call("DELETE", f"/packaged_content/{package_id}", if_missing="deleted")
                    package["status"] = "Deleting"
        return retried

    def _settle(self, movies: list[Movie]) -> None:
        """Waits until all packages have a final status and all queues are empty."""
        stall = _StallDetector(movies)
        while True:
            for movie in movies:
                for package_id, package in movie.packages.items():
                    if package["status"] not in _FINAL or (
                        package_id in movie.deleted and package["status"] != "deleted"
                    ):
                        self._refresh(movie, package_id)
            depths = self._queue_depths()
            unfinished = [
                package for movie in movies for package in movie.packages.values() if package["status"] not in _FINAL
            ]
            if not depths and not unfinished:
                return
            stall.check(movies, depths)
            time.sleep(0.2)

    def _queue_depths(self) -> dict[str, int]:
        """The queues that are not empty, with their messages, including those in flight."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        depths = {}
        for name, url in self._outputs.items():
            if name.endswith("QueueUrl"):
                attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
                if depth := sum(map(int, attributes.values())):
                    depths[name] = depth
        return depths

    def _call(self, method: str, path: str, body: Any = None, if_missing: str | None = None) -> dict[str, Any] | None:
        """Calls the API. Returns None for a transient error; for 404, an item with the status `if_missing`."""
        response = http_client.call(self._instance, method, self._outputs["ApiUrl"].rstrip("/") + path, body)
        if response.status == 404 and if_missing:
            return {"status": if_missing}
        if response.status >= 500 or response.status == 409:
            return None
        return response.json()

    def _report(self, movies: list[Movie], retried: int, seconds: float) -> None:
        statuses = Counter(package["status"] for movie in movies for package in movie.packages.values())
        statuses["refused uploads"] = sum(1 for movie in movies if movie.refused)
        log(f"  seed {self._seed}, {seconds:.0f} s: {dict(statuses)}, {retried} retried after exhausted retries")
        log(f"  {dict(self._proxy.injected)}")


class _StallDetector:
    """Fails the test if nothing changes for too long."""

    def __init__(self, movies: list[Movie]) -> None:
        self._last, self._since = self._state(movies), time.monotonic()

    @staticmethod
    def _state(movies: list[Movie], depths: object = None) -> str:
        states = [
            (movie.content, movie.refused, [package["status"] for package in movie.packages.values()])
            for movie in movies
        ]
        return f"{states} {depths}"

    def check(self, movies: list[Movie], depths: object = None) -> None:
        state = self._state(movies, depths)
        if state != self._last:
            self._last, self._since = state, time.monotonic()
        elif time.monotonic() - self._since > _STALL_SECONDS:
            unfinished = [
                f"{movie.key} {movie.content} {package_id} {package['status']}"
                for movie in movies
                for package_id, package in movie.packages.items() or {"": {"status": "not ingested"}}.items()
                if package["status"] not in _FINAL
            ]
            raise CommandError("stalled:\n" + "\n".join(unfinished) + f"\n{depths or ''}")
