"""Pinned Python tools, one virtual environment per requirements file.

A folder is complete when it holds a stamp with the digest of the requirements it was made from, so a set-up that is
done costs one small read. Everything lands below `.local/` of the checkout; nothing outside it is touched.
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

from .console import Stop, step

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

LOCAL = ROOT / ".local"
"""Everything that is made here and not committed."""

_PREREQUISITES = (
    (("git",), "git"),
    (("make",), "make"),
    (("cargo",), "Rust (https://rustup.rs)"),
    (("c++", "g++", "clang++"), "a C++ compiler (Debian: g++)"),
    (("node",), "Node.js"),
    (("npm",), "npm"),
)


def check_prerequisites() -> None:
    """Stops with one line that names everything a person must install first."""
    missing = [name for programs, name in _PREREQUISITES if not any(map(shutil.which, programs))]
    if sys.version_info < (3, 10):  # noqa: UP036  (an older Python comes this far and is told)
        missing.append("Python 3.10 or newer")
    try:
        import ensurepip  # noqa: F401  (Debian ships it apart, as python3-venv)
    except ImportError:
        missing.append("Python's venv module (Debian: python3-venv)")
    if missing:
        raise Stop(f"please install: {', '.join(missing)}")


def program(environment: str, name: str) -> Path:
    """The path of a program in a virtual environment, which is made or renewed when it has to be."""
    return _complete(environment) / "bin" / name


def run_inside(environment: str, module: str, arguments: list[str]) -> None:
    """Continues in the Python of a virtual environment, unless it is the one that runs already."""
    folder = _complete(environment)
    if Path(sys.prefix).resolve() == folder.resolve():
        return
    python = str(folder / "bin" / "python")
    os.execv(python, [python, "-m", module, *arguments])


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Lets one process at a time do what `name` stands for."""
    folder = LOCAL / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _complete(environment: str) -> Path:
    folder = LOCAL / "venvs" / environment
    requirements = Path(__file__).with_name(f"requirements-{environment}.txt")
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = folder / "stamp"

    def complete() -> bool:
        return (folder / "bin" / "python").exists() and stamp.exists() and stamp.read_text() == wanted

    if complete() or Path(sys.prefix).resolve() == folder.resolve():
        return folder
    with exclusive(f"venv-{environment}"):
        if not complete():
            with step(f"installing the {environment} tools"):
                _install(folder, requirements)
            stamp.write_text(wanted)
    return folder


def _install(folder: Path, requirements: Path) -> None:
    venv.create(folder, clear=True, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*pip, "--requirement", requirements], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Stop(f"pip could not install {requirements.name}:\n{done.stderr.strip()}")
