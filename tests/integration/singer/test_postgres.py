"""Everything arrives: tap and target as real processes, every value compared in PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import psycopg
import pytest
import yaml
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from tests.local_org import LocalOrg
from tests.support import processes
from tests.support.postgres_server import SUPERUSER, NoServerProgramsError, PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.local_org.objects.fields import Field

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

TARGET = processes.ROOT / ".tools" / "target-postgres" / "bin" / "target-postgres"
SCHEMA = "salesforce"
# More than one REST page of opportunities, so that both APIs serve in the full run.
ROWS = {
    "Account": 300,
    "Contact": 300,
    "Contract": 200,
    "Opportunity": 2_500,
    "User": 100,
    "OpportunityLineItem": 300,
    "QuoteLineItem": 300,
    "OrderItem": 300,
    "ContractLineItem": 300,
}
CHANGED_ROWS = 20
RUN_SECONDS = 300
NEVER_DELETED = "User"
ADDRESS = "BillingAddress"
Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Load:
    """One run of tap and target.

    Attributes:
        expected: The org's rows by stream and Id, as the tables should have them.
        found: The rows of the tables.
        state: What the target confirmed.
        log: What the tap said.
    """

    expected: Mapping[str, Rows]
    found: Mapping[str, Rows]
    state: dict[str, Any]
    log: str


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    if not TARGET.exists():
        _missing("target-postgres is not installed; `make test` installs it")
    try:
        server = PostgresServer()
    except NoServerProgramsError as error:
        _missing(str(error))
    with server:
        yield server


def _missing(reason: str) -> NoReturn:
    if os.environ.get("REQUIRE_POSTGRES"):
        pytest.fail(reason)
    pytest.skip(f"{reason} (REQUIRE_POSTGRES=1 makes this a failure)")


@pytest.fixture(scope="module")
def org() -> Iterator[LocalOrg]:
    with LocalOrg() as org:
        for name, count in ROWS.items():
            ids = org.store.seed(name, count)
            if name != NEVER_DELETED:
                org.store.delete(name, ids[:CHANGED_ROWS], stamp=_long_ago())
        yield org


def _long_ago() -> datetime:
    """Return a stamp before every look-back: such a row is read again only if it changes."""
    return datetime(2025, 1, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def full(org: LocalOrg, server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Load:
    return load(org, server, tmp_path_factory.mktemp("full"), state={})


@pytest.fixture(scope="module")
def incremental(
    org: LocalOrg, server: PostgresServer, full: Load, tmp_path_factory: pytest.TempPathFactory
) -> Load:
    for name in ROWS:
        change(org, name)
    return load(org, server, tmp_path_factory.mktemp("incremental"), state=full.state)


def change(org: LocalOrg, name: str) -> None:
    """Do to an object's rows what happens to them: made, changed, deleted, taken out of the bin."""
    ids = [str(row["Id"]) for row in org.store.rows(name)]
    text = next(
        field.name
        for field in org.store.sobjects[name].fields
        if field.updateable and field.type in {"string", "textarea"}
    )
    org.store.update(name, ids[-CHANGED_ROWS:], {text: "was: \u201cZürich\u201d, is: \U0001f680\n"})
    org.store.insert(name, [{text: "new"}] * 3)
    if name != NEVER_DELETED:
        org.store.undelete(name, ids[: CHANGED_ROWS // 2])
        org.store.delete(name, ids[CHANGED_ROWS : 2 * CHANGED_ROWS])


@pytest.fixture(scope="module", params=["jsonl", "parquet"])
def by_files(
    request: pytest.FixtureRequest,
    org: LocalOrg,
    server: PostgresServer,
    incremental: Load,
    tmp_path_factory: pytest.TempPathFactory,
) -> Load:
    """Load everything from files, change rows, and load what changed."""
    assert incremental.found
    folder = tmp_path_factory.mktemp(request.param)
    how: dict[str, Any] = {
        "schema": f"files_{request.param}",
        "batch_config": {
            "encoding": {"format": request.param},
            "storage": {"root": folder.as_uri()},
        },
    }
    first = load(org, server, folder, state={}, **how)
    for name in ROWS:
        change(org, name)
    second = load(org, server, folder, state=first.state, **how)
    assert "Bulk API 2.0, because" in first.log
    assert "Bulk API 2.0, because" not in second.log
    return second


@pytest.fixture(scope="module", params=["messages", "jsonl", "parquet"])
def of_compounds(
    request: pytest.FixtureRequest,
    org: LocalOrg,
    server: PostgresServer,
    full: Load,
    tmp_path_factory: pytest.TempPathFactory,
) -> Load:
    """Load accounts with their compound fields, in each way that rows can go."""
    assert full.found
    folder = tmp_path_factory.mktemp(f"compounds_{request.param}")
    config = _written(folder / "discover.json", org.config(objects=["Account"]))
    found = processes.run([processes.TAP, "--config", config, "--discover"])
    catalog = json.loads(found.stdout)
    for item in catalog["streams"][0]["metadata"]:
        if item["breadcrumb"] == ["properties", ADDRESS]:
            item["metadata"]["selected"] = True
    how: dict[str, Any] = {"schema": f"compounds_{request.param}"}
    if request.param != "messages":
        storage = {"root": folder.as_uri()}
        how["batch_config"] = {"encoding": {"format": request.param}, "storage": storage}
    return load(org, server, folder, state={}, catalog=catalog, streams=["Account"], **how)


def load(
    org: LocalOrg,
    server: PostgresServer,
    folder: Path,
    *,
    state: Mapping[str, Any],
    schema: str = SCHEMA,
    catalog: Mapping[str, Any] | None = None,
    streams: Sequence[str] = tuple(ROWS),
    **settings: object,
) -> Load:
    """Pipe the tap into the target as a shell would, and read what is in the tables."""
    # A window ends before the second in which it is closed: what changed in that one would wait
    # for the next run.
    org.clock.advance(1)
    tap_config, target_config, state_file = (
        _written(folder / "tap.json", org.config(**settings)),
        _written(folder / "target.json", _target_config(server, schema)),
        _written(folder / "state.json", state),
    )
    command: list[str | Path] = [processes.TAP, "--config", tap_config, "--state", state_file]
    if catalog is not None:
        command += ["--catalog", _written(folder / "catalog.json", catalog)]
    log_path = folder / "tap.log"
    with log_path.open("wb") as log:
        tap = processes.start(command, stdout=subprocess.PIPE, stderr=log)
    try:
        target = processes.run(
            [TARGET, "--config", target_config], stdin=tap.stdout, timeout=RUN_SECONDS
        )
    finally:
        if tap.stdout:
            tap.stdout.close()
        exit_code = tap.wait()
    told = log_path.read_text(encoding="utf-8")
    assert exit_code == 0, told
    return Load(
        expected={name: expected_rows(org, name) for name in streams},
        found=tables(server, schema, streams),
        state=json.loads(target.stdout.splitlines()[-1]),
        log=told,
    )


def _written(path: Path, content: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _target_config(server: PostgresServer, schema: str) -> dict[str, Any]:
    """Return the settings of meltano.yml's target, and where this server is."""
    return {
        **_recommended(),
        "host": "127.0.0.1",
        "port": server.port,
        "user": SUPERUSER,
        "password": "trusted-anyway",
        "database": SUPERUSER,
        "default_target_schema": schema,
    }


def _recommended() -> dict[str, Any]:
    project = yaml.safe_load((processes.ROOT / "meltano.yml").read_text(encoding="utf-8"))
    target = next(each for each in project["plugins"]["loaders"] if each["name"] == TARGET.name)
    return {each["name"]: each["value"] for each in target["settings"] if "value" in each}


def tables(server: PostgresServer, schema: str, streams: Sequence[str]) -> dict[str, Rows]:
    """Return every row of every table, without the columns that the target adds."""
    found = {}
    with psycopg.connect(
        host="127.0.0.1", port=server.port, user=SUPERUSER, row_factory=dict_row
    ) as connection:
        # Without a zone of its own the session would show moments in this machine's.
        connection.execute("SET TIME ZONE 'UTC'")
        set_json_loads(partial(json.loads, parse_float=Decimal), connection)
        for name in streams:
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, name))
            rows = connection.execute(query).fetchall()
            found[name] = {
                row["Id"]: {
                    column: _instant(value)
                    for column, value in row.items()
                    if not column.startswith("_sdc_")
                }
                for row in rows
            }
            assert len(found[name]) == len(rows), f"{name} has rows with the same Id"
    return found


def _instant(value: object) -> object:
    """Return a moment as an instant: the target's columns hold UTC without saying so."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=timezone.utc)
    return value


def expected_rows(org: LocalOrg, name: str) -> Rows:
    """Return the org's own rows with the values that the tap promises for them."""
    fields = [
        field
        for field in org.store.sobjects[name].fields
        if not field.is_compound and field.type != "base64"
    ]
    return {
        str(row["Id"]): {field.name: promised(field, row[field.name]) for field in fields}
        for row in org.store.rows(name)
    }


def promised(field: Field, value: object) -> object:
    """Return what is to arrive for a value of the org's."""
    if field.is_number:
        # What is no finite number, or not integral where it has to be, is null.
        if not isinstance(value, Decimal):
            return None
        if field.type in {"int", "long"}:
            return int(value) if value == value.to_integral_value() else None
        return value
    if isinstance(value, str):
        return value.replace("\0", "") or None
    return value


def differences(expected: Rows, found: Rows) -> list[str]:
    """Return a line for each value that is not the same, exactly."""
    lines = [f"{row_id}: missing" for row_id in expected.keys() - found.keys()]
    lines += [f"{row_id}: not in the org" for row_id in found.keys() - expected.keys()]
    for row_id in expected.keys() & found.keys():
        want, have = expected[row_id], found[row_id]
        lines += [f"{row_id}: columns {want.keys() ^ have.keys()}"] * (want.keys() != have.keys())
        lines += [
            f"{row_id}.{column}: {have[column]!r} instead of {want[column]!r}"
            for column in want.keys() & have.keys()
            # A number that became a float, or a date that became a text, is not the same.
            if (type(have[column]), have[column]) != (type(want[column]), want[column])
        ]
    return sorted(lines)


def test_the_comparison_sees_every_kind_of_difference() -> None:
    """A row too few or too many, a column too few, another value or type: each is reported."""
    expected: Rows = {
        "1": {"Id": "1", "Amount": Decimal("0.1")},
        "2": {"Id": "2", "Amount": None},
        "3": {"Id": "3", "Amount": None},
    }
    found: Rows = {
        "1": {"Id": "1", "Amount": 0.5},
        "2": {"Id": "2"},
        "4": {"Id": "4", "Amount": None},
    }

    assert differences(expected, found) == [
        "1.Amount: 0.5 instead of Decimal('0.1')",
        "2: columns {'Amount'}",
        "3: missing",
        "4: not in the org",
    ]


@pytest.mark.parametrize("stream", ROWS)
def test_a_full_extract_loads_every_value(full: Load, stream: str) -> None:
    """After the first run the table holds the org's rows, deleted ones marked, and no others."""
    assert differences(full.expected[stream], full.found[stream]) == []
    assert len(full.found[stream]) == ROWS[stream]


def test_both_apis_served_the_full_extract(full: Load) -> None:
    """What is compared here came partly by REST and partly by Bulk API 2.0."""
    assert "REST API, because" in full.log
    assert "Bulk API 2.0, because" in full.log


@pytest.mark.parametrize("stream", ROWS)
def test_an_incremental_run_brings_every_change(incremental: Load, stream: str) -> None:
    """New, changed, deleted and undeleted rows are in the table as they are in the org."""
    assert differences(incremental.expected[stream], incremental.found[stream]) == []
    assert len(incremental.found[stream]) == ROWS[stream] + 3


def test_an_incremental_run_reads_only_what_changed(incremental: Load) -> None:
    """The state that the target confirmed keeps the second run small."""
    assert "Bulk API 2.0, because" not in incremental.log
    assert incremental.log.count("REST API, because") == len(ROWS)


@pytest.mark.parametrize("stream", ROWS)
def test_files_load_every_value(by_files: Load, stream: str) -> None:
    """BATCH files bring what messages bring, in full and then incrementally, to the last digit."""
    assert differences(by_files.expected[stream], by_files.found[stream]) == []


def test_compounds_are_loaded_with_all_their_members(of_compounds: Load) -> None:
    """An address is one value of its parts in the target, from messages and from files."""
    found = of_compounds.found["Account"]
    addresses = {row_id: row.pop(ADDRESS) for row_id, row in found.items()}
    assert differences(of_compounds.expected["Account"], found) == []
    for row_id, row in of_compounds.expected["Account"].items():
        parts = {
            member: row[f"Billing{member[:1].upper()}{member[1:]}"]
            for member in (
                *("street", "city", "state", "postalCode", "country"),
                *("latitude", "longitude", "geocodeAccuracy"),
            )
        }
        is_empty = all(value is None for value in parts.values())
        assert addresses[row_id] == (None if is_empty else parts)
    assert any(addresses.values())


LINE_ITEM = "OpportunityLineItem"


def test_decimals_as_texts_are_decimals_in_the_table(
    org: LocalOrg, server: PostgresServer, full: Load, tmp_path: Path
) -> None:
    """With `number_format: singer.decimal` every digit is there, in a column of decimals."""
    assert full.found
    how: dict[str, Any] = {"schema": "decimals", "number_format": "singer.decimal"}
    loaded = load(org, server, tmp_path, state={}, streams=[LINE_ITEM], objects=[LINE_ITEM], **how)
    assert differences(loaded.expected[LINE_ITEM], loaded.found[LINE_ITEM]) == []


def _documented_delete() -> str:
    """Return the SQL that docs/reconciliation.md gives for PostgreSQL."""
    text = (processes.ROOT / "docs" / "reconciliation.md").read_text(encoding="utf-8")
    return text.partition("```sql\n")[2].partition("```")[0]


def _apply_deletions(server: PostgresServer, schema: str) -> None:
    with psycopg.connect(host="127.0.0.1", port=server.port, user=SUPERUSER) as connection:
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
        connection.execute(sql.SQL(_documented_delete()))


def test_what_a_reconciliation_finds_reaches_the_table(
    server: PostgresServer, tmp_path: Path
) -> None:
    """With the SQL of the document, the table is what the org shows, and stays so."""
    how: dict[str, Any] = {
        "schema": "reconciled",
        "streams": [LINE_ITEM],
        "objects": [LINE_ITEM],
        "reconcile_store": str(tmp_path / "store"),
        "reconcile_every_hours": 0,
        "reconcile_fields": {LINE_ITEM: ["Description"]},
    }
    with LocalOrg() as org:
        ids = org.store.seed(LINE_ITEM, 100)
        state = load(org, server, tmp_path, state={}, **how).state
        org.store.hard_delete(LINE_ITEM, ids[:3])
        org.store.hide_rows(LINE_ITEM, ids[3:4])
        org.store.update(LINE_ITEM, ids[4:6], {"Description": "counted anew"}, touch=False)
        state = load(org, server, tmp_path, state=state, **how).state
        _apply_deletions(server, how["schema"])
        found = tables(server, how["schema"], [LINE_ITEM])[LINE_ITEM]
        assert found.keys() == set(ids[4:])
        org.store.show_rows(LINE_ITEM, ids[3:4])
        last = load(org, server, tmp_path, state=state, **how)
        _apply_deletions(server, how["schema"])
        found = tables(server, how["schema"], [LINE_ITEM])[LINE_ITEM]
        assert differences(last.expected[LINE_ITEM], found) == []


def test_a_tombstone_marks_the_row(server: PostgresServer, tmp_path: Path) -> None:
    """And the mark goes when the row comes back, with its values."""
    how: dict[str, Any] = {
        "schema": "tombstones",
        "streams": [LINE_ITEM],
        "objects": [LINE_ITEM],
        "reconcile_store": str(tmp_path / "store"),
        "reconcile_every_hours": 0,
        "deletions": "tombstones",
    }
    with LocalOrg() as org:
        ids = org.store.seed(LINE_ITEM, 100)
        state = load(org, server, tmp_path, state={}, **how).state
        org.store.hide_rows(LINE_ITEM, ids[:2])
        state = load(org, server, tmp_path, state=state, **how).state
        assert _marked(server, how["schema"]) == set(ids[:2])
        org.store.show_rows(LINE_ITEM, ids[:2])
        last = load(org, server, tmp_path, state=state, **how)
        assert _marked(server, how["schema"]) == set()
        assert differences(last.expected[LINE_ITEM], last.found[LINE_ITEM]) == []


def _marked(server: PostgresServer, schema: str) -> set[str]:
    with psycopg.connect(host="127.0.0.1", port=server.port, user=SUPERUSER) as connection:
        query = sql.SQL('SELECT "Id" FROM {} WHERE _sdc_deleted_at IS NOT NULL')
        rows = connection.execute(query.format(sql.Identifier(schema, LINE_ITEM))).fetchall()
    return {row_id for (row_id,) in rows}
