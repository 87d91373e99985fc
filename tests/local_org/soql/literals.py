"""The literals of SOQL: text between quotes, dates, datetimes."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

from tests.local_org.soql import soql_errors

LONGEST_STRING = 4_000
EARLIEST_YEAR = 1700
LATEST_YEAR = 4000

_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "'": "'",
    "\\": "\\",
}
_DATETIME = re.compile(
    r"(?P<seconds>[0-9-]+T[0-9:]{8})(?:\.(?P<fraction>[0-9]+))?"
    r"(?:Z|(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2}))",
    re.IGNORECASE,
)


def read_string(soql: str, position: int, quoted: str, *, is_pattern: bool = False) -> str:
    """Return the text of a quoted literal.

    A pattern, for LIKE, keeps the backslash before what would otherwise be a wildcard, and before
    a backslash.
    """

    def unescape(match: re.Match[str]) -> str:
        escaped = match[1]
        if escaped in {"%", "_"} and is_pattern:
            return match[0]
        if escaped == "\\" and is_pattern:
            return match[0]
        if len(escaped) > 1:
            return chr(int(escaped[1:], 16))
        if escaped.lower() not in _ESCAPED:
            raise soql_errors.illegal_escape(soql, position, quoted, match[0])
        return _ESCAPED[escaped.lower()]

    text = _ESCAPE.sub(unescape, quoted[1:-1])
    if len(text) > LONGEST_STRING:
        raise soql_errors.string_too_long(soql, position, LONGEST_STRING)
    return text


def read_date(soql: str, position: int, text: str) -> date:
    """Return the date of an unquoted literal, or raise where there is no such day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise soql_errors.unexpected_token(soql, position, text) from None
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise soql_errors.unexpected_token(soql, position, text)
    return day


def read_datetime(soql: str, position: int, text: str) -> datetime:
    """Return the moment of an unquoted literal, in UTC."""
    parts = _DATETIME.fullmatch(text)
    if not parts:
        raise soql_errors.unexpected_token(soql, position, text)
    try:
        moment = datetime.fromisoformat(parts["seconds"].upper())
    except ValueError:
        raise soql_errors.unexpected_token(soql, position, text) from None
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise soql_errors.unexpected_token(soql, position, text)
    fraction = (parts["fraction"] or "")[:6].ljust(6, "0")
    offset = timedelta(hours=int(parts["hours"] or 0), minutes=int(parts["minutes"] or 0))
    moment += timedelta(microseconds=int(fraction))
    moment = moment + offset if parts["sign"] == "-" else moment - offset
    return moment.replace(tzinfo=timezone.utc)
