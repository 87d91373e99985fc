"""What is in the files: each row once, and every value as the org has it."""

from __future__ import annotations

import sys
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.export.conftest import csv_rows, expected_rows, json_rows

if TYPE_CHECKING:
    from tests.integration.export.conftest import Export
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

LAST_WEEK = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=7)
STAMP = datetime(2026, 11, 23, 10, 0, 0, 0, tzinfo=timezone.utc)
AMOUNT = Decimal("9007199254740993.25")
ODD = 'a "quoted", text\r\nof two lines\tand 🙂, =1+1'
FIELDS = "Id,Name,AnnualRevenue,NumberOfEmployees,IsDeleted,SystemModstamp,BillingAddress"


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    """Three accounts: one with everything, one with nothing, one that a spreadsheet would take
    for a formula."""
    values: list[dict[str, Any]] = [
        {"Name": ODD, "AnnualRevenue": AMOUNT, "NumberOfEmployees": 7, "BillingCity": "Köln"},
        {"Name": "b"},
        {"Name": "=cmd|' /C calc'!A0", "AnnualRevenue": Decimal("9.5e8")},
    ]
    return org.store.insert("Account", values, stamp=STAMP)


def test_csv(export: Export, rows: list[str]) -> None:
    """Text as it is, numbers plain, instants in UTC, compounds as their parts, null as nothing."""
    export.done("Account", "--format", "csv", "--fields", FIELDS)
    found = {row["Id"]: row for row in csv_rows(export.out / "Account")}
    assert list(found) == rows
    first, second, third = (found[each] for each in rows)
    assert list(first)[:6] == FIELDS.split(",")[:6]
    assert first["Name"] == ODD
    assert first["AnnualRevenue"] == "9007199254740993.25"
    assert first["NumberOfEmployees"] == "7"
    assert first["IsDeleted"] == "false"
    assert first["SystemModstamp"] == "2026-11-23T10:00:00.000Z"
    assert first["BillingCity"] == "Köln"
    assert "BillingAddress" not in first
    assert second["AnnualRevenue"] == second["BillingCity"] == ""
    assert third["Name"] == "=cmd|' /C calc'!A0"
    assert third["AnnualRevenue"] == "950000000.0"


def test_json_lines(export: Export, rows: list[str]) -> None:
    """As the record of a message: numbers exact, a compound as an object."""
    export.done("Account", "--format", "jsonl", "--fields", FIELDS)
    found = {row["Id"]: row for row in json_rows(export.out / "Account")}
    first, second, _ = (found[each] for each in rows)
    assert first["Name"] == ODD
    assert first["AnnualRevenue"] == AMOUNT
    assert first["SystemModstamp"] == "2026-11-23T10:00:00.000Z"
    assert first["BillingAddress"]["city"] == "Köln"
    assert second["AnnualRevenue"] is second["BillingAddress"] is None


def test_parquet(export: Export, rows: list[str]) -> None:
    """Real types, read by others than those who wrote them."""
    export.done("Account", "--fields", FIELDS)
    (name,) = export.names("Account")
    table = pq.read_table(export.out / "Account" / name)
    assert table.schema.field("AnnualRevenue").type == pa.decimal128(38, 18)
    assert table.schema.field("SystemModstamp").type == pa.timestamp("ms", tz="UTC")
    found = {row["Id"]: row for row in table.to_pylist()}
    first, second, _ = (found[each] for each in rows)
    assert first["Name"] == ODD
    assert first["AnnualRevenue"] == AMOUNT
    assert first["NumberOfEmployees"] == 7
    assert first["IsDeleted"] is False
    assert first["SystemModstamp"] == STAMP
    assert first["BillingAddress"]["city"] == "Köln"
    assert second["BillingAddress"] is None


def test_labels_and_help_texts(org: LocalOrg, export: Export) -> None:
    """Stand in the metadata of each column, for who reads the schema."""
    org.store.insert("Opportunity", [{"Name": "a"}], stamp=LAST_WEEK)
    described = {each.name: each.describe() for each in org.store.sobjects["Opportunity"].fields}
    export.done("Opportunity")
    schema = pq.read_schema(export.out / "Opportunity" / "part-00001.parquet")
    for name, field in described.items():
        if name in schema.names:
            told = schema.field(name).metadata or {}
            assert told.get(b"label", b"").decode() == field["label"]
            assert told.get(b"help", b"").decode() == (field["inlineHelpText"] or "")


