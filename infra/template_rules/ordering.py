"""What a resource needs when CloudFormation creates it, and what it needs when it first runs.

AWS checks some permissions when a resource is created: a function with active tracing, an event source mapping and a bucket
notification are refused if the permission is not there yet. CloudFormation orders resources by references only, so each such
permission must be in the role itself or in a resource that is created before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .finding import Finding
from .policies import matches, of_role, resource_statements
from .resolve import Resolved

_TRACING = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_LOGGING = ("logs:CreateLogStream", "logs:PutLogEvents")
_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
_SEND = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
}


def findings(resolved: Resolved) -> list[Finding]:
    """Names each resource that lacks a permission, or is created before it."""
    found: list[Finding] = []
    for rule in (
        _functions, _mappings, _destinations, _notifications, _routes, _rules, _subscriptions, _schedules, _origins,
    ):  # fmt: skip
        found += rule(resolved)
    return found


def _functions(resolved: Resolved) -> Iterator[Finding]:
    for name, function in resolved.of_type("AWS::Lambda::Function").items():
        if function.properties.get("TracingConfig", {}).get("Mode") == "Active":
            yield from _needs(resolved, name, name, _TRACING, "*")
        if group := function.properties.get("LoggingConfig", {}).get("LogGroup"):
            arn = next((arn for arn in resolved.arns if arn.endswith(f":log-group:{group}:*")), None)
            if arn:
                yield from _needs(resolved, name, name, _LOGGING, arn)
            else:
                yield Finding(name, f"logs to {group}, which the template does not create")


def _mappings(resolved: Resolved) -> Iterator[Finding]:
    for name, mapping in resolved.of_type("AWS::Lambda::EventSourceMapping").items():
        source = mapping.properties["EventSourceArn"]
        function = _function(resolved, mapping.properties["FunctionName"])
        if not function:
            yield Finding(name, "invokes a function that the template does not have")
        elif ":sqs:" in source:
            yield from _needs(resolved, name, function, _QUEUE, source)
            queue = resolved.resources[resolved.arns[source]].properties
            timeout = resolved.resources[function].properties.get("Timeout", 3)
            if queue.get("VisibilityTimeout", 30) < timeout:
                yield Finding(name, f"the queue hides messages for less than the function's timeout of {timeout} s")
        elif ":dynamodb:" in source:
            yield from _needs(resolved, name, function, _STREAM, source)
            yield from _needs(resolved, name, function, ("dynamodb:ListStreams",), "*")


def _destinations(resolved: Resolved) -> Iterator[Finding]:
    """An asynchronous invocation or a stream sends what failed with the function's role."""
    for name, source in resolved.of_type("AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping").items():
        function = _function(resolved, source.properties["FunctionName"])
        for destination in source.properties.get("DestinationConfig", {}).values():
            arn = destination["Destination"]
            if function:
                yield from _needs(resolved, name, function, (_SEND[arn.split(":")[2]],), arn)


def _notifications(resolved: Resolved) -> Iterator[Finding]:
    for name, bucket in resolved.of_type("AWS::S3::Bucket").items():
        arn = resolved.arn(name)
        notifications = bucket.properties.get("NotificationConfiguration", {})
        for notification in notifications.get("LambdaConfigurations", []):
            yield from _invocable(resolved, name, notification["Function"], "s3.amazonaws.com", arn, before=True)
        for notification in notifications.get("QueueConfigurations", []):
            yield from _sendable(resolved, name, notification["Queue"], "s3.amazonaws.com", before=True)


def _routes(resolved: Resolved) -> Iterator[Finding]:
    integrations = resolved.of_type("AWS::ApiGatewayV2::Integration")
    for name, route in resolved.of_type("AWS::ApiGatewayV2::Route").items():
        integration = route.properties["Target"].split("/", 1)[1]
        owner = next((key for key in integrations if f"-{key}-" in integration), None)
        if not owner:
            yield Finding(name, "has no integration of the template as its target")
            continue
        api, function = route.properties["ApiId"], integrations[owner].properties["IntegrationUri"]
        method, _, path = route.properties["RouteKey"].partition(" ")
        arn = f"{api}/$default/{method if method != 'ANY' else '*'}{path or '/$default'}"
        yield from _invocable(resolved, name, function, "apigateway.amazonaws.com", arn)


def _rules(resolved: Resolved) -> Iterator[Finding]:
    for name, rule in resolved.of_type("AWS::Events::Rule").items():
        targets = rule.properties.get("Targets", [])
        for arn in [*(target["Arn"] for target in targets), *_dead_letters(targets)]:
            if ":lambda:" in arn:
                yield from _invocable(resolved, name, arn, "events.amazonaws.com", "")
            elif ":sqs:" in arn:
                yield from _sendable(resolved, name, arn, "events.amazonaws.com")


