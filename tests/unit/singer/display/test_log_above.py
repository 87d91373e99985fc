"""What is written to a terminal while a display is on it."""

from __future__ import annotations

import io
import logging
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from singer_sdk.logging import ConsoleFormatter
from typing_extensions import override

from tap_versionforge_salesforce.salesforce.support.redaction import redact_logs
from tap_versionforge_salesforce.singer.display.log_above import LinesAbove, log_above
from tap_versionforge_salesforce.singer.log_fields import fields

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "00D000000000001!AQ.abcdef"  # noqa: S105  of nobody


@pytest.fixture
def stderr() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(stderr: io.StringIO) -> Iterator[logging.Logger]:
    """Return a logger with a handler of its own, as a file of the user's may set it up."""
    logger = logging.getLogger("tests.above")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.StreamHandler(stderr))
    redact_logs()
    yield logger
    logger.handlers.clear()


def test_lines_are_kept_while_the_display_is_there(
    stderr: io.StringIO, logger: logging.Logger
) -> None:
    """Whoever writes them; afterwards all is as it was."""
    above, before = LinesAbove(stderr), sys.stderr
    with log_above(above):
        logger.warning("A line.")
        sys.stderr.write("Another, ")
        sys.stderr.write("in pieces.\nThe rest")
        assert [line.plain for line in above.taken()] == ["A line.", "Another, in pieces."]
        logger.warning("One more.")
        assert stderr.getvalue() == ""
    logger.warning("The last.")
    assert stderr.getvalue() == "The restOne more.\nThe last.\n"
    assert sys.stderr is before


def test_each_thread_has_its_own_lines(stderr: io.StringIO) -> None:
    """What one writes in pieces is not mixed with what another one writes meanwhile."""
    above = LinesAbove(stderr)

    def write(text: str) -> None:
        thread = threading.Thread(target=above.write, args=(text,))
        thread.start()
        thread.join()

    above.write("It begins, ")
    write("Another.\n")
    above.write("and ends.\nThe rest")
    assert [line.plain for line in above.taken()] == ["Another.", "It begins, and ends."]
    above.let_through()
    write(".")
    assert stderr.getvalue() == "The rest."


def test_secrets_stay_hidden(stderr: io.StringIO, logger: logging.Logger) -> None:
    """The handler's filter is at work as before, on what a line has as fields, too."""
    above = LinesAbove(stderr)
    logger.handlers[0].setFormatter(logging.Formatter("%(message)s %(reason)s"))
    with log_above(above):
        logger.info("It is %s.", TOKEN, extra=fields("remark", reason=TOKEN))
        assert [line.plain for line in above.taken()] == ["It is [hidden] [hidden]"]


def test_what_the_display_shows_is_no_line_as_well(
    stderr: io.StringIO, logger: logging.Logger
) -> None:
    """Unless the level is DEBUG; warnings and all else are."""
    above = LinesAbove(stderr)
    with log_above(above):
        for event in ("api_chosen", "read_progress", "remark"):
            logger.info("%s", event, extra=fields(event, "Account"))
        assert [line.plain for line in above.taken()] == ["remark"]
        logger.warning("No schema.", extra=fields("sdk", "Account"))
        logger.error("No row.", extra=fields("sdk", "Account"))
        assert [line.plain for line in above.taken()] == ["No schema.", "No row."]
        logger.setLevel(logging.DEBUG)
        logger.info("api_chosen", extra=fields("api_chosen", "Account"))
        assert [line.plain for line in above.taken()] == ["api_chosen"]


class Closed(io.StringIO):
    """A terminal whose window has been closed."""

    @override
    def write(self, text: str, /) -> int:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_has_been_closed() -> None:
    """What can't be written any more ends nothing."""
    above = LinesAbove(Closed())
    with log_above(above):
        sys.stderr.write("A line.\n")


def test_the_long_lines_of_the_sdk_are_brief(stderr: io.StringIO, logger: logging.Logger) -> None:
    """The time and the text, and what it is where it is a warning; afterwards all is as before."""
    formatter = ConsoleFormatter()
    logger.handlers[0].setFormatter(formatter)
    above = LinesAbove(stderr)
    with log_above(above):
        logger.info("It goes on.")
        logger.warning("Rows wait.")
        lines = [line.plain for line in above.taken()]
    assert [line.partition(" ")[2] for line in lines] == ["It goes on.", "Warning: Rows wait."]
    assert all(len(line.partition(" ")[0]) == len("10:00:00") for line in lines)
    assert logger.handlers[0].formatter is formatter
