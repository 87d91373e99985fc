"""The org's daily API calls, and this run's own."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import QuotaError
from tap_versionforge_salesforce.salesforce.http.quota import (
    Allowance,
    BulkQuota,
    Quota,
    StreamUsage,
    from_header,
    from_limits,
    usage_counted_in,
)
from tap_versionforge_salesforce.salesforce.support.background import ahead
from tests.support.values import some_examples

if TYPE_CHECKING:
    from collections.abc import Callable

Counting = TypeVar("Counting", Quota, BulkQuota, StreamUsage)

PER_APP = "per-app-api-usage=17/250(appName=sample-connected-app)"


def calls_left(maximum: int, remaining: int) -> dict[str, object]:
    """Return an answer of ``/limits``."""
    return {"DailyApiRequests": {"Max": maximum, "Remaining": remaining}}


@pytest.mark.parametrize(
    ("header", "allowance"),
    [
        pytest.param("api-usage=10018/100000", Allowance(100000, 89982), id="alone"),
        pytest.param(f"api-usage=25/5000; {PER_APP}", Allowance(5000, 4975), id="with app"),
        pytest.param(f"{PER_APP}; api-usage=25/5000", Allowance(5000, 4975), id="app first"),
        pytest.param(PER_APP, None, id="app only"),
        pytest.param("api-usage=120/100", Allowance(100, -20), id="softly exceeded"),
        pytest.param("api-usage=/", None, id="no numbers"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="missing"),
    ],
)
def test_limit_header(header: str | None, allowance: Allowance | None) -> None:
    """Both forms of Sforce-Limit-Info tell the org's own calls, and no header tells nothing."""
    assert from_header(header) == allowance


@pytest.mark.parametrize(
    ("limits", "allowance"),
    [
        pytest.param(
            {"DailyApiRequests": {"Max": 15000, "Remaining": 14998, "An App": {"Max": 0}}},
            Allowance(15000, 14998),
            id="nested entries of apps",
        ),
        pytest.param({"DataStorageMB": {"Max": 5, "Remaining": 5}}, None, id="absent"),
        pytest.param({"DailyApiRequests": {"Max": 15000}}, None, id="half"),
        pytest.param({"DailyApiRequests": {"Max": "1", "Remaining": "1"}}, None, id="texts"),
        pytest.param(
            {"DailyApiRequests": {"Max": "1", "Remaining": 1}}, None, id="text and number"
        ),
        pytest.param(
            {"DailyApiRequests": {"Max": 1, "Remaining": "1"}}, None, id="number and text"
        ),
        pytest.param({"DailyApiRequests": {"Max": 0, "Remaining": 0}}, Allowance(0, 0), id="none"),
        pytest.param({"DailyApiRequests": "many"}, None, id="text"),
        pytest.param({"DailyApiRequests": None}, None, id="null"),
        pytest.param({}, None, id="empty"),
    ],
)
def test_limits_answer(limits: dict[str, object], allowance: Allowance | None) -> None:
    """One limit is read from the answer of /limits, or known to be missing."""
    assert from_limits(limits, "DailyApiRequests") == allowance


def test_calls_are_counted() -> None:
    """Each call spent is one call made."""
    quota = Quota()
    for _ in range(3):
        quota.spend()
    assert quota.calls == 3


def test_run_stops_at_its_own_limit_of_calls() -> None:
    """max_api_calls allows that many calls and refuses the next before it is made."""
    quota = Quota(max_calls=2)
    quota.spend()
    quota.spend()
    with pytest.raises(QuotaError, match="2 API calls") as caught:
        quota.spend()
    assert quota.calls == 2
    assert caught.value.code == "max-api-calls-reached"
    assert "max_api_calls" in caught.value.hint
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("remaining", "reserve", "refused"),
    [
        pytest.param(101, 100, False, id="one above"),
        pytest.param(100, 100, True, id="at the reserve"),
        pytest.param(99, 100, True, id="below"),
        pytest.param(-20, 1, True, id="softly exceeded"),
        pytest.param(0, 0, False, id="no reserve: Salesforce decides"),
    ],
)
def test_reserve_is_never_touched(*, remaining: int, reserve: int, refused: bool) -> None:
    """quota_reserve refuses the call that would leave fewer than it keeps."""
    quota = Quota(reserve=reserve)
    quota.note(calls_left(5000, remaining))
    if not refused:
        quota.spend()
        return
    with pytest.raises(QuotaError, match="quota_reserve") as caught:
        quota.spend()
    assert caught.value.code == "quota-reserve-reached"
    assert quota.calls == 0


def test_reserve_holds_where_answers_say_nothing() -> None:
    """Calls made since the org last told its numbers are taken off them."""
    quota = Quota(reserve=100)
    quota.note(calls_left(5000, 102))
    quota.spend()
    quota.spend()
    with pytest.raises(QuotaError, match="quota_reserve"):
        quota.spend()
    quota.note(calls_left(5000, 200))
    quota.spend()


