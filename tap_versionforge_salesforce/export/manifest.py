"""What an export has written by now, kept beside it, so that another run can go on."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from tap_versionforge_salesforce.salesforce.objects.soql import IdRange
from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
from tap_versionforge_salesforce.salesforce.query.parts_read import Place

if TYPE_CHECKING:
    from pathlib import Path

    from tap_versionforge_salesforce.engine.selection import Selection
    from tap_versionforge_salesforce.export.destination import Format

#: Hidden: whoever reads all files of a folder passes it over.
MANIFEST = ".export.json"
#: Salesforce removes a Bulk job after seven days. What was read before is of another time.
LONGEST_LIFE = timedelta(days=7)
#: What an export that replaces another one may go on with. Who has pressed Ctrl-C, or had an
#: outage, runs the same command again within hours; a job of each night wants the rows of this
#: one, and not those of last night, where that had failed.
SHORT_WHILE = timedelta(hours=12)


class WrittenFile(msgspec.Struct, frozen=True):
    """A file that is whole.

    Attributes:
        name: In the folder.
        rows: How many.
        size: In bytes.
    """

    name: str
    rows: int
    size: int


class Manifest(msgspec.Struct):
    """What has been written of an object.

    Attributes:
        key: Of what is read and how it is written: with another one nothing can be gone on with.
        soql: The SELECT.
        begun: When.
        api: That serves the rows; empty before that is known.
        parts: Still to be read, the next one first: first Id, and first Id no longer; none where
            all is there.
        job: The Bulk job of the next part, as the tap's state has it.
        files: Written by then.
        finished_files: So many of them are of parts that are over.
        is_loaded: The rows are in the database.
    """

    key: str
    soql: str
    begun: datetime
    api: str = ""
    parts: list[tuple[str | None, str | None]] = msgspec.field(
        default_factory=lambda: [(None, None)]
    )
    job: dict[str, Any] | None = None
    files: list[WrittenFile] = msgspec.field(default_factory=list)
    finished_files: int = 0
    is_loaded: bool = False

    @property
    def is_complete(self) -> bool:
        """Tell whether all rows are there."""
        return not self.parts

    @property
    def is_new(self) -> bool:
        """Tell whether nothing has been read yet, and no job been created."""
        return self.place == Place() and not self.files

    @property
    def rows(self) -> int:
        """Return how many rows are in the files."""
        return sum(each.rows for each in self.files)

    @property
    def size(self) -> int:
        """Return how many bytes the files have."""
        return sum(each.size for each in self.files)

    @property
    def place(self) -> Place:
        """Return from where the reading goes on."""
        parts = tuple(IdRange(lower, upper) for lower, upper in self.parts)
        return Place(parts, JobCheckpoint.from_state(self.job))

    @place.setter
    def place(self, place: Place) -> None:
        self.parts = [(each.lower, each.upper) for each in place.parts]
        self.job = None if place.job is None else place.job.to_state()

    def why_not(self, found: Manifest, longest_life: timedelta) -> str | None:
        """Return why what this one is to be can't go on with what an earlier one has.

        Args:
            found: That one.
            longest_life: How long ago it may have begun.

        Returns:
            Goes on from "What an earlier run has left"; None where it can.
        """
        if found.key != self.key:
            return "was asked for otherwise"
        if self.begun - found.begun < longest_life:
            return None
        hours = round(longest_life / timedelta(hours=1))
        long = f"{longest_life.days} days" if longest_life.days else f"{hours} hours"
        return f"was begun more than {long} ago"


def manifest_of(selection: Selection, written_as: Format, url: str, now: datetime) -> Manifest:
    """Return the manifest of what is to be written.

    Args:
        selection: What is read.
        written_as: The form of the files.
        url: Of the org.
        now: This machine's clock.
    """
    query = selection.query
    soql = query.text(ordered=False)
    columns = [
        (column.property_name, column.kind.value, [member for member, _ in column.parts])
        for column in selection.columns
    ]
    kinds = [(column.name, column.kind.value) for column in query.columns]
    what = [url, query.all_rows, soql, written_as.value, columns, kinds]
    key = hashlib.sha256(json.dumps(what).encode()).hexdigest()
    return Manifest(key=key, soql=soql, begun=now)


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in a folder; None where there is none that is whole.

    Args:
        folder: Of the files.
    """
    try:
        found = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        # Of rows that are in a database no file is left.
        files = () if found.is_loaded else found.files
        is_whole = all((folder / each.name).stat().st_size == each.size for each in files)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return found if is_whole and found.begun.tzinfo is not None else None
