"""Installs pinned Python tools, with one virtual environment per requirements file, whose hashes pip verifies.

A stamp file with the digest of the requirements file marks a complete environment, so a repeated setup costs one small read. All
files are below `.local/` of the checkout.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .terminal import CommandError, step

ROOT = Path(__file__).resolve().parents[2]
"""The root of the checkout."""

LOCAL = ROOT / ".local"
"""Installed tools and generated files, which are not committed."""

_CARGO_PROGRAMS = {"cargo-modules": "0.27.0"}
"""Programs that PyPI does not have, with their versions."""

_COMPILED_QUICKLY = {
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "64",
    "CARGO_PROFILE_RELEASE_DEBUG": "0",
}
"""These programs run for seconds, so full optimisation costs more time than it saves."""

_PREREQUISITES = (
    (("git",), "git"),
    (("make",), "make"),
    (("cargo",), "Rust (https://rustup.rs)"),
    (("c++", "g++", "clang++"), "a C++ compiler (Debian: g++)"),
    (("node",), "Node.js"),
    (("npm",), "npm"),
)


def check_prerequisites() -> None:
    """Raises an error that lists the missing prerequisites."""
    missing = [name for programs, name in _PREREQUISITES if not any(map(shutil.which, programs))]
    if sys.version_info < (3, 10):  # noqa: UP036  (older versions of Python run this check)
        missing.append("Python 3.10 or newer")
    try:
        import ensurepip  # noqa: F401  (Debian packages it separately, as python3-venv)
    except ImportError:
        missing.append("Python's venv module (Debian: python3-venv)")
    if missing:
        raise CommandError(f"please install: {', '.join(missing)}")


def program(environment: str, name: str) -> Path:
    """The path of a program in a virtual environment, which is created or updated if necessary."""
    return _complete(environment) / "bin" / name


def package_file(environment: str, path: str) -> Path:
    """The path of a file of a Python package that a virtual environment has."""
    [packages] = (_complete(environment) / "lib").glob("python3*/site-packages")
    return packages / path


def cargo_program(name: str) -> Path:
    """Returns the path of a program from crates.io at its pinned version, and compiles it first if necessary."""
    version, folder = _CARGO_PROGRAMS[name], LOCAL / "cargo"
    executable = folder / "bin" / name
    stamp = folder / f"{name}.version"
    with exclusive(f"cargo-{name}"):
        if not executable.exists() or not stamp.exists() or stamp.read_text() != version:
            with step(f"compiling {name}"):
                _cargo_install(name, version, folder)
            stamp.write_text(version)
    return executable


def rust_target(name: str) -> None:
    """Installs the standard library of a target for the Rust compiler that `cargo` runs, if it is missing."""
    query = ["rustc", "--print", "target-libdir", "--target", name]
    folder = subprocess.run(query, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    if folder and Path(folder).is_dir():
        return
    if not shutil.which("rustup"):
        raise CommandError(f"please install the Rust target {name}; rustup (https://rustup.rs) would do it")
    with exclusive("rustup"), step(f"installing the Rust target {name}"):
        done = subprocess.run(
            ["rustup", "--quiet", "target", "add", name], cwd=ROOT, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise CommandError(f"rustup could not install the target {name}:\n{done.stderr.strip()}")


def run_inside(environment: str, module: str, arguments: list[str]) -> None:
    """Re-executes a module with the Python of a virtual environment, unless it already runs there."""
    folder = _complete(environment)
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    python = str(folder / "bin" / "python")
    os.execv(python, [python, "-m", module, *arguments])


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Holds an exclusive inter-process lock with this name."""
    folder = LOCAL / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _complete(environment: str) -> Path:
    folder = LOCAL / "venvs" / environment
    requirements = Path(__file__).with_name(f"requirements-{environment}.txt")
    expected = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = folder / "stamp"

    def complete() -> bool:
        return (folder / "bin" / "python").exists() and stamp.exists() and stamp.read_text() == expected

    if complete() or Path(sys.prefix).resolve() == folder.resolve():
        return folder
    with exclusive(f"venv-{environment}"):
        if not complete():
            with step(f"installing the {environment} tools"):
                _install(folder, requirements)
            stamp.write_text(expected)
    return folder


def _install(folder: Path, requirements: Path) -> None:
    venv.create(folder, clear=True, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    hashed = ["--require-hashes", "--no-deps", "--requirement", requirements]
    done = subprocess.run([*pip, *hashed], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CommandError(f"pip could not install {requirements.name}:\n{done.stderr.strip()}")


def _cargo_install(name: str, version: str, folder: Path) -> None:
    command = ["cargo", "install", "--quiet", "--locked", "--version", version, "--root", folder, name]
    environment = {**os.environ, **_COMPILED_QUICKLY, "CARGO_TARGET_DIR": str(folder / "target")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    shutil.rmtree(folder / "target", ignore_errors=True)
    if done.returncode != 0:
        raise CommandError(f"cargo could not install {name}:\n{done.stderr.strip()}")
