"""`export`: what can be asked for, what it says, and what can't be done, in one sentence each."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.local_org.conditions import faults, outages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=7)


def exported(tap: TapRunner, *arguments: str, **settings: object) -> Run:
    return tap.command("export", *arguments, "--config", tap.config(**settings))


@pytest.fixture
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("export") / "out"


def rows_in(out: Path, name: str = "Account") -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((out / name).glob("*.parquet"))])


def test_what_it_says(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """A line for each object on stdout; which API and why in the log."""
    org.store.seed("Account", 3)
    org.store.seed("Contact", 1)
    run = exported(tap, "Account", "Contact", "--to", str(out))
    assert run.exit_code == 0, run.log
    account, contact = run.stdout.splitlines()
    assert account.startswith("Account: 3 rows in 1 file, 0.0 MB, 0.0 s, by REST API: ")
    assert account.endswith(str(out / "Account"))
    assert contact.startswith("Contact: 1 row in 1 file, ")
    assert "Account: REST API, because all rows fit into one page (3)." in run.log


def test_quiet(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """Behind the command or before it, nothing is said that need not be."""
    org.store.seed("Account", 3)
    run = exported(tap, "Account", "--to", str(out), "--quiet")
    assert (run.exit_code, run.stdout, run.log) == (0, "", "")
    more = ["export", "Account", "--to", str(out), "--overwrite"]
    run = tap.command("--config", tap.config(), "--quiet", *more)
    assert (run.exit_code, run.stdout, run.log) == (0, "", "")


def test_which_rows(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """Fields, a condition, a range of time; deleted rows where they are asked for."""
    days = [datetime(2024, 3, day, tzinfo=timezone.utc) for day in (1, 2, 3, 4)]
    for day in days:
        org.store.insert("Account", [{"Name": f"{day:%d}"}], stamp=day)
    org.store.delete("Account", [str(org.store.rows("Account")[1]["Id"])])
    since = ["--since", "2024-03-02", "--until", "2030-01-01"]
    some = ["--fields", "name, Id", "--where", "Name != '04'"]
    run = exported(tap, "account", "--to", str(out), *some, *since)
    assert run.exit_code == 0, run.log
    found = rows_in(out)
    assert found.columns == ["Name", "Id"]
    assert sorted(found["Name"]) == ["03"]
    more = ["--include-deleted", "--overwrite"]
    assert exported(tap, "Account", "--to", str(out), *more).exit_code == 0
    assert sorted(rows_in(out)["Name"]) == ["01", "02", "03", "04"]


def test_options_of_several_objects(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """Say of which they are."""
    org.store.insert("Account", [{"Name": "a:b"}, {"Name": "c"}], stamp=LAST_WEEK)
    org.store.insert("Contact", [{"LastName": "d"}], stamp=LAST_WEEK)
    run = exported(
        *(tap, "Account", "Contact", "--to", str(out)),
        *("--fields", "account:Id,Name", "--where", "Account:Name = 'a:b'"),
        *("--text-fields", "Contact:CreatedDate"),
    )
    assert run.exit_code == 0, run.log
    assert rows_in(out).columns == ["Id", "Name"]
    assert rows_in(out)["Name"].to_list() == ["a:b"]
    assert rows_in(out, "Contact")["CreatedDate"].dtype == pl.String


def test_an_object_that_is_named_twice(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """In whatever case, is one."""
    org.store.seed("Account", 3)
    run = exported(tap, "Account", "account", "--to", str(out), "--fields", "Id")
    assert run.exit_code == 0, run.log
    assert len(run.stdout.splitlines()) == 1
    assert rows_in(out).columns == ["Id"]


def test_the_config_before_the_command(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """Will do, also with settings that are for the tap alone."""
    org.store.seed("Account", 3)
    config = tap.config(stream_maps={"Account": {}}, objects=["Contact"])
    run = tap.command("--config", config, "export", "Account", "--to", str(out))
    assert run.exit_code == 0, run.log
    assert rows_in(out).height == 3


def test_settings_that_there_are_not(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """Are warned of, as in a run of the tap; what is missing is told."""
    org.store.seed("Account", 3)
    run = exported(tap, "Account", "--to", str(out), stream_maps={}, parallel_donwloads=2)
    assert run.exit_code == 0
    warnings = [line for line in run.log.splitlines() if "WARNING" in line]
    assert len(warnings) == 1
    assert "parallel_donwloads" in warnings[0]
    missing = tap.command("export", "Account", "--to", str(out))
    assert missing.exit_code == 2
    assert missing.log.splitlines()[-1].endswith("[missing-setting]")


# What can't be done


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Acount"], "Did you mean Account?"),
        (["Account,Contact"], "Name each by itself: Account Contact."),
        (["Account", "--fields", "Nmae"], "--fields names Nmae"),
        (["Account", "--fields", "Nmae"], "Did you mean Name?"),
        (["Account", "--fields", " , "], "--fields names no field"),
        (["Account", "--text-fields", "Nmae"], "--text-fields names Nmae"),
        (["Account", "--since", "yesterday"], "--since is no instant"),
        (["Account", "--since", "2024-02-02", "--until", "2024-02-01"], "not before --until"),
        (["Account", "Contact", "--fields", "Id"], 'Write --fields "Account:Id"'),
        (["Account", "Contact", "--where", "Contact:Id != ''", "--where", "Id = ''"], "of which"),
        (["Account", "--fields", "Id", "--fields", "Name"], "two things of Account"),
        (["Account", "--format", "csv", "--to", "x.duckdb"], "--format csv does not go"),
        (["Account", "--to", "rows.csv"], "--to rows/ --format csv"),
        (["Account", "--to", "/dev/null"], "is a file, not a folder"),
        (["Account", "--to", ""], "--to '' is no path of this machine"),
        (["Account", "--to", "s3://bucket/rows"], "is no path of this machine"),
        (["Account", "--to", "~nobody of that name/rows"], "the home of a user that there is not"),
        (["Account", "--to", "x" * 300], "can't be written (File name too long)"),
        (["Account", "--where", ""], "--where is empty"),
    ],
)
def test_what_can_not_be_asked_for(
    org: LocalOrg, tap: TapRunner, out: Path, arguments: list[str], words: str
) -> None:
    """Is told before a row is asked for, and leaves nothing behind."""
    org.store.seed("Account", 3)
    to = [] if "--to" in arguments else ["--to", str(out)]
    run = exported(tap, *arguments, *to)
    assert run.exit_code == 2
    (line,) = run.log.splitlines()
    assert words in line
    assert run.stdout == ""
    assert org.journal.calls("/query") == []
    assert not out.exists()


@pytest.mark.parametrize("where", ["Name ~ 'x'", "Nmae = 'x'", "Name = 'x' LIMIT 1"])
def test_a_condition_that_is_no_soql(org: LocalOrg, tap: TapRunner, out: Path, where: str) -> None:
    """Is told before a row is asked for."""
    org.store.seed("Account", 3)
    run = exported(tap, "Account", "--to", str(out), "--where", where)
    assert run.exit_code == 2
    (line,) = run.log.splitlines()
    assert " --where " in line
    assert org.journal.calls("/query") == []
    assert not out.exists()


def test_an_object_that_needs_a_filter(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """Says so, as Salesforce does."""
    said = "Implementation restriction: Account requires a filter by a single Id"
    org.faults.add(
        "GET /query*",
        faults.answer(400, [{"errorCode": "MALFORMED_QUERY", "message": said}]),
        times=None,
    )
    run = exported(tap, "Account", "--to", str(out))
    assert run.exit_code == 7
    assert said in run.log
    assert "it goes on from there" not in run.log
    assert list(out.iterdir()) == []


def test_what_helps_is_called_as_it_is_given(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """By the options of the command, not by the arguments of Python."""
    org.store.seed("Account", 3)
    slow = faults.answer(400, [{"errorCode": "QUERY_TIMEOUT", "message": "It runs too long"}])
    org.faults.add("GET /query*", slow, times=None)
    run = exported(tap, "Account", "--to", str(out), api_mode="rest")
    assert run.exit_code == 7
    assert "--where, --since and --until leave fewer rows." in run.log


def test_what_is_there_already(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """Stays, and nothing is read."""
    org.store.seed("Account", 3)
    exported(tap, "Account", "--to", str(out))
    org.journal.clear()
    run = exported(tap, "Account", "--to", str(out))
    assert run.exit_code == 2
    (line,) = run.log.splitlines()
    assert "is there already. --overwrite replaces it" in line
    assert line.endswith("[export-exists]")
    assert org.journal.calls("/query") == []


@pytest.mark.parametrize("target", ["file/rows", "file.duckdb"])
def test_what_can_not_be_written(org: LocalOrg, tap: TapRunner, out: Path, target: str) -> None:
    """Below a file there is no folder, and a text is no database."""
    org.store.seed("Account", 3)
    out.mkdir()
    for name in ("file", "file.duckdb"):
        (out / name).write_text("a text that is no database " * 1_000)
    run = exported(tap, "Account", "--to", str(out / target))
    assert run.exit_code == 2
    (line,) = run.log.splitlines()
    assert line.endswith("[export-not-written]")
    assert org.journal.calls("/query") == []


def test_duckdb_that_is_not_installed(
    org: LocalOrg, tap: TapRunner, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names the extra."""
    org.store.seed("Account", 3)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    run = exported(tap, "Account", "--to", str(out.with_suffix(".duckdb")))
    monkeypatch.undo()
    assert run.exit_code == 2
    assert '"tap-versionforge-salesforce[duckdb]" brings it' in run.log


