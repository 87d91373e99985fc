"""What is wrong with a text that is no SOQL: one sentence, the place, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.soql.literals import shown, unknown_word
from tap_versionforge_salesforce.salesforce.soql.tree import SoqlError

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST_QUERY = 100_000
DEEPEST = 100

_PIECE = re.compile(r"""'(?:[^'\\]|\\.)*'|--|//|/\*|[();"']|(?<!\w):\s?[A-Za-z]""", re.DOTALL)
_STRAY = {
    "'": (
        "has a text without its closing quote at",
        r"A text stands in single quotes; a quote within it is written \'.",
    ),
    '"': ("has a double quote at", "A text stands in single quotes."),
    ";": ("has a semicolon at", "Leave it out."),
    ":": (
        "has an Apex variable at",
        "Write the value itself: outside Apex, SOQL has no variables.",
    ),
}
_COMMENT = ("has a comment at", "Leave it out: SOQL has no comments.")
_WORD = re.compile(r"\w+|.", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w.]*")
# As other systems write it.
_INSTANT = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[T\s]\s*(?P<time>[0-9]{2}:[0-9]{2})(?P<seconds>:[0-9]{2})?"
    r"(?:\.[0-9]+)?(?:Z|[+-][0-9:]{2,5})?",
    re.IGNORECASE,
)
_LAST_WORD = re.compile(r"(\w+|[^\w\s])\s*\Z")
# Far enough back for any word of the grammar.
_NEAR = 200
_TYPEOF = re.compile(r"(?:^\s*SELECT|,)\s*TYPEOF\s", re.IGNORECASE)
# What can follow a condition in a SELECT, and what people take for such.
_CLAUSES = frozenset(
    {*("ALL", "FOR", "GROUP", "HAVING", "LIMIT", "OFFSET", "ORDER", "UPDATE", "USING", "WITH")}
)
# What can follow within a condition, and nowhere else.
_IN_CONDITION = frozenset({"_AND", "_OR", "_NOT", "OPERATOR", "DATE_LITERAL", "RPAR"})
_NO_CLAUSES = (
    "ORDER BY, GROUP BY, LIMIT, OFFSET, FOR and their like can't stand here; leave it out."
)
_FORM = (
    "It is written SELECT fields FROM one object WHERE … GROUP BY … HAVING … ORDER BY … LIMIT … "
    "OFFSET …, in this order, without other names for the object."
)
# In this order: the first that could stand there is what people would write.
_WANTED = (
    ("DATE_LITERAL", "A value"),
    ("OPERATOR", "An operator such as = or IN"),
    ("NAME", "A name"),
    ("_FROM", "FROM and an object's name"),
    ("DIGITS", "A whole number"),
    ("LPAR", "An opening bracket"),
    ("_AND", "AND, OR or nothing"),
)


def check_whole(text: str, example: str) -> None:
    """Refuse a text that no grammar has to look at.

    Args:
        text: What somebody wrote.
        example: What they might have written.

    Raises:
        SoqlError: It is empty or too long, a quote or bracket has no other, or it holds what ends
            a query elsewhere: a semicolon, a comment.
    """
    if not text.strip():
        raise SoqlError("is empty", f"Write {example}, or leave it out.")
    if len(text) > LONGEST_QUERY:
        raise SoqlError(
            f"has more than {LONGEST_QUERY:,} characters",
            "Salesforce reads shorter queries only.",
        )
    brackets = []
    for match in _PIECE.finditer(text):
        sign = match[0]
        if sign in {"(", ")"}:
            brackets.append(match.start())
        elif len(sign) == 1 or sign[0] != "'":
            problem, hint = _STRAY.get(sign[0], _COMMENT)
            raise SoqlError(f"{problem} {_place(text, match.start())}", hint)
    _check_brackets(text, brackets)


def _check_brackets(text: str, positions: list[int]) -> None:
    opened: list[int] = []
    for position in positions:
        if text[position] == "(":
            opened.append(position)
        elif opened:
            opened.pop()
        else:
            raise SoqlError(
                f"closes a bracket that is not open, at {_place(text, position)}",
                "Each ) needs its ( before it.",
            )
        if len(opened) > DEEPEST:
            raise SoqlError(
                f"has more than {DEEPEST} brackets inside each other", "Leave some of them out."
            )
    if opened:
        raise SoqlError(
            f"has a bracket that is never closed, at {_place(text, opened[-1])}",
            "Each ( needs its ).",
        )


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where the grammar can't go on: at which word, behind which, and what could stand there."""

    text: str
    position: int
    expected: Collection[str]

    @property
    def place(self) -> str:
        return _place(self.text, self.position)

    @property
    def word(self) -> str:
        found = _WORD.match(self.text, self.position)
        return found[0].upper() if found else ""

    @property
    def previous(self) -> str:
        found = _LAST_WORD.search(self.text[max(0, self.position - _NEAR) : self.position])
        return found[1].upper() if found else ""

    @property
    def is_mixed(self) -> bool:
        """AND, OR or NOT could stand there if it had brackets."""
        is_ended = bool({"$END", "RPAR", "_AND", "_OR"} & set(self.expected))
        return (self.word in {"AND", "OR"} and is_ended) or (
            self.word == "NOT" and self.previous in {"AND", "OR"}
        )


