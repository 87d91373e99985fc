"""The display at a terminal that is no good."""

from __future__ import annotations

import gc
import io
import logging
import sys
import threading
import time
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_versionforge_salesforce.salesforce.http.quota import Quota
from tap_versionforge_salesforce.singer.display.live import LiveDisplay
from tap_versionforge_salesforce.singer.progress import Progress
from tap_versionforge_salesforce.singer.run_report import RunReport

if TYPE_CHECKING:
    import pytest


class Stopped(io.StringIO):
    """A terminal at which somebody has pressed Ctrl-S: whoever writes waits."""

    def __init__(self) -> None:
        super().__init__()
        self.is_waited_for = threading.Event()
        self.goes_on = threading.Event()

    @override
    def write(self, text: str, /) -> int:
        self.is_waited_for.set()
        self.goes_on.wait(60)
        return super().write(text)


def test_a_stopped_terminal_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends all the same, and whoever says something then goes on, too."""
    terminal = Stopped()
    # As it was, whatever the display leaves there.
    monkeypatch.setattr(sys, "stderr", terminal)
    logger = logging.getLogger("tests.stopped")
    handler = logging.StreamHandler(terminal)
    logger.addHandler(handler)
    try:
        with LiveDisplay(
            terminal,
            progress=Progress(),
            report=RunReport(),
            quota=Quota(),
            seconds=time.monotonic,
            patience_seconds=0.01,
        ):
            assert terminal.is_waited_for.wait(60)
        logger.warning("Stopped.")
        sys.stderr.write("The end.\n")
        assert terminal.getvalue() == ""
    finally:
        logger.removeHandler(handler)
        terminal.goes_on.set()
        # Once its thread has ended and nobody holds it, the display puts back what it found: here,
        # and not in another test.
        for thread in threading.enumerate():
            if thread.name == "display":
                thread.join(60)
        gc.collect()
