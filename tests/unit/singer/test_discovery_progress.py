"""What is told while many objects are described."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_versionforge_salesforce.singer.discovery_progress import DiscoveryProgress
from tap_versionforge_salesforce.singer.events import ObjectDescribed

if TYPE_CHECKING:
    import pytest

LOGGER = logging.getLogger("progress")


def take(progress: DiscoveryProgress, objects: int) -> None:
    for count in range(1, objects + 1):
        progress.take(ObjectDescribed(count, objects))


def test_a_terminal_has_one_line_that_is_written_anew() -> None:
    """It is gone at the end, and a line of the log can be written over it at any time."""
    screen = io.StringIO()
    take(DiscoveryProgress(LOGGER, lambda: 0.0, screen), 1_060)
    *shown, last, rest = screen.getvalue().split("\x1b[K\r")
    assert shown[0] == "Described 25 of 1,060 objects"
    assert shown[-1] == "Described 1,050 of 1,060 objects"
    assert len(shown) == 42
    assert last == rest == ""


class Closed(io.StringIO):
    """A terminal whose window has been closed."""

    @override
    def write(self, text: str, /) -> int:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_is_closed_meanwhile_is_not_written_to() -> None:
    """What is described is not lost by it."""
    take(DiscoveryProgress(LOGGER, lambda: 0.0, Closed()), 60)


def test_without_a_terminal_the_log_has_a_line_every_ten_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A describe takes 0.15 seconds here: 60 in nine."""
    caplog.set_level(logging.INFO)
    now = iter(range(10_000))
    take(DiscoveryProgress(LOGGER, lambda: next(now) * 0.15, None), 200)
    assert caplog.messages == ["Described 68 of 200 objects.", "Described 135 of 200 objects."]


def test_what_comes_in_one_answer_is_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    """25 objects come at once."""
    caplog.set_level(logging.INFO)
    screen = io.StringIO()
    take(DiscoveryProgress(LOGGER, lambda: 0.0, screen), 25)
    now = iter(range(0, 10_000, 60))
    take(DiscoveryProgress(LOGGER, lambda: next(now), None), 25)
    assert (screen.getvalue(), caplog.messages) == ("", [])
