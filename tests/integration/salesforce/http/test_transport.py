"""What goes wrong between the tap and the org: tried again, within bounds, without a leak."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from requests.utils import get_netrc_auth

from tests.local_org import LocalOrg
from tests.local_org.conditions import faults, outages
from tests.local_org.conditions.clock import http_date

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.harness import OrgClock, TapRunner

NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=timezone.utc)
MOST_TRIES = 8
MOST_SECONDS = 600
LONGEST_WAIT = 60

JOB: list[faults.Match] = ["POST /jobs/query", faults.is_poll, "*/results"]


@pytest.fixture(autouse=True)
def _frozen(org: LocalOrg) -> None:
    org.clock.freeze(NOW)


@pytest.fixture
def elsewhere() -> Iterator[LocalOrg]:
    """Return another host, which must never hear of this org."""
    with LocalOrg() as other:
        yield other
        assert other.journal.entries == []


def spread(org: LocalOrg, count: int) -> list[str]:
    """Insert accounts that changed a day apart, the oldest first."""
    ids: list[str] = []
    for n in range(count):
        changed = NOW - timedelta(days=count - n)
        ids += org.store.insert("Account", [{"Name": f"Row {n}"}], stamp=changed)
    return ids


def bookmark_at(instant: datetime) -> dict[str, object]:
    value = f"{instant:%Y-%m-%dT%H:%M:%S}.000Z"
    mark = {"replication_key": "SystemModstamp", "replication_key_value": value}
    return {"bookmarks": {"Account": mark}}


# Pages that are not whole


def test_page_that_ends_like_a_whole_one_is_fetched_again(org: LocalOrg, tap: TapRunner) -> None:
    """A JSON page cut right behind a row looks whole from its end, but is not."""
    rows = spread(org, 5)
    cut = faults.replace_body(lambda body: body[: body.rindex(b"},{") + 1])
    fault = org.faults.add("GET /queryAll", cut)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert fault.fired == 1
    assert run.ids("Account") == rows


def test_page_that_never_is_whole_ends_the_stream(org: LocalOrg, tap: TapRunner) -> None:
    """After three fetches: exit code 6, and the bookmark where it was."""
    spread(org, 5)
    cut = faults.replace_body(lambda body: body[: body.rindex(b"},{") + 1])
    fault = org.faults.add("GET /queryAll", cut, times=None)
    before = bookmark_at(NOW - timedelta(days=9))
    alone = {"composite_queries": False}
    run = tap.sync(objects=["Account"], api_mode="rest", state=before, **alone)
    assert run.exit_code == 6, run.log
    assert fault.fired == 3
    assert run.bookmark("Account") == "2026-11-14T10:00:00.000Z"


def test_rows_that_do_not_add_up_are_in_no_state(org: LocalOrg, tap: TapRunner) -> None:
    """A run that is stopped while it reads a window again forgets that window's checkpoints."""
    org.settings.page_rows = 2
    rows = spread(org, 5)
    org.faults.add("GET /query/*", faults.drop_record())
    org.faults.add("GET /queryAll", outages.daily_limit(), skip=1)
    before = bookmark_at(NOW - timedelta(days=9))
    stopped = tap.sync(objects=["Account"], state=before)
    assert stopped.exit_code == 4, stopped.log
    assert rows[2] not in stopped.ids("Account")
    assert stopped.bookmark("Account") == "2026-11-14T10:00:00.000Z"
    again = tap.sync(objects=["Account"], state=stopped.state)
    assert again.exit_code == 0, again.log
    assert again.ids("Account") == rows


# How long to wait


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("17", 17.0, id="seconds"),
        pytest.param("0", 0.0, id="at once"),
        pytest.param(http_date(NOW + timedelta(seconds=90)), 90.0, id="date"),
        pytest.param(http_date(NOW - timedelta(seconds=90)), 0.0, id="date in the past"),
    ],
)
def test_retry_after_is_honoured(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, status: int, header: str, seconds: float
) -> None:
    """The org says when to come back, in seconds or as a date: exactly then."""
    rows = spread(org, 2)
    asked = outages.too_many_requests if status == 429 else outages.server_unavailable
    org.faults.add("GET /queryAll", asked(retry_after=header))
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert clock.slept == [seconds]
    assert run.ids("Account") == rows


