"""Browser tests: the players and the web console in Chromium, against a temporary stack.

They require Debian's Chromium and the packages pinned in `tests/browser`. As root on a system with apt, Chromium is installed
automatically; otherwise the tests are reported as skipped, with the command that installs it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .instance import Instance
from .terminal import CommandError, log, step
from .tools import ROOT, exclusive

FOLDER = ROOT / "tests" / "browser"
INSTALL = "apt-get install --no-install-recommends chromium"
_GENERATED_FIXTURES = ("ladder-low.mp4", "ladder-high.mp4", "ladder-off.mp4", "chapters.mp4", "no-video.mp4", "vp9.mp4")
"""Fixtures that the tests use."""
_MOVIES = ("sample.mp4", "made/chapters.mp4")
"""Movies in `tests/media` that are uploaded before the tests start. The tests upload the other fixtures."""

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The path of Chromium. Installs it if this process has permission to."""
    if found := _found():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with exclusive("apt"), step("installing Chromium"):
            _apt("update")
            _apt("install", "--yes", "--no-install-recommends", "chromium")
    return _found()


def run(instance: Instance, browser: str, filters: list[str]) -> int:
    """Runs the tests against a running stack, and returns their exit code."""
    _packages()
    description = {
        **instance.describe(),
        "movies": _movies(instance),
        "operator_token": instance.token(),
        "reader_token": instance.token("Reader"),
    }
    environment = {**os.environ, "VPP_STACK": json.dumps(description), "VPP_CHROMIUM": browser}
    tests = sorted(str(path) for path in FOLDER.glob("*.test.mjs"))
    patterns = [f"--test-name-pattern={pattern}" for pattern in filters]
    command = ["node", "--test", "--test-reporter=spec", "--test-concurrency=1", *patterns, *tests]
    return subprocess.run(command, cwd=FOLDER, env=environment, check=False).returncode


def measure_instant(instance: Instance, browser: str) -> subprocess.Popen[str]:
    """Starts a browser that plays an upload as soon as it can: see `tests/browser/instant.mjs`."""
    _packages()
    description = {**instance.describe(), "movies": {}, "operator_token": instance.token()}
    environment = {**os.environ, "VPP_STACK": json.dumps(description), "VPP_CHROMIUM": browser}
    return subprocess.Popen(
        ["node", "instant.mjs"], cwd=FOLDER, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def skipped() -> int:
    """Reports that the tests are skipped, and how to install Chromium."""
    log(f"browser tests: skipped, Chromium is not installed. To install it: {INSTALL}")
    return 0


def _found() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def _apt(*arguments: str) -> None:
    """Runs apt-get. A failure is not reported here: the tests are then skipped."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)


def _packages() -> None:
    """Installs the pinned npm packages."""
    lock, done = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    with exclusive("browser-packages"):
        if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
            return
        with step("installing the packages of the browser tests"):
            install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
            if subprocess.run(install, cwd=FOLDER, stdout=subprocess.DEVNULL, check=False).returncode != 0:
                raise CommandError("npm could not install the packages of tests/browser")


def _movies(instance: Instance) -> dict[str, str]:
    """Uploads the movies that the tests play. Returns their S3 URLs by name."""
    bucket = instance.outputs()["UploadsBucket"]
    movies = [ROOT / "tests" / "media" / name for name in _MOVIES]
    generated = subprocess.run(
        [sys.executable, ROOT / "tests" / "media" / "make.py", *_GENERATED_FIXTURES], stdout=sys.stderr, check=False
    )
    if generated.returncode != 0:
        raise CommandError("the fixtures of the browser tests could not be generated")
    for movie in movies:
        instance.client("s3").upload_file(str(movie), bucket, _key(movie))
    return {movie.name: f"s3://{bucket}/{_key(movie)}" for movie in movies}


def _key(movie: Path) -> str:
    return f"browser/{movie.name}"
