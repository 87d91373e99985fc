"""How far the description of many objects is: a line of a terminal, now and then one of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from tap_versionforge_salesforce.salesforce.http.composite import MOST_PARTS
from tap_versionforge_salesforce.singer.events import ObjectDescribed

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

_SECONDS_BETWEEN_LINES = 10.0
# Erases from the cursor to the end of the line: ECMA-48, EL.
_ERASE = "\x1b[K"


class DiscoveryProgress:
    """Tells how many of the objects are described; nothing where they come in one answer.

    Args:
        logger: Has a line every ten seconds where there is no terminal.
        seconds: Returns the seconds of a clock that only grows.
        terminal: Has one line that is written anew; None where there is no terminal.
    """

    def __init__(
        self, logger: logging.Logger, seconds: Callable[[], float], terminal: TextIO | None
    ) -> None:
        self._logger = logger
        self._seconds = seconds
        self._terminal = terminal
        self._told: float | None = None

    def take(self, event: object) -> None:
        """Take what happens.

        Args:
            event: Only `ObjectDescribed` is of interest.
        """
        if not isinstance(event, ObjectDescribed) or event.objects <= MOST_PARTS:
            return
        if self._terminal is None:
            self._log(event)
        elif event.described == event.objects:
            self._write("")
        elif event.described % MOST_PARTS == 0:
            self._write(_text(event))

    def _log(self, event: ObjectDescribed) -> None:
        now = self._seconds()
        if self._told is None:
            self._told = now
        if now - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = now
            self._logger.info("%s.", _text(event))

    def _write(self, text: str) -> None:
        if self._terminal is None:
            return
        try:
            # Back to the start, so that a line of the log takes its place.
            self._terminal.write(f"{text}{_ERASE}\r")
            self._terminal.flush()
        except (OSError, ValueError):  # it has been closed
            self._terminal = None


def _text(event: ObjectDescribed) -> str:
    return f"Described {event.described:,} of {event.objects:,} objects"
