"""Deploys the template to an instance with `sam deploy`, unless the same version is already deployed.

A version is identified by the digest of the template, the executables, the parameters, and the start of the emulator.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from . import artifacts, emulator
from .instance import STACK, Instance
from .terminal import CommandError, step
from .tools import exclusive, program

ARTIFACTS_BUCKET = f"{STACK}-artifacts"


def deploy(instance: Instance, overrides: dict[str, str] | None = None) -> None:
    """Builds and deploys the template. `overrides` are template parameters."""
    is_ministack = not instance.external_endpoint or _is_ministack(instance.external_endpoint)
    parameters = {
        "EmulatedCdnHost": _cdn_host(instance, is_ministack),
        **(overrides or {}),
    }
    with exclusive("build"):
        template = artifacts.build(portable=not is_ministack)
        digest = _digest(template, parameters, emulator.boot_id(instance))
        if instance.read("deployment.json").get("digest") == digest:
            return
        with exclusive(f"deploy-{instance.name}"), step("deploying the template"):
            _create_artifacts_bucket(instance)
            _sam_deploy(instance, template, parameters)
            if is_ministack:
                _configure_cors(instance)
            instance.write("deployment.json", {"digest": digest, "outputs": _outputs(instance)})


def _sam_deploy(instance: Instance, template: Path, parameters: dict[str, str]) -> None:
    home = instance.folder / "home"
    home.mkdir(exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [
            program("sam", "sam"), "deploy",
            "--template-file", template,
            "--stack-name", STACK,
            "--s3-bucket", ARTIFACTS_BUCKET,
            "--capabilities", "CAPABILITY_IAM",
            "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar",
            "--parameter-overrides", *(f"{name}={value}" for name, value in sorted(parameters.items())),
        ],
        cwd=home,
        env={**inherited, **instance.environment(), "HOME": str(home), "SAM_CLI_TELEMETRY": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )  # fmt: skip
    (instance.folder / "deploy.log").write_text(done.stdout)
    if done.returncode != 0:
        raise CommandError(f"the deployment failed:\n{_failure_reasons(instance) or done.stdout.strip()}")


def _configure_cors(instance: Instance) -> None:
    """Sets the API's CORS configuration. MiniStack stores that of the template under names that it does not read."""
    client = instance.client("apigatewayv2")
    api = (urlsplit(_outputs(instance)["ApiUrl"]).hostname or "").split(".")[0]
    client.update_api(
        ApiId=api,
        CorsConfiguration={
            "AllowOrigins": ["*"],
            "AllowMethods": ["GET", "POST", "DELETE"],
            "AllowHeaders": ["authorization", "content-type", "idempotency-key"],
            "ExposeHeaders": ["location", "retry-after", "www-authenticate"],
            "MaxAge": 86400,
        },
    )


def _failure_reasons(instance: Instance) -> str:
    """The reasons of the failed resources, from the stack's events."""
    try:
        events = instance.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    except ClientError:
        return ""
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return "\n".join(f"  {e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}" for e in reversed(failed))


def _outputs(instance: Instance) -> dict[str, str]:
    stack = instance.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _create_artifacts_bucket(instance: Instance) -> None:
    """Creates the bucket for the deployment artifacts."""
    s3: Any = instance.client("s3")
    try:
        s3.head_bucket(Bucket=ARTIFACTS_BUCKET)
    except ClientError:
        s3.create_bucket(Bucket=ARTIFACTS_BUCKET)


def _digest(template: Path, parameters: dict[str, str], boot_id: str) -> str:
    digest = hashlib.sha256(f"{boot_id}\n{sorted(parameters.items())}\n".encode())
    folder = template.parent
    executables = sorted([*folder.glob("lambda/*/bootstrap"), *folder.glob("layers/*/bin/*")])
    for file in [template, *executables]:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _cdn_host(instance: Instance, is_ministack: bool) -> str:
    """The host and port under which the emulator serves distributions."""
    port = urlsplit(instance.endpoint).port or 80
    domain = "cloudfront.localhost" if is_ministack else "cloudfront.localhost.localstack.cloud"
    return f"{domain}:{port}"


def _is_ministack(endpoint: str) -> bool:
    """Whether the endpoint is MiniStack, which runs executables natively and not in containers."""
    parts = urlsplit(endpoint)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=10)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException) as failure:
        raise CommandError(f"{endpoint} does not respond: {failure}") from failure
    finally:
        connection.close()
