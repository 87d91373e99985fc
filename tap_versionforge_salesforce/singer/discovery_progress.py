"""How far the description of many objects is: a line of a terminal, now and then one of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from tap_versionforge_salesforce.salesforce.http.composite import MOST_PARTS
from tap_versionforge_salesforce.salesforce.support.terminal_line import TerminalLine
from tap_versionforge_salesforce.singer.events import ObjectDescribed

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

_SECONDS_BETWEEN_LINES = 10.0


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
        self._line = None if terminal is None else TerminalLine(terminal)
        self._told: float | None = None

    def take(self, event: object) -> None:
        """Take what happens.

        Args:
            event: Only `ObjectDescribed` is of interest.
        """
        if not isinstance(event, ObjectDescribed) or event.objects <= MOST_PARTS:
            return
        if self._line is None:
            self._log(event)
        elif event.described == event.objects:
            self._line.show("")
        elif event.described % MOST_PARTS == 0:
            self._line.show(_text(event))

    def _log(self, event: ObjectDescribed) -> None:
        now = self._seconds()
        if self._told is None:
            self._told = now
        if now - self._told >= _SECONDS_BETWEEN_LINES:
            self._told = now
            self._logger.info("%s.", _text(event))


def _text(event: ObjectDescribed) -> str:
    return f"Described {event.described:,} of {event.objects:,} objects"
