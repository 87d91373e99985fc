"""The run says what it did and what it proved, as one JSON object."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.end_table import lines_of, plain_lines
from tests.local_org.conditions import faults, outages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import OrgClock, Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)


def test_what_each_stream_did(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, tmp_path: Path
) -> None:
    """The API and why, what came, what it cost, and what the rows were compared with."""
    org.settings.job_transition, org.settings.job_seconds = "time", 60
    org.settings.record_count_omits = {"Contact"}
    org.store.insert("Account", [{}] * 2_005, stamp=LAST_WEEK)
    org.store.insert("Contact", [{}] * 3, stamp=LAST_WEEK)
    path = tmp_path / "report.json"
    run = tap.sync(objects=["Account", "Contact"], report_path=str(path), bulk_page_rows=1_000)
    assert run.exit_code == 0, run.log
    report = run.report
    assert json.loads(path.read_text()) == report
    assert report["is_complete"] is True
    account, contact = report["streams"]
    assert (account["stream"], account["api"]) == ("Account", "Bulk API 2.0")
    assert account["reason"] == "all rows are read, about 2,005"
    assert (account["rows"], account["pages"]) == (2_005, 1)
    assert account["proven_by"] == "numberRecordsProcessed"
    assert account["promised_rows"] == 2_005
    assert account["bookmark_before"] is None
    assert account["bookmark_after"] == run.bookmark("Account")
    assert account["usage"]["waiting_seconds"] >= 30
    assert (contact["api"], contact["rows"], contact["pages"]) == ("REST API", 3, 1)
    assert (contact["proven_by"], contact["promised_rows"]) == ("totalSize", 3)
    assert contact["usage"]["calls"] == 1
    assert report["rows"] == 2_008
    waited = report["usage"]["waiting_seconds"]
    assert waited == round(waited, 3)
    assert report["usage"]["calls"] == org.journal.api_calls
    assert report["usage"]["received_bytes"] > 10_000
    assert report["usage"]["seconds"] >= sum(clock.slept)


def test_the_table_at_the_end_is_the_reports(org: LocalOrg, tap: TapRunner) -> None:
    """Line by line, in front of it."""
    org.store.insert("Account", [{}] * 3, stamp=LAST_WEEK)
    run = tap.sync(objects=["Account", "Contact"])
    assert run.exit_code == 0, run.log
    texts = [
        line.partition(" | tap-versionforge-salesforce    | ")[2] for line in run.log.split("\n")
    ]
    table = [text for text, _ in plain_lines(lines_of(run.report))]
    end = texts.index(table[-1]) + 1
    assert texts[end - len(table) : end] == table
    assert texts[end].startswith("Run report: ")


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_pages_are_those_that_salesforce_served(
    org: LocalOrg, tap: TapRunner, api_mode: str
) -> None:
    """All of them, and nothing that the tap makes for itself."""
    org.settings.page_rows = org.settings.bulk_page_rows = org.settings.result_page_rows = 2
    org.store.insert("Account", [{}] * 7, stamp=LAST_WEEK)
    run = tap.sync(objects=["Account"], api_mode=api_mode, bulk_page_rows=2)
    assert run.exit_code == 0, run.log
    (account,) = run.report["streams"]
    counts = ("rows", "pages", "rows_again", "rows_before")
    assert [account[name] for name in counts] == [7, 4, 0, 0]


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_calls_made_before_its_turn_are_a_streams_own(
    org: LocalOrg, tap: TapRunner, api_mode: str
) -> None:
    """First pages and jobs are asked for early; the line at the stream's end counts them."""
    org.store.insert("Contact", [{}] * 3, stamp=LAST_WEEK)
    org.store.insert("User", [{}] * 3, stamp=LAST_WEEK)
    run = tap.sync(objects=["Account", "Contact", "User"], api_mode=api_mode, keep_jobs=True)
    assert run.exit_code == 0, run.log
    for stream in run.report["streams"]:
        calls = stream["usage"]["calls"]
        # A job is created, looked at, and its rows are asked for.
        assert calls >= (1 if api_mode == "rest" else 3)
        assert (
            f"{stream['stream']}: {counted(stream['rows'], 'row')} by {stream['api']} in "
            f"{counted(calls, 'API call')}." in run.log
        )


def test_a_run_that_fails_reports_as_well(org: LocalOrg, tap: TapRunner) -> None:
    """With the code of the error, the rows that came, and no proof."""
    org.settings.page_rows = 2
    org.store.insert("Account", [{}] * 5, stamp=LAST_WEEK)
    org.faults.add("/query*/01g*", outages.maintenance_page(), times=None)
    run = tap.sync(objects=["Account", "Contact"], api_mode="rest")
    assert run.exit_code == 7
    account, contact = run.report["streams"]
    assert account["error"] == "salesforce-busy"
    assert (account["rows"], account["pages"], account["proven_by"]) == (2, 1, None)
    assert (contact["error"], contact["proven_by"]) == (None, "totalSize")


def test_a_stream_that_fails_is_in_the_report(org: LocalOrg, tap: TapRunner) -> None:
    """Beside the others, which are complete."""
    org.store.insert("Account", [{}] * 5, stamp=LAST_WEEK)
    org.store.insert("Contact", [{}] * 2, stamp=LAST_WEEK)

    def is_of_account(call: Call) -> bool:
        jobs = {job.id: job.object_name for job in org.jobs.all()}
        return call.path.endswith("/results") and jobs[call.path.split("/")[-2]] == "Account"

    org.faults.add(is_of_account, faults.drop_last_row(), times=None)
    run = tap.sync(objects=["Account", "Contact"], api_mode="bulk")
    assert run.exit_code == 6, run.log
    account, contact = run.report["streams"]
    assert (account["error"], account["proven_by"]) == ("bulk-page-mismatch", None)
    assert (contact["error"], contact["rows"]) == (None, 2)


