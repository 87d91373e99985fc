"""Work done one step ahead comes out as if it were not."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.support.background import (
    ahead,
    in_background,
    same,
    to_its_end,
)
from tests.support.values import few_examples

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(st.lists(st.none() | st.integers()), st.integers(1, 4))
@few_examples
def test_items_come_in_order(items: list[int | None], steps: int) -> None:
    """Every item once, whatever it is."""
    assert list(ahead(items, same, steps=steps)) == items


def test_no_more_is_made_than_asked_for() -> None:
    """While one item is used, so many are made ahead, in one other thread."""
    made: list[int] = []
    makers = set()

    def items() -> Iterator[int]:
        for n in range(10):
            made.append(n)
            makers.add(threading.current_thread())
            yield n

    for n in ahead(items(), same, steps=2):
        assert len(made) <= n + 3
    assert made == list(range(10))
    assert len(makers) == 1
    assert threading.current_thread() not in makers


def test_what_is_done_to_its_end_is_waited_for() -> None:
    """Python does not end before it has come to that; its result and its error are the caller's."""
    thread = to_its_end(threading.current_thread)
    assert thread is not threading.current_thread()
    assert not thread.daemon
    with pytest.raises(ZeroDivisionError):
        to_its_end(lambda: 1 // 0)


def test_an_error_comes_where_its_item_would() -> None:
    """What was made before it is still used."""

    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    used: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        used.extend(ahead(items(), same))
    found = ahead(items(), same)
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

    found = ahead(items(), same, steps=1)
    assert next(found) == 0
    found.close()
    assert not left.is_set()
    answer.set()
    assert left.wait(timeout=10)


@given(st.lists(st.integers()), st.integers(1, 4), st.integers(1, 6))
@few_examples
def test_what_several_make_comes_in_order(items: list[int], workers: int, steps: int) -> None:
    """However many threads make it, and whichever is done first."""
    made = ahead(items, lambda item: (item, item), workers=workers, steps=steps)
    assert list(made) == [(item, item) for item in items]


def test_several_make_at_once() -> None:
    """Three threads wait for each other: none would go on alone."""
    together = threading.Barrier(3, timeout=10)
    made = ahead(range(3), lambda _: together.wait(), workers=3, steps=3)
    assert sorted(made) == [0, 1, 2]


def test_an_error_of_one_item_comes_in_its_place() -> None:
    """The items before it are used, although others were made sooner."""

    def make(item: int) -> int:
        if item == 2:
            raise ValueError("broken")
        return item

    made = ahead(range(5), make, workers=3, steps=5)
    assert [next(made), next(made)] == [0, 1]
    with pytest.raises(ValueError, match="broken"):
        next(made)


def test_what_nobody_takes_is_dropped() -> None:
    """Files that were opened ahead are closed."""
    dropped: list[int] = []
    all_made = threading.Event()

    def make(item: int) -> int:
        if item == 3:
            all_made.set()
        return item

    made = ahead(range(100), make, workers=1, steps=3, drop=dropped.append)
    assert next(made) == 0
    all_made.wait(timeout=10)
    made.close()
    assert dropped[:2] == [1, 2]


@given(st.integers(0, 3), st.integers(1, 3), st.integers(1, 4))
@few_examples
def test_whatever_was_made_is_used_or_dropped(used: int, workers: int, steps: int) -> None:
    """Whenever its user leaves: what is lost keeps its room in the spool for ever."""
    made, taken, dropped = list[int](), list[int](), list[int]()
    before, interval = set(threading.enumerate()), sys.getswitchinterval()

    def make(item: int) -> int:
        made.append(item)
        return item

    sys.setswitchinterval(1e-6)
    try:
        for _ in range(40):
            found = ahead(range(9), make, workers=workers, steps=steps, drop=dropped.append)
            taken += [next(found) for _ in range(used)]
            found.close()
    finally:
        sys.setswitchinterval(interval)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
    assert sorted(made) == sorted(taken + dropped)


def test_the_first_are_made_before_anybody_asks() -> None:
    """So that what takes long is on its way."""
    made = threading.Event()

    def make(item: int) -> int:
        made.set()
        return item

    found = ahead(range(3), make, workers=1, steps=1)
    assert made.wait(timeout=10)
    assert list(found) == [0, 1, 2]


def test_one_thing_is_made_soon() -> None:
    """In another thread; its error is raised where it is asked for."""
    may_go_on = threading.Event()

    def make() -> str:
        may_go_on.wait(timeout=10)
        return threading.current_thread().name

    soon = in_background(make)
    before = soon.done()
    may_go_on.set()
    assert soon.result() != threading.current_thread().name
    assert (before, soon.done()) == (False, True)
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 // 0).result()
