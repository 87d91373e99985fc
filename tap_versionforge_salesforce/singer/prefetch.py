"""Prefetch: what is begun for streams before their turn, so that Salesforce works meanwhile."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Prefetched(enum.Enum):
    """What of a stream is in flight before its turn."""

    NOTHING = "nothing"
    PAGE = "its first REST page"
    JOB = "its Bulk job"


class Prefetchable(Protocol):
    """The sync of a stream, as far as it can be begun before its turn."""

    @property
    def is_over(self) -> bool:
        """Tell whether it has read its rows, or failed."""

    @property
    def has_job(self) -> bool:
        """Tell whether a Bulk job of it is in the org, and so in the state."""

    @property
    def may_need_job(self) -> bool:
        """Tell whether its first page is here, and may say that it needs a job."""

    def prefetch(self, *, may_have_job: bool, may_have_page: bool) -> Prefetched:
        """Begin with it, as far as that may be and is of use; tell what is in flight."""

    def prefetch_result_pages(self) -> None:
        """Begin to wait for the job and to download its pages."""

    def write_state(self) -> None:
        """Write STATE now."""

    def end(self) -> None:
        """Drop what was begun and not read."""


class Prefetcher:
    """Begins with the streams before their turn, in their order.

    Args:
        syncs: Returns the sync of each stream that is read, in the order in which they are.
        most_jobs: Bulk jobs that may be in flight (setting ``max_parallel_jobs``).
        most_pages: Streams whose first REST page may be asked for before it is wanted: it waits
            in memory (setting ``parallel_downloads``).
    """

    def __init__(
        self, syncs: Callable[[], Sequence[Prefetchable]], *, most_jobs: int, most_pages: int
    ) -> None:
        self._syncs = syncs
        self._most_jobs = most_jobs
        self._most_pages = most_pages
        self._waiting: list[Prefetchable] = []
        self._with_job: list[Prefetchable] = []
        self._with_page: list[Prefetchable] = []

    def start_turn(self) -> None:
        """Begin as much as may be; called at the beginning of each stream's turn."""
        self._waiting = [sync for sync in self._syncs() if not sync.is_over]
        self._with_job, self._with_page = [], []
        # Jobs first: they take Salesforce longer.
        self._prefetch_jobs(self._waiting)
        for sync in self._waiting:
            if len(self._with_page) == self._most_pages:
                return
            if sync in self._with_job:
                continue
            if sync.prefetch(may_have_job=False, may_have_page=True) is Prefetched.PAGE:
                self._with_page.append(sync)

    def after_page(self) -> None:
        """Begin what first pages have shown to be needed; called behind each page."""
        in_need = [s for s in self._with_page if not s.is_over and s.may_need_job]
        if not in_need:
            return
        self._prefetch_jobs(in_need)
        self._with_page = [sync for sync in self._with_page if sync not in self._with_job]

    def end(self) -> None:
        """Let go of everything: no stream's turn will come any more."""
        for sync in self._waiting:
            sync.end()

    def _prefetch_jobs(self, syncs: Sequence[Prefetchable]) -> None:
        has_new = False
        for sync in syncs:
            had_job, has_room = sync.has_job, len(self._with_job) < self._most_jobs
            if has_room and sync.prefetch(may_have_job=True, may_have_page=False) is Prefetched.JOB:
                self._with_job.append(sync)
            has_new |= sync.has_job and not had_job
        # A run that ends early leaves them to the next one.
        if has_new:
            self._with_job[0].write_state()
        # Looking at a job and downloading come when all are in Salesforce's queue.
        for sync in self._with_job:
            sync.prefetch_result_pages()
