"""One stream per sObject: its columns, its failures, and what the catalog asks of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import Metadata
from typing_extensions import override

from tap_versionforge_salesforce import planner
from tap_versionforge_salesforce.bookmarks import Bookmark
from tap_versionforge_salesforce.columns import Column, Kind
from tap_versionforge_salesforce.drift import Drift, drift_of
from tap_versionforge_salesforce.exceptions import (
    IncompleteError,
    RefusedError,
    SettingsError,
    TapError,
)
from tap_versionforge_salesforce.extraction import Extraction
from tap_versionforge_salesforce.quota import counted_in
from tap_versionforge_salesforce.reading import Readings
from tap_versionforge_salesforce.schema import SObject, sobject_from_describe
from tap_versionforge_salesforce.sdk_stream import FrameStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk import Tap
    from singer_sdk.singerlib import Catalog, MetadataMapping

    from tap_versionforge_salesforce.connection import Connection
    from tap_versionforge_salesforce.page import Page

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
        self._is_described_afresh = False

    # What is read

    @cached_property
    @override
    def selected_columns(self) -> tuple[Column, ...]:
        """Return the columns that a record has, in the catalog's order."""
        selected = []
        for name in self._selected_names:
            column = self.sobject.column(name)
            if column is None or column.kind is Kind.UNSUPPORTED:
                continue
            if column.kind is Kind.COMPOUND:
                members = self.effective_schema["properties"][name].get("properties", {})
                parts = tuple(
                    (member, part)
                    for member, part in column.parts
                    if member in members and self.mask[("properties", name, "properties", member)]
                )
                if parts:
                    selected.append(replace(column, parts=parts))
            else:
                selected.append(column)
        return tuple(selected)

    @property
    def _selected_names(self) -> list[str]:
        names = self.effective_schema.get("properties", {})
        return [name for name in names if name == "Id" or self.mask[("properties", name)]]

    @property
    def known_fields(self) -> set[str]:
        """Return the fields that the org or the catalog has, read or not."""
        known = set(self.effective_schema.get("properties", {}))
        return known | {column.name for column in self.sobject.columns}

    # What has changed since the catalog was made

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        """Take the user's catalog, as far as the object still is what that says."""
        super().apply_catalog(catalog)
        drift = self._drift()
        if news := drift.news():
            self.logger.info("%s", news)
        self._take_over(drift)

    def _drift(self) -> Drift:
        properties = self.effective_schema.get("properties", {})
        return drift_of(properties, self._selected_names, self.sobject)

    def _take_over(self, drift: Drift) -> None:
        for warning in drift.warnings():
            self.logger.warning("%s", warning)
        if drift.gone or drift.retyped:
            self.take_over(drift)

    def _has_become_another(self, error: RefusedError) -> bool:
        """Describe the object afresh after a refusal; take over what has changed.

        Returns:
            Whether another try may succeed.

        Raises:
            RefusedError: The object is gone, or what it is read by.
        """
        if self._is_described_afresh or not planner.may_come_of_change(error):
            return False
        self._is_described_afresh = True
        self.sobject = sobject_from_describe(self._connection.client.describe(self.name))
        drift = self._drift()
        if self._read_by is not None and self._read_by not in self.sobject.stamps:
            raise RefusedError(
                f"{self.name} was read by {self._read_by}, which the org no longer has or the "
                "user may no longer see.",
                hint="Setup > Field Accessibility: show it to the user again, or run --discover "
                "again to read the stream by another field.",
                code="replication-key-gone",
            )
        if not drift.gone and not drift.retyped:
            return False
        self._take_over(drift)
        vars(self).pop("selected_columns", None)
        self._write_schema_message()
        return True

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
        level = logging.WARNING if self._read_by else logging.INFO
        for note in self._saved_bookmark.notes():
            self.logger.log(level, "%s", note)

    @property
    def is_full_extract(self) -> bool:
        """Tell whether the stream will be read whole."""
        if self._read_by is None:
            return True
        return self._saved_bookmark.value is None and self._connection.settings.start_date is None

    @property
    def _is_test(self) -> bool:
        return self.ABORT_AT_RECORD_COUNT is not None

    @property
    def _read_by(self) -> str | None:
        return None if self.replication_method == _FULL_TABLE else self.replication_key

    @property
    def _saved_bookmark(self) -> Bookmark:
        # The SDK would make an empty entry for a stream that is only looked at.
        saved = self.tap_state.get("bookmarks", {}).get(self.name, {})
        return Bookmark(dict(saved), stream=self.name, replication_key=self._read_by)

    def prepare(self) -> None:
        """Take the stream's place among those that are read; called in their order."""
        _ = self.extraction

    @cached_property
    def extraction(self) -> Extraction:
        """Return what reads the rows, in this run."""
        return Extraction(
            connection=self._connection,
            logger=self.logger,
            name=self.name,
            readings=self._readings,
            bookmark=self._bookmark,
            outlet=self,
            # Rows from files have no version in a target's table: activating one would delete them.
            has_versions=self._read_by is None and not self._is_test and not self.writes_files,
            is_test=self._is_test,
        )

    @cached_property
    def _bookmark(self) -> Bookmark:
        return Bookmark(self.stream_state, stream=self.name, replication_key=self._read_by)

    @property
    def _readings(self) -> Readings:
        return Readings(
            connection=self._connection,
            logger=self.logger,
            sobject=self.sobject,
            columns=self.selected_columns,
            bookmark=self._bookmark,
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
            if not self._is_test:
                connection.tell_needs()
            connection.early_work.begin()
            with counted_in(extraction.tally):
                yield from self._pages_of(extraction)
        except TapError as error:
            extraction.report.error = error.code
            if not self._is_its_own(error):
                raise
            extraction.give_up(error)
            connection.failures[self.name] = error
            self.logger.error("%s %s", error.message, error.hint)  # noqa: TRY400  no traceback
        finally:
            self.is_over = True
            extraction.end()
            extraction.tell(connection.usage - before)

    def _pages_of(self, extraction: Extraction) -> Iterator[Page]:
        try:
            yield from extraction.pages()
        except RefusedError as error:
            if not self._has_become_another(error):
                raise
            extraction.begin_anew(error, self._readings)
            yield from extraction.pages()

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