def test_a_value_that_fits_no_type(org: LocalOrg, tap: TapRunner, out: Path) -> None:
    """Fails its object by name, and says how it can be had; the others come."""
    org.store.insert("Account", [{"Name": "a"}], stamp=LAST_WEEK)
    org.store.seed("Contact", 2)
    empty, huge = b'"AnnualRevenue":null', f'"AnnualRevenue":{"9" * 30}.0'
    org.faults.add(
        faults.querying("Account"),
        faults.replace_body(lambda body: body.replace(empty, huge.encode())),
        times=None,
    )
    run = exported(tap, "Account", "Contact", "--to", str(out))
    assert run.exit_code == 7
    assert "Account.AnnualRevenue has a value that its type can't hold" in run.log
    assert rows_in(out, "Contact").height == 2
    assert not (out / "Account").exists()
    as_text = exported(tap, "Account", "--to", str(out), "--text-fields", "AnnualRevenue")
    assert as_text.exit_code == 0, as_text.log
    assert rows_in(out)["AnnualRevenue"].to_list() == [f"{'9' * 30}.0"]


@pytest.mark.parametrize(
    ("fault", "exit_code"), [(outages.daily_limit(), 4), (outages.server_unavailable(), 5)]
)
def test_what_is_wrong_with_the_whole_org(
    org: LocalOrg, tap: TapRunner, out: Path, fault: faults.Action, exit_code: int
) -> None:
    """Ends the command with that, and is not tried with the next object."""
    org.store.seed("Account", 3)
    org.faults.add(faults.querying("Account"), fault, times=None)
    org.faults.add("*/limits*", fault, times=None)
    org.faults.add("GET /services/data/", fault, times=None)
    run = exported(tap, "Account", "Contact", "--to", str(out))
    assert run.exit_code == exit_code, run.log
    assert "Traceback" not in run.log
    assert run.log.splitlines()[-1].count("Run the same command again: it goes on") == 1
    assert not (out / "Account").exists()
