"""Streams of what describes say: labels, help texts, formulas and picklist values, as rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.singer.output.test_batches import into, rows_of
from tests.local_org.conditions import faults
from tests.local_org.objects.fields import Field
from tests.support import processes
from tests.support.catalogs import entry_of, select_fields, select_streams
from tests.support.harness import parse, said
from tests.walkthrough.blocks import JSON, blocks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

OBJECTS, FIELDS, VALUES = STREAMS = ("_objects", "_fields", "_picklist_values")
LONG_AGO = datetime(2025, 1, 1, tzinfo=timezone.utc)
TWO = ["Account", "Opportunity"]
ON: dict[str, Any] = {"objects": TWO, "describe_streams": True}
FORMULA = Field(
    name="Double__c",
    type="double",
    label="Twice as much",
    length=0,
    precision=18,
    scale=2,
    calculated=True,
    calculated_formula="Amount * 2",
    inline_help_text="For \u201cplanning\u201d: twice the amount.",
    custom=True,
    createable=False,
    updateable=False,
)


@pytest.fixture(autouse=True)
def _org(org: LocalOrg) -> None:
    org.store.add_field("Opportunity", FORMULA)
    for name in TWO:
        org.store.insert(name, [{"Name": "one"}], stamp=LONG_AGO)


def rows(run: Run, stream: str, **key: object) -> list[dict[str, Any]]:
    return [r for r in run.records(stream) if all(r[name] == key[name] for name in key)]


def versions(run: Run, stream: str) -> tuple[set[int], list[int]]:
    """Return the versions that rows carry, and those that are activated."""
    carried = {message["version"] for message in run.messages_of("RECORD", stream)}
    return carried, [m["version"] for m in run.messages_of("ACTIVATE_VERSION", stream)]


def test_what_the_rows_say(org: LocalOrg, tap: TapRunner) -> None:
    """All that the describes of the run's objects say, and of no other object."""
    run = tap.sync(**ON)
    assert run.exit_code == 0, run.log
    described = [org.store.sobjects[name] for name in TWO]
    assert [row["object"] for row in run.records(OBJECTS)] == TWO
    (account,) = rows(run, OBJECTS, object="Account")
    names = ("label", "label_plural", "key_prefix", "is_custom", "is_queryable")
    assert [account[name] for name in names] == ["Account", "Accounts", "001", False, True]
    assert [(r["object"], r["field"]) for r in run.records(FIELDS)] == [
        (each.name, field.name) for each in described for field in each.fields
    ]
    (twice,) = rows(run, FIELDS, object="Opportunity", field="Double__c")
    assert twice == {
        "object": "Opportunity",
        "field": "Double__c",
        "type": "double",
        "label": "Twice as much",
        "help_text": FORMULA.inline_help_text,
        "formula": "Amount * 2",
        "reference_to": None,
        "relationship_name": None,
        "length": 0,
        "precision": 18,
        "scale": 2,
        **dict.fromkeys(("is_custom", "is_calculated"), True),
        "is_nillable": FORMULA.nillable,
        **dict.fromkeys(("is_unique", "is_external_id", "is_encrypted"), False),
        **dict.fromkeys(("is_createable", "is_updateable"), False),
        "is_filterable": FORMULA.filterable,
        "is_sortable": FORMULA.sortable,
    }
    (parent,) = rows(run, FIELDS, object="Opportunity", field="AccountId")
    assert (parent["reference_to"], parent["relationship_name"]) == ("Account", "Account")
    assert [(r["object"], r["field"], r["value"]) for r in run.records(VALUES)] == [
        (each.name, field.name, value)
        for each in described
        for field in each.fields
        for value in field.picklist_values
    ]
    assert {(r["is_active"], r["is_default"]) for r in run.records(VALUES)} == {(True, False)}


def test_keys_and_versions(tap: TapRunner) -> None:
    """Each stream has its key, and one version that is activated behind its last row."""
    run = tap.sync(**ON)
    keys = {m["stream"]: m["key_properties"] for m in run.messages_of("SCHEMA")}
    assert [keys[name] for name in STREAMS] == [
        ["object"],
        ["object", "field"],
        ["object", "field", "value"],
    ]
    for name in STREAMS:
        carried, activated = versions(run, name)
        assert list(carried) == activated
        kinds = [m["type"] for m in run.messages if m.get("stream") == name]
        assert kinds[-1] == "ACTIVATE_VERSION"
        found = [tuple(row[key] for key in keys[name]) for row in run.records(name)]
        assert Counter(found).most_common(1)[0][1] == 1


