"""The stream of rows that reconciliation has found gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th
from typing_extensions import override

from tap_versionforge_salesforce.singer.events import DELETIONS
from tap_versionforge_salesforce.singer.frame_stream import FrameStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.singerlib import MetadataMapping
    from singer_sdk.tap_base import Tap

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.singer.events import DeletedRow

_SCHEMA = th.PropertiesList(
    th.Property(
        "sobject", th.StringType, required=True, description="Name of the stream whose row it was."
    ),
    th.Property("Id", th.StringType, required=True, description="Id of the row."),
    th.Property("found_at", th.DateTimeType, description="When it was not there any more."),
    th.Property("last_seen_at", th.DateTimeType, description="When it was last seen."),
    th.Property(
        "was_in_recycle_bin",
        th.BooleanType,
        description="Whether it was in the recycle bin then; null where that was not read.",
    ),
).to_dict()


class DeletionsStream(FrameStream):
    """The rows that are gone, of all streams.

    They are written in the turns of their own streams, between the records of these: the state
    that says of a stream that it is reconciled then stands behind them.

    Args:
        tap: The tap.
    """

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap, name=DELETIONS)
        self.primary_keys = ["sobject", "Id"]
        self.replication_key = "found_at"
        self._has_schema = False

    @property
    @override
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a record."""
        return _SCHEMA

    @property
    def known_fields(self) -> set[str]:
        """Return the fields of a record."""
        return set(_SCHEMA["properties"])

    @property
    @override
    def selected_columns(self) -> Sequence[Column]:
        """Return none: its rows come from no page."""
        return ()

    @override
    def pages(self) -> Iterator[Page]:
        """Yield none: its rows are written in the turns of other streams."""
        return iter(())

    @override
    def mark_fields(self, metadata: MetadataMapping) -> None:
        """Mark none."""

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> BatchConfig | None:
        """Return None: its rows stand between messages of others, and are few."""

    @override
    def _write_schema_message(self) -> None:
        if not self._has_schema:
            self._has_schema = True
            super()._write_schema_message()

    def tell(self, stream: str, rows: Iterable[DeletedRow]) -> None:
        """Write rows that are gone.

        Args:
            stream: Whose rows they were.
            rows: The rows.
        """
        if not self.is_read:
            return
        self._write_schema_message()
        for row in rows:
            self._write_record_message(
                {
                    "sobject": stream,
                    "Id": row.id,
                    "found_at": row.found_at,
                    "last_seen_at": row.last_seen_at,
                    "was_in_recycle_bin": row.was_in_recycle_bin,
                }
            )
