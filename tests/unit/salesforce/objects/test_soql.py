"""SOQL text from values."""

from __future__ import annotations

import re
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.soql import IdRange, Query, Range, text_literal
from tests.support.values import instant, some_examples

LOWER = instant("2026-11-22T10:00:00Z")
UPPER = instant("2026-11-23T10:00:00.5Z")
AFTER = (instant("2026-11-22T12:00:00Z"), "001A")
KEY = "SystemModstamp"


def columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.TEXT) for name in names)


AFTER_IT = (
    "(SystemModstamp > 2026-11-22T12:00:00.000Z"
    " OR (SystemModstamp = 2026-11-22T12:00:00.000Z AND Id > '001A'))"
)
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)


@given(st.text(alphabet=st.one_of(st.sampled_from("'\\\n\"% "), st.characters())))
@some_examples
def test_a_text_can_not_end_its_literal(text: str) -> None:
    """Whatever the text holds, its literal is one literal, and reads as that text."""
    literal = text_literal(text)
    assert _LITERAL.fullmatch(literal)
    assert re.sub(r"\\(.)", r"\1", literal[1:-1], flags=re.DOTALL) == text


@pytest.mark.parametrize(
    ("rows", "condition"),
    [
        pytest.param(Range(KEY, None, None), "", id="all"),
        pytest.param(Range(KEY, None, None, or_null=True), "", id="all, nulls included"),
        pytest.param(
            Range(KEY, LOWER, UPPER),
            "SystemModstamp >= 2026-11-22T10:00:00.000Z AND "
            "SystemModstamp < 2026-11-23T10:00:00.500Z",
            id="closed below, open above",
        ),
        pytest.param(
            Range(KEY, None, UPPER), "SystemModstamp < 2026-11-23T10:00:00.500Z", id="upper only"
        ),
        pytest.param(
            Range(KEY, LOWER, None), "SystemModstamp >= 2026-11-22T10:00:00.000Z", id="lower only"
        ),
        pytest.param(
            Range(KEY, LOWER, UPPER, or_null=True),
            "((SystemModstamp >= 2026-11-22T10:00:00.000Z AND "
            "SystemModstamp < 2026-11-23T10:00:00.500Z) OR SystemModstamp = null)",
            id="with nulls",
        ),
        pytest.param(
            Range(KEY, None, UPPER, or_null=True),
            "((SystemModstamp < 2026-11-23T10:00:00.500Z) OR SystemModstamp = null)",
            id="upper only, with nulls",
        ),
        pytest.param(
            Range(KEY, LOWER, UPPER, after=AFTER),
            f"{AFTER_IT} AND SystemModstamp < 2026-11-23T10:00:00.500Z",
            id="restarted",
        ),
        pytest.param(
            Range(KEY, LOWER, UPPER, or_null=True, after=AFTER),
            f"{AFTER_IT} AND SystemModstamp < 2026-11-23T10:00:00.500Z",
            id="restarted behind the nulls, which come first",
        ),
    ],
)
def test_range_is_a_condition(rows: Range, condition: str) -> None:
    """A range is [lower, upper), or what lies behind a (key, Id), with its nulls when asked."""
    assert rows.condition() == condition


def test_the_id_to_restart_behind_is_a_literal() -> None:
    """An Id never becomes part of the query's own text."""
    rows = Range(KEY, None, None, after=(LOWER, "x' OR Id != '"))
    assert r"Id > 'x\' OR Id != \''" in rows.condition()


def test_other_zones_are_written_in_utc() -> None:
    """A bound is the same bound in whatever zone it was made."""
    shifted = LOWER.astimezone(timezone(timedelta(hours=9)))
    assert Range(KEY, shifted, None).condition() == Range(KEY, LOWER, None).condition()


ROWS = Range(KEY, LOWER, None)
WHERE = "WHERE SystemModstamp >= 2026-11-22T10:00:00.000Z"
SELECT = "SELECT Name, SystemModstamp, Id FROM Account"
ORDER = "ORDER BY SystemModstamp ASC NULLS FIRST, Id ASC"


@pytest.mark.parametrize(
    ("rows", "ordered", "limit", "rest"),
    [
        pytest.param(None, False, None, "", id="everything"),
        pytest.param(None, True, None, "", id="no key to sort by"),
        pytest.param(Range(KEY, None, None), False, None, "", id="no bounds"),
        pytest.param(ROWS, True, None, f" {WHERE} {ORDER}", id="sorted, for REST"),
        pytest.param(ROWS, False, None, f" {WHERE}", id="unsorted, for Bulk"),
        pytest.param(ROWS, True, 5, f" {WHERE} {ORDER} LIMIT 5", id="limited"),
        pytest.param(None, False, 1, " LIMIT 1", id="one row"),
    ],
)
def test_query_text(rows: Range | None, *, ordered: bool, limit: int | None, rest: str) -> None:
    """A query has its fields in the order given, and only the clauses that were asked for."""
    query = Query("Account", columns("Name", KEY, "Id"), rows, limit=limit)
    whole = f"{SELECT}{rest}"
    assert query.text(ordered=ordered) == whole


def test_a_bulk_query_can_be_split_by_salesforce() -> None:
    """Unordered text has neither ORDER BY nor LIMIT, which would switch off PK chunking."""
    text = Query("Account", columns("Id"), Range(KEY, LOWER, UPPER, or_null=True)).text(
        ordered=False
    )
    assert "ORDER BY" not in text
    assert "LIMIT" not in text


@pytest.mark.parametrize(
    ("ids", "where"),
    [
        pytest.param(IdRange(), "", id="all"),
        pytest.param(IdRange(upper="001B"), "WHERE Id < '001B'", id="first part"),
        pytest.param(IdRange("001A", "001B"), "WHERE Id >= '001A' AND Id < '001B'", id="between"),
        pytest.param(IdRange("001B"), "WHERE Id >= '001B'", id="last part"),
    ],
)
def test_a_part_by_id(ids: IdRange, where: str) -> None:
    """Parts lie beside each other: the border belongs to the later one."""
    assert Query("Account", columns("Id"), ids=ids).text(ordered=False) == " ".join(
        part for part in ("SELECT Id FROM Account", where) if part
    )


def test_a_part_by_id_of_a_window_with_nulls() -> None:
    """Rows without a key belong to the part that their Id belongs to."""
    rows = Range(KEY, None, UPPER, or_null=True)
    text = Query("Account", columns("Id"), rows, IdRange("001A")).text(ordered=False)
    assert text.endswith(f"WHERE {rows.condition()} AND Id >= '001A'")
    assert rows.condition().startswith("((")


@pytest.mark.parametrize(("last", "direction"), [(False, "ASC"), (True, "DESC")])
def test_the_first_and_the_last_row(*, last: bool, direction: str) -> None:
    """Rows without the field are neither."""
    edge = Query("Account", columns("Name", "Id"), ROWS, IdRange("001A")).edge(KEY, last=last)
    order = f"ORDER BY SystemModstamp {direction} NULLS LAST LIMIT 1"
    assert edge == f"SELECT {KEY} FROM Account {WHERE} AND Id >= '001A' {order}"  # noqa: S608
