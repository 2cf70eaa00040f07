"""Puts the template on an instance with `sam deploy`, and remembers what it put there.

A deployment is known by the digest of everything that goes into it: the template, the executables, the parameters, and
the start of the emulator that holds it. When nothing of that changed there is nothing to do.
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
from .console import Stop, step
from .instance import STACK, Instance
from .tools import exclusive, program

ARTIFACTS_BUCKET = f"{STACK}-artifacts"


def deploy(instance: Instance, overrides: dict[str, str] | None = None) -> None:
    """Builds what changed and deploys it. `overrides` are parameters of the template."""
    emulated = not instance.foreign or _is_ministack(instance.foreign)
    parameters = {
        "EmulatedCdnHost": _cdn_host(instance, emulated),
        **(overrides or {}),
    }
    with exclusive("build"):
        template = artifacts.build(portable=not emulated)
        digest = _digest(template, parameters, emulator.boot(instance))
        if instance.read("deployment.json").get("digest") == digest:
            return
        with exclusive(f"deploy-{instance.name}"), step("deploying the template"):
            _make_bucket(instance)
            _sam_deploy(instance, template, parameters)
            if emulated:
                _allow_other_origins(instance)
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
        raise Stop(f"the deployment failed:\n{_reasons(instance) or done.stdout.strip()}")


def _allow_other_origins(instance: Instance) -> None:
    """MiniStack keeps an API's CORS settings from a template by names that it does not read again: they are set once more."""
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


def _reasons(instance: Instance) -> str:
    """Why resources failed, in the words of the stack's events."""
    try:
        events = instance.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    except ClientError:
        return ""
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    return "\n".join(f"  {e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}" for e in reversed(failed))


def _outputs(instance: Instance) -> dict[str, str]:
    stack = instance.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _make_bucket(instance: Instance) -> None:
    """The bucket that takes the executables on their way to the functions."""
    s3: Any = instance.client("s3")
    try:
        s3.head_bucket(Bucket=ARTIFACTS_BUCKET)
    except ClientError:
        s3.create_bucket(Bucket=ARTIFACTS_BUCKET)


def _digest(template: Path, parameters: dict[str, str], boot: str) -> str:
    digest = hashlib.sha256(f"{boot}\n{sorted(parameters.items())}\n".encode())
    folder = template.parent
    executables = sorted([*folder.glob("lambda/*/bootstrap"), *folder.glob("layers/*/bin/*")])
    for file in [template, *executables]:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _cdn_host(instance: Instance, ministack: bool) -> str:
    """The host and port below which the emulator serves distributions."""
    port = urlsplit(instance.endpoint).port or 80
    domain = "cloudfront.localhost" if ministack else "cloudfront.localhost.localstack.cloud"
    return f"{domain}:{port}"


def _is_ministack(endpoint: str) -> bool:
    """Whether the endpoint runs executables natively, as MiniStack does, rather than in containers."""
    parts = urlsplit(endpoint)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=10)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException) as failure:
        raise Stop(f"nothing answers at {endpoint}: {failure}") from failure
    finally:
        connection.close()
