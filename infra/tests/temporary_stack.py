"""A temporary stack for the tests of a class, and waiting for what happens on it."""

import json
import subprocess
import sys
import time
import unittest
from collections.abc import Callable
from typing import Any

from infra.local.tools import ROOT

_TIMEOUT_SECONDS = 240
_POLL_SECONDS = 0.2


def hold(case: type[unittest.TestCase], *arguments: str) -> dict[str, Any]:
    """Starts a stack, with `arguments` of `infra.local hold`. It stops after the tests of the class. Returns its description."""
    command = [sys.executable, "-m", "infra.local", "hold", *arguments]
    holder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdin and holder.stdout
    # The stack stops when its standard input is closed.
    case.addClassCleanup(holder.wait)
    case.addClassCleanup(holder.stdin.close)
    case.addClassCleanup(holder.stdout.close)
    return json.loads(holder.stdout.readline())


def eventually(case: unittest.TestCase, look: Callable[[], Any]) -> Any:
    """Waits until `look` returns a true value, and returns it. The test fails if that takes too long."""
    end = time.monotonic() + _TIMEOUT_SECONDS
    while not (found := look()):
        case.assertLess(time.monotonic(), end, "timed out")
        time.sleep(_POLL_SECONDS)
    return found
