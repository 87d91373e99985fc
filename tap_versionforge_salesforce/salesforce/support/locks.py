"""A lock on a file or folder, between the programs of one machine."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class PathLock:
    """Keeps others out who ask for the same lock; gone with the process, however it ends.

    Args:
        path: A file or folder that is there.

    Raises:
        BlockingIOError: Another one has it.
        OSError: It can't be opened.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = None
        if sys.platform == "win32":  # which has no locks of this kind
            return
        import fcntl  # noqa: PLC0415  not on every system

        self._descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            raise
        except OSError:
            # Some network drives have none.
            self.release()
            return
        if not self._is_of(path):
            # Whoever had it has put another file in its place.
            self.release()
            raise BlockingIOError

    def release(self) -> None:
        """Let others have it; a second time changes nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _is_of(self, path: Path) -> bool:
        assert self._descriptor is not None  # noqa: S101  it is open
        try:
            return os.path.samestat(os.fstat(self._descriptor), path.stat())
        except FileNotFoundError:
            return False
