"""What one task reads, and how an executor reads it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql.datasource import InputPartition

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.client import ResultPageRef
from tap_versionforge_salesforce.salesforce.query.read import page_slices, read_page
from tap_versionforge_salesforce.salesforce.query.rows_once import rows_once
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.settings.connecting import query_options_of
from tap_versionforge_salesforce.spark.schema import record_batches
from tap_versionforge_salesforce.spark.session import LOGGER, HandedOver, Session, connected, told

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import pyarrow as pa

    from tap_versionforge_salesforce.engine.selection import Selection
    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
    from tap_versionforge_salesforce.spark.options import Options


_OTHER_WAY = "Read it with the option partitions, such as 8: ranges of Ids as jobs of their own."


@dataclass(frozen=True)
class PagePart(InputPartition):
    """One result page of the plan's Bulk job.

    Attributes:
        session: The driver's.
        ref: Where the page is.
        following: The locator of the page that the driver was told comes next; None for none.
        job_rows: Rows of the job, where this is its only page.
        is_first: It is the first that was listed.
    """

    session: Session
    ref: ResultPageRef
    following: str | None
    job_rows: int | None = None
    is_first: bool = False

    def frames(self, org: Org, query: Query, options: QueryOptions) -> Generator[Frame, None, None]:
        """Yield the rows of the page, which lead to the next one of the plan.

        Raises:
            IncompleteError: The page is not whole, or another one comes behind it, or before the
                first.
            RefusedError: The job is gone.
        """
        with closing(page_slices(org, self.ref, query, options)) as slices:
            begin = next(slices)
            if self.is_first and self.ref.locator is not None:
                self._check_begin(begin, org, query, options)
            yield begin
            headers = yield from slices
        if not self._is_followed(headers.locator, org, query, options):
            raise IncompleteError(
                f"A result page of Bulk job {self.ref.job_id} does not lead to the page that was "
                "listed behind it, so that nothing proves that none is missing.",
                hint=_OTHER_WAY,
                code="unchained-pages",
            )
        if self.job_rows not in (None, headers.rows):
            raise IncompleteError(
                f"Bulk job {self.ref.job_id} has {self.job_rows:,} rows, but its only result page "
                f"held {headers.rows:,}.",
                hint="Run again.",
                code="bulk-count-mismatch",
            )

    def _check_begin(self, begin: Frame, org: Org, query: Query, options: QueryOptions) -> None:
        """See that the job's rows begin with those of the page: its locator says nothing of it."""
        first = self._row_at(None, org, query, options)
        if not begin.table.head(1).equals(first.table):
            raise IncompleteError(
                f"The list of result pages of Bulk job {self.ref.job_id} does not begin with the "
                "job's first row.",
                hint=_OTHER_WAY,
                code="unchained-pages",
            )

    def _is_followed(
        self, locator: str | None, org: Org, query: Query, options: QueryOptions
    ) -> bool:
        """Tell whether the page that a locator leads to is the one that was listed behind this one.

        "Get Parallel Results for a Query Job" does not say that the first page is listed with a
        locator. Without one it is a page like any other, and leads to rows, not to a listed page.
        Where these are, their first row tells.
        """
        if locator == self.following:
            return True
        # Rows without Ids may be the same, and not the same row.
        if locator is None or self.following is None or "Id" not in query.fields:
            return False
        row, listed = (self._row_at(at, org, query, options) for at in (locator, self.following))
        return row.height == 1 and row.table.equals(listed.table)

    def _row_at(self, locator: str | None, org: Org, query: Query, options: QueryOptions) -> Frame:
        ref = ResultPageRef(self.ref.job_id, self.ref.version, locator, 1)
        (first, *_) = read_page(org, ref, query, options)
        return first.slice(0, 1)


@dataclass(frozen=True)
class QueryPart(InputPartition):
    """A query that an executor asks itself, by the API that serves it best.

    Attributes:
        session: The driver's.
        query: All of the read's, or a range of its Ids.
    """

    session: Session
    query: Query

    def frames(self, org: Org, query: Query, options: QueryOptions) -> Generator[Frame, None, None]:  # noqa: ARG002  as pages have it
        """Yield the rows of the query.

        Raises:
            TapError: As `rows_once`.
        """
        yield from rows_once(org, self.query, options)


def batches_of(
    part: InputPartition, selection: Selection, options: Options
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a part, on whichever machine.

    Args:
        part: One of the plan's; any other has no rows.
        selection: What the plan is about.
        options: Of the read; the environment of this machine counts as well.

    Raises:
        TapError: The rows can't be had or proven: Spark runs the task again.
    """
    if not isinstance(part, (PagePart, QueryPart)):
        return
    with told():
        settings = options.settings(part.session)
        behind = settings.sign_in if options.has_key else None
        with (
            connected(settings, HandedOver(part.session, behind)) as org,
            closing(part.frames(org, selection.query, query_options_of(settings))) as frames,
        ):
            for frame in frames:
                yield from record_batches(frame, selection.query.sobject, selection.columns)
            sobject, calls = selection.query.sobject, counted(org.quota.calls, "API call")
            LOGGER.info("%s: this task has made %s.", sobject, calls)
