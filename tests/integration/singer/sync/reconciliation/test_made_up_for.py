"""What went wrong is made up for: runs that fail, rows that flap, states that are lost."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field
from tests.support.harness import ModelTarget
from tests.support.pipeline import DELETIONS, LAST_WEEK, NAME, TOTAL, Pipeline, is_sweep, report

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import TapRunner


def is_by_id(call: Call) -> bool:
    """Match the query of rows that are read again."""
    return "Id IN (" in call.query.get("q", "")


def rows_of(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    return pipeline.target.rows[NAME]


def test_rows_that_a_failed_run_has_told_as_gone_come_again(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """The user sees them again before that is confirmed, and the target has deleted them."""
    pipeline.sync()
    org.store.hide_rows(NAME, ids[:2])
    org.store.update(NAME, ids[5:6], {TOTAL: "99"}, touch=False)
    org.clock.advance(3_600)
    org.faults.add(is_by_id, outages.unknown_exception(), times=None)
    run = pipeline.sync(exit_code=5, composite_queries=False)
    assert len(run.records(DELETIONS)) == 2
    org.faults.clear()
    org.store.show_rows(NAME, ids[:2])
    org.clock.advance(3_600)
    run = pipeline.sync()
    assert sorted(run.ids(NAME)) == sorted([*ids[:2], ids[5]])
    pipeline.assert_equal()
    assert report(pipeline.sync())["read_again"] == 0


def test_rows_that_were_told_as_gone_are_not_told_again(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """Nor by the runs after the next."""
    pipeline.sync()
    org.store.hard_delete(NAME, ids[:2])
    assert len(pipeline.sync().records(DELETIONS)) == 2
    for _ in range(3):
        org.clock.advance(3_600)
        assert pipeline.sync().records(DELETIONS) == []


def test_rows_that_do_not_come_when_they_are_read_again_are_asked_for_the_next_time(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """Between the sweep and that they were not to be seen."""
    pipeline.sync()
    org.store.update(NAME, ids[:2], {TOTAL: "99"}, touch=False)
    hide = faults.before(lambda: org.store.hide_rows(NAME, ids[:1]))
    org.faults.add(is_by_id, hide, times=1)
    assert pipeline.sync(composite_queries=False).ids(NAME) == ids[1:2]
    org.store.show_rows(NAME, ids[:1])
    org.clock.advance(60)
    assert pipeline.sync().ids(NAME) == ids[:1]
    pipeline.assert_equal()
    assert report(pipeline.sync())["read_again"] == 0


def test_rows_that_are_left_to_the_next_window_are_looked_after(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """It does not see them, and none after it looks for them."""
    pipeline.sync()
    org.clock.advance(3_600)
    # The window ends before that, and the sweep has the row.
    (late,) = org.store.insert(NAME, [{}], stamp=org.clock.now() + timedelta(seconds=30))
    assert pipeline.sync().ids(NAME) == []
    org.store.hide_rows(NAME, [late])
    for _ in range(2):
        org.clock.advance(3_600)
        assert pipeline.hourly().ids(NAME) == []
    org.store.show_rows(NAME, [late])
    run = pipeline.sync()
    assert run.ids(NAME) == [late]
    pipeline.assert_equal()
    assert ids


def test_another_formula_does_not_hide_what_has_changed_of_the_first(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """An admin adds one to the object; from the next time on both are compared."""
    pipeline.sync()
    org.store.update(NAME, ids[:3], {TOTAL: "99"}, touch=False)
    other = Field(name="Other__c", type="double", label="Other", precision=18, scale=2)
    org.store.add_field(NAME, replace(other, calculated=True))
    org.clock.advance(90_000)
    pipeline.sync(discovery_cache="false")
    run = pipeline.sync(discovery_cache="false")
    totals = {row["Id"]: row[TOTAL] for row in org.store.rows(NAME)}
    assert {row_id: row[TOTAL] for row_id, row in rows_of(pipeline).items()} == totals
    assert run.ids(NAME) == []
    org.store.update(NAME, ids[4:5], {"Other__c": "7"}, touch=False)
    assert pipeline.sync(discovery_cache="false").ids(NAME) == ids[4:5]


def test_a_formula_that_has_gone_is_told(org: LocalOrg, pipeline: Pipeline, ids: list[str]) -> None:
    """What has changed of the others meanwhile can't be known."""
    other = Field(name="Other__c", type="double", label="Other", precision=18, scale=2)
    org.store.add_field(NAME, replace(other, calculated=True))
    pipeline.sync(discovery_cache="false")
    org.store.hide_field(NAME, "Other__c")
    org.store.hard_delete(NAME, ids[:1])
    run = pipeline.sync(discovery_cache="false")
    assert f"{NAME} was swept with Other__c, which is not there any more" in run.log
    assert report(run)["gone"] == 1


