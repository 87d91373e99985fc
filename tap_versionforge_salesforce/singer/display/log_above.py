"""Lines of the log that come meanwhile: kept for whoever shows them above a live display."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections import deque
from contextlib import ExitStack, contextmanager, redirect_stderr, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from rich.text import Text
from singer_sdk.logging import ConsoleFormatter
from typing_extensions import override

from tap_versionforge_salesforce.salesforce.support.redaction import all_handlers
from tap_versionforge_salesforce.singer.log_fields import is_displayed

if TYPE_CHECKING:
    from collections.abc import Iterator


class BriefFormatter(logging.Formatter):
    """A line for somebody who looks on: the time, what it is where it is no mere news, the text.

    The SDK's own has 78 characters in front of the text, which is all that many terminals have.
    """

    def __init__(self) -> None:
        super().__init__(datefmt="%H:%M:%S")

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.capitalize()}: " if record.levelno >= logging.WARNING else ""
        return f"{self.formatTime(record, self.datefmt)} {level}{record.message}"


class LinesAbove(io.TextIOBase):
    """Takes what is written to stderr, line by line.

    Whoever writes does not wait for the terminal, and each thread has its own lines. Once
    `let_through` is called, all goes there.

    Args:
        stderr: The terminal.
    """

    def __init__(self, stderr: TextIO) -> None:
        #: The terminal.
        self.stderr = stderr
        # Of each thread that has not ended its line yet.
        self._begun: dict[int, str] = {}
        self._lines = deque[Text]()
        self._is_let_through = False
        # A handler of a signal may write while its own thread does.
        self._lock = threading.RLock()

    @override
    def write(self, text: str, /) -> int:
        if not self._is_let_through and self._is_kept(text):
            return len(text)
        return self.stderr.write(text)

    def _is_kept(self, text: str) -> bool:
        thread = threading.get_ident()
        with self._lock:
            # It may be so by now.
            if self._is_let_through:
                return False
            *lines, begun = f"{self._begun.pop(thread, '')}{text}".split("\n")
            if begun:
                self._begun[thread] = begun
            self._lines.extend(map(Text.from_ansi, lines))
        return True

    def add(self, line: Text) -> None:
        """Take a line that is no line of the log."""
        self._lines.append(line)

    def taken(self) -> list[Text]:
        """Return the lines that have come since this was last asked."""
        lines: list[Text] = []
        with suppress(IndexError):
            while True:
                lines.append(self._lines.popleft())
        return lines

    def let_through(self) -> None:
        """Keep nothing any more: the display is over, or the terminal takes nothing."""
        with self._lock:
            self._is_let_through = True
            text = "".join(f"{line.plain}\n" for line in self.taken())
            text += "\n".join(self._begun.values())
            self._begun.clear()
        with suppress(OSError, ValueError):
            self.stderr.write(text)
            self.stderr.flush()

    @override
    def flush(self) -> None:
        if self._is_let_through:
            self.stderr.flush()

    @override
    def fileno(self) -> int:
        return self.stderr.fileno()

    @override
    def isatty(self) -> bool:
        return self.stderr.isatty()

    @override
    def writable(self) -> bool:
        return True


@contextmanager
def log_above(above: LinesAbove) -> Iterator[None]:
    """Have everything that is written to stderr in the block go elsewhere.

    That is what handlers of the log write, whoever has set them up (`SINGER_SDK_LOG_CONFIG` names
    a file for that), and what others write to `sys.stderr`. Handlers keep their filters, so that
    secrets stay hidden; the SDK's own lines are brief here. Lines that say what the display shows
    are left out, unless the level is DEBUG.

    Args:
        above: Has it, instead of the terminal that it is for.
    """
    with ExitStack() as restored:
        restored.callback(above.let_through)
        for handler in _handlers_of(above.stderr):
            handler.setStream(above)
            restored.callback(handler.setStream, above.stderr)
            # What somebody has chosen stays as it is.
            if type(handler.formatter) is ConsoleFormatter:
                restored.callback(handler.setFormatter, handler.formatter)
                handler.setFormatter(BriefFormatter())
            handler.addFilter(_says_more)
            restored.callback(handler.removeFilter, _says_more)
        restored.enter_context(redirect_stderr(cast("TextIO", above)))
        yield


def _says_more(record: logging.LogRecord) -> bool:
    # No display shows what is a warning, whoever says it.
    if record.levelno > logging.INFO or not is_displayed(record):
        return True
    return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)


def _handlers_of(stderr: TextIO) -> list[logging.StreamHandler[Any]]:
    return [
        handler
        for handler in all_handlers()
        if isinstance(handler, logging.StreamHandler)
        and handler.stream in (stderr, sys.stderr, sys.__stderr__)
    ]
