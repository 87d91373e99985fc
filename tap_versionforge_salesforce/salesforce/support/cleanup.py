"""What is taken out of an org once its rows are here, beside what else is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import TapError, UnavailableError
from tap_versionforge_salesforce.salesforce.support.background import BackgroundQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_versionforge_salesforce.salesforce.support.clock import Clock

# Once all rows are here.
_SECONDS = 10.0


class Cleanup:
    """Removes jobs in a thread of its own, and never holds a run that has all its rows.

    Args:
        clock: For the time that may pass at the end.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue = BackgroundQueue()
        # Once only that is left to do.
        self._ends: float | None = None

    def do(self, work: Callable[[], object]) -> None:
        """Do it when what was asked for before is done."""
        self._queue.do(work)

    def finish(self) -> None:
        """Wait for what is left to do, but not for long."""
        self._ends = self._clock.monotonic() + _SECONDS
        self._queue.wait()

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