def refusal(text: str, position: int | None, expected: Collection[str], start: str) -> SoqlError:
    """Return what is wrong with a text that the grammar can't read.

    Args:
        text: The text.
        position: Where it can't go on; None where it ends too early.
        expected: The terminals of the grammar that could stand there.
        start: What was to be read: ``condition`` or ``select``.
    """
    if position is None:
        end = " ".join(text[-_NEAR:].split()[-4:])
        return SoqlError(
            f'ends too early, behind "{shown(end)}"', f"{_wanted(expected)} has to follow."
        )
    stop = _Stop(text, position, expected)
    for match in _INSTANT.finditer(text, max(0, position - _NEAR)):
        if match.start() <= position < match.end():
            return SoqlError(
                f"holds {shown(match[0])}, which is no date-time",
                f"Write {match['day']}T{match['time']}{match['seconds'] or ':00'}Z: with T, with "
                "seconds, and behind them Z, for UTC, or an offset such as +01:00.",
            )
    if stop.is_mixed:
        return SoqlError(
            f"has AND, OR or NOT beside another of them at {stop.place}",
            "Add brackets: (A AND B) OR C, or A AND (NOT B).",
        )
    if "DATE_LITERAL" in expected:
        return _no_value(stop)
    if start == "select" and (stop.word in _CLAUSES or not _IN_CONDITION & set(expected)):
        return _no_select(stop)
    return _no_condition(stop)


def _no_value(stop: _Stop) -> SoqlError:
    if stop.word == "=" and stop.previous == "=":
        return SoqlError(f"has == at {_place(stop.text, stop.position - 1)}", "SOQL writes it =.")
    name = _NAME.match(stop.text, stop.position)
    if name is not None:
        return unknown_word(name[0])
    return SoqlError(
        f"has no value at {stop.place}",
        "Texts stand in single quotes, dates and numbers in none: 'Closed Won', 2026-11-28, 5.",
    )


def _no_condition(stop: _Stop) -> SoqlError:
    first = _WORD.search(stop.text.lstrip())
    begins = first[0].upper() if first else ""
    if not stop.previous and begins == "WHERE":
        return SoqlError("begins with WHERE", "Leave the word out: what follows it belongs here.")
    if not stop.previous and begins == "SELECT":
        return SoqlError(
            "holds a whole query", "Write only the condition that would stand behind WHERE."
        )
    if begins in _CLAUSES and "OPERATOR" in stop.expected:
        return SoqlError(f"begins with {begins}", _NO_CLAUSES)
    if stop.word in _CLAUSES and {"$END", "RPAR"} & set(stop.expected):
        return SoqlError(f"goes on behind the condition with {stop.place}", _NO_CLAUSES)
    return SoqlError(
        f"can't be read at {stop.place}", f"{_wanted(stop.expected)} has to stand there."
    )


def _no_select(stop: _Stop) -> SoqlError:
    if not stop.previous:
        problem, hint = f"is no query: it begins with {stop.place}", "Begin with SELECT."
    elif stop.word == "*":
        problem = f"selects {stop.place}"
        hint = "Name the fields: SOQL has no *."
    elif stop.word == "(" and stop.previous in {"SELECT", ","}:
        problem = f"has a SELECT among its fields, at {stop.place}"
        hint = "Read the child object as a stream of its own: its reference field names the parent."
    elif _TYPEOF.search(stop.text, 0, stop.position):
        problem = f"has TYPEOF at {stop.place}"
        hint = "Name the Id of the reference, and read the objects that it points to as streams."
    elif stop.word in {"FOR", "ALL", "UPDATE", "WITH"}:
        problem = f"goes on with {stop.place}"
        hint = "Leave it out: the tap reads as its user, and its settings say which deleted rows."
    else:
        problem, hint = f"can't be read at {stop.place}", _FORM
    return SoqlError(problem, hint)


def _wanted(expected: Collection[str]) -> str:
    return next((what for name, what in _WANTED if name in expected), "A bracket or comma")


def _place(text: str, position: int) -> str:
    return f'"{shown(text[position : position + _NEAR])}"'
