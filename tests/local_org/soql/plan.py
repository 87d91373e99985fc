"""A parsed query held against the describes: every name found, every rule of SOQL checked."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING

from tests.local_org.answers import errors
from tests.local_org.soql import soql_errors
from tests.local_org.soql.filters import check_filter
from tests.local_org.soql.functions import field_of, is_numbered
from tests.local_org.soql.restrictions import check_restrictions
from tests.local_org.soql.tree import (
    Comparison,
    Condition,
    Junction,
    Membership,
    Named,
    Not,
    Path,
    SemiJoin,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.local_org.objects.fields import Field
    from tests.local_org.objects.sobjects import SObject
    from tests.local_org.soql.tree import Query

LARGEST_OFFSET = 2_000
MOST_PARENT_LEVELS = 5


@dataclass(frozen=True)
class Join:
    """A parent object that the query reaches over a reference."""

    path: tuple[str, ...]
    reference: Field
    sobject: SObject


@dataclass(frozen=True)
class Column:
    """A field of the object or of a parent; the path is spelled as the describes spell it."""

    path: tuple[str, ...]
    field: Field
    sobject: SObject
    function: str | None = None

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class GroupColumn:
    """What a group tells: a field that its rows share, or a function of their values."""

    name: str
    function: str | None
    column: Column


@dataclass(frozen=True)
class Plan:
    """What to read: from which object, which columns, over which parents, under which query."""

    query: Query
    sobject: SObject
    columns: tuple[Column, ...]
    joins: tuple[Join, ...]
    resolved: Mapping[Path, Column]
    """The columns of WHERE, GROUP BY and ORDER BY too."""
    groups: tuple[GroupColumn, ...] = ()
    semi_joins: Mapping[SemiJoin, Plan] = attribute(default_factory=dict)

    @property
    def sobjects(self) -> list[SObject]:
        """Every object whose rows it looks at."""
        inner = [sobject for plan in self.semi_joins.values() for sobject in plan.sobjects]
        return [self.sobject, *(join.sobject for join in self.joins), *inner]


def make_plan(soql: str, query: Query, sobjects: Mapping[str, SObject], *, bulk: bool) -> Plan:
    """Resolve a query, or raise what Salesforce answers to it."""
    planner = _Planner(soql, query, sobjects)
    plan = planner.plan()
    if bulk:
        _check_bulk(plan)
    return plan


class _Planner:
    def __init__(self, soql: str, query: Query, sobjects: Mapping[str, SObject]) -> None:
        self._soql = soql
        self._query = query
        self._sobjects = sobjects
        self._by_name = {name.lower(): sobject for name, sobject in sobjects.items()}
        self._joins: dict[tuple[str, ...], Join] = {}
        self._sobject = self._from()

    def plan(self) -> Plan:
        columns = self._selected()
        resolved = dict(zip(self._query.fields, columns, strict=True))
        semi_joins: dict[SemiJoin, Plan] = {}
        for comparison in _comparisons(self._query.where):
            column = self._resolve(comparison.path)
            resolved[comparison.path] = column
            if isinstance(comparison, SemiJoin):
                semi_joins[comparison] = self._joined(comparison, column)
            else:
                check_filter(self._soql, comparison, column.field)
        resolved |= self._shared()
        groups = self._groups([resolved[path] for path in self._query.group_by])
        for order in self._query.order_by:
            column = self._resolve(order.path)
            if groups and column not in [resolved[path] for path in self._query.group_by]:
                raise soql_errors.not_grouped(self._soql, order.path.position, column.field.name)
            if not column.field.sortable:
                raise soql_errors.not_sortable(self._soql, order.path.position, column.field.name)
            resolved[order.path] = column
        if (self._query.offset or 0) > LARGEST_OFFSET:
            raise errors.offset_too_large(LARGEST_OFFSET)
        check_restrictions(self._sobject, self._query)
        joins = tuple(self._joins.values())
        return Plan(self._query, self._sobject, tuple(columns), joins, resolved, groups, semi_joins)

    def _from(self) -> SObject:
        name = self._query.object_name
        sobject = self._by_name.get(name.lower())
        if sobject is None or sobject.deprecated_and_hidden:
            raise soql_errors.invalid_type(self._soql, self._query.object_position, name)
        if not sobject.queryable:
            raise errors.not_queryable(sobject.name)
        return sobject

    def _selected(self) -> list[Column]:
        columns = [self._resolve(path) for path in self._query.fields]
        seen: set[tuple[str, ...]] = set()
        for column in columns:
            if is_numbered(column.function):
                position = self._query.fields[columns.index(column)].position
                raise soql_errors.not_grouped(self._soql, position, column.field.name)
            if column.path in seen:
                raise errors.duplicate_field(column.name)
            seen.add(column.path)
        return columns

    def _joined(self, join: SemiJoin, column: Column) -> Plan:
        plan = _Planner(self._soql, join.query, self._sobjects).plan()
        if plan.semi_joins:
            raise errors.malformed_query("Nesting of semi join sub-selects is not supported")
        if not (column.field.is_id and plan.columns[0].field.is_id):
            # Of an Id or reference on both sides.
            raise soql_errors.not_joinable(self._soql, join.path.position)
        return plan

    def _shared(self) -> dict[Path, Column]:
        """Return what the rows of a group share."""
        shared = {path: self._resolve(path) for path in self._query.group_by}
        for path, column in shared.items():
            if not column.field.groupable:
                raise soql_errors.not_groupable(self._soql, path.position, path.names[-1])
        return shared

    def _groups(self, shared: list[Column]) -> tuple[GroupColumn, ...]:
        groups: list[GroupColumn] = []
        unnamed = 0
        for item in self._query.selected:
            path = item.path
            if path is None:
                continue
            column = self._resolve(path)
            if isinstance(item, Named):
                if column not in shared:
                    raise soql_errors.not_grouped(self._soql, path.position, column.field.name)
                is_unnamed = item.alias is None and is_numbered(column.function)
                name = f"expr{unnamed}" if is_unnamed else column.field.name
                groups.append(GroupColumn(item.alias or name, None, column))
                unnamed += is_unnamed
                continue
            if not _aggregates(item.function, column.field):
                raise soql_errors.not_aggregatable(
                    self._soql, item.position, column.field.name, item.function
                )
            groups.append(GroupColumn(item.alias or f"expr{unnamed}", item.function, column))
            unnamed += item.alias is None
        names = [group.name.lower() for group in groups]
        for group in groups:
            if names.count(group.name.lower()) > 1:
                raise errors.malformed_query(f"duplicate alias: {group.name}")
        return tuple(groups)

    def _resolve(self, path: Path) -> Column:
        sobject = self._sobject
        spelled: tuple[str, ...] = ()
        for name in path.names[:-1]:
            join = self._join(path, sobject, spelled, name)
            sobject, spelled = join.sobject, join.path
        name = path.names[-1]
        field = sobject.field(name)
        if field is None:
            raise soql_errors.invalid_field(self._soql, path.position, name, sobject.name)
        if path.function is not None:
            field = field_of(path.function, field)
        return Column((*spelled, field.name), field, sobject, path.function)

    def _join(self, path: Path, sobject: SObject, before: tuple[str, ...], name: str) -> Join:
        reference = sobject.reference(name)
        parent = self._parent(reference, path.names[-1]) if reference else None
        if not reference or not parent or len(before) >= MOST_PARENT_LEVELS:
            raise soql_errors.unknown_relationship(self._soql, path.position, name)
        spelled = (*before, reference.relationship_name or name)
        return self._joins.setdefault(spelled, Join(spelled, reference, parent))

    def _parent(self, reference: Field, wanted: str) -> SObject | None:
        """Return the parent object; of several, the first that the org has with such a field."""
        names = (name.lower() for name in reference.reference_to)
        parents = [self._by_name[name] for name in names if name in self._by_name]
        fitting = [parent for parent in parents if parent.field(wanted)]
        return next(iter(fitting or parents), None)


def _aggregates(function: str, field: Field) -> bool:
    if function in {"SUM", "AVG"}:
        return field.aggregatable and field.is_number
    return field.aggregatable


def _comparisons(condition: Condition | None) -> Iterator[Comparison | Membership | SemiJoin]:
    if isinstance(condition, (Comparison, Membership, SemiJoin)):
        yield condition
    elif isinstance(condition, Not):
        yield from _comparisons(condition.condition)
    elif isinstance(condition, Junction):
        for one in condition.conditions:
            yield from _comparisons(one)


def _check_bulk(plan: Plan) -> None:
    if not plan.sobject.bulk_supported:
        raise errors.invalid_entity(plan.sobject.name)
    if plan.query.is_count or plan.query.is_grouped:
        raise errors.aggregate_in_bulk()
    if plan.query.offset is not None:
        raise errors.offset_in_bulk()
    for column in plan.columns:
        if column.field.is_compound:
            raise errors.compound_in_bulk()
        if not column.field.in_bulk:
            raise errors.unserializable_in_bulk(column.field.name)
