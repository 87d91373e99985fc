"""One stream per sObject: which columns, which window, and when STATE is due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import Metadata
from typing_extensions import override

from tap_versionforge_salesforce.bookmarks import Bookmark
from tap_versionforge_salesforce.columns import Column, Kind, queried
from tap_versionforge_salesforce.exceptions import (
    IncompleteError,
    RefusedError,
    SettingsError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.oddities import OddityReport
from tap_versionforge_salesforce.pagination import Page, SalesforcePaginator
from tap_versionforge_salesforce.run_report import StreamReport
from tap_versionforge_salesforce.sdk_stream import FrameStream
from tap_versionforge_salesforce.soql import Query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.singerlib import MetadataMapping

    from tap_versionforge_salesforce.bookmarks import Window
    from tap_versionforge_salesforce.connection import Connection
    from tap_versionforge_salesforce.schema import SObject

_FULL_TABLE, _INCREMENTAL = "FULL_TABLE", "INCREMENTAL"


@dataclass(frozen=True, slots=True)
class _Extraction:
    """What is read, from where, and which version its rows carry."""

    window: Window
    paginator: SalesforcePaginator
    version: int | None


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
        self._submitted: _Extraction | None = None
        #: Its pages have all been asked for, or it has failed.
        self.is_over = False
        self._report = StreamReport(self.name)

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

    @property
    def _bookmark(self) -> Bookmark:
        return Bookmark(self.stream_state, stream=self.name, replication_key=self._read_by)

    def _window(self, bookmark: Bookmark, *, upper: datetime) -> Window:
        settings = self._connection.settings
        return bookmark.window(
            # The server's clock, from an answer that came before the query was sent.
            upper=upper,
            lookback_seconds=settings.lookback_seconds,
            start_date=settings.start_date,
            key_nillable=self.sobject.stamps.get(self.replication_key or "", False),
        )

    @override
    def pages(self) -> Iterator[Page]:
        """Yield every page of the window, and write STATE behind each that allows it.

        Errors that concern this stream alone are kept for the end of the run, so that the other
        streams are read; others end the run.
        """
        bookmark = self._bookmark
        oddities = OddityReport(self.name)
        self._report = StreamReport(self.name, bookmark_before=bookmark.text)
        self._connection.report.streams.append(self._report)
        before = self._connection.usage
        try:
            yield from self._extract(bookmark, oddities)
        except IncompleteError as error:
            bookmark.move_back()
            self._fail(error, bookmark)
        except RefusedError as error:
            self._fail(error, bookmark)
        except UnavailableError as error:
            if error.code == "bulk-job-timeout":
                self._fail(error, bookmark)
            elif error.code == "bulk-job-queued":
                self._fail(error)
            else:
                self._report.error = error.code
                raise
        except TapError as error:
            self._report.error = error.code
            raise
        finally:
            self.is_over = True
            self._report.bookmark_after = bookmark.text
            self._report.usage = self._connection.usage - before
            oddities.tell(self.logger)

    def submit(self) -> bool:
        """Create the stream's Bulk job before its turn, if it is clear that it needs one.

        Salesforce works on it while other streams are read.

        Returns:
            Whether a job of the stream is in the org, and so in the state.
        """
        bookmark = self._bookmark
        if self._is_test or self._submitted is not None or bookmark.saved_job is not None:
            return not self._is_test
        extraction = self._new_extraction(bookmark)
        job = None if extraction.window.is_empty else extraction.paginator.submit()
        if job is None:
            return False
        bookmark.save_job(replace(job, version=extraction.version))
        self._submitted = extraction
        return True

    def _extract(self, bookmark: Bookmark, oddities: OddityReport) -> Iterator[Page]:
        self._connection.look_at_quota()
        self._connection.submit_jobs()
        if self._submitted is not None:
            yield from self._read(self._submitted, bookmark, oddities)
            return
        saved = None if self._is_test else bookmark.saved_job
        if saved is not None:
            window = self._window(bookmark, upper=saved.upper_bound)
            paginator = self._paginator(window)
            if paginator.take_up(saved):
                version = None if self.writes_files else saved.version
                yield from self._read(_Extraction(window, paginator, version), bookmark, oddities)
                if self._read_by is None:
                    return
                # What has changed since the job was created is read in this run, too.
            else:
                self._forget_job(bookmark)
        extraction = self._new_extraction(bookmark)
        if extraction.window.is_empty:
            self.logger.warning(
                "Nothing is read yet: the bookmark or start_date of %s lies ahead of "
                "Salesforce's clock.",
                self.name,
            )
            return
        yield from self._read(extraction, bookmark, oddities)

    def _new_extraction(self, bookmark: Bookmark) -> _Extraction:
        window = self._window(bookmark, upper=self._connection.server_time())
        # Targets delete what the version does not name: it is a new one, and activated late.
        return _Extraction(window, self._paginator(window), self._new_version())

    def _read(
        self, extraction: _Extraction, bookmark: Bookmark, oddities: OddityReport
    ) -> Iterator[Page]:
        paginator, version = extraction.paginator, extraction.version
        rows, calls_before = 0, self._connection.quota.calls
        self.begin_version(version)
        for page in paginator:
            yield page
            rows += page.frame.height
            self._report.rows += page.frame.height
            self._report.pages += page.ends_page and page.is_served
            oddities.note(
                page.frame.oddities, starts_page=page.starts_page, ends_page=page.ends_page
            )
            if page.takes_back:
                bookmark.move_back()
                self.write_state()
            elif page.checkpoint is not None:
                self._remember(bookmark, page.checkpoint)
            elif page.job is not None:
                bookmark.save_job(replace(page.job, version=version))
                self.write_state()
            self._connection.interruption.check()
        self.logger.info(
            "%s: %d rows by %s in %d API calls.",
            self.name,
            rows,
            paginator.choice.api.value if paginator.choice else "no API",
            self._connection.quota.calls - calls_before,
        )
        if paginator.choice is not None:
            self._report.api, self._report.reason = (
                paginator.choice.api.value,
                paginator.choice.reason,
            )
        if paginator.proof is not None:
            self._report.proven_by, self._report.promised_rows = paginator.proof
        self.activate_version()
        bookmark.forget_job()
        self._remember(bookmark, extraction.window.upper)
        paginator.finish()

    def _paginator(self, window: Window) -> SalesforcePaginator:
        named = self.selected_columns
        if window.range is not None:
            named = (*named, Column(window.range.key, Kind.DATETIME))
        columns = queried(named)
        return SalesforcePaginator(
            connection=self._connection,
            logger=self.logger,
            query=Query(
                sobject=self.name,
                fields=tuple(column.name for column in columns),
                range=window.range,
                limit=self.ABORT_AT_RECORD_COUNT,
            ),
            columns=columns,
            window=window,
        )

    # What is remembered

    @property
    def _is_test(self) -> bool:
        return self.ABORT_AT_RECORD_COUNT is not None

    def _new_version(self) -> int | None:
        # Rows from files have no version in a target's table: activating one would delete them.
        if self.replication_method != _FULL_TABLE or self._is_test or self.writes_files:
            return None
        return int(self._connection.clock.now().timestamp() * 1000)

    def _remember(self, bookmark: Bookmark, instant: datetime) -> None:
        if not self._is_test:
            bookmark.move_to(instant)
            self.write_state()

    def _forget_job(self, bookmark: Bookmark) -> None:
        bookmark.forget_job()
        self.write_state()

    # What is told

    def _fail(self, error: TapError, without_job: Bookmark | None = None) -> None:
        if without_job is not None:
            self._forget_job(without_job)
        self._report.error = error.code
        self._connection.failures[self.name] = error
        self.logger.error("%s %s", error.message, error.hint)

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