def test_times_and_dates(org: LocalOrg, export: Export) -> None:
    """Have their types, too."""
    name, field = next(
        (name, each.name)
        for name, sobject in org.store.sobjects.items()
        for each in sobject.fields
        if each.describe()["type"] == "time"
    )
    org.store.insert(name, [{field: "08:30:00.250Z"}], stamp=LAST_WEEK)
    org.store.insert("Opportunity", [{"CloseDate": date(2024, 2, 29)}], stamp=LAST_WEEK)
    database = export.out.with_suffix(".duckdb")
    export.done(name, "Opportunity")
    export.out, out = database, export.out
    export.done(name)
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(f'SELECT "{field}" FROM "{name}"').fetchall()  # noqa: S608
    assert found == [(time(8, 30, 0, 250_000),)]
    export.out = out
    (times,) = (export.out / name).glob("*.parquet")
    assert pl.read_parquet(times)[field].to_list() == [time(8, 30, 0, 250_000)]
    (dates,) = (export.out / "Opportunity").glob("*.parquet")
    assert pl.read_parquet(dates)["CloseDate"].to_list() == [date(2024, 2, 29)]


@pytest.mark.parametrize("written_as", ["parquet", "csv", "jsonl"])
def test_an_object_without_rows(export: Export, written_as: str) -> None:
    """Has one file, which says what its columns are as far as its form can."""
    export.done("Account", "--format", written_as, "--fields", "Id,Name,AnnualRevenue")
    assert export.names("Account") == [f"part-00001.{written_as}"]
    file = export.out / "Account" / f"part-00001.{written_as}"
    if written_as == "csv":
        assert file.read_text(encoding="utf-8") == "Id,Name,AnnualRevenue\n"
    elif written_as == "jsonl":
        assert file.read_bytes() == b""
    else:
        assert pl.read_parquet(file).schema == {
            "Id": pl.String(),
            "Name": pl.String(),
            "AnnualRevenue": pl.Decimal(38, 18),
        }


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
@pytest.mark.parametrize("written_as", ["parquet", "csv", "jsonl"])
def test_a_file_for_each_page(
    org: LocalOrg, export: Export, written_as: str, api_mode: str
) -> None:
    """By either API, more pages than may wait; each row once, and only its owner may read them."""
    org.store.seed("Account", 125, hurt=False)
    org.settings.result_page_rows = 10
    org.settings.page_rows, org.settings.batch_size_hint = 10, "ignore"
    run = export.done("Account", "--format", written_as, api_mode=api_mode, bulk_page_rows=10)
    assert export.names("Account") == [f"part-{n:05d}.{written_as}" for n in range(1, 14)]
    assert run.stdout.startswith("Account: 125 rows in 13 files, ")
    assert "earlier run" not in run.log
    assert org.jobs.all() == []
    expected = expected_rows(org, "Account")
    if written_as == "parquet":
        found = [
            row
            for path in sorted((export.out / "Account").iterdir())
            for row in pl.read_parquet(path).to_dicts()
        ]
    else:
        read = csv_rows if written_as == "csv" else json_rows
        found = read(export.out / "Account")
    assert len(found) == len(expected)
    for row in found:
        kept = expected.pop(row["Id"])
        assert row["Name"] == kept["Name"]
        assert (Decimal(row["AnnualRevenue"]) if row["AnnualRevenue"] else None) == kept[
            "AnnualRevenue"
        ]
    assert expected == {}
    modes = [path.stat().st_mode & 0o777 for path in (export.out / "Account").iterdir()]
    assert set(modes) == {0o600}


def test_a_large_page_is_written_in_slices(org: LocalOrg, export: Export) -> None:
    """One file all the same, with all of its rows."""
    rows = org.store.insert(
        "Account", [{"Description": "x" * 20_000} for _ in range(300)], stamp=LAST_WEEK
    )
    export.done("Account", api_mode="bulk")
    assert export.names("Account") == ["part-00001.parquet"]
    assert sorted(export.ids("Account")) == sorted(rows)


