"""A query of somebody's own → the columns of its answer, as Salesforce names them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.soql.checking import check_paths, found
from tap_versionforge_salesforce.salesforce.soql.conditions import leaves, paths_of
from tap_versionforge_salesforce.salesforce.soql.functions import (
    AGGREGATES,
    DATE_FUNCTIONS,
    TELLING,
)
from tap_versionforge_salesforce.salesforce.soql.reading import invalid_soql
from tap_versionforge_salesforce.salesforce.soql.tree import Call, Path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.soql.checking import DescribeOf, Found
    from tap_versionforge_salesforce.salesforce.soql.selects import Select
    from tap_versionforge_salesforce.salesforce.soql.tree import Expression, SelectItem


def columns_of(
    select: Select, sobject: SObject, describe_of: DescribeOf, what: str
) -> tuple[Column, ...]:
    """Return the columns of a query's answer, in order, all fields of the query checked.

    A parent's field is called ``Account.Name``, as in the header of a Bulk result and as REST
    nests it; in an answer of groups it has its last name only, and what has no name there is
    ``expr0``, ``expr1`` and so on. ``SELECT COUNT()`` has no rows: its one column is ``expr0``,
    as that of ``SELECT COUNT(Id)``, and the answer's ``totalSize`` its value.

    Args:
        select: The query.
        sobject: The object behind its FROM.
        describe_of: As for `check_paths`.
        what: Where the query was written, as for `parsed_select`.

    Raises:
        SettingsError: It names what the object lacks, has two columns of one name, or one that
            can't be read or is none of its groups.
    """

    def find(path: Path) -> Found:
        return found(path.names, sobject, describe_of, what)

    if select.where is not None:
        check_paths(select.where, sobject, describe_of, what)
    for path in _other_paths(select):
        find(path)
    _check_grouped(select, find, what)
    columns = []
    unnamed = 0
    for item in select.items:
        column = _column(item, find, select, what)
        if not column.name:
            column = replace(column, name=f"expr{unnamed}")
            unnamed += 1
        columns.append(column)
    _check_names(columns, what)
    return tuple(columns)


def _other_paths(select: Select) -> Iterator[Path]:
    """Yield the fields of GROUP BY, HAVING and ORDER BY; names that the query gives are none."""
    clauses = select.clauses
    if clauses is None:
        return
    aliases = {item.alias.lower() for item in select.items if item.alias}
    having = () if clauses.having is None else [leaf.left for leaf in leaves(clauses.having)]
    for expression in (*clauses.groups, *having, *clauses.orders):
        for path, _ in paths_of(expression):
            if len(path.names) > 1 or path.names[0].lower() not in aliases:
                yield path


def _column(item: SelectItem, find: Callable[[Path], Found], select: Select, what: str) -> Column:
    """Return the column of one item; without a name where Salesforce numbers it."""
    expression = item.expression
    is_grouped = select.is_aggregate
    if isinstance(expression, Path):
        field = find(expression)
        _check_readable(field, expression, what)
        name = field.names[-1] if is_grouped else ".".join(field.names)
        return replace(field.column, name=item.alias or name)
    _check_place(expression, item, select, what)
    name = item.alias or ("" if is_grouped else _told_name(expression, find))
    kind = _kind(expression, find)
    return Column(name, kind)


def _kind(expression: Expression, find: Callable[[Path], Found]) -> Kind:
    if isinstance(expression, Path):
        return find(expression).column.kind
    for path, _ in paths_of(expression):
        find(path)
    kinds = {**DATE_FUNCTIONS, **AGGREGATES, **TELLING}
    kind = kinds.get(expression.name, Kind.TEXT)
    first = expression.arguments[0] if expression.arguments else None
    if kind is None and isinstance(first, (Path, Call)):
        return _kind(first, find)
    return kind or Kind.TEXT


def _told_name(expression: Call, find: Callable[[Path], Found]) -> str:
    path = next(path for path, _ in paths_of(expression))
    return ".".join(find(path).names)


def _check_readable(field: Found, path: Path, what: str) -> None:
    if field.column.is_compound:
        parts = ", ".join(part.name for _, part in field.column.parts)
        raise invalid_soql(
            what, f"selects {path.soql}, which is made of several fields", f"Select these: {parts}."
        )
    if field.column.kind is Kind.UNSUPPORTED:
        raise invalid_soql(
            what, f"selects {path.soql}, whose values no query has", "Leave the field out."
        )


def _check_place(expression: Call, item: SelectItem, select: Select, what: str) -> None:
    """Refuse a function that Salesforce answers in rows or in groups only, but not in these."""
    if expression.name in DATE_FUNCTIONS and not select.has_group_by:
        problem = f"selects {expression.soql} without grouping by it"
        hint = f"Add GROUP BY {expression.soql}, or select the field itself."
    elif expression.name in TELLING and select.is_aggregate and item.alias is None:
        problem = f"selects {expression.soql} without a name beside groups"
        hint = f"Give it one: {expression.soql} Name."
    else:
        return
    raise invalid_soql(what, problem, hint)


def _check_grouped(select: Select, find: Callable[[Path], Found], what: str) -> None:
    """Refuse a field beside groups that is not one by which they are made."""
    if not select.is_aggregate:
        return
    groups = () if select.clauses is None else select.clauses.groups
    shared = {
        find(path).names
        for group in groups
        for path, function in paths_of(group)
        if function not in DATE_FUNCTIONS
    }
    for item in select.items:
        path = item.expression
        if isinstance(path, Path) and find(path).names not in shared:
            raise invalid_soql(
                what,
                f"selects {path.soql} beside groups that are not made by it",
                f"Add {path.soql} to GROUP BY, or take it out of the query."
                if groups
                else f"Add GROUP BY {path.soql}, or take it out of the query.",
            )


def _check_names(columns: list[Column], what: str) -> None:
    # Names that differ in their case only are one to Salesforce, as are those of many targets.
    counts = Counter(column.name.lower() for column in columns)
    for column in columns:
        if counts[column.name.lower()] > 1:
            raise invalid_soql(
                what,
                f"has two columns called {column.name}",
                "Select each field once; beside GROUP BY, a name behind it tells it apart: "
                "Account.Name AccountName.",
            )
