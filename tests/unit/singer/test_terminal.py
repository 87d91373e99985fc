"""Where a display is shown."""

from __future__ import annotations

import io
import logging
import sys

import pytest
from typing_extensions import override

from tap_versionforge_salesforce.singer.terminal import terminal


class Terminal(io.StringIO):
    """What somebody looks at."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture
def logger() -> logging.Logger:
    logger = logging.getLogger("tests.terminal")
    logger.setLevel(logging.INFO)
    return logger


@pytest.mark.parametrize("stderr", [None, io.StringIO()], ids=["closed", "file"])
def test_what_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, logger: logging.Logger, stderr: object
) -> None:
    """A process may have been started without a stderr."""
    monkeypatch.setattr(sys, "stderr", stderr)
    assert terminal(logger, {"TERM": "xterm"}) is None


@pytest.mark.parametrize("name", ["dumb", "unknown", "", None])
def test_a_terminal_that_can_erase_nothing(
    monkeypatch: pytest.MonkeyPatch, logger: logging.Logger, name: str | None
) -> None:
    """It has the lines of the log, as a file has."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    environment = {} if name is None else {"TERM": name}
    assert terminal(logger, environment) is None


def test_a_terminal(monkeypatch: pytest.MonkeyPatch, logger: logging.Logger) -> None:
    """It is shown what is no warning only where the log has that, too."""
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    assert terminal(logger, {"TERM": "xterm"}) is stderr
    logger.setLevel(logging.WARNING)
    assert terminal(logger, {"TERM": "xterm"}) is None
