"""The text of a condition, or of a whole SELECT, that somebody wrote → what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.soql import functions
from tap_versionforge_salesforce.salesforce.soql.conditions import Condition, leaves
from tap_versionforge_salesforce.salesforce.soql.refusals import check_whole, refusal
from tap_versionforge_salesforce.salesforce.soql.selects import Select
from tap_versionforge_salesforce.salesforce.soql.tree import Call, Path, SemiJoin, SoqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lark import Lark

    from tap_versionforge_salesforce.salesforce.soql.building import WholeSelect
    from tap_versionforge_salesforce.salesforce.soql.tree import Clauses, Expression, Term

T = TypeVar("T")


def parsed_condition(text: str, what: str) -> Condition:
    """Read what is to stand behind WHERE.

    Args:
        text: As somebody wrote it.
        what: Where they did, such as "The option --where" or "The setting filters, for Account,".

    Raises:
        SettingsError: It is no condition of SOQL, or more than one.
    """
    return _told(lambda: _condition(text), what)


def parsed_select(text: str, what: str) -> Select:
    """Read a whole query.

    Args:
        text: As somebody wrote it.
        what: Where they did.

    Raises:
        SettingsError: It is no query of SOQL, or none that the tap can make columns of.
    """
    return _told(lambda: _select(text), what)


def _told(read: Callable[[], T], what: str) -> T:
    try:
        return read()
    except SoqlError as error:
        raise invalid_soql(what, error.problem, error.hint) from None


def invalid_soql(what: str, problem: str, hint: str) -> SettingsError:
    """Return the error of what somebody wrote that is no SOQL.

    Args:
        what: Where they did.
        problem: Goes on from there, without the full stop.
        hint: What to do about it.
    """
    return SettingsError(f"{what} {problem}.", hint=hint, code="invalid-soql")


def _condition(text: str) -> Condition:
    check_whole(text, "a condition such as Amount > 1000")
    # Who has written no SOQL does not wait for lark.
    from tap_versionforge_salesforce.salesforce.soql.grammar import (  # noqa: PLC0415
        condition_parser,
    )

    term: Term = _parsed(condition_parser(), text, "condition")
    return _checked(term)


def _select(text: str) -> Select:
    check_whole(text, "a query such as SELECT Id, Name FROM Account")
    from tap_versionforge_salesforce.salesforce.soql.grammar import (  # noqa: PLC0415  as above
        select_parser,
    )

    text = text.strip()
    whole: WholeSelect = _parsed(select_parser(), text, "select")
    where = None if whole.where is None else _checked(whole.where[1])
    for item in whole.items:
        _check_item(item.expression, is_only=len(whole.items) == 1)
    _check_aliases(whole)
    if whole.clauses is not None:
        _check_clauses(whole.clauses)
    end = len(text) if whole.clauses is None else whole.clauses.position
    head = text[: end if whole.where is None else whole.where[0]]
    return Select(text, whole.sobject, whole.items, whole.scope, where, whole.clauses, head)


def _parsed(parser: Lark, text: str, start: str) -> Any:  # noqa: ANN401  what the grammar builds
    from lark import UnexpectedCharacters, UnexpectedToken  # noqa: PLC0415  as above

    try:
        return parser.parse(text)
    except UnexpectedToken as error:
        position = None if error.token.type == "$END" else error.token.start_pos
        expected = error.accepts or error.expected
    except UnexpectedCharacters as error:
        position, expected = error.pos_in_stream, error.allowed or set()
    raise refusal(text, position, expected, start)


def _checked(term: Term) -> Condition:
    functions.check_condition(term, functions.IN_CONDITIONS)
    for leaf in leaves(term):
        if isinstance(leaf, SemiJoin) and leaf.select.where is not None:
            inner = _checked(leaf.select.where)
            if inner.sub_selects:
                raise SoqlError(
                    f"has a SELECT within the SELECT behind {leaf.left.soql} {leaf.operator}",
                    "SOQL has one level of them: compare with a field of the parent instead.",
                )
    return Condition(term.soql, term)


def _check_item(expression: Expression, *, is_only: bool) -> None:
    if not isinstance(expression, Call):
        return
    if expression.name == "FIELDS":
        raise SoqlError(
            f"selects {expression.soql}",
            "Name the fields, so that each has its column; FIELDS(ALL) reads 200 rows only.",
        )
    functions.check_call(expression, functions.IN_SELECT, "a SELECT")
    if expression.name == "COUNT" and not expression.arguments and not is_only:
        raise SoqlError(
            "has COUNT() beside other fields", "Write COUNT(Id), which counts rows as well."
        )


def _check_aliases(whole: WholeSelect) -> None:
    if whole.clauses is not None and whole.clauses.groups:
        return
    for item in whole.items:
        if item.alias is not None and isinstance(item.expression, Path):
            raise SoqlError(
                f"calls {item.expression.soql} {item.alias}",
                "SOQL knows fields by other names beside GROUP BY only; a comma may be missing.",
            )


def _check_clauses(clauses: Clauses) -> None:
    for place, allowed, expressions in (
        ("GROUP BY", functions.IN_GROUPS, clauses.groups),
        ("ORDER BY", functions.IN_ORDER, clauses.orders),
    ):
        for expression in expressions:
            if isinstance(expression, Call):
                functions.check_call(expression, allowed, place)
    if clauses.having is not None:
        functions.check_condition(clauses.having, functions.IN_HAVING)
