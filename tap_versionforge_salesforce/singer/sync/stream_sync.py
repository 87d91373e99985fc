"""One stream's rows from its bookmark to the present: which windows, and which jobs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    JobEndedBadlyError,
    QuotaError,
    RefusedError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.http.quota import StreamUsage, usage_counted_in
from tap_versionforge_salesforce.salesforce.objects.soql import IdRange
from tap_versionforge_salesforce.salesforce.query.api_choice import may_be_too_large
from tap_versionforge_salesforce.salesforce.query.partitions import Partition, split_partition
from tap_versionforge_salesforce.salesforce.support.events import Remark
from tap_versionforge_salesforce.singer.events import PageWritten, PartitionBegun, PartitionEnded
from tap_versionforge_salesforce.singer.prefetch import Prefetched
from tap_versionforge_salesforce.singer.sync.checkpoints import MAY_PASS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_versionforge_salesforce.errors import TapError
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.singer.events import Usage
    from tap_versionforge_salesforce.singer.run import Run
    from tap_versionforge_salesforce.singer.sync.checkpoints import Checkpoints
    from tap_versionforge_salesforce.singer.sync.partition_read import PartitionRead, PartitionReads


@dataclass(slots=True)
class _Begun:
    """What was prefetched of a stream, before its turn.

    Attributes:
        read: That which its turn begins with; None where nothing was begun.
        has_job: It has a Bulk job, in the org and in the state.
        is_looked_at: Somebody has looked whether it needs a Bulk job for sure.
    """

    read: PartitionRead | None = None
    has_job: bool = False
    is_looked_at: bool = False


class StreamSync:
    """The sync of one stream in one run.

    Args:
        run: What the streams of the run share. It takes the stream's place in the queue of
            downloads, so that syncs are made in the order of their streams.
        name: The stream's.
        reads: Makes what reads it, partition by partition.
        checkpoints: What the state says of it.
        is_test: A few rows are wanted.
    """

    def __init__(
        self,
        *,
        run: Run,
        name: str,
        reads: PartitionReads,
        checkpoints: Checkpoints,
        is_test: bool,
    ) -> None:
        self._run = run
        self._name = name
        self._reads = reads
        self._checkpoints = checkpoints
        self._is_test = is_test
        #: Its place in the queue of downloads.
        self.turn = run.downloads.join()
        self._begun = _Begun()
        # Behind what is read now comes what has changed since an earlier run began with it.
        self._reads_again = False
        #: Its pages have all been asked for, or it has failed.
        self.is_over = False
        # What it has used, also before its turn.
        self._usage = StreamUsage()

    # Before its turn

    @property
    def lacks_coverage(self) -> bool:
        """Tell whether it has to be asked how far changes are committed, before it is begun with.

        Not where that is asked in one request with its first page.
        """
        if self._is_test or self.goes_together or self._begun.read is not None:
            return False
        is_resumed = self._checkpoints.saved_job is not None
        return not is_resumed and self._reads.lack_coverage(self._run.org.server_time())

    def ask_coverage(self) -> None:
        """Ask how far changes are committed, in one request with other streams."""
        with usage_counted_in(self._usage):
            coverage = self._reads.new_coverage(self._run.org.server_time())
            self._run.composites.ask_coverage(coverage)

    def prefetch(self, *, may_have_job: bool, may_have_page: bool) -> Prefetched:
        """Begin with it before its turn: with its Bulk job, or with its first REST page.

        Salesforce works on a job while other streams are read. A first page tells whether there
        has to be one, and often is all there is.

        Args:
            may_have_job: A job may be created, if it is clear that there has to be one.
            may_have_page: The first page may be asked for, if that is what comes first.

        Returns:
            What of it is in flight now.
        """
        if self._is_test:
            return Prefetched.NOTHING
        with usage_counted_in(self._usage):
            if may_have_job and self._may_begin_job:
                self._prefetch_job()
            if self.has_job:
                return Prefetched.JOB
            is_asked = may_have_page and self._prefetch_page()
        return Prefetched.PAGE if is_asked else Prefetched.NOTHING

    @property
    def has_job(self) -> bool:
        """Tell whether what was begun has a Bulk job, in the org and in the state."""
        return self._begun.has_job

    @property
    def goes_together(self) -> bool:
        """Tell whether its first REST page is asked for in one request with those of others."""
        is_bulk = self._run.settings.api_mode == "bulk"
        return self._run.composites.bring_pages and not (is_bulk or self._reads.are_full)

    @property
    def has_page(self) -> bool:
        """Tell whether its first REST page has been asked for."""
        return self._begun.read is not None and self._begun.read.paginator.has_page_asked

    @property
    def may_need_job(self) -> bool:
        """Tell whether the first REST page has come and no job has been created."""
        read = self._begun.read
        return read is not None and not self.has_job and read.paginator.has_page

    @property
    def _may_begin_job(self) -> bool:
        return not self.has_job and (not self._begun.is_looked_at or self.may_need_job)

    def _prefetch_job(self) -> None:
        self._begun.is_looked_at = True
        try:
            read = self._begun.read or self._resumed(briefly=True) or self._new_read()
        except (*MAY_PASS, QuotaError) as error:
            self._remark(
                "The Bulk job of an earlier run can't be looked at early, and is again in the "
                f"turn of {self._name}: {error.message}"
            )
            return
        self._begun.has_job = read.is_resumed or self._create_job(read)
        if self.has_job or read.paginator.is_refused:
            self._begun.read = read

    def _prefetch_page(self) -> bool:
        # The job of an earlier run is resumed first, in the stream's turn if not before.
        if self._checkpoints.saved_job is not None:
            return False
        read = self._begun.read or self._new_read()
        if read.window.is_empty or not read.paginator.prefetch_page():
            return False
        self._begun.read = read
        return True

    def prefetch_result_pages(self) -> None:
        """Begin to wait for the job and to download its pages, if it is not its turn."""
        if self._begun.read is not None:
            with usage_counted_in(self._usage):
                self._begun.read.paginator.prefetch_result_pages()

    def write_state(self) -> None:
        """Write STATE now."""
        self._checkpoints.write_state()

    # In its turn

    @property
    def bookmark_text(self) -> str | None:
        """Return the bookmark as the state has it; None where there is none."""
        return self._checkpoints.bookmark_text

    def pages(self) -> Iterator[Page]:
        """Yield every page, and write STATE behind each that allows it.

        Raises:
            TapError: As `SalesforcePaginator`, where the rows can't be read in parts either.
        """
        self.turn.begin()
        with usage_counted_in(self._usage):
            read = self._begun.read or self._resumed() or self._new_read()
            self._begun.read = None
            if read.window.is_empty:
                self._remark(
                    f"Nothing is read yet: the bookmark or start_date of {self._name} lies ahead "
                    "of Salesforce's clock. Where that is a mistake, take it out of the state, or "
                    "mend start_date.",
                    is_warning=True,
                )
                return
            yield from self._read_all(read)
            if self._reads_again:
                # What has changed since the job was created is read in this run, too. Of a table
                # that is read whole that is everything: no stamp tells what is gone, or was
                # counted anew.
                read = self._new_read()
                if not read.window.is_empty:
                    yield from self._read_all(read)

    def first_query(self) -> Query:
        """Return what would be read first, of which nothing is asked for yet."""
        return self._reads.of(Partition(self._run.org.server_time()), self.turn).query

    @property
    def resumed_job_id(self) -> str | None:
        """Return the Id of the Bulk job of an earlier run that is gone on with; None for none."""
        job = self._checkpoints.saved_job
        return None if job is None else job.id

    def fail(self, error: TapError) -> None:
        """Leave in the state only what is right after an error."""
        self._checkpoints.fail(error)

    def end(self) -> None:
        """Drop what was begun and not read: nothing more is asked for."""
        self.is_over = True
        if self._begun.read is not None:
            self._begun.read.paginator.stop()
        self.turn.leave()

    def usage(self, in_turn: Usage) -> Usage:
        """Return what the stream has used, also before its turn.

        Args:
            in_turn: What the run has used while it was the stream's turn.
        """
        return used_by(self._usage, in_turn)

    # Which partitions

    def _read_all(self, read: PartitionRead) -> Iterator[Page]:
        """Yield the pages of a partition and of what follows it in its window."""
        self._checkpoints.begin_version()
        pending, failures = _behind(read.partition), 0
        while True:
            following = None
            self._run.org.events.tell(PartitionBegun(self._name, len(pending)))
            try:
                yield from self._read(read)
            except (RefusedError, UnavailableError) as error:
                if read.is_resumed and isinstance(error, JobEndedBadlyError):
                    following, pending = self._afresh(error), []
                else:
                    pending += self._halved(read, error, failures)
                    failures += 1
            else:
                following, failures = self._end(read, pending), 0
            if following is None and not pending:
                return
            read = following or self._next_part(pending)

    def _afresh(self, error: TapError) -> PartitionRead:
        """Return what reads everything from the bookmark, instead of an earlier run's job."""
        self._remark(
            f"The job of an earlier run is of no use any more: {error.message} It is made again."
        )
        self._checkpoints.forget_job()
        read = self._new_read()
        self._checkpoints.begin_version()
        return read

    def _halved(self, read: PartitionRead, error: TapError, failures: int) -> list[Partition]:
        """Return the halves of what was too large for a job, the one to be read first last."""
        halves = None
        if not read.query.given and may_be_too_large(error, failures):
            halves = split_partition(
                read.partition,
                query=read.query,
                client=self._run.client,
                bookmark=read.window.lower_bound,
                latest=self._checkpoints.covered_until,
            )
        if halves is None:
            raise error
        self._remark(
            f"{error.message} {self._name} is read in two parts, before and from {halves.border}.",
            is_warning=True,
        )
        self._checkpoints.forget_job()
        return [halves.second, halves.first]

    def _end(self, read: PartitionRead, pending: list[Partition]) -> PartitionRead | None:
        """Remember that the rows of a partition have been emitted.

        Returns:
            The next part, if its job has been created already.
        """
        following = None
        if read.partition.is_last:
            self._checkpoints.end_window(read.window.upper)
        else:
            # Its job takes the place of this one's in the state: there is no moment in which it
            # would be forgotten how far the parts have come.
            following = self._next_part(pending)
            self._create_job(following)
            self._checkpoints.write_state()
        read.paginator.finish()
        return following

    def _resumed(self, *, briefly: bool = False) -> PartitionRead | None:
        """Return what reads on with the Bulk job of an earlier run; None where there is none."""
        job = self._checkpoints.saved_job
        if job is None:
            return None
        read = self._reads.of(job.partition, self.turn)
        if self._is_resumed(read, job, briefly=briefly):
            self._reads_again = True
            self._checkpoints.resume(job)
            return replace(read, is_resumed=True)
        self._checkpoints.forget_job()
        return None

    def _is_resumed(self, read: PartitionRead, job: JobCheckpoint, *, briefly: bool) -> bool:
        try:
            return read.paginator.resume(job, briefly=briefly)
        except UnavailableError as error:
            is_auto = self._run.settings.api_mode == "auto"
            if briefly or not is_auto or not self._run.org.can_be_reached():
                raise
            self._remark(f"Bulk job {job.id} of an earlier run is not taken up: {error.message}")
            read.paginator.finish()
            return False

    # One partition

    def _read(self, read: PartitionRead) -> Iterator[Page]:
        rows = 0
        for page in read.pages():
            yield page
            rows += page.frame.height
            tell_written(self._run, self._name, page)
            self._checkpoints.take(page, read.partition)
            self._run.prefetcher.after_page()
            self._run.org.interruption.check()
        paginator, choice = read.paginator, read.paginator.choice
        ended = PartitionEnded(
            self._name,
            rows,
            paginator.rows_before,
            None if choice is None else choice.api.value,
            None if choice is None else choice.reason,
            paginator.proof,
            self._usage.calls,
        )
        self._run.org.events.tell(ended)

    def _create_job(self, read: PartitionRead) -> bool:
        job = None if read.window.is_empty else read.paginator.prefetch_job()
        if job is not None:
            self._checkpoints.save_job(job, read.partition)
        return job is not None

    def _new_read(self) -> PartitionRead:
        """Return what reads everything from the bookmark to the present."""
        # Targets delete what the version does not name: it is a new one, and activated late.
        self._checkpoints.new_version()
        self._reads_again = False
        # The server's clock, from an answer that came before the query is sent.
        read = self._reads.whole(self._run.org.server_time(), self.turn)
        self._checkpoints.begin_window(read.coverage)
        return read

    def _next_part(self, pending: list[Partition]) -> PartitionRead:
        return self._reads.of(pending.pop(), self.turn)

    def _remark(self, text: str, *, is_warning: bool = False) -> None:
        self._run.org.events.tell(Remark(self._name, text, is_warning))


def used_by(stream: StreamUsage, in_turn: Usage) -> Usage:
    """Return what a stream has used.

    Args:
        stream: What was counted of it, also before its turn.
        in_turn: What the run has used while it was the stream's turn.
    """
    return replace(in_turn, calls=stream.calls, received_bytes=stream.received_bytes)


def tell_written(run: Run, stream: str, page: Page) -> None:
    """Tell that a page of a stream has been handed to the target."""
    written = PageWritten(
        stream,
        page.frame.height,
        starts_page=page.starts_page,
        ends_page=page.ends_page,
        is_served=page.is_served,
        takes_back=page.takes_back,
        value_warnings=page.frame.value_warnings,
    )
    run.org.events.tell(written)


def _behind(partition: Partition) -> list[Partition]:
    """Return what is left of the window of a partition."""
    if partition.is_last:
        return []
    rest = IdRange(lower=partition.ids.upper)
    return [replace(partition, ids=rest, depth=partition.depth + 1)]
