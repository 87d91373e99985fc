"""Memory does not grow with the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import processes
from tests.bench.measure import measure
from tests.bench.org import ReadyOrgProcess

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1_000_000
PAGE_ROWS = 10_000
FEW, MANY = 4 * PAGE_ROWS, 16 * PAGE_ROWS


def test_four_times_as_many_pages_take_the_same_memory(tmp_path: Path) -> None:
    """A Bulk extract holds a slice of a page at a time, however many pages there are."""
    rows = {"Few__c": FEW, "Many__c": MANY}
    peaks = {}
    with ReadyOrgProcess(tmp_path, columns=40, rows=rows, page_rows=PAGE_ROWS) as org:
        for name, expected in rows.items():
            config = org.tap_config(objects=[name], api_mode="bulk")
            result = measure([processes.TAP, "--config", config])
            assert result.exit_code == 0, result.log
            assert result.rows == expected
            peaks[name] = result.peak_bytes

    assert peaks["Many__c"] <= peaks["Few__c"] * 1.15
    assert peaks["Many__c"] <= 350 * MEGABYTE
