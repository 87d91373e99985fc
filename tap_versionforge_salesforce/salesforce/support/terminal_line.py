"""A line of a terminal that is written anew again and again."""

from __future__ import annotations

from typing import TextIO

# Erases from the cursor to the end of the line: ECMA-48, EL.
_ERASE = "\x1b[K"


class TerminalLine:
    """One line of a terminal; a line of the log takes its place.

    Args:
        terminal: Can erase what it shows.
    """

    def __init__(self, terminal: TextIO) -> None:
        self._terminal: TextIO | None = terminal

    def show(self, text: str) -> None:
        """Write a text in the place of the one before.

        Args:
            text: Shorter than the terminal is wide.
        """
        if self._terminal is None:
            return
        try:
            # Back to the start, so that whatever comes next begins there.
            self._terminal.write(f"{text}{_ERASE}\r")
            self._terminal.flush()
        except (OSError, ValueError):  # it has been closed
            self._terminal = None
