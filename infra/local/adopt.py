"""Creates a stack again over the data that a deleted stack has left: `make adopt`, then `make deploy`.

CloudFormation retains the buckets and the table of a deleted stack. A new stack of the same name would create them again, and
fail because the names of the buckets are taken. So they are imported first (change set of the type IMPORT), with a template that
has nothing else; the deployment that follows is an update, which adds the rest.
"""

from __future__ import annotations

from typing import Any

import yaml
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from . import artifacts
from .terminal import CommandError, log

RETAINED = ("UploadsBucket", "WorkBucket", "OutputBucket", "Table")
"""What a stack retains, except for the key, which the parameter ContentKeysKeyArn names."""

_REFERENCES = {"UploadsBucket": ("NotificationConfiguration",)}
"""The properties that refer to other resources. The deployment that follows sets them."""


def template(source: str) -> str:
    """Returns the template of the import: the retained resources, without anything that refers to another resource."""
    document = yaml.compose(source)
    document.value = [
        (key, value) for key, value in document.value if key.value not in ("Transform", "Globals", "Outputs")
    ]
    resources = next(value for key, value in document.value if key.value == "Resources")
    resources.value = [(key, value) for key, value in resources.value if key.value in RETAINED]
    for key, resource in resources.value:
        resource.value = [(name, value) for name, value in resource.value if name.value != "DependsOn"]
        properties = next(value for name, value in resource.value if name.value == "Properties")
        left_out = _REFERENCES.get(key.value, ())
        properties.value = [(name, value) for name, value in properties.value if name.value not in left_out]
    return yaml.serialize(document)


def run(client: Any, stack: str, table: str) -> int:
    """Imports the buckets and the table called `table` into a new stack. `client` creates a client of a service."""
    try:
        _import(client, stack, table)
    except (BotoCoreError, ClientError, WaiterError) as failure:
        raise CommandError(f"the import failed: {failure}") from failure
    log(f"  imported into the stack {stack}; now deploy it, with ContentKeysKeyArn as the key of the deleted stack")
    return 0


def _import(client: Any, stack: str, table: str) -> None:
    cloudformation = client("cloudformation")
    account, region = client("sts").get_caller_identity()["Account"], cloudformation.meta.region_name
    identifiers = {
        f"{kind.title()}Bucket": ("AWS::S3::Bucket", {"BucketName": f"{stack}-{kind}-{account}-{region}"})
        for kind in ("uploads", "work", "output")
    } | {"Table": ("AWS::DynamoDB::Table", {"TableName": table})}
    cloudformation.create_change_set(
        StackName=stack,
        ChangeSetName="adopt",
        ChangeSetType="IMPORT",
        TemplateBody=template(artifacts.TEMPLATE.read_text()),
        ResourcesToImport=[
            {"LogicalResourceId": name, "ResourceType": kind, "ResourceIdentifier": identifier}
            for name, (kind, identifier) in identifiers.items()
        ],
    )
    cloudformation.get_waiter("change_set_create_complete").wait(StackName=stack, ChangeSetName="adopt")
    cloudformation.execute_change_set(StackName=stack, ChangeSetName="adopt")
    cloudformation.get_waiter("stack_import_complete").wait(StackName=stack)
