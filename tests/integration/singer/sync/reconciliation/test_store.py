"""What is kept between runs, who died meanwhile, and what is wrong with a store."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.support.harness import ModelTarget
from tests.support.pipeline import (
    DELETIONS,
    NAME,
    ROWS,
    TOTAL,
    Pipeline,
    report,
)

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner


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


def test_a_run_without_the_store_says_so_itself(pipeline: Pipeline, ids: list[str]) -> None:
    """Once: the next reconciliation is too late, and each run of many too often."""
    pipeline.sync()
    said = f"{NAME} is reconciled by other runs of this state, and this one has no reconcile_store"
    assert said in pipeline.hourly(reconcile_store=None).log
    assert said not in pipeline.hourly(reconcile_store=None).log
    assert ids


def test_a_store_of_another_pipeline_is_told(pipeline: Pipeline, ids: list[str]) -> None:
    """It can't be told from an earlier life of this one, so both are named."""
    said = f"{NAME} begins anew in a store that knows it already"
    assert said not in pipeline.sync().log
    assert said not in pipeline.sync().log
    pipeline.state = {}
    assert said in pipeline.sync().log
    assert said not in pipeline.sync().log
    assert ids


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
    assert (
        f"{NAME} is not reconciled in this run: another one, process 7 on other, is at it, or was "
        "stopped less than ten minutes ago."
    ) in run.log
    lock.write_text(json.dumps({**held, "until": "2000-01-01T00:00:00Z"}), encoding="utf-8")
    assert len(pipeline.sync().records(DELETIONS)) == 1
    assert not lock.exists()


def namespace() -> str:
    """Return in which numbers of processes are counted here."""
    place = Path("/proc/self/ns/pid")
    return str(place.readlink()) if place.exists() else ""


def test_a_lock_of_a_process_that_is_gone_is_none(pipeline: Pipeline, ids: list[str]) -> None:
    """A run that was killed does not keep the next one waiting."""
    pipeline.sync()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    held = {
        "host": socket.gethostname(),
        "namespace": namespace(),
        "process": ended.pid,
        "token": "t",
        "until": "2999-01-01T00:00:00Z",
    }
    lock = pipeline.store / "contract" / "lock.json"
    lock.write_text(json.dumps(held), encoding="utf-8")
    assert report(pipeline.sync())["swept"] == len(ids)
    lock.write_text("{", encoding="utf-8")
    assert report(pipeline.sync())["swept"] == len(ids)


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
