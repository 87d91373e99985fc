"""The date literals of SOQL, such as THIS_QUARTER and LAST_N_DAYS:30: from which day to which.

The user's time zone is UTC, weeks begin on Sunday, and the fiscal year is the calendar's.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

_DAYS_A_WEEK = 7
_MONTHS_A_QUARTER = 3
_MONTHS_A_YEAR = 12
_UNIT = "(?:FISCAL_)?(?P<unit>DAY|WEEK|MONTH|QUARTER|YEAR)"
_PLAIN = re.compile(rf"(?P<which>LAST|THIS|NEXT)_{_UNIT}")
_COUNTED = re.compile(rf"(?:(?P<which>LAST|NEXT)_N_{_UNIT}S|N_(?P<ago>\w+)S_AGO):(?P<count>\d+)")
_NAMED = {
    "YESTERDAY": "N_DAYS_AGO:1",
    "TODAY": "N_DAYS_AGO:0",
    "TOMORROW": "NEXT_N_DAYS:1",
    "LAST_90_DAYS": "LAST_N_DAYS:90",
    "NEXT_90_DAYS": "NEXT_N_DAYS:90",
}
_PERIODS = "(?:WEEK|MONTH|(?:FISCAL_)?(?:QUARTER|YEAR))"
_MANY = rf"(?:DAY|{_PERIODS[3:]}S"
PATTERN = (
    rf"(?:YESTERDAY|TODAY|TOMORROW|(?:LAST|NEXT)_90_DAYS|(?:LAST|THIS|NEXT)_{_PERIODS}"
    rf"|(?:(?:LAST|NEXT)_N_{_MANY}|N_{_MANY}_AGO):[0-9]+)(?![\w:])"
)


def days_of(literal: str, today: date) -> tuple[date, date]:
    """Return the first day of a literal, and the first that no longer belongs to it."""
    text = literal.upper()
    text = _NAMED.get(text, text)
    plain = _PLAIN.fullmatch(text)
    if plain:
        unit = plain["unit"]
        start = _index(unit, today) + {"LAST": -1, "THIS": 0, "NEXT": 1}[plain["which"]]
        return _day(unit, start), _day(unit, start + 1)
    counted = _COUNTED.fullmatch(text)
    if not counted:
        message = f"not a date literal: {literal}"
        raise ValueError(message)
    unit = counted["unit"] or counted["ago"].removeprefix("FISCAL_")
    now, count = _index(unit, today), int(counted["count"])
    if counted["ago"]:
        return _day(unit, now - count), _day(unit, now - count + 1)
    if counted["which"] == "NEXT":
        return _day(unit, now + 1), _day(unit, now + count + 1)
    # The last days have today among them; the last weeks have not this week.
    return _day(unit, now - count), _day(unit, now + (unit == "DAY"))


def _index(unit: str, day: date) -> int:
    """Return how many of such periods have passed."""
    if unit == "DAY":
        return day.toordinal()
    if unit == "WEEK":
        return day.toordinal() // _DAYS_A_WEEK
    months = day.year * _MONTHS_A_YEAR + day.month - 1
    return months // {"MONTH": 1, "QUARTER": _MONTHS_A_QUARTER, "YEAR": _MONTHS_A_YEAR}[unit]


def _day(unit: str, index: int) -> date:
    """Return the first day of a period; the calendar's ends where it is outside of it."""
    try:
        if unit in {"DAY", "WEEK"}:
            days = index if unit == "DAY" else index * _DAYS_A_WEEK
            return date.min + timedelta(days=days - 1)
        months = index * {"MONTH": 1, "QUARTER": _MONTHS_A_QUARTER, "YEAR": _MONTHS_A_YEAR}[unit]
        return date(months // _MONTHS_A_YEAR, months % _MONTHS_A_YEAR + 1, 1)
    except (OverflowError, ValueError):
        return date.min if index < _index(unit, date(2000, 1, 1)) else date.max
