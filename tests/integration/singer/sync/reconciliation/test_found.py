"""After a reconciliation the target equals the org, whatever no stamp has told of."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import outages
from tests.support.pipeline import (
    DELETIONS,
    LAST_WEEK,
    NAME,
    ROWS,
    TOTAL,
    Pipeline,
    is_sweep,
    is_window,
    report,
)

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner


@pytest.mark.parametrize("api_mode", ["auto", "rest", "bulk"])
@pytest.mark.parametrize("deletions", ["stream", "tombstones", "both"])
def test_whatever_no_stamp_tells_of_reaches_the_target(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], api_mode: str, deletions: str
) -> None:
    """Formulas, dates, sharing, rows that are gone for good, and late commits."""
    org.settings.page_rows = org.settings.bulk_page_rows = 7
    org.store.hide_rows(NAME, ids[:1])
    (late,) = org.store.insert(
        NAME, [{}], stamp=LAST_WEEK, visible_from=org.clock.now() + timedelta(hours=1)
    )
    pipeline.sync(api_mode=api_mode, deletions=deletions)
    pipeline.assert_equal()
    org.clock.advance(7_200)
    org.store.show_rows(NAME, ids[:1])
    org.store.update(NAME, ids[1:2], {TOTAL: "99"}, touch=False)
    org.store.update(NAME, ids[2:3], {"Status": "Expired"}, touch=False)
    org.store.update(NAME, ids[3:4], {"Description": "new"})
    org.store.hard_delete(NAME, ids[4:5])
    org.store.delete(NAME, ids[5:6])
    org.store.hide_rows(NAME, ids[6:7])
    org.clock.advance(60)
    run = pipeline.sync(api_mode=api_mode, deletions=deletions)
    pipeline.assert_equal()
    again = [r["Id"] for r in run.records(NAME) if "_sdc_deleted_at" not in r][-4:]
    assert set(again) == {late, ids[0], ids[1], ids[2]}
    told = report(run)
    assert {key: value for key, value in told.items() if value or key == "jobs"} == {
        "stream": NAME,
        "swept": ROWS - 1,
        "gone": 2,
        "stale": 2,
        "new_behind_bookmark": 2,
        "in_closed_windows": 2,
        "read_again": 4,
        "generation": pipeline.generation(),
        "calls": report(run)["calls"],
        "jobs": report(run)["jobs"],
    }
    quiet = pipeline.sync(api_mode=api_mode, deletions=deletions)
    assert not quiet.records(DELETIONS)
    assert report(quiet)["read_again"] == 0
    assert "had a stamp of a time that was read before" not in quiet.log


def test_a_row_that_came_and_went_between_two_sweeps_is_told(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """Quote sync makes line items and deletes them for good every day."""
    pipeline.sync()
    (short_lived,) = org.store.insert(NAME, [{}])
    org.clock.advance(3_600)
    assert pipeline.hourly().ids(NAME) == [short_lived]
    org.store.hard_delete(NAME, [short_lived])
    run = pipeline.sync()
    assert [record["Id"] for record in run.records(DELETIONS)] == [short_lived]
    pipeline.assert_equal()
    assert ids


def test_nothing_is_compared_with_what_nobody_knows(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """A stream was read before there was a store: what comes is compared with its first sweep."""
    pipeline.hourly(reconcile_store=None)
    assert "reconciliation" not in pipeline.state["bookmarks"][NAME]
    org.store.hard_delete(NAME, ids[:1])
    run = pipeline.sync()
    assert report(run)["not_compared"].startswith("it is the first one, and the stream had been")
    assert f"{NAME}: {ROWS - 1} rows swept, and nothing is compared yet" in run.log
    org.store.hard_delete(NAME, ids[1:2])
    run = pipeline.sync()
    assert [record["Id"] for record in run.records(DELETIONS)] == ids[1:2]


def test_it_is_done_when_it_was_long_enough_ago(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """And not in the runs between."""
    pipeline.sync(reconcile_every_hours=24)
    first = pipeline.generation()
    org.store.hard_delete(NAME, ids[:1])
    org.clock.advance(20 * 3_600)
    assert pipeline.sync(reconcile_every_hours=24).records(DELETIONS) == []
    assert pipeline.generation() == first
    org.clock.advance(4 * 3_600)
    assert len(pipeline.sync(reconcile_every_hours=24).records(DELETIONS)) == 1
    assert pipeline.generation() > first


def test_a_quiet_reconciliation_of_a_small_table_costs_one_call(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """Its sweep is one page."""
    pipeline.sync()
    org.clock.advance(60)
    run = pipeline.sync()
    assert (report(run)["calls"], report(run)["jobs"]) == (1, 0)
    assert ids


def test_many_that_are_gone_at_once_are_taken_for_a_lost_permission(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """In every run until somebody acts; the rest of the stream goes on."""
    pipeline.sync()
    first = pipeline.generation()
    org.store.hide_rows(NAME, ids[:6])
    org.clock.advance(60)
    for _ in range(2):
        (new,) = org.store.insert(NAME, [{}])
        org.clock.advance(60)
        run = pipeline.sync(exit_code=6)
        assert run.records(DELETIONS) == []
        assert new in run.ids(NAME)
        assert "6 of 2" in run.log
        assert f"of {NAME} are gone at once, more than 20 %" in run.log
        assert "View All" in run.log
        assert "reconcile_max_deleted_percent" in run.log
        assert pipeline.generation() == first
        (stream,) = run.report["streams"]
        assert stream["error"] == "too-many-gone"
    pipeline.sync(reconcile_max_deleted_percent=30)
    pipeline.assert_equal()
    org.store.show_rows(NAME, ids[:6])
    pipeline.sync()
    pipeline.assert_equal()


def test_an_emptied_recycle_bin_is_no_lost_permission(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """Rows leave it by themselves."""
    org.store.delete(NAME, ids[:10])
    org.clock.advance(60)
    pipeline.sync()
    org.store.hard_delete(NAME, ids[:10])
    assert len(pipeline.sync().records(DELETIONS)) == 10
    pipeline.assert_equal()


def test_users_are_not_deleted(org: LocalOrg, pipeline: Pipeline) -> None:
    """They can be hidden, and come again."""
    users = org.store.insert("User", [{"LastName": str(n)} for n in range(20)], stamp=LAST_WEEK)
    pipeline.sync(objects=["User"])
    org.store.hide_rows("User", users[:1])
    run = pipeline.sync(objects=["User"])
    assert run.records(DELETIONS) == []
    assert report(run, "User")["hidden"] == 1
    assert "User: 1 row can't be seen any more." in run.log
    org.store.show_rows("User", users[:1])
    assert pipeline.sync(objects=["User"]).ids("User") == users[:1]


@pytest.mark.parametrize(
    "changed",
    [{"start_date": "2026-01-01"}, {"include_deleted": False}],
    ids=["start_date", "include_deleted"],
)
def test_rows_that_nobody_asks_for_any_more_are_not_gone(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], changed: dict[str, Any]
) -> None:
    """What can't be compared is a new beginning."""
    old = org.store.insert(NAME, [{}], stamp=datetime(2025, 1, 1, tzinfo=timezone.utc))
    org.store.delete(NAME, ids[:1])
    org.clock.advance(60)
    pipeline.sync()
    run = pipeline.sync(**changed)
    assert run.records(DELETIONS) == []
    assert "other rows than before" in report(run)["not_compared"]
    assert "since the last sweep can't be known." in run.log
    org.store.hard_delete(NAME, ids[1:2])
    assert [r["Id"] for r in pipeline.sync(**changed).records(DELETIONS)] == ids[1:2]
    assert old


