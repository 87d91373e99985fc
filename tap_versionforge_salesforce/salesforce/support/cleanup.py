"""What is taken out of an org once its rows are here, beside what else is done."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import TapError, UnavailableError
from tap_versionforge_salesforce.salesforce.support.background import in_background

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from tap_versionforge_salesforce.salesforce.support.clock import Clock

# Once all rows are here.
_SECONDS = 10.0


class Cleanup:
    """Removes jobs in one thread, and never holds a run that has all its rows.

    Args:
        clock: For the time that may pass at the end.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._work: deque[Callable[[], object]] = deque()
        # What is left to those who have it in hand, as long as the run is not over.
        self._owed: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        # What is done of it now; None where nothing is.
        self._going_on: Future[None] | None = None
        # A mistake of this program's, which is told at the end.
        self._mistake: BaseException | None = None
        # Once only that is left to do.
        self._ends: float | None = None

    def do(self, work: Callable[[], object]) -> None:
        """Do it when what was asked for before is done; at once, where the run is over.

        Args:
            work: Raises nothing.
        """
        if self._ends is not None:
            # Nobody waits for another thread any more.
            work()
            return
        with self._lock:
            self._work.append(partial(copy_context().run, work))
            if self._going_on is None:
                self._going_on = in_background(self._do_all)

    @contextmanager
    def owing(self, work: Callable[[], object]) -> Iterator[None]:
        """Have something done at the end of the run, if the block has not been left by then.

        Args:
            work: Raises nothing, and does nothing a second time.
        """
        with self._lock:
            self._owed.append(work)
        try:
            yield
        finally:
            with self._lock:
                self._owed.remove(work)

    def _do_all(self) -> None:
        while True:
            with self._lock:
                if not self._work:
                    self._going_on = None
                    return
                work = self._work.popleft()
            try:
                work()
            except BaseException as mistake:  # noqa: BLE001  what comes behind it is done all the same
                self._mistake = mistake

    def finish(self) -> None:
        """Wait for what is left to do, but not for long.

        Raises:
            BaseException: What some of it has raised, which it should not.
        """
        self._ends = self._clock.monotonic() + _SECONDS
        with self._lock:
            owed = list(self._owed)
        for work in owed:
            work()
        if (going_on := self._going_on) is not None:
            going_on.result()
        if self._mistake is not None:
            raise self._mistake

    def check_time(self) -> None:
        """See that there is time for it.

        Raises:
            UnavailableError: There is no more.
        """
        if self._ends is not None and self._clock.monotonic() >= self._ends:
            message = "the run is over, and Salesforce takes too long to remove jobs."
            raise UnavailableError(message, hint="Remove it in Setup > Bulk Data Load Jobs.")

    def note_failed(self, error: TapError) -> None:
        """Let nothing more be cleaned up at the end once that fails as it does."""
        if self._ends is not None and isinstance(error, UnavailableError):
            self._ends = self._clock.monotonic()
