"""Both lanes say the same: ready lines, and record by record where the SDK has to see them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tap_versionforge_salesforce.singer.sobject_stream import SObjectStream
from tests.local_org.conditions import faults
from tests.support.catalogs import metadata_of, set_selected
from tests.support.harness import in_state, said

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

NOW = datetime.now(timezone.utc)
YESTERDAY = NOW - timedelta(days=1)
# Behind every stamp that a seeded row can have.
LATER = NOW + timedelta(days=1)
# A map that changes nothing, but could: the SDK has to see every record.
SAME: dict[str, dict[str, str]] = {"Account": {}, "Measurement__c": {}}
RECORD_BY_RECORD = "goes record by record, because"


def rows_before_state(run: Run) -> list[tuple[int, object]]:
    """Return each STATE with the number of records before it, one for each that says news."""
    found: list[tuple[int, object]] = []
    rows = 0
    for message in run.messages:
        rows += message["type"] == "RECORD"
        if message["type"] == "STATE":
            kept = in_state(message["value"], "bookmarks")
            bookmarks = {name: dict(entry) for name, entry in kept.items()}
            for entry in bookmarks.values():
                if "bulk_job" in entry:  # each run has one of its own
                    entry["bulk_job"] = entry["bulk_job"].get("rows_emitted")
            if not found or found[-1][1] != bookmarks:
                found.append((rows, bookmarks))
    return found


@pytest.mark.parametrize("method", ["INCREMENTAL", "FULL_TABLE"])
@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
@pytest.mark.parametrize("stream", ["Account", "Measurement__c"])
def test_both_lanes_say_the_same(
    org: LocalOrg, tap: TapRunner, stream: str, api_mode: str, method: str
) -> None:
    """The same messages in the same order, STATE behind the same rows."""
    org.settings.page_rows = org.settings.bulk_page_rows = 20
    org.store.seed(stream, 70)
    org.clock.freeze(LATER)
    catalog = tap.discover(objects=[stream])
    catalog["streams"][0]["replication_method"] = method
    if stream == "Measurement__c":  # Bulk can't serve it
        set_selected(catalog, stream, "Payload__c", selected=False)
    fast = tap.sync(catalog=catalog, api_mode=api_mode)
    org.clock.freeze(LATER)
    slow = tap.sync(catalog=catalog, api_mode=api_mode, stream_maps=SAME)
    assert fast.exit_code == slow.exit_code == 0, fast.log + slow.log
    assert RECORD_BY_RECORD not in fast.log
    assert f"{RECORD_BY_RECORD} stream_maps changes them" in slow.log
    assert len(fast.records(stream)) == 70
    assert said(fast) == said(slow)
    assert rows_before_state(fast) == rows_before_state(slow)


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_both_lanes_leave_out_a_deselected_member(
    org: LocalOrg, tap: TapRunner, api_mode: str
) -> None:
    """A part of an address that the catalog deselects is neither asked for nor in a record."""
    org.store.seed("Account", 20)
    catalog = tap.discover(objects=["Account"])
    set_selected(catalog, "Account", "BillingAddress", selected=True)
    set_selected(catalog, "Account", "BillingAddress.city", "BillingCity", selected=False)
    metadata_of(catalog, "Account")["BillingAddress.city"]["inclusion"] = "available"
    org.clock.freeze(LATER)
    fast = tap.sync(catalog=catalog, api_mode=api_mode)
    org.clock.freeze(LATER)
    slow = tap.sync(catalog=catalog, api_mode=api_mode, stream_maps=SAME)
    assert said(fast) == said(slow)
    (schema,) = fast.messages_of("SCHEMA")
    members = set(schema["schema"]["properties"]["BillingAddress"]["properties"])
    assert "city" not in members
    found = [record["BillingAddress"] for record in fast.records("Account")]
    assert {member for address in found if address for member in address} == members
    assert all("BillingCity" not in soql for _, soql in org.journal.soql())


def test_a_hook_that_changes_records_is_heard(
    org: LocalOrg, tap: TapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream class with a `post_process` of its own gets its records, and the log says why."""

    def post_process(
        _stream: SObjectStream, row: dict[str, Any], _context: object = None
    ) -> dict[str, Any]:
        return row | {"Name": "by the hook"}

    monkeypatch.setattr(SObjectStream, "post_process", post_process)
    org.store.seed("Account", 3)
    run = tap.sync(objects=["Account"])
    assert f"{RECORD_BY_RECORD} post_process changes them" in run.log
    assert [record["Name"] for record in run.records("Account")] == ["by the hook"] * 3


