"""How rows that are gone are told: in a stream of their own, or as tombstones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults
from tests.support.pipeline import (
    DELETIONS,
    NAME,
    TOTAL,
    Pipeline,
    instant_of,
    is_sweep,
    report,
    streams_in,
)

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, TapRunner


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
    assert [each["stream"] for each in run.report["streams"]] == [NAME]


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


@pytest.mark.parametrize("ahead_seconds", [-20, 20])
def test_a_deletion_is_told_behind_the_row_by_every_clock(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], clock: OrgClock, ahead_seconds: int
) -> None:
    """Whoever takes the later of two messages, or compares their times, drops the row."""
    clock.ahead_seconds = ahead_seconds
    pipeline.sync(deletions="tombstones")
    (short_lived,) = org.store.insert(NAME, [{}])
    org.clock.advance(60)
    org.faults.add(is_sweep, faults.before(lambda: org.store.hard_delete(NAME, [short_lived])))
    run = pipeline.sync(deletions="both")
    row, tombstone = run.messages_of("RECORD", NAME)
    assert row["record"]["Id"] == tombstone["record"]["Id"] == short_lived
    assert row["time_extracted"] <= tombstone["time_extracted"]
    (told,) = run.records(DELETIONS)
    assert told["last_seen_at"] <= told["found_at"]
    assert ids