def test_another_selection_compares_what_it_can(
    org: LocalOrg, tap: TapRunner, pipeline: Pipeline, ids: list[str]
) -> None:
    """Which rows there are, and the values from the next time on."""
    catalog = tap.discover(
        objects=[NAME], reconcile_every_hours=0, reconcile_store=str(pipeline.store)
    )
    (fields,) = [e["metadata"] for e in catalog["streams"] if e["tap_stream_id"] == NAME]
    (total,) = [e["metadata"] for e in fields if e["breadcrumb"] == ["properties", TOTAL]]
    total["selected"] = False
    pipeline.sync(catalog=catalog)
    org.store.update(NAME, ids[:1], {TOTAL: "99"}, touch=False)
    assert report(pipeline.sync(catalog=catalog))["stale"] == 0
    total["selected"] = True
    org.store.hard_delete(NAME, ids[1:2])
    run = pipeline.sync(catalog=catalog)
    assert (report(run)["gone"], report(run)["stale"]) == (1, 0)
    org.store.update(NAME, ids[2:3], {TOTAL: "98"}, touch=False)
    assert pipeline.sync(catalog=catalog).ids(NAME) == ids[2:3]


def test_fields_that_the_user_names(org: LocalOrg, pipeline: Pipeline, ids: list[str]) -> None:
    """One that moves by itself for a reason that no describe tells, and one that is left out."""
    named: dict[str, Any] = {"reconcile_fields": {NAME: ["description", f"-{TOTAL}"]}}
    pipeline.sync(**named)
    org.store.update(NAME, ids[:1], {TOTAL: "99"}, touch=False)
    org.store.update(NAME, ids[1:2], {"Description": "new"}, touch=False)
    assert pipeline.sync(**named).ids(NAME) == ids[1:2]


