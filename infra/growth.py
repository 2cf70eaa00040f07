"""Checks that the engine's processor time grows in proportion to its input, and not faster.

    python3 -m infra.growth

Each input has one quantity, such as the slices of a frame or the fragments of a file. The engine processes the input with a
quantity of n, and with 4 n. Callgrind counts the instructions of both. The comparison is within one run, so it holds on every
processor and with every compiler.
"""

from __future__ import annotations

import sys

from .callgrind import build, count, is_available

FACTOR = 4

MAXIMUM_RATIO = 4.4
"""Four, and a tenth for what grows by a logarithm, such as sorting."""

MINIMUM_INSTRUCTIONS = 1_000_000
"""A smaller count would be mostly work that does not depend on the input."""


def main() -> int:
    """Returns 1 if an input takes more than proportional time."""
    if not is_available():
        print("growth: not counted, Valgrind is not installed (Debian: valgrind)")
        return 0
    program, names = build("growth")
    failed = 0
    for name in names:
        once, more = (count(program, name, str(factor)) for factor in (1, FACTOR))
        ratio = more / once
        if ratio > MAXIMUM_RATIO or once < MINIMUM_INSTRUCTIONS:
            print(f"growth: {name}: {once} instructions, and {ratio:.2f} times as many for {FACTOR} times the input")
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
