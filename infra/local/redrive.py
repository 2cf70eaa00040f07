"""Redrives dead-lettered work: `make redrive` for the local stack, `make redrive STACK=name` for one in an account.

There are three kinds of dead-lettered work:

- Messages in a dead-letter queue that the dead-letter handler could not process. They are sent back to their source queue.
- Packages that failed with `retries_exhausted`. The API's retry resumes them at the failed stage.
- Input contents that were refused with `ingest_failed`. Their upload is sent to the ingest queue again.

A message is deleted from the dead-letter queue after it was sent. An interruption in between duplicates the message, which every
stage tolerates, and never loses it. Without `--yes`, the command only lists the work.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from .stack import Stack
from .terminal import log

STAGES = ("ingest", "fragment", "encrypt", "dash", "deletion", "webhook")
_SHOWN_CHARACTERS = 100
"""Maximum length of a message in the log."""
_GRACE_SECONDS = 60
"""Time to wait for messages in flight, in addition to the visibility timeout."""


def run(stack: Stack, yes: bool) -> int:
    """Lists the dead-lettered work, and with `yes` redrives it. Returns 1 if something could not be redriven."""
    found = failed = 0
    for stage in STAGES:
        if depth := stack.dead_letters(stage):
            found += depth
            log(f"  {stage:<9} messages in the dead-letter queue: {depth}")
            failed += _redrive_queue(stack, stage, depth) if yes else 0
    for package in stack.list_by_code("packaged_content", "Failed", "retries_exhausted"):
        found += 1
        package_id = package["packaged_content_id"]
        log(f"  {package['failure']['stage']:<9} package {package_id}")
        if yes:
            stack.api("POST", f"/packaged_content/{package_id}/retry")
    for content in stack.list_by_code("input_content", "Refused", "ingest_failed"):
        found += 1
        log(f"  ingest    content {content['input_content_id']} {content['input_content_origin']}")
        failed += yes and not _ingest_again(stack, content["input_content_origin"])
    if not found:
        log("  no dead-lettered work")
    elif yes:
        log(f"  {found - failed} of {found} redriven; `vpp list` shows their status")
    else:
        log(f"  {found} in total; to redrive them: make redrive YES=1")
    return 1 if failed else 0


def _redrive_queue(stack: Stack, stage: str, depth: int) -> int:
    """Redrives the messages of a dead-letter queue. Returns the number of messages that remain.

    The dead-letter handler consumes every visible message, so it is paused meanwhile, and messages in flight are awaited.
    """
    sqs, url = stack.client("sqs"), stack.dead_letter_queue_url(stage)
    attributes = stack.queue_attributes(url)
    timeout = int(attributes["VisibilityTimeout"]) + _GRACE_SECONDS
    moved, unmovable = 0, set()
    with stack.consumers_paused(attributes["QueueArn"]):
        end = time.monotonic() + timeout
        while moved + len(unmovable) < depth and time.monotonic() < end:
            batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["All"])
            for message in batch.get("Messages", []):
                if _redrive_message(stack, stage, message):
                    moved += 1
                else:
                    unmovable.add(message["MessageId"])
    return depth - moved


def _redrive_message(stack: Stack, stage: str, message: dict[str, Any]) -> bool:
    """Sends a message back to its source, then deletes it from the dead-letter queue."""
    sqs = stack.client("sqs")
    body = _upload_of(message["Body"]) if stage == "ingest" else message["Body"]
    if body is None:
        log(f"    not an upload, remains in the queue: {_shortened(message['Body'])}")
        return False
    # Fair queues schedule messages by their group.
    group = message.get("Attributes", {}).get("MessageGroupId")
    grouped = {"MessageGroupId": group} if group else {}
    sqs.send_message(QueueUrl=stack.queue_url(stage), MessageBody=body, **grouped)
    log(f"    {_shortened(message['Body'])}")
    sqs.delete_message(QueueUrl=stack.dead_letter_queue_url(stage), ReceiptHandle=message["ReceiptHandle"])
    return True


def _upload_of(body: str) -> str | None:
    """The message about an upload in a dead letter; None if there is none.

    S3 invoked earlier versions of ingest. The dead letters of these are Lambda's invocation records (on-failure destination).
    """
    try:
        letter = json.loads(body)
    except ValueError:
        return None
    if not isinstance(letter, dict):
        return None
    upload = letter.get("requestPayload", letter)
    return json.dumps(upload) if isinstance(upload, dict) and {"Records", "bucket"} & upload.keys() else None


def _ingest_again(stack: Stack, origin: str) -> bool:
    """Sends the S3 notification of an upload again. Returns whether the object still exists."""
    bucket, _, key = origin.removeprefix("s3://").partition("/")
    try:
        head = stack.client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError:
        log(f"    {origin} does not exist")
        return False
    s3_object = {"key": quote(key, safe="/"), "eTag": head["ETag"].strip('"'), "size": head["ContentLength"]}
    version = head.get("VersionId")
    if version and version != "null":
        s3_object["versionId"] = version
    record = {"eventSource": "aws:s3", "s3": {"bucket": {"name": bucket}, "object": s3_object}}
    stack.client("sqs").send_message(QueueUrl=stack.queue_url("ingest"), MessageBody=json.dumps({"Records": [record]}))
    return True


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}…"
