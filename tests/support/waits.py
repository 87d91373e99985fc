"""Answers that are late, by the tap's own clock, and what is said meanwhile."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.local_org.conditions import faults

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import OrgClock


def has_said(caplog: pytest.LogCaptureFixture, text: str, *, seconds: float = 20) -> bool:
    """Wait until the log has a text, in vain after some seconds."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if text in caplog.text:
            return True
        time.sleep(0.02)
    return False


@dataclass
class LateAnswer:
    """The org's answer, once the tap has said that it waits for it: an action of a fault.

    Attributes:
        clock: Of the tap, on which minutes pass meanwhile.
        caplog: Has what it says.
        said: What it is to say.
        found: Whether it has, for each answer.
    """

    clock: OrgClock
    caplog: pytest.LogCaptureFixture
    said: str
    found: list[bool] = field(default_factory=list)

    def __call__(self, _: Call, real: Callable[[], Answer]) -> Answer:
        """Be late."""
        for _minute in range(20):
            # The tap has sent its request; on a loaded machine it may not yet wait for the answer,
            # so that this minute is none of its.
            self.clock.sleep(61)
            if has_said(self.caplog, self.said, seconds=1):
                break
        self.found.append(self.said in self.caplog.text)
        return real()


def trickling(clock: OrgClock) -> faults.Action:
    """Return what sends the org's answer byte by byte, for an hour by the tap's own clock."""
    trickle = faults.slow(20)

    def act(call: Call, real: Callable[[], Answer]) -> Answer:
        threading.Timer(0.3, clock.sleep, [3_600]).start()
        return trickle(call, real)

    return act
