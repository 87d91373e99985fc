"""The room that result pages have on disk: how much each takes, and which one gives way.

How large a page is shows only once it is here. So a page is let in by what is known of those of its
stream, and where that was too little, the page that is written last gives way and is fetched again.
The page that is written next always has room: nothing can be freed before it is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(eq=False, slots=True, kw_only=True)
class Share:
    """What one page takes of the room.

    Attributes:
        order: In which pages are written: lower ones first, no two alike.
        expected: Bytes that it is thought to have, while it is not whole.
        give_way: Clears what it has on disk.
        size: Bytes that it has on disk.
        is_fixed: It is whole and being read, and gives way no more.
    """

    order: tuple[int, int]
    expected: int = 0
    give_way: Callable[[], object] = lambda: None
    size: int = 0
    is_fixed: bool = False


class SpoolRoom:
    """The room that result pages have on disk; whoever uses it sees that one does at a time.

    Args:
        allowed: Bytes.
    """

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.held = 0
        #: The most that was ever held.
        self.most_held = 0
        #: How often a page gave way.
        self.given_way = 0
        self._shares: list[Share] = []

    def fits(self, expected: int, *, besides: Share | None = None) -> bool:
        """Tell whether there is room for a page.

        Args:
            expected: Bytes that it is thought to have; 0 where nobody knows.
            besides: What it has already; None for a new page.
        """
        others = (each for each in self._shares if each is not besides)
        taken = sum(max(each.size, each.expected) for each in others)
        return taken + max(expected, 1) <= self.allowed

    def enter(self, share: Share) -> None:
        """Take in a page, which holds nothing yet."""
        self._shares.append(share)

    def leave(self, share: Share) -> None:
        """Let go of a page, and of what it holds."""
        self.clear(share)
        self._shares.remove(share)

    def clear(self, share: Share) -> None:
        """Note that a page holds nothing any more."""
        self.held -= share.size
        share.size = 0
        share.is_fixed = False

    def is_first(self, share: Share) -> bool:
        """Tell whether no page here is written before this one."""
        return all(each.order >= share.order for each in self._shares)

    def may_come_again(self, share: Share, expected: int) -> bool:
        """Tell whether a page that gave way may be fetched again.

        Args:
            share: The page's.
            expected: Bytes that it is thought to have.
        """
        return self.is_first(share) or self.fits(expected, besides=share)

    def grow(self, share: Share, size: int) -> bool:
        """Give a page so many bytes more, for which those that are written later give way.

        What gives way has cleared its bytes by then.

        Returns:
            False where the page gives way itself.
        """
        behind = [
            each
            for each in self._shares
            if each.size and not each.is_fixed and each.order > share.order
        ]
        can_be_free = self.allowed - self.held + sum(each.size for each in behind)
        if can_be_free < size and not self.is_first(share):
            self._give_way(share)
            return False
        for each in sorted(behind, key=lambda each: each.order, reverse=True):
            if self.held + size <= self.allowed:
                break
            self._give_way(each)
        share.size += size
        self.held += size
        self.most_held = max(self.most_held, self.held)
        return True

    def _give_way(self, share: Share) -> None:
        share.give_way()
        self.clear(share)
        self.given_way += 1
