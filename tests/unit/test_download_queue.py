"""Pages wait in a bounded room, in the order in which they will be written."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.download_queue import DownloadQueue, Room
from tests.unit.helpers import few_examples

if TYPE_CHECKING:
    from collections.abc import Callable


def happens(work: Callable[[], object], *, within_seconds: float) -> bool:
    """Tell whether something comes to its end in another thread."""
    done = threading.Event()

    def doing() -> None:
        work()
        done.set()

    threading.Thread(target=doing, daemon=True).start()
    return done.wait(within_seconds)


SOON, SHORTLY = 10.0, 0.05


def test_a_full_room_lets_nobody_in_before_one_leaves() -> None:
    """Neither by number nor by size."""
    room = Room(pages=2, size=100)
    first, second = room.enter(), room.enter()
    assert not happens(room.enter, within_seconds=SHORTLY)
    first.end()
    second.end()
    third = room.enter()
    third.measure(100)
    assert not happens(room.enter, within_seconds=SHORTLY)


def test_one_page_has_always_room() -> None:
    """However large it is."""
    room = Room(pages=1, size=1)
    room.enter().measure(1_000)
    assert not happens(room.enter, within_seconds=SHORTLY)
    room = Room(pages=1, size=0)
    assert happens(room.enter, within_seconds=SOON)


def test_whoever_leaves_twice_leaves_once() -> None:
    """A page is closed wherever it may have been given up."""
    room = Room(pages=2, size=100)
    stay = room.enter()
    stay.measure(60)
    stay.measure(30)
    stay.end()
    stay.end()
    assert happens(room.enter, within_seconds=SOON)
    assert happens(room.enter, within_seconds=SOON)
    assert not happens(room.enter, within_seconds=SHORTLY)


def test_a_stream_waits_for_those_before_it() -> None:
    """Until all of their jobs have asked for all pages, or there will be none."""
    queue = DownloadQueue(pages=1, size=1)
    first, second, third = queue.join(), queue.join(), queue.join()
    assert happens(first.wait, within_seconds=SOON)
    first.more_follows = True
    first.ask_no_more()
    assert not happens(second.wait, within_seconds=SHORTLY)
    first.more_follows = False
    first.ask_no_more()
    assert happens(second.wait, within_seconds=SOON)
    second.more_follows = True
    second.leave()
    assert happens(third.wait, within_seconds=SOON)


@pytest.mark.parametrize("has_left", [True, False])
def test_a_stream_that_has_left_never_waits_for_those_behind_it(*, has_left: bool) -> None:
    """They are written behind it, so their pages would keep the room for ever."""
    queue = DownloadQueue(pages=1, size=1)
    first, second = queue.join(), queue.join()
    if has_left:
        first.leave()
    second.enter_room()
    assert happens(first.enter_room, within_seconds=SOON if has_left else SHORTLY) is has_left


@given(
    pages_of_jobs=st.lists(st.integers(0, 5), max_size=5),
    room=st.integers(1, 4),
    surprises=st.data(),
)
@few_examples
def test_whatever_comes_all_pages_are_written_in_order(
    pages_of_jobs: list[int], room: int, surprises: st.DataObject
) -> None:
    """Jobs that leave too early, and ask for more pages then, stop nobody."""
    queue = DownloadQueue(pages=room, size=10)
    jobs = [(queue.join(), pages, surprises.draw(st.integers(0, pages))) for pages in pages_of_jobs]
    arrived = [[threading.Event() for _ in range(pages)] for pages in pages_of_jobs]
    stays = [[None] * pages for pages in pages_of_jobs]

    def download(number: int) -> None:
        place, pages, leaves_before = jobs[number]
        place.wait()
        for page in range(pages):
            if page == leaves_before:
                place.leave()
            stays[number][page] = place.enter_room()  # type: ignore[call-overload]
            arrived[number][page].set()
        place.leave()

    for number in range(len(jobs)):
        threading.Thread(target=download, args=(number,), daemon=True).start()
    for number, events in enumerate(arrived):
        for page, event in enumerate(events):
            assert event.wait(SOON)
            stays[number][page].end()  # type: ignore[attr-defined]
