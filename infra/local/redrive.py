"""Puts what was given up on back to work: `make redrive`, on the local AWS or, with `STACK=name`, on a stack in an account.

Three kinds of things were given up on, and each goes back its own way:

- messages that still lie in a dead-letter queue: nobody could handle them, not even to say that their package has failed.
  They are sent to the queue that they came from, or for uploads, ingest is told of the upload again;
- packages that failed because a stage was tried again and again (`retries_exhausted`): the API's retry puts them back to
  work, from where they stood;
- contents that were never judged (`ingest_failed`): ingest is told of their upload again.

A message leaves its dead-letter queue after it was sent on, so that one which is interrupted in between is there twice and
never lost; every stage takes a message twice. Without `--yes` everything is only listed.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from .console import Stop, say
from .instance import Instance

STAGES = ("ingest", "fragment", "encrypt", "dash", "deletion", "webhook")
_LONGEST = 100
"""Characters of a message that are shown."""
_SPARE_SECONDS = 60
"""How much longer than it may take something is waited for."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack, here or in an account, by its outputs and clients."""

    name: str
    outputs: dict[str, str]
    client: Any
    """Makes a client of a service."""
    endpoint: str | None = None
    """Where every host of it is found, when it is an emulator's."""

    @classmethod
    def local(cls, instance: Instance) -> Stack:
        """The stack of an instance."""
        from .instance import STACK

        return cls(STACK, instance.outputs(), instance.client, instance.endpoint)

    @classmethod
    def in_account(cls, name: str) -> Stack:
        """A stack in the account and region that the environment names, as for any AWS tool."""
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            stack = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except (BotoCoreError, ClientError) as failure:
            raise Stop(f"the stack {name} cannot be read: {failure}") from failure
        return cls(name, {own["OutputKey"]: own["OutputValue"] for own in stack["Outputs"]}, boto3.client)

    def queue(self, stage: str, dead: bool) -> str:
        """The address of a stage's queue; nothing when the stack has none."""
        return self.outputs.get(f"{stage.title()}{'Dead' if dead else ''}QueueUrl", "")

    def api(self, method: str, path: str) -> dict[str, Any]:
        """Calls the API as an operator."""
        secret = self.outputs.get("OperatorTokenSecret")
        if not secret:
            raise Stop("this stack takes JWTs: retry packages with `vpp retry`")
        held = self.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
        base = self.outputs["ApiUrl"].rstrip("/")
        headers = {"Authorization": f"Bearer {json.loads(held)['current']}"}
        if self.endpoint:
            headers["Host"], base = urlsplit(base).netloc, self.endpoint
        request = urllib.request.Request(f"{base}{path}", method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise Stop(f"{method} {path}: {refused.code} {refused.read(300).decode(errors='replace')}") from None
        except OSError as failure:
            raise Stop(f"{method} {path}: {failure}") from failure

    def listed(self, kind: str, status: str, code: str) -> Iterator[dict[str, Any]]:
        """What failed or was refused with this code."""
        cursor = ""
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = self.api("GET", f"/{kind}?{urlencode({'status': status, 'limit': 100, **more})}")
            yield from (own for own in page[kind] if (own.get("failure") or own).get("code") == code)
            cursor = page["next_cursor"] or ""
            if not cursor:
                return


def run(stack: Stack, yes: bool) -> int:
    """Lists everything, and with `yes` puts it back to work. Answers 0 unless something could not be."""
    found = failed = 0
    for stage in STAGES:
        if depth := waiting(stack, stage):
            found += depth
            say(f"  {stage:<9} messages that could not be handled at all: {depth}")
            failed += _move(stack, stage, depth) if yes else 0
    for package in stack.listed("packaged_content", "Failed", "retries_exhausted"):
        found += 1
        identity = package["packaged_content_id"]
        say(f"  {package['failure']['stage']:<9} package {identity}")
        if yes:
            stack.api("POST", f"/packaged_content/{identity}/retry")
    for content in stack.listed("input_content", "Refused", "ingest_failed"):
        found += 1
        say(f"  ingest    content {content['input_content_id']} {content['input_content_origin']}")
        failed += yes and not _tell_ingest(stack, content["input_content_origin"])
    if not found:
        say("  nothing was given up on")
    elif yes:
        say(f"  {found - failed} of {found} are back at work: follow them with `vpp list`")
    else:
        say(f"  {found} in all; to put them back to work: make redrive YES=1")
    return 1 if failed else 0


def attributes_of(stack: Stack, url: str) -> dict[str, str]:
    """What SQS says of a queue."""
    return stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def waiting(stack: Stack, stage: str) -> int:
    """What lies in a stage's dead-letter queue, those included that its handler tries just now."""
    url = stack.queue(stage, dead=True)
    found = attributes_of(stack, url) if url else {}
    return sum(int(found.get(f"ApproximateNumberOfMessages{own}", 0)) for own in ("", "NotVisible"))


def _move(stack: Stack, stage: str, depth: int) -> int:
    """Sends what lies in a dead-letter queue on. Answers how many could not be.

    The queue's handler takes every message as soon as it can be seen, so it is stopped meanwhile, and what it has is waited for.
    """
    sqs, url = stack.client("sqs"), stack.queue(stage, dead=True)
    attributes = attributes_of(stack, url)
    patience = int(attributes["VisibilityTimeout"]) + _SPARE_SECONDS
    moved, stay = 0, set()
    with stopped(stack, attributes["QueueArn"]):
        end = time.monotonic() + patience
        while moved + len(stay) < depth and time.monotonic() < end:
            batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["All"])
            for message in batch.get("Messages", []):
                if _send_on(stack, stage, message):
                    moved += 1
                else:
                    stay.add(message["MessageId"])
    return depth - moved


