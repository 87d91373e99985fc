"""A large stream says how far it is, in the log of a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.local_org.conditions import faults
from tests.support.pipeline import LAST_WEEK

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, TapRunner


def test_a_large_stream_says_how_far_it_is(org: LocalOrg, tap: TapRunner, clock: OrgClock) -> None:
    """Of how many rows, which the job has told."""
    org.settings.page_rows = org.settings.bulk_page_rows = 5
    org.store.insert("Account", [{}] * 40, stamp=LAST_WEEK)
    org.faults.add("*/results*", faults.before(lambda: clock.sleep(31)), times=None)
    run = tap.sync(objects=["Account"], api_mode="bulk", bulk_page_rows=5, parallel_downloads=1)
    assert run.exit_code == 0, run.log
    lines = re.findall(r"Account: (\d+) (?:of 40 rows|rows) written, \d+ a second\.", run.log)
    assert lines
    assert lines == sorted(lines, key=int)
    assert " of 40 rows written, " in run.log
    assert "written, " not in tap.sync(objects=["Contact"]).log
