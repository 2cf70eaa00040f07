"""Puts the items of a restored table into the table of a stack: `make restore TABLE=name`, and `STACK=name` in an account.

DynamoDB restores a table beside the one it was, under another name; functions know the stack's own. An item that the stack's
table has is newer than the copy of it, and stays as it is: so it may be done while the platform works, interrupted, and done
again.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .console import Stop, say
from .redrive import Stack

_CALLERS = 16
"""How many items are written at a time."""


def run(stack: Stack, restored: str) -> int:
    """Copies what is missing, says how much that was, and answers 0."""
    from botocore.exceptions import ClientError

    dynamodb, table = stack.client("dynamodb"), stack.outputs["TableName"]
    if restored in ("", table):
        raise Stop(f"name the table that was restored beside {table}: make restore TABLE=name")

    def put(item: dict[str, Any]) -> bool:
        try:
            dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    found = missing = 0
    try:
        with ThreadPoolExecutor(_CALLERS) as callers:
            for page in dynamodb.get_paginator("scan").paginate(TableName=restored, ConsistentRead=True):
                found += len(page["Items"])
                missing += sum(callers.map(put, page["Items"]))
    except ClientError as refused:
        raise Stop(f"after {missing} items: {refused}; it can be done again") from refused
    say(f"  {missing} of {found} items were missing, and are back")
    return 0
