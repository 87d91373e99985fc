"""The terminal as rich writes to it."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from typing_extensions import override


class TerminalConsole(Console):
    """A console that leaves the cursor as it is.

    What is never hidden need not be shown again: a run may end on the spot, by a second Ctrl-C or
    by SIGKILL, and leaves a terminal that can be used.

    Args:
        stderr: The terminal.
    """

    def __init__(self, stderr: TextIO) -> None:
        super().__init__(file=stderr, highlight=False, markup=False, emoji=False)

    @override
    def show_cursor(self, show: bool = True) -> bool:
        return False


def can_show_symbols(stderr: TextIO) -> bool:
    """Tell whether the terminal's encoding has more than ASCII."""
    return (stderr.encoding or "").lower().startswith("utf")
