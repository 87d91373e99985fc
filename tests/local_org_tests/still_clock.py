"""A clock for tests of the store alone, and a store that reads it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from tests.local_org.store.store import Store

NOW = datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=timezone.utc)


class StillClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def new_store() -> Store:
    return Store(StillClock())
