"""A condition as others have to know it: its text, and the fields that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.soql.tree import (
    Call,
    Comparison,
    Junction,
    Not,
    Path,
    SemiJoin,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_versionforge_salesforce.salesforce.soql.tree import (
        Expression,
        Membership,
        SubSelect,
        Term,
        Value,
    )


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A field that a condition names.

    Attributes:
        names: The relationships on the way to it, then the field.
        operator: By what it is compared.
        function: Of what function it is the argument; None where it stands by itself.
        position: Where it stands in the text.
        values: With what it is compared; none where it is not by itself, or with a query's Ids.
    """

    names: tuple[str, ...]
    operator: str
    function: str | None = None
    position: int = field(default=0, compare=False)
    values: tuple[Value, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """What can stand behind WHERE.

    Attributes:
        text: In one spelling, whatever the blanks and the case of the keywords were; between
            brackets it can stand beside other terms.
        term: What it says.
    """

    text: str
    term: Term

    @property
    def paths(self) -> tuple[FieldUse, ...]:
        """Return every field of the object that it names, in order; none of its semi-joins."""
        return tuple(_uses(self.term))

    @property
    def sub_selects(self) -> tuple[SubSelect, ...]:
        """Return the queries of its semi-joins."""
        joins = (each for each in leaves(self.term) if isinstance(each, SemiJoin))
        return tuple(join.select for join in joins)


def leaves(term: Term) -> Iterator[Comparison | Membership | SemiJoin]:
    """Yield what a term compares, in the order of the text."""
    pending = [term]
    while pending:
        each = pending.pop()
        if isinstance(each, Not):
            pending.append(each.term)
        elif isinstance(each, Junction):
            pending.extend(reversed(each.terms))
        else:
            yield each


def paths_of(
    expression: Expression | Value, function: str | None = None
) -> Iterator[tuple[Path, str | None]]:
    """Yield the fields in an expression, each with the innermost function that it is given to."""
    if isinstance(expression, Path):
        yield expression, function
    elif isinstance(expression, Call):
        for argument in expression.arguments:
            yield from paths_of(argument, expression.name)


def _uses(term: Term) -> Iterator[FieldUse]:
    for leaf in leaves(term):
        for path, function in paths_of(leaf.left):
            values = _values(leaf) if path is leaf.left else ()
            yield FieldUse(path.names, leaf.operator, function, path.position, values)


def _values(leaf: Comparison | Membership | SemiJoin) -> tuple[Value, ...]:
    if isinstance(leaf, SemiJoin):
        return ()
    return (leaf.value,) if isinstance(leaf, Comparison) else leaf.values
