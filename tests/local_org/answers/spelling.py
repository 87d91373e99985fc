"""How a number is written: as the store keeps it, and as each of the two APIs spells it.

The store keeps numbers as text. What is written as `decimal_text` writes it, the APIs spell in
their own ways: the same number always alike, but REST and Bulk often differently. Any other text
(`9.5E8`, `12.50`, `NaN`) is served as it is.
"""

from __future__ import annotations

import re
from decimal import Decimal

_PLAIN = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]*[1-9]))?")
_LONGEST_PLAIN_WHOLE = 7
"""Java, which Salesforce is written in, turns to exponents at ten million …"""
_SMALL = ("0.000", "-0.000")
"""… and below one thousandth."""
_ODD = frozenset("13579")


def decimal_text(value: Decimal | float) -> str:
    """Return a number's plain decimal: no exponent, no zeros at the end of the fraction."""
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not number.is_finite():
        return "NaN" if number.is_nan() else f"{'-' if number < 0 else ''}Infinity"
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rest_number(text: str) -> str:
    """Return a double, currency or percent as REST spells it: `3.0`, `950000000.0`, `9.5E8`."""
    whole, point, _ = text.partition(".")
    if len(whole) > _LONGEST_PLAIN_WHOLE or text.startswith(_SMALL):
        return _spell_extreme(text, exponent=text[-1] not in _ODD)
    return text if point else _with_fraction(text)


def csv_number(text: str) -> str:
    """Return a double, currency or percent as Bulk spells it: `4`, `3.0`, `1.6147805824397E13`."""
    whole, point, _ = text.partition(".")
    if len(whole) > _LONGEST_PLAIN_WHOLE or text.startswith(_SMALL):
        return _spell_extreme(text, exponent=text[-1] in _ODD)
    return text if point or text[-1] not in _ODD else _with_fraction(text)


def csv_integer(text: str) -> str:
    """Return an int or long as Bulk spells it: mostly `8`, sometimes `7.0`."""
    return _with_fraction(text) if text[-1] == "7" and "." not in text else text


def _with_fraction(text: str) -> str:
    return f"{text}.0" if text.lstrip("-").isdecimal() else text


def _spell_extreme(text: str, *, exponent: bool) -> str:
    """Return a very large or very small number, with an exponent or without."""
    plain = _PLAIN.fullmatch(text)
    if not plain:
        return text
    sign, whole, fraction = plain.groups(default="")
    if not exponent:
        return f"{sign}{whole}.{fraction or '0'}"
    digits = (whole + fraction).lstrip("0")
    power = len(whole) - 1 if whole != "0" else len(digits) - len(fraction) - 1
    return f"{sign}{digits[0]}.{digits[1:].rstrip('0') or '0'}E{power}"
