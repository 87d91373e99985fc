"""The arithmetic of docs/scaling.md adds up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.scaling import Assumptions, extract

USUAL = Assumptions()


def test_one_example_by_hand() -> None:
    """A million rows of 40 columns: 856 MB, nine pages, two lists of them."""
    found = extract(1_000_000, 40, USUAL)
    assert found.gigabytes == pytest.approx(0.856)
    assert found.job_hours * 3600 == pytest.approx(50)
    assert found.download_hours * 3600 == pytest.approx(856 / 16 + 9 / 4 * 0.3)
    assert found.tap_hours * 3600 == pytest.approx(40 / 3)
    assert found.calls == 2 + 2 + 2 + 9
    assert found.hours == found.job_hours + found.download_hours


@given(st.integers(1, 10**9), st.integers(1, 1_000), st.integers(1, 16))
def test_more_connections_never_take_longer(rows: int, columns: int, connections: int) -> None:
    """And nothing that is counted changes with them."""
    few = extract(rows, columns, replace(USUAL, connections=connections))
    more = extract(rows, columns, replace(USUAL, connections=connections + 1))
    assert more.hours <= few.hours
    assert (more.calls, more.gigabytes) == (few.calls, few.gigabytes)
