"""Builds the deployment artifacts: the functions' executables, the layers, and the template that refers to them.

On AWS, `sam build` compiles each function separately, for an older C library. The local build needs neither: one `cargo build`
compiles the AWS SDK once for all functions. The built template is the source template with `CodeUri` and `ContentUri` replaced,
as `sam build` does.

An external endpoint runs the functions in provided.al2023 containers, so for these the executables are built with `cargo
lambda`, which links against the C library of that image.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from .terminal import CommandError, step
from .tools import LOCAL, ROOT, exclusive, program, rust_target

TEMPLATE = ROOT / "template.yaml"
LAYERS = ROOT / "target" / "layers"
"""The layers; each folder is mounted at /opt on AWS."""

BENTO4_LAYER = LAYERS / "bento4"
"""Contains `bin/mp4probe`."""

CONSOLE = LAYERS / "console" / "console"
"""The web console's files, which the API function serves."""

PROBE = "mp4probe"


def functions() -> list[str]:
    """The names of the functions. Each is a folder, and an executable of the same name."""
    return sorted(folder.parent.name for folder in (ROOT / "functions").glob("*/Cargo.toml"))


def build(portable: bool = False) -> Path:
    """Builds all artifacts and returns the template to deploy.

    Portable executables run on provided.al2023, others on this machine only.
    """
    if portable:
        return _build(LOCAL / "portable", _cargo_lambda())
    return _build(ROOT / "target", _cargo())


def _build(folder: Path, executables: Path) -> Path:
    for name in functions():
        _install(_executable(executables, name), folder / "lambda" / name / "bootstrap")
    layer = folder / "layers" / "bento4"
    _install(_executable(executables, PROBE), layer / "bin" / PROBE)
    _build_console(folder / "layers" / "console")
    template = folder / "template.yaml"
    template.write_text(with_artifacts(TEMPLATE.read_text(), folder))
    return template


def console() -> Path:
    """Builds the web console, and returns its folder."""
    _build_console(LAYERS / "console")
    return CONSOLE


def _build_console(layer: Path) -> None:
    """Builds the web console's layer with the Makefile that `sam build` uses.

    It is built elsewhere, and only files that changed are replaced: running functions and tests read the layer.
    """
    rust_target("wasm32-unknown-unknown")
    command = ["make", "--silent", "--directory", str(ROOT / "layers" / "console"), "build-ConsoleLayer"]
    built = layer.with_name(f".{layer.name}.{os.getpid()}")
    with exclusive("console"), step("building the web console"):
        done = subprocess.run([*command, f"ARTIFACTS_DIR={built}"], env=_environment(), stdout=sys.stderr, check=False)
        if done.returncode == 0:
            _replace_changed(built, layer)
        shutil.rmtree(built, ignore_errors=True)
    if done.returncode != 0:
        raise CommandError(f"the build failed: {' '.join(command)}")


def _replace_changed(source: Path, target: Path) -> None:
    """Makes the files of a folder those of another. Each file is replaced atomically, and only if it differs."""
    names = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    for old in [path for path in target.rglob("*") if path.is_file()]:
        if old.relative_to(target) not in names:
            old.unlink()
    for name in names:
        new, old = source / name, target / name
        if not (old.exists() and filecmp.cmp(new, old, shallow=False)):
            old.parent.mkdir(parents=True, exist_ok=True)
            new.replace(old)


def _cargo() -> Path:
    """Compiles for this machine, in the profile of the tests."""
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


def _run(name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
    show_progress = sys.stderr.isatty()
    with step(name):
        done = subprocess.run(
            command if show_progress else [*command, "--quiet"],
            cwd=ROOT,
            env={**_environment(), **(environment or {})},
            stdout=sys.stderr,
            check=False,
        )
    if done.returncode != 0:
        raise CommandError(f"the build failed: {' '.join(command)}")


def _environment() -> dict[str, str]:
    """The environment without the variables that `cargo test` sets for the tested crate.

    ring's build script reads them, so their presence would cause a recompilation in each test run and after it.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith(("CARGO_PKG_", "CARGO_MANIFEST_"))}


def _executable(executables: Path, name: str) -> Path:
    """The path of an executable. `cargo lambda` creates a folder for each function."""
    folder = executables / name
    return folder / "bootstrap" if folder.is_dir() else folder


def _install(source: Path, target: Path) -> None:
    """Copies an executable if it changed. The replacement is atomic: a running function retains its open file."""
    if target.exists() and source.stat().st_mtime_ns == target.stat().st_mtime_ns:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copy2(source, partial)
    partial.replace(target)


def with_artifacts(template: str, folder: Path) -> str:
    """Replaces the code of every function and layer in the template by its build folder.

    It edits YAML nodes, which preserves the intrinsic functions.
    """
    document = yaml.compose(template)
    for _, resource in member(document, "Resources").value:
        kind = member(resource, "Type").value
        if kind == "AWS::Serverless::Function":
            binary = member(member(member(resource, "Metadata"), "BuildProperties"), "Binary").value
            _set(member(resource, "Properties"), "CodeUri", folder / "lambda" / binary)
        elif kind == "AWS::Serverless::LayerVersion":
            properties = member(resource, "Properties")
            _set(properties, "ContentUri", folder / member(properties, "ContentUri").value)
    return yaml.serialize(document)


def member(mapping: yaml.MappingNode, name: str) -> yaml.Node:
    """The value of a member."""
    return next(value for key, value in mapping.value if key.value == name)


def _set(mapping: yaml.MappingNode, name: str, value: Path) -> None:
    text = "tag:yaml.org,2002:str"
    mapping.value = [pair for pair in mapping.value if pair[0].value != name]
    mapping.value.append((yaml.ScalarNode(text, name), yaml.ScalarNode(text, str(value))))
