"""What a person sees: one line per step, on a terminal rewritten in place while it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_TERMINAL = sys.stderr.isatty()


class Stop(Exception):
    """Ends the command with one line for the person, and without a stack trace."""


def say(line: str) -> None:
    """Writes one line to standard error; standard output belongs to answers that programs read."""
    clear()
    print(line, file=sys.stderr, flush=True)


def live(line: str) -> None:
    """Shows a line that the next one replaces. Without a terminal nothing is shown."""
    if _TERMINAL:
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def clear() -> None:
    """Removes the live line."""
    live("")


def is_terminal() -> bool:
    """Whether a person watches."""
    return _TERMINAL


@contextmanager
def step(what: str) -> Iterator[None]:
    """Names a piece of work while it runs, and says how long it took when that was worth knowing."""
    started = time.monotonic()
    live(f"  {what} ...")
    yield
    say(f"  {what}  {time.monotonic() - started:.1f} s")
