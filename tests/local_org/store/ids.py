"""Record Ids: fifteen characters that mind the case, and three that say what the case was."""

from __future__ import annotations

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ORG = "Hs0000"
SHORT = 15


def make_id(prefix: str, number: int) -> str:
    """Return the 18-character Id of the object's `number`-th record."""
    digits = ""
    while number:
        number, rest = divmod(number, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    return case_safe(f"{prefix}{_ORG}{digits.rjust(SHORT - len(prefix) - len(_ORG), '0')}")


def case_safe(record_id: str) -> str:
    """Return the 18-character form of a 15-character Id; any other text as it is."""
    if len(record_id) != SHORT:
        return record_id
    blocks = (record_id[start : start + 5] for start in range(0, SHORT, 5))
    return record_id + "".join(_CHECK[_upper_case_bits(block)] for block in blocks)


def _upper_case_bits(block: str) -> int:
    return sum(1 << place for place, letter in enumerate(block) if "A" <= letter <= "Z")
