"""A sweep: what an object holds at one moment, read by one query and kept as a generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.objects.soql import query_of
from tap_versionforge_salesforce.salesforce.query.read import read
from tap_versionforge_salesforce.salesforce.reconcile.generation import Meaning
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import swept_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions
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
    query: Query,
    store: GenerationStore,
    *,
    org_id: str,
    stamp: str | None,
    options: QueryOptions | None = None,
) -> Generation:
    """Read what an object holds now and keep it.

    Args:
        org: Whose rows they are, which has answered something before.
        query: Of `sweep_query`, and what is changed of that.
        store: The object's.
        org_id: The org's Id.
        stamp: The field that moves with a row; None where the object has none.
        options: How it is read.

    Raises:
        SettingsError: The store can't be written.
        TapError: As `read`. Nothing of the generation is left then.
    """
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
    # Of a page that is not whole yet: its rows may come again.
    held: list[pl.DataFrame] = []
    try:
        for page in read(org, query, options):
            if page.takes_back:
                writer.abandon()
                writer = store.begin(meaning, taken_at=taken_at)
            if page.takes_back or page.starts_page:
                held.clear()
            if page.is_served:
                held.append(swept_rows(page.frame, fields=fields, stamp=stamp))
            if page.ends_page:
                for rows in held:
                    writer.add(rows)
                held.clear()
        return writer.finish()
    except BaseException:
        writer.abandon()
        raise
