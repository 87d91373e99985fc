"""The settings and commands of the page about rows can be used as they stand there."""

from __future__ import annotations

import json
import shlex
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from tests.support import processes
from tests.walkthrough.blocks import JSON, SHELL, blocks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg

MARCH = datetime(2024, 3, 15, tzinfo=timezone.utc)
DOCUMENT = processes.ROOT / "docs" / "how-to" / "rows.md"


def test_the_page(org: LocalOrg, tmp_path: Path) -> None:
    """Each setting is taken, filters and queries are those of an org, a range is read again."""
    found = list(blocks(DOCUMENT.read_text(encoding="utf-8")))
    settings: dict[str, Any] = {}
    for block in found:
        settings |= json.loads(block.text) if block.language == JSON else {}
    won = {"IsWon": True, "StageName": "Won", "Amount": "2000"}
    small = won | {"Amount": "2"}
    (row, _) = org.store.insert("Opportunity", [won, small], stamp=MARCH)
    config = org.config(objects=list(settings["filters"]), **settings)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (again,) = [
        line
        for block in found
        for line in block.text.splitlines()
        if block.language == SHELL and line.startswith("tap-")
    ]
    first = ["--config", "config.json"]
    (tmp_path / "catalog.json").write_text(run([*first, "--discover"], tmp_path))
    messages = run([*first, "--catalog", "catalog.json"], tmp_path).splitlines()
    (tmp_path / "state.json").write_text(json.dumps(json.loads(messages[-1])["value"]))
    for written in (messages, run(shlex.split(again)[1:], tmp_path).splitlines()):
        read = [json.loads(line) for line in written if '"RECORD"' in line]
        found_ids = [each["record"]["Id"] for each in read if each["stream"] == "Opportunity"]
        assert found_ids == [row]
    queried = [json.loads(line) for line in messages if '"RECORD"' in line]
    assert {each["stream"] for each in queried} == {"Opportunity", *settings["soql_streams"]}
    (stage,) = [each["record"] for each in queried if each["stream"] == "deals_by_stage"]
    assert (stage["deals"], stage["expr0"]) == (2, 2002)


def run(arguments: list[str], folder: Path) -> str:
    return processes.run([processes.TAP, *arguments], cwd=folder).stdout


def test_the_readme(org: LocalOrg, tmp_path: Path) -> None:
    """Its few lines do what they say."""
    found = list(blocks((processes.ROOT / "README.md").read_text(encoding="utf-8")))
    (settings,) = (
        json.loads(block.text)
        for block in found
        if block.language == JSON and "filters" in block.text
    )
    (again,) = (line for block in found for line in block.text.splitlines() if "--backfill" in line)
    rows = [{"IsWon": is_won, "StageName": "s", "Amount": "2000.5"} for is_won in (True, False)]
    (won, _) = org.store.insert("Opportunity", rows, stamp=MARCH)
    config = org.config(objects=["Opportunity", "Contact"], **settings)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "catalog.json").write_text(run(["--config", "config.json", "--discover"], tmp_path))
    first = run(["--config", "config.json", "--catalog", "catalog.json"], tmp_path)
    messages = [json.loads(each) for each in first.splitlines()]
    state = [each["value"] for each in messages if each["type"] == "STATE"][-1]
    (tmp_path / "state.json").write_text(json.dumps(state))
    read = [each for each in messages if each["type"] == "RECORD"]
    of_opportunity = [each["record"] for each in read if each["stream"] == "Opportunity"]
    assert [(each["Id"], each["Amount"]) for each in of_opportunity] == [(won, "2000.5")]
    assert [each["record"] for each in read if each["stream"] == "by_stage"] == [
        {"StageName": "s", "total": "4001.0"}
    ]
    assert {"_objects", "_fields"} <= {each["stream"] for each in read}
    assert state["bookmarks"]["Contact"]["replication_key"] == "CreatedDate"
    ranged = [json.loads(each) for each in run(shlex.split(again)[1:], tmp_path).splitlines()]
    of_range = [each["record"]["Id"] for each in ranged if each["type"] == "RECORD"]
    assert of_range == [won]
    kept = {name: each for name, each in state["bookmarks"].items() if each}
    assert [m["value"]["bookmarks"] for m in ranged if m["type"] == "STATE"] == [kept]
