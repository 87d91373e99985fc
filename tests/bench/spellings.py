"""In which spellings the benchmark's values come, and how many of them in each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shares:
    """Of all values of a kind, the part that is spelled in another way than most orgs' are.

    docs/fidelity.md has what is made of each.

    Attributes:
        exponents: Of amounts, as Java writes those from ten million on: ``1.2345E7``.
        points: Of whole numbers, with a point behind: ``7.0``.
        escaped: Of texts, with quotes, line breaks, backslashes and characters of several bytes.
        odd: Of the values of every column that has other spellings: amounts with a zero at the end
            or without a point, date-times without milliseconds, dates before the year 1000.
    """

    exponents: float = 0
    points: float = 0
    escaped: float = 0
    odd: float = 0


REGULAR = "regular"
MIXED = "mixed"
#: What a page can be made of, by the names that the benchmark has for it.
SPELLINGS = {
    REGULAR: Shares(),
    "Java's exponents": Shares(exponents=1),
    "7.0": Shares(points=1),
    "escaped texts": Shares(escaped=1),
    "2 % odd": Shares(odd=0.02),
    MIXED: Shares(exponents=0.3, points=0.3, escaped=0.3, odd=0.02),
}
