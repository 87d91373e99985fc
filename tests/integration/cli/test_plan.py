"""`plan`: what the coming run would do, without a row being read."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults, outages
from tests.support.catalogs import select_fields
from tests.support.many_objects import calls_with_queries_of, many_objects
from tests.support.pipeline import LAST_WEEK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, Run, TapRunner

BOTH = {"objects": ["Account", "Contact"]}


def plan(tap: TapRunner, *arguments: str, **settings: Any) -> Run:  # noqa: ANN401  as they come
    return tap.command("plan", "--config", tap.config(**{**BOTH, **settings}), *arguments)


def content(tap: TapRunner, *arguments: str, **settings: Any) -> dict[str, Any]:  # noqa: ANN401
    run = plan(tap, "--json", *arguments, **settings)
    assert run.exit_code == 0, run.log
    return dict(json.loads(run.stdout))


@pytest.fixture(autouse=True)
def rows(org: LocalOrg) -> None:
    """A table of more than a page, and one of less."""
    org.store.insert("Account", [{}] * 2_100, stamp=LAST_WEEK)
    org.store.insert("Contact", [{}] * 3, stamp=LAST_WEEK)


def rows_read(org: LocalOrg) -> list[str]:
    """Return the queries that have rows in their answers."""
    asked = [part.call for entry in org.journal.calls() for part in (entry, *entry.parts)]
    queries = [call.query.get("q", "") for call in asked]
    return [each for each in queries if each and "COUNT()" not in each]


def test_a_first_run_is_told(org: LocalOrg, tap: TapRunner) -> None:
    """The same choices as the run makes, with their reasons; and nothing is read or created."""
    found = content(tap)
    account, contact = found["streams"]
    assert {key: account[key] for key in ("stream", "api", "reason", "rows", "bookmark")} == {
        "stream": "Account",
        "api": "bulk",
        "reason": "all rows are read, about 2,100",
        "rows": 2_100,
        "bookmark": None,
    }
    assert (account["jobs"], contact["jobs"]) == (1, 0)
    assert (contact["api"], contact["rows"], contact["calls"]) == ("rest", 3, 1)
    assert all(each["estimate"] for each in found["streams"])
    keys = ("rows", "calls", "jobs", "megabytes", "seconds")
    assert set(found["total"]) == set(keys)
    assert found["total"]["calls"] == account["calls"] + contact["calls"]
    assert rows_read(org) == []
    assert org.jobs.all() == []
    run = tap.sync(**BOTH)
    for each in run.report["streams"]:
        planned = next(other for other in found["streams"] if other["stream"] == each["stream"])
        assert {"REST API": "rest", "Bulk API 2.0": "bulk"}[each["api"]] == planned["api"]
        assert each["rows"] == planned["rows"]


@pytest.mark.parametrize(("bulk_threshold", "api"), [(10_000, "rest"), (5, "bulk")])
def test_an_incremental_run_is_told(
    org: LocalOrg, tap: TapRunner, bulk_threshold: int, api: str
) -> None:
    """Rows of the window are counted, and the bookmark is named."""
    first = tap.sync(**BOTH)
    org.store.update("Account", first.ids("Account")[:7], {"Name": "new"})
    org.clock.advance(3_600)
    org.journal.clear()
    state = tap.file("state.json", first.state)
    account, contact = content(tap, "--state", state, bulk_threshold=bulk_threshold)["streams"]
    assert (account["rows"], account["api"], contact["rows"]) == (7, api, 0)
    assert account["reason"].startswith("7 rows to read, ")
    assert account["bookmark"] == first.state["bookmarks"]["Account"]["replication_key_value"]
    assert rows_read(org) == []


def test_what_a_person_sees(org: LocalOrg, tap: TapRunner, tmp_path: Path) -> None:
    """A line for each stream, a total, the reasons, today's calls, and what the last run took."""
    org.limits.calls.remaining = 1_000
    before = plan(tap).stdout
    assert "Last rows" not in before
    report = str(tmp_path / "report.json")
    tap.sync(**BOTH, report_path=report)
    lines = plan(tap, report_path=report).stdout.splitlines()
    assert lines[0].split() == [
        *("Stream", "API", "Rows", "Calls", "Jobs", "MB", "Time"),
        *("From", "Last", "rows", "Last", "time"),
    ]
    assert lines[1].split()[:5] == ["Account", "bulk", "2,100", "5", "1"]
    assert "2,100" in lines[1].split()[-3:]
    assert lines[3].startswith("Total")
    assert "Account is read by BULK, because all rows are read, about 2,100." in lines
    assert lines[-1].startswith("The run may still make 9")
    assert lines[-1].endswith(" % of them.")


def test_streams_are_counted_five_to_a_call(org: LocalOrg, tap: TapRunner, clock: OrgClock) -> None:
    """Sixty incremental ones take 12 calls, the plan is that of 60, and it is told how far."""
    names = many_objects(org, 60)
    org.store.insert(names[7], [{}] * 3, stamp=LAST_WEEK)
    org.faults.add(faults.querying(names[8]), outages.query_timeout(), times=None)
    settings = {"objects": names, "start_date": "2020-01-01"}
    plans, asked, logs = [], [], []
    for path in ("POST /composite", "GET /query*"):
        org.faults.add(path, faults.before(lambda: clock.sleep(4)), times=None)
    for together in (True, False):
        org.journal.clear()
        run = plan(tap, "--json", **settings, composite_queries=together)
        plans.append(json.loads(run.stdout))
        asked.append(calls_with_queries_of(org, "Thing"))
        logs.append(run.log.count("Counted the rows of "))
    assert plans[0]["streams"] == plans[1]["streams"]
    rows = {each["stream"]: each["rows"] for each in plans[0]["streams"]}
    assert [rows[name] for name in names[6:10]] == [0, 3, None, 0]
    assert asked == [12, 60]
    assert logs[0] >= 1
    assert logs[1] > logs[0]