def test_lines_of_a_page_carry_one_moment(org: LocalOrg, tap: TapRunner) -> None:
    """`time_extracted` is when the page arrived: one for each, and never before the row."""
    org.settings.page_rows = 10
    org.store.seed("Account", 30, hurt=False)
    run = tap.sync(objects=["Account"], api_mode="rest")
    moments = [message["time_extracted"] for message in run.messages_of("RECORD")]
    assert [moments[n] for n in (0, 10, 20)] == sorted(moments)[::10]
    for start in (0, 10, 20):
        assert len(set(moments[start : start + 10])) == 1
    assert all(datetime.fromisoformat(moment).tzinfo for moment in moments)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        pytest.param({"stream_maps": {"Account": {"x": "Name"}}}, "stream_maps", id="map"),
        pytest.param(
            {"flattening_enabled": True, "flattening_max_depth": 1}, "flattening", id="flattening"
        ),
    ],
)
def test_what_needs_records_gets_them(
    org: LocalOrg, tap: TapRunner, settings: dict[str, object], reason: str
) -> None:
    """Stream maps and flattening work as ever, and one line says why it is slower."""
    rows = org.store.seed("Account", 5, hurt=False)
    run = tap.sync(objects=["Account"], **settings)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert run.log.count(f"{RECORD_BY_RECORD} {reason} changes them") == 1


def test_aliases_and_filters_of_a_stream_map(org: LocalOrg, tap: TapRunner) -> None:
    """The map's own name, its filter and its new properties come out."""
    rows = [{"Name": "a", "NumberOfEmployees": 1}, {"Name": "b", "NumberOfEmployees": 2}]
    org.store.insert("Account", rows, stamp=YESTERDAY)
    mapped = {"__alias__": "firms", "__filter__": "NumberOfEmployees > 1", "Twice": "Name * 2"}
    run = tap.sync(objects=["Account"], stream_maps={"Account": mapped})
    assert run.exit_code == 0, run.log
    assert [(r["Name"], r["Twice"]) for r in run.records("firms")] == [("b", "bb")]


def test_a_stream_that_a_map_removes_is_not_read(org: LocalOrg, tap: TapRunner) -> None:
    """No row is asked for that nobody would see, and the bookmark stays."""
    org.store.seed("Account", 5, hurt=False)
    run = tap.sync(objects=["Account"], stream_maps={"Account": None})
    assert run.exit_code == 0, run.log
    assert org.journal.soql() == []
    assert run.bookmark("Account") is None
    assert "Account is not read: stream_maps removes it." in run.log


def test_metrics_count_the_rows(org: LocalOrg, tap: TapRunner) -> None:
    """The SDK's metrics are there: rows of the stream, and how long it took."""
    org.store.seed("Account", 30, hurt=False)
    run = tap.sync(objects=["Account"])
    assert '"metric":"record_count","value":30' in run.log
    assert '"metric":"sync_duration"' in run.log
    assert '"status":"succeeded"' in run.log


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_a_test_reads_one_row(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """`--test` asks for one row and never makes a job."""
    org.store.seed("Account", 30, hurt=False)
    run = tap.command("--config", tap.config(objects=["Account"], api_mode=api_mode), "--test")
    assert run.exit_code == 0, run.log
    assert org.journal.calls("/jobs/query") == []
    assert [soql.rpartition(" ")[2] for _, soql in org.journal.soql()] == ["1"]


def test_a_large_page_comes_in_slices_and_whole(
    org: LocalOrg, tap: TapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result page larger than a slice gives the same rows; one that is cut is read again."""
    monkeypatch.setattr(
        "tap_versionforge_salesforce.salesforce.query.result_rows._SLICE_BYTES", 4_096
    )
    rows = org.store.seed("Account", 60)
    assert tap.sync(objects=["Account"], api_mode="bulk").ids("Account") == rows
    org.faults.add("*/results", faults.drop_last_row())
    run = tap.sync(objects=["Account"], api_mode="bulk")
    assert run.exit_code == 0, run.log
    # At least once: what had been written when the page turned out to be short comes again.
    assert set(run.ids("Account")) == set(rows)
    assert run.ids("Account")[-60:] == rows
    assert "Fetching it again" in run.log
