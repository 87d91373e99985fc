"""Numbers as people read them."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """Return a number of things, such as "1 API call" or "5,000 rows".

    Args:
        number: How many.
        what: One of them; its plural ends in s.
    """
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
