"""Proves that the files of each crate import downwards only: no circle of modules.

cargo-modules resolves names as the compiler does, re-exports included, and draws the modules of a crate and what each uses;
`graphlib` looks for circles. A `mod.rs` that re-exports its children uses them, so a child takes nothing from it.
"""

from __future__ import annotations

import graphlib
import json
import re
import subprocess
import sys

from infra.local.tools import ROOT, cargo_program

_MODULES_ONLY = ("--no-fns", "--no-traits", "--no-types", "--no-owns", "--no-externs", "--no-sysroot")
_EDGE = re.compile(r'^ *"([^"]+)" -> "([^"]+)"', re.MULTILINE)


def main() -> int:
    """Prints every crate's first circle and answers 1 when there is one."""
    faults = [fault for package, target in _targets() if (fault := _circle(package, target))]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _targets() -> list[tuple[str, list[str]]]:
    """Packages, and the option that selects each library and executable of several files."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)["packages"]
    selected = {"lib": lambda _: ["--lib"], "bin": lambda name: ["--bin", name]}
    return [
        (package["name"], selected[target["kind"][0]](target["name"]))
        for package in packages
        for target in package["targets"]
        if target["kind"][0] in selected and _has_modules(target["src_path"])
    ]


def _has_modules(root: str) -> bool:
    with open(root) as file:
        return re.search(r"^(pub(\(\w+\))? )?mod \w+;", file.read(), re.MULTILINE) is not None


def _circle(package: str, target: list[str]) -> str | None:
    command = [cargo_program("cargo-modules"), "dependencies", "--package", package, *target, *_MODULES_ONLY]
    drawn = subprocess.run(
        [*command, "--all-features", "--layout", "dot"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    edges = _EDGE.findall(drawn.stdout)
    if drawn.returncode != 0 or not edges:
        return f"{package}: cargo-modules drew nothing: {drawn.stderr.strip()}"
    graph: dict[str, set[str]] = {}
    for user, used in edges:
        graph.setdefault(user, set()).add(used)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as circle:
        return f"{package}: these modules use one another: {' <- '.join(circle.args[1])}"
    return None


if __name__ == "__main__":
    sys.exit(main())
