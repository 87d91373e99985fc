"""A sweep: what an object holds at one moment, read by one query and kept as a generation."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.objects.soql import query_of
from tap_versionforge_salesforce.salesforce.query.read import read
from tap_versionforge_salesforce.salesforce.reconcile.generation import Meaning
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import swept_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Generation
    from tap_versionforge_salesforce.salesforce.reconcile.store import GenerationStore


def sweep_query(sobject: SObject, fields: Sequence[Column], *, include_deleted: bool) -> Query:
    """Return the SELECT of a sweep, which has no order: that would switch off PK chunking.

    Args:
        sobject: The object.
        fields: What no stamp tells of, as `swept_fields` returns it.
        include_deleted: With the rows in the recycle bin.
    """
    also = (sobject.column(name) for name in (sobject.replication_key, "IsDeleted") if name)
    columns = (*fields, *(column for column in also if column is not None))
    return query_of(sobject, columns, include_deleted=include_deleted)


def sweep(
    org: Org,
    sobject: SObject,
    query: Query,
    store: GenerationStore,
    *,
    org_id: str,
    options: QueryOptions | None = None,
) -> Generation:
    """Read what an object holds now and keep it.

    Args:
        org: Whose rows they are, which has answered something before.
        sobject: The object, whose rows have an Id each.
        query: Of `sweep_query`, for all rows or some by a condition; it has no range, for what is
            read again of one does not begin from its start.
        store: The object's.
        org_id: The org's Id.
        options: How it is read.

    Raises:
        SettingsError: The store can't be written.
        TapError: As `read`. Nothing of the generation is left then.
        ValueError: The query has a range, or the rows have no Ids.
    """
    if query.range is not None or not sobject.has_ids:
        message = f"{query.sobject} can't be swept by a range, or without an Id in each row"
        raise ValueError(message)
    stamp = sobject.replication_key
    read_of_itself = {stamp, "IsDeleted", "Id"}
    fields = tuple(sorted(name for name in query.fields if name not in read_of_itself))
    meaning = Meaning(
        org=org_id,
        sobject=query.sobject,
        fields=fields,
        stamp=stamp,
        condition=query.text(ordered=False).partition(" WHERE ")[2],
        include_deleted=query.all_rows,
    )
    taken_at = org.server_time()
    writer = store.begin(meaning, taken_at=taken_at)
    try:
        for frame in _whole(read(org, query, options)):
            if frame is None:
                writer.abandon()
                writer = store.begin(meaning, taken_at=taken_at)
            else:
                writer.add(swept_rows(frame, fields=fields, stamp=stamp))
        return writer.finish()
    except BaseException:
        # What has happened first is what is told.
        with suppress(SettingsError):
            writer.abandon()
        raise


def _whole(pages: Iterator[Page]) -> Iterator[Frame | None]:
    """Yield the rows of each page once it is whole; None where all before it come again."""
    held: list[Frame] = []
    for page in pages:
        if page.starts_page:
            held.clear()
        if page.takes_back:
            yield None
        elif page.is_served:
            held.append(page.frame)
        if page.ends_page:
            yield from held
            held.clear()
