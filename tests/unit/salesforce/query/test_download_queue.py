"""Pages wait in a bounded room, in the order in which they will be written, and nobody for ever."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.query.download_queue import (
    DownloadQueue,
    GaveWayError,
    StreamIsOverError,
    Turn,
)
from tests.support.values import few_examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_versionforge_salesforce.salesforce.query.download_queue import Slot

SOON, SHORTLY = 10.0, 0.05
# A hundredth of the room on disk.
PART = 10_000


def happens(work: Callable[[], object], *, within_seconds: float = SHORTLY) -> bool:
    """Tell whether something comes to its end in another thread."""
    done = threading.Event()

    def doing() -> None:
        work()
        done.set()

    threading.Thread(target=doing, daemon=True).start()
    return done.wait(within_seconds)


def queue_of(count: int, *, pages: int = 2, tell: Callable[[str], object] = print) -> list[Turn]:
    queue = DownloadQueue(pages=pages, megabytes=1, tell=tell)
    return [queue.join() for _ in range(count)]


def take(slot: Slot, size: int) -> None:
    """Take room for a page, however often it gives way."""
    while True:
        try:
            slot.grow(size)
        except GaveWayError:
            slot.wait_for_room()
        else:
            return


def test_a_full_room_lets_nobody_in_before_one_leaves() -> None:
    """Neither by number nor by size."""
    (turn,) = queue_of(1)
    first, second = turn.enter(), turn.enter()
    assert not happens(turn.enter)
    first.end()
    second.end()
    assert happens(lambda: turn.enter().grow(100 * PART), within_seconds=SOON)
    assert not happens(turn.enter)


def test_one_page_of_the_stream_in_its_turn_has_always_room() -> None:
    """However large it is, and whatever others hold."""
    first, second = queue_of(2, pages=1)
    first.all_requested()
    second.enter().grow(1_000 * PART)
    assert happens(first.enter, within_seconds=SOON)
    assert not happens(first.enter)


def test_a_stream_in_its_turn_has_the_whole_room() -> None:
    """Pages that came ahead of their turn do not make its downloads fewer."""
    first, second = queue_of(2, pages=3)
    first.all_requested()
    for _ in range(3):
        second.enter()
    assert not happens(second.enter)
    for _ in range(3):
        assert happens(first.enter, within_seconds=SOON)
    assert not happens(first.enter)


def test_whoever_leaves_twice_leaves_once() -> None:
    """A page is closed wherever it may have been given up."""
    (turn,) = queue_of(1)
    turn.enter()
    stay = turn.enter()
    stay.grow(60 * PART)
    stay.clear()
    stay.grow(30 * PART)
    stay.end()
    stay.end()
    assert happens(turn.enter, within_seconds=SOON)
    assert not happens(turn.enter)


def test_a_stream_waits_for_all_before_it() -> None:
    """For each of them, not for its neighbour alone: what is between may be over long before."""
    first, second, third = queue_of(3)
    assert happens(first.wait, within_seconds=SOON)
    second.all_requested()
    assert not happens(third.wait)
    assert not happens(third.enter)
    first.all_requested()
    assert happens(third.wait, within_seconds=SOON)
    assert happens(third.enter, within_seconds=SOON)


def test_a_turn_waits_for_nobody() -> None:
    """Also where a stream before it never said that it asks no more."""
    _, second = queue_of(2)
    second.begin()
    assert happens(second.wait, within_seconds=SOON)
    assert happens(second.enter, within_seconds=SOON)


@pytest.mark.parametrize("method", ["wait", "enter"])
def test_who_waits_for_a_stream_that_is_over_is_sent_away(method: str) -> None:
    """Its thread would stay to the end of the run, and then ask for what nobody wants."""
    _, second = queue_of(2)
    gone = threading.Event()

    def waiting() -> None:
        with pytest.raises(StreamIsOverError):
            getattr(second, method)()
        gone.set()

    threading.Thread(target=waiting, daemon=True).start()
    assert not gone.wait(SHORTLY)
    second.leave()
    assert gone.wait(SOON)


@given(
    pages_of_streams=st.lists(st.integers(0, 9), min_size=1, max_size=9),
    room=st.integers(1, 5),
    data=st.data(),
)
@few_examples
def test_whatever_comes_all_pages_are_written_in_order(
    pages_of_streams: list[int], room: int, data: st.DataObject
) -> None:
    """Streams that say too early that they ask no more, or never, stop nobody."""
    queue = DownloadQueue(pages=room, megabytes=1)
    places = [queue.join() for _ in pages_of_streams]
    says_at = [data.draw(st.integers(0, pages + 1)) for pages in pages_of_streams]
    sizes = [data.draw(st.integers(0, 12)) for _ in pages_of_streams]
    arrived = [[threading.Event() for _ in range(pages)] for pages in pages_of_streams]
    stays: dict[tuple[int, int], Slot] = {}

    def download(number: int) -> None:
        turn = places[number]
        with contextlib.suppress(StreamIsOverError):  # one without a page, whose turn was short
            turn.wait()
        for page in range(pages_of_streams[number]):
            if page == says_at[number]:
                turn.all_requested()
            stays[number, page] = slot = turn.enter()
            take(slot, sizes[number] * 10 * PART)
            arrived[number][page].set()

    for number in range(len(places)):
        threading.Thread(target=download, args=(number,), daemon=True).start()
    for number, events in enumerate(arrived):
        places[number].begin()
        for page, event in enumerate(events):
            assert event.wait(SOON), (number, page)
            assert sum(turn.pages for turn in places) <= 2 * room
            assert queue.room.held <= max(100 * PART, max(sizes) * 10 * PART)
            stays[number, page].end()
        places[number].leave()
    assert all(turn.pages == 0 for turn in places)
    assert queue.room.held == 0


def test_a_page_that_gave_way_waits_until_there_is_room() -> None:
    """It is not fetched again and again, each time up to where it was refused."""
    queue = DownloadQueue(pages=3, megabytes=10)
    turn = queue.join()
    turn.begin()
    first, second = turn.enter(), turn.enter()
    first.grow(3_000_000)
    first.arrive()
    first.fix()
    for _ in range(7):
        second.grow(1_000_000)
    with pytest.raises(GaveWayError):
        second.grow(1_000_000)
    assert not queue.room.fits(turn.expected, besides=None)
    first.end()
    second.wait_for_room()
    for _ in range(8):
        second.grow(1_000_000)
    assert queue.content()["fetched_again"] == 1
