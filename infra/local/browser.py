"""The browser tests: players and the page in a real Chromium, against a stack of their own.

They need Debian's Chromium and the packages pinned in `tests/browser`. As root on a machine with apt, Chromium is installed;
where that may not be, the tests are reported as skipped, with the command to install it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .console import Stop, say, step
from .instance import Instance
from .tools import ROOT, exclusive

ROOM = ROOT / "tests" / "browser"
INSTALL = "apt-get install --no-install-recommends chromium"
_MADE = ("ladder-low.mp4", "ladder-off.mp4")
"""Movies that the tests upload by themselves."""

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The browser's path; installs it where that may be done without asking anybody."""
    if found := _found():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with exclusive("apt"), step("installing Chromium"):
            _apt("update")
            _apt("install", "--yes", "--no-install-recommends", "chromium")
    return _found()


def run(instance: Instance, browser: str, filters: list[str]) -> int:
    """Runs the tests against a stack that is up, and answers their exit code."""
    _packages()
    description = {
        **instance.describe(),
        "movies": _movies(instance),
        "operator_token": instance.token(),
        "reader_token": instance.token("Reader"),
    }
    environment = {**os.environ, "VPP_STACK": json.dumps(description), "VPP_CHROMIUM": browser}
    tests = sorted(str(path) for path in ROOM.glob("*.test.mjs"))
    patterns = [f"--test-name-pattern={pattern}" for pattern in filters]
    command = ["node", "--test", "--test-reporter=spec", "--test-concurrency=1", *patterns, *tests]
    return subprocess.run(command, cwd=ROOM, env=environment, check=False).returncode


def skipped() -> int:
    """Says that nothing was tested, and how to change that."""
    say(f"browser tests: skipped, for there is no Chromium. To install it: {INSTALL}")
    return 0


def _found() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _apt(*arguments: str) -> None:
    """What fails here is said by the tests that are skipped for it."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)


def _packages() -> None:
    """The pinned packages, installed where node looks for them."""
    lock, done = ROOM / "package-lock.json", ROOM / "node_modules" / ".package-lock.json"
    with exclusive("browser-packages"):
        if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
            return
        with step("installing the packages of the browser tests"):
            install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
            if subprocess.run(install, cwd=ROOM, stdout=subprocess.DEVNULL, check=False).returncode != 0:
                raise Stop("npm could not install the packages of tests/browser")


def _movies(instance: Instance) -> dict[str, str]:
    """Uploads the movies that the tests play, and says where they lie."""
    bucket = instance.outputs()["UploadsBucket"]
    movies = [ROOT / "tests" / "media" / "sample.mp4"]
    made = subprocess.run(
        [sys.executable, ROOT / "tests" / "media" / "make.py", *_MADE], stdout=sys.stderr, check=False
    )
    if made.returncode != 0:
        raise Stop("the movies of the browser tests could not be made")
    for movie in movies:
        instance.client("s3").upload_file(str(movie), bucket, _key(movie))
    return {movie.name: f"s3://{bucket}/{_key(movie)}" for movie in movies}


def _key(movie: Path) -> str:
    return f"browser/{movie.name}"
