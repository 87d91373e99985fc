"""The rows of a query, for who has no run around it: by whichever API, or page by page of a job."""

from __future__ import annotations

from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import IncompleteError, JobQueuedError, Remedy, TapError
from tap_versionforge_salesforce.salesforce.http.retry import refetch_incomplete
from tap_versionforge_salesforce.salesforce.objects.soql import Window
from tap_versionforge_salesforce.salesforce.query.context import ReadContext
from tap_versionforge_salesforce.salesforce.query.download_queue import DownloadQueue
from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
from tap_versionforge_salesforce.salesforce.query.paginator import SalesforcePaginator
from tap_versionforge_salesforce.salesforce.query.partitions import Partition
from tap_versionforge_salesforce.salesforce.query.query_job import QueryJob
from tap_versionforge_salesforce.salesforce.query.result_pages import ResultPage
from tap_versionforge_salesforce.salesforce.query.result_rows import pages_of
from tap_versionforge_salesforce.salesforce.query.spooled_body import SpooledBody
from tap_versionforge_salesforce.salesforce.support.events import Remark
from tap_versionforge_salesforce.salesforce.support.spool import spool_file

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tap_versionforge_salesforce.salesforce.client import ResultPageHeaders, ResultPageRef
    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.page import Page


def read(
    org: Org, query: Query, options: QueryOptions | None = None
) -> Generator[Page, None, None]:
    """Yield the rows of a query by the API that serves them best, to a proven end.

    Args:
        org: Whose rows they are.
        query: The SELECT, of `query_of` and what is changed of that.
        options: How it is read.

    Yields:
        Pages. One that `takes_back` says that those before it come again, and one that
        `starts_page` before the last one has ended its page says so of that page.

    Raises:
        IncompleteError: Rows are missing and reading again did not bring them.
        RefusedError: Salesforce refuses the query in every API that may serve it.
        TapError: As its class says.
    """
    context = context_of(org, query, options)
    context.turn.begin()
    with closing(pages_in(context)) as pages:
        try:
            yield from pages
        finally:
            # Whatever waits for a job or a slot ends now.
            context.turn.leave()


def pages_in(
    context: ReadContext, count_rows: Callable[[str], int | None] = lambda _: None
) -> Generator[Page, None, None]:
    """Yield the rows of a query as `read` does, in the turn of the context.

    Args:
        context: Of the query.
        count_rows: Returns the approximate rows of an object; None where nobody tells: then the
            first page does.

    Yields:
        As `read`.

    Raises:
        TapError: As `read`.
    """
    query = context.query
    is_full = query.range is None or query.range.lower is None
    window = Window(query.range, context.org.clock.now(), is_full=is_full)
    paginator = SalesforcePaginator(context, window=window, count_rows=count_rows)
    try:
        yield from paginator
    except JobQueuedError as error:
        raise without_job(error) from None
    finally:
        # Nobody can go on with a job whose rows have not all come.
        paginator.finish()


def without_job(error: TapError) -> TapError:
    """Return the error to tell where no job stays in the org: nobody can go on with one.

    Args:
        error: What became of the job.
    """
    if not isinstance(error, JobQueuedError):
        return error
    hint = "Salesforce works on other jobs first: run again later."
    return error.reworded(error.message, hint=hint).offering(Remedy.MORE_TIME)


class Job:
    """A Bulk API 2.0 query job, whose pages may be read anywhere; see `create_job`.

    Args:
        org: Where it is.
        query: What it reads.
        options: How it is waited for.
    """

    def __init__(self, org: Org, query: Query, options: QueryOptions | None = None) -> None:
        self._context = context_of(org, query, options)
        self._job = QueryJob(self._context)
        self._job.create(briefly=False)

    @property
    def id(self) -> str:
        """Return its Id."""
        return self._job.id

    @property
    def rows(self) -> int | None:
        """Return how many rows all pages together have; None before `wait`."""
        return self._job.promised_rows

    def wait(self) -> tuple[ResultPageRef, ...]:
        """Wait until it has ended; return where its pages are.

        "Get Parallel Results for a Query Job" lists them, which Salesforce has since version 58.

        Raises:
            RefusedError: The job failed or was aborted.
            JobNotEndedError: It has not ended in ``job_timeout_seconds``.
            IncompleteError: The list of pages does not come to its end.
            UnavailableError: The list can't be had now.
        """
        self._job.wait()
        client = self._context.org.client
        return tuple(client.result_pages(self._job.id, version=self._job.api_version))

    def remove(self) -> None:
        """Take it out of the org, tried once; Salesforce removes it after seven days by itself."""
        self._job.remove()


