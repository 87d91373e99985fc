"""Pages of REST that are handed out in parts, for they are large; to all others they are whole."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.engine.org import Org
from tap_versionforge_salesforce.salesforce.frames import json_pages, json_rows
from tests.local_org.conditions import faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import OrgClock, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
ROWS, PAGE_ROWS = 50, 20


@pytest.fixture
def rows(org: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(json_pages, "_BYTES_OF_FRAME", 4_096)
    monkeypatch.setattr(json_rows, "_BYTES_AT_ONCE", 1_024)
    org.settings.page_rows, org.settings.batch_size_hint = PAGE_ROWS, "ignore"
    return [
        row_id
        for minute in range(ROWS)
        for row_id in org.store.insert(
            "Account", [{"Name": f"n {minute}"}], stamp=LAST_WEEK + timedelta(minutes=minute)
        )
    ]


def is_later_page(call: Call) -> bool:
    return call.method == "GET" and "/query/" in call.path and "/jobs/" not in call.path


def without_a_field(call: Call, real: Callable[[], Answer]) -> Answer:
    """Lose a field of the last record but one."""
    page = json.loads(real().body)
    del page["records"][-2]["Name"]
    return faults.answer(200, page)(call, real)


def otherwise(call: Call, real: Callable[[], Answer]) -> Answer:
    """Write the same JSON in another order."""
    page = dict(reversed(json.loads(real().body).items()))
    return faults.answer(200, page)(call, real)


def test_a_wide_page_is_one_page(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """Each row comes once and in order, and the report counts pages as Salesforce serves them."""
    run = tap.sync(objects=["Account"], api_mode="rest")
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    (told,) = run.report["streams"]
    assert (told["pages"], told["rows"]) == (3, ROWS)
    assert len(org.journal.calls("/query*")) == 3


def test_a_wide_page_is_one_file(tap: TapRunner, rows: list[str], tmp_path: Path) -> None:
    """Of BATCH: how a page is decoded does not show in the files."""
    storage = {"root": (tmp_path / "files").as_uri(), "prefix": ""}
    encoding = {"format": "jsonl", "compression": "none"}
    run = tap.sync(
        objects=["Account"],
        api_mode="rest",
        batch_config={"encoding": encoding, "storage": storage},
    )
    assert run.exit_code == 0, run.log
    files = sorted((tmp_path / "files").iterdir())
    assert [file.read_bytes().count(b"\n") for file in files] == [20, 20, 10]
    assert len(rows) == ROWS


def test_pages_that_are_written_otherwise(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """What an answer leads to is found wherever it is named; no page is asked for twice."""
    org.faults.add("GET /query*", otherwise, times=None)
    run = tap.sync(objects=["Account"], api_mode="rest")
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert len(org.journal.calls("/query*")) == 3


def test_a_broken_late_part_is_told(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """What is written of its page is under no bookmark: the next run reads it again."""
    org.faults.add(is_later_page, without_a_field)
    run = tap.sync(objects=["Account"], api_mode="rest")
    assert run.exit_code == 6, run.log
    assert run.report["streams"][0]["error"] == "broken-page"
    assert run.ids("Account")[:PAGE_ROWS] == rows[:PAGE_ROWS]
    again = tap.sync(objects=["Account"], api_mode="rest", state=run.state)
    assert again.exit_code == 0, again.log
    assert set(run.ids("Account")) | set(again.ids("Account")) == set(rows)


@pytest.mark.usefixtures("clock")
def test_a_broken_late_part_comes_by_bulk(org: LocalOrg, rows: list[str]) -> None:
    """Where that may serve it; and who takes whole pages gets each row once."""
    org.faults.add(is_later_page, without_a_field)
    with Org(**org.config()) as connected:
        pages = list(connected.read("Account", since="2000-01-01"))
    assert sorted(row_id for page in pages for row_id in page["Id"]) == sorted(rows)


def test_a_wide_page_whose_cursor_expires_behind_it(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, rows: list[str]
) -> None:
    """It is gone on behind the last row of the last part."""
    del clock
    gone = faults.answer(400, [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "gone"}])
    org.faults.add(is_later_page, gone, skip=1)
    run = tap.sync(objects=["Account"], api_mode="rest")
    assert run.exit_code == 0, run.log
    assert list(dict.fromkeys(run.ids("Account"))) == rows
    assert len(run.ids("Account")) < ROWS + 2
