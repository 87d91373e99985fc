"""`number_format`: numbers with decimals as texts that nobody rounds, however rows are sent."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from singer_sdk.sql.connector import JSONSchemaToSQL

from tests.integration.singer.output.test_batches import files_of, into, path_of, rows_of
from tests.support import processes
from tests.support.catalogs import set_selected
from tests.walkthrough.documents import TARGET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

DECIMAL = {
    "format": "x-singer.decimal",
    "precision": 38,
    "scale": 18,
    "type": ["string", "null"],
}
NUMBER = {"type": ["number", "null"]}
TEXTS = {"number_format": "singer.decimal"}
LONG_AGO = datetime(2025, 1, 1, tzinfo=timezone.utc)
# More digits than a double has; small enough for an exponent; nothing; nothing behind the point.
SERVED = ["1234567890123456.78", "1E-7", None, "950000000"]
SENT = ["1234567890123456.78", "0.0000001", None, "950000000.0"]
OTHER_FORMAT = "has the numbers of Account as another number_format"


def described(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "title"}


@pytest.fixture
def ids(org: LocalOrg) -> list[str]:
    rows = [{"AnnualRevenue": value, "NumberOfEmployees": 7} for value in SERVED]
    rows[0] |= {"BillingLatitude": "50.73", "BillingCity": "Bonn"}
    return org.store.insert("Account", rows, stamp=LONG_AGO)


def with_addresses(tap: TapRunner, **settings: object) -> dict[str, Any]:
    catalog = tap.discover(objects=["Account"], **settings)
    return set_selected(catalog, "Account", "BillingAddress", selected=True)


def assert_texts(run: Run, ids: list[str]) -> None:
    """See that each number with decimals is a text, in the schema and in the rows."""
    assert run.exit_code == 0, run.log
    (message,) = run.messages_of("SCHEMA")
    properties = message["schema"]["properties"]
    assert described(properties["AnnualRevenue"]) == DECIMAL
    assert properties["BillingAddress"]["properties"]["latitude"] == DECIMAL
    assert properties["NumberOfEmployees"]["type"] == ["integer", "null"]
    found = {record["Id"]: record for record in run.records("Account")}
    assert [found[each]["AnnualRevenue"] for each in ids] == SENT
    assert found[ids[0]]["BillingAddress"]["latitude"] == "50.73"
    assert found[ids[0]]["BillingLatitude"] == "50.73"
    assert {record["NumberOfEmployees"] for record in found.values()} == {7}


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
@pytest.mark.parametrize("maps", [{}, {"Account": {}}], ids=["lines", "record by record"])
def test_numbers_with_decimals_are_texts(
    tap: TapRunner, ids: list[str], api_mode: str, maps: dict[str, object]
) -> None:
    """In both lanes and by both APIs, also within an address; whole numbers stay numbers."""
    catalog = with_addresses(tap, **TEXTS)
    more: dict[str, Any] = {"stream_maps": maps} if maps else {}
    run = tap.sync(catalog=catalog, api_mode=api_mode, **TEXTS, **more)
    assert_texts(run, ids)
    assert ("goes record by record" in run.log) is bool(maps)
    assert OTHER_FORMAT not in run.log


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_files_hold_what_their_schema_says(
    tap: TapRunner, tmp_path: Path, ids: list[str], form: str
) -> None:
    """Texts in BATCH files of either format, with every digit."""
    run = tap.sync(catalog=with_addresses(tap), batch_config=into(tmp_path, form), **TEXTS)
    found = {row["Id"]: row for row in rows_of(run, "Account")}
    assert [found[each]["AnnualRevenue"] for each in ids] == SENT
    assert found[ids[0]]["BillingAddress"]["latitude"] == "50.73"
    assert found[ids[0]]["NumberOfEmployees"] == 7
    if form == "parquet":
        schema = pl.read_parquet_schema(path_of(files_of(run, "Account")[0]))
        assert schema["AnnualRevenue"] == pl.String


def test_a_catalog_of_numbers_is_gone_by_with_texts(tap: TapRunner, ids: list[str]) -> None:
    """The setting counts, in SCHEMA and rows alike; it is told once, and is no change of a type."""
    run = tap.sync(catalog=with_addresses(tap), **TEXTS)
    assert_texts(run, ids)
    assert run.log.count(OTHER_FORMAT) == 1
    assert "The type of" not in run.log


def test_a_catalog_of_texts_is_gone_by_with_numbers(tap: TapRunner, ids: list[str]) -> None:
    """Without the setting numbers are numbers again, within an address as well."""
    run = tap.sync(catalog=with_addresses(tap, **TEXTS))
    assert run.exit_code == 0, run.log
    (message,) = run.messages_of("SCHEMA")
    properties = message["schema"]["properties"]
    assert described(properties["AnnualRevenue"]) == NUMBER
    assert properties["BillingAddress"]["properties"]["latitude"] == NUMBER
    found = {record["Id"]: record for record in run.records("Account")}
    assert found[ids[0]]["AnnualRevenue"] == Decimal(SENT[0] or "")
    assert found[ids[0]]["BillingAddress"]["latitude"] == Decimal("50.73")
    assert run.log.count(OTHER_FORMAT) == 1


def test_stream_maps_reckon_with_numbers(tap: TapRunner, ids: list[str]) -> None:
    """What comes of it is a text again, but where its property is a number."""
    maps = {
        "Account": {
            "__filter__": "AnnualRevenue is None or AnnualRevenue > 0.00001",
            "Doubled": "AnnualRevenue * 2 if AnnualRevenue else None",
            "Copied": "AnnualRevenue",
            "Rough": "float(AnnualRevenue) if AnnualRevenue else None",
            "NumberOfEmployees": "NumberOfEmployees * AnnualRevenue if AnnualRevenue else 0",
        }
    }
    run = tap.sync(catalog=with_addresses(tap, **TEXTS), stream_maps=maps, **TEXTS)
    assert run.exit_code == 0, run.log
    (message,) = run.messages_of("SCHEMA")
    properties = message["schema"]["properties"]
    assert described(properties["Copied"]) == DECIMAL
    assert "number" in properties["Rough"]["type"]
    found = {record["Id"]: record for record in run.records("Account")}
    assert ids[1] not in found
    first = found[ids[0]]
    assert first["Doubled"] == "2469135780246913.56"
    assert first["Copied"] == first["AnnualRevenue"] == SENT[0]
    assert first["Rough"] == pytest.approx(Decimal("1234567890123456.8"))
    assert first["NumberOfEmployees"] == 7 * Decimal(SENT[0] or "")
    assert first["BillingAddress"]["latitude"] == "50.73"


def test_a_field_that_became_a_number_is_told_as_before(
    org: LocalOrg, tap: TapRunner, ids: list[str]
) -> None:
    """A text of the catalog's that is a number by now has another type, whatever the format."""
    assert ids
    catalog = tap.discover(objects=["Account"], **TEXTS)
    properties = catalog["streams"][0]["schema"]["properties"]
    properties["AnnualRevenue"] = {"type": ["boolean", "null"]}
    run = tap.sync(catalog=catalog, **TEXTS)
    assert "The type of Account.AnnualRevenue has changed" in run.log
    assert OTHER_FORMAT not in run.log
    assert org.journal.soql()


def test_targets_of_the_sdk_make_a_decimal_with_room_of_it() -> None:
    """Without a size Snowflake would make a column with no place behind the point."""
    made = JSONSchemaToSQL().to_sql_type(DECIMAL)
    assert str(made) == "DECIMAL(38, 18)"


def test_target_jsonl_keeps_every_digit(
    org: LocalOrg, tap: TapRunner, tmp_path: Path, ids: list[str]
) -> None:
    """A real target, with values that it holds against the schema."""
    assert TARGET.exists(), "target-jsonl is not installed; `make pytest` installs it"
    run = tap.sync(objects=["Account"], **TEXTS)
    assert org.journal.soql()
    out = tmp_path / "out"
    out.mkdir()
    target = tap.file("target.json", {"destination_path": str(out)})
    subprocess.run(  # noqa: S603  our own programs only
        [TARGET, "--config", target],
        input=run.stdout.encode(),
        check=True,
        capture_output=True,
        env=processes.environment(),
    )
    (file,) = out.iterdir()
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found = {row["Id"]: row["AnnualRevenue"] for row in rows}
    assert [found[each] for each in ids] == SENT
