"""What the target holds of one stream, as far as its state and the store say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.query.sweep import meaning_of, sweep_query
from tap_versionforge_salesforce.salesforce.reconcile.confirmed import Confirmed
from tap_versionforge_salesforce.salesforce.reconcile.emitted_rows import EmittedRows
from tap_versionforge_salesforce.salesforce.reconcile.generation import Written
from tap_versionforge_salesforce.salesforce.reconcile.new_columns import former_columns
from tap_versionforge_salesforce.salesforce.reconcile.store import GenerationStore
from tap_versionforge_salesforce.salesforce.reconcile.swept_fields import swept_fields
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import SCHEMA, swept_rows
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant

if TYPE_CHECKING:
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Generation
    from tap_versionforge_salesforce.salesforce.reconcile.lock import Presence
    from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import Rows
    from tap_versionforge_salesforce.settings.definitions import Settings
    from tap_versionforge_salesforce.singer.sync.bookmarks import Bookmark

_SECONDS_PER_HOUR = 3_600
_NEARLY = 0.95


def with_stamps(
    sobject: SObject, columns: tuple[Column, ...], key: str | None
) -> tuple[Column, ...]:
    """Return the columns that are read, with those that tell whether a row has changed.

    SystemModstamp moves with what another replication key says nothing of.

    Args:
        sobject: The object.
        columns: The columns of a record.
        key: What it is read by.
    """
    return sobject.with_columns(columns, (key, sobject.replication_key))


def swept_query(
    sobject: SObject,
    columns: tuple[Column, ...],
    stamp: str | None,
    settings: Settings,
    *,
    condition: str = "",
) -> Query:
    """Return the query that sweeps a stream.

    Args:
        sobject: The object.
        columns: What is read of it.
        stamp: What it is read by.
        settings: Of the run.
        condition: Which rows are read of it, in brackets; empty for all.
    """
    named = settings.reconciled_fields(sobject.name)
    read = with_stamps(sobject, columns, stamp)
    fields = swept_fields(sobject.name, read, stamp=stamp, named=named)
    query = sweep_query(sobject, fields, stamp=stamp, include_deleted=settings.include_deleted)
    if settings.start_date is None or stamp is None:
        return replace(query, condition=condition)
    begins = f"{stamp} >= {format_instant(settings.start_date)}"
    if sobject.stamps.get(stamp):
        begins = f"({begins} OR {stamp} = null)"
    return replace(query, condition=" AND ".join(filter(None, (begins, condition))))


class Mirror:
    """What the target holds: the last sweep that it was made equal to, and what came after.

    Args:
        folder: The store.
        query: That sweeps the stream.
        stamp: What it is read by.
        org_id: The org's Id.
        columns: Of a record.
        bookmark: In whose state it is said what the target has confirmed.
        presence: Of the run.

    Raises:
        SettingsError: The store can't be read.
        BrokenStoreError: What the target has confirmed is not there any more.
    """

    def __init__(
        self,
        folder: StoreFolder,
        query: Query,
        *,
        stamp: str | None,
        org_id: str,
        columns: tuple[Column, ...],
        bookmark: Bookmark,
        presence: Presence,
    ) -> None:
        self.folder = folder
        self.query = query
        self.meaning = meaning_of(query, stamp=stamp, org_id=org_id, columns=columns)
        self.store = GenerationStore(
            folder, sobject=query.sobject, run=presence.token, under_way=presence.others
        )
        self._bookmark = bookmark
        self._presence = presence
        is_begun_anew = bookmark.confirmed is None
        # What was written before there was a store is in none.
        is_new = bookmark.value is None and bookmark.saved_job is None
        self._confirmed = bookmark.confirmed or Confirmed(has_gap=not is_new)
        self.emitted = EmittedRows(
            folder,
            sobject=query.sobject,
            confirmed=self._confirmed,
            run=presence.token,
            is_alone=presence.is_alone,
        )
        #: An earlier life of the stream has used the store, or that of another pipeline does.
        self.is_used_already = is_begun_anew and not (
            self.emitted.is_empty and not self.store.names()
        )
        # From here on what is written is kept.
        bookmark.save_confirmed(self._confirmed)
        name = self._confirmed.generation
        #: The sweep that the target was made equal to last; None before the first.
        self.generation: Generation | None = self.store.generation(name) if name else None
        self.emitted.check(self.generation)
        self._written = self._confirmed.last

    def of_earlier_lives(self, now: Generation) -> list[Generation]:
        """Return the sweeps of the stream from before it was begun anew, where it was.

        Args:
            now: The present one, which is none of them.
        """
        if self.generation is not None:
            return []
        found = self.store.of_rows(self.meaning.of_rows)
        return [each for each in found if each.name != now.name]

    def clear(self) -> None:
        """Remove from the store what the target has left behind, now that it has confirmed more.

        What is later than that may be confirmed yet, by the target of another run; and one that
        began before this one may have an older state.
        """
        is_alone = self._presence.is_alone and not self._presence.others()
        if self.generation is not None and is_alone:
            self.store.remove_before(self.generation.name)
            self.emitted.forget(self.generation)

    def written(self) -> Written:
        """Return what has been written when a sweep begins now.

        It looks at what is there: another run may have written something since this one began.
        What that writes from now on is left to the next comparison, for the sweep may not have it.
        """
        self.emitted.look()
        seen, beside = self.emitted.keys(self._presence.others())
        before = Written() if self.generation is None else self.generation.written
        return Written(
            last=self.emitted.last.number,
            seen=seen,
            beside=beside,
            closed_until=self._bookmark.value,
            columns=self.meaning.columns,
            former_columns=former_columns(self.meaning.columns, before),
        )

    def keep_gone(self, rows: Rows, *, seen_at: datetime) -> None:
        """Keep rows that are about to be told as gone.

        Args:
            rows: Of `Differences.gone`.
            seen_at: When they were not there any more.
        """
        rows = rows.select(SCHEMA.names())
        self._written = self.emitted.keep(rows, self.meaning, seen_at=seen_at, is_gone=True)

    def keep_unknown(self, rows: Rows, *, seen_at: datetime) -> None:
        """Keep rows of which nobody knows how the target has them.

        Args:
            rows: A table of `swept_rows.SCHEMA`.
            seen_at: When they were asked for.
        """
        self._written = self.emitted.keep(rows, self.meaning, seen_at=seen_at, is_certain=False)

    def keep(self, page: Page, *, seen_at: datetime) -> None:
        """Keep the rows of a page, which is about to be written.

        Args:
            page: The page.
            seen_at: The server's clock.
        """
        if page.frame.height:
            meaning = self.meaning
            rows = swept_rows(page.frame, fields=meaning.fields, stamp=meaning.stamp)
            self._written = self.emitted.keep(rows, meaning, seen_at=seen_at)

    def confirm(self, page: Page) -> None:
        """Let the state say that what was kept is written, now that a page is."""
        if page.ends_page and self._written != self._confirmed.last:
            self._save(self._confirmed.with_emitted(self._written))

    def made_equal(self, generation: Generation) -> None:
        """Let the state say that the target holds what was swept, now that all is written."""
        self.generation = generation
        self._save(Confirmed(generation=generation.name).with_emitted(self.emitted.last))

    def _save(self, confirmed: Confirmed) -> None:
        self._confirmed = confirmed
        self._bookmark.save_confirmed(confirmed)

    @property
    def has_gap(self) -> bool:
        """Tell whether rows have been written that are not in the store."""
        return self._confirmed.has_gap

    def is_due(self, now: datetime, every_hours: int | None) -> bool:
        """Tell whether the last sweep is that old.

        Args:
            now: The server's clock.
            every_hours: How old it may be; None where there is to be none.
        """
        if every_hours is None or self.generation is None:
            return every_hours is not None
        age_hours = (now - self.generation.taken_at).total_seconds() / _SECONDS_PER_HOUR
        # A run may be a little earlier in its day than the one before, and its sweep is later.
        return age_hours >= every_hours * _NEARLY

    def why_incomparable(self) -> str | None:
        """Return why the next sweep can't be compared with what the target holds; None if it can.

        It goes on from "nothing is compared yet: ".
        """
        if self.generation is None and self.has_gap:
            return "it is the first one, and the stream had been read before"
        of_rows = self.meaning.of_rows
        is_same = self.generation is None or self.generation.meaning.of_rows == of_rows
        if not is_same or not self.emitted.are_comparable(self.meaning, self.generation):
            return "other rows than before (start_date, include_deleted, filters, replication key)"
        return None

    def earlier_query(self, sobject: SObject) -> Query | None:
        """Return the query of the last sweep, where other fields are swept now.

        Args:
            sobject: The object as it is now.

        Returns:
            None where the same fields are swept, or those of the last sweep are not all there.
        """
        before = self.generation
        if before is None or before.meaning.of_values == self.meaning.of_values:
            return None
        there = {part.name: part for column in sobject.columns for part in column.queried}
        if not there.keys() >= set(before.meaning.fields):
            return None
        fields = [there[name] for name in before.meaning.fields]
        query = sweep_query(
            sobject,
            fields,
            stamp=self.meaning.stamp,
            include_deleted=self.meaning.include_deleted,
        )
        return replace(
            query,
            condition=self.query.condition,
            all_rows=self.query.all_rows,
            living=self.query.living,
        )
