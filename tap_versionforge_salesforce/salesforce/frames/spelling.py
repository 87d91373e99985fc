"""The one spelling of a number or an instant, and how a value is shown in a message."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant, parse_instant

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(_DATE.pattern + r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z")
_INT64 = range(-(2**63), 2**63)
# Beyond this a number is no amount of anything, and its plain spelling would fill the memory.
_LARGEST_EXPONENT = 400
_SHOWN_CHARACTERS = 80


def canonical_number(text: str) -> str | None:
    """Return the one spelling of a decimal, every digit kept; None for what is no finite number.

    No exponent, at least one decimal, no zeros behind that, no minus before zero:
    ``9.5E8`` and ``950000000`` are both ``950000000.0``.
    """
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    if number.is_zero():
        return "0.0"
    if abs(number.adjusted()) > _LARGEST_EXPONENT:
        return None
    whole, _, decimals = f"{number:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"


def canonical_integer(text: str) -> int | None:
    """Return a whole number, ``7.0`` too; None for what is none or exceeds 64 bits."""
    number = canonical_number(text)
    if number is None or not number.endswith(".0"):
        return None
    value = int(number[:-2])
    return value if value in _INT64 else None


def canonical_date(text: str) -> str | None:
    """Return a date as it is; None for a day that does not exist."""
    if not _DATE.fullmatch(text):  # newer Pythons read other spellings, too
        return None
    try:
        date.fromisoformat(text)
    except ValueError:
        return None
    return text


def canonical_instant(text: str) -> str | None:
    """Return the one spelling of a date-time, in UTC; None for what is none.

    One that is spelled so already stays, also where SOQL could not ask for it.
    """
    in_utc = text.replace("+0000", "Z")
    if _INSTANT.fullmatch(in_utc) and canonical_date(in_utc[:10]):
        return in_utc
    try:
        return format_instant(parse_instant(text))
    except ValueError:
        return None


def shown(value: str) -> str:
    """Return a value as a message shows it: in one line, nothing invisible, long ones shortened."""
    start = value if len(value) <= _SHOWN_CHARACTERS else f"{value[:_SHOWN_CHARACTERS]}…"
    return "".join(_visible(character) for character in start)


def _visible(character: str) -> str:
    if character == "\x00":
        return "\\0"
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()
