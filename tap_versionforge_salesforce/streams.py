"""One stream per sObject: its columns, its failures, and what the catalog asks of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import Metadata
from typing_extensions import override

from tap_versionforge_salesforce.bookmarks import Bookmark
from tap_versionforge_salesforce.columns import Column, Kind
from tap_versionforge_salesforce.exceptions import (
    IncompleteError,
    RefusedError,
    SettingsError,
    TapError,
)
from tap_versionforge_salesforce.extraction import Extraction
from tap_versionforge_salesforce.quota import counted_in
from tap_versionforge_salesforce.sdk_stream import FrameStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap
    from singer_sdk.singerlib import MetadataMapping

    from tap_versionforge_salesforce.connection import Connection
    from tap_versionforge_salesforce.page import Page
    from tap_versionforge_salesforce.schema import SObject

_FULL_TABLE, _INCREMENTAL = "FULL_TABLE", "INCREMENTAL"


class SObjectStream(FrameStream):
    """The rows of one sObject.

    Args:
        tap: The tap.
        sobject: The object's describe, in the tap's words.
        connection: What the streams of the run share.
    """

    def __init__(self, tap: Tap, *, sobject: SObject, connection: Connection) -> None:
        super().__init__(tap, schema=sobject.json_schema, name=sobject.name)
        self.sobject = sobject
        self._connection = connection
        self.primary_keys = ["Id"]
        self.replication_key = sobject.replication_key
        #: Its pages have all been asked for, or it has failed.
        self.is_over = False

    # What is read

    @cached_property
    @override
    def selected_columns(self) -> tuple[Column, ...]:
        """Return the columns that a record has, in the catalog's order.

        A selected column that the object no longer has, or no longer shows, is left out with a
        warning.
        """
        selected = []
        for name, schema in self.effective_schema.get("properties", {}).items():
            if name != "Id" and not self.mask[("properties", name)]:
                continue
            column = self.sobject.column(name)
            if column is None:
                self.logger.warning(
                    "The field %s.%s is selected, but the org no longer has it or the user may "
                    "no longer see it (Setup > Field Accessibility): it is left out.",
                    self.name,
                    name,
                )
            elif column.kind is Kind.COMPOUND:
                parts = tuple(
                    (member, part)
                    for member, part in column.parts
                    if member in schema.get("properties", {})
                    and self.mask[("properties", name, "properties", member)]
                )
                if parts:
                    selected.append(replace(column, parts=parts))
            elif column.kind is not Kind.UNSUPPORTED:
                selected.append(column)
        return tuple(selected)

    def check(self) -> None:
        """Look at what the catalog and the state ask of the stream, before any row is read.

        Raises:
            SettingsError: The object can't be read in that way, or the bookmark is none.
        """
        method, key = self.replication_method, self.replication_key
        if method not in (_FULL_TABLE, _INCREMENTAL):
            raise SettingsError(
                f"The catalog's replication method of {self.name} is {method}.",
                hint=f"It can be {_INCREMENTAL} or {_FULL_TABLE}.",
                code="invalid-catalog",
            )
        if method == _INCREMENTAL and key not in tuple(self.sobject.stamps):
            raise SettingsError(
                f"{self.name} can't be read incrementally by {key}.",
                hint=f"Its fields for that are: {', '.join(self.sobject.stamps) or 'none'}. "
                f"Change the replication key in the catalog, or use {_FULL_TABLE}.",
                code="invalid-catalog",
            )
        _ = self._saved_bookmark.value

    @property
    def is_full_extract(self) -> bool:
        """Tell whether the stream will be read whole."""
        if self._read_by is None:
            return True
        return self._saved_bookmark.value is None and self._connection.settings.start_date is None

    @property
    def _read_by(self) -> str | None:
        return None if self.replication_method == _FULL_TABLE else self.replication_key

    @property
    def _saved_bookmark(self) -> Bookmark:
        # The SDK would make an empty entry for a stream that is only looked at.
        saved = self.tap_state.get("bookmarks", {}).get(self.name, {})
        return Bookmark(dict(saved), stream=self.name, replication_key=self._read_by)

    @cached_property
    def extraction(self) -> Extraction:
        """Return what reads the rows, in this run."""
        is_test = self.ABORT_AT_RECORD_COUNT is not None
        return Extraction(
            connection=self._connection,
            logger=self.logger,
            sobject=self.sobject,
            columns=self.selected_columns,
            bookmark=Bookmark(self.stream_state, stream=self.name, replication_key=self._read_by),
            outlet=self,
            # Rows from files have no version in a target's table: activating one would delete them.
            has_versions=self._read_by is None and not is_test and not self.writes_files,
            limit=self.ABORT_AT_RECORD_COUNT,
        )

    @override
    def pages(self) -> Iterator[Page]:
        """Yield every page of the window, and write STATE behind each that allows it.

        Errors that concern this stream alone are kept for the end of the run, so that the other
        streams are read; others end the run.
        """
        extraction, connection = self.extraction, self._connection
        connection.report.streams.append(extraction.report)
        before = connection.usage
        try:
            connection.look_at_quota()
            connection.early_work.begin()
            with counted_in(extraction.tally):
                yield from extraction.pages()
        except TapError as error:
            extraction.report.error = error.code
            if not self._is_its_own(error):
                raise
            extraction.give_up(error)
            connection.failures[self.name] = error
            self.logger.error("%s %s", error.message, error.hint)  # noqa: TRY400  no traceback
        finally:
            self.is_over = True
            extraction.tell(connection.usage - before)

    @staticmethod
    def _is_its_own(error: TapError) -> bool:
        """Tell whether an error concerns this stream alone."""
        return isinstance(error, (IncompleteError, RefusedError)) or error.code in (
            "bulk-job-timeout",
            "bulk-job-queued",
        )

    # What is offered

    @override
    def mark_fields(self, metadata: MetadataMapping) -> None:
        """Mark compound fields as there but not selected, and those that can't be read."""
        for column in self.sobject.columns:
            entry = metadata[("properties", column.name)]
            if column.kind is Kind.COMPOUND:
                entry.selected_by_default = False
                # Meltano deselects what no pattern names: the members are there with the whole.
                for member, _ in column.parts:
                    place = ("properties", column.name, "properties", member)
                    metadata[place].inclusion = Metadata.InclusionType.AUTOMATIC
            elif column.kind is Kind.UNSUPPORTED:
                entry.inclusion = Metadata.InclusionType.UNSUPPORTED
