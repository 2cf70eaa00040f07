"""The permissions of the deployed roles: lists them, and removes one while a workload runs."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..instance import STACK, Instance
from ..values import as_list
from .functions import WorkloadError

_LOGS = "functions log to standard output, which the emulator captures"
_TRACES = "the Lambda service sends traces, and the emulator has none"
_MAPPING = "the event source mapping makes this call, and the emulator does not authorize it"
_BATCH = "AWS requires it for batches; the emulator requires SendMessageBatch instead"
_LIST = "without it S3 returns 403 instead of 404; the emulator always returns 404"

NOT_ENFORCED = {
    "logs:CreateLogStream": _LOGS,
    "logs:PutLogEvents": _LOGS,
    "xray:PutTraceSegments": _TRACES,
    "xray:PutTelemetryRecords": _TRACES,
    "sqs:ReceiveMessage": _MAPPING,
    "sqs:DeleteMessage": _MAPPING,
    "sqs:GetQueueAttributes": _MAPPING,
    "SendWork sqs:SendMessage": _BATCH,
    "SendFragment sqs:SendMessage": _BATCH,
    "SendEncrypt sqs:SendMessage": _BATCH,
    "SendDash sqs:SendMessage": _BATCH,
    "DistinguishMissingFromForbidden s3:ListBucket": _LIST,
    "ReadBearerTokens secretsmanager:GetSecretValue": "the emulator does not distinguish the two secrets; without both it denies",
    "ReportExhaustedRetries sqs:SendMessage": "the Lambda service makes this call, and the emulator does not authorize it",
    "InvalidateCdn cloudfront:GetInvalidation": "the emulator completes every invalidation at once, so none is looked at",
    "fragment AbortUploads": "only needed when two invocations create the same multipart uploads concurrently",
}
"""The permissions whose absence the emulator does not detect, by action, by statement and action, or by role and statement."""

NOT_EXERCISED = ("announce", "webhook")
"""The functions outside the workload. The table's stream and the event bus invoke them."""


@dataclass(frozen=True)
class Permission:
    """One action on one resource, in one statement of a role's policy."""

    role: str
    policy: str
    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.role:<12} {self.sid:<31} {self.action:<32} {self.resource.split(':')[-1]}"

    def not_enforced(self) -> str | None:
        """Why the emulator does not detect the absence of this permission; None if it does."""
        names = (self.action, f"{self.sid} {self.action}", f"{self.role} {self.sid}")
        return next((NOT_ENFORCED[name] for name in names if name in NOT_ENFORCED), None)


class Roles:
    """The policies of the functions' roles, as deployed."""

    def __init__(self, instance: Instance) -> None:
        self._iam = instance.client("iam")
        self._policies: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
        functions = instance.client("lambda").list_functions()["Functions"]
        for function in functions:
            if not function["FunctionName"].startswith(f"{STACK}-"):
                continue
            role = function["Role"].split("/")[-1]
            for policy in self._iam.list_role_policies(RoleName=role)["PolicyNames"]:
                document = self._iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
                document = json.loads(document) if isinstance(document, str) else document
                self._policies[function["FunctionName"].removeprefix(f"{STACK}-"), policy] = (role, document)

    def permissions(self) -> Iterator[Permission]:
        """Lists all permissions."""
        for (name, policy), (_, document) in sorted(self._policies.items()):
            for statement in document["Statement"]:
                for action in as_list(statement["Action"]):
                    for resource in as_list(statement["Resource"]):
                        yield Permission(name, policy, statement["Sid"], action, resource)

    def is_necessary(self, permission: Permission, workload: Callable[[], None]) -> bool:
        """Whether the workload fails without the permission, which is restored afterwards."""
        role, document = self._policies[permission.role, permission.policy]
        self._put(role, permission.policy, _without(document, permission))
        try:
            workload()
        except WorkloadError:
            return True
        finally:
            self._put(role, permission.policy, document)
        return False

    def _put(self, role: str, policy: str, document: dict[str, Any]) -> None:
        self._iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def _without(document: dict[str, Any], permission: Permission) -> dict[str, Any]:
    """The policy without a permission. The statement's other actions and resources remain."""
    statements = []
    for statement in document["Statement"]:
        actions, resources = as_list(statement["Action"]), as_list(statement["Resource"])
        if statement["Sid"] != permission.sid:
            statements.append(statement)
            continue
        for resource in resources:
            remaining = [action for action in actions if (action, resource) != (permission.action, permission.resource)]
            if remaining:
                sid = f"S{uuid.uuid4().hex}"
                statements.append({**copy.deepcopy(statement), "Sid": sid, "Action": remaining, "Resource": resource})
    return {**document, "Statement": statements}