@pytest.mark.parametrize("header", ["soon", "-5", "1e3", ""])
def test_retry_after_without_sense_is_no_harm(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, header: str
) -> None:
    """A header that says nothing leaves the tap its own short wait."""
    rows = spread(org, 2)
    org.faults.add("GET /queryAll", outages.too_many_requests(retry_after=header))
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    (wait,) = clock.slept
    assert 0 <= wait <= 1


def test_tries_are_bounded(org: LocalOrg, tap: TapRunner, clock: OrgClock) -> None:
    """Exit code 5 after eight tries in growing waits, with the last cause and a good STATE."""
    org.settings.page_rows = 2
    rows = spread(org, 6)
    org.faults.add("GET /query/*", outages.unknown_exception(), times=3)
    last = org.faults.add("GET /query/*", outages.edge_setting_up(), times=None)
    first = tap.sync(objects=["Account"], start_date="2020-01-01", api_mode="rest")
    assert first.exit_code == 5, first.log
    assert (3 + last.fired, len(clock.slept)) == (MOST_TRIES, MOST_TRIES - 1)
    assert sum(clock.slept) <= MOST_SECONDS
    assert all(0 <= wait <= min(2**n, LONGEST_WAIT) for n, wait in enumerate(clock.slept))
    assert "HTTP 420 (text/html)" in first.log.splitlines()[-1]
    assert "Traceback" not in first.log
    assert first.ids("Account") == rows[:2]
    assert first.bookmark("Account") == "2026-11-18T10:00:00.000Z"
    org.faults.clear()
    second = tap.sync(objects=["Account"], start_date="2020-01-01", state=first.state)
    assert second.exit_code == 0, second.log
    assert {*first.ids("Account"), *second.ids("Account")} == set(rows)


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [
        pytest.param(250, [250.0, 250.0], id="three tries fit"),
        pytest.param(3600, [], id="none fits"),
    ],
)
def test_time_is_bounded(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, retry_after: int, waits: list[float]
) -> None:
    """No wait that ends after ten minutes is begun: exit code 5 instead of a run that hangs."""
    before = bookmark_at(NOW - timedelta(days=9))
    trouble = outages.server_unavailable(retry_after=retry_after)
    fault = org.faults.add("GET /queryAll", trouble, times=None)
    alone = {"composite_queries": False}
    run = tap.sync(objects=["Account"], state=before, api_mode="rest", **alone)
    assert run.exit_code == 5, run.log
    assert clock.slept == waits
    assert fault.fired == len(waits) + 1
    assert run.state in ({}, before)


@pytest.mark.parametrize("match", JOB, ids=["create", "poll", "results"])
def test_bulk_trouble_that_stays_moves_no_bookmark(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, match: faults.Match
) -> None:
    """Wherever a job gets stuck: exit code 5, and the next run begins where this one did.

    Or, where there was a job by then, it goes on with that.
    """
    rows = spread(org, 3)
    before = bookmark_at(NOW - timedelta(days=9))
    org.faults.add(match, outages.maintenance_page(), times=None)
    run = tap.sync(objects=["Account"], api_mode="bulk", state=before)
    assert run.exit_code == 5, run.log
    assert "HTTP 503 (text/html)" in run.log.splitlines()[-1]
    assert run.bookmark("Account") in (None, f"{NOW - timedelta(days=9):%Y-%m-%dT%H:%M:%S}.000Z")
    assert sum(clock.slept) <= 2 * MOST_SECONDS
    org.faults.clear()
    for state in (before, run.state or before):
        assert tap.sync(objects=["Account"], api_mode="bulk", state=state).ids("Account") == rows


def test_host_that_is_not_there(tap: TapRunner, clock: OrgClock) -> None:
    """A wrong host is told in seconds, with the setting to look at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        run = tap.sync(objects=["Account"], instance_url=url)
    assert run.exit_code == 5, run.log
    last = run.log.splitlines()[-1]
    assert f"{url} can't be reached" in last
    assert "instance_url" in last
    assert sum(clock.slept) <= MOST_SECONDS


# What must not leak


@pytest.mark.parametrize("target", ["http://[", "//[", "http://\xff\xfe", "", "http://x:y/"])
def test_redirect_to_no_address_is_told(org: LocalOrg, tap: TapRunner, target: str) -> None:
    """Nobody looks for a host in an address that is not followed anyway."""
    org.faults.add("/limits", faults.answer(302, headers={"Location": target}), times=None)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 2, run.log
    assert "[instance-url-redirects]" in run.log.splitlines()[-1]


def test_answer_without_end_is_not_taken_in(
    org: LocalOrg, tap: TapRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What unpacks to more than any answer of Salesforce has is given up, not held."""
    monkeypatch.setattr(
        "tap_versionforge_salesforce.salesforce.http.connections._LARGEST_BODY_BYTES", 1 << 21
    )
    endless = faults.answer(200, b'{"a": "' + bytes(1 << 22) + b'"}')
    org.faults.add("/sobjects", endless, times=None)
    run = tap.sync(objects=["Acc*"])
    assert run.exit_code == 5, run.log
    assert "[answer-too-large]" in run.log.splitlines()[-1]
    assert len(org.journal.calls("/sobjects")) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("request_", ["POST /services/oauth2/token", "GET /queryAll"])
