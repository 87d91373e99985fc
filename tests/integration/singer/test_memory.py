"""Memory does not grow with the rows, and little with the objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.bench import objects
from tests.bench.measure import measure
from tests.bench.org import ReadyOrgProcess
from tests.support import processes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)

MEGABYTE = 1_000_000
PAGE_ROWS = 10_000
FEW, MANY = 4 * PAGE_ROWS, 12 * PAGE_ROWS
OBJECTS, COLUMNS = 150, 100


def test_one_large_page_takes_the_memory_of_many_small_ones(tmp_path: Path) -> None:
    """A page waits on disk, whatever its size; neither it nor its file is ever held whole."""
    files = {"encoding": {"format": "jsonl"}, "storage": {"root": (tmp_path / "files").as_uri()}}
    ways: dict[str, dict[str, Any]] = {"messages": {}, "BATCH": {"batch_config": files}}
    peaks = {}
    for page_rows in (PAGE_ROWS, MANY):
        folder = tmp_path / str(page_rows)
        rows = {"Many__c": MANY}
        with ReadyOrgProcess(folder, columns=40, rows=rows, page_rows=page_rows) as org:
            for way, settings in ways.items():
                config = org.tap_config(
                    objects=list(rows), api_mode="bulk", bulk_page_rows=MANY, **settings
                )
                result = measure([processes.TAP, "--config", config])
                assert result.exit_code == 0, result.log
                peaks[way, page_rows] = result.peak_bytes

    for way in ways:
        assert peaks[way, MANY] <= peaks[way, PAGE_ROWS] * 1.2


def test_three_times_as_many_pages_take_the_same_memory(tmp_path: Path) -> None:
    """A Bulk extract holds a slice of a page at a time, however many pages there are."""
    rows = {"Few__c": FEW, "Many__c": MANY}
    peaks = {}
    with ReadyOrgProcess(tmp_path, columns=40, rows=rows, page_rows=PAGE_ROWS) as org:
        for name, expected in rows.items():
            config = org.tap_config(objects=[name], api_mode="bulk", bulk_page_rows=PAGE_ROWS)
            result = measure([processes.TAP, "--config", config])
            assert result.exit_code == 0, result.log
            assert result.rows == expected
            peaks[name] = result.peak_bytes

    assert peaks["Many__c"] <= peaks["Few__c"] * 1.15
    assert peaks["Many__c"] <= 350 * MEGABYTE


@pytest.mark.parametrize("mode", objects.MODES)
def test_many_objects_take_little_memory(tmp_path: Path, mode: objects.Mode) -> None:
    """Schemas and what is made of them are there for the stream that is read, not for all."""
    one, many = objects.peaks(tmp_path, mode, columns=COLUMNS, counts=(1, OBJECTS))
    # Theirs of the 100 MB that 1,200 of them may take, and what any crowd of streams takes.
    assert many - one <= 100 * MEGABYTE * OBJECTS / 1_200 + 14 * MEGABYTE
