"""The bytes of one result page in the spool, as long as the page does not give way to another."""

from __future__ import annotations

import threading
from typing import IO, TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.query.download_queue import GaveWayError

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.query.download_queue import Slot


class SpooledBody:
    """The sink into which a result page is downloaded, and from which it is read.

    Args:
        file: Where its bytes are.
        slot: Takes the room for them.
    """

    def __init__(self, file: IO[bytes], slot: Slot) -> None:
        self._file = file
        self._slot = slot
        self._size = 0
        self._is_cleared = False
        # Another page's thread clears the file where this one gives way.
        self._lock = threading.Lock()
        slot.when_gives_way(self._clear)

    def begin(self) -> None:
        """Be empty: what comes from now on is the page from its first byte on."""
        with self._lock:
            self._empty()
            self._is_cleared = False
        self._slot.clear()

    def write(self, block: bytes) -> None:
        """Take the next bytes.

        Raises:
            GaveWayError: There is no room for them, or the page has given way before.
            OSError: The disk is full.
        """
        self._slot.grow(len(block))
        with self._lock:
            if self._is_cleared:
                raise GaveWayError
            self._file.write(block)
            self._size += len(block)

    def flush(self) -> None:
        """Have all bytes on disk.

        Raises:
            OSError: The disk is full.
        """
        self._file.flush()

    @property
    def size(self) -> int:
        """Return how many bytes have come, also where the page has given way since."""
        return self._size

    def wait_for_room(self) -> None:
        """Wait until a page that has given way may be fetched again.

        Raises:
            StreamIsOverError: Nothing more is wanted of its stream.
        """
        self._slot.wait_for_room()

    def arrive(self) -> None:
        """Take in that all bytes have come."""
        self._slot.arrive()

    def keep(self) -> bool:
        """Give way no more, for the page is read; tell whether its bytes are still here."""
        self._slot.fix()
        return not self._is_cleared

    def opened(self) -> IO[bytes]:
        """Return the file, at its first byte."""
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Let the bytes go."""
        self._slot.when_gives_way(lambda: None)
        self._file.close()
        self._slot.end()

    def _clear(self) -> None:
        with self._lock:
            self._is_cleared = True
            self._empty(keeps_size=True)

    def _empty(self, *, keeps_size: bool = False) -> None:
        self._file.seek(0)
        self._file.truncate()
        if not keeps_size:
            self._size = 0
