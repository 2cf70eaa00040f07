"""The images of README.md: the web console playing a video, and a session of the command line.

Both come from a real stack: the first is a screenshot that the browser test takes when it uploads and plays a video, the
second is the output of `vpp` on a terminal, which Rich draws as SVG.
"""

from __future__ import annotations

import fcntl
import os
import pty
import shlex
import shutil
import struct
import subprocess
import termios
from pathlib import Path

from . import browser, shell
from .instance import Instance
from .terminal import CommandError
from .tools import ROOT, program

_FOLDER = ROOT / "docs" / "images"
_SCREENSHOT = ROOT / "target" / "screenshots" / "playing-light.png"
_SCREENSHOT_TEST = "an_uploaded_video_becomes_ready_and_plays"

_COLUMNS, _ROWS = 112, 40
_SESSION = (
    "vpp inspect tests/media/sample.mp4",
    "vpp upload tests/media/sample.mp4 --follow",
    "vpp url $PACKAGE_ID",
)
"""The commands of the recording."""

_NEWEST_PACKAGE = "export PACKAGE_ID=$(vpp list packages --limit 1 2>/dev/null | cut -d' ' -f1)"


def run(instance: Instance, chromium: str) -> int:
    """Writes both images and returns an exit code."""
    failed = browser.run(instance, chromium, [_SCREENSHOT_TEST])
    if failed:
        return failed
    _FOLDER.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_SCREENSHOT, _FOLDER / "page.png")
    recorded = "".join(f"\x1b[1;32m$\x1b[0m {command}\n{_record(instance, command)}\n" for command in _SESSION)
    draw = Path(__file__).with_name("draw_terminal.py")
    command = [program("docs", "python"), draw, str(_COLUMNS), _FOLDER / "command-line.svg"]
    return subprocess.run(command, input=recorded, text=True, check=False).returncode


def _record(instance: Instance, command: str) -> str:
    """Runs a command on a pseudo-terminal and returns its output, including colours."""
    prepared = "\n".join([*shell.exports(instance), f"cd {shlex.quote(str(ROOT))}", _NEWEST_PACKAGE, command])
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    process = subprocess.Popen(["bash", "-c", prepared], stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    written = bytearray()
    try:
        while chunk := os.read(controller, 65536):
            written += chunk
    except OSError:  # Linux reports the end of a terminal as an error.
        pass
    os.close(controller)
    if process.wait() != 0:
        raise CommandError(f"{command} failed:\n{written.decode(errors='replace')}")
    return written.decode()
