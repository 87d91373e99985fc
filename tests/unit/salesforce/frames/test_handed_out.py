"""Rows that were handed out are known again, as long as they can be."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import IncompleteError
from tap_versionforge_salesforce.salesforce.frames.frame import EMPTY_ID, Frame
from tap_versionforge_salesforce.salesforce.frames.handed_out import HandedOut
from tests.support.values import some_examples

PAGES = st.lists(st.lists(st.integers(0, 30).map(str), max_size=8, unique=True), max_size=6)


def page(*ids: str) -> Frame:
    return Frame(
        pl.DataFrame({"Name": ["a"] * len(ids), "Id": list(ids)}, {"Name": str, "Id": str})
    )


@given(PAGES, PAGES)
@some_examples
def test_nothing_comes_twice_once_it_may(before: list[list[str]], behind: list[list[str]]) -> None:
    """Whatever pages there were, and in the order of what is new."""
    handed_out = HandedOut("Account")
    given_ids = [row for ids in before for row in handed_out.new(page(*ids)).table["Id"]]
    assert given_ids == [row for ids in before for row in ids]
    handed_out.take_back()
    for ids in behind:
        new = handed_out.new(page(*ids)).table["Id"].to_list()
        assert new == [row for row in ids if row not in given_ids]
        given_ids += new
    assert handed_out.rows == len(given_ids)


def test_rows_without_an_id_can_not_be_told_apart() -> None:
    """So they can't be taken back; where none has been handed out there is nothing to take."""
    handed_out = HandedOut("ApiEvent")
    handed_out.new(Frame(pl.DataFrame({"Name": []})))
    handed_out.take_back()
    handed_out.new(Frame(pl.DataFrame({"Name": ["a", "b"]})))
    with pytest.raises(IncompleteError, match="2 of them have been handed out"):
        handed_out.take_back()


@pytest.mark.parametrize("row_id", [EMPTY_ID, None], ids=["the empty one", "none"])
def test_rows_with_the_same_id_are_not_taken_for_one(row_id: str | None) -> None:
    """What the rows of some objects have as Id says nothing: none of them is left out for it."""
    handed_out = HandedOut("AppDefinition")
    handed_out.may_come_again = True
    table = pl.DataFrame({"Name": ["a"], "Id": [row_id]}, {"Name": str, "Id": str})
    assert [handed_out.new(Frame(table)).height for _ in range(3)] == [1, 1, 1]
    with pytest.raises(IncompleteError, match="3 of them have been handed out"):
        handed_out.take_back()


def test_too_many_are_not_kept() -> None:
    """Their Ids would take more memory than a page."""
    handed_out = HandedOut("Account")
    ids = pl.Series("Id", range(600_000)).cast(pl.String)
    for _ in range(2):
        handed_out.new(Frame(pl.DataFrame({"Id": ids})))
    with pytest.raises(IncompleteError, match="1,200,000"):
        handed_out.take_back()


def test_rows_of_one_page_are_not_taken_for_each_other() -> None:
    """In whichever parts it comes, where the Id says nothing: none of them is left out."""
    handed_out = HandedOut("AppDefinition")
    handed_out.may_come_again = True
    parts = [handed_out.new(page("1", "2")), handed_out.new(page("1"), starts_page=False)]
    assert [part.height for part in parts] == [2, 1]
    handed_out.new(page("3"))
    with pytest.raises(IncompleteError, match="4 of them have been handed out"):
        handed_out.take_back()


def test_rows_of_another_page_are_known_in_whichever_part_they_come() -> None:
    """Those of all parts before, and those of earlier pages."""
    handed_out = HandedOut("Account")
    handed_out.new(page("1", "2"))
    handed_out.new(page("3"), starts_page=False)
    handed_out.take_back()
    parts = [handed_out.new(page("2", "4")), handed_out.new(page("3", "5"), starts_page=False)]
    assert [part.table["Id"].to_list() for part in parts] == [["4"], ["5"]]
    assert handed_out.new(page("4", "5", "6")).table["Id"].to_list() == ["6"]