def test_a_catalog_and_a_reconciliation_are_taken_in(tap: TapRunner, tmp_path: Path) -> None:
    """Fewer columns are fewer megabytes, and a sweep that is due has a line of its own."""
    store = {"reconcile_every_hours": 0, "reconcile_store": str(tmp_path / "store")}
    catalog = tap.discover(**BOTH, **store)
    whole = content(tap, **store)
    names = [(each["stream"], each["is_reconciliation"]) for each in whole["streams"]]
    assert names == [(name, part) for name in BOTH["objects"] for part in (False, True)]
    file = tap.file("catalog.json", select_fields(catalog, "Account", "Name"))
    narrow = content(tap, "--catalog", file, **store)
    assert narrow["streams"][0]["megabytes"] < whole["streams"][0]["megabytes"]
    assert "Account is reconciled by BULK" in plan(tap, **store).stdout


def test_what_can_not_be_counted_is_told(org: LocalOrg, tap: TapRunner) -> None:
    """Without the permission to count, and where the count takes too long."""
    org.settings.view_setup = False
    org.faults.add(
        lambda call: "COUNT()" in call.query.get("q", ""), outages.query_timeout(), times=None
    )
    found = content(tap)
    assert [each["rows"] for each in found["streams"]] == [None, None]
    assert all(each["reason"].startswith("its first page tells") for each in found["streams"])
    assert plan(tap).stdout.splitlines()[1].split()[2] == "?"


def test_the_job_of_an_earlier_run_is_named(org: LocalOrg, tap: TapRunner) -> None:
    """It is gone on with."""
    org.faults.add("*/results", outages.server_unavailable(), times=None)
    broken = tap.sync(**BOTH, api_mode="bulk")
    job = broken.state["bookmarks"]["Account"]["bulk_job"]["id"]
    org.faults.clear()
    account = content(tap, "--state", tap.file("state.json", broken.state), api_mode="bulk")
    assert account["streams"][0]["reason"] == f"the job {job} of an earlier run is gone on with"


@pytest.mark.parametrize(
    ("arguments", "settings", "exit_code", "said"),
    [
        ([], {"client_id": "wrong"}, 3, "[invalid-client-id]"),
        (["--catalog", "nowhere.json"], {}, 2, "nowhere.json"),
        ([], {"objects": ["Acount"]}, 2, "Account"),
        ([], {"report_path": "/dev/null"}, 0, ""),
    ],
)
def test_wrong_inputs_are_told(
    tap: TapRunner, arguments: list[str], settings: dict[str, Any], exit_code: int, said: str
) -> None:
    """As the run tells them."""
    run = plan(tap, *arguments, **settings)
    assert run.exit_code == exit_code
    assert said in run.log
    assert bool(run.stdout) == (exit_code == 0)


def test_what_stands_before_it_counts(tap: TapRunner, tmp_path: Path) -> None:
    """As Meltano puts it there; what stands behind counts more."""
    catalog = json.loads(tap.command("--discover", "--config", tap.config(**BOTH)).stdout)
    catalog["streams"] = [s for s in catalog["streams"] if s["tap_stream_id"] == "Contact"]
    (tmp_path / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    above = ["--config", tap.config(**BOTH), "--catalog", str(tmp_path / "catalog.json")]
    run = tap.command(*above, "plan", "--json")
    assert [each["stream"] for each in json.loads(run.stdout)["streams"]] == ["Contact"]
    checked = tap.command(*above, "check", "--json")
    assert [each["object"] for each in json.loads(checked.stdout)["objects"]] == ["Contact"]
    state = tap.file("state.json", ["no state"])
    assert tap.command(*above, "--state", state, "plan").exit_code == 2


def test_an_outage_is_no_plan(org: LocalOrg, tap: TapRunner, clock: OrgClock) -> None:
    """It is told in the time of two queries' retries, however many streams there are."""
    names = many_objects(org, 20)
    org.faults.add("GET /query*", outages.server_unavailable(), times=None)
    run = plan(tap, objects=names, start_date="2020-01-01", composite_queries=False)
    assert (run.exit_code, run.stdout) == (5, "")
    assert "[salesforce-busy]" in run.log
    assert sum(clock.slept) < 200


def test_a_count_that_does_not_come_is_that_of_its_stream(org: LocalOrg, tap: TapRunner) -> None:
    """The others are counted all the same."""
    names = many_objects(org, 3)
    for name in (names[0], names[2]):
        org.faults.add(faults.querying(name), outages.server_unavailable(), times=None)
    found = content(tap, objects=names, start_date="2020-01-01", composite_queries=False)
    assert [each["rows"] for each in found["streams"]] == [None, 0, None]


def test_of_a_report_only_what_it_must_have_is_taken(tap: TapRunner, tmp_path: Path) -> None:
    """Whatever is in the file, it is for comparison only."""
    report = tmp_path / "report.json"
    odd = [
        {"stream": "Account", "rows": 7, "usage": [1]},
        {"stream": "Contact", "rows": "x", "usage": {"seconds": float("inf")}},
    ]
    for streams, last in ((odd, [(7, None), (None, None)]), ([7], [(None, None)] * 2)):
        report.write_text(json.dumps({"streams": streams}))
        found = content(tap, report_path=str(report))["streams"]
        assert [(each["last_rows"], each["last_seconds"]) for each in found] == last


def test_a_report_in_a_pipe_is_not_waited_for(tap: TapRunner, tmp_path: Path) -> None:
    """As with /dev/stderr at a terminal, where somebody would have to type it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert content(tap, objects=["Account"], report_path=str(pipe))["total"]["rows"] == 2_100
