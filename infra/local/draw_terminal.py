"""Draws a terminal session, read from standard input, as an SVG file: `draw_terminal.py COLUMNS FILE`."""

import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text


def shown(session: str) -> str:
    """Returns the lines that remain on the screen after carriage returns and erased lines."""
    lines = []
    for line in session.replace("\r\n", "\n").split("\n"):
        last = line.replace("\x1b[2K", "\r").replace("\x1b[K", "\r").rstrip("\r").rsplit("\r", 1)[-1]
        lines.append(last)
    return "\n".join(lines)


def main() -> None:
    """Writes the file."""
    columns, path = int(sys.argv[1]), sys.argv[2]
    with open("/dev/null", "w") as nowhere:
        console = Console(record=True, width=columns, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(shown(sys.stdin.read()).rstrip()))
        drawn = console.export_svg(title="vpp", theme=MONOKAI)
    # The reader's own fixed-width font is used, so that the file refers to no other.
    Path(path).write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))


main()
