"""Fuzzes the API with schemathesis, from its OpenAPI document, and validates the responses against the document.

Every operation is called with valid and invalid values, with and without credentials, and in sequences that use values from
earlier responses. Server errors and undocumented responses are failures. The run has a fixed seed and a time limit, and uses a
temporary stack, because it also deletes resources.
"""

from __future__ import annotations

import os
import subprocess
import sys

from . import http_client
from .demo import SAMPLE
from .instance import Instance
from .tools import program

SECONDS = 90
"""Time limit of the run."""

_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)


def run(instance: Instance) -> int:
    """Returns the exit code of schemathesis: 0 if there are no failures."""
    api = instance.outputs()["ApiUrl"].rstrip("/")
    document = instance.folder / "openapi.json"
    document.write_bytes(http_client.get(instance, f"{api}/openapi.json").body)
    instance.client("s3").upload_file(str(SAMPLE), instance.outputs()["UploadsBucket"], "fuzz/sample.mp4")
    # The emulator selects the API by the Host header; the system resolver may not know its host name.
    host = api.split("://", 1)[1]
    command = [
        program("schemathesis", "schemathesis"), "run", document,
        "--url", instance.endpoint,
        "--header", f"Host: {host}",
        "--header", f"Authorization: Bearer {instance.token()}",
        # The emulator itself serves this path for every host.
        "--exclude-path", "/health",
        "--checks", ",".join(_CHECKS),
        "--max-time", str(SECONDS),
        "--seed", "1",
        "--workers", "2",
        "--suppress-health-check", "all",
        "--warnings", "off",
        "--no-color",
    ]  # fmt: skip
    home = instance.folder / "home"
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "HOME": str(home)}
    return subprocess.run(command, cwd=home, env=environment, stdout=sys.stderr, check=False).returncode
