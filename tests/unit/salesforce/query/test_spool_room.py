"""Pages on disk stay within their room, and the one that is written next always comes through."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from tap_versionforge_salesforce.salesforce.query.spool_room import Share, SpoolRoom
from tests.support.values import some_examples

ALLOWED = 100
LARGEST = 130


@dataclass(eq=False)
class Download:
    """One page as its download sees it."""

    whole: int
    share: Share
    on_disk: int = 0
    has_come: bool = False
    gave_way: bool = False

    def clear(self) -> None:
        self.on_disk, self.gave_way, self.has_come = 0, True, False


class Pages(RuleBasedStateMachine):
    """Pages that are let in, come block by block, give way, and are written in order."""

    def __init__(self) -> None:
        super().__init__()
        self.room = SpoolRoom(ALLOWED)
        self.pages: list[Download] = []
        self.count = 0
        self.written = 0

    @rule(whole=st.integers(1, LARGEST), expected=st.integers(0, LARGEST))
    def enter(self, whole: int, expected: int) -> None:
        if self.pages and not self.room.fits(expected):
            return
        page = Download(whole, Share(order=(0, self.count), expected=expected))
        page.share.give_way = page.clear
        self.count += 1
        self.room.enter(page.share)
        self.pages.append(page)

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def come(self, data: st.DataObject) -> None:
        page = data.draw(st.sampled_from(self.pages))
        if page.has_come:
            return
        if page.gave_way and not self.room.may_come_again(page.share, page.share.expected):
            return
        page.gave_way = False
        block = data.draw(st.integers(1, page.whole - page.on_disk))
        if self.room.grow(page.share, block):
            page.on_disk += block
            page.has_come = page.on_disk == page.whole
        else:
            assert page is not self.pages[0], "the page that is written next gave way"
            assert page.gave_way

    @precondition(lambda self: self.pages and self.pages[0].has_come)
    @rule()
    def write(self) -> None:
        page = self.pages.pop(0)
        page.share.is_fixed = True
        self.room.leave(page.share)
        self.written += 1

    @invariant()
    def stays_within_the_room(self) -> None:
        on_disk = [page.on_disk for page in self.pages]
        assert sum(on_disk) == self.room.held
        assert sum(on_disk) <= ALLOWED or on_disk == [on_disk[0], *[0] * (len(on_disk) - 1)]

    @override
    def teardown(self) -> None:
        """Whatever came before, all pages come through once they are taken in order."""
        while self.pages:
            page = self.pages[0]
            while not page.has_come:
                page.gave_way = False
                assert self.room.grow(page.share, 1)
                page.on_disk += 1
                page.has_come = page.on_disk == page.whole
            self.write()
        assert self.room.held == 0


def test_any_order_of_events() -> None:
    """Whichever page comes first, and however large they turn out to be."""
    run_state_machine_as_test(Pages, settings=some_examples)


def test_the_page_that_is_written_last_gives_way() -> None:
    """Not more of them than have to."""
    room = SpoolRoom(ALLOWED)
    pages = [Download(50, Share(order=(0, number))) for number in range(3)]
    for page in pages:
        page.share.give_way = page.clear
        room.enter(page.share)
    assert room.grow(pages[1].share, 40)
    assert room.grow(pages[2].share, 40)
    assert room.grow(pages[0].share, 50)
    assert [page.gave_way for page in pages] == [False, False, True]
    assert (room.held, room.most_held, room.given_way) == (90, 90, 1)


def test_a_page_that_is_read_does_not_give_way() -> None:
    """Its bytes are being decoded, and fetching it again would cost what it has cost."""
    room = SpoolRoom(ALLOWED)
    read, next_one = Share(order=(0, 1), is_fixed=True), Share(order=(0, 0))
    for share in (read, next_one):
        room.enter(share)
    assert room.grow(read, 80)
    assert room.grow(next_one, 80)
    assert room.held == 160
