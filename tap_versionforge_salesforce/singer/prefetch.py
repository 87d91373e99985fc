"""Prefetch: what is begun for streams before their turn, so that Salesforce works meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Prefetched(Protocol):
    """The sync of a stream, as far as it is begun before its turn."""

    @property
    def is_over(self) -> bool:
        """Tell whether it has read its rows, or failed."""

    @property
    def has_job(self) -> bool:
        """Tell whether a Bulk job of it is in the org, and so in the state."""

    @property
    def may_need_job(self) -> bool:
        """Tell whether its first page is here, and may say that it needs a job."""

    def create_job(self) -> bool:
        """Create the Bulk job, if it is clear that there has to be one; tell whether there is."""

    def request_first_page(self) -> bool:
        """Ask for the first REST page, if that comes first; tell whether it is asked for."""

    def start_download(self) -> None:
        """Begin to download the pages of the job."""

    def write_state(self) -> None:
        """Write STATE now."""

    def end(self) -> None:
        """Drop what was begun and not read."""


class Prefetcher:
    """Creates Bulk jobs and asks for first pages, in the order of the streams.

    Args:
        syncs: Returns the sync of each stream that is read, in the order in which they are.
        most_jobs: Bulk jobs that may be in flight (setting ``max_parallel_jobs``).
        most_first_pages: Streams whose first REST page may be asked for before it is wanted: it
            waits in memory (setting ``parallel_downloads``).
    """

    def __init__(
        self,
        syncs: Callable[[], Sequence[Prefetched]],
        *,
        most_jobs: int,
        most_first_pages: int,
    ) -> None:
        self._syncs = syncs
        self._most_jobs = most_jobs
        self._most_first_pages = most_first_pages
        self._waiting: list[Prefetched] = []
        self._with_job: list[Prefetched] = []
        self._with_first_page: list[Prefetched] = []

    def start_turn(self) -> None:
        """Begin as much as may be; called at the beginning of each stream's turn."""
        self._waiting = [sync for sync in self._syncs() if not sync.is_over]
        self._with_job, self._with_first_page, others = [], [], []
        has_new = False
        for sync in self._waiting:
            has_new |= self._create_job(sync)
            if sync not in self._with_job:
                others.append(sync)
        for sync in others:
            if len(self._with_first_page) == self._most_first_pages:
                break
            if sync.request_first_page():
                self._with_first_page.append(sync)
        self._tell(has_new=has_new)

    def after_page(self) -> None:
        """Begin what first pages have shown to be needed; called behind each page."""
        has_new = False
        for sync in self._with_first_page:
            if not sync.is_over and sync.may_need_job:
                has_new |= self._create_job(sync)
        if has_new:
            self._with_first_page = [
                each for each in self._with_first_page if each not in self._with_job
            ]
            self._tell(has_new=has_new)

    def end(self) -> None:
        """Let go of everything: no stream's turn will come any more."""
        for sync in self._waiting:
            sync.end()

    def _create_job(self, sync: Prefetched) -> bool:
        """Return whether a job is in flight that was not before."""
        if len(self._with_job) >= self._most_jobs:
            return False
        had_job = sync.has_job
        if sync.create_job():
            self._with_job.append(sync)
        return sync.has_job and not had_job

    def _tell(self, *, has_new: bool) -> None:
        # A run that ends early leaves them to the next one.
        if has_new:
            self._with_job[0].write_state()
        for sync in self._with_job:
            sync.start_download()
