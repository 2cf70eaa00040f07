"""Terminal output: one line per step, and a status line that is updated in place while the step runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_IS_TERMINAL = sys.stderr.isatty()


class CommandError(Exception):
    """Ends the command with a one-line message instead of a stack trace."""


def log(line: str) -> None:
    """Writes a line to standard error. Standard output is for machine-readable results."""
    clear_status()
    print(line, file=sys.stderr, flush=True)


def show_status(line: str) -> None:
    """Shows a status line, which the next line replaces. Without a terminal it writes nothing."""
    if _IS_TERMINAL:
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def clear_status() -> None:
    """Removes the status line."""
    show_status("")


def is_terminal() -> bool:
    """Whether standard error is a terminal."""
    return _IS_TERMINAL


@contextmanager
def step(name: str) -> Iterator[None]:
    """Shows the name of a step while it runs, and logs its duration when it ends."""
    started = time.monotonic()
    show_status(f"  {name} ...")
    yield
    log(f"  {name}  {time.monotonic() - started:.1f} s")
