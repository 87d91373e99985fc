"""Numbers as people read them, and names as they may have been meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def counted(number: int, what: str) -> str:
    """Return a number of things, such as "1 API call" or "5,000 rows".

    Args:
        number: How many.
        what: One of them; its plural ends in s.
    """
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return " (did you mean X?)" with the name that is nearest; empty where none is near."""
    near = closest(name, known)
    return "" if near is None else f" (did you mean {near}?)"


def closest(name: str, known: Collection[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is nearest, whatever its upper and lower case.

    Args:
        name: What was written.
        known: What there is.
        cutoff: How alike they have to be, from 0 to 1.
    """
    by_lower_case = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), by_lower_case, n=1, cutoff=cutoff)
    return by_lower_case[found[0]] if found else None
