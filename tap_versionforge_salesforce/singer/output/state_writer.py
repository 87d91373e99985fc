"""STATE, where it says something new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.helpers._state import StateWriter as SdkStateWriter
from singer_sdk.singerlib import StateMessage
from typing_extensions import override

if TYPE_CHECKING:
    from singer_sdk.helpers.types import TapState

    from tap_versionforge_salesforce.singer.output.message_writer import MessageWriter


class StateWriter(SdkStateWriter):
    """Writes a state that differs from the last one.

    The SDK's keeps a copy of it to compare with, and makes another one to write: with a bookmark
    and some states of each stream, that grows with the square of the streams.

    Args:
        writer: Of all messages.
        is_silent: Write none at all.
    """

    def __init__(self, writer: MessageWriter, *, is_silent: bool = False) -> None:
        super().__init__(writer)
        self._writer = writer
        self._is_silent = is_silent
        self._last = ""

    @override
    def write_state(self, state: TapState) -> None:
        """Write a STATE message, unless that was the last one."""
        line = self._writer.format_message(StateMessage(value=state))
        if line != self._last:
            self._write(line)

    def write_again(self, state: TapState) -> None:
        """Write a STATE message, also where it says nothing new."""
        self._write(self._writer.format_message(StateMessage(value=state)))

    def _write(self, line: str) -> None:
        if not self._is_silent:
            self._writer.write_line(line)
        self._last = line
