"""Windows of time and the bookmarks between them.

A window is ``[bookmark - look-back, upper bound)``. Its bound is the server's clock as it was
before the query was sent, so that a row changed later belongs to the next window, whole.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.objects.describe import REPLICATION_KEYS
from tap_versionforge_salesforce.salesforce.objects.soql import Range, Window
from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
from tap_versionforge_salesforce.salesforce.reconcile.confirmed import Confirmed
from tap_versionforge_salesforce.salesforce.soql.literals import shown
from tap_versionforge_salesforce.salesforce.support.timestamps import (
    EARLIEST,
    format_instant,
    parse_instant,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping
    from datetime import datetime

_JOB = "bulk_job"
_FILTER = "filter"
_RECONCILIATION = "reconciliation"
# Of a list of Ids there can be a hundred thousand characters.
_MOST_OF_CONDITION = 200

# A string of SOQL, in which upper and lower case are the user's.
_STRING = re.compile(r"('(?:[^'\\]|\\.)*')", re.DOTALL)


class Bookmark:
    """The bookmark of one stream: how far its rows are known to have been emitted.

    Args:
        state: The stream's part of the Singer state, written to in place.
        stream: The stream's name, for messages.
        replication_key: What the stream is read by; None for FULL_TABLE.
        condition: Which rows are read, in SOQL; empty for all.
    """

    def __init__(
        self,
        state: MutableMapping[str, Any],
        *,
        stream: str,
        replication_key: str | None,
        condition: str = "",
    ) -> None:
        self._state = state
        self._stream = stream
        self._key = replication_key
        self._is_anothers, self._is_null = False, False
        self._take_over()
        self._condition = condition
        self._condition_before = self._note_condition()
        self._before = dict(state)

    def _take_over(self) -> None:
        """Read a bookmark as other taps spell it: its key is the replication key.

        A null is what they write before they have read anything.
        """
        if self._key is None or self._key not in self._state:
            return
        if self._state.get("replication_key_value") is not None:
            return
        value = self._state[self._key]
        if value is not None:
            self._instant(value, self._key)
        del self._state[self._key]
        self._is_anothers, self._is_null = value is not None, value is None
        if self._is_anothers:
            self._state["replication_key"] = self._key
            self._state["replication_key_value"] = value

    def _note_condition(self) -> str:
        """Keep which rows the bookmark is of; return which it was of before."""
        before = self._state.get(_FILTER) or ""
        # A key that is taken out comes back where Meltano merges states.
        if self._key is not None and (self._condition or _FILTER in self._state):
            self._state[_FILTER] = self._condition or None
        return str(before)

    def notes(self) -> Iterator[str]:
        """Yield a sentence for what was made of the state, and for what of it is not used."""
        if self._is_anothers:
            yield (
                f"{self._stream}: the state's bookmark by {self._key}, as another tap has written "
                "it, is taken over."
            )
        if self._is_null:
            yield (
                f"{self._stream}: the state's bookmark by {self._key} is null: everything is read "
                "from the beginning, or from start_date."
            )
        by = self._unused_key
        if by is not None and self._key is None:
            yield f"{self._stream} is read whole: the state's bookmark by {by} is not used."
        elif by is not None:
            yield (
                f"{self._stream} is read by {self._key}: the state's bookmark by {by} is not used, "
                "and everything is read from the beginning, or from start_date."
            )

        differs = _meant(self._condition_before) != _meant(self._condition)
        if self.value is not None and differs:
            before, now = (
                f'by "{shown(each, _MOST_OF_CONDITION)}"' if each else "without a filter"
                for each in (self._condition_before, self._condition)
            )
            yield (
                f"{self._stream} was read {before} until now, and is {now} from here on: what that "
                f"lets in of before the bookmark ({self.text}) is not read. Take "
                f"bookmarks.{self._stream} out of the state to read all of it."
            )

    @property
    def _unused_key(self) -> str | None:
        """Return what a bookmark goes by that is not used."""
        if self._key is not None and self.value is not None:
            return None
        if self._state.get("replication_key_value") is not None:
            return str(self._state.get("replication_key", "a key that it does not name"))
        return next((key for key in REPLICATION_KEYS if self._state.get(key) is not None), None)

    @property
    def replication_key(self) -> str | None:
        """Return what the stream is read by; None for FULL_TABLE."""
        return self._key

    @property
    def value(self) -> datetime | None:
        """Return the bookmark; None before the first window's end.

        A bookmark of another replication key is none.

        Raises:
            SettingsError: The state holds something else than an instant.
        """
        value = self._state.get("replication_key_value")
        if self._key is None or value is None:
            return None
        # A state written by hand often leaves the key out; a key that is there has to be ours.
        if str(self._state.get("replication_key", self._key)).lower() != self._key.lower():
            return None
        return self._instant(value, "replication_key_value")

    def _instant(self, value: Any, place: str) -> datetime:  # noqa: ANN401  whatever it is
        try:
            return parse_instant(value)
        except (ValueError, TypeError, AttributeError):
            message = (
                f"The state's bookmark of {self._stream} is no date-time: {value!r} in "
                f"bookmarks.{self._stream}.{place}."
            )
            raise SettingsError(
                message,
                hint="Put in an instant such as 2026-11-23T10:00:00.000Z, or remove "
                f"bookmarks.{self._stream} to read the stream from its beginning.",
                code="invalid-state",
            ) from None

    @property
    def text(self) -> str | None:
        """Return the bookmark as the state has it, whatever it is."""
        value = None if self._key is None else self._state.get("replication_key_value")
        return None if value is None else str(value)

    def is_full(self, start_date: datetime | None) -> bool:
        """Tell whether there is nothing to begin from, so that the whole object is read.

        Args:
            start_date: Where to begin without a bookmark.
        """
        return self._key is None or (self.value is None and start_date is None)

    def window(
        self,
        *,
        upper: datetime,
        lookback_seconds: int,
        start_date: datetime | None,
        key_nillable: bool,
    ) -> Window:
        """Return what is to be read now.

        Args:
            upper: The server's clock, from an answer received before.
            lookback_seconds: How far before the bookmark to read again.
            start_date: Where to begin without a bookmark, and never to read before. The
                look-back does not apply to it.
            key_nillable: Rows without the replication key exist; they are read each time.
        """
        if self._key is None:
            return Window(range=None, upper=upper, is_full=True)
        bookmark = self.value
        lower = start_date
        if bookmark is not None:
            lower = max(bookmark - timedelta(seconds=lookback_seconds), EARLIEST)
            lower = lower if start_date is None else max(lower, start_date)
        return Window(
            range=Range(key=self._key, lower=lower, upper=upper, or_null=key_nillable),
            upper=upper,
            is_full=self.is_full(start_date),
            lower_bound=bookmark,
        )

    def rollback(self) -> None:
        """Put the bookmark where it was last known to be right.

        For a window that could not be proven complete: its checkpoints may have passed what is
        missing.
        """
        kept = {key: self._state[key] for key in (_JOB, _RECONCILIATION) if key in self._state}
        self._state.clear()
        self._state.update(self._before)
        self._state.update(kept)

    def commit(self) -> None:
        """Note that everything before the bookmark is proven: it never goes back behind it."""
        self._before = dict(self._state)

    def advance(self, instant: datetime) -> None:
        """Move the bookmark forward; an earlier instant changes nothing."""
        before = self.value
        if before is None or instant > before:
            self.hold(instant)

    def hold(self, instant: datetime) -> None:
        """Put the bookmark to an instant, whether that is forward or back."""
        if self._key is not None:
            self._state["replication_key"] = self._key
            self._state["replication_key_value"] = format_instant(instant)

    # Reconciliation

    @property
    def confirmed(self) -> Confirmed | None:
        """Return what is known of its reconciliation; None where nothing is.

        Raises:
            SettingsError: The state holds something else.
        """
        saved = self._state.get(_RECONCILIATION)
        if saved is None:
            return None
        try:
            return Confirmed.from_state(saved)
        except ValueError as error:
            place = f"bookmarks.{self._stream}.{_RECONCILIATION}"
            raise SettingsError(
                f"The state's {place} is not of the form that the tap writes ({error}).",
                hint=f"Put back what the tap has written, or remove bookmarks.{self._stream} to "
                "read the stream from its beginning.",
                code="invalid-state",
            ) from None

    def save_confirmed(self, confirmed: Confirmed) -> None:
        """Keep what is known of its reconciliation."""
        self._state[_RECONCILIATION] = confirmed.to_state()

    # The job in flight

    @property
    def saved_job(self) -> JobCheckpoint | None:
        """Return the Bulk job of an earlier run; None where there is none of this state."""
        job = JobCheckpoint.from_state(self._state.get(_JOB))
        return None if job is None or job.lower_bound != self.value else job

    def save_job(self, job: JobCheckpoint) -> None:
        """Keep a job whose rows have not all been emitted."""
        self._state[_JOB] = job.to_state()

    def forget_job(self) -> None:
        """Keep no job: there is none in flight any more.

        Meltano merges states key by key: a job that was taken out would come back, and a null in
        its place would end the next merge with an error.
        """
        if _JOB in self._state:
            self._state[_JOB] = {"id": None}


def _meant(condition: str) -> str:
    """Return what two conditions share that differ in the case of names and keywords only."""
    pieces = _STRING.split(condition)
    return "".join(each if each.startswith("'") else each.lower() for each in pieces)
