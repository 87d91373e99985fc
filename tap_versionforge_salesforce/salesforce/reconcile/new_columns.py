"""Columns that rows have been written without: the target has no values of them yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.objects.columns import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Written

# In one condition; more are not worth the longer query.
_MOST_NAMED = 20


def column_names(columns: Iterable[Column]) -> tuple[str, ...]:
    """Return the names of columns with their kinds, and those of the members of compound ones.

    Args:
        columns: Of a record.
    """
    return tuple(sorted({name for each in columns for name in _names_of(each)}))


def _names_of(column: Column) -> set[str]:
    return {f"{column.name}.{part.name}:{part.kind.value}" for part in column.queried}


def new_columns(columns: Iterable[Column], written: Written) -> tuple[Column, ...]:
    """Return the columns that rows were not written with.

    Args:
        columns: Of a record now.
        written: What was written.
    """
    before = set(written.columns)
    return tuple(each for each in columns if not _names_of(each) <= before)


def former_columns(names: Iterable[str], written: Written) -> tuple[str, ...]:
    """Return the names of the columns that rows were written with and are not now.

    Args:
        names: Of `column_names`, now.
        written: Also that.
    """
    return tuple(sorted({*written.columns, *written.former_columns} - set(names)))


def having_values(columns: Sequence[Column], written: Written) -> str:
    """Return the condition of the rows that a target without some columns has not as they are.

    Args:
        columns: Of `new_columns`.
        written: Also that.

    Returns:
        SOQL; empty for all rows: where a column can't stand in a condition or has a value in each
        of them, or where the target may have values of it from before.
    """
    parts = [part for each in columns for part in each.queried]
    can_be_named = len(parts) <= _MOST_NAMED and all(
        part.is_filterable and part.kind is not Kind.BOOLEAN for part in parts
    )
    if not can_be_named or set(column_names(columns)) & set(written.former_columns):
        return ""
    return " OR ".join(f"{part.name} != null" for part in parts)
