"""Transforms the template as CloudFormation does: each `AWS::Serverless::*` resource becomes the resources of which it consists."""

from __future__ import annotations

from typing import Any

from boto3 import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

_CODE = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}
_UPLOADED = "s3://artifacts/code"
"""A location as `sam deploy` writes it after it has uploaded the code."""


def parse(template: str) -> dict[str, Any]:
    """Parses a template. Intrinsic functions have their long form in the result."""
    return yaml_parse(template)


def transformed(template: dict[str, Any]) -> dict[str, Any]:
    """Returns the CloudFormation template that the transform makes of a template with uploaded code."""
    for resource in template["Resources"].values():
        if member := _CODE.get(resource["Type"]):
            resource["Properties"][member] = _UPLOADED
    # The parser replaces the parameters that decide what the transform writes by their defaults.
    session = Session(region_name="us-east-1")
    return Translator({}, Parser(), boto_session=session).translate(template, {})
