"""One stream per sObject: how its rows are read in a run, its bookmark, and its failures."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_versionforge_salesforce.error_lines import line_of
from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobNotEndedError,
    JobsUsedUpError,
    RedirectedError,
    RefusedError,
    SessionRefusedError,
    SettingsError,
    TapError,
    UnavailableError,
    wrong_setting,
)
from tap_versionforge_salesforce.salesforce.objects.soql import Query, query_of
from tap_versionforge_salesforce.salesforce.support.events import Remark
from tap_versionforge_salesforce.singer.catalog_stream import CatalogStream
from tap_versionforge_salesforce.singer.events import StreamBegun, StreamEnded
from tap_versionforge_salesforce.singer.quota_forecast import StreamForecast
from tap_versionforge_salesforce.singer.remedies import name_settings
from tap_versionforge_salesforce.singer.sync.backfill import BackfillSync
from tap_versionforge_salesforce.singer.sync.bookmarks import Bookmark
from tap_versionforge_salesforce.singer.sync.checkpoints import Checkpoints
from tap_versionforge_salesforce.singer.sync.mirror import Mirror, swept_query
from tap_versionforge_salesforce.singer.sync.partition_read import PartitionReads
from tap_versionforge_salesforce.singer.sync.reconciliation import Reconciliation
from tap_versionforge_salesforce.singer.sync.stream_sync import StreamSync
from tap_versionforge_salesforce.singer.tombstones import DELETED_AT_SCHEMA, Tombstones
from tap_versionforge_salesforce.singer.wanted_rows import (
    check_filter,
    check_key,
    key_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.tap_base import Tap

    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.settings.backfills import Backfill
    from tap_versionforge_salesforce.singer.deletions_stream import DeletionsStream
    from tap_versionforge_salesforce.singer.events import DeletedRow
    from tap_versionforge_salesforce.singer.run import Run

_FULL_TABLE, _INCREMENTAL = "FULL_TABLE", "INCREMENTAL"


class SObjectStream(CatalogStream):
    """The rows of one sObject.

    Args:
        tap: The tap.
        sobject: The object's describe, in the tap's words.
        run: What the streams of the run share.
        name: The stream's name; None for the object's.
        deletions: Where it is told that rows are gone; None for nowhere.
    """

    #: It can be held against what the org has.
    may_be_reconciled = True

    def __init__(
        self,
        tap: Tap,
        *,
        sobject: SObject,
        run: Run,
        name: str | None = None,
        deletions: DeletionsStream | None = None,
    ) -> None:
        super().__init__(
            tap,
            sobject=sobject,
            name=name or sobject.name,
            numbers_are_texts=run.settings.numbers_are_texts,
        )
        self._run = run
        self._deletions = deletions
        self.replication_key = key_of(run, sobject)
        if run.settings.has_tombstones and self.may_be_reconciled:
            self.added_properties = DELETED_AT_SCHEMA

    def check(self) -> None:
        """Look at what the catalog and the state ask of the stream, before any row is read.

        Raises:
            SettingsError: The object can't be read in that way, or the bookmark is none.
        """
        self.check_settings()
        self._check_method()
        self._check_fields()
        if self.ranges and self.replication_method == _FULL_TABLE:
            raise wrong_setting(
                "backfill",
                f"has a range of {self.name}, which is read whole each time: it has no replication "
                "key, or its catalog entry says so",
                "Leave the range out: each run brings all rows.",
            )
        # Before the mirror is made, which takes the state over. A range moves nothing of it.
        notes = [] if self.ranges else list(self._saved_bookmark.notes())
        # Made before anything is begun for the stream: what its state says then is what counts.
        if self._mirror is not None and self.added_properties:
            self._tombstones.check()
        level = logging.WARNING if self._read_by else logging.INFO
        for note in notes:
            self.logger.log(level, "%s", note)

    def check_settings(self) -> None:
        """Hold what the settings say of the object against its describe.

        Raises:
            SettingsError: It can't be read by that key or condition.
        """
        check_key(self._run, self.sobject)
        check_filter(self._run, self.sobject)

    def _check_method(self) -> None:
        method, key = self.replication_method, self.replication_key
        if method not in (_FULL_TABLE, _INCREMENTAL):
            raise SettingsError(
                f"The catalog's replication method of {self.name} is {method}.",
                hint=f"It can be {_INCREMENTAL} or {_FULL_TABLE}.",
                code="invalid-catalog",
            )
        if method == _INCREMENTAL and self.sobject.stamp(key) is None:
            raise SettingsError(
                f"{self.name} can't be read incrementally by {key}.",
                hint=f"Its fields for that are: {', '.join(self.sobject.stamps) or 'none'}. "
                f"Change the replication key in the catalog, or use {_FULL_TABLE}.",
                code="invalid-catalog",
            )
        if method == _FULL_TABLE and self._wanted_key is not None:
            self.logger.warning(
                "%s is read whole, as its catalog entry says: %s changes nothing. "
                "Set its replication method to %s.",
                self.name,
                self._setting_of_key,
                _INCREMENTAL,
            )

    def _check_fields(self) -> None:
        selected = [column.property_name for column in self.selected_columns]
        if not selected:
            raise SettingsError(
                f"The catalog selects no field of {self.name} that can be read.",
                hint="Select one, or deselect the stream.",
                code="invalid-catalog",
            )
        whole = [c.property_name for c in self.selected_columns if not c.is_compound]
        for each in self.primary_keys:
            if each not in whole:
                raise SettingsError(
                    f"The catalog's key of {self.name} is {each}, which is none of the fields "
                    "that can be read.",
                    hint="Change key_properties in the catalog, or run --discover again.",
                    code="invalid-catalog",
                )

    def forecasts(self) -> Iterator[StreamForecast]:
        """Yield what is known of what the stream will need."""
        columns = len(self.selected_columns)
        yield StreamForecast(self.name, columns, is_full=self.is_whole, sobject=self.sobject.name)
        swept = self.sweep_query
        if swept is not None:
            yield StreamForecast(self.name, len(swept.columns), is_full=True, is_sweep=True)

    def first_query(self) -> Query:
        """Return what would be read first, of which nothing is asked for yet."""
        return self.sync_of_run.first_query()

    @property
    def sweep_query(self) -> Query | None:
        """Return the query of the reconciliation that is due; None where none is."""
        mirror = None if self.ranges else self._mirror
        return mirror.query if mirror is not None and self._is_due(mirror) else None

    @property
    def is_full_extract(self) -> bool:
        """Tell whether the stream will be read whole."""
        return not self.ranges and self._saved_bookmark.is_full(self._run.settings.start_date)

    @property
    def is_whole(self) -> bool:
        """Tell whether all rows of the object are read."""
        return self.is_full_extract and self._query.is_full

    # What the settings say of it

    @property
    @override
    def _wanted_key(self) -> str | None:
        return self._run.settings.wanted_key(self.name)

    #: Which setting that is.
    _setting_of_key = "replication_keys"

    @property
    def _filter(self) -> str:
        return self._run.settings.filter(self.sobject.name)

    @property
    def _meaning(self) -> str:
        """Return which rows a bookmark is of, as the state keeps it."""
        return self._filter

    @property
    def _condition(self) -> str:
        return f"({self._filter})" if self._filter else ""

    @property
    def _query(self) -> Query:
        """Return the SELECT of all rows, whatever the bookmark."""
        settings, sobject = self._run.settings, self.sobject
        key = sobject.stamp(self._read_by)
        # What is kept of each row has to tell whether it has changed.
        is_kept = settings.reconcile_store is not None and not self._is_test
        stamps = (key, sobject.replication_key) if is_kept else (key,)
        columns = sobject.with_columns(self.selected_columns, stamps)
        return replace(
            query_of(sobject, columns, include_deleted=settings.include_deleted),
            limit=self.ABORT_AT_RECORD_COUNT,
            condition=self._condition,
        )

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
        return self._bookmark_in(dict(saved))

    @property
    def ranges(self) -> list[Backfill]:
        """Return what is read again, and nothing else; nothing where it is read as usual."""
        name = self.name.lower()
        return [each for each in self._run.settings.backfills if each.sobject.lower() == name]

    @property
    def sync_of_run(self) -> StreamSync | BackfillSync:
        """Return what reads the rows in this run, or the ranges that it reads again."""
        return self._backfill_sync or self.stream_sync

    @cached_property
    def _backfill_sync(self) -> BackfillSync | None:
        key = self.sobject.stamp(self._read_by)
        if not self.ranges or key is None:
            return None
        return BackfillSync(
            run=self._run,
            name=self.name,
            query=self._partition_reads.query,
            key=key,
            ranges=self.ranges,
            bookmark_text=self._saved_bookmark.text,
            keys=self._key_columns,
        )

    @cached_property
    def stream_sync(self) -> StreamSync:
        """Return what reads the rows, in this run; made in the order of the streams."""
        checkpoints = Checkpoints(
            bookmark=self._bookmark,
            sink=self,
            clock=self._run.org.clock,
            # Rows from files have no version in a target's table: activating one would delete them.
            has_versions=self._read_by is None and not self._is_test and not self.writes_files,
            is_test=self._is_test,
        )
        return StreamSync(
            run=self._run,
            name=self.name,
            reads=self._partition_reads,
            checkpoints=checkpoints,
            is_test=self._is_test,
        )

    @cached_property
    def _bookmark(self) -> Bookmark:
        # That of ranges which are read again is looked at only.
        return self._saved_bookmark if self.ranges else self._bookmark_in(self.stream_state)

    def _bookmark_in(self, state: dict[str, Any]) -> Bookmark:
        return Bookmark(
            state,
            stream=self.name,
            replication_key=self._read_by,
            condition=self._meaning,
        )

    @property
    def _partition_reads(self) -> PartitionReads:
        return PartitionReads(
            run=self._run,
            sobject=self.sobject,
            query=self._query,
            keys=self._key_columns,
            bookmark=self._bookmark,
        )

    @override
    def pages(self) -> Iterator[Page]:
        """Yield every page of the window, and write STATE behind each that allows it.

        Errors that concern this stream alone are kept for the end of the run, so that the other
        streams are read; others end the run.
        """
        sync, run = self.sync_of_run, self._run
        run.org.events.tell(StreamBegun(self.name, sync.bookmark_text))
        before, code, is_stopped = run.usage, None, True
        try:
            run.advice.look_at_quota()
            if not self._is_test:
                run.advice.tell_needs()
            run.prefetcher.start_turn()
            yield from self._all_pages(sync)
            is_stopped = False
        except TapError as error:
            code, is_stopped = error.code, False
            error.name_stream(self.name)
            name_settings(error, self._query)
            if not self._is_its_own(error):
                raise
            sync.fail(error)
            if isinstance(error, RefusedError):
                # It may be of a describe that is not true any more.
                run.describes.forget(self.sobject.name)
            run.fail_stream(self.name, error)
            self.logger.error("%s", line_of(error))  # noqa: TRY400  no traceback
        finally:
            sync.end()
            usage = sync.usage(run.usage - before)
            ended = StreamEnded(self.name, sync.bookmark_text, code, usage, is_stopped)
            run.org.events.tell(ended)
            self.let_go()

    def _all_pages(self, sync: StreamSync | BackfillSync) -> Iterator[Page]:
        """Yield the pages of the window, and behind them what the target lacks all the same."""
        mirror = None if self._is_test else self._mirror
        if mirror is None:
            self._tell_gap()
            yield from sync.pages()
            return
        mirror.clear()
        if mirror.is_used_already and not self.ranges:
            self._warn(
                f"{self.name} begins anew in a store that knows it already: what has gone since "
                "then is told with the next reconciliation. Where another pipeline uses "
                f"{mirror.folder.url}, give this one a reconcile_store of its own: each would "
                "remove what the other needs."
            )
        for page in sync.pages():
            # Before it is written: what the target may have got has to be known of a run that dies.
            mirror.keep(page, seen_at=self._run.org.server_time())
            yield page
            mirror.confirm(page)
        if self.ranges or not self._is_due(mirror):
            return
        reconciliation = Reconciliation(
            run=self._run,
            sobject=self.sobject,
            columns=self.selected_columns,
            bookmark=self._bookmark,
            mirror=mirror,
            sink=self,
            turn=self.stream_sync.turn,
        )
        yield from reconciliation.pages()
        self.write_state()

    @cached_property
    def _mirror(self) -> Mirror | None:
        """Return what the target holds by the state; None where that is not kept.

        Raises:
            SettingsError: The store or the state can't be used.
        """
        key = self.sobject.stamp(self._read_by)
        run = self._run
        if key is None or not (self.may_be_reconciled and self.sobject.has_ids):
            return None
        if run.store is None or run.presence is None:
            return None
        return Mirror(
            run.store,
            swept_query(
                self.sobject,
                self.selected_columns,
                key,
                run.settings,
                condition=self._condition,
            ),
            stamp=key,
            org_id=run.org.id,
            columns=self.selected_columns,
            bookmark=self._bookmark,
            presence=run.presence,
        )

    def _is_due(self, mirror: Mirror) -> bool:
        run = self._run
        return mirror.is_due(run.org.server_time(), run.settings.reconcile_every_hours)

    def _tell_gap(self) -> None:
        """Let the state say that rows are written which the store does not have."""
        confirmed = None if self._is_test else self._bookmark.confirmed
        if confirmed is None:
            return
        if not confirmed.has_gap:
            self._warn(
                f"{self.name} is reconciled by other runs of this state, and this one has no "
                "reconcile_store: rows that it writes and that are gone before the next sweep "
                "can't be known. Set it in all runs of one state."
            )
        # Also where ranges are read again, which move nothing else of the state.
        self._bookmark_in(self.stream_state).save_confirmed(confirmed.with_gap())

    def _warn(self, text: str) -> None:
        self._run.org.events.tell(Remark(self.name, text, is_warning=True))

    def tell_deleted(self, rows: Iterable[DeletedRow]) -> None:
        """Write that rows are gone."""
        listed = list(rows)
        if self._deletions is not None:
            self._deletions.tell(self.name, listed)
        if self.added_properties:
            for message in self._tombstones.messages(listed, now=self._run.org.clock.now()):
                self._tap.write_message(message)

    @property
    def _tombstones(self) -> Tombstones:
        return Tombstones(self.name, self.primary_keys, self.selected_columns, self.stream_maps)

    def _is_its_own(self, error: TapError) -> bool:
        """Tell whether an error concerns this stream alone."""
        if isinstance(error, UnavailableError):
            return isinstance(error, JobNotEndedError) or self._run.org.can_be_reached()
        if isinstance(error, (RedirectedError, SessionRefusedError)):
            return self._run.is_served()
        return isinstance(error, (IncompleteError, JobsUsedUpError, RefusedError))
