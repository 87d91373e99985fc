"""Two runs of one state at once: whatever one of them writes, no deletion is lost.

The second one is a process of its own, whose clock can't be moved, so that the org's stays near it.
"""

from __future__ import annotations

import json
import os
import socket
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import fsspec
import pytest

from tap_versionforge_salesforce.salesforce.reconcile.folder import StoreFolder
from tap_versionforge_salesforce.salesforce.reconcile.lock import Presence
from tests.local_org.conditions import faults
from tests.support.harness import parse
from tests.support.pipeline import DELETIONS, LAST_WEEK, NAME, Pipeline, is_sweep, is_window, report
from tests.support.real_process import finished, started

if TYPE_CHECKING:
    from tests.local_org import LocalOrg


class Beside:
    """Runs a second process of the tap while a first one waits for an answer.

    Args:
        pipeline: Of the first, whose state the second one begins from.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.state = json.loads(json.dumps(pipeline.state))

    def sync(self, **settings: Any) -> list[dict[str, Any]]:  # noqa: ANN401  as they come
        """Run; what it writes is loaded at once."""
        pipeline = self.pipeline
        given = {"objects": [NAME], "reconcile_store": str(pipeline.store), **settings}
        config = pipeline.tap.file("beside.json", pipeline.org.config(**given))
        state = pipeline.tap.file("beside-state.json", self.state)
        with started(pipeline.tap, "--config", config, "--state", state) as process:
            stdout, stderr = finished(process)
        # The first run's folder may hold no secret but in its own config.
        Path(config).unlink()
        assert process.returncode == 0, stderr
        messages = parse(stdout)
        pipeline.target.load(messages)
        self.state = [each["value"] for each in messages if each["type"] == "STATE"][-1]
        return messages


def hold_presence(pipeline: Pipeline, token: str) -> Path:
    """Let a run be under way on another machine."""
    holder = {"host": "other", "process": 7, "token": token, "until": "2999-01-01T00:00:00Z"}
    path = pipeline.store / "runs" / f"{token}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(holder), encoding="utf-8")
    return path


def now() -> datetime:
    return datetime.now(timezone.utc)


@pytest.mark.parametrize("query", [is_window, is_sweep])
def test_a_row_that_only_the_other_run_has_written_is_told_as_gone(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], query: faults.Match
) -> None:
    """It came and went while this run was reading, before its sweep or during it."""
    pipeline.sync()
    org.clock.advance(10)
    beside = Beside(pipeline)
    came: list[str] = []
    loaded: list[bool] = []

    def come_and_go() -> None:
        came.extend(org.store.insert(NAME, [{}]))
        org.clock.advance(5)
        beside.sync()
        loaded.append(came[0] in pipeline.target.rows[NAME])
        org.store.hard_delete(NAME, came)

    org.faults.add(query, faults.before(come_and_go), times=1)
    told = [r["Id"] for r in pipeline.sync().records(DELETIONS)]
    assert loaded == [True]
    # What is written during a sweep may be in it or not: the next one tells.
    assert told == (came if query is is_window else [])
    org.clock.advance(5)
    told += [r["Id"] for r in pipeline.sync().records(DELETIONS)]
    assert told == came
    pipeline.assert_equal()
    assert ids


def test_what_the_other_run_has_begun_to_write_is_looked_at_again(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """It may come to the target after this run has told that it is gone."""
    pipeline.sync()
    org.clock.advance(10)
    (short_lived,) = org.store.insert(NAME, [{}])
    org.clock.advance(5)
    beside = Beside(pipeline)
    beside.sync()
    (file,) = (pipeline.store / "contract/emitted").glob("*.parquet")
    # As if that run were still under way.
    held = hold_presence(pipeline, file.name.split("-")[1].partition(".")[2])
    org.store.hard_delete(NAME, [short_lived])
    for _ in range(2):
        assert [r["Id"] for r in pipeline.sync().records(DELETIONS)] == [short_lived]
        org.clock.advance(5)
    held.unlink()
    assert [r["Id"] for r in pipeline.sync().records(DELETIONS)] == [short_lived]
    assert pipeline.sync().records(DELETIONS) == []
    assert ids


def test_a_long_run_that_ends_last_puts_back_no_state_that_is_lost(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """Others have reconciled meanwhile, and have confirmed that."""
    pipeline.sync()
    org.clock.advance(10)
    org.store.hard_delete(NAME, ids[:1])
    beside = Beside(pipeline)

    def reconcile() -> None:
        for _ in range(3):
            beside.sync(reconcile_every_hours=0)
            org.clock.advance(5)

    org.faults.add(is_window, faults.before(reconcile), times=1)
    pipeline.hourly()
    org.store.hard_delete(NAME, ids[1:2])
    run = pipeline.sync()
    assert {r["Id"] for r in run.records(DELETIONS)} == set(ids[:2])
    pipeline.assert_equal()
    assert len(list((pipeline.store / "contract/generations").iterdir())) > 2
    pipeline.sync()
    assert len(list((pipeline.store / "contract/generations").iterdir())) == 2
    assert not list((pipeline.store / "runs").iterdir())


def test_rows_of_a_run_that_died_are_certain_once_they_are_written_again(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """An extraction that is repeated is not read a third time."""
    pipeline.sync()
    org.clock.advance(10)
    org.store.update(NAME, ids[:5], {"Description": "new"})
    org.clock.advance(5)
    before = json.dumps(pipeline.state)
    pipeline.hourly()
    pipeline.state = json.loads(before)
    pipeline.hourly()
    assert report(pipeline.sync())["read_again"] == 0
    pipeline.assert_equal()


def test_what_a_killed_run_was_writing_is_removed(pipeline: Pipeline, ids: list[str]) -> None:
    """It is no file that anybody reads."""
    pipeline.sync()
    left = pipeline.store / "contract/emitted/1-1.a--0-0-0-0.parquet.unfinished"
    left.write_bytes(b"PAR1")
    pipeline.sync()
    assert not left.exists()
    assert ids


def test_what_another_run_is_writing_is_not_removed(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """It began after this one, which was alone then, and before this one's stream has its turn."""
    pipeline.sync()
    org.store.insert("Account", [{}], stamp=LAST_WEEK)
    there = pipeline.store / "contract/emitted/1-1.b--0-0-0-0-0.parquet.0.unfinished"

    def begin() -> None:
        hold_presence(pipeline, "b")
        there.write_bytes(b"PAR1")

    org.faults.add(faults.querying("Account"), faults.before(begin), times=1)
    pipeline.hourly(objects=["Account", NAME], composite_queries=False)
    assert there.exists()
    assert ids


