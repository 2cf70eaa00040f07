"""Sizes and ranges that AWS checks only when it creates a resource, from the quotas and the API reference of each service."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from typing import Any

from .finding import Finding
from .resolve import Resolved

_RANGES: dict[str, dict[str, tuple[int, int]]] = {
    "AWS::ApiGatewayV2::Stage": {
        "DefaultRouteSettings.ThrottlingBurstLimit": (0, 5_000),
        "DefaultRouteSettings.ThrottlingRateLimit": (0, 10_000),
    },
    "AWS::KMS::Key": {"PendingWindowInDays": (7, 30)},
    "AWS::Lambda::EventInvokeConfig": {"MaximumEventAgeInSeconds": (60, 21_600), "MaximumRetryAttempts": (0, 2)},
    "AWS::Lambda::EventSourceMapping": {
        "BatchSize": (1, 10_000),
        "MaximumBatchingWindowInSeconds": (0, 300),
        "MaximumRecordAgeInSeconds": (60, 604_800),
        "ParallelizationFactor": (1, 10),
        "ProvisionedPollerConfig.MaximumPollers": (2, 2_000),
        "ProvisionedPollerConfig.MinimumPollers": (2, 200),
        "ScalingConfig.MaximumConcurrency": (2, 1_000),
    },
    "AWS::Lambda::Function": {
        "EphemeralStorage.Size": (512, 10_240),
        "MemorySize": (128, 10_240),
        "Timeout": (1, 900),
    },
    "AWS::SQS::Queue": {
        "DelaySeconds": (0, 900),
        "MaximumMessageSize": (1_024, 1_048_576),
        "MessageRetentionPeriod": (60, 1_209_600),
        "ReceiveMessageWaitTimeSeconds": (0, 20),
        "RedrivePolicy.maxReceiveCount": (1, 1_000),
        "VisibilityTimeout": (0, 43_200),
    },
    "AWS::SecretsManager::Secret": {"GenerateSecretString.PasswordLength": (1, 4_096)},
}
"""Least and greatest values of properties. The throttling limits are the quotas of an account."""

_DOCUMENTS = {
    "AWS::IAM::ManagedPolicy": ("PolicyDocument", 6_144),
    "AWS::KMS::Key": ("KeyPolicy", 32_768),
    "AWS::S3::BucketPolicy": ("PolicyDocument", 20_480),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", 30_720),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", 8_192),
    "AWS::SecretsManager::ResourcePolicy": ("ResourcePolicy", 20_480),
}
"""The greatest size of a policy document, in characters without white space."""

INLINE_POLICIES = 10_240
"""The greatest size of all inline policies of a role together."""

TRUST_POLICY = 2_048
ENVIRONMENT = 4_096
"""The greatest size of a function's environment variables, in bytes."""

CDN_FUNCTION = 10_240
"""The greatest size of a CloudFront function, in bytes."""


def findings(resolved: Resolved) -> list[Finding]:
    """Names each property that is outside its range, and each document that is too large."""
    found: list[Finding] = []
    for name, resource in resolved.resources.items():
        rules = (_ranges, _lifecycle, _documents, _RULES.get(resource.type))
        for text in (text for rule in rules if rule for text in rule(resource.type, resource.properties)):
            found.append(Finding(name, text))
    return found


def _ranges(kind: str, properties: dict[str, Any]) -> Iterator[str]:
    for path, (least, greatest) in _RANGES.get(kind, {}).items():
        value: Any = properties
        for member in path.split("."):
            value = value.get(member) if isinstance(value, dict) else None
        if value is not None and not least <= int(value) <= greatest:
            yield f"{path} is {value}, not from {least} to {greatest}"


def _lifecycle(kind: str, properties: dict[str, Any]) -> Iterator[str]:
    if kind == "AWS::S3::Bucket":
        for rule in properties.get("LifecycleConfiguration", {}).get("Rules", []):
            for days in _days(rule):
                if not 1 <= days <= 2_147_483_647:
                    yield f"the lifecycle rule {rule.get('Id')} has {days} days"


