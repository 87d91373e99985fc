"""Instants as text: read in the spellings that people and Salesforce use, written in one."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_SPELLING = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2})?)(?:\.(?P<fraction>\d{1,9}))?"
    r"\s*(?P<zone>Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?)?",
    re.IGNORECASE,
)
# SOQL takes no others (SOQL and SOSL reference, "Date formats and date literals").
_EARLIEST_YEAR, _LATEST_YEAR = 1700, 4000
#: The first instant that a query can name.
EARLIEST = datetime(_EARLIEST_YEAR, 1, 1, tzinfo=timezone.utc)


def parse_instant(text: str) -> datetime:
    """Read a date or date-time in ISO 8601; without a zone it is UTC.

    Args:
        text: Such as ``2026-11-23``, ``2026-11-23T10:00:00Z`` or Salesforce's own
            ``2026-11-23T10:00:00.000+0000``. Fractions are cut to milliseconds.

    Returns:
        The aware instant in UTC.

    Raises:
        ValueError: The text is no date, or one that SOQL can't hold.
    """
    match = _SPELLING.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is no date"
        raise ValueError(message)
    time = match["time"] or "00:00"
    milliseconds = ((match["fraction"] or "") + "000")[:3]
    naive = datetime.fromisoformat(f"{match['date']}T{time}")
    instant = naive.replace(microsecond=int(milliseconds) * 1000, tzinfo=timezone.utc)
    if _EARLIEST_YEAR <= instant.year <= _LATEST_YEAR:  # else the offset may leave all calendars
        instant -= _offset(match["zone"] or "Z")
    if not _EARLIEST_YEAR <= instant.year <= _LATEST_YEAR:
        message = f"{text!r} lies outside the years {_EARLIEST_YEAR} to {_LATEST_YEAR}"
        raise ValueError(message)
    return instant


def _offset(zone: str) -> timedelta:
    if zone in "Zz":
        return timedelta()
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def format_instant(instant: datetime) -> str:
    """Write an aware instant in UTC with milliseconds, such as ``2026-11-23T10:00:00.000Z``."""
    utc = instant.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
