"""The grammar of SOQL. Imported by whoever has a text to read, and not before."""

from __future__ import annotations

from functools import cache

from lark import Lark

from tap_versionforge_salesforce.salesforce.soql import literals
from tap_versionforge_salesforce.salesforce.soql.building import builder

# AND and OR do not mix at one level, and NOT stands only at the start of one: Salesforce asks for
# brackets where other languages have precedence.
_GRAMMAR = r"""
select: _SELECT items _FROM NAME [_USING _SCOPE NAME] [where] [clauses]
items: item ("," item)*
item: expression [NAME]
where: WHERE condition
clauses: groups [having] [orders] [limit] [offset]
    | orders [limit] [offset]
    | limit [offset]
    | offset
groups: GROUP _BY expression ("," expression)*
having: HAVING condition
orders: ORDER _BY order ("," order)*
order: expression [_ASC | _DESC] [_NULLS (_FIRST | _LAST)]
limit: LIMIT DIGITS
offset: OFFSET DIGITS

?condition: term | conjunction | disjunction | negation
conjunction: term (_AND term)+
disjunction: term (_OR term)+
negation: _NOT term
?term: comparison | membership | semi_join | "(" condition ")"
comparison: expression (OPERATOR | LIKE) value
membership: expression _membership "(" value ("," value)* ")"
semi_join: expression _membership "(" sub_select ")"
sub_select: _SELECT path _FROM NAME [WHERE condition]
_membership: IN | not_in | INCLUDES | EXCLUDES
not_in: _NOT IN

?expression: path | call
path: NAME ("." NAME)*
call: NAME "(" [argument ("," argument)*] ")"
?argument: path | call | plain
plain: STRING | NUMBER
value: STRING | NUMBER | BOOLEAN | NULL | DATE | DATETIME | TIME | DATE_LITERAL | CURRENCY

_SELECT.2: /select\b/i
_FROM.2: /from\b/i
_USING.2: /using\b/i
_SCOPE.2: /scope\b/i
WHERE.2: /where\b/i
GROUP.2: /group\b/i
HAVING.2: /having\b/i
ORDER.2: /order\b/i
_BY.2: /by\b/i
LIMIT.2: /limit\b/i
OFFSET.2: /offset\b/i
_ASC.2: /asc\b/i
_DESC.2: /desc\b/i
_NULLS.2: /nulls\b/i
_FIRST.2: /first\b/i
_LAST.2: /last\b/i
_AND.2: /and\b/i
_OR.2: /or\b/i
_NOT.2: /not\b/i
IN.2: /in\b/i
LIKE.2: /like\b/i
INCLUDES.2: /includes\b/i
EXCLUDES.2: /excludes\b/i
BOOLEAN.2: /(true|false)\b/i
NULL.2: /null\b/i
OPERATOR: "!=" | "<>" | "<=" | ">=" | "=" | "<" | ">"
NAME: /(?!(?i:and|from|in|like|not|null|or|select|where)\b)[A-Za-z][A-Za-z0-9_]*(?!\w)/
STRING: /'(?:[^'\\]|\\.)*'/s
DATETIME.5: /[0-9-]{10}T[0-9:]{8}(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})(?!\w)/i
DATE.4: /[0-9]{4}-[0-9]{2}-[0-9]{2}(?![\w.:-])/
TIME.4: /[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z(?!\w)/i
NUMBER: /[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)(e[+-]?[0-9]+)?(?![\w.:-])/i
CURRENCY.3: /[A-Za-z]{3}[0-9]+(\.[0-9]+)?(?![\w.])/
DATE_LITERAL.3: /__DATE_LITERALS__/i
DIGITS: /[0-9]{1,9}(?!\w)/

%ignore /[ \t\r\n\f]+/
"""


@cache
def condition_parser() -> Lark:
    """Return what reads a condition into a `Term`."""
    return _parser("condition")


@cache
def select_parser() -> Lark:
    """Return what reads a SELECT into a `WholeSelect`."""
    return _parser("select")


def _parser(start: str) -> Lark:
    fixed = "|".join(sorted(literals.DATE_LITERALS))
    counted = "|".join(sorted(literals.COUNTED_DATE_LITERALS))
    pattern = rf"((?:{counted}):[0-9]+|(?:{fixed}))(?![\w:])"
    # What is built while it is read needs no recursion, however deep the brackets.
    return Lark(
        _GRAMMAR.replace("__DATE_LITERALS__", pattern),
        start=start,
        parser="lalr",
        maybe_placeholders=True,
        transformer=builder(),
    )
