"""Compares requests to AWS with the models of its services, which botocore ships.

An emulator ignores what it does not know: a parameter that AWS does not have, a value that it does not accept, or a member that it
requires. `examine` names each of them. It understands the two protocols that the adapters use: JSON (DynamoDB, SQS, KMS, Secrets
Manager, EventBridge) and REST-XML (S3, CloudFront).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, ServiceModel, Shape
from defusedxml.ElementTree import fromstring

_PROTOCOL_HEADERS = {
    "accept", "accept-encoding", "amz-sdk-invocation-id", "amz-sdk-request", "authorization", "connection",
    "content-encoding", "content-length", "content-type", "expect", "host", "te", "transfer-encoding", "user-agent",
    "x-amz-api-version", "x-amz-content-sha256", "x-amz-date", "x-amz-decoded-content-length", "x-amz-security-token",
    "x-amz-target", "x-amz-trailer", "x-amz-user-agent", "x-amzn-query-mode", "x-amzn-trace-id",
}  # fmt: skip
"""Headers of HTTP, of signatures (Signature Version 4) and of the protocols. No model lists them."""

_PROTOCOL_QUERY = {
    "x-id", "X-Amz-Algorithm", "X-Amz-Content-Sha256", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
    "X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-SignedHeaders",
}  # fmt: skip
"""The operation's name, which SDKs add, and the signature of a presigned URL."""


@dataclass(frozen=True)
class Request:
    """A request, with the name of the service for which it is signed."""

    service: str
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    """The names are in lower case."""
    body: bytes = b""


def examine(request: Request) -> tuple[str, list[str]]:
    """Returns service and operation of a request, such as `s3:PutObject`, and names what the service does not know or lacks in it."""
    operation = _operation(request)
    if not operation:
        return f"{request.service}:?", [
            f"{request.service}: {request.method} {request.target.split('?')[0]} is no operation"
        ]
    shape = operation.input_shape
    if _model(request.service).metadata["protocol"] == "json":
        found = _json_body(shape, request.body)
        found += [f"the header {name} is unknown" for name in request.headers if name not in _PROTOCOL_HEADERS]
    else:
        found = _rest(operation, request)
    name = f"{request.service}:{operation.name}"
    return name, [f"{name}: {text}" for text in found]


@cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def _operation(request: Request) -> OperationModel | None:
    try:
        model = _model(request.service)
    except UnknownServiceError:
        return None
    if model.metadata["protocol"] == "json":
        prefix, _, name = request.headers.get("x-amz-target", "").partition(".")
        known = prefix == model.metadata["targetPrefix"] and name in model.operation_names
        return model.operation_model(name) if known else None
    return _rest_operation(model, request)


def _rest_operation(model: ServiceModel, request: Request) -> OperationModel | None:
    """The operation with the most required parts among those whose method, path and required parts the request has."""
    url = urlsplit(request.target)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    best: tuple[int, OperationModel | None] = (-1, None)
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, fixed = operation.http["requestUri"].partition("?")
        if operation.http["method"] != request.method or not _path(path).fullmatch(url.path):
            continue
        wanted = [query.get(key) == value for key, value in parse_qsl(fixed, keep_blank_values=True)]
        shape = operation.input_shape
        for member in shape.required_members if shape else ():
            location, key = _place(shape, member)
            if location == "querystring":
                wanted.append(key in query)
            elif location == "header":
                wanted.append(key.lower() in request.headers)
        # A name of the operation that the SDK adds decides between operations with the same parts.
        score = 2 * len(wanted) + (query.get("x-id") == name)
        if all(wanted) and score > best[0]:
            best = (score, operation)
    return best[1]


@cache
def _path(form: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\+?\})", form)
    expressions = {True: "[^/]+", False: ".+"}
    return re.compile("".join(expressions["+" not in p] if p.startswith("{") else re.escape(p) for p in parts) + "/?")


def _place(shape: Shape, member: str) -> tuple[str, str]:
    serialization = shape.members[member].serialization
    return serialization.get("location", "body"), serialization.get("name", member)


