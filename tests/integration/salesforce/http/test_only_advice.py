"""What only gives advice is asked with a small budget, and done without."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import OrgClock, Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
FOR_EVER_SECONDS = 600
LIMITS, COUNTS = "GET /limits", "GET /limits/recordCount"

#: What comes instead of advice, and what the line says of it.
NO_ADVICE = {
    "500": (outages.unknown_exception(), "HTTP 500 (UNKNOWN_EXCEPTION)"),
    "503": (outages.maintenance_page(), "HTTP 503 (text/html)"),
    "silence": (faults.delay(FOR_EVER_SECONDS), "did not answer"),
    "reset": (faults.reset(), "can't be reached"),
    "403": (
        outages.salesforce(errors.SalesforceError(403, "FORBIDDEN", "no")),
        "HTTP 403, FORBIDDEN: no",
    ),
    "permission": (
        outages.salesforce(errors.insufficient_access()),
        "HTTP 403, INSUFFICIENT_ACCESS: the user lacks the permission View Setup",
    ),
    "404 page": (faults.answer(404, "<html></html>"), "HTTP 404, without an errorCode"),
    "page": (outages.not_json(), "HTTP 200 (text/html)"),
    "null": (faults.answer(200, b"null"), "HTTP 200"),
    "list": (faults.answer(200, [1]), "another form"),
}


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    return org.store.insert("Account", [{"Name": str(n)} for n in range(3)], stamp=LAST_WEEK)


def lines_with(run: Run, text: str) -> list[str]:
    return [line for line in run.log.splitlines() if text in line]


@pytest.mark.parametrize(
    ("path", "beginning"),
    [(LIMITS, "The daily limits can't be read"), (COUNTS, "rows can't be counted beforehand")],
    ids=["limits", "recordCount"],
)
@pytest.mark.parametrize(("trouble", "told"), NO_ADVICE.values(), ids=NO_ADVICE)
def test_the_run_goes_on_without(
    org: LocalOrg,
    tap: TapRunner,
    clock: OrgClock,
    rows: list[str],
    path: str,
    beginning: str,
    trouble: faults.Action,
    told: str,
) -> None:
    """At most two tries, one line that says what came, and every row."""
    fault = org.faults.add(path, trouble, times=None)
    run = tap.sync(objects=["Account"], request_timeout_seconds=1)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert 1 <= fault.fired <= 2
    assert sum(clock.slept) <= 2
    (line,) = lines_with(run, beginning)
    assert "INFO" in line
    assert told in line
    assert ("View Setup" in run.log) is ("View Setup" in told)


@pytest.mark.parametrize("path", [LIMITS, COUNTS], ids=["limits", "recordCount"])
def test_an_answer_that_holds_nothing_is_told(
    org: LocalOrg, tap: TapRunner, rows: list[str], path: str
) -> None:
    """An empty object is no advice."""
    org.faults.add(path, faults.answer(200, {}), times=None)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert lines_with(run, "can't be read: " if path == LIMITS else "can't be counted")


# Many names


@pytest.fixture
def wide(org: LocalOrg) -> list[str]:
    """Seventy objects whose names do not fit into one request line."""
    like = org.store.sobjects["Invoice__c"]
    names = [f"{'A_Rather_Long_Name_' * 12}{n:02}__c" for n in range(70)]
    for name in names:
        org.store.add_object(replace(like, name=name, label=name))
    # Counted as enough for a Bulk job, where it is counted.
    org.settings.record_count_factor = 10_000
    for name in (names[0], names[-1]):
        org.store.insert(name, [{}], stamp=LAST_WEEK)
    return names


def test_many_objects_are_counted_in_parts(org: LocalOrg, tap: TapRunner, wide: list[str]) -> None:
    """Each request line is short enough for Salesforce, and each object is in one of them."""
    run = tap.sync(objects=wide)
    assert run.exit_code == 0, run.log
    counts = org.journal.calls("/limits/recordCount")
    assert [entry.status for entry in counts] == [200, 200]
    assert [name for entry in counts for name in entry.query["sObjects"].split(",")] == wide
    assert all(len(entry.call.target) < 14_100 for entry in counts)
    for name in (wide[0], wide[-1]):
        assert f"{name}: Bulk API 2.0, because all rows are read, about 10,000" in run.log


def test_a_part_that_is_refused_leaves_the_others(
    org: LocalOrg, tap: TapRunner, wide: list[str]
) -> None:
    """What could be counted serves, and one line says that the rest could not."""

    def has_first(call: Call) -> bool:
        return wide[0] in call.query.get("sObjects", "").split(",")

    org.faults.add(has_first, outages.salesforce(errors.insufficient_access()), times=None)
    run = tap.sync(objects=wide)
    assert run.exit_code == 0, run.log
    (line,) = lines_with(run, "Some rows can't be counted beforehand: HTTP 403")
    assert "INFO" in line
    assert f"{wide[0]}: REST API" in run.log
    assert f"{wide[-1]}: Bulk API 2.0, because all rows are read, about 10,000" in run.log
