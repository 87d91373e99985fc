"""Reads the SOQL this org understands; anything else is MALFORMED_QUERY, as from the real one."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import cache

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from tests.local_org.answers import errors
from tests.local_org.soql import date_literals, soql_errors
from tests.local_org.soql.functions import FUNCTIONS
from tests.local_org.soql.literals import read_date, read_datetime, read_string
from tests.local_org.soql.tree import (
    Aggregate,
    Comparison,
    Condition,
    Junction,
    Membership,
    Named,
    Not,
    Order,
    Path,
    Query,
    SemiJoin,
    Value,
)

LONGEST_QUERY = 100_000

# AND and OR do not mix at one level, and NOT stands only at the start of one: Salesforce asks for
# parentheses where other languages have precedence.
GRAMMAR = r"""
query: _SELECT fields _FROM object [_WHERE condition] groups [_ORDER _BY orders] limit offset
groups: [_GROUP _BY paths]
fields: (item | aggregate) ("," (item | aggregate))*
item: value [ALIAS]
aggregate: FUNCTION "(" [path] ")" [NAME]
paths: value ("," value)*
?value: path | function
function: VALUE_FUNCTION "(" path ")"
object: NAME
path: NAME ("." NAME)*
limit: [_LIMIT DIGITS]
offset: [_OFFSET DIGITS]

?condition: single | conjunction | disjunction | negation
conjunction: single (_AND single)+
disjunction: single (_OR single)+
negation: _NOT single
?single: comparison | membership | non_membership | semi_join | anti_join | "(" condition ")"
comparison: value (OPERATOR | LIKE) literal
membership: value _IN "(" literal ("," literal)* ")"
non_membership: value _NOT _IN "(" literal ("," literal)* ")"
semi_join: value _IN "(" sub_query ")"
anti_join: value _NOT _IN "(" sub_query ")"
sub_query: _SELECT path _FROM object [_WHERE condition]
literal: STRING | NUMBER | BOOLEAN | NULL | DATE | DATETIME | DATE_LITERAL

orders: order ("," order)*
order: value [ASC | DESC] [_NULLS (FIRST | LAST)]

