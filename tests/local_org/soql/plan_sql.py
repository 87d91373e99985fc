"""Plans as DuckDB SQL."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.local_org.answers.spelling import decimal_text
from tests.local_org.soql.date_literals import days_of
from tests.local_org.soql.functions import sql_of
from tests.local_org.soql.tree import Comparison, Condition, Junction, Membership, Not, SemiJoin
from tests.local_org.store.ids import case_safe
from tests.local_org.store.tables import NUMBER, VISIBLE_FROM, naive, quoted, sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.local_org.objects.fields import Field
    from tests.local_org.soql.plan import Column, GroupColumn, Plan
    from tests.local_org.soql.tree import Order, Value

_EXACT = "DECIMAL(38, 18)"
_TIMESTAMP = "%Y-%m-%dT%H:%M:%S.%g"
_ROOT = "t"


class Statement:
    """An SQL text that grows together with the values of its question marks."""

    def __init__(self, plan: Plan, now: datetime) -> None:
        self.values: list[object] = []
        self._plan = plan
        self._moment = now
        self._now = naive(now)
        self._aliases: dict[tuple[str, ...], str] = {(): _ROOT}
        for index, join in enumerate(plan.joins):
            self._aliases[join.path] = f"p{index}"

    def matching_rows(self, *, without: Sequence[str]) -> str:
        """Return the query for the numbers of all matching rows, in order.

        Rows for which one of the fields of `without` is true are left out.
        """
        source = self._source()
        conditions = [self._committed(_ROOT)]
        conditions += [f"NOT {_ROOT}.{quoted(name)}" for name in without]
        if self._plan.query.where:
            conditions.append(self._condition(self._plan.query.where))
        condition = " AND ".join(conditions)
        selected = f"SELECT {_ROOT}.{NUMBER}"
        return sql(selected, source, "WHERE", condition, "ORDER BY", self._order(), self._limits())

    def groups(self, *, without: Sequence[str]) -> str:
        """Return the query for what each group tells, `without` as for `matching_rows`."""
        plan = self._plan
        selected = [self._of_group(group) for group in plan.groups]
        source = self._source()
        conditions = [self._committed(_ROOT), *(f"NOT {_ROOT}.{quoted(each)}" for each in without)]
        if plan.query.where:
            conditions.append(self._condition(plan.query.where))
        shared = [self._expression(plan.resolved[path]) for path in plan.query.group_by]
        order = [self._ordered(order) for order in plan.query.order_by]
        return sql(
            *("SELECT", ", ".join(selected), source, "WHERE", " AND ".join(conditions)),
            *(("GROUP BY", ", ".join(shared)) if shared else ()),
            *("ORDER BY", ", ".join([*order, *(f"{each} NULLS FIRST" for each in shared), "1"])),
            self._limits(),
        )

    def joined_ids(self) -> str:
        """Return the query for the Ids that a semi-join compares with."""
        plan = self._plan
        source = self._source()
        conditions = [self._committed(_ROOT)]
        if plan.query.where:
            conditions.append(self._condition(plan.query.where))
        if plan.sobject.field("IsDeleted"):
            conditions.append(f'NOT {_ROOT}."IsDeleted"')
        found = self._expression(plan.columns[0])
        conditions.append(f"{found} IS NOT NULL")
        return sql("SELECT", found, source, "WHERE", " AND ".join(conditions))

    def _of_group(self, group: GroupColumn) -> str:
        expression = self._expression(group.column)
        if group.column.field.is_number:
            expression = f"TRY_CAST({expression} AS {_EXACT})"
        match group.function:
            case None:
                return self._shown(group.column, self._expression(group.column))
            case "COUNT":
                return f"count({expression})"
            case "COUNT_DISTINCT":
                return f"count(DISTINCT {self._comparable(group.column)})"
            case "MIN" | "MAX":
                return self._shown(group.column, f"{group.function}({expression})")
            case _:
                return f"{group.function}({expression})"

    def values_of(self, numbers: list[int]) -> str:
        """Return the query for the columns of rows, then the Ids of row and parents, the number."""
        columns = [self._selected(column) for column in self._plan.columns]
        columns += [f'{alias}."Id"' for alias in self._aliases.values()]
        source = self._source()
        # The range is what lets DuckDB skip over most of a big table.
        self.values += [min(numbers), max(numbers), numbers]
        columns.append(f"{_ROOT}.{NUMBER}")
        condition = f"{_ROOT}.{NUMBER} BETWEEN ? AND ? AND {_ROOT}.{NUMBER} IN (SELECT unnest(?))"
        return sql("SELECT", ", ".join(columns), source, "WHERE", condition)

    def _source(self) -> str:
        parts = [f"FROM {quoted(self._plan.sobject.name)} {_ROOT}"]
        for join in self._plan.joins:
            alias = self._aliases[join.path]
            child = self._aliases[join.path[:-1]]
            parts.append(
                f"LEFT JOIN {quoted(join.sobject.name)} {alias} "
                f'ON {alias}."Id" = {child}.{quoted(join.reference.name)} '
                f"AND {self._committed(alias)}"
            )
        return " ".join(parts)

    def _committed(self, alias: str) -> str:
        self.values.append(self._now)
        return f"coalesce({alias}.{VISIBLE_FROM} <= ?, true)"

    def _selected(self, column: Column) -> str:
        return self._shown(column, self._expression(column))

    def _shown(self, column: Column, expression: str) -> str:
        if column.field.type == "datetime":
            return f"strftime({expression}, '{_TIMESTAMP}')"
        if column.field.type == "date":
            return f"CAST({expression} AS VARCHAR)"
        if not column.field.is_compound:
            return expression
        parts = (
            f"{quoted(name)} := {self._part(column, field)}"
            for name, field in column.sobject.parts(column.field).items()
        )
        return f"struct_pack({', '.join(parts)})"

    def _part(self, column: Column, field: Field | None) -> str:
        alias = self._aliases[column.path[:-1]]
        return f"{alias}.{quoted(field.name)}" if field else "CAST(NULL AS VARCHAR)"

    def _expression(self, column: Column) -> str:
        field = f"{self._aliases[column.path[:-1]]}.{quoted(column.field.name)}"
        return sql_of(column.function, field)

    def _comparable(self, column: Column) -> str:
        """Return the column as it is compared: text without its case, numbers as numbers."""
        expression = self._expression(column)
        if column.field.is_number:
            return f"TRY_CAST({expression} AS {_EXACT})"
        return f"lower({expression})" if _is_text(column.field) else expression

    def _condition(self, condition: Condition) -> str:
        """Return a condition that is never null, so that NOT means what it says."""
        if isinstance(condition, Not):
            return f"NOT {self._condition(condition.condition)}"
        if isinstance(condition, Junction):
            parts = [self._condition(one) for one in condition.conditions]
            return f"({f' {condition.operator} '.join(parts)})"
        if isinstance(condition, Membership):
            return self._membership(condition)
        if isinstance(condition, SemiJoin):
            return self._semi_join(condition)
        return self._comparison(condition)

    def _comparison(self, comparison: Comparison) -> str:
        column = self._plan.resolved[comparison.path]
        if comparison.value.value in {None, ""}:
            return self._null_comparison(column, comparison.operator)
        if comparison.operator == "LIKE":
            self.values.append(comparison.value.value)
            return f"coalesce({self._expression(column)} ILIKE ? ESCAPE '\\', false)"
        if comparison.value.type == "days":
            return self._days(column, comparison.operator, comparison.value)
        left = self._comparable(column)
        right = self._parameter(column.field, comparison.value)
        if comparison.operator == "!=":
            return f"({left} IS DISTINCT FROM {right})"
        return f"coalesce({left} {comparison.operator} {right}, false)"

    def _days(self, column: Column, operator: str, value: Value) -> str:
        first, behind = days_of(str(value.value), self._now.date())
        left = self._expression(column)
        if operator in {"=", "!="}:
            self.values += [first, behind]
            test = f"coalesce({left} >= ? AND {left} < ?, false)"
            return test if operator == "=" else f"(NOT {test})"
        # What is not later than these days is before what is behind them.
        self.values.append(first if operator in {"<", ">="} else behind)
        return f"coalesce({left} {'<' if operator in {'<', '<='} else '>='} ?, false)"

    def _null_comparison(self, column: Column, operator: str) -> str:
        test = {"=": "IS NULL", "!=": "IS NOT NULL"}.get(operator)
        return f"({self._expression(column)} {test})" if test else "false"

    def _membership(self, membership: Membership) -> str:
        column = self._plan.resolved[membership.path]
        values = [value for value in membership.values if value.value not in {None, ""}]
        tests = [self._null_comparison(column, "=")] if len(values) < len(membership.values) else []
        tests += [self._days(column, "=", value) for value in values if value.type == "days"]
        values = [value for value in values if value.type != "days"]
        if values:
            left = self._comparable(column)
            rights = ", ".join(self._parameter(column.field, value) for value in values)
            tests.append(f"coalesce({left} IN ({rights}), false)")
        return f"{'NOT ' if membership.negated else ''}({' OR '.join(tests)})"

    def _semi_join(self, join: SemiJoin) -> str:
        left = self._expression(self._plan.resolved[join.path])
        inner = Statement(self._plan.semi_joins[join], self._moment)
        ids = inner.joined_ids()
        self.values += inner.values
        return f"{'NOT ' if join.negated else ''}coalesce({left} IN ({ids}), false)"

    def _parameter(self, field: Field, value: Value) -> str:
        self.values.append(_sql_value(field, value))
        if field.is_number:
            return f"TRY_CAST(? AS {_EXACT})"
        return "lower(?)" if _is_text(field) else "?"

    def _order(self) -> str:
        parts = [self._ordered(order) for order in self._plan.query.order_by]
        return ", ".join([*parts, f"{_ROOT}.{NUMBER}"])

    def _ordered(self, order: Order) -> str:
        direction = "DESC" if order.descending else "ASC"
        nulls = "LAST" if order.nulls_last else "FIRST"
        expression = self._comparable(self._plan.resolved[order.path])
        return f"{expression} {direction} NULLS {nulls}"

    def _limits(self) -> str:
        query = self._plan.query
        limit = "" if query.limit is None else f" LIMIT {query.limit}"
        return limit if query.offset is None else f"{limit} OFFSET {query.offset}"


def _is_text(field: Field) -> bool:
    return not (field.is_id or field.is_number or field.type in {"boolean", "date", "datetime"})


def _sql_value(field: Field, value: Value) -> object:
    content = value.value
    if isinstance(content, Decimal):
        return decimal_text(content)
    if isinstance(content, datetime):
        return naive(content)
    return case_safe(str(content)) if field.is_id else content