def test_what_another_replication_key_says_nothing_of_is_found(
    org: LocalOrg, tap: TapRunner, pipeline: Pipeline, ids: list[str]
) -> None:
    """Also where SystemModstamp is not selected."""
    catalog = tap.discover(
        objects=[NAME], reconcile_every_hours=0, reconcile_store=str(pipeline.store)
    )
    (entry,) = [e for e in catalog["streams"] if e["tap_stream_id"] == NAME]
    entry["replication_key"] = "LastModifiedDate"
    for item in entry["metadata"]:
        if item["breadcrumb"] == ["properties", "SystemModstamp"]:
            item["metadata"] = {"inclusion": "available", "selected": False}
    pipeline.sync(catalog=catalog)
    org.clock.advance(60)
    by_system = {"Description": "new", "SystemModstamp": org.clock.now()}
    org.store.update(NAME, ids[:1], by_system, touch=False)
    org.clock.advance(60)
    run = pipeline.sync(catalog=catalog)
    assert run.ids(NAME) == ids[:1]
    assert "SystemModstamp" not in run.records(NAME)[0]
    assert pipeline.sync(catalog=catalog).ids(NAME) == []


def test_deletions_are_not_thrown_away_by_the_way(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """`__else__` removes every stream that has no map of its own."""
    maps: dict[str, Any] = {NAME: {"Total__c": "__NULL__"}, "__else__": None}
    run = pipeline.sync(exit_code=2, stream_maps=maps)
    assert f"__else__ in stream_maps removes {DELETIONS}" in run.log
    pipeline.sync(stream_maps={**maps, DELETIONS: {"__alias__": "gone"}})
    org.store.hard_delete(NAME, ids[:1])
    run = pipeline.sync(stream_maps={**maps, DELETIONS: {"__alias__": "gone"}})
    assert len(run.records("gone")) == 1
    org.store.hard_delete(NAME, ids[1:2])
    run = pipeline.sync(stream_maps={**maps, DELETIONS: None})
    assert run.records(DELETIONS) == []


# Runs with another state


@pytest.mark.parametrize("is_reconciling", [True, False])
def test_a_run_without_a_state_leaves_the_store_to_its_owner(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], *, is_reconciling: bool
) -> None:
    """By hand, or with a state that was lost, whole or broken off."""
    pipeline.sync()
    org.store.hard_delete(NAME, ids[:1])
    store = {"objects": [NAME], "reconcile_store": str(pipeline.store)}
    hours = 0 if is_reconciling else None
    org.faults.add(faults.querying(NAME), outages.unknown_exception(), times=None)
    assert pipeline.tap.sync(**store, reconcile_every_hours=hours, api_mode="rest").exit_code
    org.faults.clear()
    run = pipeline.tap.sync(**store, reconcile_every_hours=hours)
    assert run.exit_code == 0
    org.clock.advance(60)
    run = pipeline.sync()
    assert [record["Id"] for record in run.records(DELETIONS)] == ids[:1]
    pipeline.assert_equal()


def test_a_run_that_began_with_the_older_state_removes_nothing_that_is_named(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """The hourly run has its state from before the nightly one has ended."""
    pipeline.sync()
    before = json.dumps(pipeline.state)
    org.clock.advance(60)
    pipeline.sync()
    after, pipeline.state = json.dumps(pipeline.state), json.loads(before)
    org.clock.advance(60)
    pipeline.hourly()
    pipeline.state = json.loads(after)
    assert report(pipeline.sync())["swept"] == len(ids)


@pytest.mark.parametrize("has_failed", [True, False])
def test_a_stream_is_begun_anew_in_an_old_store(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], *, has_failed: bool
) -> None:
    """As the hint of a broken store says, as often as need be, whichever run comes first."""
    for n in range(3):
        org.store.update(NAME, ids[:1], {"Description": str(n)})
        org.clock.advance(3_600)
        pipeline.sync()
    pipeline.hourly()
    for n in range(3):
        del pipeline.state["bookmarks"][NAME]
        pipeline.target = ModelTarget()
        org.store.hard_delete(NAME, ids[n + 1 : n + 2])
        org.clock.advance(3_600)
        if has_failed:
            org.faults.add(is_sweep, outages.unknown_exception(), times=None)
            pipeline.sync(exit_code=5, api_mode="rest")
            org.faults.clear()
        else:
            pipeline.hourly()
        org.clock.advance(3_600)
        pipeline.sync()
        pipeline.assert_equal()


