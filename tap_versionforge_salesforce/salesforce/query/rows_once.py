"""The rows of a query for who can take nothing back: whole pages, and each row once."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from tap_versionforge_salesforce.errors import RefusedError, TapError, UnavailableError
from tap_versionforge_salesforce.salesforce.frames.frame import Frame, joined
from tap_versionforge_salesforce.salesforce.frames.handed_out import HandedOut
from tap_versionforge_salesforce.salesforce.objects.soql import Window
from tap_versionforge_salesforce.salesforce.query.api_choice import Api, may_be_too_large
from tap_versionforge_salesforce.salesforce.query.paginator import SalesforcePaginator
from tap_versionforge_salesforce.salesforce.query.partitions import Partition, split_partition
from tap_versionforge_salesforce.salesforce.query.read import context_of
from tap_versionforge_salesforce.salesforce.support.events import Remark

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.salesforce.query.partitions import Split


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
    handed_out, is_empty = HandedOut(query.sobject), True
    parts, failures = [query], 0
    while parts:
        part = parts.pop()
        pages = _pages(org, part, options, count_rows, is_part=part is not query)
        try:
            with closing(pages):
                for frame in _new_rows(pages, handed_out):
                    if frame.height or (is_empty and not parts):
                        yield frame
                        is_empty = False
        except (RefusedError, UnavailableError) as error:
            halves = _halves(org, part, error, failures)
            if halves is None:
                raise
            parts += reversed(halves)
            failures += 1
        else:
            failures = 0


def _new_rows(
    pages: Iterator[tuple[Page, SalesforcePaginator]], handed_out: HandedOut
) -> Iterator[Frame]:
    held: list[Frame] = []
    for page, paginator in pages:
        if page.takes_back:
            handed_out.take_back()
        if page.starts_page:
            held.clear()
        if not page.is_served:
            continue
        held.append(page.frame)
        if not page.ends_page:
            continue
        # Rows that change meanwhile come again behind those that are paged through.
        by_rest = paginator.choice is not None and paginator.choice.api is Api.REST
        handed_out.may_come_again |= by_rest
        odd = tuple(each for frame in held for each in frame.value_warnings)
        yield handed_out.new(Frame(joined(held).table, odd))
        held.clear()


def _pages(
    org: Org,
    query: Query,
    options: QueryOptions,
    count_rows: Callable[[str], int | None],
    *,
    is_part: bool,
) -> Generator[tuple[Page, SalesforcePaginator], None, None]:
    context = context_of(org, query, options)
    context.turn.begin()
    # Of a condition nobody knows how many rows it leaves; the first page tells.
    is_full = not query.condition and (query.range is None or query.range.lower is None)
    window = Window(query.range, org.clock.now(), is_full=is_full)
    paginator = SalesforcePaginator(context, window=window, count_rows=count_rows, is_part=is_part)
    try:
        with closing(cast("Generator[Page, None, None]", iter(paginator))) as pages:
            for page in pages:
                yield page, paginator
    finally:
        # Nobody can go on with a job whose rows have not all come.
        paginator.finish()
        context.turn.leave()


def _halves(org: Org, query: Query, error: TapError, failures: int) -> tuple[Query, Query] | None:
    if query.given or not may_be_too_large(error, failures):
        return None
    upper = None if query.range is None else query.range.upper
    partition = Partition(org.clock.now() if upper is None else upper, query.ids)
    split = split_partition(partition, query=query, client=org.client)
    if split is None:
        return None
    said = f"{error.message} {query.sobject} is read in two parts, before and from {split.border}."
    org.events.tell(Remark(query.sobject, said, is_warning=True))
    return _halved(query, split)


def _halved(query: Query, split: Split) -> tuple[Query, Query]:
    if query.range is None or not split.second.skips_lookback:
        return replace(query, ids=split.first.ids), replace(query, ids=split.second.ids)
    middle = split.first.upper
    # Rows without a key belong to one of them.
    first = replace(query.range, upper=middle)
    second = replace(query.range, lower=middle, or_null=False)
    return replace(query, range=first), replace(query, range=second)
