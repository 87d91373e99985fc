"""Work done one step ahead comes out as if it were not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.ahead import ahead
from tests.unit.helpers import few_examples

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(st.lists(st.none() | st.integers()), st.integers(1, 4))
@few_examples
def test_items_come_in_order(items: list[int | None], steps: int) -> None:
    """Every item once, whatever it is."""
    assert list(ahead(items, steps)) == items


def test_no_more_is_made_than_asked_for() -> None:
    """While one item is used, so many are made ahead, in one other thread."""
    made: list[int] = []
    makers = set()

    def items() -> Iterator[int]:
        for n in range(10):
            made.append(n)
            makers.add(threading.current_thread())
            yield n

    for n in ahead(items(), steps=2):
        assert len(made) <= n + 3
    assert made == list(range(10))
    assert len(makers) == 1
    assert threading.current_thread() not in makers


def test_an_error_comes_where_its_item_would() -> None:
    """What was made before it is still used."""

    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    used: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        used.extend(ahead(items()))
    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(ValueError, match="broken"):
        next(found)


def test_leaving_early_waits_for_nothing() -> None:
    """Whoever stops asking goes on at once, and nothing more is made."""
    answer, left = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        try:
            yield 0
            answer.wait()
            yield 1
        finally:
            left.set()

    found = ahead(items(), steps=1)
    assert next(found) == 0
    found.close()  # type: ignore[attr-defined]  # it is a generator
    assert not left.is_set()
    answer.set()
    assert left.wait(timeout=10)
