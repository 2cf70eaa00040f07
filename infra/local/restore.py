"""Copies the items of a restored table into a stack's table: `make restore TABLE=name`, and `STACK=name` for one in an account.

DynamoDB restores a table under a new name, but the functions use the stack's table. The copy is conditional: an item that exists
in the stack's table is newer and is not overwritten. So the command can run while the platform is in use, and can be repeated
after an interruption.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from .stack import Stack
from .terminal import CommandError, log

_CONCURRENT_WRITES = 16


def run(stack: Stack, restored: str) -> int:
    """Copies the missing items and logs their number. Returns 0."""
    dynamodb, table = stack.client("dynamodb"), stack.outputs["TableName"]
    if restored in ("", table):
        raise CommandError(f"name the restored table, which is not {table}: make restore TABLE=name")

    def put(item: dict[str, Any]) -> bool:
        try:
            dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    found = missing = 0
    try:
        with ThreadPoolExecutor(_CONCURRENT_WRITES) as pool:
            for page in dynamodb.get_paginator("scan").paginate(TableName=restored, ConsistentRead=True):
                found += len(page["Items"])
                missing += sum(pool.map(put, page["Items"]))
    except ClientError as error:
        raise CommandError(f"stopped after {missing} items: {error}; run the command again") from error
    log(f"  {missing} of {found} items were missing and are restored")
    return 0
