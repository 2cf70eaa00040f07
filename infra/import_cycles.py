"""Checks that no modules of a crate import each other in a cycle.

cargo-modules resolves names as the compiler does, through re-exports, and prints the graph of a crate's modules; `graphlib`
finds cycles in it. A `mod.rs` that re-exports its children depends on them, so they must not import from it.
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
_NODE = re.compile(r"\[label=")


def main() -> int:
    """Prints the first cycle of each crate and returns 1 if there is one."""
    faults = [fault for package, target in _targets() if (fault := _cycle(package, target))]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _targets() -> list[tuple[str, list[str]]]:
    """Returns the packages with an option for each library and executable that has several files."""
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


def _cycle(package: str, target: list[str]) -> str | None:
    command = [cargo_program("cargo-modules"), "dependencies", "--package", package, *target, *_MODULES_ONLY]
    drawn = subprocess.run(
        [*command, "--all-features", "--layout", "dot"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    edges = _EDGE.findall(drawn.stdout)
    # A crate whose modules do not import one another has nodes and no edges.
    if drawn.returncode != 0 or not _NODE.search(drawn.stdout):
        return f"{package}: cargo-modules printed no graph: {drawn.stderr.strip()}"
    graph: dict[str, set[str]] = {}
    for user, used in edges:
        graph.setdefault(user, set()).add(used)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as cycle:
        return f"{package}: import cycle: {' <- '.join(cycle.args[1])}"
    return None


if __name__ == "__main__":
    sys.exit(main())
