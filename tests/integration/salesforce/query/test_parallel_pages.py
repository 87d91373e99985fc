"""Result pages are downloaded several at once, and come in order all the same."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.local_org.conditions import faults, outages

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
PAGE_ROWS = 10
PAGES = 8
ONE_AFTER_THE_OTHER = "are downloaded one after the other"


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    """Rows for eight pages of Salesforce's choice."""
    org.settings.result_page_rows = org.settings.bulk_page_rows = PAGE_ROWS
    values = [{"Name": str(n)} for n in range(PAGES * PAGE_ROWS - 3)]
    return org.store.insert("Account", values, stamp=LAST_WEEK)


def read(tap: TapRunner, state: object = None, **more: Any) -> Run:  # noqa: ANN401  settings
    options = {"objects": ["Account"], "api_mode": "bulk", "bulk_page_rows": PAGE_ROWS}
    return tap.sync(**{**options, "state": state, **more})


def meeting(count: int) -> faults.Action:
    """Answer only when so many have asked."""
    together = threading.Barrier(count, timeout=20)

    def action(_: Call, real: Callable[[], Answer]) -> Answer:
        together.wait()
        return real()

    return action


def one_page_twice(body: bytes) -> bytes:
    listed = json.loads(body)
    listed["resultPages"][2:3] = listed["resultPages"][1:2]
    return json.dumps(listed).encode()


@pytest.mark.parametrize("key", ["nextRecordsUrl", "nextRecordUrl"])
@pytest.mark.parametrize("path", ["resultPages", "resultpages"])
@pytest.mark.parametrize("first_locator", [True, False], ids=["locator", "no locator"])
def test_every_form_of_the_list_is_read(
    org: LocalOrg,
    tap: TapRunner,
    rows: list[str],
    key: Literal["nextRecordsUrl", "nextRecordUrl"],
    path: Literal["resultPages", "resultpages"],
    *,
    first_locator: bool,
) -> None:
    """The guide spells the list in several ways."""
    org.settings.result_pages_key = key
    org.settings.result_pages_path = path
    org.settings.result_pages_first_locator = first_locator
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    # The local org's chain from a page without a locator has other locators than its list.
    assert (ONE_AFTER_THE_OTHER in run.log) is not first_locator
    if not first_locator:
        return
    assert len(org.journal.calls("*/results")) == PAGES
    assert len(org.journal.calls("*/resultPages") + org.journal.calls("*/resultpages")) == 2


def test_four_pages_are_on_their_way_at_once(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """The first of them is answered only once the fourth was asked for."""
    org.faults.add("*/results", meeting(4), times=4)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows


def test_whichever_page_is_first_they_come_in_order(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """The second page waits until the fourth is here; the rows do not show it."""
    fourth = threading.Event()

    def wait(_: Call, real: Callable[[], Answer]) -> Answer:
        fourth.wait(timeout=20)
        return real()

    def tell(_: Call, real: Callable[[], Answer]) -> Answer:
        fourth.set()
        return real()

    org.faults.add("*/results", wait, skip=1)
    org.faults.add("*/results", tell, skip=2)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        pytest.param({"parallel_downloads": 1}, "told so", id="parallel_downloads 1"),
        pytest.param({"bulk_page_rows": 1_000}, "small", id="fits into a page"),
        pytest.param({"api_version": "57.0"}, "old", id="version without the list"),
    ],
)
def test_pages_one_after_the_other(
    tap: TapRunner, rows: list[str], settings: dict[str, Any], why: str
) -> None:
    """Where there is nothing to gain, or no list, the chain of locators serves."""
    run = read(tap, **settings)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert (ONE_AFTER_THE_OTHER in run.log) is (why == "old")


