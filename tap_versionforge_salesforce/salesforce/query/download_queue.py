"""In which order the result pages of a run are downloaded, and how many may wait to be written.

Pages are downloaded before their stream's turn, in the order in which they will be written. That
order is for speed only. That no run hangs follows from another rule, whatever the order and the
sizes: the stream in its turn can always hold a page, for what others hold does not count for it,
and the pages of others give way to it on disk.
Without what comes before its turn, nine Bulk streams took 1.9 times the slowest alone instead of
1.2 times (the benchmark's aim of that name, 2026-11-26).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.query.spool_room import Share, SpoolRoom

if TYPE_CHECKING:
    from collections.abc import Callable


_MEGABYTE = 1_000_000


class StreamIsOverError(Exception):
    """Ends a thread that works ahead for a stream of which nothing more is wanted."""


class GaveWayError(Exception):
    """Ends the download of a page that has given way on disk to one that is written before it."""


class Slot:
    """A slot for one result page, from before its download until it has been written.

    Args:
        turn: Of its stream.
        share: What it has of the room on disk.
        queue: That of the turn.
    """

    def __init__(self, turn: Turn, share: Share, queue: DownloadQueue) -> None:
        self._turn = turn
        self._share = share
        self._queue = queue
        self._is_over = False

    def when_gives_way(self, clear: Callable[[], object]) -> None:
        """Have what the page has on disk cleared, where it gives way.

        Args:
            clear: Called in any thread, and takes no lock of another slot.
        """
        with self._queue.changed:
            self._share.give_way = clear

    def grow(self, size: int) -> None:
        """Take so many bytes more on disk, before they are written.

        Raises:
            GaveWayError: There is no room for them, and nothing is left on disk.
        """
        queue, share, room = self._queue, self._share, self._queue.room
        with queue.changed:
            # Also where it is refused: with what it had alone, it would be fetched at once again.
            needed = share.size + size
            has_room = room.grow(share, size)
            self._turn.learn(needed)
            is_too_large = needed > room.allowed
            queue.changed.notify_all()
        if not has_room:
            raise GaveWayError
        if is_too_large:
            queue.tell_once(
                f"A result page has more than {queue.allowance}: it is read all the same, with "
                "none beside it."
            )

    def clear(self) -> None:
        """Hold nothing on disk, where the page is fetched anew."""
        with self._queue.changed:
            self._queue.room.clear(self._share)
            self._queue.changed.notify_all()

    def wait_for_room(self) -> None:
        """Wait until a page that has given way may be fetched again.

        Raises:
            StreamIsOverError: Nothing more is wanted of the stream.
        """
        with self._queue.changed:
            self._queue.room.clear(self._share)
            self._share.expected = 0
            self._queue.changed.notify_all()
            self._turn.wait_for(
                lambda: self._queue.room.may_come_again(self._share, self._turn.expected)
            )
            self._share.expected = self._turn.expected

    def arrive(self) -> None:
        """Take in that the page is whole."""
        with self._queue.changed:
            self._share.expected = 0
            self._queue.changed.notify_all()

    def fix(self) -> None:
        """Give way no more: the page is read."""
        with self._queue.changed:
            self._share.is_fixed = True

    def end(self) -> None:
        """Leave; a second time changes nothing."""
        with self._queue.changed:
            if self._is_over:
                return
            self._is_over = True
            self._turn.pages -= 1
            self._queue.room.leave(self._share)
            self._queue.changed.notify_all()


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
        self.pages = 0
        # Bytes of its largest page, as far as it is here.
        self._largest = 0
        # Pages that it had, those that are here included.
        self._pages_so_far = 0
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
            self.wait_for(lambda: self._queue.is_next(self))

    def enter(self) -> Slot:
        """Wait for room and return the slot of the stream's next page.

        Raises:
            StreamIsOverError: Nothing more is wanted of the stream.
        """
        queue = self._queue
        with queue.changed:
            self.wait_for(lambda: queue.may_enter(self))
            must_wait = not queue.has_room(self)
        if must_wait:
            queue.tell_once(
                f"Result pages wait for those before them to be written: there is no room for "
                f"another beside them in {queue.allowance}."
            )
        with queue.changed:
            self.wait_for(lambda: queue.may_enter(self) and queue.has_room(self))
            self.pages += 1
            self._pages_so_far += 1
            share = Share(order=(self.number, self._pages_so_far), expected=self.expected)
            queue.room.enter(share)
        return Slot(self, share, queue)

    def wait_for(self, is_so: Callable[[], bool]) -> None:
        """Wait, holding the lock of the queue, until something is so.

        Raises:
            StreamIsOverError: Nothing more is wanted of the stream.
        """
        self._queue.changed.wait_for(lambda: self.is_over or is_so())
        if self.is_over:
            raise StreamIsOverError

    @property
    def expected(self) -> int:
        """Return the bytes that its next page is thought to have; 0 where nobody knows."""
        return self._largest or self._queue.largest

    def learn(self, size: int) -> None:
        """Take in that a page of it has so many bytes, or more."""
        self._largest = max(self._largest, size)
        self._queue.largest = max(self._queue.largest, size)

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
        megabytes: Most that all pages have on disk, but for a single one that is larger.
        tell: Takes a sentence about what waits for room there, each once.
    """

    def __init__(
        self, *, pages: int, megabytes: int, tell: Callable[[str], object] = lambda _: None
    ) -> None:
        self._most_pages = pages
        self.room = SpoolRoom(megabytes * _MEGABYTE)
        self.allowance = f"the {megabytes:,} MB that spool_megabytes allows"
        self._tell = tell
        self._told: set[str] = set()
        #: Bytes of the largest page, as far as it is here.
        self.largest = 0
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

    def may_enter(self, turn: Turn) -> bool:
        """Tell whether a page of the stream may be downloaded, where there is room on disk."""
        if turn.number == self.turn:
            return turn.pages < self._most_pages
        return self.is_next(turn) and sum(each.pages for each in self._places) < self._most_pages

    def has_room(self, turn: Turn) -> bool:
        """Tell whether there is room on disk for a page of the stream."""
        is_needed = turn.number == self.turn and turn.pages == 0
        return is_needed or self.room.fits(turn.expected)

    def content(self) -> dict[str, int]:
        """Return for the report of a run what its pages have taken on disk."""
        return {
            "allowed_bytes": self.room.allowed,
            "most_bytes": self.room.most_held,
            "fetched_again": self.room.given_way,
        }

    def tell_once(self, text: str) -> None:
        """Tell something, if it was not told before."""
        with self.changed:
            is_new = text not in self._told
            self._told.add(text)
        if is_new:
            self._tell(text)
