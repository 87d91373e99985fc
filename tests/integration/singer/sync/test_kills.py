"""Killed at any moment, any number of times, a run ends at last with every row written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.soak.kills import MOST_CALLS, every_row_comes, the_target_equals_the_org
from tests.soak.pairs import MOST_CALLS as MOST_CALLS_OF_TWO
from tests.soak.pairs import two_at_once_are_made_up_for
from tests.soak.tried import Tried

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner


_a_few = settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.timeout(600)
@_a_few
@given(
    kills=st.lists(st.integers(1, MOST_CALLS), max_size=4),
    mode=st.sampled_from(("bulk", "auto")),
    most_rows=st.sampled_from((None, 20)),
)
def test_every_row_comes_however_often_it_is_killed(
    org: LocalOrg, tap: TapRunner, kills: list[int], mode: str, most_rows: int | None
) -> None:
    """Of pages that were downloaded, no more come again than may wait, for each kill."""
    every_row_comes(org, tap, Tried(), kills=kills, mode=mode, most_rows=most_rows)


@pytest.mark.timeout(600)
@_a_few
@given(
    kills=st.lists(st.integers(1, MOST_CALLS), min_size=1, max_size=4),
    mode=st.sampled_from(("bulk", "auto", "rest")),
    takes_all=st.booleans(),
)
def test_a_reconciliation_makes_up_for_those_that_were_killed(
    org: LocalOrg, tap: TapRunner, kills: list[int], mode: str, *, takes_all: bool
) -> None:
    """Whether or not the target keeps what stands behind the last STATE."""
    tried = Tried()
    the_target_equals_the_org(org, tap, tried, kills=kills, mode=mode, takes_all=takes_all)
    assert tried.compared > 0


@pytest.mark.timeout(600)
@_a_few
@given(
    mode=st.sampled_from(("bulk", "auto", "rest")),
    turns=st.lists(
        st.tuples(
            st.integers(1, MOST_CALLS_OF_TWO),
            st.integers(1, MOST_CALLS_OF_TWO),
            st.booleans(),
            st.booleans(),
        ),
        min_size=1,
        max_size=2,
    ),
)
def test_a_reconciliation_makes_up_for_two_runs_at_once(
    org: LocalOrg, tap: TapRunner, mode: str, turns: list[tuple[int, int, bool, bool]]
) -> None:
    """Of one state, whichever of theirs is kept."""
    tried = Tried()
    two_at_once_are_made_up_for(org, tap, tried, mode=mode, turns=turns)
    assert tried.compared > 0
