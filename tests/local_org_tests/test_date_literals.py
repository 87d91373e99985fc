"""Date literals: which days each has, and what a filter by one finds."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from tests.local_org.soql.date_literals import days_of
from tests.local_org.store.store import Store
from tests.local_org_tests.still_clock import NOW, StillClock

# A Wednesday.
TODAY = date(2026, 2, 11)


@pytest.mark.parametrize(
    ("literal", "first", "last"),
    [
        ("YESTERDAY", "2026-02-10", "2026-02-10"),
        ("today", "2026-02-11", "2026-02-11"),
        ("TOMORROW", "2026-02-12", "2026-02-12"),
        ("LAST_WEEK", "2026-02-01", "2026-02-07"),
        ("THIS_WEEK", "2026-02-08", "2026-02-14"),
        ("NEXT_MONTH", "2026-03-01", "2026-03-31"),
        ("THIS_QUARTER", "2026-01-01", "2026-03-31"),
        ("LAST_FISCAL_QUARTER", "2025-10-01", "2025-12-31"),
        ("NEXT_FISCAL_YEAR", "2027-01-01", "2027-12-31"),
        ("LAST_90_DAYS", "2025-11-13", "2026-02-11"),
        ("LAST_N_DAYS:2", "2026-02-09", "2026-02-11"),
        ("NEXT_N_DAYS:2", "2026-02-12", "2026-02-13"),
        ("N_DAYS_AGO:2", "2026-02-09", "2026-02-09"),
        ("LAST_N_WEEKS:2", "2026-01-25", "2026-02-07"),
        ("N_MONTHS_AGO:2", "2025-12-01", "2025-12-31"),
        ("NEXT_N_FISCAL_QUARTERS:2", "2026-04-01", "2026-09-30"),
        ("N_FISCAL_YEARS_AGO:1", "2025-01-01", "2025-12-31"),
    ],
)
def test_days(literal: str, first: str, last: str) -> None:
    """From the first day to the last, as the SOQL guide has them."""
    start, behind = days_of(literal, TODAY)
    assert (str(start), str(behind - timedelta(days=1))) == (first, last)


@pytest.mark.parametrize("name", ["LAST_N_YEARS", "NEXT_N_DAYS", "N_WEEKS_AGO"])
def test_beyond_the_calendar(name: str) -> None:
    """A number of years that no calendar has ends where the calendar does."""
    start, behind = days_of(f"{name}:99999999", TODAY)
    assert date.min in {start, behind} or date.max in {start, behind}


@pytest.fixture(scope="module")
def store() -> Store:
    store = Store(StillClock())
    for days in (-2, -1, 0, 1):
        moment = datetime.combine(NOW.date() + timedelta(days=days), datetime.min.time())
        row = {"Name": str(days), "CloseDate": moment.date(), "StageName": "Closed"}
        store.insert("Opportunity", [row], stamp=moment.replace(tzinfo=timezone.utc))
    store.insert("Opportunity", [{"Name": "none", "StageName": "Closed"}], stamp=NOW)
    return store


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("CloseDate = TODAY", ["0"]),
        ("CloseDate != TODAY", ["-2", "-1", "1", "none"]),
        ("CloseDate < TODAY", ["-2", "-1"]),
        ("CloseDate <= TODAY", ["-2", "-1", "0"]),
        ("CloseDate > TODAY", ["1"]),
        ("CloseDate >= TODAY", ["0", "1"]),
        ("CloseDate > YESTERDAY", ["0", "1"]),
        ("CloseDate = LAST_N_DAYS:1", ["-1", "0"]),
        ("CloseDate IN (YESTERDAY, TOMORROW)", ["-1", "1"]),
        ("CreatedDate = YESTERDAY", ["-1"]),
        ("NOT CreatedDate < TODAY", ["0", "1", "none"]),
    ],
)
def test_filters(store: Store, condition: str, names: list[str]) -> None:
    """A literal is all its days: later than it is behind them."""
    soql = "SELECT Name FROM Opportunity WHERE ... ORDER BY Name".replace("...", condition)
    result = store.run(soql, all_rows=False)
    assert sorted(str(row[0]) for row in store.fetch(result, 0, 10)) == sorted(names)
