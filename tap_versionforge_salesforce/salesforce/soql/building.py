"""What lark reads by the grammar → the values of `tree`."""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token, Transformer, v_args

from tap_versionforge_salesforce.salesforce.soql import literals
from tap_versionforge_salesforce.salesforce.soql.functions import spelled
from tap_versionforge_salesforce.salesforce.soql.tree import (
    Call,
    Clauses,
    Comparison,
    Expression,
    Junction,
    LiteralKind,
    Membership,
    Not,
    Path,
    SelectItem,
    SemiJoin,
    SoqlError,
    SubSelect,
    Term,
    Value,
)

_KINDS: dict[str, LiteralKind] = {
    "BOOLEAN": "boolean",
    "CURRENCY": "currency",
    "DATE": "date",
    "DATETIME": "datetime",
    "DATE_LITERAL": "date literal",
    "NULL": "null",
    "NUMBER": "number",
    "STRING": "string",
    "TIME": "time",
}
_CHECKS = {
    "DATE": literals.check_date,
    "DATETIME": literals.check_datetime,
    "TIME": literals.check_time,
}


@dataclass(frozen=True, slots=True)
class WholeSelect:
    """A SELECT as the grammar reads it.

    Attributes:
        items: What it selects.
        sobject: Of which object.
        scope: What stands behind USING SCOPE; None where nothing does.
        where: Where its WHERE begins, and what stands behind; None where it has none.
        clauses: What follows; None where nothing does.
    """

    items: tuple[SelectItem, ...]
    sobject: str
    scope: str | None
    where: tuple[int, Term] | None
    clauses: Clauses | None


def builder() -> Transformer[Token, WholeSelect]:
    """Return what lark calls for each rule of the grammar that it has found."""
    return _Builder()


def _at(token: Token) -> int:
    return token.start_pos or 0


@v_args(inline=True)
class _Builder(Transformer[Token, WholeSelect]):
    """Turns what lark finds into values, from the leaves up: a method for each rule of the grammar.

    It keeps nothing, so that one is enough for all texts.
    """

    def select(
        self,
        items: tuple[SelectItem, ...],
        name: Token,
        scope: Token | None,
        where: tuple[int, Term] | None,
        clauses: Clauses | None,
    ) -> WholeSelect:
        scoped = None if scope is None else str(scope)
        return WholeSelect(items, str(name), scoped, where, clauses)

    def items(self, *items: SelectItem) -> tuple[SelectItem, ...]:
        return items

    def item(self, expression: Expression, alias: Token | None) -> SelectItem:
        return SelectItem(expression, None if alias is None else str(alias))

    def where(self, token: Token, term: Term) -> tuple[int, Term]:
        return _at(token), term

    def clauses(self, *clauses: Clauses | None) -> Clauses:
        found = [clause for clause in clauses if clause is not None]
        return Clauses(
            found[0].position,
            groups=next((each.groups for each in found if each.groups), ()),
            having=next((each.having for each in found if each.having), None),
            orders=next((each.orders for each in found if each.orders), ()),
            limit=next((each.limit for each in found if each.limit is not None), None),
            offset=next((each.offset for each in found if each.offset is not None), None),
        )

    def groups(self, token: Token, *expressions: Expression) -> Clauses:
        return Clauses(_at(token), groups=expressions)

    def having(self, token: Token, term: Term) -> Clauses:
        return Clauses(_at(token), having=term)

    def orders(self, token: Token, *expressions: Expression) -> Clauses:
        return Clauses(_at(token), orders=expressions)

    def order(self, expression: Expression, *_: object) -> Expression:
        return expression

    def limit(self, token: Token, digits: Token) -> Clauses:
        return Clauses(_at(token), limit=int(digits))

    def offset(self, token: Token, digits: Token) -> Clauses:
        return Clauses(_at(token), offset=int(digits))

    def conjunction(self, *terms: Term) -> Term:
        return Junction("AND", terms)

    def disjunction(self, *terms: Term) -> Term:
        return Junction("OR", terms)

    def negation(self, term: Term) -> Term:
        return Not(term)

    def comparison(self, left: Expression, operator: Token, value: Value) -> Term:
        name = operator.upper().replace("<>", "!=")
        if name == "LIKE" and value.kind != "string":
            raise SoqlError(
                f"compares {left.soql} LIKE {literals.shown(value.text)}, which is no text",
                "A pattern stands in single quotes: Name LIKE 'Acme%'.",
            )
        if value.kind == "string":
            literals.check_string(value.text, is_pattern=name == "LIKE")
        return Comparison(left, name, value)

    def not_in(self, _: Token) -> str:
        return "NOT IN"

    def membership(self, left: Expression, operator: str, *values: Value) -> Term:
        name = operator.upper()
        for value in values:
            if value.kind == "string":
                literals.check_string(value.text, is_pattern=False)
            elif name in {"INCLUDES", "EXCLUDES"}:
                raise SoqlError(
                    f"has {literals.shown(value.text)} behind {name}, which is no text",
                    f"Write {left.soql} {name} ('A', 'B;C').",
                )
        return Membership(left, name, values)

    def semi_join(self, left: Expression, operator: str, select: SubSelect) -> Term:
        name = operator.upper()
        if not isinstance(left, Path) or name not in {"IN", "NOT IN"}:
            raise SoqlError(
                f"has a SELECT behind {left.soql} {name}",
                "A SELECT can stand behind IN and NOT IN of an Id or reference field only.",
            )
        return SemiJoin(left, name, select)

    def sub_select(
        self, path: Path, name: Token, where: Token | None, term: Term | None
    ) -> SubSelect:
        del where
        return SubSelect(path, str(name), term)

    def path(self, *names: Token) -> Path:
        return Path(tuple(map(str, names)), _at(names[0]))

    def call(self, name: Token, *arguments: Path | Value | Call | None) -> Call:
        given = tuple(each for each in arguments if each is not None)
        return Call(spelled(name), given, _at(name))

    def plain(self, token: Token) -> Value:
        return self.value(token)

    def value(self, token: Token) -> Value:
        if token.type in _CHECKS:
            _CHECKS[token.type](token)
        text = str(token) if token.type in {"STRING", "CURRENCY"} else token.upper()
        if token.type in {"BOOLEAN", "NULL"}:
            text = token.lower()
        elif token.type == "NUMBER":
            text = literals.plain_number(token)
        return Value(_KINDS[token.type], text, _at(token))
