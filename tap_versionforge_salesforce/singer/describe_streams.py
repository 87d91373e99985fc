"""Streams of what describes say: the objects of a run, their fields, and their picklist values."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from tap_versionforge_salesforce.salesforce.frames.made import frame_of
from tap_versionforge_salesforce.salesforce.objects import meaning
from tap_versionforge_salesforce.salesforce.query.page import Page
from tap_versionforge_salesforce.singer.events import (
    FIELDS,
    OBJECTS,
    PICKLIST_VALUES,
    StreamBegun,
    StreamEnded,
)
from tap_versionforge_salesforce.singer.frame_stream import FrameStream
from tap_versionforge_salesforce.singer.json_schema import property_schema
from tap_versionforge_salesforce.singer.sync.stream_sync import tell_written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from singer_sdk.singerlib import MetadataMapping
    from singer_sdk.tap_base import Tap

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.singer.run import Run

# As lines and as Python's objects, they take many times what they do packed.
_ROWS_AT_ONCE = 500


class _Shape(NamedTuple):
    """What one of these streams is made of."""

    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    rows: Callable[[bytes], Iterator[meaning.Row]]


_SHAPES = {
    OBJECTS: _Shape(meaning.OBJECT_COLUMNS, ("object",), meaning.object_rows),
    FIELDS: _Shape(meaning.FIELD_COLUMNS, ("object", "field"), meaning.field_rows),
    PICKLIST_VALUES: _Shape(
        meaning.PICKLIST_COLUMNS, ("object", "field", "value"), meaning.picklist_rows
    ),
}


class DescribeStream(FrameStream):
    """What the describes of a run say, read whole each time and at no further call.

    Args:
        tap: The tap.
        name: One of `events.DESCRIBE_STREAMS`.
        run: What the streams of the run share.
        meanings: What the describe of each object says, packed.
        are_all: They are of all objects that the run reads. Without one, no version is activated:
            a target would delete what the describe that failed has told it before.
    """

    def __init__(
        self, tap: Tap, name: str, *, run: Run, meanings: Sequence[bytes], are_all: bool
    ) -> None:
        super().__init__(tap, name=name)
        self._shape = _SHAPES[name]
        self._run = run
        self._meanings = meanings
        self._are_all = are_all
        self.primary_keys = list(self._shape.keys)

    @cached_property
    @override
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a record."""
        described = {column.name: property_schema(column) for column in self._shape.columns}
        for key in self._shape.keys:
            described[key]["type"] = "string"
        return {"properties": described, "type": "object"}

    @property
    def known_fields(self) -> set[str]:
        """Return the fields of a record."""
        return {column.name for column in self._shape.columns}

    @property
    @override
    def selected_columns(self) -> Sequence[Column]:
        """Return the columns that a record has."""
        keys = self._shape.keys
        return [
            column
            for column in self._shape.columns
            if column.name in keys or self.mask[("properties", column.name)]
        ]

    @override
    def mark_fields(self, metadata: MetadataMapping) -> None:
        """Mark none."""

    @override
    def pages(self) -> Iterator[Page]:
        """Yield the rows, and activate their version behind the last one."""
        events, run = self._run.org.events, self._run
        events.tell(StreamBegun(self.name))
        before, is_stopped = run.usage, True
        try:
            for page in self._all_pages():
                yield page
                tell_written(run, self.name, page)
            is_stopped = False
        finally:
            usage = run.usage - before
            events.tell(StreamEnded(self.name, usage=usage, is_stopped=is_stopped))

    def _all_pages(self) -> Iterator[Page]:
        limit = self.ABORT_AT_RECORD_COUNT
        now = self._run.org.clock.now()
        # As with every stream that is read whole: rows from files have no version.
        has_version = limit is None and not self.writes_files
        self.begin_version(int(now.timestamp() * 1000) if has_version else None)
        # All of it is one page, which only batch_size splits into files.
        starts_page, portions = True, self._portions()
        rows = next(portions)
        if limit is not None:
            yield Page(frame_of(self._shape.columns, rows[:limit]), now)
            return
        for following in portions:
            frame = frame_of(self._shape.columns, rows)
            yield Page(frame, now, starts_page=starts_page, ends_page=False)
            starts_page, rows = False, following
        yield Page(frame_of(self._shape.columns, rows), now, starts_page=starts_page)
        if self._are_all:
            self.activate_version()
            return
        self.logger.warning(
            "%s lacks objects whose describe has failed: the target keeps what it has of them.",
            self.name,
        )

    def _portions(self) -> Iterator[list[meaning.Row]]:
        """Yield the rows, some at a time; the last ones may be none."""
        rows: list[meaning.Row] = []
        for each in self._meanings:
            rows += self._shape.rows(each)
            if len(rows) >= _ROWS_AT_ONCE:
                yield rows
                rows = []
        yield rows
