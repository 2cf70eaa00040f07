"""The deployments that the rules look at: combinations of parameters which together use every part of the template on AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .finding import Finding
from .resolve import Deployment, Resolved

SAME_ON_AWS = {"Emulated", "OnAws"}
"""Conditions that have one value in every deployment on AWS."""

STACK = "s" * 20
"""As long as the template allows."""

REGION = "ap-southeast-1"
"""No region of the partition has a longer name."""

GLOBAL_REGION = "us-east-1"
"""The region of global services, such as the metrics of CloudFront."""

EXAMPLES: dict[str, Any] = {
    "ApiCertificateArn": "arn:aws:acm:ap-southeast-1:123456789012:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "ApiDomainName": "video.example.com",
    "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "ContentKeysKeyArn": "arn:aws:kms:ap-southeast-1:123456789012:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "DomainName": ["media.example.com"],
    "JwtIssuer": "https://issuer.example",
    "JwtAudience": ["audience"],
    "KeyProviderApi": "arn:aws:execute-api:us-east-1:123456789012:api1234567/stage/POST/path",
    "KeyProviderHeaders": "arn:aws:secretsmanager:us-east-1:123456789012:secret:headers-AbCdEf",
    "KeyProviderUrl": "https://keys.example/speke",
    "WebhookUrl": "https://hooks.example/video",
}
"""Values of text parameters that are empty by default. A new condition on such a parameter needs an example here."""

_SWITCHES = {"PrivatePlayback": "true", "EncryptPollers": 2, "SourceRetentionDays": 30}


def deployments(template: dict[str, Any]) -> Iterator[Deployment]:
    """Yields the default deployment, one that uses every option, and each with every extreme of every parameter."""
    for base in bases(template):
        yield base
        if base.region == GLOBAL_REGION:
            continue
        for name, parameter in template.get("Parameters", {}).items():
            for value in _extremes(parameter):
                yield Deployment({**base.parameters, name: value}, REGION, STACK)


def bases(template: dict[str, Any]) -> list[Deployment]:
    """Returns the default deployment, and one that uses every option, also in the region of global services."""
    everything = {name: value for name, value in {**EXAMPLES, **_SWITCHES}.items() if name in template["Parameters"]}
    places = (({}, REGION), (everything, REGION), (everything, GLOBAL_REGION))
    return [Deployment(parameters, region, STACK) for parameters, region in places]


def _extremes(parameter: dict[str, Any]) -> list[Any]:
    """The values at the ends of a parameter's range. Zero often turns a feature off, so the value after it is an end, too."""
    if "AllowedValues" in parameter:
        return parameter["AllowedValues"]
    ends = [parameter[end] for end in ("MinValue", "MaxValue") if end in parameter]
    return [*ends, 1] if parameter.get("MinValue") == 0 else ends


def unused_conditions(resolved: list[Resolved]) -> list[Finding]:
    """Names each condition that no deployment fulfils, or that every one does: a part of the template would not be checked."""
    found = []
    for name in resolved[0].conditions.keys() - SAME_ON_AWS:
        values = {deployment.conditions[name] for deployment in resolved}
        if values != {True, False}:
            found.append(Finding("Conditions", f"{name} is {values.pop()} in every deployment that the rules look at"))
    return found
