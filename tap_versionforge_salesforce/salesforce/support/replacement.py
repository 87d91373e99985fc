"""A file that takes the place of another one as a whole, also behind a power failure."""

from __future__ import annotations

import glob
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

# More than what is kept in this way ever has.
_ROOM_BYTES = 4096
_SUFFIX = ".next"


class Replacement:
    """A file beside another one, which takes its place or leaves nothing; its owner's only.

    Room is taken at once, so that a full disk is noticed before there is something to be kept.

    Args:
        path: Of the one that is there, or is to be. Where it is a link, what that leads to.

    Raises:
        OSError: There can be none beside it.
    """

    def __init__(self, path: Path) -> None:
        self._target = path.resolve()
        prefix = f".{self._target.name}."
        descriptor, name = tempfile.mkstemp(_SUFFIX, prefix, self._target.parent)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._path = Path(name)
        try:
            self._file.write(bytes(_ROOM_BYTES))
        except OSError:
            self.drop()
            raise

    def keep(self, data: bytes) -> None:
        """Put it in the other one's place.

        Args:
            data: All that is in it from now on.

        Raises:
            OSError: It can't be; the other one is as it was.
        """
        self._file.seek(0)
        self._file.write(data)
        self._file.truncate()
        self._give_away()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.replace(self._target)
        sync_folder(self._target.parent)

    def _give_away(self) -> None:
        """Let it belong to whom the other one belongs to: root must not lock its owner out."""
        if sys.platform == "win32":
            return
        with suppress(OSError):  # there is no other one; or who is not root may not
            there = self._target.stat()
            os.fchown(self._file.fileno(), there.st_uid, there.st_gid)

    def drop(self) -> None:
        """Leave nothing of it, unless it was kept."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._path.unlink()


def remove_unfinished(path: Path) -> None:
    """Remove what runs that were killed have left beside a file; while nobody else is at it."""
    target = path.resolve()
    for left in target.parent.glob(f".{glob.escape(target.name)}.*{_SUFFIX}"):
        with suppress(OSError):
            left.unlink()


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in the place of another one, if there is one.

    Args:
        path: Of it.
        data: All that is in it from then on.

    Raises:
        OSError: It can't be written; what was there is as it was.
    """
    new = Replacement(path)
    try:
        new.keep(data)
    finally:
        new.drop()


def overwrite(path: Path, data: bytes) -> None:
    """Write into a file that is there, where its folder takes no other one.

    Args:
        path: Of it.
        data: All that is in it from then on; a page of it at most, which is written at once.

    Raises:
        OSError: It can't be written.
    """
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, data)
        os.ftruncate(descriptor, len(data))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder outlast a power failure, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
