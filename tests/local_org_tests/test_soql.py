"""SOQL: what is read, and into what."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.local_org.soql.parser import parse
from tests.local_org.soql.tree import (
    Comparison,
    Condition,
    Junction,
    Membership,
    Not,
    Order,
    Path,
    Query,
    Value,
)

NAME = Path(("Name",))
IS_A = Comparison(NAME, "=", Value("string", "a"))
IS_B = Comparison(NAME, "=", Value("string", "b"))


def _where(condition: str) -> Condition | None:
    return parse("SELECT Id FROM Account WHERE ...".replace("...", condition)).where


def _value(literal: str, *, like: bool = False) -> object:
    where = _where(f"Name {'LIKE' if like else '='} {literal}")
    assert isinstance(where, Comparison)
    return where.value.value


# What is read


@pytest.mark.parametrize(
    ("soql", "query"),
    [
        ("SELECT Id FROM Account", Query((Path(("Id",)),), "Account")),
        ("select id\nfrom\taccount", Query((Path(("id",)),), "account")),
        (
            "SELECT Id, Account.Owner.Name FROM Contact",
            Query((Path(("Id",)), Path(("Account", "Owner", "Name"))), "Contact"),
        ),
        ("SELECT COUNT() FROM Account", Query((), "Account")),
        ("select count ( ) from Account", Query((), "Account")),
        ("SELECT Count FROM Account", Query((Path(("Count",)),), "Account")),
        ("SELECT Id FROM Order", Query((Path(("Id",)),), "Order")),
        ("SELECT Order.Name FROM Group", Query((Path(("Order", "Name")),), "Group")),
        (
            "SELECT Id FROM A ORDER BY B, C DESC, D ASC NULLS LAST, E NULLS FIRST LIMIT 5 OFFSET 7",
            Query(
                (Path(("Id",)),),
                "A",
                order_by=(
                    Order(Path(("B",))),
                    Order(Path(("C",)), descending=True),
                    Order(Path(("D",)), nulls_last=True),
                    Order(Path(("E",))),
                ),
                limit=5,
                offset=7,
            ),
        ),
    ],
    ids=[
        "one field",
        "case and blanks",
        "parents",
        "count",
        "count with blanks",
        "a field called Count",
        "an object called Order",
        "a parent called Order",
        "order, limit, offset",
    ],
)
def test_clauses(soql: str, query: Query) -> None:
    assert parse(soql) == query


@pytest.mark.parametrize(
    ("condition", "tree"),
    [
        ("Name = 'a'", IS_A),
        ("Name<>'a'", Comparison(NAME, "!=", Value("string", "a"))),
        ("Name like 'a%'", Comparison(NAME, "LIKE", Value("string", "a%"))),
        ("Name = 'a' AND Name = 'b'", Junction("AND", (IS_A, IS_B))),
        ("Name = 'a' OR Name = 'b' or Name = 'a'", Junction("OR", (IS_A, IS_B, IS_A))),
        (
            "Name = 'a' AND (Name = 'a' OR (Name = 'b'))",
            Junction("AND", (IS_A, Junction("OR", (IS_A, IS_B)))),
        ),
        ("NOT Name = 'a'", Not(IS_A)),
        ("(NOT Name = 'a') AND Name = 'b'", Junction("AND", (Not(IS_A), IS_B))),
        ("NOT(Name = 'a' OR Name = 'b')", Not(Junction("OR", (IS_A, IS_B)))),
        ("Name IN ('a', null)", Membership(NAME, (Value("string", "a"), Value("null", None)))),
        ("Name NOT IN ('a')", Membership(NAME, (Value("string", "a"),), negated=True)),
        ("Industry = 'a'", Comparison(Path(("Industry",)), "=", Value("string", "a"))),
        ("Notes__c = 'a'", Comparison(Path(("Notes__c",)), "=", Value("string", "a"))),
    ],
)
def test_conditions(condition: str, tree: Condition) -> None:
    assert _where(condition) == tree


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("null", None),
        ("TRUE", True),
        ("false", False),
        ("12", Decimal(12)),
        ("-0.50", Decimal("-0.50")),
        ("+3", Decimal(3)),
        ("''", ""),
        (r"'it\'s \"it\"'", 'it\'s "it"'),
        (r"'\n\r\t\b\f\\'", "\n\r\t\b\f\\"),
        (r"'\u00e9'", "é"),
        ("'raw\nbreak'", "raw\nbreak"),
        ("2026-11-23", date(2026, 11, 23)),
        ("2026-11-23T10:00:00Z", datetime(2026, 11, 23, 10, tzinfo=timezone.utc)),
        ("2026-11-23T10:00:00.5Z", datetime(2026, 11, 23, 10, 0, 0, 500_000, timezone.utc)),
        ("2026-11-23T10:00:00.000z", datetime(2026, 11, 23, 10, tzinfo=timezone.utc)),
        ("2026-11-23T10:00:00+02:00", datetime(2026, 11, 23, 8, tzinfo=timezone.utc)),
        ("2026-11-23T10:00:00.000-0530", datetime(2026, 11, 23, 15, 30, tzinfo=timezone.utc)),
    ],
)
def test_literals(literal: str, value: object) -> None:
    assert _value(literal) == value


def test_patterns_keep_the_backslash_before_wildcards() -> None:
    assert _value(r"'50\% \_ \\ \'x\' %'", like=True) == r"50\% \_ \\ 'x' %"


# There and back

# Words that no field and no object can be named by (SOQL and SOSL reference, "Reserved keywords").
RESERVED = frozenset(
    [
        "and",
        "asc",
        "by",
        "desc",
        "excludes",
        "false",
        "first",
        "from",
        "group",
        "having",
        "in",
        "includes",
        "last",
        "like",
        "limit",
        "not",
        "null",
        "nulls",
        "offset",
        "or",
        "order",
        "select",
        "true",
        "using",
        "where",
        "with",
    ]
)
_names = st.from_regex(r"[A-Z][a-z]{0,8}(__c)?", fullmatch=True).filter(
    lambda name: name.lower() not in RESERVED
)
_paths = st.lists(_names, min_size=1, max_size=3).map(lambda names: Path(tuple(names)))
_moments = st.datetimes(datetime(1701, 1, 1), datetime(4000, 1, 1))  # noqa: DTZ001 - made aware below
_values = st.one_of(
    st.text(max_size=20).map(lambda text: Value("string", text)),
    st.decimals(-(10**9), 10**9, places=3).map(lambda number: Value("number", number)),
    st.booleans().map(lambda flag: Value("boolean", flag)),
    st.just(Value("null", None)),
    st.dates(date(1700, 1, 1), date(4000, 12, 31)).map(lambda day: Value("date", day)),
    _moments.map(lambda moment: Value("datetime", moment.replace(tzinfo=timezone.utc))),
)
_comparisons = st.builds(
    Comparison, _paths, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), _values
)
_memberships = st.builds(
    Membership, _paths, st.lists(_values, min_size=1, max_size=3).map(tuple), st.booleans()
)
_conditions: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(_comparisons, _memberships),
    lambda inner: st.one_of(
        inner.map(Not),
        st.builds(
            Junction,
            st.sampled_from(["AND", "OR"]),
            st.lists(inner, min_size=2, max_size=3).map(tuple),
        ),
    ),
    max_leaves=5,
)
_queries = st.builds(
    Query,
    fields=st.lists(_paths, min_size=1, max_size=4).map(tuple),
    object_name=_names,
    where=st.none() | _conditions,
    order_by=st.lists(st.builds(Order, _paths, st.booleans(), st.booleans()), max_size=2).map(
        tuple
    ),
    limit=st.none() | st.integers(0, 50_000),
    offset=st.none() | st.integers(0, 2_000),
)


def _write(query: Query) -> str:
    parts = ["SELECT", ", ".join(map(_write_path, query.fields)), "FROM", query.object_name]
    if query.where:
        parts.append(f"WHERE {_write_condition(query.where)}")
    if query.order_by:
        parts.append(f"ORDER BY {', '.join(map(_write_order, query.order_by))}")
    parts += [f"LIMIT {query.limit}"] if query.limit is not None else []
    parts += [f"OFFSET {query.offset}"] if query.offset is not None else []
    return " ".join(parts)


def _write_path(path: Path) -> str:
    return ".".join(path.names)


def _write_order(order: Order) -> str:
    direction = "DESC" if order.descending else "ASC"
    return f"{_write_path(order.path)} {direction} NULLS {'LAST' if order.nulls_last else 'FIRST'}"


def _write_condition(condition: Condition) -> str:
    if isinstance(condition, Not):
        return f"(NOT {_write_condition(condition.condition)})"
    if isinstance(condition, Junction):
        return f"({f' {condition.operator} '.join(map(_write_condition, condition.conditions))})"
    if isinstance(condition, Membership):
        values = ", ".join(map(_write_value, condition.values))
        return f"{_write_path(condition.path)} {'NOT ' if condition.negated else ''}IN ({values})"
    assert isinstance(condition, Comparison)
    return f"{_write_path(condition.path)} {condition.operator} {_write_value(condition.value)}"


def _write_value(value: Value) -> str:
    content = value.value
    if isinstance(content, str):
        return "'" + content.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(content, datetime):
        return content.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return "null" if content is None else str(content).lower()


@settings(deadline=None, max_examples=60)
@given(_queries)
def test_a_query_written_out_is_read_back(query: Query) -> None:
    assert parse(_write(query)) == query
