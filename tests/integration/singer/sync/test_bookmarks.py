"""Windows and bookmarks: what one run reads, what it remembers, and what the next one reads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.local_org.conditions import faults
from tests.support.harness import ModelTarget, in_state

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, TapRunner

NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=timezone.utc)
BOUND = "2026-11-23T10:00:00.000Z"
MARK = ("bookmarks", "Account", "replication_key_value")


@pytest.fixture(autouse=True)
def _frozen(org: LocalOrg) -> None:
    org.clock.freeze(NOW)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def accounts(org: LocalOrg, count: int, stamp: datetime) -> list[str]:
    return org.store.insert("Account", [{"Name": f"Row {n}"} for n in range(count)], stamp=stamp)


def bookmark_at(instant: datetime) -> dict[str, object]:
    return {
        "bookmarks": {
            "Account": {
                "replication_key": "SystemModstamp",
                "replication_key_value": f"{instant:%Y-%m-%dT%H:%M:%S}.000Z",
            }
        }
    }


def test_first_run_reads_all_history(org: LocalOrg, tap: TapRunner) -> None:
    """Without a bookmark or start_date, there is no hidden default: the oldest row comes too."""
    old = accounts(org, 1, datetime(1999, 5, 1, tzinfo=timezone.utc))
    new = accounts(org, 1, ago(hours=1))
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted([*old, *new])
    assert run.bookmark("Account") == BOUND


def test_window_begins_lookback_before_the_bookmark(org: LocalOrg, tap: TapRunner) -> None:
    """A window is [bookmark - lookback, upper bound): closed below, open above."""
    inside = accounts(org, 1, ago(seconds=3600 + 600))
    accounts(org, 1, ago(seconds=3600 + 601))
    accounts(org, 1, NOW)
    run = tap.sync(objects=["Account"], state=bookmark_at(ago(hours=1)))
    assert run.ids("Account") == inside
    assert run.bookmark("Account") == BOUND


def test_late_commit_is_caught_by_the_lookback(org: LocalOrg, tap: TapRunner) -> None:
    """A row that becomes visible after its stamp has passed comes with the next run."""
    late = org.store.insert(
        "Account",
        [{"Name": "late"}],
        stamp=ago(seconds=60),
        visible_from=NOW + timedelta(minutes=5),
    )
    first = tap.sync(objects=["Account"])
    assert first.ids("Account") == []
    org.clock.advance(420)
    second = tap.sync(objects=["Account"], state=first.state)
    assert second.ids("Account") == late


@pytest.mark.parametrize("hours", [-7, 7])
def test_bound_is_the_servers_clock(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, hours: int
) -> None:
    """A client clock that is hours off moves no window."""
    # The assertion needs a clock that is right; only then does this machine's go wrong.
    org.settings.strict_expiry = False
    rows = accounts(org, 1, ago(seconds=1))
    org.faults.add("*/limits", faults.before(lambda: setattr(clock, "ahead_seconds", hours * 3600)))
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert run.bookmark("Account") == BOUND


def test_bound_precedes_the_query(org: LocalOrg, tap: TapRunner) -> None:
    """Time that passes while a query runs belongs to the next window."""
    accounts(org, 1, ago(hours=1))
    org.faults.add("GET /query*", faults.before(lambda: org.clock.advance(90)))
    run = tap.sync(objects=["Account"])
    assert run.bookmark("Account") == BOUND


def test_bookmark_moves_when_nothing_changed(tap: TapRunner) -> None:
    """An empty window sets the bookmark to its upper bound too."""
    run = tap.sync(objects=["Account"], state=bookmark_at(ago(days=3)))
    assert run.records("Account") == []
    assert run.bookmark("Account") == BOUND


def test_each_rest_page_is_a_checkpoint(org: LocalOrg, tap: TapRunner) -> None:
    """STATE follows each page and names the greatest stamp of it."""
    org.settings.page_rows = 2
    stamps = [ago(minutes=m) for m in (50, 40, 30, 20, 10)]
    for stamp in stamps:
        accounts(org, 1, stamp)
    run = tap.sync(objects=["Account"], state=bookmark_at(ago(hours=1)))
    assert run.exit_code == 0, run.log
    seen: list[tuple[int, str]] = []
    rows = 0
    for message in run.messages:
        rows += message["type"] == "RECORD"
        if message["type"] == "STATE" and rows:
            mark = in_state(message["value"], *MARK)
            seen.append((rows, mark))
    assert seen == [
        (2, f"{stamps[1]:%Y-%m-%dT%H:%M:%S}.000Z"),
        (4, f"{stamps[3]:%Y-%m-%dT%H:%M:%S}.000Z"),
        (5, f"{stamps[4]:%Y-%m-%dT%H:%M:%S}.000Z"),
        (5, BOUND),
    ]


def test_ties_across_pages_are_not_lost(org: LocalOrg, tap: TapRunner) -> None:
    """Many rows with one stamp, cut by page borders and by an end in between, all come."""
    org.settings.page_rows = 3
    rows = accounts(org, 10, ago(minutes=30))
    org.faults.add("GET /query/*", faults.answer(400, [{"errorCode": "X", "message": "x"}]), skip=1)
    broken = tap.sync(objects=["Account"], state=bookmark_at(ago(hours=1)))
    assert broken.exit_code == 7
    again = tap.sync(objects=["Account"], state=broken.state)
    assert sorted(again.ids("Account")) == sorted(rows)


def test_row_that_moves_while_paging_is_emitted_and_ignored(org: LocalOrg, tap: TapRunner) -> None:
    """A row at or above the bound is emitted, and the checkpoint stays with the rows below it."""
    org.settings.page_rows = 2
    rows = [accounts(org, 1, ago(minutes=m))[0] for m in (50, 40, 30, 20)]

    def touch() -> None:
        org.store.update("Account", [rows[3]], {"Name": "moved"}, stamp=NOW + timedelta(minutes=1))

    org.faults.add("GET /query/*", faults.before(touch))
    run = tap.sync(objects=["Account"], state=bookmark_at(ago(hours=1)))
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    marks = [in_state(m["value"], *MARK) for m in run.messages_of("STATE")]
    assert f"{ago(minutes=30):%Y-%m-%dT%H:%M:%S}.000Z" in marks
    assert max(marks) == BOUND
    org.clock.advance(120)
    following = tap.sync(objects=["Account"], state=run.state)
    assert following.ids("Account") == [rows[3]]


def test_expired_cursor_goes_on_behind_the_last_row(org: LocalOrg, tap: TapRunner) -> None:
    """An expired cursor restarts by (key, Id): nothing lost, nothing before it read again."""
    org.settings.page_rows = 2
    rows = [*accounts(org, 3, ago(minutes=40)), *accounts(org, 2, ago(minutes=20))]
    org.faults.add("GET /query/*", faults.before(org.expire_cursors))
    run = tap.sync(objects=["Account"], state=bookmark_at(ago(hours=1)))
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert "cursor has expired" in run.log
    restarted = org.journal.soql()[-1][1]
    assert f"Id > '{sorted(rows[:3])[1]}'" in restarted


@pytest.mark.parametrize("code", ["INSUFFICIENT_ACCESS", "MALFORMED_QUERY"])
def test_a_page_that_is_refused_is_no_expired_cursor(
    org: LocalOrg, tap: TapRunner, code: str
) -> None:
    """Whatever the refusal is called: asking again would not help."""
    org.settings.page_rows = 2
    rows = accounts(org, 5, ago(minutes=40))
    refusal = faults.answer(400, [{"errorCode": code, "message": "no"}])
    fault = org.faults.add("GET /query/*", refusal, times=None)
    run = tap.sync(objects=["Account"], api_mode="rest", state=bookmark_at(ago(hours=1)))
    assert run.exit_code == 7, run.log
    assert code in run.log
    assert "cursor has expired" not in run.log
    assert fault.fired == 1
    assert run.ids("Account") == sorted(rows)[:2]


def test_rows_that_stay_missing_move_the_bookmark_back(org: LocalOrg, tap: TapRunner) -> None:
    """Checkpoints of a window that does not add up are taken back: its rows are read again."""
    org.settings.page_rows = 2
    rows = [accounts(org, 1, ago(minutes=m))[0] for m in (50, 40, 30, 20)]

    def without_first_row(body: bytes) -> bytes:
        page = json.loads(body)
        del page["records"][0]
        return json.dumps(page).encode()

    fault = faults.replace_body(without_first_row)
    org.faults.add("GET /query/*", fault, times=None)
    before = bookmark_at(ago(hours=1))
    run = tap.sync(objects=["Account"], api_mode="rest", state=before)
    assert run.exit_code == 6, run.log
    assert "4 rows were promised and 3 came" in run.log
    assert run.report["streams"][0]["error"] == "rest-count-mismatch"
    assert run.bookmark("Account") == "2026-11-23T09:00:00.000Z"
    org.faults.clear()
    again = tap.sync(objects=["Account"], state=run.state)
    assert again.ids("Account") == rows


def test_a_page_that_stays_broken_moves_the_bookmark_back(org: LocalOrg, tap: TapRunner) -> None:
    """Nobody knows what it should have held: what was passed before it is read again."""
    org.settings.page_rows = 2
    rows = [accounts(org, 1, ago(minutes=m))[0] for m in (50, 40, 30, 20, 15)]
    org.faults.add("GET /query/*", faults.answer(200, {"totalSize": 5}), skip=1, times=None)
    run = tap.sync(objects=["Account"], api_mode="rest", state=bookmark_at(ago(hours=1)))
    assert run.exit_code == 6, run.log
    assert run.ids("Account")[:4] == rows[:4]
    assert run.bookmark("Account") == "2026-11-23T09:00:00.000Z"


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_state_is_written_behind_each_page(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """A run that is killed has lost no more than the page in hand."""
    org.settings.page_rows = org.settings.bulk_page_rows = org.settings.result_page_rows = 2
    for minutes in (50, 40, 30, 20, 15, 12):
        accounts(org, 1, ago(minutes=minutes))
    run = tap.sync(
        objects=["Account"],
        state=bookmark_at(ago(hours=1)),
        api_mode=api_mode,
        bulk_page_rows=2,
        parallel_downloads=1,
    )
    assert run.exit_code == 0, run.log
    kinds = [message["type"] for message in run.messages]
    at = [number for number, kind in enumerate(kinds) if kind == "RECORD"]
    assert len(at) == 6
    for number in (1, 3, 5):
        assert kinds[at[number] + 1] == "STATE"
    states = [message["value"] for message in run.messages if message["type"] == "STATE"]
    assert all(one != other for one, other in pairwise(states))


def test_more_rows_than_promised_are_as_wrong_as_fewer(org: LocalOrg, tap: TapRunner) -> None:
    """Rows that nobody counted may have come instead of others: nothing is proven by them."""
    org.settings.page_rows = 2
    for minutes in (50, 40, 30, 20):
        accounts(org, 1, ago(minutes=minutes))

    def of_fewer(body: bytes) -> bytes:
        page = json.loads(body)
        return json.dumps(page | {"totalSize": page["totalSize"] - 1}).encode()

    org.faults.add("GET /queryAll*", faults.replace_body(of_fewer), times=None)
    run = tap.sync(objects=["Account"], api_mode="rest", state=bookmark_at(ago(hours=1)))
    assert run.exit_code == 6, run.log
    assert "3 rows were promised and 4 came" in run.log
    assert run.bookmark("Account") == "2026-11-23T09:00:00.000Z"
    # A run that ends at the page that is one too many has not passed its rows.
    passed = [m["value"] for m in run.messages if m["type"] == "STATE"]
    newest = f"{ago(minutes=20):%Y-%m-%dT%H:%M:%S}"
    assert passed
    assert not any(newest in str(state) for state in passed)


def test_row_deleted_for_good_while_paging_is_no_error(org: LocalOrg, tap: TapRunner) -> None:
    """A window that adds up when it is read again is complete."""
    org.settings.page_rows = 2
    rows = [accounts(org, 1, ago(minutes=m))[0] for m in (50, 40, 30, 20)]
    gone = faults.before(lambda: org.store.hard_delete("Account", [rows[3]]))
    org.faults.add("GET /query/*", gone)
    run = tap.sync(objects=["Account"], state=bookmark_at(ago(hours=1)))
    assert run.exit_code == 0, run.log
    assert set(run.ids("Account")) == set(rows[:3])
    assert run.bookmark("Account") == BOUND


def test_bulk_moves_no_bookmark_before_its_end(org: LocalOrg, tap: TapRunner) -> None:
    """A job that breaks in its second page leaves the bookmark where it was."""
    accounts(org, 6, ago(minutes=30))
    org.settings.bulk_page_rows = 2
    org.faults.add("*/results", faults.drop_last_row(), skip=1, times=None)
    before = bookmark_at(ago(hours=1))
    run = tap.sync(objects=["Account"], state=before, api_mode="bulk")
    assert run.exit_code == 6, run.log
    assert len(run.records("Account")) == 2
    assert run.bookmark("Account") == "2026-11-23T09:00:00.000Z"


def test_bulk_sets_the_bookmark_to_the_bound(org: LocalOrg, tap: TapRunner) -> None:
    """A job read to its end closes the window at the bound, not at the end of the job."""
    accounts(org, 3, ago(minutes=30))
    run = tap.sync(objects=["Account"], api_mode="bulk")
    assert run.exit_code == 0, run.log
    assert run.bookmark("Account") == BOUND


def test_lookback_does_not_apply_to_start_date(org: LocalOrg, tap: TapRunner) -> None:
    """Rows just before start_date stay out."""
    inside = accounts(org, 1, ago(days=1))
    accounts(org, 1, ago(days=1, seconds=1))
    run = tap.sync(objects=["Account"], start_date="2026-11-22T10:00:00Z")
    assert run.ids("Account") == inside


def test_lookback_never_reaches_before_start_date(org: LocalOrg, tap: TapRunner) -> None:
    """A bookmark at start_date reads nothing older than start_date."""
    accounts(org, 1, ago(hours=1, seconds=1))
    state = bookmark_at(ago(hours=1))
    run = tap.sync(objects=["Account"], state=state, start_date="2026-11-23T09:00:00Z")
    assert run.records("Account") == []


def test_bookmark_never_moves_back(tap: TapRunner) -> None:
    """A bookmark ahead of the server's clock stays, and nothing is read."""
    ahead = bookmark_at(NOW + timedelta(hours=2))
    run = tap.sync(objects=["Account"], state=ahead)
    assert run.exit_code == 0, run.log
    assert run.bookmark("Account") == "2026-11-23T12:00:00.000Z"
    assert "ahead of Salesforce's clock" in run.log


