"""A local instance of the stack: its folder, endpoint, clients and outputs."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from .terminal import CommandError
from .tools import LOCAL

REGION = "us-east-1"
ACCOUNT_KEY = "test"
"""Access key ID and secret access key of the emulator's root account (LocalStack convention)."""

STACK = "vpp"
DEMO = "demo"


def default_name() -> str:
    """The instance that a command uses when it names none: `VPP_INSTANCE`, or the demo's."""
    return os.environ.get("VPP_INSTANCE", DEMO)


@dataclass(frozen=True)
class Instance:
    """A named instance, on an emulator that this tool starts, or on an endpoint that the user supplies."""

    name: str
    external_endpoint: str | None = None
    """The endpoint that the user supplied; None for an emulator that this tool starts and stops."""

    @classmethod
    def at(cls, endpoint: str) -> Instance:
        """The instance on an external endpoint, such as LocalStack's."""
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CommandError(f"ENDPOINT must be a URL such as http://127.0.0.1:4566, not {endpoint!r}")
        return cls("endpoint-" + hashlib.sha256(endpoint.encode()).hexdigest()[:8], endpoint.rstrip("/"))

    @property
    def folder(self) -> Path:
        """The folder with the instance's log, process identity and deployment."""
        folder = LOCAL / "instances" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def read(self, file: str) -> dict[str, Any]:
        """Reads a JSON file of the instance. Returns an empty object if there is none."""
        path = self.folder / file
        return json.loads(path.read_text()) if path.exists() else {}

    def write(self, file: str, value: dict[str, Any]) -> None:
        """Replaces a JSON file of the instance atomically."""
        partial = self.folder / f"{file}.{os.getpid()}"
        partial.write_text(json.dumps(value, indent=2) + "\n")
        partial.replace(self.folder / file)

    @property
    def endpoint(self) -> str:
        """The endpoint URL of all AWS services."""
        if self.external_endpoint:
            return self.external_endpoint
        port = self.read("process.json").get("port")
        if not port:
            raise CommandError(f"the instance {self.name} is not running")
        return f"http://127.0.0.1:{port}"

    def environment(self) -> dict[str, str]:
        """The environment variables of AWS tools for this instance. They exclude the user's own AWS configuration."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCOUNT_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str, session: dict[str, str] | None = None) -> Any:
        """A boto3 client of this instance, with the root account's credentials or those of a role session."""
        credentials = session or {"AccessKeyId": ACCOUNT_KEY, "SecretAccessKey": ACCOUNT_KEY}
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
        )

    def outputs(self) -> dict[str, str]:
        """The outputs of the deployed template."""
        outputs = self.read("deployment.json").get("outputs")
        if not outputs:
            raise CommandError(f"nothing is deployed on the instance {self.name}")
        return outputs

    def token(self, role: str = "Operator") -> str:
        """The current bearer token of an API role."""
        secret = self.client("secretsmanager").get_secret_value(SecretId=self.outputs()[f"{role}TokenSecret"])
        return json.loads(secret["SecretString"])["current"]

    def describe(self) -> dict[str, Any]:
        """The description of the stack for other programs: endpoint, credentials, outputs."""
        return {
            "instance": self.name,
            "endpoint": self.endpoint,
            "region": REGION,
            "access_key_id": ACCOUNT_KEY,
            "secret_access_key": ACCOUNT_KEY,
            "stack": STACK,
            **{_snake(name): value for name, value in sorted(self.outputs().items())},
        }


def _snake(name: str) -> str:
    """Converts `UploadsBucket` to `uploads_bucket`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
