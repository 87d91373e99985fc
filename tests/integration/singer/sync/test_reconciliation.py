"""After a reconciliation the target equals the org, whatever no stamp has told of."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.local_org.conditions import outages
from tests.local_org.objects.fields import Field
from tests.support.harness import ModelTarget

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
NAME, TOTAL, DELETIONS = "Contract", "Total__c", "_deletions"
ROWS = 23


class Pipeline:
    """The tap, a target that takes what it writes, and the state between two runs."""

    def __init__(self, org: LocalOrg, tap: TapRunner, store: Path) -> None:
        self.org, self.tap, self.store = org, tap, store
        self.target = ModelTarget()
        self.state: dict[str, Any] = {}

    def sync(self, *, exit_code: int = 0, **settings: Any) -> Run:  # noqa: ANN401  as they come
        """Run as a daily job does, or with other settings."""
        given: dict[str, Any] = {
            "objects": [NAME],
            "reconcile_every_hours": 0,
            "reconcile_store": str(self.store),
        }
        run = self.tap.sync(state=self.state, **{**given, **settings})
        assert run.exit_code == exit_code, run.log
        self.target.load(run.messages)
        self.state = run.state or self.state
        return run

    def hourly(self, **settings: Any) -> Run:  # noqa: ANN401  as they come
        """Run without reconciling."""
        return self.sync(reconcile_every_hours=None, **settings)

    def assert_equal(self, name: str = NAME) -> None:
        """See that the target has the rows that the org shows, with their values."""
        records = self.tap.sync(objects=[name]).records(name)
        assert self.target.rows.get(name, {}) == {record["Id"]: record for record in records}

    def generation(self, name: str = NAME) -> str:
        return str(self.state["bookmarks"][name]["reconciliation"]["generation"])


@pytest.fixture
def pipeline(org: LocalOrg, tap: TapRunner, tmp_path: Path) -> Pipeline:
    return Pipeline(org, tap, tmp_path / "store")


@pytest.fixture
def ids(org: LocalOrg) -> list[str]:
    """Contracts with a formula, and a status that moves with the date."""
    total = Field(name=TOTAL, type="double", label="Total", precision=18, scale=2)
    org.store.add_field(NAME, replace(total, calculated=True))
    rows = [{"Status": "Draft", TOTAL: str(n)} for n in range(ROWS)]
    return org.store.insert(NAME, rows, stamp=LAST_WEEK)


def report(run: Run, name: str = NAME) -> dict[str, Any]:
    """Return what the run report says of the reconciliation of a stream."""
    (stream,) = [each for each in run.report["streams"] if each["stream"] == name]
    return dict(stream["reconciliation"])


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


def test_what_a_deletion_says(org: LocalOrg, pipeline: Pipeline, ids: list[str]) -> None:
    """Which row, when it was found gone, when it was last seen, and where it was then."""
    org.store.delete(NAME, ids[:1])
    org.clock.advance(60)
    pipeline.sync()
    before = pipeline.generation()
    org.clock.advance(3_600)
    org.store.hard_delete(NAME, ids[:2])
    run = pipeline.sync()
    now = pipeline.generation()
    (schema,) = run.messages_of("SCHEMA", DELETIONS)
    assert schema["key_properties"] == ["sobject", "Id"]
    assert run.records(DELETIONS) == [
        {
            "sobject": NAME,
            "Id": row_id,
            "found_at": instant_of(now),
            "last_seen_at": instant_of(before),
            "was_in_recycle_bin": was_deleted,
        }
        for row_id, was_deleted in zip(ids[:2], (True, False), strict=True)
    ]
    kinds = [m["type"] for m in run.messages]
    last = [m for m in run.messages if m["type"] == "STATE"][-1]
    assert last["value"] == pipeline.state
    assert kinds.index("SCHEMA", kinds.index("SCHEMA") + 1) < kinds.index("RECORD")


def instant_of(generation: str) -> str:
    taken_at = datetime.strptime(generation.rstrip("+"), "%Y%m%dT%H%M%S%fZ")  # noqa: DTZ007  text
    return f"{taken_at:%Y-%m-%dT%H:%M:%S}.000Z"


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


def test_runs_without_the_store_leave_a_gap(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """What they have written comes again, and is not taken for what was missed."""
    pipeline.sync()
    org.store.update(NAME, ids[:3], {"Description": "new"})
    org.clock.advance(7_200)
    pipeline.hourly(reconcile_store=None)
    org.clock.advance(7_200)
    org.store.hard_delete(NAME, ids[3:4])
    run = pipeline.sync()
    assert sorted(run.ids(NAME)) == sorted(ids[:3])
    assert report(run)["moved_unseen"] == 3
    assert report(run)["in_closed_windows"] == 0
    assert "runs without reconcile_store have written rows" in run.log
    pipeline.assert_equal()
    assert "runs without" not in pipeline.sync().log


def test_a_run_whose_target_died_is_made_up_for(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """What it had told is told again, for nobody knows how much of it has arrived."""
    pipeline.sync()
    org.store.update(NAME, ids[:3], {TOTAL: "99"}, touch=False)
    org.store.hard_delete(NAME, ids[3:5])
    before, target = json.dumps(pipeline.state), pipeline.target
    pipeline.target = ModelTarget()
    lost = pipeline.sync()
    pipeline.state, pipeline.target = json.loads(before), target
    again = pipeline.sync()
    assert sorted(again.ids(NAME)) == sorted(lost.ids(NAME)) == sorted(ids[:3])
    assert report(again)["unsure"] == 3
    assert [r["Id"] for r in again.records(DELETIONS)] == ids[3:5]
    pipeline.assert_equal()


def test_a_row_that_only_a_dead_run_has_written_is_told_as_gone(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """The target may have it."""
    pipeline.sync()
    (short_lived,) = org.store.insert(NAME, [{}])
    org.clock.advance(60)
    before = json.dumps(pipeline.state)
    pipeline.hourly()
    pipeline.state = json.loads(before)
    org.store.hard_delete(NAME, [short_lived])
    assert [r["Id"] for r in pipeline.sync().records(DELETIONS)] == [short_lived]
    pipeline.assert_equal()
    assert ids


def test_it_is_done_when_it_was_long_enough_ago(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """And not in the runs between."""
    pipeline.sync(reconcile_every_hours=24)
    first = pipeline.generation()
    org.store.hard_delete(NAME, ids[:1])
    org.clock.advance(23 * 3_600)
    assert pipeline.sync(reconcile_every_hours=24).records(DELETIONS) == []
    assert pipeline.generation() == first
    org.clock.advance(3_600)
    assert len(pipeline.sync(reconcile_every_hours=24).records(DELETIONS)) == 1
    assert pipeline.generation() > first


def test_a_quiet_reconciliation_costs_two_calls(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """One of them asks how many rows there are; a table of more than one page takes a job."""
    pipeline.sync()
    org.clock.advance(60)
    run = pipeline.sync()
    assert (report(run)["calls"], report(run)["jobs"]) == (1, 0)
    assert ids


# Too many are gone


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


# What is asked for changes


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
    assert "other rows are read than before" in report(run)["not_compared"]
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


# Reading again


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


# Troubles


def is_sweep(call: Call) -> bool:
    """Match the query of a sweep."""
    return call.query.get("q", "").startswith(f"SELECT Status, {TOTAL}, SystemModstamp, IsDeleted")


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


def test_the_second_of_two_runs_leaves_it_to_the_first(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """It says so, and ends as usual."""
    pipeline.sync()
    org.store.hard_delete(NAME, ids[:1])
    lock = pipeline.store / "contract" / "lock.json"
    held = {"host": "other", "process": 7, "token": "t", "until": "2999-01-01T00:00:00Z"}
    lock.write_text(json.dumps(held), encoding="utf-8")
    run = pipeline.sync()
    assert run.records(DELETIONS) == []
    assert f"{NAME} is not reconciled in this run: another one, process 7 on other, is at it" in (
        run.log
    )
    lock.write_text(json.dumps({**held, "until": "2000-01-01T00:00:00Z"}), encoding="utf-8")
    assert len(pipeline.sync().records(DELETIONS)) == 1
    assert not lock.exists()


def test_a_lock_of_a_process_that_is_gone_is_none(pipeline: Pipeline, ids: list[str]) -> None:
    """A run that was killed does not keep the next one waiting."""
    pipeline.sync()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    held = {
        "host": socket.gethostname(),
        "process": ended.pid,
        "token": "t",
        "until": "2999-01-01T00:00:00Z",
    }
    lock = pipeline.store / "contract" / "lock.json"
    lock.write_text(json.dumps(held), encoding="utf-8")
    assert report(pipeline.sync())["swept"] == len(ids)
    lock.write_text("{", encoding="utf-8")
    assert report(pipeline.sync())["swept"] == len(ids)


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


# The store


def confirmed_file(pipeline: Pipeline) -> Path:
    (path,) = (pipeline.store / "contract/generations").rglob("*.parquet")
    return path


@pytest.mark.parametrize("hurt", ["cut", "removed", "all removed", "bits"])
def test_a_confirmed_sweep_that_is_broken_ends_the_run(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], hurt: str
) -> None:
    """Before any row is read, and with the way out."""
    pipeline.sync()
    path = confirmed_file(pipeline)
    if hurt == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif hurt == "bits":
        path.write_bytes(bytes(reversed(path.read_bytes())))
    elif hurt == "removed":
        path.unlink()
    else:
        shutil.rmtree(pipeline.store)
    run = pipeline.sync(exit_code=2)
    assert not run.records(NAME) or hurt == "bits"
    assert "[broken-store]" in run.log
    assert f"Remove bookmarks.{NAME} from the state" in run.log
    del pipeline.state["bookmarks"][NAME]
    org.store.hard_delete(NAME, ids[:1])
    pipeline.target = ModelTarget()
    assert len(pipeline.sync().ids(NAME)) == ROWS - 1
    org.store.hard_delete(NAME, ids[1:2])
    assert [r["Id"] for r in pipeline.sync().records(DELETIONS)][-1:] == ids[1:2]
    pipeline.assert_equal()


def test_a_sweep_that_nobody_has_confirmed_may_be_lost(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """What differs from the confirmed one is found again."""
    pipeline.sync()
    org.store.hard_delete(NAME, ids[:1])
    before = json.dumps(pipeline.state)
    first = pipeline.generation()
    pipeline.sync()
    shutil.rmtree(pipeline.store / "contract/generations" / pipeline.generation())
    assert (pipeline.store / "contract/generations" / first).exists()
    pipeline.state = json.loads(before)
    assert [r["Id"] for r in pipeline.sync().records(DELETIONS)] == ids[:1]


def test_the_store_does_not_grow(org: LocalOrg, pipeline: Pipeline, ids: list[str]) -> None:
    """Two sweeps at the most, and what was written since the confirmed one."""
    for n in range(4):
        org.store.update(NAME, ids[:1], {"Description": str(n)})
        org.clock.advance(3_600)
        pipeline.sync()
        assert len(list((pipeline.store / "contract/generations").iterdir())) <= 2
        assert len(list((pipeline.store / "contract/emitted").iterdir())) <= 2


def test_any_fsspec_url_is_a_store(org: LocalOrg, pipeline: Pipeline, ids: list[str]) -> None:
    """Here one in memory."""
    url: dict[str, Any] = {"reconcile_store": f"memory://{uuid4()}"}
    pipeline.sync(**url)
    org.store.hard_delete(NAME, ids[:1])
    assert [r["Id"] for r in pipeline.sync(**url).records(DELETIONS)] == ids[:1]


def test_bad_settings_end_the_run_before_any_row(pipeline: Pipeline, ids: list[str]) -> None:
    """Each with a sentence."""
    file = pipeline.store.with_name("file")
    file.touch()
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"deletions": "gone"}, "The setting deletions can't be 'gone'."),
        ({"reconcile_store": None}, "The setting reconcile_every_hours is given, and"),
        ({"reconcile_store": str(file)}, f"The store {file} can't be used ("),
        ({"reconcile_store": "nosuch://a"}, "The store nosuch://a can't be used ("),
    )
    for given, said in wrong:
        run = pipeline.sync(exit_code=2, **given)
        assert said in run.log
        assert run.messages_of("RECORD") == []
    assert ids


def test_the_store_of_another_org_is_told(pipeline: Pipeline, ids: list[str]) -> None:
    """Each org has its own."""
    pipeline.store.mkdir()
    (pipeline.store / "store.json").write_text('{"org":"00Dother"}', encoding="utf-8")
    run = pipeline.sync(exit_code=2)
    assert f"The store {pipeline.store} is that of the org 00Dother, and this is 00D" in run.log
    assert "[store-of-another-org]" in run.log
    assert ids


@pytest.mark.parametrize(
    "saved",
    [
        {"generation": "../../etc"},
        {"generation": 7},
        {"emitted": -1},
        "yesterday",
    ],
)
def test_a_state_that_nobody_wrote_is_told(
    pipeline: Pipeline, ids: list[str], saved: object
) -> None:
    """With its place."""
    pipeline.sync()
    pipeline.state["bookmarks"][NAME]["reconciliation"] = saved
    run = pipeline.sync(exit_code=2)
    assert f"bookmarks.{NAME}.reconciliation is not of the form" in run.log
    assert ids


# The catalog


def streams_in(catalog: dict[str, Any]) -> list[str]:
    return [entry["tap_stream_id"] for entry in catalog["streams"]]


def test_the_stream_is_in_the_catalog_when_it_is_on(tap: TapRunner, pipeline: Pipeline) -> None:
    """With its fields, and incremental, so that nobody takes it for all there is."""
    on: dict[str, Any] = {
        "objects": [NAME],
        "reconcile_every_hours": 24,
        "reconcile_store": str(pipeline.store),
    }
    catalog = tap.discover(**on)
    (entry,) = [e for e in catalog["streams"] if e["tap_stream_id"] == DELETIONS]
    assert entry["key_properties"] == ["sobject", "Id"]
    assert entry["replication_method"] == "INCREMENTAL"
    assert set(entry["schema"]["properties"]) == {
        *("sobject", "Id", "found_at", "last_seen_at", "was_in_recycle_bin")
    }
    assert streams_in(tap.discover(objects=[NAME])) == [NAME]
    assert streams_in(tap.discover(**on, deletions="tombstones")) == [NAME]
    assert DELETIONS in streams_in(tap.discover(**on, deletions="both"))


def test_a_catalog_that_does_not_select_it_is_told(
    org: LocalOrg, tap: TapRunner, pipeline: Pipeline, ids: list[str]
) -> None:
    """Deletions would be found and told to nobody."""
    catalog = tap.discover(objects=[NAME])
    run = pipeline.sync(exit_code=2, catalog=catalog)
    assert f"the catalog does not select {DELETIONS}" in run.log
    assert run.messages_of("RECORD") == []
    pipeline.sync(catalog=catalog, deletions="tombstones")
    org.store.hard_delete(NAME, ids[:1])
    pipeline.sync(catalog=catalog, deletions="tombstones")
    pipeline.assert_equal()


def test_a_catalog_with_it_serves_runs_that_do_not_reconcile(
    tap: TapRunner, pipeline: Pipeline, ids: list[str]
) -> None:
    """An hourly and a nightly job have one."""
    catalog = tap.discover(
        objects=[NAME], reconcile_every_hours=0, reconcile_store=str(pipeline.store)
    )
    run = pipeline.hourly(catalog=catalog)
    assert len(run.ids(NAME)) == len(ids)
    assert report_of_all(run) == [NAME]


def report_of_all(run: Run) -> list[str]:
    return [each["stream"] for each in run.report["streams"]]


def test_stream_maps_can_take_it_out_or_rename_it(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """As any other stream."""
    pipeline.sync()
    org.store.hard_delete(NAME, ids[:1])
    before = json.dumps(pipeline.state)
    assert pipeline.sync(stream_maps={DELETIONS: None}).records(DELETIONS) == []
    pipeline.state = json.loads(before)
    run = pipeline.sync(stream_maps={DELETIONS: {"__alias__": "gone"}})
    assert [record["Id"] for record in run.records("gone")] == ids[:1]
    wrong = pipeline.sync(exit_code=2, stream_maps={DELETIONS: {"Nobody": "__NULL__"}})
    assert f"{DELETIONS}.Nobody" in wrong.log


# Tombstones


def test_a_tombstone_has_a_key_and_no_values(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """Its schema says that there may be one."""
    pipeline.sync(deletions="tombstones")
    org.store.hard_delete(NAME, ids[:1])
    run = pipeline.sync(deletions="tombstones")
    found_at = instant_of(pipeline.generation())
    assert run.records(NAME) == [{"Id": ids[0], "IsDeleted": True, "_sdc_deleted_at": found_at}]
    (schema,) = run.messages_of("SCHEMA", NAME)
    assert schema["schema"]["properties"]["_sdc_deleted_at"]["format"] == "date-time"
    (plain,) = pipeline.hourly().messages_of("SCHEMA", NAME)
    assert "_sdc_deleted_at" not in plain["schema"]["properties"]


def test_tombstones_and_stream_maps(org: LocalOrg, pipeline: Pipeline, ids: list[str]) -> None:
    """An expression can make nothing of a row without values."""
    maps: dict[str, Any] = {"stream_maps": {NAME: {"Upper": "Status.upper()"}}}
    run = pipeline.sync(exit_code=2, deletions="both", **maps)
    assert "The setting deletions asks for tombstones, and stream_maps changes" in run.log
    assert run.messages_of("RECORD") == []
    pipeline.sync(**maps)
    org.store.hard_delete(NAME, ids[:1])
    org.store.update(NAME, ids[1:2], {TOTAL: "99"}, touch=False)
    run = pipeline.sync(**maps)
    assert [record["Upper"] for record in run.records(NAME)] == ["DRAFT"]
    assert [r["Id"] for r in run.records(DELETIONS)] == ids[:1]


@pytest.mark.parametrize("deletions", ["stream", "tombstones"])
def test_files_and_deletions(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], deletions: str
) -> None:
    """What is read again goes into files; what is gone is told in messages."""
    batch = {
        "encoding": {"format": "jsonl", "compression": "none"},
        "storage": {"root": str(pipeline.store.with_name("files"))},
    }
    given: dict[str, Any] = {"deletions": deletions, "batch_config": batch}
    pipeline.sync(**given)
    org.store.hard_delete(NAME, ids[:1])
    org.store.update(NAME, ids[1:3], {TOTAL: "99"}, touch=False)
    run = pipeline.sync(**given)
    rows = [
        json.loads(line)
        for message in run.messages_of("BATCH", NAME)
        for url in message["manifest"]
        for line in Path(url.removeprefix("file://")).read_text("utf-8").splitlines()
    ]
    assert sorted(row["Id"] for row in rows) == sorted(ids[1:3])
    told = run.records(DELETIONS if deletions == "stream" else NAME)
    assert [record["Id"] for record in told] == ids[:1]
    assert report(pipeline.sync(**given))["read_again"] == 0


def test_a_look_at_a_few_rows_touches_no_store(
    tap: TapRunner, pipeline: Pipeline, ids: list[str]
) -> None:
    """`--test` remembers nothing."""
    config = tap.config(
        objects=[NAME], reconcile_every_hours=0, reconcile_store=str(pipeline.store)
    )
    run = tap.command("--config", config, "--test")
    assert run.exit_code == 0, run.log
    assert not list(pipeline.store.rglob("*.parquet"))
    assert ids
