"""Builds the platform and deploys it to an AWS account: `make deploy`.

`samconfig.toml` stores the answers of `sam deploy --guided`, and each deployment suggests them again. `--parameter-overrides`
on the command line would replace all of them, so that Enter at each prompt would reset every other parameter to the template's
default; the options here never contain it for `sam deploy`.

The architecture is that of the stored answers. The built template accepts only the architecture of its executables, so a
different answer at the prompt fails before CloudFormation changes anything; it is built and deployed in a second attempt.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import tomlkit
import yaml

from infra.local.artifacts import member

_PARAMETER = "Architecture"
_SECTION = ("default", "deploy", "parameters")
_ANSWER = re.compile(rf"(?<!\S){_PARAMETER}=(\"?)(\w+)\1(?!\S)")
"""The answer within `parameter_overrides`, as `sam deploy --guided` writes it."""


def main(arguments: list[str]) -> int:
    """Builds and deploys the template of a folder, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.account_deploy", description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="", help="store this architecture as the answer first")
    parser.add_argument("--folder", type=Path, default=Path.cwd(), help="folder of template.yaml and samconfig.toml")
    options = parser.parse_args(arguments)
    if options.architecture:
        _store(options.folder, options.architecture)
    built = _stored(options.folder)
    code = _build_and_deploy(options.folder, built, ["--guided"])
    answered = _stored(options.folder)
    if answered == built:
        return code
    print(f"{_PARAMETER} is now {answered}: building it", file=sys.stderr)
    return _build_and_deploy(options.folder, answered, [])


def _build_and_deploy(folder: Path, architecture: str, options: list[str]) -> int:
    environment = {**os.environ, "ARCHITECTURE": architecture}
    build = ["sam", "build", "--parameter-overrides", f"{_PARAMETER}={architecture}"]
    code = subprocess.run(build, cwd=folder, env=environment, check=False).returncode
    if code != 0:
        return code
    _accept_only(folder / ".aws-sam" / "build" / "template.yaml", architecture)
    return subprocess.run(["sam", "deploy", *options], cwd=folder, env=environment, check=False).returncode


def _accept_only(template: Path, architecture: str) -> None:
    """Restricts the parameter to one value. Editing YAML nodes preserves the intrinsic functions."""
    document = yaml.compose(template.read_text())
    parameter = member(member(document, "Parameters"), _PARAMETER)
    member(parameter, "Default").value = architecture
    allowed = member(parameter, "AllowedValues")
    allowed.value = [value for value in allowed.value if value.value == architecture]
    template.write_text(yaml.serialize(document))


def _stored(folder: Path) -> str:
    """The stored answer, or else the template's default."""
    answer = _ANSWER.search(_overrides(_configuration(folder)))
    if answer:
        return answer[2]
    document = yaml.compose((folder / "template.yaml").read_text())
    return member(member(member(document, "Parameters"), _PARAMETER), "Default").value


def _store(folder: Path, architecture: str) -> None:
    """Replaces the stored answer; the answers of other parameters remain."""
    document = _configuration(folder)
    overrides, answer = _overrides(document), f'{_PARAMETER}="{architecture}"'
    changed, found = _ANSWER.subn(lambda _: answer, overrides)
    _section(document)["parameter_overrides"] = changed if found else f"{overrides} {answer}".strip()
    (folder / "samconfig.toml").write_text(tomlkit.dumps(document))


def _configuration(folder: Path) -> tomlkit.TOMLDocument:
    return tomlkit.parse((folder / "samconfig.toml").read_text())


def _section(document: tomlkit.TOMLDocument) -> dict:
    section = document
    for name in _SECTION:
        section = section[name]
    return section


def _overrides(document: tomlkit.TOMLDocument) -> str:
    """The stored answers. `parameter_overrides` can also be a list."""
    overrides = _section(document).get("parameter_overrides", "")
    return str(overrides) if isinstance(overrides, str) else " ".join(overrides)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