def test_key_that_can_be_null_is_also_read_null(org: LocalOrg, tap: TapRunner) -> None:
    """Rows without the replication key come with every window."""
    nillable = org.store.sobjects["LoginHistory"]
    fields = (replace(f, nillable=True) if f.name == "LoginTime" else f for f in nillable.fields)
    org.store.remove_object("LoginHistory")
    org.store.add_object(replace(nillable, fields=tuple(fields)))
    without = org.store.insert("LoginHistory", [{"LoginTime": None}, {"LoginTime": None}])
    org.store.insert("LoginHistory", [{"LoginTime": ago(days=9)}])
    recent = org.store.insert("LoginHistory", [{"LoginTime": ago(hours=1)}])
    org.settings.page_rows = 1
    run = tap.sync(objects=["LoginHistory"], start_date="2026-11-22")
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("LoginHistory")) == sorted([*without, *recent])


def test_key_that_no_query_can_name_is_no_checkpoint(org: LocalOrg, tap: TapRunner) -> None:
    """Rows whose key lies before all that SOQL knows come too, and are no place to go on from."""
    old = org.store.insert(
        "LoginHistory", [{"LoginTime": datetime(1600, 1, 1, tzinfo=timezone.utc)}] * 3
    )
    recent = org.store.insert("LoginHistory", [{"LoginTime": ago(hours=1)}])
    org.settings.page_rows = 1
    run = tap.sync(objects=["LoginHistory"], api_mode="rest")
    assert run.exit_code == 0, run.log
    assert run.ids("LoginHistory") == [*old, *recent]
    assert run.bookmark("LoginHistory") == BOUND


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_deleted_rows_come_marked(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """A row in the recycle bin comes with IsDeleted true, in both APIs."""
    kept, gone = accounts(org, 2, ago(hours=2))
    org.store.delete("Account", [gone], stamp=ago(hours=1))
    run = tap.sync(objects=["Account"], api_mode=api_mode)
    assert {r["Id"]: r["IsDeleted"] for r in run.records("Account")} == {kept: False, gone: True}


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_deleted_rows_stay_out_when_told(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """With include_deleted false, only rows outside the recycle bin come."""
    kept, gone = accounts(org, 2, ago(hours=2))
    org.store.delete("Account", [gone], stamp=ago(hours=1))
    run = tap.sync(objects=["Account"], api_mode=api_mode, include_deleted=False)
    assert run.ids("Account") == [kept]


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_full_table_activates_its_version_late(
    org: LocalOrg, tap: TapRunner, api_mode: str
) -> None:
    """Every RECORD carries the version; ACTIVATE_VERSION comes once, behind the last row."""
    accounts(org, 3, ago(hours=2))
    run = tap.sync(catalog=full_table(tap), api_mode=api_mode)
    assert run.exit_code == 0, run.log
    kinds = [m["type"] for m in run.messages if m["type"] in ("RECORD", "ACTIVATE_VERSION")]
    assert kinds == ["RECORD"] * 3 + ["ACTIVATE_VERSION"]
    version = run.messages_of("ACTIVATE_VERSION")[0]["version"]
    assert {m["version"] for m in run.messages_of("RECORD")} == {version}
    assert run.bookmark("Account") is None


def test_full_table_removes_hard_deleted_rows(org: LocalOrg, tap: TapRunner) -> None:
    """What a second run no longer names, the target deletes."""
    kept, gone = accounts(org, 2, ago(hours=2))
    target = ModelTarget()
    target.load(tap.sync(catalog=full_table(tap)).messages)
    assert set(target.rows["Account"]) == {kept, gone}
    org.store.hard_delete("Account", [gone])
    org.clock.advance(60)
    target.load(tap.sync(catalog=full_table(tap)).messages)
    assert set(target.rows["Account"]) == {kept}


def test_failed_full_table_activates_nothing(org: LocalOrg, tap: TapRunner) -> None:
    """A stream that was not proven complete never lets a target delete."""
    accounts(org, 3, ago(hours=2))
    org.faults.add("*/results", faults.drop_last_row(), times=None)
    run = tap.sync(catalog=full_table(tap), api_mode="bulk")
    assert run.exit_code == 6
    assert run.messages_of("ACTIVATE_VERSION") == []


def test_incremental_never_activates_a_version(org: LocalOrg, tap: TapRunner) -> None:
    """An incremental stream sends no version: it names only what changed."""
    accounts(org, 1, ago(hours=2))
    run = tap.sync(objects=["Account"])
    assert run.messages_of("ACTIVATE_VERSION") == []
    assert all("version" not in m for m in run.messages_of("RECORD"))


def full_table(tap: TapRunner) -> dict[str, object]:
    catalog = tap.discover(objects=["Account"])
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    return catalog
