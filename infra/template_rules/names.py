"""Physical names: unique where AWS requires it, and of a length and alphabet that AWS accepts.

The names of buckets are unique in the partition. Those of roles, dashboards and CloudFront's resources are unique in the account,
whatever the region. All others are unique in a region of an account.
"""

from __future__ import annotations

import re
from collections import Counter

from .deployments import STACK
from .finding import Finding
from .resolve import ACCOUNT, PHYSICAL_NAMES, Resolved, stated_name

_WHOLE_PARTITION = {"AWS::S3::Bucket"}
_WHOLE_ACCOUNT = {
    kind
    for kind in PHYSICAL_NAMES
    if kind.startswith(("AWS::CloudFront::", "AWS::IAM::")) or kind == "AWS::CloudWatch::Dashboard"
}

_FORMS = {
    "AWS::CloudFront::CachePolicy": r".{1,128}",
    "AWS::CloudFront::Function": r"[A-Za-z0-9_-]{1,64}",
    "AWS::CloudFront::KeyValueStore": r"[A-Za-z0-9_-]{1,64}",
    "AWS::CloudFront::OriginAccessControl": r".{1,64}",
    "AWS::CloudFront::OriginRequestPolicy": r".{1,128}",
    "AWS::CloudFront::ResponseHeadersPolicy": r".{1,128}",
    "AWS::CloudWatch::Alarm": r".{1,255}",
    "AWS::CloudWatch::Dashboard": r"[A-Za-z0-9_-]{1,255}",
    "AWS::DynamoDB::Table": r"[A-Za-z0-9_.-]{3,255}",
    "AWS::Events::EventBus": r"[/.A-Za-z0-9_-]{1,256}",
    "AWS::Events::Rule": r"[.A-Za-z0-9_-]{1,64}",
    "AWS::IAM::ManagedPolicy": r"[\w+=,.@-]{1,128}",
    "AWS::IAM::Role": r"[\w+=,.@-]{1,64}",
    "AWS::Lambda::Function": r"[A-Za-z0-9_-]{1,64}",
    "AWS::Lambda::LayerVersion": r"[A-Za-z0-9_-]{1,140}",
    "AWS::Logs::LogGroup": r"[.\-_/#A-Za-z0-9]{1,512}",
    "AWS::S3::Bucket": r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    "AWS::SNS::Topic": r"[A-Za-z0-9_-]{1,256}",
    "AWS::SQS::Queue": r"[A-Za-z0-9_-]{1,80}",
    "AWS::Scheduler::Schedule": r"[.A-Za-z0-9_-]{1,64}",
    "AWS::SecretsManager::Secret": r"[A-Za-z0-9/_+=.@-]{1,512}",
}
"""From the API reference of each service."""


def findings(resolved: Resolved) -> list[Finding]:
    """Names each resource whose physical name can collide, or is not accepted. The names are those of the longest stack name."""
    found, names = [], Counter()
    for resource, (kind, name) in _names(resolved).items():
        names[kind, name] += 1
        if names[kind, name] > 1:
            found.append(Finding(resource, f"another resource of this type is also named {name}"))
        for part, kinds, what in (
            (STACK, PHYSICAL_NAMES, "stack"),
            (resolved.region, _WHOLE_ACCOUNT | _WHOLE_PARTITION, "region"),
            (ACCOUNT, _WHOLE_PARTITION, "account"),
        ):
            if kind in kinds and part not in name:
                found.append(
                    Finding(resource, f"the name {name} does not contain the {what}, so another stack's is the same")
                )
        if not re.fullmatch(_FORMS.get(kind, ".+"), name):
            found.append(Finding(resource, f"the name {name} ({len(name)} characters) does not match {_FORMS[kind]}"))
    return found


def _names(resolved: Resolved) -> dict[str, tuple[str, str]]:
    """Type and physical name of each resource that states one."""
    stated = {
        name: (resource.type, stated_name(resource.type, resource.properties))
        for name, resource in resolved.resources.items()
    }
    return {name: (kind, value) for name, (kind, value) in stated.items() if isinstance(value, str)}