def test_they_take_no_further_call(org: LocalOrg, tap: TapRunner) -> None:
    """The same requests are made as without them."""
    tap.sync(objects=TWO)
    before = org.journal.api_calls
    org.journal.clear()
    tap.sync(**ON)
    assert org.journal.api_calls == before


def test_the_report_has_them(tap: TapRunner) -> None:
    """With their rows and no call, like any stream that was read to its end."""
    run = tap.sync(objects=TWO, describe_streams=True)
    reported = {each["stream"]: each for each in run.report["streams"]}
    for name in STREAMS:
        rows = len([m for m in run.messages_of("RECORD") if m["stream"] == name])
        assert rows > 0
        found = reported[name]
        assert (found["rows"], found["error"], found["is_stopped"]) == (rows, None, False)
        assert found["usage"]["calls"] == 0
    assert run.report["is_complete"] is True


def test_off_by_default(tap: TapRunner) -> None:
    """Without the setting no catalog has them, and no run reads them."""
    catalog = tap.discover(objects=TWO)
    assert [entry["tap_stream_id"] for entry in catalog["streams"]] == TWO
    run = tap.sync(objects=TWO)
    assert not any(run.records(name) for name in STREAMS)


def test_a_catalog_decides(tap: TapRunner) -> None:
    """Which of them, and which of their fields; the keys come in any case."""
    catalog = tap.discover(**ON)
    assert {entry["tap_stream_id"] for entry in catalog["streams"]} == {*TWO, *STREAMS}
    select_streams(catalog, "Opportunity", FIELDS)
    select_fields(catalog, FIELDS, "label")
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert {m["stream"] for m in run.messages_of("SCHEMA")} == {"Opportunity", FIELDS}
    assert {r["object"] for r in run.records(FIELDS)} == {"Opportunity"}
    (twice,) = rows(run, FIELDS, field="Double__c")
    assert set(twice) == {"object", "field", "label"}


def test_both_lanes_say_the_same(tap: TapRunner) -> None:
    """Record by record as in ready lines; a stream map can change them."""
    maps: dict[str, dict[str, str]] = {name: {} for name in STREAMS}
    fast, slow = tap.sync(**ON), tap.sync(**ON, stream_maps=maps)
    assert slow.log.count("goes record by record") == len(STREAMS)
    assert said(fast) == said(slow)
    renamed = tap.sync(**ON, stream_maps={FIELDS: {"__alias__": "columns", "formula": None}})
    assert "formula" not in renamed.records("columns")[0]


def test_files_have_them(tap: TapRunner, tmp_path: Path) -> None:
    """One file each, with the same rows and no version."""
    messages = tap.sync(**ON)
    run = tap.sync(**ON, batch_config=into(tmp_path))
    for name in STREAMS:
        assert rows_of(run, name) == messages.records(name)
        assert len(run.messages_of("BATCH", name)) == 1
    assert run.messages_of("ACTIVATE_VERSION") == []


@pytest.mark.parametrize("last", [[], ["Contact"]], ids=["none behind", "some behind"])
def test_many_rows_are_one_version_and_one_file(
    org: LocalOrg, tap: TapRunner, tmp_path: Path, last: list[str]
) -> None:
    """They are written portion by portion, and are whole all the same."""
    values = tuple(f"v{n}" for n in range(1_100))
    for name in TWO:
        org.store.add_field(
            name,
            Field(name="Wide__c", type="picklist", label="W", length=9, picklist_values=values),
        )
    how = {**ON, "objects": [*TWO, *last]}
    run = tap.sync(**how)
    wide = [(r["object"], r["value"]) for r in rows(run, VALUES, field="Wide__c")]
    assert wide == [(name, value) for name in TWO for value in values]
    carried, activated = versions(run, VALUES)
    assert list(carried) == activated
    files = tap.sync(**how, batch_config=into(tmp_path))
    assert rows_of(files, VALUES) == run.records(VALUES)
    assert len(files.messages_of("BATCH", VALUES)) == 1


def test_a_second_run_tells_what_has_changed(org: LocalOrg, tap: TapRunner, tmp_path: Path) -> None:
    """With kept describes too, and without a word about the state of the first."""
    how = {**ON, "discovery_cache": str(tmp_path / "cache")}
    plain = {**how, "describe_streams": False}
    assert tap.sync(**plain).exit_code == 0
    first = tap.sync(**how)
    (path,) = (tmp_path / "cache").glob("*.sqlite")
    assert path.stat().st_size
    org.clock.advance(60)
    org.store.add_field("Account", replace(FORMULA, name="New__c"))
    second = tap.sync(state=first.state, **how)
    assert "WARNING" not in second.log
    before, now = ({r["field"] for r in each.records(FIELDS)} for each in (first, second))
    assert now - before == {"New__c"}
    assert second.records(OBJECTS) == first.records(OBJECTS)
    assert versions(second, FIELDS)[1] > versions(first, FIELDS)[1]
    third = tap.sync(state=second.state, **how)
    assert third.records(FIELDS) == second.records(FIELDS)
    assert not tap.sync(state=third.state, **plain).records(FIELDS)


