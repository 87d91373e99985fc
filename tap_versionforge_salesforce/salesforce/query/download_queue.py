"""In which order the result pages of a run are downloaded, and how many may wait to be written.

Pages are downloaded before their stream's turn, in the order in which they will be written. That
order is for speed only. That no run hangs follows from another rule, whatever the order and the
sizes: the stream in its turn can always hold a page, for what others hold does not count for it.
Without what comes before its turn, nine Bulk streams took 1.9 times the slowest alone instead of
1.2 times (the benchmark's aim of that name, 2026-11-26).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class StreamIsOverError(Exception):
    """Ends a thread that works ahead for a stream of which nothing more is wanted."""


class Slot:
    """A slot for one result page, from before its download until it has been written.

    Args:
        turn: Of its stream.
    """

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._size = 0
        self._is_over = False

    def measure(self, size: int) -> None:
        """Take in how many bytes the page has; a page on its way has none yet."""
        self._turn.hold(pages=0, size=size - self._size)
        self._size = size

    def end(self) -> None:
        """Leave; a second time changes nothing."""
        if not self._is_over:
            self._is_over = True
            self._turn.hold(pages=-1, size=-self._size)


class Turn:
    """The turn of one stream in the queue of downloads.

    Args:
        queue: The queue.
        number: How many streams are read before it.
    """

    def __init__(self, queue: DownloadQueue, number: int) -> None:
        self._queue = queue
        self.number = number
        #: What it has here, or on its way.
        self.pages = self.size = 0
        #: The next stream's pages may come.
        self.asks_no_more = False
        self.is_over = False

    def begin(self) -> None:
        """Note that the pages of this stream are what is written next."""
        with self._queue.changed:
            self._queue.turn = self.number
            self._queue.changed.notify_all()

    def wait(self) -> None:
        """Wait until it is the stream's turn, or all streams before it ask for no more pages.

        Raises:
            StreamIsOverError: Nothing more is wanted of this one.
        """
        with self._queue.changed:
            self._wait_for(self._queue.is_next)

    def enter(self) -> Slot:
        """Wait for room and return the slot of the stream's next page.

        Raises:
            StreamIsOverError: Nothing more is wanted of the stream.
        """
        with self._queue.changed:
            self._wait_for(self._queue.has_room)
            self.pages += 1
        return Slot(self)

    def _wait_for(self, is_so: Callable[[Turn], bool]) -> None:
        self._queue.changed.wait_for(lambda: self.is_over or is_so(self))
        if self.is_over:
            raise StreamIsOverError

    def hold(self, *, pages: int, size: int) -> None:
        """Take in that its pages have grown or gone."""
        with self._queue.changed:
            self.pages += pages
            self.size += size
            self._queue.changed.notify_all()

    def all_requested(self) -> None:
        """Let the next stream in. A page that is asked for all the same comes in its turn."""
        with self._queue.changed:
            self.asks_no_more = True
            self._queue.changed.notify_all()

    def leave(self) -> None:
        """Let the next stream in, for nothing more is wanted of this one."""
        with self._queue.changed:
            self.asks_no_more = self.is_over = True
            self._queue.changed.notify_all()


class DownloadQueue:
    """The queue in which the streams of a run download their result pages.

    Args:
        pages: Most pages of all streams together before one is downloaded ahead of its turn, and
            most of the stream in its turn.
        size: Most bytes of them, in the same way.
    """

    def __init__(self, *, pages: int, size: int) -> None:
        self._most_pages = pages
        self._most_bytes = size
        self._places: list[Turn] = []
        self.turn = 0
        self.changed = threading.Condition()

    def join(self) -> Turn:
        """Return the place behind all others; streams join in the order in which they are read."""
        turn = Turn(self, len(self._places))
        self._places.append(turn)
        return turn

    def is_next(self, turn: Turn) -> bool:
        """Tell whether nothing is to be downloaded before the stream's pages."""
        before = self._places[self.turn : turn.number]
        return turn.number <= self.turn or all(each.asks_no_more for each in before)

    def has_room(self, turn: Turn) -> bool:
        """Tell whether a page of the stream may be downloaded."""
        if turn.number == self.turn:
            return turn.pages == 0 or self._fit([turn])
        return self.is_next(turn) and self._fit(self._places)

    def _fit(self, places: list[Turn]) -> bool:
        pages, size = sum(each.pages for each in places), sum(each.size for each in places)
        return pages < self._most_pages and size < self._most_bytes
