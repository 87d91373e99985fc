"""One stream per query of ``soql_streams``: the rows of an object as the query sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import Metadata
from typing_extensions import override

from tap_versionforge_salesforce.singer.sobject_stream import SObjectStream

if TYPE_CHECKING:
    from singer_sdk.singerlib import MetadataMapping
    from singer_sdk.tap_base import Tap

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.singer.catalog_drift import Drift
    from tap_versionforge_salesforce.singer.described_queries import DescribedQuery
    from tap_versionforge_salesforce.singer.run import Run


class QueryStream(SObjectStream):
    """The rows of a query of the user's own.

    A query that has fields and a condition is one that the tap could have made itself: its window,
    its jobs and what they are halved into are those of an object. Any other is sent as it was
    written, and read whole.

    Args:
        tap: The tap.
        described: The query.
        run: What the streams of the run share.
    """

    # What is kept to compare is by object, and a query shows a part of one.
    may_be_reconciled = False
    _setting_of_key = "the replication_key in soql_streams"

    def __init__(self, tap: Tap, *, described: DescribedQuery, run: Run) -> None:
        self._described = described
        super().__init__(tap, sobject=described.sobject, run=run, name=described.name)
        self.primary_keys = list(described.keys)
        self.replication_key = described.replication_key

    @property
    @override
    def _wanted_key(self) -> str | None:
        return self._described.replication_key

    @property
    @override
    def _filter(self) -> str:
        return self._described.condition

    @property
    @override
    def _meaning(self) -> str:
        # Under the same name, another object's rows can be meant from now on.
        where = f" WHERE {self._filter}" if self._filter else ""
        return f"FROM {self.sobject.name}{where}"

    @override
    def check_settings(self) -> None:
        """Do nothing: the query has been held against the describes."""

    @override
    def _claim_keys(self) -> None:
        """Have the key of the query: an Id that it does not have is put into catalogs."""
        self.primary_keys = list(self._described.keys)
        super()._claim_keys()

    @override
    def _drift(self) -> Drift:
        return replace(super()._drift(), is_of_query=True)

    @property
    @override
    def _query(self) -> Query:
        key = self.sobject.stamp(self._read_by)
        columns = self.sobject.with_columns(self.selected_columns, (key,))
        query = self._described.query_of(columns)
        return replace(query, limit=self.ABORT_AT_RECORD_COUNT)

    # What is offered

    @override
    def mark_fields(self, metadata: MetadataMapping) -> None:
        """Have the fields of a parent selected with it: Meltano deselects what no pattern names."""
        for column in self.sobject.columns:
            _mark_members(metadata, ("properties", column.name), column)


def _mark_members(metadata: MetadataMapping, place: tuple[str, ...], column: Column) -> None:
    for member, part in column.parts:
        within = (*place, "properties", member)
        metadata[within].inclusion = Metadata.InclusionType.AUTOMATIC
        _mark_members(metadata, within, part)
