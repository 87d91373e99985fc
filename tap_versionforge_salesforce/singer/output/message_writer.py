"""stdout: the one place that writes Singer messages, whole or not at all."""

from __future__ import annotations

import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from singer_sdk.singerlib.encoding import SimpleSingerWriter
from singer_sdk.singerlib.json import serialize_json
from singer_sdk.singerlib.messages import RecordMessage, StateMessage
from typing_extensions import override

from tap_versionforge_salesforce.salesforce.support.watch import SILENT, Watch

if TYPE_CHECKING:
    from io import RawIOBase

    from singer_sdk.singerlib.messages import Message

_PIPE_BYTES = 256 << 10


class MessageWriter(SimpleSingerWriter):
    """Writes messages and ready lines to stdout.

    An unbuffered stdout may take less than it is given, without an error, when a signal arrives;
    one that its other end has made non-blocking may take nothing for a while. Both would lose
    rows in Python's plain ``write``.
    """

    #: Says that the target takes nothing, where that takes long.
    watch: Watch = SILENT

    def widen_pipe(self) -> None:
        """Have the two ends of the pipe wait for each other less often, where there is a pipe.

        Linux gives it 64 KiB, and more to whoever asks; other systems do as they like.
        """
        # Neither is everywhere. What is no pipe, or one that must not grow, stays as it is.
        with suppress(ImportError, AttributeError, OSError, ValueError):
            import fcntl  # noqa: PLC0415  not on every system

            descriptor = sys.stdout.fileno()
            if fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ) < _PIPE_BYTES:
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @override
    def serialize_message(self, message: Message) -> str:
        """Return a message as JSON."""
        if isinstance(message, StateMessage):
            # Not copied before: it can be long, and there are many.
            return serialize_json({"type": message.type, "value": message.value})
        return super().serialize_message(message)

    @override
    def write_message(self, message: Message) -> None:
        """Write one message as a line."""
        if isinstance(message, RecordMessage):
            self.write_lines(f"{self.format_message(message)}\n".encode())
        else:
            self.write_line(self.format_message(message))

    def write_line(self, line: str) -> None:
        """Write one message that is JSON already, and see that the target has it.

        Args:
            line: Without a line break.
        """
        self.write_lines(f"{line}\n".encode())
        self.flush()

    def write_lines(self, lines: bytes | memoryview) -> None:
        """Write lines that are messages already, each with its line break.

        Raises:
            BrokenPipeError: The target has closed its input.
        """
        # Raw where Python runs unbuffered: its write returns what it took, or None.
        binary: RawIOBase | None = getattr(sys.stdout, "buffer", None)
        if binary is None:  # a text file that somebody has put in the place of stdout
            sys.stdout.write(bytes(lines).decode())
            return
        with self.watch.telling(_target), memoryview(lines) as whole:
            _write_all(binary, whole)

    def flush(self) -> None:
        """Hand everything over to the target."""
        with self.watch.telling(_target):
            while True:
                try:
                    sys.stdout.flush()
                except BlockingIOError:
                    select.select([], [sys.stdout], [])
                else:
                    return


def _write_all(binary: RawIOBase, lines: memoryview) -> None:
    taken = 0
    while taken < len(lines):
        with lines[taken:] as rest:
            try:
                written = binary.write(rest)
            except BlockingIOError as error:
                written = error.characters_written
        taken += written or 0
        if not written:
            select.select([], [binary], [])


def _target() -> str:
    return "the target to take what has been written"
