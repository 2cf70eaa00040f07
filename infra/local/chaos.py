"""Everything goes wrong that can, while packages are made; then they are compared with undisturbed ones.

What goes wrong is the proxy's doing (`proxy`: throttled, failed, broken, late and repeated calls, functions that are killed
between two calls), and here: events that come twice, messages that are delivered again while they are worked on, sources that
are replaced or deleted mid-way, packages that are deleted while they are made, and one moment at which the whole of the local AWS
stops, and starts again with what it had written down. Each by a seed.

A package that was given up on must say so, and is retried when the storm is over; nobody may need more than that. In the end
every package is Ready and byte for byte what `vpp package` writes of the same movie, or has failed because its source is not
what it was; what was deleted has left nothing; there is no object that belongs to nobody, and no message in any queue.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import emulator, web
from .console import Stop, say
from .demo import SAMPLE
from .instance import STACK, Instance
from .proxy import Proxy
from .tools import ROOT

FUNCTION_SECONDS = 8
"""How long functions may run here: a killed one is noticed when its time is over."""

VISIBILITY_SECONDS = {"Fragment": 12, "Encrypt": 2, "Dash": 12, "Deletion": 12}
"""How long queues hide a message: work units come again while they are worked on."""

_KEY = "0123456789abcdef0123456789abcdef"
_CHANGED = ("source_changed", "source_missing")
_GIVEN_UP = ("retries_exhausted", "upload_expired")
"""How packages fail that nothing is wrong with. The local AWS forgets uploads in parts when it is restarted."""

_END = ("Ready", "Failed", "gone")
_REQUESTS = ({}, {"layout": "single-file"}, {"scheme": "cenc", "encrypt": "all"}, {"scheme": "clear"})
"""What is asked for of each movie, beside what its upload starts."""


@dataclass
class Movie:
    """An upload, and what is made of it."""

    key: str
    file: Path
    etag: str
    change: str | None
    content: str | None = None
    refused: str | None = None
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)


class Chaos:
    """One storm."""

    def __init__(self, upstream: str, seed: int) -> None:
        self._dice = random.Random(seed)
        self._seed = seed
        self._instance: Instance | None = None
        self._proxy = Proxy(upstream, seed, lambda: emulator.leader(self._instance) if self._instance else None)
        self._proxy.calm = True

    def __enter__(self) -> Chaos:  # noqa: PYI034  (typing.Self is of Python 3.11)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._proxy.close()

    @property
    def endpoint(self) -> str:
        """Where functions find their AWS."""
        return self._proxy.endpoint

    def run(self, instance: Instance, packages: int) -> int:
        """Makes that many, and answers 0 when all is as it must be."""
        self._instance = instance
        self._outputs = instance.outputs()
        self._s3, self._sqs = instance.client("s3"), instance.client("sqs")
        self._dynamodb, self._kms, self._lambda = map(instance.client, ("dynamodb", "kms", "lambda"))
        self._hurry()
        began = time.monotonic()
        self._proxy.calm = False
        movies = self._upload(-(-packages // (len(_REQUESTS) + 1)))
        self._disturb(movies)
        self._proxy.calm = True
        given_up = self._retry(movies)
        self._settle(movies)
        say(f"  the storm is over after {time.monotonic() - began:.0f} s; comparing")
        faults = self._faults(movies)
        self._report(movies, given_up, time.monotonic() - began)
        for fault in faults:
            say(f"  {fault}")
        return 1 if faults else 0

    def _hurry(self) -> None:
        """Timeouts that fit a machine where everything is near."""
        for function in self._lambda.list_functions()["Functions"]:
            if function["FunctionName"].startswith(f"{STACK}-"):
                self._lambda.update_function_configuration(
                    FunctionName=function["FunctionName"], Timeout=FUNCTION_SECONDS
                )
        for queue, seconds in VISIBILITY_SECONDS.items():
            self._sqs.set_queue_attributes(
                QueueUrl=self._outputs[f"{queue}QueueUrl"], Attributes={"VisibilityTimeout": str(seconds)}
            )

    def _upload(self, count: int) -> list[Movie]:
        files = [
            SAMPLE,
            *(ROOT / "tests" / "media" / "made" / name for name in ("hevc.mp4", "two-languages.mp4", "webvtt.mp4")),
        ]
        files = [file for file in files if file.exists()]
        movies = []
        for number in range(count):
            # Some sources change; where everybody can see what follows, most do not.
            change = self._dice.choices([None, "replaced", "deleted"], [8, 1, 1])[0]
            file, key = self._dice.choice(files), f"chaos/{number:03}.mp4"
            etag = self._put(key, file.read_bytes())
            movies.append(Movie(key, file, etag, change))
            if self._dice.random() < 0.3:
                self._event(movies[-1])
        return movies

    def _put(self, key: str, body: bytes) -> str:
        return self._s3.put_object(Bucket=self._outputs["UploadsBucket"], Key=key, Body=body)["ETag"].strip('"')

    def _event(self, movie: Movie) -> None:
        """The event of an upload, once more."""
        found = {"key": movie.key, "eTag": movie.etag, "size": movie.file.stat().st_size}
        bucket = {"name": self._outputs["UploadsBucket"]}
        event = {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": bucket, "object": found}}]}
        self._lambda.invoke(FunctionName=f"{STACK}-ingest", InvocationType="Event", Payload=json.dumps(event))

    def _disturb(self, movies: list[Movie]) -> None:
        """Asks for packages and lets things happen to them, until each has come to an end of some kind."""
        patience, restarted = _Patience(movies), False
        while True:
            ends = sum(self._follow(movie, len(_REQUESTS) + 1) for movie in movies)
            if ends == len(movies):
                return
            if ends >= len(movies) / 3 and not restarted:
                restarted = True
                self._restart(movies)
            patience.check(movies)
            time.sleep(0.2)

    def _restart(self, movies: list[Movie]) -> None:
        """Stops the local AWS and starts it again. It holds events of uploads in memory alone, where AWS would not lose them."""
        emulator.restart(self._instance)
        self._proxy.met["the local AWS restarted"] += 1
        for movie in movies:
            if not movie.content:
                self._event(movie)

    def _follow(self, movie: Movie, wanted: int) -> bool:
        """Looks at one movie, and asks for what is missing. Whether all of it has come to an end."""
        if not movie.content:
            self._find(movie)
        if movie.refused:
            return True
        if not movie.content:
            return False
        if movie.change and self._dice.random() < 0.3:
            self._change(movie)
        while len(movie.packages) < wanted:
            number = len(movie.packages) - 1
            asked = _REQUESTS[number]
            if asked.get("scheme") != "clear":
                # The same whenever it is asked for: a request that was not answered may have been granted.
                asked = {**asked, "key": _KEY, "kid": hashlib.md5(f"{movie.key} {number}".encode()).hexdigest()}
            answer = self._call("POST", "/packaged_content", {"input_content_id": movie.content, **asked})
            if answer is None:
                return False
            movie.packages[answer["packaged_content_id"]] = {**answer, "asked": asked}
        for package, known in movie.packages.items():
            if known["status"] not in _END:
                self._look(movie, package)
        return all(known["status"] in _END for known in movie.packages.values())

    def _find(self, movie: Movie) -> None:
        origin = f"s3://{self._outputs['UploadsBucket']}/{movie.key}"
        listed = self._call("GET", f"/input_content?limit=100&origin={origin}")
        for content in (listed or {}).get("input_content", []):
            if content.get("etag", movie.etag).strip('"') != movie.etag:
                continue
            if content["status"] == "Refused":
                if content["code"] == "ingest_failed":
                    self._event(movie)
                else:
                    movie.refused = content["code"]
                return
            movie.content = content["input_content_id"]
            movie.packages[content["packaged_content_id"]] = {"status": "Queued", "asked": {}}

    def _change(self, movie: Movie) -> None:
        if movie.change == "replaced":
            self._put(movie.key, movie.file.read_bytes()[::-1])
        elif movie.change == "deleted":
            self._s3.delete_object(Bucket=self._outputs["UploadsBucket"], Key=movie.key)
        movie.change = f"was {movie.change}" if not movie.change.startswith("was") else movie.change

    def _look(self, movie: Movie, package: str) -> None:
        answer = self._call("GET", f"/packaged_content/{package}", missing="gone")
        if answer is None:
            return
        movie.packages[package] = {**answer, "asked": movie.packages[package]["asked"]}
        delete = package not in movie.deleted and self._dice.random() < 0.02
        if delete and answer["status"] != "gone" and self._call("DELETE", f"/packaged_content/{package}") is not None:
            movie.deleted.add(package)

    def _retry(self, movies: list[Movie]) -> int:
        """What was given up on goes back to work, as its owner would have it; deletions too."""
        given_up = 0
        for movie in movies:
            for package, known in movie.packages.items():
                if known["status"] == "Failed" and known["failure"]["code"] in _GIVEN_UP:
                    given_up += 1
                    self._call("POST", f"/packaged_content/{package}/retry")
                    known["status"] = "Queued"
                if package in movie.deleted:
                    self._call("DELETE", f"/packaged_content/{package}", missing="gone")
                    known["status"] = "Deleting"
        return given_up

    def _settle(self, movies: list[Movie]) -> None:
        """Waits until all have come to their end and every queue is empty."""
        patience = _Patience(movies)
        while True:
            for movie in movies:
                for package, known in movie.packages.items():
                    if known["status"] not in _END or (package in movie.deleted and known["status"] != "gone"):
                        self._look(movie, package)
            waiting = self._waiting()
            open_ones = [p for m in movies for p, known in m.packages.items() if known["status"] not in _END]
            if not waiting and not open_ones:
                return
            patience.check(movies, waiting)
            time.sleep(0.2)

    def _waiting(self) -> dict[str, int]:
        """The messages of every queue, those that are being worked on too."""
        found = {}
        for name, url in self._outputs.items():
            if name.endswith("QueueUrl"):
                names = [
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ]
                got = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
                if count := sum(map(int, got.values())):
                    found[name] = count
        return found

    def _faults(self, movies: list[Movie]) -> list[str]:
        faults, owners = [], {}
        for movie in movies:
            if movie.refused and not (movie.change and movie.refused in _CHANGED):
                faults.append(f"{movie.key} was refused: {movie.refused}")
            for package, known in movie.packages.items():
                owners[package] = known["status"]
                faults += self._of_package(movie, package, known)
        for bucket in ("OutputBucket", "WorkBucket"):
            for key in self._keys(self._outputs[bucket]):
                package = key.removeprefix("work/").removeprefix("pieces/").split("/")[0]
                if owners.get(package) not in ("Ready", "Failed"):
                    faults.append(f"{key} belongs to nobody ({owners.get(package)})")
        return faults

    def _of_package(self, movie: Movie, package: str, known: dict[str, Any]) -> list[str]:
        status, name = known["status"], f"{movie.key} {package} {known['asked']}"
        if package in movie.deleted:
            return [] if status == "gone" else [f"{name} was deleted, and is {status}"]
        if status == "Failed":
            code = known["failure"]["code"]
            changed = movie.change and code in _CHANGED
            return [] if changed else [f"{name} failed: {known['failure']}"]
        if status != "Ready":
            return [f"{name} is {status}"]
        expected, found = self._undisturbed(movie, package, known), self._output(package)
        different = {path for path in expected.keys() | found.keys() if expected.get(path) != found.get(path)}
        return [f"{name}: {path} is not what an undisturbed run makes" for path in sorted(different)]

    def _output(self, package: str) -> dict[str, bytes]:
        bucket, found = self._outputs["OutputBucket"], {}
        for key in self._keys(bucket, f"{package}/"):
            found[key.removeprefix(f"{package}/")] = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return found

    def _keys(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def _undisturbed(self, movie: Movie, package: str, known: dict[str, Any]) -> dict[str, bytes]:
        """What the command writes of the same movie, with the same key and the same addresses."""
        api, asked = self._outputs["ApiUrl"].rstrip("/"), known["asked"]
        options = ["--licence-url", f"{api}/license/{package}", "--key-url", f"{api}/license/{package}/key"]
        for name in ("scheme", "encrypt", "layout"):
            options += [f"--{name}", asked[name]] if name in asked else []
        if asked.get("scheme") != "clear":
            key, seed = self._secrets(package)
            options += ["--key", key, "--kid", known["kid"], "--iv", seed]
        with tempfile.TemporaryDirectory() as scratch:
            command = [_vpp(), "package", str(movie.file), "-o", scratch, *options]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Stop(f"{' '.join(command)}\n{done.stderr}")
            files = [file for file in Path(scratch).rglob("*") if file.is_file()]
            return {str(file.relative_to(scratch)): file.read_bytes() for file in files}

    def _secrets(self, package: str) -> tuple[str, str]:
        """Its key, which only the owner of the account can open, and the IV or what IVs are derived from."""
        key = {"pk": {"S": f"package#{package}"}, "sk": {"S": "package"}}
        item = self._dynamodb.get_item(TableName=self._outputs["TableName"], Key=key)["Item"]
        opened = self._kms.decrypt(
            CiphertextBlob=base64.b64decode(item["video_key"]["S"]), EncryptionContext={"packaged_content_id": package}
        )
        return opened["Plaintext"].hex(), item["iv"]["S"]

    def _call(self, method: str, path: str, body: Any = None, missing: str | None = None) -> dict[str, Any] | None:
        """Calls the API; nothing when it could not answer just now."""
        answer = web.call(self._instance, method, self._outputs["ApiUrl"].rstrip("/") + path, body)
        if answer.status == 404 and missing:
            return {"status": missing}
        if answer.status >= 500 or answer.status == 409:
            return None
        return answer.json()

    def _report(self, movies: list[Movie], given_up: int, seconds: float) -> None:
        ends = Counter(known["status"] for movie in movies for known in movie.packages.values())
        ends["refused uploads"] = sum(1 for movie in movies if movie.refused)
        say(f"  seed {self._seed}, {seconds:.0f} s: {dict(ends)}, {given_up} given up on and retried")
        say(f"  {dict(self._proxy.met)}")


class _Patience:
    """Nothing may stand still for long."""

    def __init__(self, movies: list[Movie]) -> None:
        self._last, self._since = self._state(movies), time.monotonic()

    @staticmethod
    def _state(movies: list[Movie], more: object = None) -> str:
        known = [(movie.content, movie.refused, [own["status"] for own in movie.packages.values()]) for movie in movies]
        return f"{known} {more}"

    def check(self, movies: list[Movie], more: object = None) -> None:
        state = self._state(movies, more)
        if state != self._last:
            self._last, self._since = state, time.monotonic()
        elif time.monotonic() - self._since > 180:
            open_ones = [
                f"{movie.key} {movie.content} {package} {known['status']}"
                for movie in movies
                for package, known in movie.packages.items() or {"": {"status": "no verdict"}}.items()
                if known["status"] not in _END
            ]
            raise Stop("stuck:\n" + "\n".join(open_ones) + f"\n{more or ''}")


def _vpp() -> str:
    return str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "vpp")
