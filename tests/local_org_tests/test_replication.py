"""The local org's getUpdated and getDeleted: what has changed, and up to where that is all."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org_tests.caller import Caller

NOW = datetime(2026, 11, 23, 10, 0, 30, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def _still(org: LocalOrg) -> None:
    org.clock.freeze(NOW)


def updated(caller: Caller, name: str = "Account", **between: str) -> dict[str, object]:
    params = {"start": "2026-11-23T09:58:30+00:00", "end": "2026-11-23T10:00:30+00:00", **between}
    content = caller.get(f"/sobjects/{name}/updated", params=params).json()
    return content if isinstance(content, dict) else content[0]


def test_ids_between_two_minutes(org: LocalOrg, caller: Caller) -> None:
    """Seconds are cut off both ends."""
    stamps = [NOW - timedelta(seconds=n) for n in (0, 31, 90, 150, 151)]
    ids = [org.store.insert("Account", [{}], stamp=stamp)[0] for stamp in stamps]
    assert updated(caller) == {"ids": ids[1:4], "latestDateCovered": "2026-11-23T10:00:00.000+0000"}


def test_it_reaches_to_the_oldest_open_transaction(org: LocalOrg, caller: Caller) -> None:
    """Of any object, until it commits; of its start the answer has the minute."""
    began, ends = NOW - timedelta(seconds=600), NOW + timedelta(seconds=60)
    org.store.insert("Contact", [{}], stamp=NOW, visible_from=ends, transaction_began=began)
    org.store.insert("Contact", [{}], stamp=NOW - timedelta(60), visible_from=NOW)
    assert updated(caller)["latestDateCovered"] == "2026-11-23T09:50:00.000+0000"
    org.clock.advance(60)
    assert updated(caller)["latestDateCovered"] == "2026-11-23T10:00:00.000+0000"


def deleted(caller: Caller, name: str = "Account", **between: str) -> dict[str, object]:
    params = {"start": "2026-11-23T09:58:30+00:00", "end": "2026-11-23T10:00:30+00:00", **between}
    content = caller.get(f"/sobjects/{name}/deleted", params=params).json()
    return content if isinstance(content, dict) else content[0]


def test_rows_in_the_recycle_bin(org: LocalOrg, caller: Caller) -> None:
    """With when they were deleted; what has left it is in no answer."""
    ids = org.store.insert("Account", [{}] * 4, stamp=NOW - timedelta(days=1))
    org.store.delete("Account", ids[:1], stamp=NOW - timedelta(hours=1))
    org.store.delete("Account", ids[1:3], stamp=NOW - timedelta(seconds=60))
    org.store.hard_delete("Account", ids[2:3])
    assert deleted(caller) == {
        "deletedRecords": [{"id": ids[1], "deletedDate": "2026-11-23T09:59:30.000+0000"}],
        "earliestDateAvailable": "2026-11-08T10:00:00.000+0000",
        "latestDateCovered": "2026-11-23T10:00:00.000+0000",
    }


def test_deletions_are_told_of_fifteen_days(caller: Caller) -> None:
    """Changes are of thirty."""
    start = "2026-11-08T09:59:00+00:00"
    assert deleted(caller, start=start)["errorCode"] == "INVALID_REPLICATION_DATE"
    assert updated(caller, start=start)["ids"] == []


@pytest.mark.parametrize(
    ("name", "between", "code"),
    [
        ("Account", {"start": "2026-11-23T10:00:01+00:00"}, "INVALID_REPLICATION_DATE"),
        ("Account", {"start": "2026-10-23T10:00:00+00:00"}, "INVALID_REPLICATION_DATE"),
        ("Account", {"end": "today"}, "INVALID_REPLICATION_DATE"),
        ("Account", {"end": "2026-11-23T10:00:00"}, "INVALID_REPLICATION_DATE"),
        ("LoginHistory", {}, "NOT_FOUND"),
        ("Nonsense", {}, "NOT_FOUND"),
    ],
)
def test_refusals(caller: Caller, name: str, between: dict[str, str], code: str) -> None:
    """Less than a minute, more than thirty days, no instant, and what is not replicateable."""
    assert updated(caller, name, **between)["errorCode"] == code
