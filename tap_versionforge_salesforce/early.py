"""What is begun for streams before their turn, so that Salesforce's time and ours run together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_versionforge_salesforce.streams import SObjectStream


class EarlyWork:
    """Creates Bulk jobs and asks for first pages, in the order of the streams.

    Args:
        streams: Returns the selected streams, in the order in which they are read.
        most_jobs: Bulk jobs that may be in flight (setting ``max_parallel_jobs``).
        most_looks: Streams whose first REST page may be asked for before it is wanted: it waits
            in memory (setting ``parallel_downloads``).
    """

    def __init__(
        self,
        streams: Callable[[], Sequence[SObjectStream]],
        *,
        most_jobs: int,
        most_looks: int,
    ) -> None:
        self._streams = streams
        self._most_jobs = most_jobs
        self._most_looks = most_looks
        self._prepared: list[SObjectStream] = []
        self._with_job: list[SObjectStream] = []
        self._looked_at: list[SObjectStream] = []

    def begin(self) -> None:
        """Begin as much as may be; called at the beginning of each stream's turn."""
        streams = [each for each in self._streams() if each.is_read and not each.is_over]
        for stream in streams:
            stream.prepare()
        self._prepared = streams
        self._with_job, self._looked_at, looks = [], [], []
        has_new = False
        for stream in streams:
            has_new |= self._create_job(stream)
            if stream not in self._with_job:
                looks.append(stream)
        for stream in looks:
            if len(self._looked_at) == self._most_looks:
                break
            if stream.extraction.request_first_page():
                self._looked_at.append(stream)
        self._tell(has_new=has_new)

    def go_on(self) -> None:
        """Begin what first pages have shown to be needed; called behind each page."""
        has_new = False
        for stream in self._looked_at:
            if not stream.is_over and stream.extraction.may_need_job:
                has_new |= self._create_job(stream)
        if has_new:
            self._looked_at = [each for each in self._looked_at if each not in self._with_job]
            self._tell(has_new=has_new)

    def end(self) -> None:
        """Let go of everything: no stream's turn will come any more."""
        for stream in self._prepared:
            stream.extraction.end()

    def _create_job(self, stream: SObjectStream) -> bool:
        """Return whether a job is in flight that was not before."""
        if len(self._with_job) >= self._most_jobs:
            return False
        had_job = stream.extraction.has_job
        if stream.extraction.create_job():
            self._with_job.append(stream)
        return stream.extraction.has_job and not had_job

    def _tell(self, *, has_new: bool) -> None:
        # A run that ends early leaves them to the next one.
        if has_new:
            self._with_job[0].write_state()
        for stream in self._with_job:
            stream.extraction.start_download()
