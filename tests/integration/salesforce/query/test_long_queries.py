"""Queries that are too long for a URL: by Bulk where that serves the object, else in a body."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
# Bulk does not serve it.
FEED = "AccountFeed"
WIDE = 420
ROWS = 5


@pytest.fixture
def ids(org: LocalOrg) -> list[str]:
    for name in (FEED, "Account"):
        for n in range(WIDE):
            field = f"A_field_with_a_name_of_some_length_{n:03}__c"
            org.store.add_field(name, Field(name=field, type="string", label="F", length=9))
    last = f"A_field_with_a_name_of_some_length_{WIDE - 1:03}__c"
    org.settings.job_transition = "immediate"
    org.store.insert("Account", [{last: "a"}], stamp=LAST_WEEK)
    return org.store.insert(FEED, [{last: f"v{n}"} for n in range(ROWS)], stamp=LAST_WEEK)


def read(tap: TapRunner, *objects: str, **more: Any) -> Run:  # noqa: ANN401  settings
    return tap.sync(**{"objects": objects or [FEED], **more})


@pytest.mark.parametrize("api_mode", ["auto", "rest"])
@pytest.mark.parametrize("start_date", [None, "2000-01-01"], ids=["full", "incremental"])
@pytest.mark.parametrize("page_rows", [2, 2_000])
def test_where_bulk_does_not_serve_the_object_it_goes_in_a_body(
    org: LocalOrg,
    tap: TapRunner,
    ids: list[str],
    *,
    api_mode: str,
    start_date: str | None,
    page_rows: int,
) -> None:
    """With all its pages, and proven as ever."""
    org.settings.page_rows = page_rows
    run = read(tap, api_mode=api_mode, start_date=start_date)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids(FEED)) == sorted(ids)
    last = f"A_field_with_a_name_of_some_length_{WIDE - 1:03}__c"
    assert {record[last] for record in run.records(FEED)} == {f"v{n}" for n in range(ROWS)}
    assert "it goes in the body of a composite request" in run.log
    (told,) = run.report["streams"]
    assert (told["api"], told["promised_rows"]) == ("REST API", ROWS)
    assert org.journal.calls("*/queryAll") == []


def test_where_bulk_serves_the_object_it_is_the_better_way(tap: TapRunner, ids: list[str]) -> None:
    """Unless REST is wanted."""
    assert ids
    by_bulk = read(tap, "Account")
    assert "Account: Bulk API 2.0, because its query is too long for a REST request" in by_bulk.log
    by_rest = read(tap, "Account", api_mode="rest")
    assert by_rest.exit_code == 0, by_rest.log
    assert by_rest.ids("Account") == by_bulk.ids("Account") != []


@pytest.mark.parametrize("api_mode", ["auto", "rest"])
def test_passing_trouble_of_the_part_is_tried_again(
    org: LocalOrg, tap: TapRunner, ids: list[str], api_mode: str
) -> None:
    """As that of a request of its own."""
    org.faults.add(faults.querying(FEED), outages.unknown_exception(), times=2)
    run = read(tap, api_mode=api_mode)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids(FEED)) == sorted(ids)


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        pytest.param(outages.unknown_exception(), "HTTP 500 (UNKNOWN_EXCEPTION)", id="500"),
        pytest.param(
            faults.answer(400, [{"errorCode": "MALFORMED_QUERY", "message": "no"}]),
            "MALFORMED_QUERY: no",
            id="refused",
        ),
    ],
)
def test_lasting_trouble_of_the_part_is_its_streams(
    org: LocalOrg, tap: TapRunner, ids: list[str], trouble: faults.Action, told: str
) -> None:
    """Told by its words."""
    assert ids
    org.faults.add(faults.querying(FEED), trouble, times=None)
    run = read(tap, FEED, "Contact", api_mode="rest")
    assert run.exit_code == 7, run.log
    assert told in run.log.splitlines()[-1]
    assert f"{FEED}: " in run.log.splitlines()[-1]


def test_without_composites_there_is_no_way(tap: TapRunner, ids: list[str]) -> None:
    """And what would help is told."""
    assert ids
    run = read(tap, FEED, "Contact", composite_queries=False)
    assert run.exit_code == 7, run.log
    last = run.log.splitlines()[-1]
    assert "bytes long as a URL, more than Salesforce takes" in last
    assert "fewer" in last.lower()
