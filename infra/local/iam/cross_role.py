"""Attempts operations with each role's credentials: a role may perform those of its own function, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from ..instance import STACK, Instance

_CONTEXT = {"packaged_content_id": "none"}
_ITEM_KEY = {"pk": {"S": "package#none"}, "sk": {"S": "package"}}

_OPERATIONS: dict[str, tuple[Callable[..., Any], set[str]]] = {
    "decrypt a content key": (
        lambda client, out: client("kms").decrypt(
            KeyId=out["ContentKeysKey"], CiphertextBlob=b"0" * 64, EncryptionContext=_CONTEXT
        ),
        {"encrypt", "license", "origin"},
    ),
    "generate a content key": (
        lambda client, out: client("kms").generate_data_key(
            KeyId=out["ContentKeysKey"], NumberOfBytes=16, EncryptionContext=_CONTEXT
        ),
        {"ingest", "api"},
    ),
    "encrypt a content key": (
        lambda client, out: client("kms").encrypt(
            KeyId=out["ContentKeysKey"], Plaintext=b"0" * 16, EncryptionContext=_CONTEXT
        ),
        {"api"},
    ),
    "read a source": (
        lambda client, out: client("s3").get_object(Bucket=out["UploadsBucket"], Key="iam/crossing.mp4"),
        {"ingest", "fragment", "encrypt", "dash", "origin"},
    ),
    "overwrite a source": (
        lambda client, out: client("s3").put_object(Bucket=out["UploadsBucket"], Key="iam/crossing.mp4", Body=b""),
        set(),
    ),
    "read a plan": (
        lambda client, out: client("s3").get_object(Bucket=out["WorkBucket"], Key="work/none"),
        {"fragment", "encrypt", "dash", "origin", "api"},
    ),
    "write to the output": (
        lambda client, out: client("s3").put_object(Bucket=out["OutputBucket"], Key="iam/crossing", Body=b""),
        {"fragment", "encrypt", "dash", "origin"},
    ),
    "delete output": (
        lambda client, out: client("s3").delete_object(Bucket=out["OutputBucket"], Key="iam/crossing"),
        {"delete"},
    ),
    "delete an item": (
        lambda client, out: client("dynamodb").delete_item(TableName=out["TableName"], Key=_ITEM_KEY),
        {"api", "delete"},
    ),
    "scan the table": (lambda client, out: client("dynamodb").scan(TableName=out["TableName"]), set()),
    "start a package": (
        lambda client, out: client("sqs").send_message(QueueUrl=out["FragmentQueueUrl"], MessageBody="{}"),
        {"ingest", "api"},
    ),
    "request a work unit": (
        lambda client, out: client("sqs").send_message(QueueUrl=out["EncryptQueueUrl"], MessageBody="{}"),
        {"fragment"},
    ),
    "request a deletion": (
        lambda client, out: client("sqs").send_message(QueueUrl=out["DeletionQueueUrl"], MessageBody="{}"),
        {"api", "delete"},
    ),
    "read the bearer tokens": (
        lambda client, out: client("secretsmanager").get_secret_value(SecretId=out["OperatorTokenSecret"]),
        {"api"},
    ),
    "change a role": (
        lambda client, _out: client("iam").put_role_policy(RoleName="any", PolicyName="any", PolicyDocument="{}"),
        set(),
    ),
}
"""The operations, each with the roles that may perform it."""


def violations(instance: Instance) -> list[str]:
    """Returns the operations that a role may perform but should not, and those that it should perform but may not."""
    lambdas, sts = instance.client("lambda"), instance.client("sts")
    found = []
    for function in lambdas.list_functions()["Functions"]:
        name = function["FunctionName"].removeprefix(f"{STACK}-")
        session = sts.assume_role(RoleArn=function["Role"], RoleSessionName="cross-role")["Credentials"]
        for description, (operation, allowed) in _OPERATIONS.items():
            denied = _is_denied(operation, instance, session)
            if denied == (name in allowed):
                found.append(f"{name} is {'denied, but needs' if denied else 'allowed'} to {description}")
    return found


def _is_denied(
    operation: Callable[[Callable[[str], Any], dict[str, str]], Any], instance: Instance, session: dict[str, str]
) -> bool:
    try:
        operation(lambda service: instance.client(service, session), instance.outputs())
    except ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403", "Forbidden")
    return False
