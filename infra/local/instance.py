"""One running stack: where it is, and what its deployment said about it."""

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

from .console import Stop
from .tools import LOCAL

REGION = "us-east-1"
ACCOUNT_KEY = "test"
"""Access key and secret of the emulator's root account, by LocalStack's convention."""

STACK = "vpp"
DEMO = "demo"


@dataclass(frozen=True)
class Instance:
    """A name, the folder that belongs to it, and the address of the AWS it stands on."""

    name: str
    foreign: str | None = None
    """The address given by the person; None for an emulator that is started and stopped here."""

    @classmethod
    def at(cls, endpoint: str) -> Instance:
        """The instance on somebody else's endpoint, such as LocalStack's."""
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Stop(f"ENDPOINT must be an address such as http://127.0.0.1:4566, not {endpoint!r}")
        return cls("endpoint-" + hashlib.sha256(endpoint.encode()).hexdigest()[:8], endpoint.rstrip("/"))

    @property
    def folder(self) -> Path:
        """Where the instance keeps its log, its process identity, its deployment."""
        folder = LOCAL / "instances" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def read(self, file: str) -> dict[str, Any]:
        """A JSON file of the instance; empty when there is none."""
        path = self.folder / file
        return json.loads(path.read_text()) if path.exists() else {}

    def write(self, file: str, value: dict[str, Any]) -> None:
        """Replaces a JSON file of the instance, in one step."""
        partial = self.folder / f"{file}.{os.getpid()}"
        partial.write_text(json.dumps(value, indent=2) + "\n")
        partial.replace(self.folder / file)

    @property
    def endpoint(self) -> str:
        """The address that answers for every AWS service."""
        if self.foreign:
            return self.foreign
        port = self.read("process.json").get("port")
        if not port:
            raise Stop(f"the instance {self.name} is not up")
        return f"http://127.0.0.1:{port}"

    def environment(self) -> dict[str, str]:
        """What an AWS tool needs to talk to this instance, and nothing of the person's own settings."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCOUNT_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str, session: dict[str, str] | None = None) -> Any:
        """A boto3 client of this instance: the account's owner's, or that of a role's session."""
        session = session or {"AccessKeyId": ACCOUNT_KEY, "SecretAccessKey": ACCOUNT_KEY}
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session.get("SessionToken"),
            config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
        )

    def outputs(self) -> dict[str, str]:
        """The outputs of the deployed template."""
        outputs = self.read("deployment.json").get("outputs")
        if not outputs:
            raise Stop(f"nothing is deployed on the instance {self.name}")
        return outputs

    def token(self, role: str = "Operator") -> str:
        """What callers of a role show to the API, as its secret holds it now."""
        secret = self.client("secretsmanager").get_secret_value(SecretId=self.outputs()[f"{role}TokenSecret"])
        return json.loads(secret["SecretString"])["current"]

    def describe(self) -> dict[str, Any]:
        """Everything another program needs to use the stack."""
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
    """`UploadsBucket` as `uploads_bucket`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
