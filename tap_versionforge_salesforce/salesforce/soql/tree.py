"""What SOQL that somebody wrote says, as values; each gives its own text back in one spelling."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

LiteralKind: TypeAlias = Literal[
    "string",
    "number",
    "boolean",
    "null",
    "date",
    "datetime",
    "time",
    "date literal",
    "currency",
]


class SoqlError(Exception):
    """Something in a text is no SOQL, or none that can stand there.

    Args:
        problem: Goes on from the name of the setting, without the full stop.
        hint: What to do about it.
    """

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Path:
    """A field, or a field of a parent.

    Attributes:
        names: The relationships on the way, then the field.
        position: Where it stands in the text.
    """

    names: tuple[str, ...]
    position: int = field(default=0, compare=False)

    @property
    def soql(self) -> str:
        """Return it as SOQL."""
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Value:
    """A literal.

    Attributes:
        kind: What is meant by it.
        text: As SOQL spells it: a string with its quotes and escapes.
        position: Where it stands in the text.
    """

    kind: LiteralKind
    text: str
    position: int = field(default=0, compare=False)

    @property
    def soql(self) -> str:
        """Return it as SOQL."""
        return self.text


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a field.

    Attributes:
        name: As Salesforce's documentation spells it, where it is known there.
        arguments: In order.
        position: Where it stands in the text.
    """

    name: str
    arguments: tuple[Path | Value | Call, ...]
    position: int = field(default=0, compare=False)

    @property
    def soql(self) -> str:
        """Return it as SOQL."""
        return f"{self.name}({', '.join(argument.soql for argument in self.arguments)})"


Expression: TypeAlias = Path | Call


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against a literal.

    Attributes:
        left: What is compared.
        operator: ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` or ``LIKE``.
        value: With what.
    """

    left: Expression
    operator: str
    value: Value

    @property
    def soql(self) -> str:
        """Return it as SOQL."""
        return f"{self.left.soql} {self.operator} {self.value.soql}"


@dataclass(frozen=True, slots=True)
class Membership:
    """A field against a list of literals.

    Attributes:
        left: What is looked for.
        operator: ``IN``, ``NOT IN``, ``INCLUDES`` or ``EXCLUDES``.
        values: Where.
    """

    left: Expression
    operator: str
    values: tuple[Value, ...]

    @property
    def soql(self) -> str:
        """Return it as SOQL."""
        values = ", ".join(value.soql for value in self.values)
        return f"{self.left.soql} {self.operator} ({values})"


@dataclass(frozen=True, slots=True)
class SubSelect:
    """The Ids of a semi-join.

    Attributes:
        path: The field that holds them.
        sobject: Whose field that is.
        where: Of which rows; None for all.
    """

    path: Path
    sobject: str
    where: Term | None = None

    @property
    def soql(self) -> str:
        """Return it as SOQL."""
        # Each name has been read by the grammar.
        text = f"SELECT {self.path.soql} FROM {self.sobject}"  # noqa: S608
        return text if self.where is None else f"{text} WHERE {self.where.soql}"


@dataclass(frozen=True, slots=True)
class SemiJoin:
    """A field against the Ids that another query finds.

    Attributes:
        left: What is looked for.
        operator: ``IN`` or ``NOT IN``.
        select: Where.
    """

    left: Path
    operator: str
    select: SubSelect

    @property
    def soql(self) -> str:
        """Return it as SOQL."""
        return f"{self.left.soql} {self.operator} ({self.select.soql})"


@dataclass(frozen=True, slots=True)
class Not:
    """A term turned round."""

    term: Term

    @property
    def soql(self) -> str:
        """Return it as SOQL."""
        return f"NOT {_bracketed(self.term)}"


@dataclass(frozen=True, slots=True)
class Junction:
    """Terms joined by one AND, or by one OR: SOQL does not mix them at one level.

    Attributes:
        operator: ``AND`` or ``OR``.
        terms: At least two.
    """

    operator: str
    terms: tuple[Term, ...]

    @property
    def soql(self) -> str:
        """Return it as SOQL."""
        return f" {self.operator} ".join(map(_bracketed, self.terms))


Term: TypeAlias = Comparison | Membership | SemiJoin | Not | Junction


def _bracketed(term: Term) -> str:
    return f"({term.soql})" if isinstance(term, (Not, Junction)) else term.soql


@dataclass(frozen=True, slots=True)
class SelectItem:
    """What stands between two commas of a SELECT.

    Attributes:
        expression: A field, or a function.
        alias: What the query calls it; None where it does not.
    """

    expression: Expression
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Clauses:
    """What follows the rows of a SELECT.

    Attributes:
        position: Where the first of them begins.
        groups: By what its rows are grouped.
        having: Which groups are wanted; None for all.
        orders: By what they are sorted.
        limit: Most rows wanted; None for all.
        offset: How many are left out; None where no OFFSET is there.
    """

    position: int
    groups: tuple[Expression, ...] = ()
    having: Term | None = None
    orders: tuple[Expression, ...] = ()
    limit: int | None = None
    offset: int | None = None
