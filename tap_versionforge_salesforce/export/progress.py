"""How far an export is: a line of a terminal, or now and then one of the log."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.support.events import (
    ApiChosen,
    JobLookedAt,
    RowsCounted,
)
from tap_versionforge_salesforce.salesforce.support.terminal_line import TerminalLine
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from typing import TextIO

_SECONDS_BETWEEN_LINES = 30.0
_SECONDS_BETWEEN_DRAWINGS = 0.25
_MEGABYTE = 1_000_000


@dataclass(slots=True)
class _Figures:
    """Those of the object in hand.

    Attributes:
        name: The object's.
        began: When, by a clock that only grows.
        job: What its Bulk job is at; empty where there is none, or it has ended.
        total: Rows that there will be; None where nobody knows.
        rows: Written by now.
        rows_before: Of them, by an earlier run.
        size: Of the files, in bytes.
        files: How many there are.
    """

    name: str = ""
    began: float = 0.0
    job: str = ""
    total: int | None = None
    rows: int = 0
    rows_before: int = 0
    size: int = 0
    files: int = 0


@dataclass(slots=True)
class ExportProgress:
    """Tells how far the object in hand is.

    Attributes:
        logger: Has a line every thirty seconds at most where there is no terminal.
        seconds: Returns the seconds of a clock that only grows.
        terminal: Has one line that is written anew; None where there is no terminal.
    """

    logger: logging.Logger
    seconds: Callable[[], float]
    terminal: TextIO | None
    _now: _Figures = field(default_factory=_Figures)
    _apis: dict[str, str] = field(default_factory=dict)
    _told_at: float = 0.0
    _line: TerminalLine | None = None

    def __post_init__(self) -> None:
        if self.terminal is not None:
            self._line = TerminalLine(self.terminal)

    @property
    def api(self) -> str:
        """Return which API serves the object in hand; empty before that is known."""
        return self._apis.get(self._now.name, "")

    def begin(self, name: str, *, rows: int, size: int, files: int) -> None:
        """Take in that an object's turn has come.

        Args:
            name: The object's.
            rows: That an earlier run has written.
            size: Of their files, in bytes.
            files: How many these are.
        """
        self._told_at = self.seconds()
        self._now = _Figures(
            name, self._told_at, rows=rows, rows_before=rows, size=size, files=files
        )
        self._tell(is_new=True)

    def written(self, rows: int, *, size: int, files: int) -> None:
        """Take in how much is written by now.

        Args:
            rows: In all files, and in the one that is being written.
            size: Of the files that are whole, in bytes.
            files: How many these are.
        """
        now = self._now
        now.rows, now.size, now.files = rows, size, files
        self._tell()

    def end(self) -> None:
        """Take in that the object's turn is over."""
        if self._line is not None:
            self._line.show("")

    @singledispatchmethod
    def take(self, event: object) -> None:
        """Take what happens.

        Args:
            event: Of `salesforce.support.events`; most are of no interest.
        """

    @take.register
    def _chosen(self, event: ApiChosen) -> None:
        # Of objects whose turn is still to come as well.
        self._apis[event.sobject] = event.api

    @take.register
    def _counted(self, event: RowsCounted) -> None:
        if event.sobject == self._now.name and not event.is_estimate:
            self._now.total = event.rows

    @take.register
    def _looked_at(self, event: JobLookedAt) -> None:
        if event.sobject != self._now.name:
            return
        found = f", {counted(event.rows, 'row')} found" if event.rows else ""
        is_over = event.state == "JobComplete"
        self._now.total = event.rows if is_over else None
        self._now.job = "" if is_over else f"{event.state}{found}"
        self._tell()

    def _tell(self, *, is_new: bool = False) -> None:
        passed = self.seconds() - self._told_at
        if self._line is not None and (is_new or passed >= _SECONDS_BETWEEN_DRAWINGS):
            self._told_at = self.seconds()
            self._line.show(self._text())
        elif self._line is None and passed >= _SECONDS_BETWEEN_LINES:
            self._told_at = self.seconds()
            self.logger.info("%s.", self._text())

    def _text(self) -> str:
        now, passed = self._now, self.seconds() - self._now.began
        if now.job and now.rows == now.rows_before:
            return f"{now.name}: waiting for its Bulk job ({now.job})"
        of_all = " rows"
        if now.total is not None and now.total >= now.rows:
            of_all = f" of {counted(now.total, 'row')}"
        speed = ""
        if passed > 0 and now.rows > now.rows_before:
            speed = f", {(now.rows - now.rows_before) / passed:,.0f} a second"
        files = f"{counted(now.files, 'file')} of {now.size / _MEGABYTE:,.1f} MB"
        return f"{now.name}: {now.rows:,}{of_all} in {files}{speed}"
