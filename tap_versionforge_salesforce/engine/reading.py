"""One reading of a selection, with the places from which another one can go on."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.engine.objects import reason_to_refuse
from tap_versionforge_salesforce.engine.remedies import remedies_named
from tap_versionforge_salesforce.errors import RefusedError, TapError
from tap_versionforge_salesforce.salesforce.support.interruption import RunIsOverError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.salesforce.query.parts_read import PartsRead, Place


class Reading:
    """Reads the rows of an object; a Bulk job whose rows have not all come stays in the org.

    Args:
        org: Whose rows they are.
        name: The object's API name.
        parts: Reads them.
        look_at_limits: Called before anything is asked for.
    """

    def __init__(
        self, org: Org, name: str, parts: PartsRead, look_at_limits: Callable[[], None]
    ) -> None:
        self._org = org
        self._name = name
        self._parts = parts
        self._look_at_limits = look_at_limits

    def begin(self) -> Place | None:
        """Create the Bulk job of the rows, if it is clear already that there has to be one.

        Returns:
            Where `pages` goes on with it; None where there is none, or it can't be had yet.

        Raises:
            TapError: Nothing can be had of the org.
        """
        with remedies_named():
            self._look_at_limits()
            return self._parts.begin()

    def abandon(self, job: JobCheckpoint, reason: str) -> None:
        """Take the Bulk job of an earlier reading out of the org, beside what else is done.

        Args:
            job: Nobody goes on with it.
            reason: Why.
        """
        self._parts.abandon(job, reason)

    def pages(self, place: Place | None = None) -> Generator[tuple[Page, Place], None, None]:
        """Yield pages of canonical values, each with the place behind it.

        Args:
            place: Where to go on; None from the beginning.

        Raises:
            TapError: As iterating over `Rows`.
        """
        pages = self._parts.pages(place)
        with remedies_named(), reason_told(self._org, self._name), closing(pages):
            self._look_at_limits()
            yield from pages


class ReadFrames:
    """Frames that one thread reads, and another one may end.

    Args:
        frames: Yields them.
    """

    def __init__(self, frames: Generator[Frame, None, None]) -> None:
        self._frames = frames
        self._lock = threading.Lock()
        self._is_ended = False

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        """Return the next one.

        Raises:
            StopIteration: There is none, or somebody has ended them.
            TapError: It can't be had.
        """
        with self._lock:
            try:
                return next(self._frames)
            except (RunIsOverError, TapError):
                # What is taken away under who waits for it fails in one way or another.
                if self._is_ended:
                    raise StopIteration from None
                raise

    def close(self) -> None:
        """End them; one that another thread is waiting for, it has to end by itself."""
        self._is_ended = True
        if self._lock.acquire(blocking=False):
            try:
                self._frames.close()
            finally:
                self._lock.release()


@contextmanager
def reason_told(org: Org, name: str) -> Iterator[None]:
    """Say of an object that no query can read why that is so, where that is known.

    Args:
        org: The org, which may refuse what the block asks for.
        name: The object's API name.

    Raises:
        RefusedError: That of the block.
    """
    try:
        yield
    except RefusedError as error:
        reason = reason_to_refuse(org, name)
        if reason is None:
            raise
        raise error.reworded(f"{name} can't be read: {reason}.") from None
