"""What is wanted of an object → the query of its rows, and the columns that they come in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timezone
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.engine.arguments import called
from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.objects.columns import Kind
from tap_versionforge_salesforce.salesforce.objects.soql import Query, Range, query_of
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant, parse_instant
from tap_versionforge_salesforce.salesforce.support.wording import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject

_CODE = "invalid-argument"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of an object, as whoever wants it says it.

    Attributes:
        fields: API names, in whatever case; None for all but compound ones, whose parts are there.
        where: A condition in SOQL; empty for none.
        since: First instant of the replication key that is wanted.
        until: First one that no longer is.
        text_fields: Fields whose values come as text, also what their types can't hold.
        include_deleted: Rows in the recycle bin too.
    """

    fields: tuple[str, ...] | None = None
    where: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text_fields: tuple[str, ...] = ()
    include_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """What is read, and what is made of it.

    Attributes:
        query: Of the rows.
        columns: That a row has, in their order.
        is_count: It is ``SELECT COUNT()``, whose answer has a number and no rows.
    """

    query: Query
    columns: tuple[Column, ...]
    is_count: bool = False


def selection_of(
    sobject: SObject, wanted: Wanted, describe_of: Callable[[str], SObject | None]
) -> Selection:
    """Return what is read of an object.

    Args:
        sobject: The object.
        wanted: Of it.
        describe_of: Returns another object, to whose fields the condition may lead; None where
            there is none of that name.

    Raises:
        SettingsError: It has no such field, or can't be read in part; or the condition is none.
        RefusedError: It can't be read at all.
    """
    if (problem := sobject.problem) is not None:
        raise problem
    named = _columns(sobject, wanted.fields)
    texts = {_column(sobject, name, "text_fields").name for name in wanted.text_fields}
    columns = tuple(_changed(column, texts, _texts) for column in named)
    # Spelled as what they are: the same by either API.
    queried = (_changed(column, texts, _spelled) for column in named)
    bounds = _range(sobject, wanted)
    # A page of REST is gone on from by the key, in its own spelling.
    keys = sobject.with_columns((), () if bounds is None else (bounds.key,))
    query = query_of(sobject, (*keys, *queried), include_deleted=wanted.include_deleted)
    condition = _condition(sobject, wanted.where, describe_of) if wanted.where else ""
    return Selection(replace(query, range=bounds, condition=condition), columns)


def selection_of_select(
    text: str, describe_of: Callable[[str], SObject | None], *, include_deleted: bool
) -> Selection:
    """Return what is read by a query that somebody has written.

    Args:
        text: In SOQL.
        describe_of: Returns an object; None where there is none of that name.
        include_deleted: Rows in the recycle bin too, and archived ones.

    Raises:
        SettingsError: It is none, or names what the org lacks.
    """
    # Not at the top: few write SOQL, and the grammar takes its time.
    from tap_versionforge_salesforce.salesforce.soql.answers import columns_of  # noqa: PLC0415
    from tap_versionforge_salesforce.salesforce.soql.checking import unknown_object  # noqa: PLC0415
    from tap_versionforge_salesforce.salesforce.soql.reading import parsed_select  # noqa: PLC0415

    what = "The query"
    select = parsed_select(text, what)
    sobject = describe_of(select.sobject)
    if sobject is None:
        raise unknown_object(select.sobject, what)
    columns = columns_of(select, sobject, describe_of, what)
    query = Query(
        sobject.name,
        columns,
        all_rows=include_deleted,
        given=select.text,
        only_rest=select.only_rest,
    )
    return Selection(query, columns, is_count=select.is_count)


def _condition(sobject: SObject, text: str, describe_of: Callable[[str], SObject | None]) -> str:
    from tap_versionforge_salesforce.salesforce.soql.checking import check_paths  # noqa: PLC0415  as above
    from tap_versionforge_salesforce.salesforce.soql.reading import parsed_condition  # noqa: PLC0415  as above

    where = called("where")
    condition = parsed_condition(text, where)
    check_paths(condition, sobject, describe_of, where)
    return f"({condition.text})"


def instant_of(value: object, name: str) -> datetime | None:
    """Return the instant that a value means; a day begins at midnight in UTC.

    Args:
        value: An aware datetime, a date, or a text in ISO 8601; None for none.
        name: Of the argument, for messages.

    Raises:
        SettingsError: It means none, or one that SOQL can't name.
    """
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), timezone.utc)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise SettingsError(
            f"{called(name)} is {value}, a datetime without a time zone.",
            hint="Give it one, such as tzinfo=timezone.utc.",
            code=_CODE,
        )
    try:
        return parse_instant(format_instant(value) if isinstance(value, datetime) else str(value))
    except (ValueError, OverflowError) as error:
        raise SettingsError(
            f"{called(name)} is no instant: {error}.",
            hint="Write it as 2024-01-31 or 2024-01-31T00:00:00Z.",
            code=_CODE,
        ) from None


def _columns(sobject: SObject, names: Sequence[str] | None) -> tuple[Column, ...]:
    readable = [column for column in sobject.columns if column.kind is not Kind.UNSUPPORTED]
    if names is None:
        return tuple(column for column in readable if not column.is_compound)
    if not names:
        raise SettingsError(
            f"{called('fields')} names no field.", hint="Leave it out for all.", code=_CODE
        )
    return tuple(dict.fromkeys(_column(sobject, name, "fields") for name in names))


def _column(sobject: SObject, name: str, argument: str) -> Column:
    column = sobject.columns_by_spelling([name]).get(name)
    if column is None:
        raise SettingsError(
            f"{called(argument)} names {name}, which {sobject.name} does not have or its user may "
            "not see.",
            hint=_instead(sobject, name),
            code=_CODE,
        )
    if column.kind is Kind.UNSUPPORTED:
        raise SettingsError(
            f"{called(argument)} names {column.name} of {sobject.name}, whose content no query "
            "returns.",
            hint="Leave it out.",
            code=_CODE,
        )
    return column


def _instead(sobject: SObject, name: str) -> str:
    if "." in name:
        return (
            f"Name fields of {sobject.name} itself; Org.query, from Python, reads those of "
            "parents, too."
        )
    near = closest(name, [each.name for each in sobject.columns])
    return (
        f"Did you mean {near}?"
        if near
        else "Setup > Object Manager has the API names; Setup > Field Accessibility shows what the "
        "user may see."
    )


def _changed(column: Column, names: Collection[str], change: Callable[[Column], Column]) -> Column:
    """Return a column, itself or those of its parts that are named being changed."""
    if not column.is_compound:
        return change(column) if column.name in names else column
    parts = tuple((member, _changed(part, names, change)) for member, part in column.parts)
    return replace(column, parts=parts)


def _texts(column: Column) -> Column:
    return replace(column, kind=Kind.TEXT)


def _spelled(column: Column) -> Column:
    return replace(column, as_text=True)


def _range(sobject: SObject, wanted: Wanted) -> Range | None:
    if wanted.since is None and wanted.until is None:
        return None
    key = sobject.replication_key
    if key is None:
        raise SettingsError(
            f"{called('since')} and {called('until')} go by a date-time such as SystemModstamp, "
            f"and {sobject.name} has none that can be filtered and sorted.",
            hint=f"Read it whole, or with a condition in {called('where')}.",
            code=_CODE,
        )
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise SettingsError(
            f"{called('since')} ({format_instant(wanted.since)}) is not before {called('until')} "
            f"({format_instant(wanted.until)}), so there is nothing between them.",
            hint=f"{called('until')} is the first instant that is not wanted any more.",
            code=_CODE,
        )
    return Range(key, wanted.since, wanted.until, or_null=False)