def _subscriptions(resolved: Resolved) -> Iterator[Finding]:
    for name, subscription in resolved.of_type("AWS::SNS::Subscription").items():
        endpoint, protocol = subscription.properties.get("Endpoint"), subscription.properties["Protocol"]
        if protocol == "lambda":
            yield from _invocable(resolved, name, endpoint, "sns.amazonaws.com", subscription.properties["TopicArn"])
        elif protocol == "sqs":
            yield from _sendable(resolved, name, endpoint, "sns.amazonaws.com")


def _schedules(resolved: Resolved) -> Iterator[Finding]:
    for name, schedule in resolved.of_type("AWS::Scheduler::Schedule").items():
        target = schedule.properties["Target"]
        role = resolved.arns.get(target["RoleArn"])
        action = _SEND.get(target["Arn"].split(":")[2])
        if role and action and not any(s.allows(action, target["Arn"]) for s in of_role(resolved, role)):
            yield Finding(name, f"{role} does not allow {action} on the schedule's target")


def _origins(resolved: Resolved) -> Iterator[Finding]:
    """CloudFront reads a private bucket as the distribution, so the bucket's policy must name it."""
    for name, distribution in resolved.of_type("AWS::CloudFront::Distribution").items():
        for origin in distribution.properties["DistributionConfig"]["Origins"]:
            bucket = origin["DomainName"].split(".")[0]
            if "S3OriginConfig" not in origin or bucket not in resolved.resources:
                continue
            arn = resolved.arn(bucket)
            if "OriginAccessControlId" not in origin:
                yield Finding(name, f"reads {bucket} without an origin access control")
            statements = resource_statements(resolved, "AWS::S3::BucketPolicy")
            if not any(
                s.names_service("cloudfront.amazonaws.com") and s.allows("s3:GetObject", f"{arn}/x") for s in statements
            ):
                yield Finding(name, f"the policy of {bucket} does not allow CloudFront to read objects")


def _needs(resolved: Resolved, name: str, function: str, actions: tuple[str, ...], resource: str) -> Iterator[Finding]:
    """A function's role must allow actions before the resource `name` is created."""
    role = resolved.arns.get(resolved.resources[function].properties["Role"])
    if not role:
        return
    before = resolved.exist_before(name) | {name}
    for action in actions:
        carriers = {statement.carrier for statement in of_role(resolved, role) if statement.allows(action, resource)}
        if not carriers:
            yield Finding(name, f"{role} does not allow {action} on {resource}")
        elif not carriers & before:
            yield Finding(name, f"can be created before {carriers.pop()}, which allows {action}")


def _invocable(
    resolved: Resolved, name: str, function_arn: str, service: str, source: str, before: bool = False
) -> Iterator[Finding]:
    """A permission must let a service invoke a function."""
    function = resolved.arns.get(function_arn)
    permissions = {
        permission
        for permission, resource in resolved.of_type("AWS::Lambda::Permission").items()
        if function
        and resource.properties["Principal"] == service
        and _function(resolved, resource.properties["FunctionName"]) == function
        and matches(f"*{resource.properties.get('SourceArn', '*').split(':')[-1]}", source or "*")
    }
    if not permissions:
        yield Finding(name, f"no permission lets {service} invoke {function or function_arn}")
    elif before and not permissions & resolved.exist_before(name):
        yield Finding(name, f"can be created before {permissions.pop()}, which lets {service} invoke {function}")


def _sendable(resolved: Resolved, name: str, queue_arn: str, service: str, before: bool = False) -> Iterator[Finding]:
    """A queue's policy must let a service send messages."""
    carriers = {
        statement.carrier
        for statement in resource_statements(resolved, "AWS::SQS::QueuePolicy")
        if statement.names_service(service) and statement.allows("sqs:SendMessage", queue_arn)
    }
    if not carriers:
        yield Finding(name, f"no policy lets {service} send messages to {resolved.arns.get(queue_arn, queue_arn)}")
    elif before and not carriers & resolved.exist_before(name):
        yield Finding(name, f"can be created before {carriers.pop()}, which lets {service} send messages")


def _dead_letters(targets: list[dict[str, Any]]) -> list[str]:
    return [target["DeadLetterConfig"]["Arn"] for target in targets if "DeadLetterConfig" in target]


def _function(resolved: Resolved, reference: str) -> str | None:
    """The function with this name or ARN."""
    return next(
        (name for arn, name in resolved.arns.items() if arn == reference or arn.endswith(f":function:{reference}")),
        None,
    )
