"""The Ids of Salesforce: 15 characters, and three behind them that check their case."""

from __future__ import annotations

#: Of an Id without its checksum.
ID_LENGTH = 15
_CHECKSUM_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CHECKED_TOGETHER = 5


def full_id(short: str) -> str:
    """Return an Id with its checksum, as all answers have it.

    Each of its characters says which of five before are capital letters ("ID Field Type" in the
    Object Reference).

    Args:
        short: Its 15 characters.
    """
    checksum = ""
    for start in range(0, ID_LENGTH, _CHECKED_TOGETHER):
        some = short[start : start + _CHECKED_TOGETHER]
        bits = sum(1 << place for place, char in enumerate(some) if "A" <= char <= "Z")
        checksum += _CHECKSUM_DIGITS[bits]
    return short + checksum
