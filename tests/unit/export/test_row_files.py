"""Files of rows, slice by slice."""

from __future__ import annotations

import csv
import io
import json
import sys
from decimal import Decimal

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_versionforge_salesforce.engine.selection import Selection
from tap_versionforge_salesforce.export.destination import Format
from tap_versionforge_salesforce.export.row_files import row_files
from tap_versionforge_salesforce.salesforce.frames.frame import frame_of
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.soql import Query
from tests.support import processes

COLUMNS = (Column("Amount", Kind.NUMBER, label="Amount", help_text="In euros"),)
SELECTION = Selection(Query("Thing__c", COLUMNS), COLUMNS)


@pytest.mark.parametrize(("slices", "groups"), [(3, 1), (6, 1), (15, 3)])
def test_a_large_page_in_row_groups(slices: int, groups: int) -> None:
    """So that memory holds a part of it; the file is the same to whoever reads it."""
    file = io.BytesIO()
    rows = row_files(SELECTION, Format.PARQUET)(file)
    some = frame_of(pl.DataFrame({"Amount": ["1.5"] * 10_000}), COLUMNS)
    for _ in range(slices):
        rows.add(some)
    rows.end()
    found = pq.ParquetFile(file)
    assert (found.num_row_groups, found.metadata.num_rows) == (groups, slices * 10_000)
    assert found.schema_arrow.field("Amount").metadata == {
        b"label": b"Amount",
        b"help": b"In euros",
    }
    file.seek(0)
    assert pl.read_parquet(file)["Amount"].n_unique() == 1


def test_a_row_without_a_value() -> None:
    """Is one in CSV, too: readers pass over a line in which nothing stands."""
    file = io.BytesIO()
    rows = row_files(SELECTION, Format.CSV)(file)
    rows.add(frame_of(pl.DataFrame({"Amount": [None, "1.5"]}, {"Amount": pl.String}), COLUMNS))
    rows.end()
    read = list(csv.DictReader(io.StringIO(file.getvalue().decode(), newline="")))
    assert read == [{"Amount": ""}, {"Amount": "1.5"}]


TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)
NUMBER = st.decimals(-(10**15), 10**15, allow_nan=False, allow_infinity=False, places=4)
MIXED = (Column("Name", Kind.TEXT), Column("Amount", Kind.NUMBER), Column("Id", Kind.TEXT))


@settings(deadline=None)
@given(rows=st.lists(st.tuples(st.none() | TEXT, st.none() | NUMBER), max_size=5))
def test_any_text_and_number(rows: list[tuple[str | None, Decimal | None]]) -> None:
    """Is read back from each form as it went in, by whoever reads such files."""
    served = {
        "Name": [name for name, _ in rows],
        "Amount": [None if amount is None else str(amount) for _, amount in rows],
        "Id": [f"a{number}" for number, _ in enumerate(rows)],
    }
    frame = frame_of(pl.DataFrame(served, schema=dict.fromkeys(served, pl.String)), MIXED)
    files = {}
    for written_as in Format:
        files[written_as] = io.BytesIO()
        made = row_files(Selection(Query("Thing__c", MIXED), MIXED), written_as)
        file = made(files[written_as])
        file.add(frame)
        file.end()
    text = io.StringIO(files[Format.CSV].getvalue().decode(), newline="")
    cells = [(row["Name"], row["Amount"]) for row in csv.DictReader(text, strict=True)]
    assert [(name or None, Decimal(n) if n else None) for name, n in cells] == rows
    lines = files[Format.JSONL].getvalue().split(b"\n")[:-1]
    objects = [json.loads(line, parse_float=Decimal) for line in lines]
    assert [(each["Name"], each["Amount"]) for each in objects] == rows
    table = pl.read_parquet(io.BytesIO(files[Format.PARQUET].getvalue()))
    assert list(table.select("Name", "Amount").iter_rows()) == rows


def test_the_sdk_is_not_imported() -> None:
    """Files are written without Singer."""
    code = """
import sys
import tap_versionforge_salesforce.export.exporter
assert "polars" in sys.modules
assert not [name for name in sys.modules if name.startswith("singer_sdk")]
"""
    processes.run([sys.executable, "-c", code])