def test_an_answer_without_numbers_changes_nothing() -> None:
    """What the org said last stays known."""
    quota = Quota(reserve=1)
    quota.note(calls_left(100, 50))
    quota.note({})
    assert quota.daily == Allowance(100, 50)


def test_without_a_reserve_the_last_call_may_be_made() -> None:
    """Where nothing is to be kept, Salesforce decides."""
    quota = Quota()
    quota.note(calls_left(100, 1))
    quota.spend()
    assert quota.daily == Allowance(100, 0)


@pytest.mark.parametrize(
    ("remaining", "reserve", "max_calls", "allowed"),
    [
        pytest.param(None, 10, None, None, id="nothing is known"),
        pytest.param(50, 10, None, 40, id="the org's, less the reserve"),
        pytest.param(50, 50, None, 0, id="at the reserve"),
        pytest.param(50, 60, None, 0, id="below the reserve"),
        pytest.param(None, 10, 7, 5, id="the run's own, less what it has made"),
        pytest.param(50, 10, 7, 5, id="the run's own is less"),
        pytest.param(14, 10, 7, 4, id="the org's is less"),
    ],
)
def test_calls_that_may_still_be_made(
    remaining: int | None, reserve: int, max_calls: int | None, allowed: int | None
) -> None:
    """Both bounds count, and no known bound is none."""
    quota = Quota(reserve=reserve, max_calls=max_calls)
    quota.spend()
    quota.spend()
    if remaining is not None:
        quota.note(calls_left(5_000, remaining))
    assert quota.allowed_calls == allowed


LIMITS = {
    "DailyApiRequests": {"Max": 100, "Remaining": 90},
    "DailyBulkV2QueryJobs": {"Max": 10, "Remaining": 9},
    "DailyBulkV2QueryFileStorageMB": {"Max": 1_000, "Remaining": 500},
}


@pytest.mark.parametrize("later", [{}, LIMITS], ids=["and nothing later", "and again"])
def test_each_limit_and_what_was_used_of_it(later: dict[str, object]) -> None:
    """Calls, Bulk jobs, and megabytes of results; a limit stays known until it is told anew."""
    quota = Quota()
    quota.note(LIMITS)
    quota.note(later)
    quota.spend()
    quota.count_job()
    quota.bulk.result_bytes += 1_234_567_000
    assert quota.content() == {
        "api_calls": {"maximum": 100, "remaining": 89, "used_by_run": 1},
        "bulk_jobs": {"maximum": 10, "remaining": 8, "used_by_run": 1},
        "bulk_storage_megabytes": {"maximum": 1_000, "remaining": 500, "used_by_run": 1234.567},
    }


def test_what_is_used_of_unknown_limits() -> None:
    """It is told all the same."""
    quota = Quota()
    assert quota.bulk.result_bytes == 0
    quota.count_job()
    assert quota.content() == {
        "api_calls": {"maximum": None, "remaining": None, "used_by_run": 0},
        "bulk_jobs": {"maximum": None, "remaining": None, "used_by_run": 1},
        "bulk_storage_megabytes": {"maximum": None, "remaining": None, "used_by_run": 0},
    }


def test_unknown_quota_stops_nobody() -> None:
    """A user who may not read the limits can extract all the same."""
    quota = Quota(reserve=1000)
    quota.spend()
    assert quota.warning(1000) is None


@pytest.mark.parametrize(
    ("remaining", "warned"),
    [
        pytest.param(1000, False, id="at the threshold"),
        pytest.param(999, True, id="below"),
        pytest.param(0, True, id="none left"),
    ],
)
def test_warning_below_the_threshold(*, remaining: int, warned: bool) -> None:
    """Fewer remaining calls than the threshold are worth a warning."""
    quota = Quota()
    quota.note(calls_left(15000, remaining))
    assert (quota.warning(1000) is not None) is warned


def test_warning_has_numbers_and_advice() -> None:
    """The warning says how many of how many are left, what was used, and what to do."""
    quota = Quota()
    quota.note(calls_left(15000, 900))
    warning = quota.warning(1000) or ""
    for part in ("900", "15,000", "14,100", "1,000", "quota_reserve", "Setup >"):
        assert part in warning


