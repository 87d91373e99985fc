"""Values that hurt: each has broken some extractor."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.local_org.objects.fields import Field

VERY_LONG = 5_000

TEXTS = (
    'a "quoted" word',
    '"quoted all over"',
    '""',
    'doubled ""quotes""',
    '"',
    "it's",
    "comma, semicolon; pipe| caret^ backquote`",
    "tab\there",
    "\ttab first",
    "line\nfeed",
    "carriage\rreturn",
    "both\r\nof them",
    "ends in a line feed\n",
    "ends in both\r\n",
    "\nstarts with a line feed",
    'quote and break "\r\n" inside',
    '","',
    '"\n"',
    "a\x00b",
    "\x00first",
    "last\x00",
    "controls \x01\x02\x1f\x7f",
    "emoji \U0001f600",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "flag \U0001f1e9\U0001f1ea",
    "combining e\u0301 and \u00e9",
    "\u00c4\u00d6\u00dc\u00df \u0141\u00f3d\u017a \u65e5\u672c\u8a9e \u05e9\u05dc\u05d5\u05dd",
    "line\u2028separator",
    "paragraph\u2029separator",
    "next\x85line",
    "\ufeffmark first",
    "no-break\u00a0space",
    "zero\u200bwidth",
    "replacement \ufffd, last \U0010ffff",
    " leading blank",
    "trailing blank ",
    "   ",
    " ",
    "null",
    "NULL",
    "NA",
    "N/A",
    "NaN",
    "None",
    "nil",
    "\\N",
    "true",
    "FALSE",
    "00123",
    "1e5",
    "0x1F",
    "1.0",
    "-0",
    "Infinity",
    "2024-01-01",
    "=1+1",
    "+1",
    "@SUM(A1)",
    "back\\slash",
    "ends in a backslash\\",
    "\\n and \\u0041 as they are",
    "</script>",
    "<b>&amp;</b>",
    "{",
    "}",
    '{"json": [1]}',
    "%s %(name)s {0} $1 ${x}",
    "'; DROP TABLE x; --",
    "0" * VERY_LONG,
    'x"\n' * (VERY_LONG // 3),
)

INTEGERS = ("0", "-1", "7", "-7")
LONGS = ("9007199254740993", "-9007199254740993", "999999999999999999")
DATES = ("1700-01-01", "4000-12-31", "1969-12-31", "2024-02-29")
DATETIMES = (
    "1700-01-01 00:00:00",
    "4000-12-31 23:59:59",
    "1969-12-31 23:59:59.999",
    "2024-02-29 12:00:00.001",
    "2038-01-19 03:14:08",
)
TIMES = ("00:00:00.000Z", "23:59:59.999Z", "12:00:00.001Z")
ANY_VALUES = ("5", '"5"', "true", '"true"', '"a\\u0000b"', '"say \\"so\\""', "0.1", "-12.50", '" "')


def integers(field: Field) -> tuple[str, ...]:
    """Return whole numbers at the ends of what the field holds."""
    if field.type == "long":
        return INTEGERS + LONGS
    largest = "9" * (field.digits or 8)
    return (*INTEGERS, largest, f"-{largest}")


def decimals(field: Field) -> tuple[str, ...]:
    """Return numbers of the field's precision that floating point can't hold, and odd spellings."""
    whole, scale = field.precision - field.scale, field.scale
    digits = "123456789012345678"
    found = ["0", "-0", "-1", "9" * whole]
    if whole >= len("950000000"):
        found += ["9.5E8", "1.0E7", "950000000"]
    if whole >= len("16147805824397"):
        found.append("1.6147805824397E13")
    if scale:
        found += [
            f"{'9' * whole}.{'9' * scale}",
            f"-{'9' * whole}.{'9' * scale}",
            f"0.{digits[:scale]}",
            f"{digits[:whole]}.{digits[whole : whole + scale]}",
            f"0.{'1'.rjust(scale, '0')}",
            f"1.0E-{scale}",
            "1.50",
        ]
    else:
        found.append(digits[:whole])
    return tuple(found)
