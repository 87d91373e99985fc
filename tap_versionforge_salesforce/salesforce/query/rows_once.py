"""The rows of a query for who can take nothing back: whole pages, and each row once."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.frames.frame import Frame, joined
from tap_versionforge_salesforce.salesforce.frames.handed_out import HandedOut
from tap_versionforge_salesforce.salesforce.query.parts_read import PartsRead

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions


def rows_once(
    org: Org,
    query: Query,
    options: QueryOptions,
    count_rows: Callable[[str], int | None] = lambda _: None,
) -> Generator[Frame, None, None]:
    """Yield the rows of a query by the API that serves them best, to a proven end.

    What is too large for one Bulk job is read in parts.

    Args:
        org: Whose rows they are.
        query: The SELECT.
        options: How it is read.
        count_rows: Returns the approximate rows of an object; None where nobody tells: then the
            first page does.

    Yields:
        Whole pages, each row once; where there are none, one without a row.

    Raises:
        IncompleteError: Rows are missing and reading again did not bring them.
        RefusedError: Salesforce refuses the query in every API that may serve it.
        TapError: As its class says.
    """
    handed_out, held, is_empty = HandedOut(query.sobject), list[Frame](), True
    parts = PartsRead(org, query, options, count_rows, keeps_job=False)
    with closing(parts.pages()) as pages:
        for page, place in pages:
            if page.takes_back:
                handed_out.take_back()
            if page.starts_page:
                held.clear()
            if not page.is_served and (place.parts or not is_empty):
                continue
            held.append(page.frame)
            if not page.ends_page:
                continue
            odd = tuple(each for frame in held for each in frame.value_warnings)
            frame = handed_out.new(Frame(joined(held).table, odd))
            held.clear()
            if frame.height or not place.parts:
                yield frame
                is_empty = False
