"""Pages whose rows have no Id: whole or refused, and no key that does not tell them apart."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.frames.frame import EMPTY_ID, Frame
from tap_versionforge_salesforce.salesforce.frames.json_pages import from_json
from tap_versionforge_salesforce.salesforce.frames.keys_apart import KeysApart
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tests.support.pages import COLUMNS, csv_page, from_csv, json_page, rows_of
from tests.support.values import few_examples, some_examples

if TYPE_CHECKING:
    from tests.support.pages import Row

WITHOUT = tuple(column for column in COLUMNS if column.name != "Id")
ONE = (Column("Name", Kind.TEXT),)


@given(st.lists(rows_of(WITHOUT), max_size=4))
@some_examples
def test_both_apis_agree_on_rows_without_ids(rows: list[Row]) -> None:
    """Also where any value is empty, the last one of a row too."""
    served = from_json(json_page(rows, WITHOUT), WITHOUT).frame
    assert from_csv(csv_page(rows, WITHOUT), WITHOUT).table.rows() == served.table.rows()


@given(st.lists(rows_of(WITHOUT), max_size=4), st.data())
@some_examples
def test_cut_page_of_rows_without_ids(rows: list[Row], data: st.DataObject) -> None:
    """No cut gives a row that was not served; one between rows leaves fewer than counted."""
    page = csv_page(rows, WITHOUT)
    whole = from_csv(page, WITHOUT).table.rows()
    cut = page[: data.draw(st.integers(1, len(page) - 1))]
    with suppress(IncompleteError):
        found = from_csv(cut, WITHOUT).table.rows()
        assert len(found) < len(whole)
        assert found == whole[: len(found)]


@pytest.mark.parametrize(
    "line",
    [b'"a","b"', b'"a,\n,","b"', b'"a"', b'"a""",""'],
    ids=["two of three", "commas and breaks within", "one of three", "quotes within"],
)
def test_short_row_in_the_middle(line: bytes) -> None:
    """A row with fewer values than columns is refused, wherever it stands."""
    columns = tuple(Column(name, Kind.TEXT) for name in ("A", "B", "C"))
    page = b'"A","B","C"\n"1","2","3"\n' + line + b'\n"4","5",""\n'
    with pytest.raises(IncompleteError) as raised:
        from_csv(page, columns)
    assert raised.value.code == "cut-page"
    assert "its last column, C" in raised.value.message


def test_one_column() -> None:
    """A page of one column is read by both APIs, nulls included."""
    rows: list[Row] = [{"Name": "a"}, {"Name": None}, {"Name": "b"}]
    assert from_json(json_page(rows, ONE), ONE).frame.table.rows() == [("a",), (None,), ("b",)]


def test_odd_value_is_told_by_its_place() -> None:
    """A message names the row by its place where it has no Id."""
    columns = (Column("Amount", Kind.NUMBER),)
    frame = from_csv(b'"Amount"\n"1.0"\n"x"\n', columns)
    assert [oddity.record_id for oddity in frame.value_warnings] == ["2"]


# Keys


def frame(**columns: list[Any]) -> Frame:
    return Frame(pl.DataFrame(columns))


NOT_APART = [
    pytest.param(["a", "a"], "differ and share one Id", id="shared"),
    pytest.param([EMPTY_ID, "b"], "without Id of their own", id="empty Id"),
    pytest.param([None, "b"], "without Id of their own", id="null"),
]


@pytest.mark.parametrize(("ids", "problem"), NOT_APART)
def test_key_that_does_not_tell_rows_apart(ids: list[str | None], problem: str) -> None:
    """Of such rows a target would keep one."""
    assert problem in (frame(Id=ids, Name=["x", "y"]).key_problem(["Id"]) or "")


@pytest.mark.parametrize(
    ("made", "keys"),
    [
        pytest.param(frame(Id=["a", "b"], Name=["x", "x"]), ["Id"], id="Ids"),
        pytest.param(frame(Id=["a", "a"], Name=["x", "x"]), ["Id"], id="one row twice"),
        pytest.param(frame(Id=[], Name=[]), ["Id"], id="no rows"),
        pytest.param(frame(Id=[EMPTY_ID] * 2, Name=["x", "y"]), [], id="no key"),
        pytest.param(frame(A=["a", "a"], B=[1, 2]), ["A", "B"], id="two fields"),
        pytest.param(frame(A=[1, 2], B=["x", "x"]), ["A"], id="numbers"),
    ],
)
def test_key_that_tells_rows_apart(made: Frame, keys: list[str]) -> None:
    """Nothing is wrong, also where a row is there twice with the same values."""
    assert made.key_problem(keys) is None


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xy")), min_size=1))
@few_examples
def test_problem_is_exactly_two_rows_with_one_key(rows: list[tuple[str, str]]) -> None:
    """There is a problem just where a target that knows rows by the key would keep fewer."""
    made = frame(Id=[row[0] for row in rows], Name=[row[1] for row in rows])
    assert (made.key_problem(["Id"]) is None) == (len(dict(rows)) == len(set(rows)))


# Keys of rows in many pages


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=4),
        max_size=12,
    )
)
@few_examples
def test_a_key_is_seen_again_in_any_later_page(pages: list[list[tuple[int, int]]]) -> None:
    """Of rows with one key a target would keep one, however far they lie apart."""
    apart, known, problem = KeysApart(["Name"]), dict[int, int](), None
    for page in pages:
        rows = list(dict(page).items())
        is_shared = any(known.get(key, row) != row for key, row in rows)
        known.update(rows)
        made = frame(Name=[key for key, _ in rows], Id=[str(row) for _, row in rows])
        problem = apart.problem(made)
        assert (problem is not None) == is_shared
        if is_shared:
            return


def test_a_row_that_comes_again_does_no_harm() -> None:
    """It is told by its Id, whatever has changed about it; without one by its values."""
    with_ids = KeysApart(["Name"])
    assert with_ids.problem(frame(Name=["a"], Id=["1"], Site=["x"])) is None
    assert with_ids.problem(frame(Name=["a"], Id=["1"], Site=["y"])) is None
    assert "share one Name" in (with_ids.problem(frame(Name=["a"], Id=["2"], Site=["y"])) or "")
    without = KeysApart(["Name"])
    assert without.problem(frame(Name=["a"], Site=["x"])) is None
    assert without.problem(frame(Name=["a"], Site=["x"])) is None
    assert without.problem(frame(Name=["a"], Site=["y"])) is not None
    without.forget()
    assert without.problem(frame(Name=["a"], Site=["y"])) is None
    empty = KeysApart(["Name"])
    assert empty.problem(frame(Name=["a"], Id=[EMPTY_ID], Site=["x"])) is None
    assert empty.problem(frame(Name=["a"], Id=[EMPTY_ID], Site=["y"])) is not None


def test_of_an_id_nothing_is_kept() -> None:
    """No two rows have one: what changes while it is read may come twice."""
    apart = KeysApart(["Id"])
    assert apart.problem(frame(Id=["1"], Name=["x"])) is None
    assert apart.problem(frame(Id=["1"], Name=["y"])) is None
