"""An org of one object with three formulas and rows that differ, whose pages are ready bytes.

`python -m tests.bench.swept_org --directory F --rows 1000000` writes a config.json that signs in to
it into the folder, says its address, and serves until it is stopped. Nothing in it changes.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from typing_extensions import override

from tests.bench import pages
from tests.bench.ready_org import Answer, ReadyOrg, serve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The object.
SWEPT = "Swept__c"
FORMULAS = ("First__c", "Second__c", "Third__c")
_FIELDS = (*FORMULAS, "SystemModstamp", "IsDeleted", "Id")
_KINDS = dict(
    zip(_FIELDS, ("double", "currency", "string", "datetime", "boolean", "id"), strict=True)
)
_ORG_ID = "00D5g0000000001EAA"


class SweptOrg(ReadyOrg):
    """The answers of the org.

    Args:
        rows: How many there are.
    """

    def __init__(self, *, rows: int) -> None:
        super().__init__(columns=10, rows={SWEPT: rows}, page_rows=pages.BULK_PAGE_ROWS)

    @override
    def _make_ready(self) -> None:
        super()._make_ready()
        total, size = self._rows[SWEPT], pages.BULK_PAGE_ROWS
        self._pages = {
            start: gzip.compress(_page(start, min(size, total - start)), compresslevel=6)
            for start in range(0, total, size)
        }

    @override
    def get(self, path: str, query: Mapping[str, Sequence[str]]) -> Answer:
        """Answer a GET."""
        if path.endswith(f"/{SWEPT}/describe"):
            return Answer(json.dumps(_describe()).encode())
        return super().get(path, query)

    @override
    def post(self, path: str, body: bytes) -> Answer:
        """Answer a POST."""
        if path != "/services/oauth2/token":
            return super().post(path, body)
        token = {"access_token": "00D!ready", "scope": "api"}
        identity = f"https://login.salesforce.com/id/{_ORG_ID}/0055g0000000001AAA"
        return Answer(json.dumps({**token, "id": identity}).encode())

    @override
    def _selected(self, name: str) -> str:
        return ", ".join(_FIELDS)

    @override
    def _bulk_page(self, name: str, start: int) -> Answer:
        page = super()._bulk_page(name, start)
        body = self._pages[start] if name == SWEPT else gzip.compress(_page(0, 0))
        return Answer(body, page.headers)


def _page(start: int, count: int) -> bytes:
    index = pl.DataFrame({"n": pl.int_range(start, start + count, dtype=pl.UInt64, eager=True)})
    n = pl.col("n")
    table = index.select(
        pl.format("{}.{}", n.hash(1) % 100_000, n.hash(2) % 90 + 10).alias(FORMULAS[0]),
        pl.format("{}.5", n.hash(3) % 1_000_000).alias(FORMULAS[1]),
        pl.format("Tier {}", n.hash(4) % 1_000).alias(FORMULAS[2]),
        pl.from_epoch(n.cast(pl.Int64) + 1_672_531_200, time_unit="s")
        .dt.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        .alias("SystemModstamp"),
        pl.lit("false").alias("IsDeleted"),
        pl.format("a0X5g00{}AAA", n.cast(pl.String).str.zfill(8)).alias("Id"),
    )
    return pages.csv_page(table)


def _describe() -> dict[str, object]:
    return {
        "name": SWEPT,
        "label": SWEPT,
        "queryable": True,
        "fields": [
            {
                "name": name,
                "label": name,
                "type": _KINDS[name],
                "nillable": name in FORMULAS,
                "filterable": True,
                "sortable": True,
                "calculated": name in FORMULAS,
            }
            for name in ("Id", *_FIELDS[:-1])
        ],
    }


def main() -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.swept_org", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the config goes")
    parser.add_argument("--rows", type=int, required=True, help="of the object")
    options = parser.parse_args()
    serve(SweptOrg(rows=options.rows), options.directory)


if __name__ == "__main__":
    main()
