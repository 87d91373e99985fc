"""Files that are there whole or not at all, also behind a power failure."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.locks import PathLock
from tap_versionforge_salesforce.salesforce.support.replacement import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Ends the name of a file that is not whole.
UNFINISHED = ".unfinished"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell what keeps a file or folder from being written.

    Args:
        path: Of it.

    Raises:
        SettingsError: The block could not write it.
    """
    try:
        yield
    except OSError as error:
        raise not_written(path, error.strerror or str(error)) from None


def not_written(path: Path, reason: str) -> SettingsError:
    """Return the error of a file or folder that can't be written.

    Args:
        path: Of it.
        reason: In the system's words.
    """
    return SettingsError(
        f"{path} can't be written ({reason}); what is there is not the whole.",
        hint="Make room or allow it, and run the same command again: it goes on from there.",
        code="export-not-written",
    )


class NewFile:
    """A file that gets its name when it is whole; only its owner may read it.

    Args:
        path: Its name then.

    Raises:
        SettingsError: It can't be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unfinished = path.with_name(path.name + UNFINISHED)
        with writing(path):
            descriptor = os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self.file: IO[bytes] = os.fdopen(descriptor, "wb")

    def keep(self) -> int:
        """Let it have its name; return its bytes.

        Raises:
            SettingsError: It could not be written to its end.
        """
        with writing(self.path):
            self.file.flush()
            os.fsync(self.file.fileno())
            size = os.fstat(self.file.fileno()).st_size
            self.file.close()
            self._unfinished.replace(self.path)
            sync_folder(self.path.parent)
        return size

    def drop(self) -> None:
        """Leave nothing of it."""
        # What is not written yet can't always be written now.
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            self._unfinished.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at once, or leave the one that is there as it is.

    Args:
        path: Of the file.
        content: All that is in it.

    Raises:
        SettingsError: It can't be written.
    """
    new = NewFile(path)
    try:
        with writing(path):
            new.file.write(content)
        new.keep()
    except BaseException:
        new.drop()
        raise


def locked(folder: Path) -> PathLock:
    """Keep others from writing into a folder, and return what lets them again.

    Args:
        folder: That is there.

    Raises:
        SettingsError: Another one has it, or it can't be opened.
    """
    with writing(folder):
        try:
            return PathLock(folder)
        except BlockingIOError:
            raise SettingsError(
                f"{folder} is being written by another export.",
                hint="Wait for its end, or give another --to.",
                code="export-running",
            ) from None


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may read, if it is not there.

    Raises:
        SettingsError: It can't be made.
    """
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, if it is there.

    Raises:
        SettingsError: It can't be removed.
    """
    with writing(folder):
        if folder.exists():
            shutil.rmtree(folder)
