"""Verification of the chaos test: compares the packages with those of `vpp package`, and finds objects without an owner."""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .instance import Instance
from .terminal import CommandError
from .tools import ROOT

SOURCE_CHANGED = ("source_changed", "source_missing")
"""The valid failures of a package whose source was replaced or deleted."""


@dataclass
class Movie:
    """An uploaded movie and its packages."""

    key: str
    file: Path
    etag: str
    change: str | None
    content: str | None = None
    refused: str | None = None
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)


class Verifier:
    """Verifies the final state of the stack."""

    def __init__(self, instance: Instance) -> None:
        self._outputs = instance.outputs()
        self._s3, self._dynamodb, self._kms = map(instance.client, ("s3", "dynamodb", "kms"))

    def errors(self, movies: list[Movie]) -> list[str]:
        """Returns a line for each violated assertion."""
        errors, statuses = [], {}
        for movie in movies:
            if movie.refused and not (movie.change and movie.refused in SOURCE_CHANGED):
                errors.append(f"{movie.key} was refused: {movie.refused}")
            for package_id, package in movie.packages.items():
                statuses[package_id] = package["status"]
                errors += self._package_errors(movie, package_id, package)
        for bucket in ("OutputBucket", "WorkBucket"):
            for key in self._keys(self._outputs[bucket]):
                package_id = key.removeprefix("work/").removeprefix("parts/").split("/")[0]
                if statuses.get(package_id) not in ("Ready", "Failed"):
                    errors.append(f"{key} has no owner (package status: {statuses.get(package_id)})")
        return errors

    def _package_errors(self, movie: Movie, package_id: str, package: dict[str, Any]) -> list[str]:
        status, name = package["status"], f"{movie.key} {package_id} {package['options']}"
        if package_id in movie.deleted:
            return [] if status == "deleted" else [f"{name} was deleted, but is {status}"]
        if status == "Failed":
            source_changed = movie.change and package["failure"]["code"] in SOURCE_CHANGED
            return [] if source_changed else [f"{name} failed: {package['failure']}"]
        if status != "Ready":
            return [f"{name} is {status}"]
        expected, actual = self._expected_files(movie, package_id, package), self._files(package_id)
        different = {path for path in expected.keys() | actual.keys() if expected.get(path) != actual.get(path)}
        return [f"{name}: {path} differs from the output of vpp package" for path in sorted(different)]

    def _files(self, package_id: str) -> dict[str, bytes]:
        bucket, files = self._outputs["OutputBucket"], {}
        for key in self._keys(bucket, f"{package_id}/"):
            files[key.removeprefix(f"{package_id}/")] = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return files

    def _keys(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def _expected_files(self, movie: Movie, package_id: str, package: dict[str, Any]) -> dict[str, bytes]:
        """The output of `vpp package` for the same movie, key, options and licence URLs."""
        requested = package["options"]
        licence = f"{self._outputs['DeliveryUrl'].rstrip('/')}/license/{package_id}"
        options = ["--licence-url", licence, "--key-url", f"{licence}/key"]
        for name in ("scheme", "encrypt", "layout"):
            options += [f"--{name}", requested[name]] if name in requested else []
        if requested.get("scheme") != "clear":
            key, iv = self._key_and_iv(package_id)
            options += ["--key", key, "--kid", package["kid"], "--iv", iv]
        with tempfile.TemporaryDirectory() as folder:
            command = [_vpp(), "package", str(movie.file), "-o", folder, *options]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise CommandError(f"{' '.join(command)}\n{done.stderr}")
            files = [file for file in Path(folder).rglob("*") if file.is_file()]
            return {str(file.relative_to(folder)): file.read_bytes() for file in files}

    def _key_and_iv(self, package_id: str) -> tuple[str, str]:
        """The content key, decrypted with the root account's permissions, and the IV (or the seed of the IVs)."""
        key = {"pk": {"S": f"package#{package_id}"}, "sk": {"S": "package"}}
        item = self._dynamodb.get_item(TableName=self._outputs["TableName"], Key=key)["Item"]
        decrypted = self._kms.decrypt(
            CiphertextBlob=base64.b64decode(item["video_key"]["S"]),
            EncryptionContext={"packaged_content_id": package_id},
        )
        return decrypted["Plaintext"].hex(), item["iv"]["S"]


def _vpp() -> str:
    return str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "vpp")
