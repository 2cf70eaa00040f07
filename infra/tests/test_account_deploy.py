"""`make deploy`, with the prompts of the pinned SAM CLI and without an account."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from infra.local.tools import ROOT, program

_TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Architecture: {Type: String, Default: x86_64, AllowedValues: [x86_64, arm64]}
  JwtIssuer: {Type: String, Default: ""}
  LogLevel: {Type: String, Default: info}
Resources:
  Topic: {Type: AWS::SNS::Topic}
"""
_CONFIGURATION = """\
version = 0.1
[default.deploy.parameters]
stack_name = "vpp"
capabilities = "CAPABILITY_IAM"
"""
_RECORD = """\
#!/bin/sh
echo "$*" >> calls
case "$1" in
  build) mkdir -p .aws-sam/build; cp template.yaml .aws-sam/build/; echo "built $ARCHITECTURE" >> calls;;
  deploy)
    grep AllowedValues .aws-sam/build/template.yaml >> calls
    if [ -f answer ]; then sed -i "s/Architecture=[^ ]*/$(cat answer)/" samconfig.toml; rm answer; exit 1; fi;;
esac
"""
"""Stands for `sam`: records its calls, and stores the Architecture that is in the file `answer`."""

_PROMPTS = """\
import sys
from unittest import mock
from samcli.commands.deploy.guided_context import GuidedContext
from samcli.cli.main import cli
context = mock.Mock(side_effect=SystemExit(0))
with mock.patch("samcli.commands.deploy.deploy_context.DeployContext", context), \\
     mock.patch("samcli.commands.deploy.guided_context.manage_stack", return_value="bucket"), \\
     mock.patch.object(GuidedContext, "prompt_image_repository", return_value={}), \\
     mock.patch("samcli.commands.package.package_context.PackageContext"):
    try:
        cli(sys.argv[1:])
    finally:
        print("DEPLOYED", context.call_args.kwargs["parameter_overrides"])
"""
"""Runs `sam` with a deployment that prints the parameters instead of sending them to AWS."""


class AccountDeploy(unittest.TestCase):
    """Deployments of a folder with a template and a configuration, by a recording `sam`."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "template.yaml").write_text(_TEMPLATE)
        (self.folder / "samconfig.toml").write_text(_CONFIGURATION)
        sam = self.folder / "programs" / "sam"
        sam.parent.mkdir()
        sam.write_text(_RECORD)
        sam.chmod(0o700)

    def _store(self, overrides: str) -> None:
        (self.folder / "samconfig.toml").write_text(f"{_CONFIGURATION}parameter_overrides = '{overrides}'\n")

    def _deploy(self, *options: str) -> list[str]:
        path = f"{self.folder / 'programs'}{os.pathsep}{os.environ['PATH']}"
        command = [program("sam", "python"), "-m", "infra.account_deploy", "--folder", str(self.folder), *options]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, check=True)
        return (self.folder / "calls").read_text().splitlines()

    def test_a_deployment_gives_sam_no_parameters_but_the_stored_ones(self) -> None:
        self._store('Architecture="arm64" JwtIssuer="https://issuer.example" LogLevel="debug"')
        calls = self._deploy()
        self.assertEqual(calls[:2], ["build --parameter-overrides Architecture=arm64", "built arm64"])
        self.assertEqual(calls[2], "deploy --guided")

    def test_an_architecture_on_the_command_line_is_stored_and_the_other_answers_remain(self) -> None:
        self._store('Architecture="x86_64" JwtIssuer="https://issuer.example" LogLevel="debug"')
        self.assertIn("built arm64", self._deploy("--architecture", "arm64"))
        stored = (self.folder / "samconfig.toml").read_text()
        for answer in ("arm64", "https://issuer.example", "debug"):
            self.assertIn(answer, stored)
        self.assertNotIn("x86_64", stored)

    def test_another_architecture_at_the_prompt_is_built_before_it_is_deployed(self) -> None:
        self._store('Architecture="x86_64" JwtIssuer="https://issuer.example"')
        (self.folder / "answer").write_text('Architecture="arm64"')
        calls = self._deploy()
        self.assertEqual([call for call in calls if "built" in call], ["built x86_64", "built arm64"])
        allowed = [call for call in calls if "AllowedValues" in call]
        self.assertEqual(["x86_64" in allowed[0], "arm64" in allowed[0]], [True, False])
        self.assertEqual(["x86_64" in allowed[1], "arm64" in allowed[1]], [False, True])
        self.assertEqual(calls[-2], "deploy")

    def test_make_deploys_in_this_way(self) -> None:
        shown = subprocess.run(["make", "-n", "deploy"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        self.assertIn("infra.account_deploy", shown)
        self.assertNotIn("parameter-overrides", shown)

    def test_enter_at_every_prompt_keeps_the_stored_answers(self) -> None:
        self._store('Architecture="arm64" JwtIssuer="https://issuer.example" LogLevel="debug"')
        command = [program("sam", "python"), "-c", _PROMPTS, "deploy", "--guided"]
        home = {**os.environ, "HOME": str(self.folder), "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
        done = subprocess.run(
            command, cwd=self.folder, env=home, input="\n" * 30, capture_output=True, text=True, check=False
        )
        deployed = [line for line in done.stdout.splitlines() if line.startswith("DEPLOYED")]
        self.assertEqual(len(deployed), 1, done.stdout + done.stderr)
        for answer in ("'arm64'", "'https://issuer.example'", "'debug'"):
            self.assertIn(answer, deployed[0])


if __name__ == "__main__":
    unittest.main()
