"""A deployed stack, local or in an AWS account: its outputs, clients, queues and API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from .instance import STACK, Instance
from .terminal import CommandError

_MAPPING_UPDATE_SECONDS = 60
"""Timeout of an update of an event source mapping."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack."""

    name: str
    outputs: dict[str, str]
    client: Any
    """Creates a client of a service."""
    endpoint: str | None = None
    """The endpoint of every host name of the stack, if an emulator serves it."""

    @classmethod
    def local(cls, instance: Instance) -> Stack:
        """The stack of a local instance."""
        return cls(STACK, instance.outputs(), instance.client, instance.endpoint)

    @classmethod
    def in_account(cls, name: str) -> Stack:
        """A stack in the account and region of the environment's AWS credentials."""
        try:
            stack = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except (BotoCoreError, ClientError) as failure:
            raise CommandError(f"cannot read the stack {name}: {failure}") from failure
        return cls(name, {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}, boto3.client)

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Calls the API as an operator, with a JSON body if there is one."""
        secret = self.outputs.get("OperatorTokenSecret")
        if not secret:
            raise CommandError("this stack uses JWTs: retry packages with `vpp retry`")
        tokens = self.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
        base = self.outputs["ApiUrl"].rstrip("/")
        headers = {"Authorization": f"Bearer {json.loads(tokens)['current']}"}
        if self.endpoint:
            headers["Host"], base = urlsplit(base).netloc, self.endpoint
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{base}{path}", data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise CommandError(f"{method} {path}: {error.code} {error.read(300).decode(errors='replace')}") from None
        except OSError as failure:
            raise CommandError(f"{method} {path}: {failure}") from failure

    def list_by_code(self, kind: str, status: str, code: str) -> Iterator[dict[str, Any]]:
        """Lists the items of a kind that failed, or were refused, with an error code."""
        cursor = ""
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = self.api("GET", f"/{kind}?{urlencode({'status': status, 'limit': 100, **more})}")
            yield from (item for item in page[kind] if (item.get("failure") or item).get("code") == code)
            cursor = page["next_cursor"] or ""
            if not cursor:
                return

    def queue_url(self, stage: str) -> str:
        """The URL of a stage's queue."""
        return self.outputs[f"{stage.title()}QueueUrl"]

    def dead_letter_queue_url(self, stage: str) -> str:
        """The URL of a stage's dead-letter queue; empty if the stack has none."""
        return self.outputs.get(f"{stage.title()}DeadQueueUrl", "")

    def queue_attributes(self, url: str) -> dict[str, str]:
        """All attributes of a queue."""
        return self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]

    def dead_letters(self, stage: str) -> int:
        """The number of messages in a stage's dead-letter queue, including those in flight."""
        url = self.dead_letter_queue_url(stage)
        return self.queue_depth(url) if url else 0

    def queue_depth(self, url: str) -> int:
        """The number of messages in a queue, including those in flight."""
        attributes = self.queue_attributes(url)
        return sum(int(attributes[f"ApproximateNumberOfMessages{suffix}"]) for suffix in ("", "NotVisible"))

    @contextmanager
    def consumers_paused(self, queue_arn: str) -> Iterator[None]:
        """Disables the event source mappings of a queue for the duration of the context."""
        client = self.client("lambda")
        mappings = client.list_event_source_mappings(EventSourceArn=queue_arn)["EventSourceMappings"]
        ids = [mapping["UUID"] for mapping in mappings]
        try:
            for mapping in ids:
                client.update_event_source_mapping(UUID=mapping, Enabled=False)
            yield
        finally:
            for mapping in ids:
                _when_settled(lambda mapping=mapping: client.update_event_source_mapping(UUID=mapping, Enabled=True))


def _when_settled(update: Callable[[], Any]) -> None:
    """Retries an update while the mapping is being updated (ResourceInUseException)."""
    end = monotonic() + _MAPPING_UPDATE_SECONDS
    while True:
        try:
            update()
            return
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUseException" or monotonic() > end:
                raise
        sleep(1)
