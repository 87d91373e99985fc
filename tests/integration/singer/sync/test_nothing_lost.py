"""Whatever happens to the org and to the runs, after one quiet run the target equals the org.

`make soak` goes on with this for as long as it is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.soak.machine import Machine
from tests.soak.reconciling import ReconcilingMachine
from tests.soak.tried import Tried

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, TapRunner


@pytest.mark.timeout(600)
@pytest.mark.parametrize("machine", [Machine, ReconcilingMachine])
def test_nothing_is_lost(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, machine: type[Machine]
) -> None:
    """Changes, late commits, deletes, faults, kills, merged states, wrong clocks, any API."""
    tried = Tried()
    run_state_machine_as_test(
        lambda: machine(org, tap, clock, tried),  # type: ignore[arg-type]  # any function will do
        settings=settings(
            max_examples=4,
            stateful_step_count=14,
            deadline=None,
            # Threads make a failure hard to repeat, so that it would be made smaller for minutes.
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
    # A check that compares nothing would be content with anything.
    assert tried.compared > 0
    assert tried.faults.total() > 0
    assert tried.lost == 0
    assert (tried.reconciled > 0) == (machine is ReconcilingMachine)