_SELECT.2: /select\b/i
_FROM.2: /from\b/i
_WHERE.2: /where\b/i
_GROUP.2: /group\b/i
_ORDER.2: /order\b/i
_BY.2: /by\b/i
_LIMIT.2: /limit\b/i
_OFFSET.2: /offset\b/i
FUNCTION.2: /(count_distinct|count|sum|avg|min|max)(?=\s*\()/i
VALUE_FUNCTION.2: /(__FUNCTIONS__)(?=\s*\()/i
_AND.2: /and\b/i
_OR.2: /or\b/i
_NOT.2: /not\b/i
_IN.2: /in\b/i
_NULLS.2: /nulls\b/i
LIKE.2: /like\b/i
ASC.2: /asc\b/i
DESC.2: /desc\b/i
FIRST.2: /first\b/i
LAST.2: /last\b/i
BOOLEAN.2: /(true|false)\b/i
NULL.2: /null\b/i
OPERATOR: "!=" | "<>" | "<=" | ">=" | "=" | "<" | ">"
NAME: /(?!(?:and|from|in|like|not|null|or|select|where)\b)[a-z][a-z0-9_]*/i
ALIAS: /(?!from\b)[a-z][a-z0-9_]*(?=\s*(?:,|from\b))/i
STRING: /'(?:[^'\\]|\\.)*'/s
DATETIME.4: /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})/i
DATE.3: /\d{4}-\d{2}-\d{2}(?![0-9T])/
DATE_LITERAL.3: /__DATE_LITERALS__/i
NUMBER: /[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?(?![0-9.-])/i
DIGITS: /[0-9]+\b/

%import common.WS
%ignore WS
"""

_SHOWN_TOKEN = re.compile(r"[A-Za-z0-9_]+|'(?:[^'\\]|\\.)*'|[(),.:=!<>+*/%-]")


def parse(soql: str) -> Query:
    """Return the query's tree, or raise what Salesforce answers to it."""
    if len(soql) > LONGEST_QUERY:
        message = f"SOQL statements cannot be longer than {LONGEST_QUERY} characters."
        raise errors.malformed_query(message)
    try:
        return _Builder(soql).transform(_parser().parse(soql))
    except VisitError as error:
        if isinstance(error.orig_exc, errors.SalesforceError):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise _syntax_error(soql, error) from None


@cache
def _parser() -> Lark:
    grammar = GRAMMAR.replace("__DATE_LITERALS__", date_literals.PATTERN)
    grammar = grammar.replace("__FUNCTIONS__", "|".join(FUNCTIONS))
    return Lark(grammar, start="query", parser="lalr", maybe_placeholders=True)


def _offset(soql: str, line: int, column: int) -> int:
    lines = soql.split("\n")
    return sum(len(one) + 1 for one in lines[: line - 1]) + column - 1


def _syntax_error(soql: str, error: UnexpectedInput) -> errors.SalesforceError:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return soql_errors.unexpected_token(soql, len(soql), "<EOF>")
    position = _offset(soql, error.line, error.column)
    token = _SHOWN_TOKEN.match(soql, position)
    if token:
        return soql_errors.unexpected_token(soql, position, token[0].strip("'"))
    if isinstance(error, UnexpectedCharacters) and soql[position] == "'":
        return soql_errors.unclosed_string(soql)
    return soql_errors.no_viable_alternative(soql, position)


@v_args(inline=True)
class _Builder(Transformer[Token, Query]):
    """Turns lark's tree into ours, from the leaves up."""

    def __init__(self, soql: str) -> None:
        super().__init__()
        self._soql = soql

    def query(
        self,
        fields: tuple[Named | Aggregate, ...],
        object_name: Token,
        where: Condition | None,
        group_by: tuple[Path, ...],
        order_by: tuple[Order, ...] | None,
        limit: int | None,
        offset: int | None,
    ) -> Query:
        named = [field for field in fields if isinstance(field, Named)]
        paths = tuple(field.path for field in named)
        counts = [field for field in fields if isinstance(field, Aggregate) and not field.path]
        if counts and (len(fields) > 1 or group_by or counts[0].function != "COUNT"):
            raise soql_errors.unexpected_token(self._soql, counts[0].position, ")")
        is_grouped = bool(group_by) or len(paths) < len(fields) - len(counts)
        if not is_grouped and any(field.alias is not None for field in named):
            raise errors.malformed_query("only aggregate expressions use field aliasing")
        return Query(
            fields=() if is_grouped else paths,
            object_name=str(object_name),
            where=where,
            selected=fields if is_grouped else (),
            group_by=group_by,
            order_by=order_by or (),
            limit=limit,
            offset=offset,
            object_position=object_name.start_pos or 0,
        )

    def fields(self, *fields: Named | Aggregate) -> tuple[Named | Aggregate, ...]:
        return fields

    def item(self, path: Path, alias: Token | None) -> Named:
        return Named(path, None if alias is None else str(alias))

    def function(self, name: Token, path: Path) -> Path:
        return replace(path, function=name.upper())

    def aggregate(self, function: Token, path: Path | None, alias: Token | None) -> Aggregate:
        name = None if alias is None else str(alias)
        return Aggregate(function.upper(), path, name, function.start_pos or 0)

    def groups(self, paths: tuple[Path, ...] | None) -> tuple[Path, ...]:
        return paths or ()

    def paths(self, *paths: Path) -> tuple[Path, ...]:
        return paths

    def object(self, name: Token) -> Token:
        return name

    def path(self, *names: Token) -> Path:
        return Path(tuple(str(name) for name in names), names[0].start_pos or 0)

    def limit(self, digits: Token | None) -> int | None:
        return None if digits is None else int(digits)

    offset = limit

    def conjunction(self, *conditions: Condition) -> Junction:
        return Junction("AND", conditions)

    def disjunction(self, *conditions: Condition) -> Junction:
        return Junction("OR", conditions)

    def negation(self, condition: Condition) -> Not:
        return Not(condition)

    def comparison(self, path: Path, operator: Token, literal: Token) -> Comparison:
        name = operator.upper().replace("<>", "!=")
        return Comparison(path, name, self._value(literal, is_pattern=name == "LIKE"))

    def membership(self, path: Path, *literals: Token) -> Membership:
        return Membership(path, tuple(self._value(literal) for literal in literals))

    def non_membership(self, path: Path, *literals: Token) -> Membership:
        values = tuple(self._value(literal) for literal in literals)
        return Membership(path, values, negated=True)

    def semi_join(self, path: Path, query: Query) -> SemiJoin:
        if path.function is not None:
            raise soql_errors.not_joinable(self._soql, path.position)
        return SemiJoin(path, query)

    def anti_join(self, path: Path, query: Query) -> SemiJoin:
        return replace(self.semi_join(path, query), negated=True)

    def sub_query(self, path: Path, object_name: Token, where: Condition | None) -> Query:
        position = object_name.start_pos or 0
        return Query((path,), str(object_name), where, object_position=position)

    def literal(self, token: Token) -> Token:
        return token

    def orders(self, *orders: Order) -> tuple[Order, ...]:
        return orders

    def order(self, path: Path, direction: Token | None, nulls: Token | None) -> Order:
        return Order(
            path,
            descending=direction is not None and direction.type == "DESC",
            nulls_last=nulls is not None and nulls.type == "LAST",
        )

    def _value(self, token: Token, *, is_pattern: bool = False) -> Value:
        at = (self._soql, token.start_pos or 0)
        match token.type:
            case "STRING":
                text = read_string(*at, token, is_pattern=is_pattern)
                return Value("string", text, at[1])
            case "NUMBER":
                return Value("number", Decimal(token), at[1])
            case "BOOLEAN":
                return Value("boolean", token.lower() == "true", at[1])
            case "DATE":
                return Value("date", read_date(*at, token), at[1])
            case "DATETIME":
                return Value("datetime", read_datetime(*at, token), at[1])
            case _:
                is_null = token.type == "NULL"
                return Value("null" if is_null else "days", None if is_null else str(token), at[1])