def _days(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for key, member in value.items():
            if "Days" in key:
                yield int(member)
            else:
                yield from _days(member)


def _documents(kind: str, properties: dict[str, Any]) -> Iterator[str]:
    member, limit = _DOCUMENTS.get(kind, ("", 0))
    if member and (size := _size(properties[member])) > limit:
        yield f"{member} has {size} characters; the limit is {limit}"


def _role(_kind: str, properties: dict[str, Any]) -> Iterator[str]:
    size = sum(_size(policy["PolicyDocument"]) for policy in properties.get("Policies", []))
    if size > INLINE_POLICIES:
        yield f"the inline policies have {size} characters; the limit is {INLINE_POLICIES}"
    if (size := _size(properties["AssumeRolePolicyDocument"])) > TRUST_POLICY:
        yield f"the trust policy has {size} characters; the limit is {TRUST_POLICY}"
    if len(properties.get("ManagedPolicyArns", [])) > 10:
        yield "more than 10 managed policies"


def _function(_kind: str, properties: dict[str, Any]) -> Iterator[str]:
    variables = properties.get("Environment", {}).get("Variables", {})
    size = len(json.dumps({key: str(value) for key, value in variables.items()}, separators=(",", ":")).encode())
    if size > ENVIRONMENT:
        yield f"the environment variables have {size} bytes; the limit is {ENVIRONMENT}"
    if len(properties.get("Layers", [])) > 5:
        yield "more than 5 layers"
    if len(properties.get("Description", "")) > 256:
        yield "the description has more than 256 characters"


def _mapping(_kind: str, properties: dict[str, Any]) -> Iterator[str]:
    batch = properties.get("BatchSize", 10)
    if ":sqs:" in properties["EventSourceArn"] and batch > 10 and not properties.get("MaximumBatchingWindowInSeconds"):
        yield f"BatchSize is {batch}; above 10 it needs MaximumBatchingWindowInSeconds"
    if "ScalingConfig" in properties and "ProvisionedPollerConfig" in properties:
        yield "has both ScalingConfig and ProvisionedPollerConfig"


def _secret(_kind: str, properties: dict[str, Any]) -> Iterator[str]:
    """A password has a letter of each kind, unless the kind is excluded by its switch: excluding its letters is a contradiction."""
    generated = properties.get("GenerateSecretString", {})
    if not generated.get("RequireEachIncludedType", True):
        return
    excluded = set(generated.get("ExcludeCharacters", ""))
    for switch, letters in (
        ("ExcludePunctuation", string.punctuation),
        ("ExcludeNumbers", string.digits),
        ("ExcludeLowercase", string.ascii_lowercase),
        ("ExcludeUppercase", string.ascii_uppercase),
    ):
        if set(letters) <= excluded and not generated.get(switch):
            yield f"a password must have a letter of a kind that ExcludeCharacters excludes: add {switch}"


def _alarm(_kind: str, properties: dict[str, Any]) -> Iterator[str]:
    periods = [properties.get("Period")] + [
        metric["MetricStat"]["Period"] for metric in properties.get("Metrics", []) if "MetricStat" in metric
    ]
    evaluated = properties["EvaluationPeriods"]
    for period in filter(None, periods):
        if period not in (10, 20, 30) and period % 60:
            yield f"Period is {period}, not 10, 20, 30 or a multiple of 60"
        if period * evaluated > (86_400 if period < 3_600 else 604_800):
            yield f"evaluates {period * evaluated} s, more than AWS does"
    if properties.get("DatapointsToAlarm", evaluated) > evaluated:
        yield "DatapointsToAlarm is greater than EvaluationPeriods"
    if len(properties.get("AlarmDescription", "")) > 1_024:
        yield "the description has more than 1024 characters"


def _dashboard(_kind: str, properties: dict[str, Any]) -> Iterator[str]:
    widgets = json.loads(properties["DashboardBody"])["widgets"]
    if len(widgets) > 500:
        yield "more than 500 widgets"
    for widget in widgets:
        if widget["x"] + widget["width"] > 24:
            yield f"the widget {widget['properties'].get('title')} is outside the 24 columns"


def _cdn_function(_kind: str, properties: dict[str, Any]) -> Iterator[str]:
    if (size := len(properties["FunctionCode"].encode())) > CDN_FUNCTION:
        yield f"the code has {size} bytes; the limit is {CDN_FUNCTION}"


def _cache_policy(_kind: str, properties: dict[str, Any]) -> Iterator[str]:
    config = properties["CachePolicyConfig"]
    if not config["MinTTL"] <= config["DefaultTTL"] <= config["MaxTTL"]:
        yield "MinTTL, DefaultTTL and MaxTTL do not ascend"


def _table(_kind: str, properties: dict[str, Any]) -> Iterator[str]:
    indexes = properties.get("GlobalSecondaryIndexes", [])
    keys = {key["AttributeName"] for owner in [properties, *indexes] for key in owner["KeySchema"]}
    defined = {attribute["AttributeName"] for attribute in properties["AttributeDefinitions"]}
    for attribute in keys ^ defined:
        yield f"the attribute {attribute} is {'defined, but no key' if attribute in defined else 'a key, but not defined'}"
    if len(indexes) > 20:
        yield "more than 20 global secondary indexes"
    if sum(len(index["Projection"].get("NonKeyAttributes", [])) for index in indexes) > 100:
        yield "the indexes project more than 100 attributes"


def _rule(_kind: str, properties: dict[str, Any]) -> Iterator[str]:
    if len(properties.get("Targets", [])) > 5:
        yield "more than 5 targets"


def _size(document: Any) -> int:
    """The characters of a policy document, without white space between its parts."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


_RULES = {
    "AWS::CloudFront::CachePolicy": _cache_policy,
    "AWS::CloudFront::Function": _cdn_function,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::DynamoDB::Table": _table,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Lambda::Function": _function,
    "AWS::SecretsManager::Secret": _secret,
}
