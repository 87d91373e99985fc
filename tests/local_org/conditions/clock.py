"""The org's own clock, which tests move and stop."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime


class Clock:
    """Org time: the machine's time plus an offset, or one frozen moment.

    Tokens, cursors, jobs and the `Date` header all read this clock, so that a test can let two days
    pass without waiting for them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The org's present moment, in UTC, to the millisecond."""
        with self._lock:
            moment = self._frozen or datetime.now(timezone.utc) + self._offset
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def advance(self, seconds: float) -> None:
        """Let time pass; a frozen clock stays frozen, later."""
        step = timedelta(seconds=seconds)
        with self._lock:
            if self._frozen is None:
                self._offset += step
            else:
                self._frozen += step

    def set(self, moment: datetime) -> None:
        """Make `moment` the present; a running clock runs on from there."""
        moment = moment.astimezone(timezone.utc)
        with self._lock:
            if self._frozen is None:
                self._offset = moment - datetime.now(timezone.utc)
            else:
                self._frozen = moment

    def freeze(self, moment: datetime | None = None) -> None:
        """Stop at `moment`, or at the present one."""
        stopped = moment.astimezone(timezone.utc) if moment else self.now()
        with self._lock:
            self._frozen = stopped

    def reset(self) -> None:
        """Run in real time again."""
        with self._lock:
            self._offset = timedelta(0)
            self._frozen = None


def api_time(moment: datetime) -> str:
    """A datetime as Salesforce's JSON writes it: `2018-12-10T17:50:19.000+0000`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def http_date(moment: datetime) -> str:
    """A datetime as HTTP headers write it."""
    return format_datetime(moment.astimezone(timezone.utc), usegmt=True)