def test_of_kept_describes_with_a_catalog(org: LocalOrg, tap: TapRunner, tmp_path: Path) -> None:
    """They are told from what was kept, and what has changed comes with the next run."""
    how = {"discovery_cache": str(tmp_path / "cache"), "start_date": "2000-01-01"}
    catalog = tap.discover(**ON, **how)
    first = tap.sync(catalog=catalog, **how)
    org.clock.advance(60)
    org.store.add_field("Account", replace(FORMULA, name="New__c"))
    second, third = (tap.sync(catalog=catalog, **how) for _ in range(2))
    assert second.records(FIELDS) == first.records(FIELDS)
    assert {r["field"] for r in rows(third, FIELDS, object="Account")} >= {"New__c"}


def test_where_a_describe_fails_no_version_is_activated(org: LocalOrg, tap: TapRunner) -> None:
    """A target would delete what it knows of the object; the others' rows come."""
    catalog = tap.discover(**ON)
    org.faults.add("*/composite", faults.answer(500), times=None)
    org.faults.add("*/sobjects/Account/describe", faults.answer(404), times=None)
    run = tap.sync(catalog=catalog)
    assert run.exit_code != 0
    assert {r["object"] for r in run.records(FIELDS)} == {"Opportunity"}
    assert [versions(run, name)[1] for name in STREAMS] == [[], [], []]
    assert f"{FIELDS} lacks objects whose describe has failed" in run.log


def test_what_a_describe_has_of_odd_values(org: LocalOrg, tap: TapRunner) -> None:
    """Half a character, no label, a value twice, a size that is none: told, and no error."""

    def odd(body: bytes) -> bytes:
        content = json.loads(body)
        for part in content.get("compositeResponse", []):
            described = part["body"]
            if isinstance(described, dict) and described.get("name") == "Account":
                described["labelPlural"] = None
                field = next(f for f in described["fields"] if f["name"] == "Industry")
                field |= {"label": "half \ud83d", "length": "many", "referenceTo": None}
                value = {"value": "Energy", "label": None, "active": False, "defaultValue": True}
                field["picklistValues"] = [{"value": "Energy", "label": "E"}, value, {}]
        return json.dumps(content).encode()

    org.faults.add("*/composite", faults.replace_body(odd), times=None)
    run = tap.sync(**ON)
    assert run.exit_code == 0, run.log
    assert rows(run, OBJECTS, object="Account")[0]["label_plural"] is None
    (field,) = rows(run, FIELDS, object="Account", field="Industry")
    assert (field["label"], field["length"]) == ("half \ufffd", None)
    assert rows(run, VALUES, object="Account", field="Industry") == [
        {"object": "Account", "field": "Industry", "value": "Energy"}
        | {"label": None, "is_active": False, "is_default": True}
    ]


def test_a_test_reads_one_row_of_each(tap: TapRunner) -> None:
    """`--test` ends well, and activates nothing."""
    run = tap.command("--config", tap.config(**ON), "--test")
    assert run.exit_code == 0, run.log
    messages = parse(run.stdout)
    assert sum(m["type"] == "RECORD" and m["stream"] in STREAMS for m in messages) == len(STREAMS)
    assert not any(m["type"] == "ACTIVATE_VERSION" for m in messages)
    assert "error" not in run.log.lower()


def test_a_backfill_reads_none_of_them(tap: TapRunner) -> None:
    """It reads its ranges, and nothing else."""
    run = tap.sync(**ON, backfill=["Account:2024-01-01..2026-01-01"])
    assert run.exit_code == 0, run.log
    assert {m["stream"] for m in run.messages_of("SCHEMA")} == {"Account"}


def test_the_page_shows_what_works(tap: TapRunner) -> None:
    """Its settings are those of these tests, and its query names columns that there are."""
    page = processes.ROOT / "docs" / "how-to" / "describes.md"
    found = {each.language: each.text for each in blocks(page.read_text(encoding="utf-8"))}
    assert json.loads(found[JSON]) == ON
    catalog = tap.discover(**ON)
    fields = set(entry_of(catalog, FIELDS)["schema"]["properties"])
    words = set(re.findall(r"\b[a-z_]{4,}\b", found["sql"])) - {FIELDS}
    assert words <= fields, words - fields
