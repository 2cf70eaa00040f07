"""The shell variables of a stack: `eval "$(make -s env)"` connects `vpp`, `curl` and the AWS CLI to it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from .instance import Instance
from .tools import ROOT


def exports(instance: Instance) -> list[str]:
    """Writes the operator token to a private file and returns one `export` line per variable, quoted for a POSIX shell."""
    variables = {
        "VPP_API": instance.outputs()["ApiUrl"].rstrip("/"),
        "VPP_TOKEN_FILE": str(_token_file(instance)),
        "UPLOADS_BUCKET": instance.outputs()["UploadsBucket"],
        **{name: value for name, value in instance.environment().items() if value != os.devnull},
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    executables = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "release"
    return [*lines, f'export PATH={shlex.quote(str(executables))}:"$PATH"']


def _token_file(instance: Instance) -> Path:
    path = instance.folder / "operator-token"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(instance.token())
    return path
