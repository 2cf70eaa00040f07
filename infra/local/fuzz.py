"""Calls the API with what schemathesis makes up of its document, and compares the answers with it.

Every operation is called with right and wrong values, with and without a credential, and in sequences that use what
earlier answers held. No answer may be a server's error, or one that the document does not name. The run has a fixed
seed and a bound on its time, and a stack of its own, for it also deletes what it finds.
"""

from __future__ import annotations

import os
import subprocess
import sys

from . import web
from .demo import SAMPLE
from .instance import Instance
from .tools import program

SECONDS = 90
"""How long it may go on."""

_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)


def run(instance: Instance) -> int:
    """Answers schemathesis' exit code: 0 when it found nothing."""
    api = instance.outputs()["ApiUrl"].rstrip("/")
    document = instance.folder / "openapi.json"
    document.write_bytes(web.get(instance, f"{api}/openapi.json").body)
    instance.client("s3").upload_file(str(SAMPLE), instance.outputs()["UploadsBucket"], "fuzz/sample.mp4")
    # The emulator tells APIs apart by the Host header, and the system may not know the host's name.
    host = api.split("://", 1)[1]
    command = [
        program("schemathesis", "schemathesis"), "run", document,
        "--url", instance.endpoint,
        "--header", f"Host: {host}",
        "--header", f"Authorization: Bearer {instance.token()}",
        # This path the emulator answers itself, whatever the host.
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
