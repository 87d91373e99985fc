"""Prefetch: what is begun for streams before their turn, so that Salesforce works meanwhile."""

from __future__ import annotations

import enum
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from tap_versionforge_salesforce.salesforce.http.composite import MOST_PARTS, MOST_QUERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_versionforge_salesforce.salesforce.query.composite_queries import CompositeQueries

# Requests for several first pages whose answers may wait.
_REQUESTS_AHEAD = 2


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
    def goes_together(self) -> bool:
        """Tell whether its first REST page is asked for in one request with those of others."""

    @property
    def has_page(self) -> bool:
        """Tell whether its first page has been asked for."""

    @property
    def may_need_job(self) -> bool:
        """Tell whether its first page is here, and may say that it needs a job."""

    @property
    def lacks_coverage(self) -> bool:
        """Tell whether it has to be asked how far changes are committed, before it is begun with.

        Not where that is asked in one request with its first page.
        """

    def ask_coverage(self) -> None:
        """Ask how far changes are committed, in one request with other streams."""

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
        parallel_downloads: Streams whose first REST page may be asked for before it is wanted,
            each by itself: it waits in memory. Together they cost less, and are up to ten.
        composites: Asks for them, several in one request.
    """

    def __init__(
        self,
        syncs: Callable[[], Sequence[Prefetchable]],
        *,
        most_jobs: int,
        parallel_downloads: int,
        composites: CompositeQueries,
    ) -> None:
        self._syncs = syncs
        self._most_jobs = most_jobs
        self._parallel_downloads = parallel_downloads
        self._composites = composites
        self._waiting: list[Prefetchable] = []
        self._with_job: list[Prefetchable] = []
        self._with_page: list[Prefetchable] = []

    def start_turn(self) -> None:
        """Begin as much as may be; called at the beginning of each stream's turn."""
        self._waiting = [sync for sync in self._syncs() if not sync.is_over]
        self._with_job = []
        self._ask_coverages()
        self._ask_for_pages()
        self._composites.send()
        self._prefetch_jobs(self._waiting)
        self._with_page = [sync for sync in self._with_page if sync not in self._with_job]

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

    def _ask_coverages(self) -> None:
        next_ones = self._waiting[: max(self._most_jobs, self._parallel_downloads)]
        if not any(sync.lacks_coverage for sync in next_ones):
            return
        lacking = (sync for sync in self._waiting if sync.lacks_coverage)
        for sync in islice(lacking, MOST_PARTS):
            sync.ask_coverage()

    def _ask_for_pages(self) -> None:
        self._with_page = [sync for sync in self._waiting if sync.has_page]
        others = [sync for sync in self._waiting if not (sync.has_page or sync.has_job)]
        together = [sync for sync in others if sync.goes_together]
        alone = [sync for sync in others if not sync.goes_together]
        with_part = sum(sync.goes_together for sync in self._with_page)
        room = MOST_QUERIES * min(_REQUESTS_AHEAD, self._parallel_downloads) - with_part
        # What a request would bring but in part waits for more room.
        if room >= min(MOST_QUERIES, len(together)):
            self._ask(together, room)
        self._ask(alone, self._parallel_downloads - (len(self._with_page) - with_part))

    def _ask(self, syncs: Sequence[Prefetchable], room: int) -> None:
        for sync in syncs:
            if room <= 0:
                return
            if sync.prefetch(may_have_job=False, may_have_page=True) is Prefetched.PAGE:
                self._with_page.append(sync)
                room -= 1

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