def test_a_run_that_stood_still_for_long_is_under_way_again(tmp_path: Path) -> None:
    """Another one has taken it for ended, and has removed what it had said."""
    presence = Presence(StoreFolder(str(tmp_path)), now)
    (path,) = (tmp_path / "runs").iterdir()
    path.unlink()
    presence.renew()
    assert path.exists()
    presence.end()
    assert not path.exists()


def test_processes_of_another_container_are_not_asked_for(tmp_path: Path) -> None:
    """Of one host name, and with numbers of their own."""
    folder = StoreFolder(str(tmp_path))
    other = {
        "host": socket.gethostname(),
        "namespace": "pid:[1]",
        "process": os.getpid(),
        "token": "b",
        "until": "2999-01-01T00:00:00Z",
    }
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/b.json").write_text(json.dumps(other), encoding="utf-8")
    presence = Presence(folder, now)
    assert presence.others() == {"b"}
    assert not presence.is_alone
    presence.end()


def test_what_is_renewed_is_there_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a bucket, where a file is written by replacing it."""
    folder = StoreFolder(f"memory://{uuid4()}")
    presence = Presence(folder, now)
    bucket = fsspec.filesystem("memory")
    real, seen = bucket.open, list[int]()

    def opening(*arguments: Any, **options: Any) -> object:  # noqa: ANN401  as fsspec has them
        seen.append(len(folder.sizes("runs")))
        return real(*arguments, **options)

    monkeypatch.setattr(bucket, "open", opening)
    presence.renew()
    assert seen == [1]
    monkeypatch.undo()
    presence.end()


def test_two_runs_that_sweep_at_once_leave_each_other_s_sweep(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """The lock of a plain folder can be held twice for a moment."""
    pipeline.sync()
    org.store.hard_delete(NAME, ids[:1])
    generations = pipeline.store / "contract/generations"
    theirs = generations / "20261128T075715000000Z-b"
    dead = generations / "20261128T075715000000Z-c"

    def begin() -> None:
        hold_presence(pipeline, "b")
        for path in (theirs, dead):
            path.mkdir()
            (path / "00000.parquet").write_bytes(b"PAR1")

    org.faults.add(is_window, faults.before(begin), times=1)
    assert [r["Id"] for r in pipeline.sync().records(DELETIONS)] == ids[:1]
    assert theirs.exists()
    assert not dead.exists()