@contextmanager
def stopped(stack: Stack, queue: str) -> Iterator[None]:
    """While nobody takes messages of a queue."""
    client = stack.client("lambda")
    mappings = [own["UUID"] for own in client.list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]]
    try:
        for mapping in mappings:
            client.update_event_source_mapping(UUID=mapping, Enabled=False)
        yield
    finally:
        for mapping in mappings:
            _when_settled(lambda mapping=mapping: client.update_event_source_mapping(UUID=mapping, Enabled=True))


def _when_settled(change: Callable[[], Any]) -> None:
    """A mapping that is being changed refuses another change for some seconds."""
    from botocore.exceptions import ClientError

    end = time.monotonic() + _SPARE_SECONDS
    while True:
        try:
            change()
            return
        except ClientError as refused:
            if refused.response["Error"]["Code"] != "ResourceInUseException" or time.monotonic() > end:
                raise
        time.sleep(1)


def _send_on(stack: Stack, stage: str, message: dict[str, Any]) -> bool:
    """Back to where it came from, and only then out of the dead-letter queue."""
    sqs = stack.client("sqs")
    if stage == "ingest":
        if not _invoke_again(stack, message["Body"]):
            say(f"    this holds no upload, and stays: {_short(message['Body'])}")
            return False
    else:
        group = message.get("Attributes", {}).get("MessageGroupId")
        # Queues are fair by group.
        grouped = {"MessageGroupId": group} if group else {}
        sqs.send_message(QueueUrl=stack.queue(stage, dead=False), MessageBody=message["Body"], **grouped)
    say(f"    {_short(message['Body'])}")
    sqs.delete_message(QueueUrl=stack.queue(stage, dead=True), ReceiptHandle=message["ReceiptHandle"])
    return True


def _invoke_again(stack: Stack, body: str) -> bool:
    """What Lambda says of an invocation that failed for good has the event in it."""
    try:
        event = json.loads(body)["requestPayload"]
    except (ValueError, KeyError, TypeError):
        return False
    _invoke_ingest(stack, event)
    return True


def _tell_ingest(stack: Stack, origin: str) -> bool:
    """Tells ingest of an upload as the bucket would, if the object is still there."""
    from botocore.exceptions import ClientError

    bucket, _, key = origin.removeprefix("s3://").partition("/")
    try:
        head = stack.client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError:
        say(f"    {origin} is gone")
        return False
    found = {"key": quote(key, safe="/"), "eTag": head["ETag"].strip('"'), "size": head["ContentLength"]}
    version = head.get("VersionId")
    if version and version != "null":
        found["versionId"] = version
    record = {"eventSource": "aws:s3", "s3": {"bucket": {"name": bucket}, "object": found}}
    _invoke_ingest(stack, {"Records": [record]})
    return True


def _invoke_ingest(stack: Stack, event: dict[str, Any]) -> None:
    """Asynchronously, so that Lambda tries again and gives up as it does with the bucket's own events."""
    payload = json.dumps(event).encode()
    stack.client("lambda").invoke(FunctionName=f"{stack.name}-ingest", InvocationType="Event", Payload=payload)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