@pytest.mark.parametrize("call", [0, 1], ids=["first list", "second list"])
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(faults.answer(403, [{"errorCode": "NO", "message": "no"}]), id="refused"),
        pytest.param(
            faults.replace_body(lambda body: body.replace(b'"done":true', b'"done":false')),
            id="no end",
        ),
        pytest.param(
            faults.replace_body(lambda body: body.replace(b"locator=", b"locator=x")), id="others"
        ),
        pytest.param(faults.answer(200, {"resultPages": [], "done": True}), id="too few"),
        pytest.param(faults.replace_body(one_page_twice), id="a page twice"),
    ],
)
def test_a_list_that_fails_costs_no_row(
    org: LocalOrg, tap: TapRunner, rows: list[str], spoil: faults.Action, call: int
) -> None:
    """What the pages themselves say is the truth; from there they are downloaded in turn."""
    org.faults.add("*/result[Pp]ages", spoil, skip=call, times=None)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows


def test_listed_pages_that_do_not_lead_on(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """A listed page that says it is the last proves nothing: the chain from the start does."""
    org.settings.result_pages_locator_header = "null"
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert f"{ONE_AFTER_THE_OTHER}: The listed pages do not say where the next one is." in run.log


@pytest.mark.usefixtures("rows")
def test_a_page_that_neither_way_brings_fails_the_stream(org: LocalOrg, tap: TapRunner) -> None:
    """Once by the list and once by the chain; not by turns for ever."""
    refusal = faults.answer(400, [{"errorCode": "API_ERROR", "message": "no"}])
    org.faults.add("*/results", refusal, skip=2, times=None)
    run = read(tap, parallel_downloads=2)
    assert run.exit_code == 7, run.log
    assert run.log.count(ONE_AFTER_THE_OTHER) == 1
    assert len(org.journal.calls("*/results")) <= 8


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(faults.drop_last_row(), id="row lost"),
        pytest.param(faults.cut(0.5), id="broken off"),
        pytest.param(faults.truncated_gzip(), id="cut gzip"),
        pytest.param(faults.without_header("Sforce-Locator"), id="no locator"),
        pytest.param(outages.maintenance_page(), id="unavailable"),
    ],
)
def test_a_page_that_fails_once_is_downloaded_again(
    org: LocalOrg, tap: TapRunner, rows: list[str], spoil: faults.Action
) -> None:
    """In any of the threads, and without a row twice."""
    org.faults.add("*/results", spoil, skip=2, times=2)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows


def test_a_page_that_finds_the_session_ended_is_downloaded_again(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Once: that a new session is refused as well would be another matter."""
    org.faults.add("*/results", outages.session_expired(), skip=2)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows


def test_a_session_that_ends_is_renewed_once_for_all_threads(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Four downloads meet an ended session; one of them signs in."""
    org.faults.add("*/results", meeting(4), times=4)
    org.faults.add("*/resultPages", faults.after(org.expire_tokens))
    before = len(org.journal.calls("/services/oauth2/token"))
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert len(org.journal.calls("/services/oauth2/token")) - before <= 3


@pytest.mark.parametrize("pages", [0, 1, 5])
def test_the_next_run_goes_on_in_parallel(
    org: LocalOrg, tap: TapRunner, rows: list[str], pages: int
) -> None:
    """Behind the last page that was written, however many more were on disk by then."""
    org.faults.add("*/results", outages.maintenance_page(), skip=pages, times=None)
    first = read(tap)
    assert first.exit_code == 5
    written = first.ids("Account")
    assert written == rows[: len(written)]
    org.faults.clear()
    org.journal.clear()
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert first.ids("Account") + second.ids("Account") == rows
    assert ONE_AFTER_THE_OTHER not in second.log


def test_calls_that_a_run_may_make_end_it_behind_a_page(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Downloads ahead stop as well; what came is written, and the next run goes on."""
    # As many pages as are asked for at once have their calls, in whatever order they take them.
    first = read(tap, max_api_calls=11)
    assert first.exit_code == 4, first.log
    assert org.journal.api_calls <= 11
    written = first.ids("Account")
    assert written
    assert written == rows[: len(written)]
    second = read(tap, first.state)
    assert second.exit_code == 0, second.log
    assert written + second.ids("Account") == rows
