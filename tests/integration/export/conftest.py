"""`export` as a user runs it, and what is in the files then."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner


@dataclass
class Export:
    """Runs `export` against one org.

    Attributes:
        tap: Runs the tap.
        out: Where the files go.
    """

    tap: TapRunner
    out: Path

    def run(self, *arguments: str, **settings: object) -> Run:
        """Export with these settings, whatever comes of it."""
        config = self.tap.config(**settings)
        return self.tap.command("export", *arguments, "--to", str(self.out), "--config", config)

    def done(self, *arguments: str, **settings: object) -> Run:
        """Export, which has to succeed."""
        run = self.run(*arguments, **settings)
        assert run.exit_code == 0, run.log
        return run

    def names(self, name: str) -> list[str]:
        """Return the names of an object's files, hidden ones too."""
        return sorted(path.name for path in (self.out / name).iterdir())

    def ids(self, name: str) -> list[str]:
        """Return the Ids in all Parquet files of an object, in their order."""
        paths = sorted((self.out / name).glob("*.parquet"))
        return [row_id for path in paths for row_id in pl.read_parquet(path)["Id"]]


@pytest.fixture
def export(tap: TapRunner, tmp_path_factory: pytest.TempPathFactory) -> Export:
    return Export(tap, tmp_path_factory.mktemp("export") / "out")


def csv_rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of all CSV files in a folder, read by what RFC 4180 says."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += list(csv.DictReader(file, strict=True))
    return found


def json_rows(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of all files of JSON lines in a folder; numbers have all their digits."""
    return [
        json.loads(line, parse_float=Decimal)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_bytes().splitlines()
    ]


def expected_rows(org: LocalOrg, name: str) -> dict[str, dict[str, Any]]:
    """Return the org's own rows by Id."""
    return {str(row["Id"]): row for row in org.store.rows(name)}
