"""Records of rows that are gone, in their own streams: for targets that delete or mark by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import RecordMessage

from tap_versionforge_salesforce.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk.mapper import StreamMap

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.singer.events import DeletedRow

#: What targets know a deleted row by, as PipelineWise and the SDK have it.
DELETED_AT = "_sdc_deleted_at"
#: Of that in the schema of a stream that may have tombstones.
DELETED_AT_SCHEMA = {DELETED_AT: {"type": ["string", "null"], "format": "date-time"}}


class Tombstones:
    """The tombstones of one stream.

    Args:
        name: The stream's.
        keys: Its key, as the catalog spells it.
        columns: The columns of a record.
        maps: What makes messages of its rows.
    """

    def __init__(
        self, name: str, keys: Sequence[str], columns: Sequence[Column], maps: Sequence[StreamMap]
    ) -> None:
        self._name = name
        self._maps = maps
        names = {column.property_name: column.name for column in columns}
        self._key = [key for key in keys if names.get(key) == "Id"]
        self._is_by_id = len(self._key) == len(keys) == 1
        self._deleted = [name for name, field in names.items() if field == "IsDeleted"]

    def check(self) -> None:
        """See that a target can make something of them.

        Raises:
            SettingsError: The stream has another key than Id, or a stream map changes its rows.
        """
        if not self._is_by_id:
            problem = f"the key of {self._name} is not Id"
        elif not all(type(each) is SameRecordTransform for each in self._maps):
            problem = f"stream_maps changes the rows of {self._name}, and these have no values"
        else:
            return
        raise SettingsError(
            f"The setting deletions asks for tombstones, and {problem}.",
            hint="Set deletions to stream: the Ids come in the stream _deletions then.",
        )

    def messages(self, rows: Iterable[DeletedRow], *, now: datetime) -> Iterator[RecordMessage]:
        """Yield a RECORD message for each row, with its key and no values.

        Args:
            rows: The rows.
            now: This machine's clock. Of two messages of one row, targets that look for the later
                one by its time have to find this one.
        """
        for row in rows:
            record: dict[str, Any] = {self._key[0]: row.id, DELETED_AT: row.found_at}
            record |= dict.fromkeys(self._deleted, True)
            for each in self._maps:
                yield RecordMessage(stream=each.stream_alias, record=record, time_extracted=now)
