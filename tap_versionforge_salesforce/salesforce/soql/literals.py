"""The literals of SOQL: which there are, and what is wrong with one that is none."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from tap_versionforge_salesforce.salesforce.soql.tree import SoqlError
from tap_versionforge_salesforce.salesforce.support.wording import closest

LONGEST_STRING = 4_000
EARLIEST_YEAR = 1700
LATEST_YEAR = 4000

_PERIODS = ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
#: "Date Formats and Date Literals in WHERE" of the SOQL guide.
DATE_LITERALS = frozenset(
    {
        *("YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"),
        *(f"{which}_{period}" for period in _PERIODS for which in ("LAST", "THIS", "NEXT")),
    }
)
#: Those with a number behind a colon.
COUNTED_DATE_LITERALS = frozenset(
    {
        form.format(period)
        for period in ("DAYS", *(f"{period}S" for period in _PERIODS))
        for form in ("LAST_N_{}", "NEXT_N_{}", "N_{}_AGO")
    }
)

_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPES = frozenset("nrtbf\"'\\")
_WILDCARDS = frozenset("%_")
# No Python reads 24:00 here, as some do.
_HOURS = "(?:[01][0-9]|2[0-3])"
_TIME = rf"{_HOURS}:[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_DATETIME = re.compile(rf"(?P<day>[0-9-]{{10}})T{_TIME}(?:Z|[+-]{_HOURS}:?[0-5][0-9])")
_TIME_OF_DAY = re.compile(rf"{_TIME}Z")
_MOST_DIGITS = 100


def check_string(quoted: str, *, is_pattern: bool) -> None:
    r"""Refuse a text between quotes that Salesforce would not read.

    Args:
        quoted: With its quotes.
        is_pattern: It is compared by LIKE, whose wildcards can be escaped.

    Raises:
        SoqlError: It has an escape that there is none of, or is too long.
    """
    for match in _ESCAPE.finditer(quoted[1:-1]):
        sign = match[1]
        known = len(sign) > 1 or sign.lower() in _ESCAPES or (is_pattern and sign in _WILDCARDS)
        if not known:
            raise SoqlError(
                f"has the unknown escape {match[0]} in {shown(quoted)}",
                r"A backslash in a text is written \\, and a quote \'.",
            )
    if len(_ESCAPE.sub("-", quoted)) - 2 > LONGEST_STRING:
        raise SoqlError(
            f"has a text of more than {LONGEST_STRING:,} characters",
            "Salesforce compares with shorter ones only.",
        )


def plain_number(text: str) -> str:
    """Return a number without an exponent or a sign of plus, which no one's SOQL parser knows.

    Args:
        text: As SOQL may be written, such as ``1.5e3``.

    Raises:
        SoqlError: It has more digits than any field of Salesforce.
    """
    try:
        number = Decimal(text)
    except ArithmeticError:
        number = None
    if number is None or len(text) > _MOST_DIGITS or abs(number.adjusted()) > _MOST_DIGITS:
        raise SoqlError(
            f"holds {shown(text)}, which is too long a number",
            "Numbers of Salesforce have 18 digits at most.",
        )
    return format(number, "f")


def check_date(text: str) -> None:
    """Refuse a date that there is none of.

    Raises:
        SoqlError: It is not in the calendar, or not between the years 1700 and 4000.
    """
    _check_day(text, text)


def check_datetime(text: str) -> None:
    """Refuse a date-time that there is none of.

    Raises:
        SoqlError: As `check_date`.
    """
    parts = _DATETIME.fullmatch(text.upper())
    if parts is None:
        raise _no_such_day(text)
    _check_day(parts["day"], text)


def check_time(text: str) -> None:
    """Refuse a time of day that there is none of.

    Raises:
        SoqlError: No day has it.
    """
    if _TIME_OF_DAY.fullmatch(text.upper()) is None:
        raise _no_such_day(text)


def _check_day(day: str, text: str) -> None:
    try:
        year = date.fromisoformat(day).year
    except ValueError:
        raise _no_such_day(text) from None
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise _no_such_day(text)


def _no_such_day(text: str) -> SoqlError:
    return SoqlError(
        f"holds {text}, which is no date",
        f"Dates are written 2026-11-28 and date-times 2026-11-28T10:00:00Z, in the years "
        f"{EARLIEST_YEAR} to {LATEST_YEAR}.",
    )


def unknown_word(word: str) -> SoqlError:
    """Return what is wrong with a word that stands where a literal should.

    Args:
        word: Without quotes.
    """
    upper = word.upper()
    if upper in COUNTED_DATE_LITERALS:
        return SoqlError(f"holds {word} without its number", f"Write {upper}:7, for 7.")
    # The tap's own users write TODAYS rather than a field's name in the place of a value.
    near = closest(word, DATE_LITERALS | COUNTED_DATE_LITERALS, cutoff=0.8)
    if near is not None:
        return SoqlError(f"holds {word}, which is no date literal", f"Did you mean {near}?")
    return SoqlError(
        f"compares with {shown(word)}, which is no value",
        "A text stands in single quotes ('Closed Won'); with another field SOQL can't compare.",
    )


def shown(text: str, most: int = 40) -> str:
    """Return a piece of what somebody wrote on one line, cut where it is long."""
    line = "".join(sign if sign.isprintable() else " " for sign in text[: most * 2])
    line = " ".join(line.split())
    return line if len(line) <= most and len(text) <= most * 2 else f"{line[:most]}…"