def test_only_rows_from_the_start_date_are_swept(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """With the bin or without."""
    old = org.store.insert(NAME, [{}], stamp=datetime(2025, 1, 1, tzinfo=timezone.utc))
    assert report(pipeline.sync(start_date="2026-01-01"))["swept"] == ROWS
    org.store.hard_delete(NAME, [*old, ids[0]])
    run = pipeline.sync(start_date="2026-01-01")
    assert [r["Id"] for r in run.records(DELETIONS)] == ids[:1]


@pytest.mark.parametrize("api_mode", ["auto", "rest"])
def test_few_rows_come_by_id_several_queries_to_a_call(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], api_mode: str
) -> None:
    """And as whole rows."""
    more = org.store.insert(NAME, [{} for _ in range(3_000)], stamp=LAST_WEEK)
    pipeline.sync(api_mode=api_mode)
    org.store.update(NAME, [*ids, *more[::2]], {TOTAL: "99"}, touch=False)
    org.journal.entries.clear()
    run = pipeline.sync(api_mode=api_mode)
    assert report(run)["read_again"] == ROWS + 1_500
    by_id = [
        sum("Id+IN" in part.call.target for part in entry.parts) for entry in org.journal.entries
    ]
    assert [queries for queries in by_id if queries] == [4]
    pipeline.assert_equal()


def test_many_rows_come_by_one_job(org: LocalOrg, pipeline: Pipeline, ids: list[str]) -> None:
    """Those among which they are, and only they are written."""
    old = org.store.insert(NAME, [{}] * 9, stamp=LAST_WEEK - timedelta(days=7))
    pipeline.sync()
    org.store.update(NAME, ids[:15], {TOTAL: "99"}, touch=False)
    org.settings.page_rows = 5
    run = pipeline.sync(bulk_threshold=5, keep_jobs=True)
    assert sorted(run.ids(NAME)) == sorted(ids[:15])
    assert "read again among all rows with SystemModstamp >= " in run.log
    assert "more than bulk_threshold (5)" in run.log
    pipeline.assert_equal()
    assert old