def test_rows_of_the_store_that_are_missing_are_told_before_any_row_is_read(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """By hourly runs, too."""
    pipeline.sync()
    org.store.update(NAME, ids[:1], {"Description": "new"})
    org.store.insert("Account", [{}], stamp=LAST_WEEK)
    org.clock.advance(60)
    pipeline.hourly()
    shutil.rmtree(pipeline.store / "contract/emitted")
    run = pipeline.hourly(exit_code=2, objects=[NAME, "Account"])
    assert "[broken-store]" in run.log
    assert run.messages_of("RECORD") == []


def test_a_daily_run_reconciles_daily(org: LocalOrg, pipeline: Pipeline, ids: list[str]) -> None:
    """One begins some seconds earlier in its day than the one before."""
    pipeline.sync(reconcile_every_hours=24)
    for _ in range(3):
        org.clock.advance(24 * 3_600 - 30)
        assert report(pipeline.sync(reconcile_every_hours=24))["swept"] == len(ids)


def test_names_in_reconcile_fields_that_change_nothing_are_told(
    pipeline: Pipeline, ids: list[str]
) -> None:
    """The user believes that they are compared."""
    named = {NAME: ["Descripton", "-Statis", "description"], "Acount": ["Name"]}
    run = pipeline.sync(reconcile_fields=named)
    assert "names of Contract what is not read of it, and changes nothing: " in run.log
    assert "Descripton (did you mean Description?), -Statis (did you mean Status?)." in run.log
    assert "reconcile_fields names Acount, which this run does not read" in run.log
    assert ids


def test_what_an_earlier_life_has_written_is_no_lost_permission(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """The stream is begun anew, and rows have gone before that, a few each night."""
    pipeline.sync()
    for first in (0, 3):
        # Of two sweeps in one second nobody could tell which is the later one.
        org.clock.advance(3_600)
        org.store.hard_delete(NAME, ids[first : first + 3])
        pipeline.sync()
    org.clock.advance(3_600)
    del pipeline.state["bookmarks"][NAME]
    pipeline.target = ModelTarget()
    pipeline.sync()
    pipeline.assert_equal()


# A stream that is begun anew


@pytest.mark.parametrize("is_hourly_first", [True, False])
def test_what_went_before_a_stream_was_begun_anew_is_told(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], *, is_hourly_first: bool
) -> None:
    """The target still holds it, and neither life has seen it go."""
    pipeline.sync()
    org.clock.advance(3_600)
    org.store.hard_delete(NAME, ids[:3])
    pipeline.state = {}
    if is_hourly_first:
        pipeline.hourly()
        org.clock.advance(3_600)
    run = pipeline.sync()
    assert [r["Id"] for r in run.records(DELETIONS)] == ids[:3]
    assert report(run)["read_again"] == 0
    pipeline.assert_equal()
    org.clock.advance(3_600)
    assert pipeline.sync().records(DELETIONS) == []
    assert len(list((pipeline.store / "contract/generations").iterdir())) <= 2


def test_a_lost_permission_is_seen_behind_a_new_beginning(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """What the last sweep had and is gone may be hidden."""
    pipeline.sync()
    org.store.hide_rows(NAME, ids[5:])
    pipeline.state = {}
    run = pipeline.sync(exit_code=6)
    assert run.records(DELETIONS) == []
    assert "18 of 23 rows of Contract are gone at once" in run.log


@pytest.mark.parametrize("broken", ["generations/*/*.parquet", "emitted/*.parquet"])
def test_a_broken_file_does_not_break_the_stream_that_is_begun_anew_for_it(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], broken: str
) -> None:
    """What could have been known by it is not known any more."""
    pipeline.sync()
    org.store.update(NAME, ids[:2], {"Description": "new"})
    org.clock.advance(60)
    pipeline.hourly()
    for path in (pipeline.store / "contract").glob(broken):
        path.write_bytes(bytes(reversed(path.read_bytes())))
    pipeline.sync(exit_code=2)
    pipeline.state = {}
    org.store.hard_delete(NAME, ids[:1])
    pipeline.target = ModelTarget()
    pipeline.sync()
    pipeline.assert_equal()
