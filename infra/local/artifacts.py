"""What is deployed: the functions' executables, the probe's layer, and the template that points to them.

`sam build` compiles every function by itself, against an older C library, for AWS. One machine needs neither: a single
`cargo build` compiles the SDK crates once for all functions, and the built template is the source template with its
`CodeUri` and `ContentUri` replaced, which is all that `sam build` does to it.

A foreign endpoint runs the functions in containers of provided.al2023, so for it the same executables are built with
`cargo lambda`, which links against the C library found there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from .console import Stop, step
from .tools import LOCAL, ROOT, program

TEMPLATE = ROOT / "template.yaml"
LAYERS = ROOT / "target" / "layers"
"""The layers, each a folder as AWS mounts it at /opt."""

LAYER = LAYERS / "bento4"
"""The probe's: `bin/mp4probe`."""

CONSOLE = LAYERS / "console" / "console"
"""The page's files, as the API's function serves them."""

PROBE = "mp4probe"


def functions() -> list[str]:
    """The functions, each a folder and an executable of the same name."""
    return sorted(folder.parent.name for folder in (ROOT / "functions").glob("*/Cargo.toml"))


def build(portable: bool = False) -> Path:
    """Builds everything and returns the template to deploy.

    `portable` executables run on provided.al2023; the others run on this machine.
    """
    if portable:
        return _build(LOCAL / "portable", _cargo_lambda())
    return _build(ROOT / "target", _cargo())


def _build(folder: Path, executables: Path) -> Path:
    for name in functions():
        _place(_built(executables, name), folder / "lambda" / name / "bootstrap")
    layer = folder / "layers" / "bento4"
    _place(_built(executables, PROBE), layer / "bin" / PROBE)
    _console(folder / "layers" / "console")
    template = folder / "template.yaml"
    template.write_text(point(TEMPLATE.read_text(), folder))
    return template


def _console(layer: Path) -> None:
    """The page, by the recipe that `sam build` uses."""
    command = ["make", "--silent", "--directory", str(ROOT / "layers" / "console"), "build-ConsoleLayer"]
    done = subprocess.run([*command, f"ARTIFACTS_DIR={layer}"], stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise Stop(f"the build failed: {' '.join(command)}")


def _cargo() -> Path:
    """Compiles for this machine, in the profile that the tests use too."""
    command = ["cargo", "build", "--release", "--workspace", "--bins"]
    _run("building the functions", command)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def _cargo_lambda() -> Path:
    """Compiles for provided.al2023."""
    cargo_lambda = program("cross", "cargo-lambda")
    packages = [part for name in [*functions(), PROBE] for part in ("--package", name)]
    path = f"{cargo_lambda.parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(cargo_lambda), "lambda", "build", "--release", *packages]
    _run("building the functions for provided.al2023", command, {"PATH": path})
    return ROOT / "target" / "lambda"


def _run(what: str, command: list[str], environment: dict[str, str] | None = None) -> None:
    watched = sys.stderr.isatty()
    with step(what):
        done = subprocess.run(
            command if watched else [*command, "--quiet"],
            cwd=ROOT,
            env={**_outside_of_cargo(), **(environment or {})},
            stdout=sys.stderr,
            check=False,
        )
    if done.returncode != 0:
        raise Stop(f"the build failed: {' '.join(command)}")


def _outside_of_cargo() -> dict[str, str]:
    """The environment without what `cargo test` says of the crate that it tests: ring's build script looks at it, so that the
    functions would be compiled anew inside of a test, and again outside of it.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith(("CARGO_PKG_", "CARGO_MANIFEST_"))}


def _built(executables: Path, name: str) -> Path:
    """Where cargo, or cargo lambda with its folder per function, left an executable."""
    folder = executables / name
    return folder / "bootstrap" if folder.is_dir() else folder


def _place(source: Path, target: Path) -> None:
    """Copies an executable when it changed, in one step: a running function keeps the file it has open."""
    if target.exists() and source.stat().st_mtime_ns == target.stat().st_mtime_ns:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copy2(source, partial)
    partial.replace(target)


def point(template: str, folder: Path) -> str:
    """The template with every function's and layer's code replaced by its folder.

    It works on YAML nodes, so that every intrinsic function stays as it is written.
    """
    document = yaml.compose(template)
    for _, resource in _member(document, "Resources").value:
        kind = _member(resource, "Type").value
        if kind == "AWS::Serverless::Function":
            binary = _member(_member(_member(resource, "Metadata"), "BuildProperties"), "Binary").value
            _set(_member(resource, "Properties"), "CodeUri", folder / "lambda" / binary)
        elif kind == "AWS::Serverless::LayerVersion":
            properties = _member(resource, "Properties")
            _set(properties, "ContentUri", folder / _member(properties, "ContentUri").value)
    return yaml.serialize(document)


def _member(mapping: yaml.MappingNode, name: str) -> yaml.Node:
    return next(value for key, value in mapping.value if key.value == name)


def _set(mapping: yaml.MappingNode, name: str, value: Path) -> None:
    text = "tag:yaml.org,2002:str"
    mapping.value = [pair for pair in mapping.value if pair[0].value != name]
    mapping.value.append((yaml.ScalarNode(text, name), yaml.ScalarNode(text, str(value))))
