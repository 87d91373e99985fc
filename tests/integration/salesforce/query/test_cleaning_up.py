"""Cleaning up never holds a run that has all its rows."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.local_org.conditions import faults, outages

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
STREAMS = ["Account", "Contact", "Contract", "Opportunity", "OrderItem"]
FOR_EVER_SECONDS = 600
MOST_SECONDS = 30


@pytest.fixture
def rows(org: LocalOrg) -> dict[str, list[str]]:
    return {name: org.store.insert(name, [{}] * 2, stamp=LAST_WEEK) for name in STREAMS}


def left(run: Run) -> list[str]:
    return [line for line in run.log.splitlines() if "stays in the org" in line]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(outages.server_unavailable(), id="503"),
        pytest.param(outages.unknown_exception(), id="500"),
        pytest.param(outages.too_many_requests(retry_after=3_600), id="429"),
        pytest.param(faults.reset(), id="reset"),
        pytest.param(faults.delay(FOR_EVER_SECONDS), id="silence"),
    ],
)
def test_five_jobs_that_can_not_be_removed_cost_seconds(
    org: LocalOrg,
    tap: TapRunner,
    clock: OrgClock,
    rows: dict[str, list[str]],
    trouble: faults.Action,
) -> None:
    """One try each at most, a line for each job, and every row."""
    fault = org.faults.add("DELETE /jobs/query/*", trouble, times=None)
    run = tap.sync(objects=STREAMS, api_mode="bulk", request_timeout_seconds=1)
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in STREAMS} == rows
    assert fault.fired <= len(STREAMS)
    assert len(left(run)) == len(STREAMS)
    assert all("INFO" in line for line in left(run))
    assert sum(clock.slept) < MOST_SECONDS


def test_a_slow_removal_ends_with_the_time_for_it(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """What is not removed by then is told."""
    removal = org.faults.add(
        "DELETE /jobs/query/*", faults.before(lambda: tap.clock.sleep(60)), times=None
    )
    run = tap.sync(objects=STREAMS, api_mode="bulk")
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in STREAMS} == rows
    assert len(left(run)) + removal.fired == len(STREAMS)


def test_a_job_that_is_refused_does_not_keep_the_others(
    org: LocalOrg, tap: TapRunner, rows: dict[str, list[str]]
) -> None:
    """A refusal comes at once: the next one is tried."""
    assert rows
    fault = org.faults.add("DELETE /jobs/query/*", faults.answer(403), times=None)
    run = tap.sync(objects=STREAMS, api_mode="bulk")
    assert run.exit_code == 0, run.log
    assert fault.fired == len(STREAMS)
