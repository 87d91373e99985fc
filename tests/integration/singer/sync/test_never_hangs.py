"""No order and no size of tables lets a run wait for itself."""

from __future__ import annotations

import contextlib
import io
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from typing_extensions import Buffer, override

from tap_versionforge_salesforce.cli import main
from tests.local_org.conditions import faults
from tests.soak.crowd import every_row_of_all
from tests.soak.tried import Tried
from tests.soak.watchdog import watchdog
from tests.support.waits import LateAnswer, has_said, trickling

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
NINE = (
    *("Account", "Contact", "Contract", "Opportunity", "User"),
    *("OpportunityLineItem", "QuoteLineItem", "OrderItem", "ContractLineItem"),
)
PAGE_ROWS = 4


def fill(org: LocalOrg, pages: dict[str, int]) -> dict[str, list[str]]:
    """Give each table so many pages, and leave the rest empty."""
    org.settings.result_page_rows = org.settings.bulk_page_rows = PAGE_ROWS
    org.settings.page_rows = PAGE_ROWS
    return {
        name: org.store.insert(name, [{}] * (count * PAGE_ROWS), stamp=LAST_WEEK) if count else []
        for name, count in pages.items()
    }


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param({"Account": 25, "Contact": 1, "Opportunity": 25}, id="one page between"),
        pytest.param({"Account": 25, "Contact": 0, "Opportunity": 25}, id="nothing between"),
        pytest.param({"Account": 12, "Contact": 0, "Contract": 1, "Opportunity": 12}, id="two"),
        pytest.param({"Account": 1, "Contact": 25, "Contract": 0, "Opportunity": 25}, id="behind"),
    ],
)
@pytest.mark.parametrize("is_counted", [True, False], ids=["counts", "no counts"])
def test_a_small_table_between_two_large_ones(
    org: LocalOrg, tap: TapRunner, pages: dict[str, int], *, is_counted: bool
) -> None:
    """It is read by REST, and lets those behind it come before those in front of it are over."""
    rows = fill(org, pages)
    org.settings.record_count_factor = 25
    if not is_counted:
        org.settings.record_count_omits = set(NINE)
    run = tap.sync(objects=list(pages), bulk_page_rows=PAGE_ROWS)
    assert run.exit_code == 0, run.log
    assert {name: run.ids(name) for name in pages} == rows


def test_pages_that_are_wanted_late_have_room(org: LocalOrg, tap: TapRunner) -> None:
    """A list of pages ends early, and by then those of the next table have taken all the room."""
    rows = fill(org, {"Account": 1, "Contact": 12, "Opportunity": 25})
    org.settings.job_transition = "immediate"

    def ends_early(body: bytes) -> bytes:
        content = json.loads(body)
        return json.dumps({"resultPages": content["resultPages"][:2], "done": True}).encode()

    # Of Contact, the first with more than one page.
    org.faults.add("*/resultPages", faults.replace_body(ends_early))
    run = tap.sync(
        objects=list(rows), api_mode="bulk", bulk_page_rows=PAGE_ROWS, parallel_downloads=2
    )
    assert run.exit_code == 0, run.log
    assert "The list of pages ends before the pages do." in run.log
    assert {name: run.ids(name) for name in rows} == rows


@pytest.mark.parametrize("seed", range(100, 108))
def test_a_crowd_of_tables_comes_whole(org: LocalOrg, tap: TapRunner, seed: int) -> None:
    """Any sizes, any number of them empty, any settings, with one sick object or none."""
    tried = Tried()
    with watchdog(lambda: len(org.journal.entries)):
        every_row_of_all(org, tap, tried, seed)
    assert (tried.runs.total(), tried.lost) == (1, 0)


# Waits


@pytest.mark.parametrize(
    ("request_", "api_mode", "said"),
    [
        pytest.param("GET /jobs/query/*", "bulk", "Waiting for Bulk job 750", id="job"),
        pytest.param("*/results", "bulk", "Waiting for result pages of Bulk job 750", id="results"),
        pytest.param("GET /queryAll*", "rest", "Waiting for a page of Account", id="page"),
        pytest.param("GET /query/*", "rest", "Waiting for a page of Account", id="next page"),
        pytest.param("/limits", "rest", "Waiting for the answer to GET /services", id="any answer"),
    ],
)
def test_what_takes_a_minute_is_said(
    org: LocalOrg,
    tap: TapRunner,
    clock: OrgClock,
    caplog: pytest.LogCaptureFixture,
    request_: str,
    api_mode: str,
    said: str,
) -> None:
    """Nobody can tell waiting from hanging otherwise."""
    rows = fill(org, {"Account": 3})
    late = LateAnswer(clock, caplog, said)
    org.faults.add(request_, late)
    run = tap.sync(objects=["Account"], api_mode=api_mode, bulk_page_rows=PAGE_ROWS)
    assert run.exit_code == 0, run.log
    assert late.found == [True]
    assert "for 1 minute now." in run.log
    assert run.ids("Account") == rows["Account"]


@pytest.mark.parametrize(
    ("request_", "api_mode"),
    [("GET /queryAll*", "rest"), ("*/results", "bulk"), ("/limits", "rest")],
)
def test_a_body_that_trickles_for_ever_is_given_up(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, request_: str, api_mode: str
) -> None:
    """Each byte comes in time, and all of them never: the whole has a limit, too."""
    rows = fill(org, {"Account": 1, "Contact": 1})
    fault = org.faults.add(request_, trickling(clock))
    # One answer at a time: when the clock is set, all that are on their way have taken as long.
    run = tap.sync(
        objects=["Account", "Contact"],
        api_mode=api_mode,
        bulk_page_rows=PAGE_ROWS,
        parallel_downloads=1,
    )
    assert fault.fired == 1
    assert run.ids("Contact") == rows["Contact"]
    if request_ == "/limits":
        assert run.exit_code == 0, run.log
        return
    assert run.exit_code == 7, run.log
    assert "did not send the whole answer to GET " in run.log
    assert "[request-timeout]" in run.log


def test_a_target_that_takes_nothing_is_said(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The tap can do nothing about it, but nobody should look for the cause at Salesforce."""
    fill(org, {"Account": 1})
    found: list[bool] = []

    class Stdout(io.BytesIO):
        @override
        def write(self, data: Buffer) -> int:
            if not found and b'"RECORD"' in bytes(data):
                clock.sleep(61)
                found.append(has_said(caplog, "Waiting for the target to take what has been"))
            return super().write(data)

    config = tap.config(objects=["Account"], api_mode="rest")
    stdout = io.TextIOWrapper(Stdout(), write_through=True)
    with contextlib.redirect_stdout(stdout), pytest.raises(SystemExit) as ended:
        main(["--config", config])
    assert (ended.value.code, found) == (0, [True])