def test_no_redirect_is_followed(
    org: LocalOrg, tap: TapRunner, elsewhere: LocalOrg, request_: str, status: int
) -> None:
    """Neither the token nor an assertion goes where an answer points to: exit code 2."""
    target = f"{elsewhere.url}/services/data/v68.0/query?q=x"
    org.faults.add(request_, faults.answer(status, headers={"Location": target}), times=None)
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 2, run.log
    assert f"redirects {request_.partition(' ')[0]} " in run.log.splitlines()[-1]
    assert f" to {target}" in run.log.splitlines()[-1]
    assert run.records("Account") == []


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_netrc_never_replaces_the_token(
    org: LocalOrg,
    tap: TapRunner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    api_mode: str,
) -> None:
    """Credentials that the user keeps for the host in ~/.netrc are never sent."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert get_netrc_auth(org.url) == ("somebody", "else")
    rows = spread(org, 3)
    run = tap.sync(objects=["Account"], api_mode=api_mode)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    sent = {entry.headers.get("Authorization", "none").split()[0] for entry in org.journal.entries}
    assert sent == {"Bearer", "none"}


@pytest.mark.parametrize("form", ["{url}/services", "//{host}/services", "{url}:443@x/services"])
def test_next_page_is_only_ever_a_path(
    org: LocalOrg, tap: TapRunner, elsewhere: LocalOrg, form: str
) -> None:
    """A nextRecordsUrl that names another host is asked of the org itself."""
    org.settings.page_rows = 2
    rows = spread(org, 5)
    place = form.format(url=elsewhere.url, host=elsewhere.url.removeprefix("http://"))
    point = faults.replace_body(
        lambda body: body.replace(
            b'"nextRecordsUrl":"/services', f'"nextRecordsUrl":"{place}'.encode()
        )
    )
    org.faults.add("GET /query*", point, times=None)
    run = tap.sync(objects=["Account"], api_mode="rest")
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows


def test_result_pages_are_only_ever_locators(
    org: LocalOrg, tap: TapRunner, elsewhere: LocalOrg
) -> None:
    """Of a resultUrl that names another host, the locator is asked of the org itself."""
    org.settings.result_page_rows = 2
    rows = spread(org, 24)
    point = faults.replace_body(
        lambda body: body.replace(b':"/services', f':"{elsewhere.url}/services'.encode())
    )
    lists = org.faults.add("GET /jobs/query/*/resultPages", point, times=None)
    run = tap.sync(objects=["Account"], api_mode="bulk", bulk_page_rows=2)
    assert run.exit_code == 0, run.log
    assert lists.fired > 1
    assert run.ids("Account") == rows


def test_next_page_is_only_ever_data(org: LocalOrg, tap: TapRunner) -> None:
    """A path outside the data API is not asked for: exit code 6."""
    org.settings.page_rows = 2
    spread(org, 5)
    is_, becomes = b'"nextRecordsUrl":"/services/data', b'"nextRecordsUrl":"/apexrest'
    point = faults.replace_body(lambda body: body.replace(is_, becomes))
    org.faults.add("GET /queryAll", point)
    run = tap.sync(objects=["Account"], api_mode="rest")
    assert run.exit_code == 6, run.log
    assert org.journal.calls("/apexrest*") == []


# Compression


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_gzip_is_asked_for(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """Every request asks for a compressed answer, and rows come through it unharmed."""
    rows = spread(org, 5)
    run = tap.sync(objects=["Account"], api_mode=api_mode)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    asked = [entry.headers.get("Accept-Encoding") for entry in org.journal.entries]
    assert asked == ["gzip"] * len(asked)


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_answers_without_gzip_are_fine_too(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """A proxy may unpack what passes through it."""
    org.settings.gzip = False
    rows = spread(org, 5)
    run = tap.sync(objects=["Account"], api_mode=api_mode)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
