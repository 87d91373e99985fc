"""Files of rows, slice by slice."""

from __future__ import annotations

import io
import sys

import polars as pl
import pyarrow.parquet as pq
import pytest

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


def test_the_sdk_is_not_imported() -> None:
    """Files are written without Singer."""
    code = """
import sys
import tap_versionforge_salesforce.export.exporter
assert "polars" in sys.modules
assert not [name for name in sys.modules if name.startswith("singer_sdk")]
"""
    processes.run([sys.executable, "-c", code])
