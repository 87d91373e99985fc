"""What reading a query will cost, and by which API, before a row is read. Values in and out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tap_versionforge_salesforce.salesforce.client import REST_PAGE_ROWS
from tap_versionforge_salesforce.salesforce.query import api_choice

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.query.api_choice import Choice
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions

# As docs/scaling.md has them: of unpacked CSV, and of one parallel result page of Salesforce's
# choice, five of which one call lists.
_BYTES_PER_VALUE = 21.4
_PAGE_BYTES = 100_000_000
_PAGES_LISTED = 5
# To create a job, to see that it is done, and to delete it; a job that takes its time is looked at
# more often.
_CALLS_OF_A_JOB = 3
_BYTES_PER_MEGABYTE = 1_000_000
_REST_CALL_SECONDS = 1.0
_JOB_SECONDS, _JOB_ROWS_PER_SECOND = 6.0, 20_000
_BYTES_PER_SECOND_AND_CONNECTION = 4_000_000
_VALUES_PER_SECOND = 3_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one extraction costs, at the least.

    Attributes:
        calls: API calls.
        jobs: Bulk query jobs: one, or none.
        result_bytes: Of unpacked CSV that the job makes.
    """

    calls: int
    jobs: int
    result_bytes: float

    @property
    def megabytes(self) -> int:
        """Return the storage that the result takes."""
        return math.ceil(self.result_bytes / _BYTES_PER_MEGABYTE)


def cost_of(rows: int, columns: int, *, is_bulk: bool) -> Cost:
    """Return what an extraction costs.

    Args:
        rows: How many come.
        columns: How many values each has.
        is_bulk: They come by a Bulk job.
    """
    if not is_bulk:
        return Cost(max(1, math.ceil(rows / REST_PAGE_ROWS)), 0, 0.0)
    size = rows * columns * _BYTES_PER_VALUE
    pages = max(1, math.ceil(size / _PAGE_BYTES))
    return Cost(_CALLS_OF_A_JOB + pages + math.ceil(pages / _PAGES_LISTED), 1, size)


class Times(NamedTuple):
    """How long an extraction takes.

    Attributes:
        job_seconds: Salesforce works on a job; on those of several queries at once.
        other_seconds: Calls, downloads and writing, one query after the other.
    """

    job_seconds: float
    other_seconds: float


def times_of(rows: int, columns: int, cost: Cost, *, parallel_downloads: int) -> Times:
    """Return about how long an extraction takes.

    Args:
        rows: How many come.
        columns: How many values each has.
        cost: What that costs.
        parallel_downloads: Result pages that are downloaded at once.
    """
    writing_seconds = rows * columns / _VALUES_PER_SECOND
    if not cost.jobs:
        return Times(0.0, cost.calls * _REST_CALL_SECONDS + writing_seconds)
    per_second = _BYTES_PER_SECOND_AND_CONNECTION * parallel_downloads
    downloading_seconds = cost.result_bytes / per_second
    return Times(
        max(_JOB_SECONDS, rows / _JOB_ROWS_PER_SECOND),
        # Pages are written while others are downloaded.
        max(downloading_seconds, writing_seconds),
    )


def choice_beforehand(
    query: Query, rows: int | None, options: QueryOptions, *, is_full: bool
) -> Choice:
    """Return which API will serve a query, as far as its rows tell.

    Args:
        query: The SELECT.
        rows: About how many it has; None where nobody tells.
        options: How it is read.
        is_full: The whole object is wanted.
    """
    if query.parent is not None:
        return api_choice.of_parents()
    if query.only_rest:
        return api_choice.Choice(api_choice.Api.REST, query.only_rest, is_final=True)
    first = api_choice.opening(
        mode=options.api_mode,
        is_full=is_full,
        is_part=False,
        counted_rows=rows,
        is_test=False,
    )
    if first.is_final or rows is None:
        return first
    return api_choice.after_first_page(
        is_full=is_full,
        total_rows=rows,
        is_complete=rows <= REST_PAGE_ROWS,
        bulk_threshold=options.bulk_threshold,
    )
