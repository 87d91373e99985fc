"""Queries that are too long for a URL: by Bulk where that serves the object, else in a body."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
# Bulk does not serve it.
FEED = "AccountFeed"
WIDE = 420
ROWS = 5
FOR_EVER_SECONDS = 600


def text_field(name: str) -> Field:
    return Field(name=name, type="string", label="F", length=9)


def wide_fields() -> list[Field]:
    return [text_field(f"A_field_with_a_name_of_some_length_{n:03}__c") for n in range(WIDE)]


@pytest.fixture
def ids(org: LocalOrg) -> list[str]:
    for name in (FEED, "Account"):
        org.store.add_field(name, *wide_fields())
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


@pytest.mark.parametrize("start_date", [None, "1990-01-01"], ids=["full", "incremental"])
def test_where_the_days_jobs_are_used_up_it_goes_in_a_body(
    org: LocalOrg, tap: TapRunner, ids: list[str], start_date: str | None
) -> None:
    """Rows that are few enough for REST come, however long their query is."""
    assert ids
    org.faults.add("POST /jobs/query", outages.bulk_jobs_used_up(), times=None)
    run = read(tap, "Account", start_date=start_date)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == [row["Id"] for row in org.store.rows("Account")] != []
    assert "it goes in the body of a composite request" in run.log


def test_where_the_days_jobs_are_used_up_it_does_not_go_in_groups(
    org: LocalOrg, tap: TapRunner, ids: list[str]
) -> None:
    """Without composite requests it would have to, at many times the calls."""
    assert ids
    org.faults.add("POST /jobs/query", outages.bulk_jobs_used_up(), times=None)
    run = read(tap, "Account", composite_queries=False)
    assert run.exit_code == 4, run.log
    assert "jobs of the day are used up" in run.log
    assert "groups of columns" not in run.log


def test_where_the_days_jobs_are_used_up_too_many_rows_do_not_go_in_bodies(
    org: LocalOrg, tap: TapRunner, ids: list[str]
) -> None:
    """The first of them tells how many there are, and nobody how many calls are left."""
    assert ids
    org.faults.add("POST /jobs/query", outages.bulk_jobs_used_up(), times=None)
    org.settings.page_rows = 2
    org.store.insert("Account", [{}] * 8, stamp=LAST_WEEK)
    org.settings.limit_info = "absent"
    org.faults.add("GET */limits", outages.unknown_exception(), times=None)
    run = read(tap, "Account", start_date="1990-01-01", bulk_threshold=5)
    assert run.exit_code == 4, run.log
    assert run.ids("Account") == []
    assert "jobs of the day are used up" in run.log
    assert "nobody tells how many API calls are left for its 9 rows" in run.log


@pytest.mark.parametrize("api_mode", ["auto", "rest"])
def test_passing_trouble_of_the_part_is_tried_again(
    org: LocalOrg, tap: TapRunner, ids: list[str], api_mode: str
) -> None:
    """As that of a request of its own."""
    org.faults.add(faults.querying(FEED), outages.unknown_exception(), times=2)
    run = read(tap, api_mode=api_mode)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids(FEED)) == sorted(ids)


def test_half_a_character_in_a_body(org: LocalOrg, tap: TapRunner, ids: list[str]) -> None:
    """As on any page, it is U+FFFD."""

    def broken(body: bytes) -> bytes:
        return body.replace(b'"v1"', rb'"v\ud83d and \ud83d\ude00 \\ud83d"')

    org.faults.add("POST /composite", faults.replace_body(broken), times=None)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids(FEED)) == sorted(ids)
    last = f"A_field_with_a_name_of_some_length_{WIDE - 1:03}__c"
    values = {record[last] for record in run.records(FEED)}
    assert "v\ufffd and \U0001f600 \\ud83d" in values


@pytest.mark.parametrize(
    ("trouble", "exit_code"),
    [
        pytest.param(outages.daily_limit(), 4, id="daily limit"),
        pytest.param(outages.session_expired(), 7, id="session"),
    ],
)
def test_what_the_part_says_of_the_run_is_told_as_that(
    org: LocalOrg, tap: TapRunner, ids: list[str], trouble: faults.Action, exit_code: int
) -> None:
    """As it would be of a request of its own."""
    assert ids
    org.faults.add(faults.querying(FEED), trouble, times=None)
    run = read(tap, "Contact", FEED, api_mode="rest")
    assert run.exit_code == exit_code, run.log
    assert "salesforce-busy" not in run.log


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


@pytest.mark.parametrize("api_mode", ["auto", "rest"])
@pytest.mark.parametrize("start_date", [None, "2000-01-01"], ids=["full", "incremental"])
@pytest.mark.parametrize("how", ["switched off", "refused", "too long there, too"])
def test_where_nothing_takes_it_whole_it_comes_in_groups_of_columns(
    org: LocalOrg,
    tap: TapRunner,
    ids: list[str],
    *,
    api_mode: str,
    start_date: str | None,
    how: str,
) -> None:
    """Each row with all its values, as a row that came whole."""
    org.settings.page_rows = 3
    whole = read(tap, api_mode=api_mode, start_date=start_date)
    if how == "refused":
        org.settings.composite_refusal = (403, "FUNCTIONALITY_NOT_ENABLED", "no")
    elif how == "too long there, too":
        long = faults.answer(414, [{"errorCode": "URI_TOO_LONG", "message": "no"}])
        org.faults.add(is_long, long, times=None)
    org.journal.clear()
    run = read(
        tap,
        api_mode=api_mode,
        start_date=start_date,
        composite_queries=how != "switched off",
    )
    assert run.exit_code == 0, run.log
    assert sorted(run.ids(FEED)) == sorted(ids)
    records = [{r["Id"]: r for r in each.records(FEED)} for each in (whole, run)]
    assert records[0] == records[1]
    assert "groups of columns, and put together by their Ids" in run.log
    (told,) = run.report["streams"]
    assert (told["rows"], told["promised_rows"]) == (ROWS, ROWS)
    assert run.bookmark(FEED) is not None
    alone = [e.query["q"] for e in org.journal.calls("*/queryAll") if " IN (" in e.query["q"]]
    assert len(alone) > 1
    assert all(len(soql) < 14_000 for soql in alone)


@pytest.mark.parametrize("status", [414, 431])
@pytest.mark.parametrize("name", [FEED, "Contact"])
def test_an_org_that_takes_no_query_at_all(
    org: LocalOrg, tap: TapRunner, ids: list[str], status: int, name: str
) -> None:
    """As a proxy may: shorter ones are no way out, and nothing is tried for ever."""
    assert ids
    refusal = faults.answer(status, [{"errorCode": "URI_TOO_LONG", "message": "no"}])
    org.faults.add(lambda call: call.path.endswith(("/query", "/queryAll")), refusal, times=None)
    run = read(tap, name, api_mode="rest")
    assert run.exit_code == 7, run.log
    assert "Traceback" not in run.log
    assert len(org.journal.entries) < 20


def is_long(call: Call) -> bool:
    is_query = call.path.endswith(("/query", "/queryAll"))
    return is_query and len(call.query.get("q", "")) > 10_000


def test_a_row_that_changes_meanwhile_is_read_again(
    org: LocalOrg, tap: TapRunner, ids: list[str]
) -> None:
    """No row is put together from before and after its change."""
    first, last = (f"A_field_with_a_name_of_some_length_{n:03}__c" for n in (0, WIDE - 1))

    def change() -> None:
        new = {first: "new", last: "new"}
        org.store.update(FEED, ids[1:2], new, stamp=LAST_WEEK + timedelta(hours=1))

    # Behind the Ids and the first group of columns.
    org.faults.add("GET /queryAll", faults.before(change), skip=2)
    run = read(tap, composite_queries=False, api_mode="rest")
    assert run.exit_code == 0, run.log
    (record,) = [record for record in run.records(FEED) if record["Id"] == ids[1]]
    assert (record[first], record[last]) == ("new", "new")


def test_a_row_without_a_stamp_is_not_torn_either(org: LocalOrg, tap: TapRunner) -> None:
    """Nothing in it tells that it has changed: it has to be the same twice."""
    name = "TabDefinition"
    first, last = "A_first_field__c", "Z_last_field__c"
    of_first, of_last = (text_field(each) for each in (first, last))
    org.store.add_field(name, of_first, *wide_fields(), of_last)
    (row_id,) = org.store.insert(name, [{first: "old", last: "old"}])

    def change() -> None:
        org.store.update(name, [row_id], {first: "new", last: "new"})

    # Behind the Ids and the first group of columns.
    org.faults.add("GET /query*", faults.before(change), skip=2)
    run = read(tap, name, composite_queries=False, api_mode="rest")
    assert run.exit_code == 0, run.log
    assert "groups of columns" in run.log
    (record,) = run.records(name)
    assert (record[first], record[last]) == ("new", "new")


@pytest.mark.parametrize("times", [1, 4])
def test_a_cursor_that_expires_in_a_group_is_no_change(
    org: LocalOrg, tap: TapRunner, ids: list[str], times: int
) -> None:
    """Its rows are read again, and fit to those of the other groups; of more rows than one asks."""
    first = "A_field_with_a_name_of_some_length_000__c"
    more = org.store.insert(FEED, [{first: f"w{n}"} for n in range(445)], stamp=LAST_WEEK)
    org.settings.page_rows = 90
    expired = faults.answer(
        400, [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]
    )
    org.faults.add("GET /query/*", expired, times=times, skip=4)
    run = read(tap, composite_queries=False, api_mode="rest", start_date="2000-01-01")
    assert run.exit_code == 0, run.log
    assert "have changed" not in run.log
    assert sorted(run.ids(FEED)) == sorted([*ids, *more])
    values = {record["Id"]: record[first] for record in run.records(FEED)}
    assert [values[row_id] for row_id in more] == [f"w{n}" for n in range(445)]


def test_a_group_that_is_not_answered_in_time_is_asked_for_again(
    org: LocalOrg, tap: TapRunner, ids: list[str]
) -> None:
    """There is no other way to its columns."""
    silence = faults.delay(FOR_EVER_SECONDS)
    org.faults.add(lambda call: " IN (" in call.query.get("q", ""), silence, times=1)
    run = read(tap, composite_queries=False, api_mode="rest", request_timeout_seconds=1)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids(FEED)) == sorted(ids)


def test_rows_whose_id_does_not_come_are_not_asked_for_by_it(
    org: LocalOrg, tap: TapRunner, ids: list[str]
) -> None:
    """The stream fails by name, and others come."""

    def without_id(body: bytes) -> bytes:
        return body.replace(f'"Id":"{ids[1]}"'.encode(), b'"Id":null')

    contacts = org.store.insert("Contact", [{}], stamp=LAST_WEEK)
    org.faults.add(faults.querying(FEED), faults.replace_body(without_id), times=None)
    run = read(tap, FEED, "Contact", composite_queries=False, api_mode="rest")
    assert run.exit_code == 6, run.log
    assert f"rows of {FEED} that have no Id" in run.log
    assert run.ids("Contact") == contacts


@pytest.mark.parametrize(("name", "times"), [("AccountShare", 1), ("TabDefinition", 2)])
def test_only_rows_without_any_stamp_are_asked_for_twice(
    org: LocalOrg, tap: TapRunner, name: str, times: int
) -> None:
    """Another stamp than the usual one tells of a change as well."""
    org.store.add_field(name, *wide_fields())
    org.store.insert(name, [{}], stamp=LAST_WEEK)
    run = read(tap, name, composite_queries=False, api_mode="rest")
    assert run.exit_code == 0, run.log
    asked = [entry.query.get("q", "") for entry in org.journal.entries]
    groups = [soql for soql in asked if " IN (" in soql]
    assert {groups.count(soql) for soql in groups} == {times}


def test_rows_that_never_fit_together_are_an_error(
    org: LocalOrg, tap: TapRunner, ids: list[str]
) -> None:
    """Nothing of them is written."""
    moved = iter(range(1, 1_000))

    def change() -> None:
        stamp = LAST_WEEK + timedelta(minutes=next(moved))
        org.store.update(FEED, ids[1:2], {}, stamp=stamp)

    org.faults.add("GET /queryAll", faults.before(change), skip=1, times=None)
    run = read(tap, FEED, "Contact", composite_queries=False, api_mode="rest")
    assert run.exit_code == 6, run.log
    assert f"Rows of {FEED} have changed while their columns were read" in run.log
    assert run.ids(FEED) == []
    assert run.bookmark(FEED) is None
