"""Checks a template: prints each fault, and returns 1 if there is one."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.local import tools

_NOT_LINTED = ("W3037",)
"""Actions of policies. `permissions` checks them, and knows the ones that only the emulator has."""


def main(arguments: list[str]) -> int:
    """Checks the template, and its schemas with cfn-lint."""
    tools.run_inside("emulator", __package__, arguments)
    from infra.local.artifacts import TEMPLATE

    from .check import check
    from .transform import parse, transformed

    template = Path(arguments[0]) if arguments else TEMPLATE
    document = transformed(parse(template.read_text()))
    faults = [str(finding) for finding in check(document)] + lint(document)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def lint(document: dict) -> list[str]:
    """The findings of cfn-lint about the transformed template."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "transformed.json"
        file.write_text(json.dumps(document))
        command = [tools.program("sam", "cfn-lint"), "--format", "parseable", "--ignore-checks", *_NOT_LINTED, "--"]
        done = subprocess.run([*command, file], capture_output=True, text=True, check=False)
    return [line.split(":", 1)[1] for line in done.stdout.splitlines()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