def test_children_that_are_read_by_their_parents(org: LocalOrg, pipeline: Pipeline) -> None:
    """They are answered by no Ids of their own."""
    name = "ContentDocumentLink"
    documents = org.store.insert("ContentDocument", [{}] * 4, stamp=LAST_WEEK)
    values = [{"ContentDocumentId": each, "LinkedEntityId": each} for each in documents]
    links = org.store.insert(name, values, stamp=LAST_WEEK)
    org.store.hide_rows(name, links[:1])
    pipeline.sync(objects=[name])
    org.store.show_rows(name, links[:1])
    org.store.hard_delete(name, links[1:2])
    run = pipeline.sync(objects=[name], reconcile_max_deleted_percent=50)
    assert run.ids(name) == links[:1]
    assert [r["Id"] for r in run.records(DELETIONS)] == links[1:2]


def test_what_bulk_does_not_serve_is_swept_by_rest(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """However many rows it has, page by page."""
    org.settings.page_rows = 7
    org.faults.add(
        lambda call: call.method == "POST" and f" FROM {NAME}".encode() in call.body,
        outages.salesforce(errors.invalid_entity(NAME)),
        times=None,
    )
    pipeline.sync()
    org.store.hard_delete(NAME, ids[:1])
    org.store.update(NAME, ids[1:2], {TOTAL: "99"}, touch=False)
    org.clock.advance(3_600)
    run = pipeline.sync()
    assert report(run)["jobs"] == 0
    assert report(run)["swept"] == ROWS - 1
    assert f"{NAME}: REST API, because Bulk API 2.0 does not serve this object" in run.log
    pipeline.assert_equal()


def test_a_sweep_that_fails_is_its_streams_failure(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """The window's rows are written and remembered, other streams are read, and nothing is gone."""
    both: dict[str, Any] = {"objects": [NAME, "Account"]}
    pipeline.sync(**both)
    org.store.hard_delete(NAME, ids[:1])
    org.clock.advance(60)
    org.faults.add(is_sweep, outages.unknown_exception(), times=None)
    run = pipeline.sync(exit_code=7, api_mode="rest", **both)
    assert f"{NAME} could not be reconciled: " in run.log
    assert run.records(DELETIONS) == []
    assert report(run, "Account")["swept"] == 0
    org.faults.clear()
    assert [r["Id"] for r in pipeline.sync(**both).records(DELETIONS)] == ids[:1]


def test_what_sweeps_need_is_told_beforehand(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """All objects are counted in one call, and none is asked for a page that is not used."""
    org.store.insert(NAME, [{}] * 2_000, stamp=LAST_WEEK)
    org.store.insert("Account", [{}], stamp=LAST_WEEK)
    both: dict[str, Any] = {"objects": [NAME, "Account"]}
    pipeline.sync(**both)
    org.clock.advance(3_600)
    org.journal.entries.clear()
    run = pipeline.sync(**both)
    assert (
        "Needed at the least: 8 API calls, 1 Bulk job, 1 MB for their results; nobody can tell "
        "beforehand for 2 of 2 streams."
    ) in run.log
    assert f"{NAME}: Bulk API 2.0, because all rows are read, about 2,023." in run.log
    assert len(org.journal.calls("*/recordCount")) == 1
    asked = [part.call for entry in org.journal.entries for part in (entry, *entry.parts)]
    assert not any(is_sweep(call) for call in asked)
    assert any(is_window(call) for call in asked)
    assert ids


def test_streams_that_are_read_whole_are_not_reconciled(
    tap: TapRunner, pipeline: Pipeline, ids: list[str]
) -> None:
    """Their versions tell what is gone."""
    catalog = tap.discover(
        objects=[NAME], reconcile_every_hours=0, reconcile_store=str(pipeline.store)
    )
    for entry in catalog["streams"]:
        if entry["tap_stream_id"] == NAME:
            entry["replication_method"] = "FULL_TABLE"
    run = pipeline.sync(catalog=catalog)
    (stream,) = run.report["streams"]
    assert stream["reconciliation"] is None
    assert len(run.ids(NAME)) == len(ids)
    assert not list(pipeline.store.rglob("*.parquet"))
