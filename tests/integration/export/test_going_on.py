"""An export that was interrupted goes on; what is there at any moment is whole, or is not there."""

from __future__ import annotations

import re
import resource
import secrets
import signal
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.integration.export.conftest import csv_rows
from tests.local_org.conditions import faults, outages
from tests.support.harness import Run
from tests.support.real_process import finished, started
from tests.support.waits import LateAnswer

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.integration.export.conftest import Export
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock

DAY = 24 * 3_600
BULK: dict[str, Any] = {"api_mode": "bulk", "bulk_page_rows": 10, "parallel_downloads": 1}


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    """Five pages of accounts."""
    org.settings.result_page_rows = 10
    return org.store.seed("Account", 45, hurt=False)


def jobs_created(org: LocalOrg) -> int:
    return len(org.journal.calls("/jobs/query", method="POST"))


def making(export: Export, name: str = "Account") -> Path:
    """Return the folder of an object that is not whole yet."""
    assert not (export.out / name).exists()
    return export.out / f"{name}.incomplete"


def outage_behind(org: LocalOrg, pages: int) -> None:
    """Let no page come behind so many."""
    org.faults.add("*/results", outages.server_unavailable(), skip=pages, times=None)


def test_killed_at_each_page(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """The same job is gone on with, from page to page, until each row is there once."""
    config = export.tap.config(**BULK)
    arguments = ["export", "Account", "--to", str(export.out), "--config", config]
    running: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        running[-1].kill()

    kept, kills = 0, 0
    while True:
        # What comes first is there by the time that the third is asked for.
        org.faults.add("*/results", faults.before(kill), skip=2, times=1)
        with started(export.tap, *arguments) as process:
            running.append(process)
            _, log = finished(process)
        org.faults.clear()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
        kills += 1
        whole = [path.name for path in making(export).glob("*.parquet")]
        assert len(whole) >= kept
        kept = len(whole)
    assert kills >= 3
    assert "of an earlier run is taken up behind row" in log
    assert sorted(export.ids("Account")) == sorted(rows)
    assert jobs_created(org) == 1
    assert org.jobs.all() == []
    assert not (export.out / "Account.incomplete").exists()


@pytest.mark.parametrize("written_as", ["csv", "parquet"])
def test_an_outage(org: LocalOrg, export: Export, rows: list[str], written_as: str) -> None:
    """What has come is kept, under a name that nobody takes for the whole."""
    outage_behind(org, 3)
    run = export.run("Account", "--format", written_as, **BULK)
    assert run.exit_code == 5, run.log
    assert run.stdout == ""
    assert 1 <= len(list(making(export).glob("part-*"))) <= 3
    org.faults.clear()
    before = len(org.journal.calls("/results"))
    export.done("Account", "--format", written_as, **BULK)
    assert len(org.journal.calls("/results")) - before < 5
    assert jobs_created(org) == 1
    found = (
        export.ids("Account")
        if written_as == "parquet"
        else [row["Id"] for row in csv_rows(export.out / "Account")]
    )
    assert sorted(found) == sorted(rows)
    assert export.names("Account") == [f"part-{n:05d}.{written_as}" for n in range(1, 6)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal(org: LocalOrg, export: Export, rows: list[str], number: signal.Signals) -> None:
    """Ends it in one sentence, with the code of the signal, and the job stays."""
    config = export.tap.config(**BULK)
    arguments = ["export", "Account", "--to", str(export.out), "--config", config]
    running: list[subprocess.Popen[bytes]] = []
    org.faults.add("*/results", faults.before(lambda: running[0].send_signal(number)), skip=2)
    with started(export.tap, *arguments) as process:
        running.append(process)
        _, log = finished(process)
    org.faults.clear()
    assert process.returncode == 128 + number, log
    assert "Traceback" not in log
    assert log.splitlines()[-1].endswith("Stopped. The same command goes on from there.")
    assert len(org.jobs.all()) == 1
    export.done("Account", **BULK)
    assert sorted(export.ids("Account")) == sorted(rows)
    assert jobs_created(org) == 1


def test_a_job_that_is_gone(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """Another one is made, from the beginning, and that is said."""
    outage_behind(org, 3)
    export.run("Account", **BULK)
    org.faults.clear()
    for job in org.jobs.all():
        org.jobs.delete(job)
    run = export.done("Account", **BULK)
    assert "is not taken up, because it can't be found any more" in run.log
    assert jobs_created(org) == 2
    assert sorted(export.ids("Account")) == sorted(rows)


@pytest.mark.parametrize(
    "other", [["--fields", "Id"], ["--format", "csv"], ["--where", "Id != ''"]]
)
def test_another_command(org: LocalOrg, export: Export, rows: list[str], other: list[str]) -> None:
    """Begins anew, and says so."""
    outage_behind(org, 3)
    export.run("Account", **BULK)
    org.faults.clear()
    run = export.done("Account", *other, **BULK)
    assert "Account begins anew" in run.log
    assert "was asked for otherwise" in run.log
    assert jobs_created(org) == 2
    assert f"Account: {len(rows)} rows in 5 files" in run.stdout
    assert len(export.names("Account")) == 5


@pytest.mark.parametrize("keep_jobs", [True, False])
def test_the_job_of_before(
    org: LocalOrg, export: Export, rows: list[str], *, keep_jobs: bool
) -> None:
    """Is taken out of the org where it is not gone on with, unless jobs are to be kept."""
    outage_behind(org, 3)
    export.run("Account", **BULK)
    (before,) = [job.id for job in org.jobs.all()]
    org.faults.clear()
    run = export.done("Account", "--fields", "Id", keep_jobs=keep_jobs, **BULK)
    assert f"Bulk job {before} of an earlier run is not taken up, because the export" in run.log
    left = [job.id for job in org.jobs.all()]
    assert (before in left) == keep_jobs
    assert len(left) == 2 * keep_jobs
    assert len(rows) == 45


def test_the_job_of_before_that_can_not_be_removed(
    org: LocalOrg, export: Export, rows: list[str]
) -> None:
    """Holds nobody: that it stays is said."""
    outage_behind(org, 3)
    export.run("Account", **BULK)
    (before,) = [job.id for job in org.jobs.all()]
    org.faults.clear()
    org.faults.add(f"*/{before}", outages.server_unavailable(), times=None)
    run = export.done("Account", "--fields", "Id", **BULK)
    assert f"Bulk job {before} stays in the org" in run.log
    assert sorted(export.ids("Account")) == sorted(rows)


def test_what_is_too_old(org: LocalOrg, export: Export, clock: OrgClock, rows: list[str]) -> None:
    """Begins anew: Salesforce keeps a job for seven days, and rows change."""
    outage_behind(org, 3)
    export.run("Account", **BULK)
    org.faults.clear()
    clock.sleep(8 * DAY)
    log = export.done("Account", **BULK).log
    said = r"Account begins anew: what an earlier run has left of it \(\d+ rows\) was begun "
    assert re.search(rf"{said}more than 7 days ago\.", log)
    assert sorted(export.ids("Account")) == sorted(rows)


def test_what_is_old_is_told_as_that(
    org: LocalOrg, export: Export, clock: OrgClock, rows: list[str]
) -> None:
    """Of one that is there and of one that is gone on with: neither has what came since."""
    org.store.seed("Contact", 3)
    outage_behind(org, 3)
    assert export.run("Contact", "Account", **BULK).exit_code in (5, 7)
    org.faults.clear()
    clock.sleep(5 * DAY)
    log = export.done("Contact", "Account", **BULK).log
    for name in ("Contact", "Account"):
        assert re.search(rf"WARNING.*\b{name} has the rows of 20.* --overwrite reads it", log)
    assert sorted(export.ids("Account")) == sorted(rows)


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_what_begins_anew_is_not_old(
    org: LocalOrg, export: Export, clock: OrgClock, rows: list[str], api_mode: str
) -> None:
    """Nothing of the earlier run is in it: its job is gone, or nothing was kept of it."""
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    outage_behind(org, 3)
    org.faults.add("GET /query/*", outages.server_unavailable(), skip=2, times=None)
    assert export.run("Account", api_mode=api_mode, bulk_page_rows=10).exit_code == 5
    org.faults.clear()
    for job in org.jobs.all():
        org.jobs.delete(job)
    clock.sleep(5 * DAY)
    log = export.done("Account", api_mode=api_mode, bulk_page_rows=10).log
    assert "has the rows of" not in log
    assert sorted(export.ids("Account")) == sorted(rows)


def test_rest_begins_anew(org: LocalOrg, export: Export) -> None:
    """Nothing keeps its pages for another run."""
    rows = org.store.seed("Account", 45, hurt=False)
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    org.faults.add("GET /query/*", outages.server_unavailable(), skip=2, times=None)
    assert export.run("Account", api_mode="rest").exit_code == 5
    making(export)
    org.faults.clear()
    export.done("Account", api_mode="rest")
    assert sorted(export.ids("Account")) == sorted(rows)


def test_rest_that_moves_to_bulk(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """What had come by REST comes again, and is there once."""
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    org.faults.add("GET /query/*", outages.server_unavailable(), skip=1, times=None)
    run = export.done("Account", "--since", "2000-01-01", bulk_page_rows=10)
    assert "by Bulk API 2.0" in run.stdout
    assert sorted(export.ids("Account")) == sorted(rows)


def test_a_cut_page_comes_again(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """And its first try is in no file."""
    org.faults.add("*/results", faults.drop_last_row(), skip=1, times=1)
    export.done("Account", **BULK)
    assert sorted(export.ids("Account")) == sorted(rows)
    assert len(export.names("Account")) == 5


def test_what_is_too_large_is_gone_on_with_in_its_parts(org: LocalOrg, export: Export) -> None:
    """The part that is there stays, and the other one comes."""
    rows = org.store.seed("Account", 40, hurt=False)
    org.settings.job_max_rows, org.settings.result_page_rows = 25, 10
    outage_behind(org, 3)
    assert export.run("Account", **BULK).exit_code == 5
    whole = {path.name for path in making(export).glob("*.parquet")}
    org.faults.clear()
    created = jobs_created(org)
    export.done("Account", **BULK)
    assert jobs_created(org) - created <= 1
    assert len(whole) >= 2
    assert sorted(export.ids("Account")) == sorted(rows)


def test_rows_that_can_not_be_proven(org: LocalOrg, export: Export) -> None:
    """Are no export."""
    org.store.seed("Account", 5, hurt=False)
    promise = faults.replace_body(lambda body: body.replace(b'Size":5', b'Size":6'))
    org.faults.add("GET /query*", promise, times=None)
    assert export.run("Account", api_mode="rest").exit_code == 6
    making(export)


# Several objects


def test_one_that_is_refused(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """The others are there; the same command reads only what is missing."""
    contacts = org.store.seed("Contact", 3)
    org.faults.add(
        faults.querying("Account"),
        faults.answer(400, [{"errorCode": "INVALID_FIELD", "message": "no"}]),
        times=None,
    )
    run = export.run("Account", "Contact", api_mode="rest")
    assert run.exit_code == 7
    assert "Account" in run.log.splitlines()[-1]
    assert run.stdout.startswith("Contact: ")
    assert export.ids("Contact") == contacts
    making(export)
    org.faults.clear()
    org.journal.clear()
    again = export.done("Account", "Contact", api_mode="rest")
    assert [line.split(":")[0] for line in again.stdout.splitlines()] == ["Account", "Contact"]
    assert "there already" in again.stdout
    assert not any("FROM Contact" in c.query.get("q", "") for c in org.journal.calls("/query"))
    assert sorted(export.ids("Account")) == sorted(rows)
    assert export.names("Contact") == ["part-00001.parquet"]
    # Behind its end nothing is left to go on with.
    assert export.run("Account", "Contact", api_mode="rest").exit_code == 2


def test_jobs_are_created_early(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """Salesforce works on all objects at once; a job that was created is gone on with."""
    contacts = org.store.seed("Contact", 25, hurt=False)
    outage_behind(org, 0)
    assert export.run("Account", "Contact", **BULK).exit_code == 5
    assert jobs_created(org) == 2
    org.faults.clear()
    run = export.done("Account", "Contact", **BULK)
    assert jobs_created(org) == 2
    assert run.stdout.count("by Bulk API 2.0") == 2
    assert sorted(export.ids("Account")) == sorted(rows)
    assert sorted(export.ids("Contact")) == sorted(contacts)
    assert org.jobs.all() == []


def test_duckdb_goes_on(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """The tables that are there stay, and no half of one appears."""
    org.store.seed("Contact", 3)
    export.out = export.out.with_suffix(".duckdb")
    outage_behind(org, 3)
    assert export.run("Contact", "Account", **BULK).exit_code in (5, 7)
    with duckdb.connect(str(export.out), read_only=True) as database:
        assert database.execute("SHOW TABLES").fetchall() == [("Contact",)]
    org.faults.clear()
    export.done("Contact", "Account", **BULK)
    with duckdb.connect(str(export.out), read_only=True) as database:
        found = [row_id for (row_id,) in database.execute("SELECT Id FROM Account").fetchall()]
    assert sorted(found) == sorted(rows)
    assert [path.name for path in export.out.parent.iterdir()] == [export.out.name]


def test_duckdb_and_another_command(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """What that one has left of its object is not removed by this one."""
    contacts = org.store.seed("Contact", 3)
    export.out = export.out.with_suffix(".duckdb")
    outage_behind(org, 3)
    assert export.run("Account", **BULK).exit_code in (5, 7)
    org.faults.clear()
    export.done("Contact", **BULK)
    org.journal.clear()
    export.done("Account", **BULK)
    assert jobs_created(org) == 0
    with duckdb.connect(str(export.out), read_only=True) as database:
        for name, known in (("Account", rows), ("Contact", contacts)):
            assert database.execute(f"SELECT count(*) FROM {name}").fetchone() == (len(known),)  # noqa: S608  ours
    assert [path.name for path in export.out.parent.iterdir()] == [export.out.name]


def test_duckdb_that_was_removed_meanwhile(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """What was in it is read again: that it was there says nothing."""
    org.store.seed("Contact", 3)
    export.out = export.out.with_suffix(".duckdb")
    outage_behind(org, 1)
    assert export.run("Contact", "Account", **BULK).exit_code in (5, 7)
    export.out.unlink()
    org.faults.clear()
    export.done("Contact", "Account", **BULK)
    with duckdb.connect(str(export.out), read_only=True) as database:
        assert database.execute("SELECT count(*) FROM Contact").fetchone() == (3,)
        assert database.execute("SELECT count(*) FROM Account").fetchone() == (len(rows),)


def test_a_second_command_meanwhile(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """Is refused, and changes nothing for the first."""
    seconds: list[Run] = []

    def run_another() -> None:
        config = export.tap.folder / "config.json"
        arguments = ["export", "Account", "--to", str(export.out), "--config", str(config)]
        with started(export.tap, *arguments) as process:
            _, log = finished(process)
        seconds.append(Run(process.returncode, "", log))

    org.faults.add("*/results", faults.before(run_another), skip=2, times=1)
    export.done("Account", **BULK)
    (second,) = seconds
    assert second.exit_code == 2
    assert "is being written by another export" in second.log
    assert sorted(export.ids("Account")) == sorted(rows)


@pytest.mark.parametrize("ending", ["", ".duckdb"])
def test_what_another_command_has_made_meanwhile(
    org: LocalOrg, export: Export, rows: list[str], ending: str
) -> None:
    """Is not replaced: it was not there to be looked at when this one began."""
    org.store.seed("Contact", 3)
    export.out = export.out.with_name(export.out.name + ending)
    others: list[Run] = []

    def run_another() -> None:
        config = export.tap.folder / "config.json"
        arguments = ["export", "Account", "--to", str(export.out), "--where", "Name = 'none'"]
        with started(export.tap, *arguments, "--config", str(config)) as process:
            _, log = finished(process)
        others.append(Run(process.returncode, "", log))

    org.faults.add(faults.querying("Contact"), faults.before(run_another), times=1)
    run = export.run("Contact", "Account", api_mode="rest", max_parallel_jobs=1)
    assert [each.exit_code for each in others] == [0]
    assert run.exit_code == 2, run.log
    assert "Account" in run.log.splitlines()[-1]
    assert run.log.splitlines()[-1].endswith("[export-exists]")
    assert len(rows) == 45


def test_what_takes_a_minute_is_said(
    org: LocalOrg, export: Export, clock: OrgClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can tell waiting from hanging otherwise."""
    org.store.seed("Account", 3)
    late = LateAnswer(clock, caplog, "Waiting for a page of Account")
    org.faults.add("GET /query*", late)
    run = export.done("Account", api_mode="rest")
    assert late.found == [True]
    assert "for 1 minute now." in run.log


# What is there already


def test_overwriting(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """What was there stays until all that takes its place has come."""
    export.done("Account", **BULK)
    more = org.store.seed("Account", 5, hurt=False)
    outage_behind(org, 3)
    assert export.run("Account", "--overwrite", **BULK).exit_code == 5
    assert sorted(export.ids("Account")) == sorted(rows)
    org.faults.clear()
    export.done("Account", "--overwrite", **BULK)
    assert sorted(export.ids("Account")) == sorted([*rows, *more])
    assert [path.name for path in export.out.iterdir()] == ["Account"]


@pytest.mark.parametrize("hours", [1, 24])
def test_overwriting_each_night(
    org: LocalOrg, export: Export, clock: OrgClock, rows: list[str], hours: int
) -> None:
    """A run of the night before that failed has no part in it; one of an hour ago has."""
    contacts = org.store.seed("Contact", 3)
    export.done("Contact", "Account", **BULK)
    outage_behind(org, 3)
    assert export.run("Contact", "Account", "--overwrite", **BULK).exit_code in (5, 7)
    org.faults.clear()
    org.journal.clear()
    clock.sleep(hours * 3_600)
    more = org.store.seed("Contact", 2)
    run = export.done("Contact", "Account", "--overwrite", **BULK)
    is_anew = hours > 12
    assert jobs_created(org) == 2 * is_anew
    said = r"begins anew: what .* has left of it \(\d+ rows\) was begun more than 12 hours ago\."
    assert len(re.findall(said, run.log)) == 2 * is_anew
    assert sorted(export.ids("Contact")) == sorted([*contacts, *(more if is_anew else [])])
    assert sorted(export.ids("Account")) == sorted(rows)


def test_a_link_is_followed(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """The files of an object may lie elsewhere, and stay there when they are replaced."""
    elsewhere = export.out.with_name("elsewhere")
    export.out.mkdir()
    (export.out / "Account").symlink_to(elsewhere / "accounts")
    for more in ([], ["--overwrite"]):
        export.done("Account", *more, **BULK)
        assert sorted(export.ids("Account")) == sorted(rows)
        assert (export.out / "Account").is_symlink()
        assert [path.name for path in elsewhere.iterdir()] == ["accounts"]
    assert jobs_created(org) == 2


@pytest.mark.parametrize("name", ["Account", "Account.incomplete", "Account.replaced"])
def test_files_of_others_are_not_overwritten(
    org: LocalOrg, export: Export, rows: list[str], name: str
) -> None:
    """A folder of that name may be anybody's."""
    (export.out / name).mkdir(parents=True)
    (export.out / name / "letter.txt").write_text("dear")
    run = export.run("Account", "--overwrite", **BULK)
    assert run.exit_code == 2
    assert "letter.txt" in run.log
    assert len(rows) == 45
    assert org.journal.calls("/query") == []
    assert export.names(name) == ["letter.txt"]


@pytest.mark.parametrize("written_as", ["parquet", "csv", "jsonl"])
def test_a_full_disk_in_the_middle(
    org: LocalOrg, export: Export, rows: list[str], written_as: str
) -> None:
    """One sentence, and what is whole is gone on with once there is room."""
    # Behind pages that have room, those that have it only while they are packed.
    org.store.insert(
        "Account",
        [{"Description": secrets.token_hex(15_000)} for _ in range(30)],
        stamp=datetime.now(timezone.utc) - timedelta(days=7),
    )
    config = export.tap.config(**BULK)
    arguments = ["export", "Account", "--to", str(export.out), "--format", written_as]

    def with_little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (230_000, 230_000))

    with started(
        export.tap, *arguments, "--config", config, preexec_fn=with_little_room
    ) as process:
        _, log = finished(process)
    (line,) = re.findall(r".*\| ERROR.*", log)
    assert "Traceback" not in log
    assert "Exception ignored" not in log
    assert "File too large" in line
    assert line.endswith("[export-not-written]")
    assert process.returncode == 2
    assert {path.suffix for path in making(export).iterdir()} <= {f".{written_as}", ".json"}
    export.done("Account", "--format", written_as, **BULK)
    assert jobs_created(org) == 1
    assert len(rows) == 45
    if written_as == "parquet":
        assert len(set(export.ids("Account"))) == 75


def test_what_was_kept_is_of_no_use(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """Whatever somebody has done to it, it is made anew and not taken for good."""
    outage_behind(org, 3)
    for name, content in (
        (".export.json", b"{"),
        ("part-00001.parquet", b"short"),
        (".export.json", b'{"key": "a", "soql": "b", "begun": "2026-01-01T00:00:00"}'),
    ):
        export.run("Account", **BULK)
        (making(export) / name).write_bytes(content)
    org.faults.clear()
    export.done("Account", **BULK)
    assert sorted(export.ids("Account")) == sorted(rows)
