"""The permissions that the policies of a deployment grant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.local.values import as_list

from .resolve import Resolved

_ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
_RESOURCE_POLICIES = (
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::Logs::ResourcePolicy",
    "AWS::Events::EventBusPolicy",
)


@dataclass(frozen=True)
class Statement:
    """A statement of a policy, and the resource that carries it."""

    carrier: str
    document: dict[str, Any]

    @property
    def actions(self) -> list[str]:
        """The actions."""
        return as_list(self.document.get("Action"))

    @property
    def resources(self) -> list[str]:
        """The patterns of resources."""
        return as_list(self.document.get("Resource"))

    @property
    def conditions(self) -> list[tuple[str, str, Any]]:
        """Operator, key and value of each condition."""
        operators = self.document.get("Condition", {})
        return [(operator, key, value) for operator, keys in operators.items() for key, value in keys.items()]

    def allows(self, action: str, resource: str) -> bool:
        """Whether the statement allows an action on a resource, if its conditions hold."""
        return (
            self.document.get("Effect") == "Allow"
            and any(matches(pattern.lower(), action.lower()) for pattern in self.actions)
            and any(matches(pattern, resource) for pattern in self.resources)
        )

    def names_service(self, service: str) -> bool:
        """Whether a service is a principal of the statement."""
        principal = self.document.get("Principal", {})
        return isinstance(principal, dict) and service in as_list(principal.get("Service"))


def matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern with `*` and `?`, as in policies."""
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def of_role(resolved: Resolved, role: str) -> list[Statement]:
    """The statements of a role: its inline policies, and the policies that are attached to it."""
    found = [
        Statement(role, document)
        for policy in resolved.resources[role].properties.get("Policies", [])
        for document in as_list(policy["PolicyDocument"]["Statement"])
    ]
    for name, policy in resolved.of_type(*_ATTACHED).items():
        roles = as_list(policy.properties.get("Roles") or policy.properties.get("RoleName"))
        if any(resolved.arns.get(value, value) == role or role_name(resolved, role) == value for value in roles):
            document = policy.properties["PolicyDocument"]
            found += [Statement(name, statement) for statement in as_list(document["Statement"])]
    return found


def role_name(resolved: Resolved, role: str) -> str:
    """The physical name of a role."""
    return resolved.arn(role).rsplit("/", 1)[1]


def identity_statements(resolved: Resolved) -> Iterator[Statement]:
    """Yields the statements of all roles."""
    for role in resolved.of_type("AWS::IAM::Role"):
        yield from of_role(resolved, role)


def resource_statements(resolved: Resolved, *types: str) -> Iterator[Statement]:
    """Yields the statements of the policies of resources, such as buckets and queues, and of keys."""
    for name, policy in resolved.of_type(*(types or _RESOURCE_POLICIES)).items():
        document = policy.properties.get("PolicyDocument") or {}
        for statement in as_list(document.get("Statement")) if isinstance(document, dict) else []:
            yield Statement(name, statement)
    if not types:
        for name, key in resolved.of_type("AWS::KMS::Key").items():
            for statement in as_list(key.properties["KeyPolicy"]["Statement"]):
                yield Statement(name, statement)
