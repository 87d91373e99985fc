"""BATCH: files that hold what RECORD messages would, and STATE that waits for them."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import fsspec
import polars as pl
import pytest

from tests.local_org.conditions import faults
from tests.support.catalogs import select_fields
from tests.support.harness import in_state

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

NOW = datetime.now(timezone.utc)
LAST_WEEK = NOW - timedelta(days=7)


def into(folder: Path, form: str = "jsonl", **more: object) -> dict[str, Any]:
    return {
        "encoding": {"format": form},
        "storage": {"root": folder.as_uri(), "prefix": "sf-"},
        **more,
    }


def files_of(run: Run, stream: str) -> list[str]:
    return [url for message in run.messages_of("BATCH", stream) for url in message["manifest"]]


def path_of(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def rows_in(url: str) -> list[dict[str, Any]]:
    path = path_of(url)
    if path.suffix == ".parquet":
        return [dict(row) for row in pl.read_parquet(path).iter_rows(named=True)]
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line, parse_float=Decimal) for line in text.split(b"\n")[:-1]]


def rows_of(run: Run, stream: str) -> list[dict[str, Any]]:
    assert run.messages_of("RECORD") == []
    return [row for url in files_of(run, stream) for row in rows_in(url)]


@pytest.mark.parametrize("compression", ["gzip", "none"])
@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_files_hold_what_the_messages_would(
    org: LocalOrg, tap: TapRunner, tmp_path: Path, api_mode: str, compression: str
) -> None:
    """The same rows in the same order with the same values as without batch_config."""
    org.settings.page_rows = org.settings.bulk_page_rows = 20
    org.store.seed("Account", 70)
    said = tap.sync(objects=["Account"], api_mode=api_mode)
    config = into(tmp_path)
    config["encoding"]["compression"] = compression
    run = tap.sync(objects=["Account"], api_mode=api_mode, batch_config=config)
    assert run.exit_code == 0, run.log
    assert rows_of(run, "Account") == said.records("Account")
    assert run.messages_of("SCHEMA") == said.messages_of("SCHEMA")
    assert {m["encoding"]["compression"] for m in run.messages_of("BATCH")} == {compression}
    names = [path_of(url).name for url in files_of(run, "Account")]
    assert all(name.startswith("sf-Account-") for name in names)


def test_parquet_holds_the_same_rows_with_types(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """Decimals, dates and moments are what the texts of the messages say."""
    org.store.seed("Opportunity", 50)
    records = tap.sync(objects=["Opportunity"]).records("Opportunity")
    run = tap.sync(objects=["Opportunity"], batch_config=into(tmp_path, "parquet"))
    assert run.exit_code == 0, run.log
    rows = rows_of(run, "Opportunity")
    assert [row["Id"] for row in rows] == [record["Id"] for record in records]
    for row, record in zip(rows, records, strict=True):
        assert set(row) == set(record)
        assert row["Amount"] == record["Amount"]
        assert str(row["CloseDate"]) == str(record["CloseDate"])
        stamp = row["SystemModstamp"]
        assert stamp == datetime.fromisoformat(record["SystemModstamp"].replace("Z", "+00:00"))
    (url,) = files_of(run, "Opportunity")
    assert pl.read_parquet_schema(path_of(url))["Amount"] == pl.Decimal(38, 18)


def test_times_of_day_are_alike_in_messages_and_parquet(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """A time of day is one text, however it is sent."""
    org.store.seed("Measurement__c", 30)
    records = tap.sync(objects=["Measurement__c"]).records("Measurement__c")
    run = tap.sync(objects=["Measurement__c"], batch_config=into(tmp_path, "parquet"))
    times = [row["Starts__c"] for row in rows_of(run, "Measurement__c")]
    assert times == [record["Starts__c"] for record in records]
    assert any(times)


@pytest.mark.parametrize(
    ("rows", "batch_size", "files"),
    [
        pytest.param(45, 10_000, [20, 20, 5], id="a file for each page"),
        pytest.param(45, 15, [15, 5, 15, 5, 5], id="batch_size splits a page"),
        pytest.param(40, 20, [20, 20], id="exactly"),
        pytest.param(0, 20, [], id="no rows, no file"),
    ],
)
def test_one_file_for_each_page(
    org: LocalOrg, tap: TapRunner, tmp_path: Path, rows: int, batch_size: int, files: list[int]
) -> None:
    """Pages make files, and batch_size only splits them."""
    org.settings.page_rows = 20
    org.store.seed("Account", rows)
    config = into(tmp_path, batch_size=batch_size)
    run = tap.sync(objects=["Account"], api_mode="rest", batch_config=config)
    assert [len(rows_in(url)) for url in files_of(run, "Account")] == files
    assert run.bookmark("Account") is not None


def test_a_page_of_a_bulk_job_is_one_file_unless_told_otherwise(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """Without batch_size nothing splits a page, however many rows it has."""
    org.store.seed("Account", 10_001, hurt=False)
    catalog = select_fields(tap.discover(objects=["Account"]), "Account", "Name")
    run = tap.sync(catalog=catalog, api_mode="bulk", batch_config=into(tmp_path))
    assert [len(rows_in(url)) for url in files_of(run, "Account")] == [10_001]


def test_files_have_names_in_the_order_of_the_runs(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """Of two rows with one stamp, whoever reads all files knows which came later."""
    org.store.seed("Account", 5)
    urls = [
        url
        for _ in range(3)
        for url in files_of(
            tap.sync(objects=["Account"], batch_config=into(tmp_path, batch_size=2)), "Account"
        )
    ]
    assert len(urls) == 9
    assert sorted(urls) == urls


def test_slices_of_a_large_page_are_one_file(
    org: LocalOrg, tap: TapRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How a page is decoded does not show in the files."""
    monkeypatch.setattr(
        "tap_versionforge_salesforce.salesforce.query.result_rows._SLICE_BYTES", 4_096
    )
    rows = org.store.seed("Account", 60)
    run = tap.sync(objects=["Account"], api_mode="bulk", batch_config=into(tmp_path))
    assert [len(rows_in(url)) for url in files_of(run, "Account")] == [60]
    assert [row["Id"] for row in rows_of(run, "Account")] == rows


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_page_that_is_fetched_again_is_in_its_file_once(
    org: LocalOrg, tap: TapRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """What came of the page before it turned out not to be whole is in no file, nor counted."""
    monkeypatch.setattr(
        "tap_versionforge_salesforce.salesforce.query.result_rows._SLICE_BYTES", 4_096
    )
    names = [{"Name": f"{n}\0"} for n in range(60)]
    rows = org.store.insert("Account", names, stamp=LAST_WEEK)
    org.faults.add("*/results", faults.drop_last_row())
    run = tap.sync(objects=["Account"], api_mode="bulk", batch_config=into(tmp_path, form))
    assert run.exit_code == 0, run.log
    assert "Fetching it again." in run.log
    assert [row["Id"] for row in rows_of(run, "Account")] == rows
    assert len(list(tmp_path.glob("sf-*"))) == 1
    assert "60 NUL characters were removed" in run.log


def _instant(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@pytest.mark.parametrize("batch_size", [None, 4], ids=["whole pages", "split pages"])
@pytest.mark.parametrize(("api_mode", "states"), [("rest", 5), ("bulk", 1)])
def test_state_never_runs_ahead_of_the_files(
    org: LocalOrg,
    tap: TapRunner,
    tmp_path: Path,
    api_mode: str,
    states: int,
    batch_size: int | None,
    form: str,
) -> None:
    """After each STATE, every row up to its bookmark is in a file announced before it."""
    org.settings.page_rows = org.settings.bulk_page_rows = 10
    for day in range(6):
        stamp = LAST_WEEK + timedelta(days=day)
        org.store.insert("Account", [{"Name": f"{day}-{n}"} for n in range(7)], stamp=stamp)
    stamps = {str(row["Id"]): row["SystemModstamp"] for row in org.store.rows("Account")}
    more = {} if batch_size is None else {"batch_size": batch_size}
    files = into(tmp_path, form, **more)
    run = tap.sync(objects=["Account"], api_mode=api_mode, batch_config=files)
    announced: set[str] = set()
    seen = set()
    for message in run.messages:
        if message["type"] == "BATCH":
            announced |= {row["Id"] for url in message["manifest"] for row in rows_in(url)}
        if message["type"] == "STATE":
            entry = in_state(message["value"], "bookmarks").get("Account", {})
            if value := entry.get("replication_key_value"):
                bookmark = datetime.fromisoformat(value.replace("Z", "+00:00"))
                assert {i for i, at in stamps.items() if _instant(at) < bookmark} <= announced
                seen.add(value)
    assert len(seen) >= states
    assert announced == set(stamps)
    assert run.messages[-1]["type"] == "STATE"


def test_the_next_run_goes_on_from_the_state(org: LocalOrg, tap: TapRunner, tmp_path: Path) -> None:
    """Incremental runs put into files what has changed, and nothing else."""
    ids = org.store.insert("Account", [{"Name": "old"}] * 5, stamp=LAST_WEEK)
    first = tap.sync(objects=["Account"], batch_config=into(tmp_path))
    org.clock.advance(3_600)
    org.store.update("Account", ids[:2], {"Name": "new"})
    org.clock.advance(60)
    second = tap.sync(objects=["Account"], batch_config=into(tmp_path), state=first.state)
    assert [row["Name"] for row in rows_of(second, "Account")] == ["new", "new"]
    assert (second.bookmark("Account") or "") > (first.bookmark("Account") or "")


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_a_broken_run_is_taken_up_without_loss(
    org: LocalOrg, tap: TapRunner, tmp_path: Path, api_mode: str
) -> None:
    """What the files of a failed run and of the next one hold together is everything."""
    org.settings.page_rows = org.settings.bulk_page_rows = 10
    ids = []
    for day in range(5):
        stamp = LAST_WEEK + timedelta(days=day)
        ids += org.store.insert("Account", [{"Name": f"{day}"}] * 6, stamp=stamp)
    where = "*/results" if api_mode == "bulk" else "/query*/01g*"
    org.faults.add(where, faults.answer(403, "<html>no</html>"), times=None, skip=1)
    config = into(tmp_path)
    first = tap.sync(objects=["Account"], api_mode=api_mode, batch_config=config)
    assert first.exit_code != 0
    org.faults.clear()
    second = tap.sync(
        objects=["Account"], api_mode=api_mode, batch_config=config, state=first.state
    )
    assert second.exit_code == 0, second.log
    loaded = [row["Id"] for run in (first, second) for row in rows_of(run, "Account")]
    assert set(loaded) == set(ids)


def test_what_parquet_can_not_hold_is_told_also_when_the_run_ends_early(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """The file is announced and its STATE written: what is null in it must not go untold."""
    org.settings.page_rows = 1
    amounts = [{"Amount": "1E30"}, {"Amount": "1"}]
    for day, values in enumerate(amounts):
        org.store.insert("Opportunity", [values], stamp=LAST_WEEK + timedelta(days=day))
    org.faults.add("/query*/01g*", faults.answer(503, "<html>no</html>"), times=None)
    run = tap.sync(objects=["Opportunity"], api_mode="rest", batch_config=into(tmp_path, "parquet"))
    assert run.exit_code == 5
    assert len(rows_of(run, "Opportunity")) == 1
    assert "Opportunity.Amount: 1 value is no Decimal" in run.log


def test_a_full_table_activates_no_version(org: LocalOrg, tap: TapRunner, tmp_path: Path) -> None:
    """Rows from files have no version, so activating one would delete them all."""
    org.store.seed("Account", 5)
    catalog = tap.discover(objects=["Account"])
    catalog["streams"][0]["replication_method"] = "FULL_TABLE"
    run = tap.sync(catalog=catalog, batch_config=into(tmp_path))
    assert run.exit_code == 0, run.log
    assert run.messages_of("ACTIVATE_VERSION") == []
    assert len(rows_of(run, "Account")) == 5


def test_any_filesystem_that_fsspec_knows(org: LocalOrg, tap: TapRunner) -> None:
    """The root may be a bucket; here it is fsspec's memory."""
    org.store.seed("Account", 5)
    config = {"encoding": {"format": "jsonl"}, "storage": {"root": "memory://rows"}}
    run = tap.sync(objects=["Account"], batch_config=config)
    assert run.exit_code == 0, run.log
    (url,) = files_of(run, "Account")
    with fsspec.open(url, "rb") as file:
        lines = gzip.decompress(file.read()).splitlines()
    assert len(lines) == 5


def test_a_test_writes_no_files(org: LocalOrg, tap: TapRunner, tmp_path: Path) -> None:
    """`--test` looks at a row; nothing is left behind."""
    org.store.seed("Account", 5)
    folder = tmp_path / "files"
    run = tap.command(
        "--config", tap.config(objects=["Account"], batch_config=into(folder)), "--test"
    )
    assert run.exit_code == 0, run.log
    assert not folder.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"stream_maps": {"Account": {"x": "Name"}}}, ["stream_maps"], id="map"),
        pytest.param(
            {"flattening_enabled": True, "flattening_max_depth": 1},
            ["flattening_enabled"],
            id="flattening",
        ),
        pytest.param({"encoding": {"format": "csv"}}, ["csv"], id="format"),
        pytest.param({"encoding": {"compression": "zip"}}, ["zip"], id="compression"),
        pytest.param({"storage": {}}, ["batch_config.storage.root"], id="no root"),
        pytest.param({"storage": {"root": "nowhere://x"}}, ["nowhere://x"], id="unknown storage"),
        pytest.param({"batch_size": 0}, ["batch_config.batch_size"], id="batch_size"),
        pytest.param({"batch_rows": 5}, ["batch_config.batch_rows"], id="unknown"),
        pytest.param(
            {"storage": {"root": "memory://x", "key": "y"}},
            ["batch_config.storage.key"],
            id="unknown in storage",
        ),
    ],
)
def test_what_can_not_work_is_refused(
    org: LocalOrg,
    tap: TapRunner,
    tmp_path: Path,
    changes: dict[str, Any],
    words: list[str],
) -> None:
    """Told before any request, with the setting and what to do: exit code 2."""
    config = into(tmp_path)
    config |= {
        name: value
        for name, value in changes.items()
        if name in {*config, "batch_size", "batch_rows"}
    }
    others = {name: value for name, value in changes.items() if name not in config}
    run = tap.sync(objects=["Account"], batch_config=config, **others)
    assert run.exit_code == 2
    assert run.stdout == ""
    assert "Traceback" not in run.log
    for word in ("batch_config", *words):
        assert word in run.log
    assert org.journal.calls() == []


def test_a_folder_that_can_not_be_written(org: LocalOrg, tap: TapRunner, tmp_path: Path) -> None:
    """A file in the place of the folder: exit code 2, the reason, and no STATE past the rows."""
    org.store.seed("Account", 5)
    blocked = tmp_path / "file"
    blocked.write_text("")
    run = tap.sync(objects=["Account"], batch_config=into(blocked))
    assert run.exit_code == 2
    assert "batch_config.storage" in run.log
    assert "Traceback" not in run.log
    assert run.bookmark("Account") is None
