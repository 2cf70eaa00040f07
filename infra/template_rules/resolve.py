"""Evaluates the intrinsic functions of a transformed template for one deployment.

CloudFormation knows the identifiers of resources only after it has created them. Here each resource has an identifier of the
form that AWS gives it, so that rules can compare the ARNs in policies with those of resources.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from infra.local.values import as_list

from .finding import Finding

ACCOUNT = "123456789012"

_NO_VALUE = object()
_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")

_ARNS = {
    "AWS::ApiGatewayV2::Api": "arn:aws:apigateway:{region}::/apis/{id}",
    "AWS::CloudFront::Distribution": "arn:aws:cloudfront::{account}:distribution/{id}",
    "AWS::CloudWatch::Alarm": "arn:aws:cloudwatch:{region}:{account}:alarm:{id}",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{id}",
    "AWS::Events::EventBus": "arn:aws:events:{region}:{account}:event-bus/{id}",
    "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{id}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{id}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{id}",
    "AWS::Lambda::Function": "arn:aws:lambda:{region}:{account}:function:{id}",
    "AWS::Lambda::LayerVersion": "arn:aws:lambda:{region}:{account}:layer:{id}:1",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{id}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{id}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{id}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{id}",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{id}-AbCdEf",
}
_REF_IS_ARN = {"AWS::Lambda::LayerVersion", "AWS::SNS::Topic", "AWS::SecretsManager::Secret"}

PHYSICAL_NAMES = {
    "AWS::CloudFront::CachePolicy": ("CachePolicyConfig", "Name"),
    "AWS::CloudFront::Function": ("Name",),
    "AWS::CloudFront::KeyGroup": ("KeyGroupConfig", "Name"),
    "AWS::CloudFront::KeyValueStore": ("Name",),
    "AWS::CloudFront::OriginAccessControl": ("OriginAccessControlConfig", "Name"),
    "AWS::CloudFront::OriginRequestPolicy": ("OriginRequestPolicyConfig", "Name"),
    "AWS::CloudFront::ResponseHeadersPolicy": ("ResponseHeadersPolicyConfig", "Name"),
    "AWS::CloudWatch::Alarm": ("AlarmName",),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName",),
    "AWS::CloudWatch::Dashboard": ("DashboardName",),
    "AWS::DynamoDB::Table": ("TableName",),
    "AWS::Events::EventBus": ("Name",),
    "AWS::Events::Rule": ("Name",),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName",),
    "AWS::IAM::Role": ("RoleName",),
    "AWS::KMS::Alias": ("AliasName",),
    "AWS::Lambda::Function": ("FunctionName",),
    "AWS::Lambda::LayerVersion": ("LayerName",),
    "AWS::Logs::LogGroup": ("LogGroupName",),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::SNS::Topic": ("TopicName",),
    "AWS::SQS::Queue": ("QueueName",),
    "AWS::SSM::Parameter": ("Name",),
    "AWS::Scheduler::Schedule": ("Name",),
    "AWS::SecretsManager::Secret": ("Name",),
}
"""The property that holds the physical name of a resource."""


def stated_name(kind: str, properties: Any) -> Any:
    """The member of a resource of this type that states its physical name; None if there is none."""
    for member in PHYSICAL_NAMES.get(kind, ()):
        properties = properties.get(member) if isinstance(properties, dict) else None
    return properties if kind in PHYSICAL_NAMES else None


@dataclass(frozen=True)
class Deployment:
    """The parameters that differ from their defaults, and where the stack is deployed."""

    parameters: dict[str, Any] = field(default_factory=dict)
    region: str = "us-east-1"
    stack: str = "vpp"


@dataclass(frozen=True)
class Resource:
    """A resource of a deployment."""

    type: str
    properties: dict[str, Any]


@dataclass
class Resolved:
    """A template as CloudFormation deploys it."""

    resources: dict[str, Resource]
    conditions: dict[str, bool]
    dependencies: dict[str, set[str]]
    """The resources that exist before each resource is created; only the immediate ones."""
    findings: list[Finding]
    arns: dict[str, str]
    """The resource of each ARN."""

    region: str

    def arn(self, name: str) -> str:
        """The ARN of a resource."""
        return next(arn for arn, owner in self.arns.items() if owner == name)

    def of_type(self, *types: str) -> dict[str, Resource]:
        """The resources of some types, by name."""
        return {name: resource for name, resource in self.resources.items() if resource.type in types}

    def exist_before(self, name: str) -> set[str]:
        """All resources that exist before a resource is created."""
        found: set[str] = set()
        pending = [name]
        while pending:
            for dependency in self.dependencies[pending.pop()] - found:
                found.add(dependency)
                pending.append(dependency)
        return found


def resolve(template: dict[str, Any], deployment: Deployment) -> Resolved:
    """Evaluates a transformed template."""
    return _Resolver(template, deployment).resolve()


class _Resolver:
    def __init__(self, template: dict[str, Any], deployment: Deployment) -> None:
        self._template = template
        self._pseudo: dict[str, Any] = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": deployment.region,
            "AWS::StackId": f"arn:aws:cloudformation:{deployment.region}:{ACCOUNT}:stack/{deployment.stack}/1",
            "AWS::StackName": deployment.stack,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": _NO_VALUE,
        }
        self._parameters = {
            name: _value(parameter, deployment.parameters.get(name, parameter.get("Default", "")))
            for name, parameter in template.get("Parameters", {}).items()
        }
        self._conditions: dict[str, bool] = {}
        self._dependencies: dict[str, set[str]] = defaultdict(set)
        self._findings: list[Finding] = []
        self._current = ""
        self._ids: dict[str, str] = {}

    def resolve(self) -> Resolved:
        self._current = "Conditions"
        for name in self._template.get("Conditions", {}):
            self._condition(name)
        included = {
            name: resource
            for name, resource in self._template["Resources"].items()
            if "Condition" not in resource or self._condition(resource["Condition"])
        }
        for name, resource in included.items():
            self._ids[name] = self._physical_name(name, resource)
        resources = {}
        for name, resource in included.items():
            self._current = name
            properties = self._evaluate(resource.get("Properties", {}))
            resources[name] = Resource(resource["Type"], properties)
            for dependency in as_list(resource.get("DependsOn")):
                # A resource that the deployment does not have is not waited for.
                if dependency in included:
                    self._dependencies[name].add(dependency)
        for name, output in self._template.get("Outputs", {}).items():
            self._current = "Outputs"
            if "Condition" not in output or self._condition(output["Condition"]):
                self._evaluate(output)
        arns = {self._arn(name): name for name in included if included[name]["Type"] in _ARNS}
        region = self._pseudo["AWS::Region"]
        return Resolved(resources, self._conditions, self._dependencies, self._findings, arns, region)

    def _condition(self, name: str) -> bool:
        if name not in self._conditions:
            self._conditions[name] = self._test(self._template["Conditions"][name])
        return self._conditions[name]

    def _test(self, expression: dict[str, Any]) -> bool:
        [(function, argument)] = expression.items()
        match function:
            case "Fn::Equals":
                left, right = (self._evaluate(side) for side in argument)
                return str(left) == str(right)
            case "Fn::Not":
                return not self._test(argument[0])
            case "Fn::And":
                return all(self._test(part) for part in argument)
            case "Fn::Or":
                return any(self._test(part) for part in argument)
            case "Condition":
                return self._condition(argument)
        raise ValueError(f"unknown condition function {function}")

    def _evaluate(self, value: Any) -> Any:
        if isinstance(value, list):
            items = [self._evaluate(item) for item in value]
            return [item for item in items if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function in ("Ref", "Fn::GetAtt") or function.startswith("Fn::"):
                return self._function(function, argument)
        members = {key: self._evaluate(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member is not _NO_VALUE}

    def _function(self, function: str, argument: Any) -> Any:
        match function:
            case "Ref":
                return self._ref(argument)
            case "Fn::GetAtt":
                name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
                return self._attribute(name, attribute)
            case "Fn::If":
                condition, yes, no = argument
                return self._evaluate(yes if self._condition(condition) else no)
            case "Fn::Sub":
                text, variables = argument if isinstance(argument, list) else (argument, {})
                return self._substitute(text, {key: self._evaluate(value) for key, value in variables.items()})
            case "Fn::Join":
                separator, parts = argument
                return separator.join(str(part) for part in self._evaluate(parts))
            case "Fn::Split":
                separator, text = argument
                return str(self._evaluate(text)).split(separator)
            case "Fn::Select":
                index, choices = argument
                return self._evaluate(choices)[int(self._evaluate(index))]
        raise ValueError(f"unknown intrinsic function {function}")

    def _ref(self, name: str) -> Any:
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters[name]
        if not self._depend(name):
            return name
        return self._arn(name) if self._type(name) in _REF_IS_ARN else self._ids[name]

    def _attribute(self, name: str, attribute: str) -> str:
        if not self._depend(name):
            return f"{name}.{attribute}"
        if attribute == "StreamArn":
            return f"{self._arn(name)}/stream/2026-01-01T00:00:00.000"
        if attribute in ("Arn", "FunctionArn", "TopicArn") and self._type(name) in _ARNS:
            return self._arn(name)
        if attribute == "FunctionUrl":
            return f"https://{self._ids[name].lower()}.lambda-url.{self._pseudo['AWS::Region']}.on.aws/"
        if attribute.endswith("Name") and f"{attribute}" in PHYSICAL_NAMES.get(self._type(name), ()):
            return self._ids[name]
        return f"{name}.{attribute}"

    def _depend(self, name: str) -> bool:
        """Records that the current resource refers to another one. Returns whether that one exists."""
        if name in self._ids:
            self._dependencies[self._current].add(name)
            return True
        # `graph` reports names that are nowhere in the template.
        if name in self._template["Resources"]:
            self._findings.append(Finding(self._current, f"refers to {name}, which this deployment does not have"))
        return False

    def _substitute(self, text: str, variables: dict[str, Any]) -> str:
        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                return str(variables[name])
            return str(self._attribute(*name.split(".", 1)) if "." in name else self._ref(name))

        return _VARIABLE.sub(replace, text)

    def _type(self, name: str) -> str:
        return self._template["Resources"][name]["Type"]

    def _physical_name(self, name: str, resource: dict[str, Any]) -> str:
        value = stated_name(resource["Type"], resource.get("Properties", {}))
        if value:
            self._current = name
            value = self._evaluate(value)
        return value if isinstance(value, str) else f"{self._pseudo['AWS::StackName']}-{name}-ABCDEFGHIJKL"

    def _arn(self, name: str) -> str:
        form = _ARNS[self._type(name)]
        return form.format(region=self._pseudo["AWS::Region"], account=ACCOUNT, id=self._ids[name])


def _value(parameter: dict[str, Any], value: Any) -> Any:
    if parameter["Type"] == "Number":
        return int(value)
    if parameter["Type"] == "CommaDelimitedList" and isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return value