@pytest.mark.parametrize("way", ["named", "selected"])
def test_a_stream_that_can_not_be_described_is_in_the_report(
    org: LocalOrg, tap: TapRunner, way: str
) -> None:
    """With the code of the error, as any other stream that fails."""
    org.store.insert("Account", [{}] * 2, stamp=LAST_WEEK)
    catalog = tap.discover(objects=["Account", "Contact"]) if way == "selected" else None
    org.settings.composite_refusal = (404, "NOT_FOUND", "no")
    org.faults.add("/sobjects/Contact/describe", outages.unknown_exception(), times=None)
    run = tap.sync(catalog=catalog, objects=["Account", "Contact"])
    assert run.exit_code == 7, run.log
    found = {stream["stream"]: stream for stream in run.report["streams"]}
    assert {name: stream["error"] for name, stream in found.items()} == {
        "Account": None,
        "Contact": "salesforce-busy",
    }
    assert (found["Contact"]["rows"], found["Contact"]["proven_by"]) == (0, None)


def test_a_folder_that_is_not_there_is_told_before_anything_is_read(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """Exit code 2, with the setting."""
    run = tap.sync(objects=["Account"], report_path=str(tmp_path / "nowhere" / "report.json"))
    assert run.exit_code == 2
    assert "The setting report_path names a file in no folder" in run.log
    assert org.journal.calls() == []


def test_a_folder_in_the_place_of_the_report_is_told(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """Before anything is read, too."""
    run = tap.sync(objects=["Account"], report_path=str(tmp_path))
    assert run.exit_code == 2
    assert f"The setting report_path names a folder: {tmp_path}" in run.log
    assert org.journal.calls() == []


def test_a_report_that_can_not_be_written_is_no_failure(
    org: LocalOrg, tap: TapRunner, tmp_path: Path
) -> None:
    """The rows are where they belong."""
    org.store.insert("Account", [{}], stamp=LAST_WEEK)
    folder = tmp_path / "reports"
    folder.mkdir()
    org.faults.add("*/queryAll", faults.after(folder.rmdir))
    run = tap.sync(objects=["Account"], report_path=str(folder / "report.json"))
    assert run.exit_code == 0, run.log
    assert run.ids("Account") != []
    assert "The run report can't be written to report_path" in run.log


# Trouble that passes


def warnings(run: Run) -> list[str]:
    return [line.split(" | ", 3)[3] for line in run.log.splitlines() if "| WARNING" in line]


def test_trouble_is_told_once_for_each_kind(org: LocalOrg, tap: TapRunner, clock: OrgClock) -> None:
    """What happened, how often, and what it cost; in the log and in the report."""
    org.settings.page_rows = org.settings.result_page_rows = org.settings.bulk_page_rows = 2
    org.store.insert("Account", [{}] * 9, stamp=LAST_WEEK)
    org.faults.add("*/results", outages.server_unavailable(retry_after=7), times=3)
    org.faults.add("*/results", faults.reset(), skip=1)
    org.faults.add("*/results", faults.drop_last_row(), skip=2)
    settings = {"api_mode": "bulk", "bulk_page_rows": 2, "parallel_downloads": 1}
    run = tap.sync(objects=["Account"], **settings)
    assert run.exit_code == 0, run.log
    busy, broken, short = sorted(run.report["troubles"], key=lambda each: -each["times"])
    assert busy == {
        "kind": "Salesforce answered with HTTP 503 (SERVER_UNAVAILABLE)",
        "times": 3,
        "seconds": 21.0,
        "calls": 3,
    }
    assert {broken["kind"], short["kind"]} == {
        f"{org.url} can't be reached",
        "A page was not whole",
    }
    told = warnings(run)
    assert len(told) == 3
    assert (
        "Salesforce answered with HTTP 503 (SERVER_UNAVAILABLE), 3 times in this run; trying again "
        "cost 21.0 seconds and 3 API calls." in told
    )
    assert "A page was not whole, once in this run; trying again cost 0.0 seconds" in run.log
    assert sum(clock.slept) >= 21


@pytest.mark.parametrize("command", ["--discover", "check"])
def test_trouble_is_told_by_every_command(org: LocalOrg, tap: TapRunner, command: str) -> None:
    """Not in a sync alone."""
    org.faults.add("POST /services/oauth2/token", outages.maintenance_page())
    run = tap.command("--config", tap.config(objects=["Account"]), command)
    assert run.exit_code == 0, run.log
    (told,) = warnings(run)
    assert told.startswith("Salesforce answered with HTTP 503 (text/html), once in this run;")
    assert told.endswith("and 0 API calls.")


def test_trouble_that_does_not_pass_is_the_error(org: LocalOrg, tap: TapRunner) -> None:
    """The kinds before it are warned of, and the last cause is told with the exit code."""
    org.faults.add("GET /queryAll", faults.reset())
    org.faults.add("GET /queryAll", outages.maintenance_page(504), times=None)
    run = tap.sync(objects=["Account"], api_mode="rest")
    assert run.exit_code == 5
    assert [line.rpartition(" time")[0] for line in warnings(run)][1:] == [
        "Salesforce answered with HTTP 504 (text/html), 6"
    ]
    assert "HTTP 504 (text/html)" in run.log.splitlines()[-1]
