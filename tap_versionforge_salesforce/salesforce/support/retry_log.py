"""Trouble that passes: told once for each kind, with how often it came and what it cost."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.support.events import Remark, Retried

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.support.events import Events


@dataclass(slots=True)
class Retries:
    """One kind of trouble in one run.

    Attributes:
        kind: What happened, as the beginning of a sentence.
        times: How often.
        seconds: Time lost by it: attempts that failed, and waiting for the next one.
        calls: API calls spent on it.
    """

    kind: str
    times: int = 0
    seconds: float = 0.0
    calls: int = 0


class RetryLog:
    """What went wrong in a run and was tried again.

    Args:
        events: Where each case is told.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._found: dict[str, Retries] = {}
        self._told = 0
        # Pages are downloaded by several threads.
        self._lock = threading.Lock()

    @property
    def found(self) -> list[Retries]:
        """Return each kind, in the order in which they first came."""
        return list(self._found.values())

    def record(self, kind: str, event: str, *, seconds: float = 0.0, calls: int = 0) -> None:
        """Take in one case that is tried again.

        Args:
            kind: What happened; without what differs from case to case.
            event: The case and what is done about it, in one sentence.
            seconds: What it cost of time.
            calls: What it cost of API calls.
        """
        self._events.tell(Retried(kind, event, seconds, calls))
        with self._lock:
            retries = self._found.setdefault(kind, Retries(kind))
            retries.times += 1
            retries.seconds += seconds
            retries.calls += calls

    def tell_summary(self) -> None:
        """Warn of each kind that has not been told yet."""
        with self._lock:
            untold, self._told = self.found[self._told :], len(self._found)
        for retries in untold:
            times = "once" if retries.times == 1 else f"{retries.times:,} times"
            calls = "1 API call" if retries.calls == 1 else f"{retries.calls:,} API calls"
            text = (
                f"{retries.kind}, {times} in this run; trying again cost {retries.seconds:.1f} "
                f"seconds and {calls}."
            )
            self._events.tell(Remark(None, text, is_warning=True))