def test_without_pyarrow(export: Export, rows: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are the same; labels are not there, and that is said."""
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    run = export.done("Account", "--fields", FIELDS)
    monkeypatch.undo()
    assert "pyarrow" in run.log
    schema = pq.read_schema(export.out / "Account" / "part-00001.parquet")
    assert schema.field("AnnualRevenue").type == pa.decimal128(38, 18)
    assert schema.field("AnnualRevenue").metadata is None
    assert sorted(export.ids("Account")) == sorted(rows)


# DuckDB


def test_duckdb(org: LocalOrg, export: Export, rows: list[str]) -> None:
    """A table for each object, with its types, labels and help texts, and no file beside it."""
    org.store.seed("Opportunity", 35)
    export.out = export.out.with_suffix(".duckdb")
    export.done("Account", "Opportunity", "--fields", f"Account:{FIELDS}")
    assert [path.name for path in export.out.parent.iterdir()] == [export.out.name]
    if sys.platform != "win32":
        assert export.out.stat().st_mode & 0o077 == 0
    with duckdb.connect(str(export.out), read_only=True) as database:
        types = dict(
            database.execute(
                "SELECT column_name, data_type FROM information_schema.columns "
                "WHERE table_name = 'Account'"
            ).fetchall()
        )
        assert types["AnnualRevenue"] == "DECIMAL(38,18)"
        assert types["SystemModstamp"] == "TIMESTAMP WITH TIME ZONE"
        assert types["BillingAddress"].startswith("STRUCT(city VARCHAR")
        found = dict(database.execute('SELECT "Id", "AnnualRevenue" FROM Account').fetchall())
        assert found == {rows[0]: AMOUNT, rows[1]: None, rows[2]: Decimal("9.5e8")}
        assert database.execute("SELECT count(*) FROM Opportunity").fetchone() == (35,)
        (comment,) = database.execute(
            "SELECT comment FROM duckdb_columns() "
            "WHERE table_name = 'Opportunity' AND column_name = 'Amount'"
        ).fetchall()
        assert comment[0].startswith("Amount")


def test_a_path_is_no_pattern(org: LocalOrg, export: Export) -> None:
    """Nor is a folder a column: in the table is what is in the files, whatever they lie in."""
    org.store.insert("Account", [{"Name": "real"}])
    lake = export.out.with_name("Name=daily")
    other = lake / "all1.duckdb.incomplete" / "Account" / "part-00001.parquet"
    other.parent.mkdir(parents=True)
    pl.DataFrame({"Name": ["other"]}).write_parquet(other)
    export.out = lake / "all*.duckdb"
    export.done("Account", "--fields", "Name")
    with duckdb.connect(str(export.out), read_only=True) as database:
        assert database.execute("SELECT * FROM Account").fetchall() == [("real",)]


def test_a_table_is_replaced_only_where_that_is_wanted(org: LocalOrg, export: Export) -> None:
    """Others of the database stay as they are."""
    export.out = export.out.with_suffix(".duckdb")
    org.store.seed("Account", 3)
    export.done("Account")
    org.store.seed("Contact", 2)
    export.done("Contact")
    org.store.seed("Account", 4)
    refused = export.run("Account")
    assert refused.exit_code == 2
    assert "--overwrite" in refused.log
    export.done("Account", "--overwrite")
    with duckdb.connect(str(export.out), read_only=True) as database:
        assert database.execute("SELECT count(*) FROM Account").fetchone() == (7,)
        assert database.execute("SELECT count(*) FROM Contact").fetchone() == (2,)


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_a_view_is_not_replaced(org: LocalOrg, export: Export, more: list[str]) -> None:
    """It is somebody's own, and that is told before a row is asked for."""
    org.store.seed("Account", 3)
    export.out = export.out.with_suffix(".duckdb")
    with duckdb.connect(str(export.out)) as database:
        database.execute("CREATE VIEW account AS SELECT 1 AS one")
    run = export.run("Account", *more)
    assert run.exit_code == 2
    (line,) = run.log.splitlines()
    assert "Account of " in line
    assert "is a view, which no export has made" in line
    assert line.endswith("[export-exists]")
    assert org.journal.calls("/query") == []
    assert [path.name for path in export.out.parent.iterdir()] == [export.out.name]


def test_the_environment_will_do(
    org: LocalOrg, export: Export, tap: TapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for all commands."""
    org.store.seed("Account", 3)
    for name, value in org.config().items():
        monkeypatch.setenv(f"TAP_VERSIONFORGE_SALESFORCE_{name.upper()}", str(value))
    run = tap.command("--config=ENV", "export", "Account", "--to", str(export.out))
    assert run.exit_code == 0, run.log
    assert len(export.ids("Account")) == 3