@given(st.data())
@some_examples
def test_the_reserve_is_kept_among_calls_side_by_side(data: st.DataObject) -> None:
    """However their answers overtake each other, and whatever each of them still did not know."""
    reserve = data.draw(st.integers(1, 5))
    left = reserve + data.draw(st.integers(0, 12))
    quota = Quota(reserve=reserve)
    quota.note(calls_left(1_000, left))
    sent, answers = 0, list[Allowance]()
    for _ in range(40):
        step = data.draw(st.sampled_from(("send", "arrive", "answer")))
        if step == "send":
            try:
                quota.spend()
            except QuotaError:
                continue
            sent += 1
        elif step == "arrive" and sent:
            sent -= 1
            left -= 1
            answers.append(Allowance(1_000, left))
        elif step == "answer" and answers:
            quota.answered(answers.pop(data.draw(st.integers(0, len(answers) - 1))))
    assert left - sent >= reserve


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 20))
@some_examples
def test_the_reserve_is_kept_when_others_use_calls(
    reserve: int, side_by_side: int, remaining: int
) -> None:
    """What an answer says holds, however much more was left by our own count."""
    quota = Quota(reserve=reserve)
    quota.note(calls_left(1_000, 900))
    for _ in range(side_by_side):
        quota.spend()
    quota.answered(Allowance(1_000, remaining))
    # The answer knows nothing of those that are still on their way.
    may_be_made = max(0, remaining - (side_by_side - 1) - reserve)
    for _ in range(may_be_made):
        quota.spend()
    with pytest.raises(QuotaError, match="quota_reserve"):
        quota.spend()
    assert quota.calls == side_by_side + may_be_made


def test_more_calls_are_seen_once_no_other_is_on_its_way() -> None:
    """The rolling day frees calls, and a run that has waited may go on."""
    quota = Quota(reserve=1)
    quota.note(calls_left(1_000, 3))
    quota.spend()
    quota.answered(Allowance(1_000, 5))
    assert quota.daily == Allowance(1_000, 5)
    quota.spend()
    quota.spend()
    quota.answered(Allowance(1_000, 900))
    quota.answered(Allowance(1_000, 899))
    assert quota.daily == Allowance(1_000, 3)
    quota.spend()
    quota.answered(Allowance(1_000, 898))
    assert quota.daily == Allowance(1_000, 898)


def test_what_a_stream_uses_is_counted_beside_the_whole() -> None:
    """Also in threads that were begun for it."""
    quota, tally, other = Quota(), StreamUsage(), StreamUsage()
    with usage_counted_in(tally):
        made = ahead(range(3), lambda _: quota.spend(), workers=2, steps=2)
        with usage_counted_in(other):
            quota.spend()
            quota.receive(10)
        assert list(made) == [None] * 3
        quota.receive(5)
    quota.spend()
    assert (tally.calls, tally.received_bytes) == (3, 5)
    assert (other.calls, other.received_bytes) == (1, 10)
    assert (quota.calls, quota.received_bytes) == (5, 15)


def crossed(kind: type[Counting], name: str) -> Counting:
    """Make one whose counter is read by two threads before either writes, if both may read it."""
    both_have_read = threading.Barrier(2, timeout=0.5)
    counted = [0]

    def read(_: Counting) -> int:
        value = counted[0]
        with contextlib.suppress(threading.BrokenBarrierError):
            both_have_read.wait()
        return value

    def write(_: Counting, value: int) -> None:
        counted[0] = value

    made: Counting = type(kind.__name__, (kind,), {name: property(read, write)})()
    return made


def side_by_side(use: Callable[[], object], tally: StreamUsage) -> None:
    with usage_counted_in(tally):
        list(ahead(range(2), lambda _: use(), workers=2, steps=2))


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("calls", Quota.spend),
        ("received_bytes", lambda quota: quota.receive(1)),
        ("_in_flight", Quota.spend),
    ],
    ids=["calls", "bytes", "calls under way"],
)
def test_what_threads_use_at_the_same_time_is_counted(
    name: str, use: Callable[[Quota], None]
) -> None:
    """None overwrites what another has just counted."""
    quota = crossed(Quota, name)
    side_by_side(lambda: use(quota), StreamUsage())
    assert getattr(quota, name) == 2


@pytest.mark.parametrize(
    ("name", "use"),
    [("created_jobs", Quota.count_job), ("result_bytes", lambda quota: quota.read_results(1))],
    ids=["jobs", "results"],
)
def test_what_threads_use_of_bulk_at_the_same_time_is_counted(
    name: str, use: Callable[[Quota], None]
) -> None:
    """None overwrites what another has just counted."""
    quota = Quota()
    quota.bulk = crossed(BulkQuota, name)
    side_by_side(lambda: use(quota), StreamUsage())
    assert getattr(quota.bulk, name) == 2


@pytest.mark.parametrize(
    ("name", "use"),
    [("calls", Quota.spend), ("received_bytes", lambda quota: quota.receive(1))],
    ids=["calls", "bytes"],
)
def test_what_the_threads_of_one_stream_use_is_counted(
    name: str, use: Callable[[Quota], None]
) -> None:
    """As is what the whole run uses."""
    quota, tally = Quota(), crossed(StreamUsage, name)
    side_by_side(lambda: use(quota), tally)
    assert getattr(tally, name) == 2
