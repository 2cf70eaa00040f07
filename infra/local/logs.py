"""Reads the functions' logs, in chronological order."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from .artifacts import functions
from .instance import STACK, Instance

_PLATFORM = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")
"""Prefixes of the lines that the Lambda service adds."""


def show(instance: Instance, function: str | None = None) -> int:
    """Prints the log lines of one function or of all, oldest first."""
    for line in lines(instance, function):
        print(line)
    return 0


def lines(instance: Instance, function: str | None = None) -> list[str]:
    """Returns the log lines, each as `FUNCTION LINE`."""
    names = [function] if function else functions()
    entries = [entry for name in names for entry in _entries(instance, name)]
    return [f"{name:<12} {message}" for _, name, message in sorted(entries, key=lambda entry: entry[0])]


def _entries(instance: Instance, name: str) -> Iterator[tuple[int, str, str]]:
    pages = instance.client("logs").get_paginator("filter_log_events")
    try:
        for page in pages.paginate(logGroupName=f"/aws/lambda/{STACK}-{name}"):
            for event in page["events"]:
                if not event["message"].startswith(_PLATFORM):
                    yield event["timestamp"], name, event["message"].rstrip()
    except ClientError as failure:
        if failure.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
