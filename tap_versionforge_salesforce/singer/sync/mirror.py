"""What the target holds of one stream, as far as its state and the store say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.query.sweep import meaning_of, sweep_query
from tap_versionforge_salesforce.salesforce.reconcile.confirmed import Confirmed
from tap_versionforge_salesforce.salesforce.reconcile.emitted_rows import EmittedRows
from tap_versionforge_salesforce.salesforce.reconcile.store import GenerationStore
from tap_versionforge_salesforce.salesforce.reconcile.swept_fields import swept_fields
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import swept_rows
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant

if TYPE_CHECKING:
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Generation
    from tap_versionforge_salesforce.settings.definitions import Settings
    from tap_versionforge_salesforce.singer.sync.bookmarks import Bookmark


def swept_query(
    sobject: SObject, columns: tuple[Column, ...], stamp: str | None, settings: Settings
) -> Query:
    """Return the query that sweeps a stream.

    Args:
        sobject: The object.
        columns: What is read of it.
        stamp: What it is read by.
        settings: Of the run.
    """
    by_object = {name.lower(): n for name, n in (settings.reconcile_fields or {}).items()}
    named = by_object.get(sobject.name.lower(), ())
    fields = swept_fields(sobject.name, columns, stamp=stamp, named=named)
    query = sweep_query(sobject, fields, stamp=stamp, include_deleted=settings.include_deleted)
    if settings.start_date is None or stamp is None:
        return query
    begins = f"{stamp} >= {format_instant(settings.start_date)}"
    if sobject.stamps.get(stamp):
        begins = f"({begins} OR {stamp} = null)"
    return replace(query, condition=begins)


class Mirror:
    """What the target holds: the last sweep that it was made equal to, and what came after.

    Args:
        folder: The store.
        query: That sweeps the stream.
        stamp: What it is read by.
        org_id: The org's Id.
        bookmark: In whose state it is said what the target has confirmed.

    Raises:
        SettingsError: The store can't be read, or is that of another org.
        BrokenStoreError: What the target has confirmed is not there any more.
    """

    def __init__(
        self,
        folder: StoreFolder,
        query: Query,
        *,
        stamp: str | None,
        org_id: str,
        bookmark: Bookmark,
    ) -> None:
        self.folder = folder
        self.query = query
        self.meaning = meaning_of(query, stamp=stamp, org_id=org_id)
        self.store = GenerationStore(folder, sobject=query.sobject)
        self._bookmark = bookmark
        saved = bookmark.confirmed
        # What was written before there was a store is in none.
        is_new = bookmark.value is None and bookmark.saved_job is None
        self._confirmed = saved or Confirmed(has_gap=not is_new)
        # From here on what is written is kept.
        bookmark.save_confirmed(self._confirmed)
        name = self._confirmed.generation
        #: The sweep that the target was made equal to last; None before the first.
        self.generation: Generation | None = self.store.generation(name) if name else None
        self.emitted = EmittedRows(folder, sobject=query.sobject, confirmed=self._confirmed.emitted)
        self._written = self._confirmed.emitted

    def clear(self) -> None:
        """Remove from the store what the target's state names no longer."""
        kept = self.generation
        self.store.keep_only([] if kept is None else [kept.name])
        self.emitted.forget(0 if kept is None else kept.follows)

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
        if page.ends_page and self._written != self._confirmed.emitted:
            self._save(self._confirmed.with_emitted(self._written))

    def made_equal(self, generation: Generation) -> None:
        """Let the state say that the target holds what was swept, now that all is written."""
        self.generation = generation
        self._save(Confirmed(generation=generation.name, emitted=self.emitted.number))

    def _save(self, confirmed: Confirmed) -> None:
        self._confirmed = confirmed
        self._bookmark.save_confirmed(confirmed)

    @property
    def has_gap(self) -> bool:
        """Tell whether rows have been written that are not in the store."""
        return self._confirmed.has_gap

    def is_due(self, now: datetime, every_hours: int) -> bool:
        """Tell whether the last sweep is that old.

        Args:
            now: The server's clock.
            every_hours: How old it may be.
        """
        if self.generation is None:
            return True
        return (now - self.generation.taken_at).total_seconds() >= every_hours * 3600

    def why_incomparable(self) -> str | None:
        """Return why the next sweep can't be compared with what the target holds; None if it can.

        It goes on from "nothing is compared yet: ".
        """
        if self.generation is None and self.has_gap:
            return "it is the first one, and the stream had been read before"
        follows = 0 if self.generation is None else self.generation.follows
        is_same = self.generation is None or self.generation.meaning.of_rows == self.meaning.of_rows
        if not is_same or not self.emitted.are_comparable(self.meaning, after=follows):
            return "other rows are read than before (start_date, include_deleted, replication key)"
        return None