def _rest(operation: OperationModel, request: Request) -> list[str]:
    shape = operation.input_shape
    fixed = dict(parse_qsl(operation.http["requestUri"].partition("?")[2], keep_blank_values=True))
    values: dict[tuple[str, str], Shape] = {}
    prefixes = []
    for member in shape.members:
        location, name = _place(shape, member)
        values[location, name.lower() if location == "header" else name] = shape.members[member]
        if location == "headers":
            prefixes.append(name.lower())
    checksum = (operation.http_checksum or {}).get("requestAlgorithmMember")
    checksums = {
        f"x-amz-checksum-{algorithm.lower()}" for algorithm in (shape.members[checksum].enum if checksum else ())
    }
    found = []
    for name, value in parse_qsl(urlsplit(request.target).query, keep_blank_values=True):
        if member := values.get(("querystring", name)):
            found += _text(member, value, name)
        elif name not in fixed and name not in _PROTOCOL_QUERY:
            found.append(f"the parameter {name} is unknown")
    for name, value in request.headers.items():
        if member := values.get(("header", name)):
            found += _text(member, value, name)
        elif name not in _PROTOCOL_HEADERS | checksums and not name.startswith(tuple(prefixes)):
            found.append(f"the header {name} is unknown")
    if payload := shape.serialization.get("payload"):
        member = shape.members[payload]
        if member.type_name == "structure" and (request.body or payload in shape.required_members):
            found += _xml_body(member, request.body)
    return found


def _xml_body(shape: Shape, body: bytes) -> list[str]:
    try:
        root = fromstring(body)
    except ParseError as error:
        return [f"the body is no XML: {error}"]
    expected = shape.serialization.get("name", shape.name)
    if _local(root) != expected:
        return [f"the body is {_local(root)}, not {expected}"]
    return list(_xml(shape, root, _local(root)))


def _xml(shape: Shape, element: Element, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        names = {s.serialization.get("name", name): (name, s) for name, s in shape.members.items()}
        for child in element:
            if _local(child) not in names:
                yield f"{path} has no member {_local(child)}"
                continue
            _, member = names[_local(child)]
            flat = member.type_name == "list" and member.serialization.get("flattened")
            yield from _xml(member.member if flat else member, child, f"{path}.{_local(child)}")
        present = {names[_local(child)][0] for child in element if _local(child) in names}
        yield from (f"{path} lacks {name}" for name in shape.required_members if name not in present)
    elif shape.type_name == "list":
        item = shape.member.serialization.get("name", "member")
        for child in element:
            if _local(child) != item:
                yield f"{path} has no member {_local(child)}"
            else:
                yield from _xml(shape.member, child, f"{path}.{item}")
    else:
        yield from _text(shape, element.text or "", path)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(shape: Shape, value: str, path: str) -> Iterator[str]:
    """Checks the text of a header, of a query parameter or of an XML element."""
    if shape.type_name in ("integer", "long") and not re.fullmatch(r"-?\d+", value):
        yield f"{path} is {value!r}, not a number"
    elif shape.type_name == "boolean" and value not in ("true", "false"):
        yield f"{path} is {value!r}, not a boolean"
    elif shape.type_name == "string":
        yield from _string(shape, unquote(value), path)


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    if (allowed := getattr(shape, "enum", None)) and value not in allowed:
        yield f"{path} is {value!r}, not one of {', '.join(allowed)}"
    yield from _length(shape, len(value), path)


def _json_body(shape: Shape | None, body: bytes) -> list[str]:
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        return [f"the body is no JSON: {error}"]
    return list(_json(shape, value, "body")) if shape else []


def _json(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if not isinstance(value, _JSON_TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{path} is {type(value).__name__}, not {kind}"
    elif kind == "structure":
        names = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        for name, item in value.items():
            if name in names:
                yield from _json(names[name][1], item, f"{path}.{name}")
            else:
                yield f"{path} has no member {name}"
        present = {names[name][0] for name in value if name in names}
        yield from (f"{path} lacks {name}" for name in shape.required_members if name not in present)
    elif kind == "list":
        yield from _length(shape, len(value), path)
        for item in value:
            yield from _json(shape.member, item, f"{path}[]")
    elif kind == "map":
        for key, item in value.items():
            yield from _json(shape.key, key, f"{path} key")
            yield from _json(shape.value, item, f"{path}[{key}]")
    elif kind == "string":
        yield from _string(shape, value, path)
    elif kind == "blob":
        yield from _blob(shape, value, path)
    elif kind in ("integer", "long"):
        yield from _length(shape, value, path)


def _blob(shape: Shape, value: str, path: str) -> Iterator[str]:
    try:
        yield from _length(shape, len(base64.b64decode(value, validate=True)), path)
    except binascii.Error:
        yield f"{path} is not base64"


_JSON_TYPES: dict[str, Any] = {
    "blob": str, "boolean": bool, "double": (int, float), "float": (int, float), "integer": int, "list": list,
    "long": int, "map": dict, "string": str, "structure": dict, "timestamp": (int, float),
}  # fmt: skip


def _length(shape: Shape, length: int, path: str) -> Iterator[str]:
    """Checks the length of a text or list, or the value of a number."""
    least, greatest = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and length < least) or (greatest is not None and length > greatest):
        yield f"{path} has {length}, not from {least} to {greatest}"
