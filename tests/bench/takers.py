"""What the tap's rows go into: real targets, each in an environment of its own, and DuckDB."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import psycopg
import yaml
from psycopg import sql

from tests.support import packages, processes
from tests.support.postgres_server import SUPERUSER, PostgresServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_TOOLS = processes.ROOT / ".tools" / "bench"
_FILES, _TABLE, _DATABASE = "files", "Thing__c", "rows.duckdb"
_SCHEMA = "bench"
# Compiled, as pip does it.
_INSTALL = ("pip", "install", "--quiet", "--compile-bytecode")
# What each file of rows is read with, by one who has DuckDB and no target.
_READ_PARQUET = f"""\
import duckdb
with duckdb.connect({_DATABASE!r}) as database:
    database.execute("CREATE TABLE \\"{_TABLE}\\" AS FROM read_parquet('{_FILES}/*.parquet')")
"""
RECORD, JSONL, PARQUET, EXPORT = "RECORD", "BATCH jsonl", "BATCH parquet", "export"
_FORMATS = {JSONL: "jsonl", PARQUET: "parquet"}


@dataclass(frozen=True)
class Way:
    """One way of getting the rows into one of them.

    Attributes:
        sent: How the tap sends rows: one of the four above.
        settings: Of the target, beside where it writes.
        loses: What is lost so, for the table.
        batch_size: Rows of a file; None for those of a result page.
    """

    sent: str = RECORD
    settings: Mapping[str, Any] = field(default_factory=dict)
    loses: str = ""
    batch_size: int | None = None

    @property
    def name(self) -> str:
        """What the table calls it."""
        given = {**({"batch_size": self.batch_size} if self.batch_size else {}), **self.settings}
        settings = [f"`{name}: {json.dumps(value)}`" for name, value in given.items()]
        return ", ".join([self.sent, *settings])


@dataclass(frozen=True)
class Taker:
    """What takes the rows.

    Attributes:
        name: What the table calls it.
        packages: What it is installed from; none where it is here already.
        executable: Of the target.
        where: Return the settings by which it writes below a folder, or into a server.
        count: Return how many rows have arrived there.
        ways: How it is run.
        takes_batch: It takes BATCH messages.
    """

    name: str
    packages: tuple[str, ...]
    executable: str
    where: Callable[[Path, PostgresServer | None], dict[str, Any]]
    count: Callable[[Path, PostgresServer | None], int]
    ways: tuple[Way, ...]
    takes_batch: bool = True

    @property
    def wants_postgres(self) -> bool:
        """Tell whether it writes into a server."""
        return self.executable == "target-postgres"

    def command(
        self, folder: Path, way: Way, server: PostgresServer | None
    ) -> list[str | Path] | None:
        """Return what is run, with its config in the folder; None where the tap does it all."""
        if way.sent == EXPORT:
            return None
        if not self.packages:
            return [sys.executable, "-c", _READ_PARQUET]
        config = folder / "target.json"
        config.write_text(json.dumps({**self.where(folder, server), **way.settings}), "utf-8")
        return [self._installed(), "--config", config]

    def _installed(self) -> Path:
        """Install it where it is not, and return its executable."""
        environment = _TOOLS / self.executable
        stamp = environment / "packages.txt"
        wanted = "\n".join(self.packages)
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            sys.stderr.write(f"Installing {', '.join(self.packages)} into {environment}\n")
            packages.uv("venv", "--quiet", "--clear", "--python", packages.PYTHON, environment)
            packages.uv(*_INSTALL, "--python", environment, *self.packages)
            stamp.write_text(wanted, "utf-8")
        return environment / "bin" / self.executable


def exported(folder: Path) -> tuple[str | Path, ...]:
    """Return the arguments by which the tap itself puts the rows into DuckDB."""
    return ("export", _TABLE, "--to", folder / _DATABASE)


def batch_config(way: Way, folder: Path) -> dict[str, Any]:
    """Return the settings of the tap that a way wants."""
    if way.sent not in _FORMATS:
        return {}
    files = folder / _FILES
    files.mkdir()
    written: dict[str, Any] = {"encoding": {"format": _FORMATS[way.sent]}}
    written["storage"] = {"root": files.as_uri()}
    if way.batch_size:
        written["batch_size"] = way.batch_size
    return {"batch_config": written}


def _pinned(name: str) -> str:
    """Return what meltano.yml installs a target from."""
    project = yaml.safe_load((processes.ROOT / "meltano.yml").read_text("utf-8"))
    (found,) = (each for each in project["plugins"]["loaders"] if each["name"] == name)
    return str(found["pip_url"])


def _in_postgres(_: Path, server: PostgresServer | None) -> dict[str, Any]:
    assert server
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "database": SUPERUSER,
        "user": SUPERUSER,
        "password": "trusted-anyway",
        "default_target_schema": _SCHEMA,
    }


def _count_in_postgres(_: Path, server: PostgresServer | None) -> int:
    """Return how many rows the table has, and drop it."""
    assert server
    with psycopg.connect(host="127.0.0.1", port=server.port, user=SUPERUSER) as connection:
        table, schema = sql.Identifier(_SCHEMA, _TABLE), sql.Identifier(_SCHEMA)
        query = sql.SQL("SELECT count(*) FROM {}").format(table)
        (found,) = connection.execute(query).fetchone() or (0,)
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(schema))
    return int(found)


def _count_in_duckdb(folder: Path, _: PostgresServer | None) -> int:
    with duckdb.connect(folder / _DATABASE, read_only=True) as database:
        (found,) = database.execute(f'SELECT count(*) FROM "{_TABLE}"').fetchone() or (0,)  # noqa: S608  a name of ours
    return int(found)


def _count_lines(folder: Path, _: PostgresServer | None) -> int:
    with (folder / "output" / f"{_TABLE}.jsonl").open("rb") as lines:
        return sum(1 for _ in lines)


def _count_in_csv(folder: Path, _: PostgresServer | None) -> int:
    file = folder / "output" / f"{_TABLE}.csv"
    return int(pl.scan_csv(file, infer_schema=False).select(pl.len()).collect().item())


_UNCHECKED = {"validate_records": False}
_COPIED = _UNCHECKED | {"use_copy": True}
_DIGITS = "digits of numbers with more than 15"
_DOUBLES = "digits behind the 15th or so: numbers become doubles"
TAKERS = (
    Taker(
        "target-jsonl 0.1.4",
        (_pinned("target-jsonl"),),
        "target-jsonl",
        lambda folder, _: {"destination_path": str(folder / "output"), "do_timestamp_file": False},
        _count_lines,
        (Way(),),
        takes_batch=False,
    ),
    Taker(
        "meltanolabs-target-postgres 0.8.1",
        # What it reads Parquet with.
        (_pinned("target-postgres"), "pyarrow==23.0.1"),
        "target-postgres",
        _in_postgres,
        _count_in_postgres,
        (
            Way(),
            Way(settings=_UNCHECKED),
            Way(settings=_COPIED, loses=_DIGITS),
            Way(JSONL),
            Way(JSONL, batch_size=10_000),
            Way(JSONL, {"use_copy": True}, loses=_DIGITS),
            Way(PARQUET),
        ),
    ),
    Taker(
        "meltanolabs-target-csv 0.5.0",
        ("meltanolabs-target-csv==0.5.0",),
        "target-csv",
        lambda folder, _: {"output_path": str(folder / "output")},
        _count_in_csv,
        (Way(), Way(settings=_UNCHECKED), Way(JSONL)),
    ),
    Taker(
        "target-duckdb 0.8.0",
        # With newer ones it loses a row.
        ("target-duckdb==0.8.0", "duckdb==1.1.3"),
        "target-duckdb",
        lambda folder, _: {"path": str(folder / _DATABASE), "default_target_schema": "main"},
        _count_in_duckdb,
        (Way(loses=_DOUBLES),),
        takes_batch=False,
    ),
    Taker(
        "DuckDB's read_parquet, no target",
        (),
        "",
        lambda _folder, _server: {},
        _count_in_duckdb,
        (Way(PARQUET),),
    ),
    Taker(
        "`export --to rows.duckdb`, no target",
        (),
        "",
        lambda _folder, _server: {},
        _count_in_duckdb,
        (Way(EXPORT),),
    ),
)
