"""The folder of one object's files: made beside its place, and put there when it is whole."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.export.destination import in_the_making, replaced
from tap_versionforge_salesforce.export.files import (
    UNFINISHED,
    NewFile,
    locked,
    make_folder,
    remove_folder,
    write_whole,
    writing,
)
from tap_versionforge_salesforce.export.manifest import (
    LONGEST_LIFE,
    MANIFEST,
    WrittenFile,
    read_manifest,
)
from tap_versionforge_salesforce.salesforce.support.replacement import sync_folder

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from tap_versionforge_salesforce.export.manifest import Manifest
    from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
    from tap_versionforge_salesforce.salesforce.query.parts_read import Place
    from tap_versionforge_salesforce.salesforce.support.locks import PathLock

_OURS = re.compile(
    rf"(?:part-\d{{5,}}\.(?:parquet|csv|jsonl)|{re.escape(MANIFEST)})(?:{re.escape(UNFINISHED)})?"
)


class Left(NamedTuple):
    """What an earlier run has left of an object, and nobody goes on with.

    Attributes:
        rows: In its files.
        reason: Why; goes on from "What an earlier run has left".
        job: Its Bulk job; None where it has none.
    """

    rows: int
    reason: str
    job: JobCheckpoint | None


class ObjectFolder:
    """The files of one object, from the first to the last.

    Args:
        folder: Where they are to be.
        manifest: Of what is wanted, with nothing written yet.
        ending: Of the files' names.
        longest_life: How long ago that may have begun which is gone on with.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        ending: str,
        longest_life: timedelta = LONGEST_LIFE,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self._ending = ending
        self._longest_life = longest_life
        self._begun = manifest.begun
        self._making = in_the_making(folder)
        self._lock: PathLock | None = None
        # As it was given: in the manifest its instants are cut to milliseconds.
        self._place: Place | None = None

    # Before anything is read

    @property
    def is_complete(self) -> bool:
        """Tell whether an earlier run of the same command has brought it to its end."""
        found = read_manifest(self.folder)
        if found is None or not found.is_complete or self._why_not(found) is not None:
            return False
        self.manifest = found
        return True

    @property
    def is_of_earlier_run(self) -> bool:
        """Tell whether what is there was begun by an earlier run."""
        return self.manifest.begun != self._begun

    def check(self, *, overwrites: bool) -> None:
        """See that nothing is there that has to stay.

        Args:
            overwrites: An earlier export may be replaced.

        Raises:
            SettingsError: There is.
        """
        with writing(self.folder):
            is_there = self.folder.exists()
        if is_there and not overwrites:
            raise exists(str(self.folder))
        for folder in (self.folder, self._making, replaced(self.folder)):
            _check_whose(folder)

    def begin(self) -> Left | None:
        """Make the folder, or take up what an earlier run has left.

        Returns:
            What it has left, where that can't be gone on with; None otherwise.

        Raises:
            SettingsError: It can't be written, or another run is at it.
        """
        make_folder(self._making)
        # Begun before, and not to its end: it would be locked out by itself.
        self.release()
        self._lock = locked(self._making)
        found = read_manifest(self._making)
        # Where nothing was read yet, it is of now.
        if found is not None and not found.is_new and self._why_not(found) is None:
            self.manifest, self._place = found, None
            self._remove_all_but({each.name for each in found.files} | {MANIFEST})
            return None
        self._remove_all_but(set())
        self._save()
        # Its run has brought this one to its end, and not the others.
        found = found or read_manifest(self.folder)
        reason = None if found is None else self._why_not(found)
        if found is None or reason is None:
            return None
        return Left(found.rows, reason, found.place.job)

    def release(self) -> None:
        """Let other runs write it."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def put_down(self) -> None:
        """Let other runs write it, and leave no folder where there is nothing to go on with."""
        if self._lock is not None and self.manifest.is_new:
            # Nobody misses what is left of it.
            with suppress(SettingsError):
                remove_folder(self._making)
        self.release()

    # While it is written

    def new_file(self) -> NewFile:
        """Return the next file, which is none of the folder's before it is added.

        Raises:
            SettingsError: It can't be made.
        """
        name = f"part-{len(self.manifest.files) + 1:05d}.{self._ending}"
        return NewFile(self._making / name)

    def add(self, file: NewFile, rows: int) -> None:
        """Take in a file that is whole.

        Args:
            file: Of `new_file`.
            rows: How many it has.

        Raises:
            SettingsError: It can't be written to its end.
        """
        size = file.keep()
        self.manifest.files.append(WrittenFile(file.path.name, rows, size))

    def reach(self, place: Place) -> None:
        """Remember that the reading can go on from a place, behind the files that there are.

        Args:
            place: Behind them.

        Raises:
            SettingsError: It can't be written down.
        """
        if place == self.place:
            # What has come since is not safe: it comes again for who goes on from there.
            return
        if len(place.parts) != len(self.manifest.parts):
            self.manifest.finished_files = len(self.manifest.files)
        self._remember(place)

    def take_back(self, place: Place) -> None:
        """Remove the files of the part in hand: its rows come again.

        Args:
            place: From which they come.

        Raises:
            SettingsError: They can't be removed.
        """
        manifest = self.manifest
        gone = manifest.files[manifest.finished_files :]
        del manifest.files[manifest.finished_files :]
        self._remember(place)
        if manifest.is_new:
            manifest.begun = self._begun
        with writing(self._making):
            for each in gone:
                (self._making / each.name).unlink(missing_ok=True)

    def complete(self) -> None:
        """Put the folder where it is to be, in the place of what is there.

        Raises:
            SettingsError: That can't be done.
        """
        aside = replaced(self.folder)
        self._save()
        with writing(self.folder):
            if self.folder.exists():
                remove_folder(aside)
                self.folder.rename(aside)
            self._making.rename(self.folder)
            sync_folder(self.folder.parent)
        remove_folder(aside)

    # Behind it

    @property
    def files(self) -> list[Path]:
        """Return the paths of the files, in their order."""
        return [self.folder / each.name for each in self.manifest.files]

    def leave(self) -> None:
        """Forget how it was made: no later run has to know."""
        with writing(self.folder):
            (self.folder / MANIFEST).unlink(missing_ok=True)

    def note_loaded(self) -> None:
        """Remember that the rows are in the database, and remove the files.

        Raises:
            SettingsError: That can't be done.
        """
        self.manifest.is_loaded = True
        write_whole(self.folder / MANIFEST, msgspec.json.encode(self.manifest))
        with writing(self.folder):
            for file in self.files:
                file.unlink(missing_ok=True)

    @property
    def place(self) -> Place:
        """Return from where the reading goes on."""
        if self._place is None:
            self._place = self.manifest.place
        return self._place

    def _why_not(self, found: Manifest) -> str | None:
        return self.manifest.why_not(found, self._longest_life)

    def _remember(self, place: Place) -> None:
        self._place = self.manifest.place = place
        self._save()

    def _save(self) -> None:
        write_whole(self._making / MANIFEST, msgspec.json.encode(self.manifest))

    def _remove_all_but(self, names: set[str]) -> None:
        with writing(self._making):
            for path in self._making.iterdir():
                if path.name not in names:
                    path.unlink()


def _check_whose(folder: Path) -> None:
    with writing(folder):
        names = [each.name for each in folder.iterdir()] if folder.is_dir() else []
    others = sorted(name for name in names if not _OURS.fullmatch(name))
    if others:
        raise SettingsError(
            f"{folder} has files that no export has made, such as {others[0]}.",
            hint="Name another --to, or move them: an export removes what is in that folder.",
            code="export-exists",
        )


def forget_loaded(folder: Path) -> None:
    """Remove what says that rows are in a database, which does not have them any more.

    Args:
        folder: Of an object.

    Raises:
        SettingsError: It can't be removed.
    """
    found = read_manifest(folder)
    if found is not None and found.is_loaded:
        remove_folder(folder)


def exists(what: str) -> SettingsError:
    """Return the error of what is there and may not be replaced.

    Args:
        what: Begins the sentence.
    """
    return SettingsError(
        f"{what} is there already.",
        hint="--overwrite replaces it once all rows are there; or name another --to.",
        code="export-exists",
    )
