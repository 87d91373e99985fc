"""A sweep: what an object holds at one moment, read by one query and kept as a generation."""

from __future__ import annotations

from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.frames.frame import joined
from tap_versionforge_salesforce.salesforce.objects.soql import query_of
from tap_versionforge_salesforce.salesforce.query.read import pages_in
from tap_versionforge_salesforce.salesforce.reconcile.generation import Meaning, Written
from tap_versionforge_salesforce.salesforce.reconcile.new_columns import column_names
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import swept_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.query.context import ReadContext
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Generation
    from tap_versionforge_salesforce.salesforce.reconcile.store import GenerationStore


def sweep_query(
    sobject: SObject, fields: Sequence[Column], *, stamp: str | None, include_deleted: bool
) -> Query:
    """Return the SELECT of a sweep, which has no order: that would switch off PK chunking.

    Args:
        sobject: The object.
        fields: What no stamp tells of, as `swept_fields` returns it.
        stamp: The field that moves with a row; None where the object has none.
        include_deleted: With the rows in the recycle bin.
    """
    also = (sobject.column(name) for name in (stamp, "IsDeleted") if name)
    columns = (*fields, *(column for column in also if column is not None))
    return query_of(sobject, columns, include_deleted=include_deleted)


def meaning_of(
    query: Query, *, stamp: str | None, org_id: str, columns: Sequence[Column] = ()
) -> Meaning:
    """Return what the rows of a sweep are.

    Args:
        query: Of `sweep_query`.
        stamp: As for that.
        org_id: The org's Id.
        columns: What the rows are written with, where they are.
    """
    read_of_itself = {stamp, "IsDeleted", "Id"}
    return Meaning(
        org=org_id,
        sobject=query.sobject,
        fields=tuple(sorted(name for name in query.fields if name not in read_of_itself)),
        stamp=stamp,
        condition=query.text(ordered=False).partition(" WHERE ")[2],
        include_deleted=query.all_rows,
        columns=column_names(columns),
    )


def sweep(
    context: ReadContext,
    store: GenerationStore,
    meaning: Meaning,
    *,
    written: Written = Written(),  # noqa: B008  it never changes
    expected_rows: int | None = None,
    count_rows: Callable[[str], int | None] = lambda _: None,
) -> Generation:
    """Read what an object holds now and keep it.

    Args:
        context: Of a query of `sweep_query`, for all rows or some by a condition; it has no range,
            for what is read again of one does not begin from its start.
        store: The object's.
        meaning: Of `meaning_of` that query.
        written: What had been written before.
        expected_rows: About how many there are; None where nobody knows.
        count_rows: Returns the approximate rows of an object; None where nobody tells.

    Raises:
        SettingsError: The store can't be written.
        TapError: As `read`. Nothing of the generation is left then.
        ValueError: The query has a range.
    """
    if context.query.range is not None:
        message = f"{context.query.sobject} can't be swept by a range"
        raise ValueError(message)
    taken_at = context.org.server_time()
    begin = partial(store.begin, meaning, taken_at=taken_at, written=written)
    writer = begin()
    try:
        with closing(pages_in(context, count_rows)) as pages:
            for frame in _whole(pages):
                context.org.interruption.check()
                if frame is None:
                    writer.abandon()
                    writer = begin()
                else:
                    rows = swept_rows(frame, fields=meaning.fields, stamp=meaning.stamp)
                    writer.add(rows, expected_rows=expected_rows)
        return writer.finish()
    except BaseException:
        # What has happened first is what is told.
        with suppress(SettingsError):
            writer.abandon()
        raise


def _whole(pages: Generator[Page, None, None]) -> Iterator[Frame | None]:
    """Yield the rows of each page once it is whole; None where all before it come again."""
    held: list[Frame] = []
    for page in pages:
        if page.starts_page:
            held.clear()
        if page.takes_back:
            yield None
        elif page.is_served:
            held.append(page.frame)
        if page.ends_page and held:
            # At once: each stroke of polars has its price, however few rows it is for.
            yield joined(held)
            held.clear()
