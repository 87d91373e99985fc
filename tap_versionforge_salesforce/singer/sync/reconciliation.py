"""A stream made equal to what its object holds: swept, compared, and told what differs."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from tap_versionforge_salesforce.errors import IncompleteError, SettingsError, TapError
from tap_versionforge_salesforce.salesforce.http.quota import StreamUsage, usage_counted_in
from tap_versionforge_salesforce.salesforce.objects.soql import query_of
from tap_versionforge_salesforce.salesforce.query.context import ReadContext
from tap_versionforge_salesforce.salesforce.query.read_again import read_again, read_whole
from tap_versionforge_salesforce.salesforce.query.sweep import sweep
from tap_versionforge_salesforce.salesforce.reconcile.comparison import compared
from tap_versionforge_salesforce.salesforce.reconcile.findings import Closed, Findings, gone_in
from tap_versionforge_salesforce.salesforce.reconcile.lock import locked
from tap_versionforge_salesforce.salesforce.reconcile.new_columns import having_values, new_columns
from tap_versionforge_salesforce.salesforce.support.events import Remark
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.events import DeletedRow, Reconciled, SweepBegun
from tap_versionforge_salesforce.singer.sync.mirror import with_stamps
from tap_versionforge_salesforce.singer.sync.stream_sync import tell_written

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.query.download_queue import Turn
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.salesforce.reconcile.comparison import Differences
    from tap_versionforge_salesforce.salesforce.reconcile.findings import GoneRow
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Generation as Sweep
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Meaning
    from tap_versionforge_salesforce.singer.run import Run
    from tap_versionforge_salesforce.singer.sync.bookmarks import Bookmark
    from tap_versionforge_salesforce.singer.sync.mirror import Mirror

# "User" in the Object Reference: users are deactivated, never deleted. A row that is not there any
# more is one that the user may not see.
_NEVER_DELETED = frozenset({"user", "organization"})
# Nobody counts their rows, so that one that did not come could be taken for deleted.
_NOT_COUNTED = "__x"


class Deletions(Protocol):
    """Where it is told that rows are gone."""

    def tell_deleted(self, rows: Iterable[DeletedRow]) -> None:
        """Tell of some rows of the stream."""


class Reconciliation:
    """Reconciles one stream, behind its window.

    Args:
        run: What the streams of the run share.
        sobject: What is read.
        columns: The columns of a record.
        bookmark: Of the stream, behind its window.
        mirror: What the target holds.
        sink: Where deletions go.
        turn: Of the stream in the queue of downloads.
    """

    def __init__(
        self,
        *,
        run: Run,
        sobject: SObject,
        columns: tuple[Column, ...],
        bookmark: Bookmark,
        mirror: Mirror,
        sink: Deletions,
        turn: Turn,
    ) -> None:
        self._run = run
        self._sobject = sobject
        self._columns = columns
        self._bookmark = bookmark
        self._mirror = mirror
        self._sink = sink
        self._turn = turn

    def pages(self) -> Iterator[Page]:
        """Yield the rows that the target does not have as they are, and tell those that are gone.

        Raises:
            IncompleteError: More rows are gone than can be believed to be deleted.
            TapError: The object can't be swept, or its rows can't be read again.
        """
        name = self._sobject.name
        if name.lower().endswith(_NOT_COUNTED):
            self._remark(f"{name} is not reconciled: nobody counts the rows of external objects.")
            return
        with locked(self._mirror.folder, name, self._run.org.clock.now) as holder:
            if holder is not None:
                self._remark(
                    f"{name} is not reconciled in this run: another one, process {holder.process} "
                    f"on {holder.host}, is at it, or was stopped less than ten minutes ago.",
                    is_warning=True,
                )
                return
            try:
                yield from self._reconciled()
            except SettingsError:
                raise
            except TapError as error:
                raise error.reworded(f"{name} could not be reconciled: {error.message}") from None

    def _reconciled(self) -> Iterator[Page]:
        usage, quota = StreamUsage(), self._run.org.quota
        jobs = quota.bulk.created_jobs
        mirror = self._mirror
        why = mirror.why_incomparable()
        told = Reconciled(stream=self._sobject.name, not_compared=why)
        with usage_counted_in(usage):
            if why is not None and mirror.generation is not None:
                self._remark(
                    f"{self._sobject.name} is swept with {why}: what is gone, or has changed "
                    "without a stamp, since the last sweep can't be known.",
                    is_warning=True,
                )
            # Before that with earlier fields: what changes in between differs the next time.
            now = self._swept(mirror.query, mirror.meaning)
            try:
                told = replace(told, swept=now.rows)
                if why is None:
                    self._tell_gap()
                    told = yield from self._by_earlier_values(told)
                    told = yield from self._made_equal(now, told)
                told = yield from self._emitted_again(self._with_new_columns(), told)
            except BaseException:
                # No state can name it.
                with suppress(SettingsError):
                    mirror.store.remove(now.name)
                raise
        mirror.made_equal(now)
        jobs = quota.bulk.created_jobs - jobs
        told = replace(told, calls=usage.calls, jobs=jobs, generation=now.name)
        self._run.org.events.tell(told)

    def _by_earlier_values(self, told: Reconciled) -> Generator[Page, None, Reconciled]:
        """Compare values of the fields that the last sweep had, where it had others than now.

        What has changed of them is in no later sweep. All else the present one tells.
        """
        mirror, before = self._mirror, self._mirror.generation
        if before is None or before.meaning.of_values == mirror.meaning.of_values:
            return told
        name, query = self._sobject.name, mirror.earlier_query(self._sobject)
        if query is None:
            gone = sorted(set(before.meaning.fields) - {c.name for c in self._sobject.columns})
            self._remark(
                f"{name} was swept with {', '.join(gone)}, which is not there any more: which "
                "formulas have changed since can't be known, and is from now on. Remove "
                f"bookmarks.{name} from the state to read it whole.",
                is_warning=True,
            )
            return told
        self._remark(f"Other fields of {name} are swept than before: it is swept with both.")
        now = self._swept(query, before.meaning)
        try:
            findings = self._findings(now, are_others_certain=True, only_stale=True)
            told = self._counted(findings, told)
            return (yield from self._emitted_again(self._again(findings), told))
        finally:
            with suppress(SettingsError):
                mirror.store.remove(now.name)

    def _made_equal(self, now: Sweep, told: Reconciled) -> Generator[Page, None, Reconciled]:
        """Yield what differs from a sweep, and tell what is gone."""
        findings = self._findings(now)
        told = self._counted(findings, told)
        self._tell_gone(findings, now)
        return (yield from self._emitted_again(self._again(findings), told))

    def _swept(self, query: Query, meaning: Meaning) -> Sweep:
        mirror = self._mirror
        self._remark(f"{self._sobject.name} is swept, to be compared with what was read before.")
        expected = None if mirror.generation is None else mirror.generation.rows
        self._run.org.events.tell(SweepBegun(self._sobject.name, expected))
        return sweep(
            self._context(query),
            mirror.store,
            meaning,
            written=mirror.written(),
            expected_rows=expected,
            count_rows=self._run.advice.count_rows,
        )

    def _tell_gap(self) -> None:
        name = self._sobject.name
        if self._mirror.has_gap:
            self._remark(
                f"Since {name} was last reconciled, runs without reconcile_store have written rows "
                "of it: those that were new and are gone again can't be known. Set it in all runs "
                "of one state.",
                is_warning=True,
            )

    def _findings(
        self, now: Sweep, *, are_others_certain: bool = False, only_stale: bool = False
    ) -> Findings:
        settings, findings = self._run.settings, Findings()
        closed = Closed(self._bookmark.value, settings.lookback_seconds)
        for part in self._compared(now, are_others_certain=are_others_certain):
            findings.take(part.only_stale() if only_stale else part, closed)
        if findings.gone_too_many(settings.reconcile_max_deleted_percent):
            raise self._too_many(findings)
        return findings

    def _compared(self, now: Sweep, *, are_others_certain: bool = False) -> Iterator[Differences]:
        mirror = self._mirror
        parts = compared(
            mirror.store,
            mirror.generation,
            now,
            mirror.emitted,
            of_earlier_lives=mirror.of_earlier_lives(now),
            are_others_certain=are_others_certain,
            spool_dir=self._run.settings.spool_dir,
        )
        with closing(parts):
            yield from parts

    def _too_many(self, findings: Findings) -> IncompleteError:
        percent = self._run.settings.reconcile_max_deleted_percent
        name = self._sobject.name
        return IncompleteError(
            f"{findings.living_gone:,} of {counted(findings.living, 'row')} of {name} are gone at "
            f"once, more than {percent} %: that is taken for a lost permission, and none is told "
            "as deleted.",
            hint=f"Give the user back what lets it see them: View All on {name}, View All Data, or "
            "the sharing that it had. Where they have been deleted, set "
            "reconcile_max_deleted_percent to 100 for one run.",
            code="too-many-gone",
        )

    @property
    def _is_never_deleted(self) -> bool:
        return self._sobject.name.lower() in _NEVER_DELETED

    def _counted(self, findings: Findings, told: Reconciled) -> Reconciled:
        rows_gone = findings.rows_gone
        # What other runs have written without the store is none that was missed.
        in_closed_windows = 0 if self._mirror.has_gap else findings.in_closed_windows
        return replace(
            told,
            gone=told.gone + (0 if self._is_never_deleted else rows_gone),
            hidden=told.hidden + (rows_gone if self._is_never_deleted else 0),
            stale=told.stale + findings.stale,
            new_behind_bookmark=told.new_behind_bookmark + findings.new_behind_bookmark,
            moved_unseen=told.moved_unseen + findings.moved_unseen,
            unsure=told.unsure + findings.unsure,
            in_closed_windows=told.in_closed_windows + in_closed_windows,
        )

    def _tell_gone(self, findings: Findings, now: Sweep) -> None:
        if self._is_never_deleted or not findings.rows_gone:
            return
        parts = self._compared(now)
        for rows in findings.gone or (part.gone for part in parts):
            # Before they are told: should this run die, they have to come again where they are.
            self._mirror.keep_gone(rows, seen_at=now.taken_at)
            self._sink.tell_deleted(_deleted(gone_in(rows), now.taken_at))

    def _again(self, findings: Findings) -> Iterator[Page]:
        mirror = self._mirror
        wanted = findings.wanted(mirror.meaning.stamp)
        if not wanted.rows:
            return
        yield from read_again(self._context(self._query), wanted, self._run.advice.count_rows)
        missing = wanted.not_come()
        if missing is not None:
            mirror.keep_unknown(missing, seen_at=self._run.org.server_time())

    def _with_new_columns(self) -> Iterator[Page]:
        """Yield the rows that have values in columns which the target has none of yet."""
        mirror = self._mirror
        if mirror.generation is None:
            return
        written = mirror.generation.written
        columns = new_columns(self._columns, written)
        if not columns:
            return
        having = having_values(columns, written)
        names = ", ".join(each.name for each in columns)
        self._remark(
            f"{self._sobject.name} was read without {names} before: "
            f"{'rows that have a value there' if having else 'its rows'} are read again."
        )
        conditions = [f"({each})" for each in (mirror.query.condition, having) if each]
        count_rows = self._run.advice.count_rows
        yield from read_whole(self._context(self._query), " AND ".join(conditions), count_rows)

    def _emitted_again(
        self, pages: Iterator[Page], told: Reconciled
    ) -> Generator[Page, None, Reconciled]:
        """Yield pages that are written, and kept before that."""
        mirror, org = self._mirror, self._run.org
        for page in pages:
            mirror.keep(page, seen_at=org.server_time())
            yield page
            tell_written(self._run, self._sobject.name, page)
            mirror.confirm(page)
            told = replace(told, read_again=told.read_again + page.frame.height)
            org.interruption.check()
        return told

    @property
    def _query(self) -> Query:
        """Return the query of rows that are read again."""
        query = query_of(
            self._sobject,
            with_stamps(self._sobject, self._columns, self._mirror.meaning.stamp),
            include_deleted=self._run.settings.include_deleted,
        )
        # What has left the filter since it was swept is no row of the stream any more.
        return replace(query, condition=self._mirror.query.condition)

    def _context(self, query: Query) -> ReadContext:
        run = self._run
        return ReadContext(run.org, query, run.query_options, self._turn, composites=run.composites)

    def _remark(self, text: str, *, is_warning: bool = False) -> None:
        self._run.org.events.tell(Remark(self._sobject.name, text, is_warning))


def _deleted(rows: Iterable[GoneRow], found_at: datetime) -> Iterator[DeletedRow]:
    found = format_instant(found_at)
    for row in rows:
        seen = format_instant(row.last_seen_at)
        yield DeletedRow(row.id, found, seen, row.was_in_recycle_bin)
