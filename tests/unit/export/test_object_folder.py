"""Which files are kept, and which come again, wherever a process is killed."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tap_versionforge_salesforce.engine.selection import Selection
from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.export.destination import Format
from tap_versionforge_salesforce.export.manifest import manifest_of
from tap_versionforge_salesforce.export.object_folder import ObjectFolder
from tap_versionforge_salesforce.export.page_files import PageFiles
from tap_versionforge_salesforce.export.row_files import row_files
from tap_versionforge_salesforce.salesforce.frames.frame import frame_of
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.soql import IdRange, Query
from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
from tap_versionforge_salesforce.salesforce.query.page import Page
from tap_versionforge_salesforce.salesforce.query.partitions import Partition
from tap_versionforge_salesforce.salesforce.query.parts_read import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# With microseconds, which a state does not hold.
NOW = datetime(2026, 11, 28, 10, 0, 0, 123_456, tzinfo=timezone.utc)
COLUMNS = (Column("Id", Kind.TEXT),)
SELECTION = Selection(Query("Thing__c", COLUMNS), COLUMNS)
PARTS = (IdRange(None, "a05"), IdRange("a05", None))


def job(locator: str | None, rows: int) -> JobCheckpoint:
    return JobCheckpoint("750", "68.0", "sha", locator, rows, None, Partition(NOW))


def page(*ids: str, starts: bool = True, ends: bool = True, takes_back: bool = False) -> Page:
    frame = frame_of(pl.DataFrame({"Id": list(ids)}, schema={"Id": pl.String}), COLUMNS)
    return Page(
        frame,
        NOW,
        starts_page=starts,
        ends_page=ends,
        takes_back=takes_back,
        is_served=bool(ids),
    )


# A job of three pages, read to its end; then another one whose beginning comes again.
STEPS: list[tuple[Page, Place, set[str]]] = [
    (page(), Place(PARTS, job(None, 0)), set()),
    (page("1", ends=False), Place(PARTS, job(None, 0)), set()),
    (page("2", starts=False), Place(PARTS, job("a", 2)), {"1", "2"}),
    (page("3"), Place(PARTS, job("b", 3)), {"1", "2", "3"}),
    # Behind the last page there is no place to go on from: it comes again.
    (page("4"), Place(PARTS, job("b", 3)), {"1", "2", "3"}),
    (page(), Place(PARTS[1:]), {"1", "2", "3", "4"}),
    (page("5"), Place(PARTS[1:], job("c", 1)), {"1", "2", "3", "4", "5"}),
    (page(takes_back=True), Place(PARTS[1:]), {"1", "2", "3", "4"}),
    # By REST.
    (page("5"), Place(PARTS[1:]), {"1", "2", "3", "4"}),
    (page("6"), Place(PARTS[1:]), {"1", "2", "3", "4"}),
    (page(), Place(()), {"1", "2", "3", "4", "5", "6"}),
]


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[list[ObjectFolder]]:
    made = [
        ObjectFolder(
            tmp_path / "Thing__c", manifest_of(SELECTION, Format.PARQUET, "", NOW), "parquet"
        )
        for _ in range(2)
    ]
    yield made
    for each in made:
        each.release()


def ids_in(folder: Path) -> set[str]:
    return {i for path in folder.glob("*.parquet") for i in pl.read_parquet(path)["Id"]}


@pytest.mark.parametrize("killed_behind", range(1, len(STEPS) + 1))
def test_killed_behind_each_step(
    folders: list[ObjectFolder], tmp_path: Path, killed_behind: int
) -> None:
    """Kept is what does not come again from the place that is remembered, and no more."""
    first, second = folders
    first.begin()
    first.reach(Place(PARTS))
    files = PageFiles(first, row_files(SELECTION, Format.PARQUET))
    for some, place, _ in STEPS[:killed_behind]:
        files.take(some, place)
    first.release()
    assert second.begin() is None
    _, place, kept = STEPS[killed_behind - 1]
    assert ids_in(tmp_path / "Thing__c.incomplete") == kept
    assert second.manifest.rows == len(kept)
    assert second.place.parts == place.parts
    assert (second.place.job and second.place.job.locator) == (place.job and place.job.locator)
    files.close()


def test_going_on_behind_each_step(folders: list[ObjectFolder], tmp_path: Path) -> None:
    """What comes behind it makes it whole."""
    first, second = folders
    first.begin()
    files = PageFiles(first, row_files(SELECTION, Format.PARQUET))
    for some, place, _ in STEPS[:5]:
        files.take(some, place)
    first.release()
    second.begin()
    files = PageFiles(second, row_files(SELECTION, Format.PARQUET))
    for some, place, _ in STEPS[4:]:
        files.take(some, place)
    second.complete()
    assert ids_in(tmp_path / "Thing__c") == {"1", "2", "3", "4", "5", "6"}
    assert second.manifest.rows == 6
    second.leave()
    names = sorted(path.name for path in (tmp_path / "Thing__c").iterdir())
    assert names == [f"part-{n:05d}.parquet" for n in range(1, 6)]


def test_two_at_once(folders: list[ObjectFolder]) -> None:
    """The second one is refused."""
    first, second = folders
    first.begin()
    with pytest.raises(SettingsError, match="being written by another export"):
        second.begin()


def test_one_that_begins_again(folders: list[ObjectFolder]) -> None:
    """Is not locked out by itself, and goes on locking others out."""
    first, second = folders
    first.begin()
    first.begin()
    with pytest.raises(SettingsError, match="being written by another export"):
        second.begin()