def create_job(org: Org, query: Query, options: QueryOptions | None = None) -> Job:
    """Create a Bulk job, whose pages are read by `read_page`, in this process or in others.

    Args:
        org: Whose rows they are.
        query: The SELECT.
        options: How it is waited for.

    Raises:
        RefusedError: Salesforce validates the query at once; ``error_code`` tells what of it.
    """
    return Job(org, query, options)


def page_slices(
    org: Org, ref: ResultPageRef, query: Query, options: QueryOptions | None = None
) -> Generator[Frame, None, ResultPageHeaders]:
    """Yield the rows of one result page slice by slice, proven by the count in its headers.

    Only the last slice waits for the proof: whoever takes the others has to be able to forget
    them, as who runs a failed task again is. A page of one slice is fetched again first.

    Args:
        org: The org of the job, signed in by whoever may read the job.
        ref: Where the page is.
        query: What the job reads.
        options: Where the page waits on disk.

    Returns:
        What its headers say: how many rows it has, and where the next page is.

    Raises:
        IncompleteError: The page is not whole.
        RefusedError: The job is gone.
    """
    is_handed_out = False
    with _fetched(org, ref, query, options) as (page, read_slices):
        for part in refetch_incomplete(read_slices, org.retry_log):
            if part.starts_page and is_handed_out:
                message = (
                    f"A result page of Bulk job {ref.job_id} was not whole, and a part of it has "
                    "been handed out."
                )
                raise IncompleteError(message, hint="Read the page again.", code="broken-page")
            is_handed_out = True
            yield part.frame
        return page.headers


def read_page(
    org: Org, ref: ResultPageRef, query: Query, options: QueryOptions | None = None
) -> tuple[Frame, ...]:
    """Return the rows of one result page, proven by the count in its headers.

    Args:
        org: The org of the job, signed in by whoever may read the job.
        ref: Where the page is.
        query: What the job reads.
        options: Where pages wait on disk.

    Raises:
        IncompleteError: The page is not whole, also when it is fetched again.
        RefusedError: The job is gone.
    """
    with _fetched(org, ref, query, options) as (_, read_slices):
        (frames,) = refetch_incomplete(
            lambda: (tuple(part.frame for part in read_slices()),), org.retry_log
        )
    return frames


@contextmanager
def _fetched(
    org: Org, ref: ResultPageRef, query: Query, options: QueryOptions | None
) -> Iterator[tuple[ResultPage, Callable[[], Iterator[Page]]]]:
    context = context_of(org, query, options)
    context.turn.begin()
    everything = Partition(org.clock.now())
    job = JobCheckpoint(ref.job_id, ref.version, "", ref.locator, 0, None, everything)
    body = SpooledBody(spool_file(context.options.spool_dir), context.turn.enter())
    with closing(ResultPage(ref, body, context=context)) as page:
        page.fetch()
        yield page, partial(pages_of, page, query.columns, job)


def context_of(org: Org, query: Query, options: QueryOptions | None = None) -> ReadContext:
    """Return the context of a query that is read by itself; its turn has to begin.

    Args:
        org: Whose rows they are.
        query: The SELECT.
        options: How it is read.
    """
    options = QueryOptions() if options is None else options
    downloads = DownloadQueue(
        pages=options.parallel_downloads + 1,
        megabytes=options.spool_megabytes,
        tell=lambda text: org.events.tell(Remark(query.title, text)),
    )
    return ReadContext(org, query, options, downloads.join())
