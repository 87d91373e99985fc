"""In which order the result pages of a run are downloaded, and how many may wait to be written.

Pages are downloaded before their stream's turn, in the order in which they will be written. So a
page never waits for one behind it, and what a killed run downloads in vain is a few pages.
"""

from __future__ import annotations

import threading


class Room:
    """Holds so many pages and bytes until they are written; always at least one page.

    Args:
        pages: Most pages.
        size: Most bytes, as far as they are known: a page on its way has none yet.
    """

    def __init__(self, *, pages: int, size: int) -> None:
        self._pages = pages
        self._size = size
        self._held_pages = self._held_bytes = 0
        self._changed = threading.Condition()

    def enter(self, *, waits: bool = True) -> Stay:
        """Return the stay of one page.

        Args:
            waits: Until there is room; otherwise it is made.
        """
        with self._changed:
            if waits:
                self._changed.wait_for(self._has_room)
            self._held_pages += 1
        return Stay(self)

    def _has_room(self) -> bool:
        return self._held_pages == 0 or (
            self._held_pages < self._pages and self._held_bytes < self._size
        )

    def change(self, *, pages: int, size: int) -> None:
        """Take in that pages have grown or left."""
        with self._changed:
            self._held_pages += pages
            self._held_bytes += size
            self._changed.notify_all()


class Stay:
    """The time of one page in a room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0
        self._is_over = False

    def measure(self, size: int) -> None:
        """Take in how many bytes the page has."""
        self._room.change(pages=0, size=size - self._size)
        self._size = size

    def end(self) -> None:
        """Leave; a second time changes nothing."""
        if not self._is_over:
            self._is_over = True
            self._room.change(pages=-1, size=-self._size)


class Place:
    """The place of one stream in the queue.

    Args:
        room: Where its pages wait.
        before: Set when the stream before it has left; None for none.
    """

    def __init__(self, room: Room, before: threading.Event | None) -> None:
        self._room = room
        self._before = before
        self.left = threading.Event()
        #: Whatever is asked for now, another job of the stream comes behind it.
        self.more_follows = False

    def wait(self) -> None:
        """Wait until all streams before it have left."""
        if self._before is not None:
            self._before.wait()

    def enter_room(self) -> Stay:
        """Return the stay of the stream's next page.

        What is asked for after the stream has left would wait for pages behind it, and they for
        it: that does not wait.
        """
        return self._room.enter(waits=not self.left.is_set())

    def ask_no_more(self) -> None:
        """Let the next stream in, unless a job follows: no other page will be asked for."""
        if not self.more_follows:
            self.leave()

    def leave(self) -> None:
        """Let the next stream in: whatever follows, there will be no page."""
        self.left.set()


class DownloadQueue:
    """The streams of a run, whose pages may be downloaded before their turn.

    Args:
        pages: Most pages, of all streams together, that wait to be written.
        size: Most bytes of them.
    """

    def __init__(self, *, pages: int, size: int) -> None:
        self._room = Room(pages=pages, size=size)
        self._last: threading.Event | None = None

    def join(self) -> Place:
        """Return the place behind all others.

        Streams join in the order in which they are read, also those that may need no job: what
        waits in the room is always what is written next.
        """
        place = Place(self._room, self._last)
        self._last = place.left
        return place
