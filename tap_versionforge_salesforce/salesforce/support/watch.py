"""Waits that take long are said, and those that must not go on are ended."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FIRST_SECONDS = 60.0
_LONGEST_SECONDS = 1_800.0


@dataclass(slots=True, eq=False)
class Wait:
    """One wait that is going on.

    Attributes:
        began: When, by a clock that only grows.
        what: Returns what is waited for; None for what nobody is told of.
        told_at: When it is said next.
        limit_seconds: How long it may take; None for as long as it does.
        end: Ends it, in another thread, and tells whether there was something to end.
        is_ended: That was done.
    """

    began: float
    what: Callable[[], str] | None = None
    told_at: float = 0.0
    limit_seconds: float | None = None
    end: Callable[[], bool] | None = None
    is_ended: bool = False


class Watch:
    """Looks at the waits of a run, in a thread beside it.

    Args:
        monotonic: Seconds that only grow.
        tell: Takes a sentence about a wait that has taken a minute, and again after two, four,
            eight, and so on up to each half hour.
        look_seconds: Time between two looks.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        tell: Callable[[str], object],
        *,
        look_seconds: float = 1.0,
    ) -> None:
        self._monotonic = monotonic
        self._look_seconds = look_seconds
        self._tell = tell
        self._waits: list[Wait] = []
        self._thread: threading.Thread | None = None
        self._is_over = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def telling(self, what: Callable[[], str]) -> Iterator[None]:
        """Say what the block waits for, where it takes long.

        Args:
            what: Goes on from "Waiting for"; asked anew each time.
        """
        began = self._monotonic()
        with self._watched(Wait(began, what, told_at=began + _FIRST_SECONDS)):
            yield

    @contextmanager
    def limited(self, seconds: float, end: Callable[[], bool]) -> Iterator[Wait]:
        """End what the block waits for, where it takes longer than it may.

        Args:
            seconds: How long it may take in all.
            end: Makes the wait fail, from another thread; False where there is nothing to be made
                to fail, so that it is tried again.

        Yields:
            The wait, which says afterwards whether it was ended.
        """
        wait = Wait(self._monotonic(), limit_seconds=seconds, end=end)
        with self._watched(wait):
            yield wait

    @contextmanager
    def _watched(self, wait: Wait) -> Iterator[None]:
        with self._lock:
            self._waits.append(wait)
            if self._thread is None and not self._is_over.is_set():
                self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._waits.remove(wait)

    def end(self) -> None:
        """Look no more: the run is over."""
        self._is_over.set()

    def _watch(self) -> None:
        while not self._is_over.wait(self._look_seconds):
            # What can't be said or ended this time must not keep the other waits from it.
            with suppress(Exception):
                self.look()
            with self._lock:
                if not self._waits:  # the next wait makes another thread
                    self._thread = None
                    return

    def look(self) -> None:
        """Say, or end, what has come to its time by now."""
        now = self._monotonic()
        with self._lock:
            backoff_seconds = list(self._waits)
        for wait in backoff_seconds:
            if wait.what is not None and now >= wait.told_at:
                passed = now - wait.began
                wait.told_at = now + min(passed, _LONGEST_SECONDS)
                minutes = round(passed / 60)
                since = "1 minute" if minutes == 1 else f"{minutes:,} minutes"
                self._tell(f"Waiting for {wait.what()}, for {since} now.")
            if wait.limit_seconds is not None and not wait.is_ended:
                self._end(wait, now)

    def _end(self, wait: Wait, now: float) -> None:
        with self._lock:
            # What is over must not be ended: its connection may serve another request by now.
            is_late = now - wait.began > (wait.limit_seconds or 0.0)
            if not is_late or wait not in self._waits or wait.end is None:
                return
            wait.is_ended = wait.end()


#: Tells nobody; serves where there is no run.
SILENT = Watch(time.monotonic, lambda _: None)
