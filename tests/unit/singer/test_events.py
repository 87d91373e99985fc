"""What is made of the events of a run: lines of the log, and a report."""

from __future__ import annotations

import logging

import pytest

from tap_versionforge_salesforce.salesforce.frames.value_warnings import ValueWarning
from tap_versionforge_salesforce.salesforce.support.events import (
    ApiChosen,
    Events,
    JobCreated,
    JobLookedAt,
    Remark,
    Retried,
)
from tap_versionforge_salesforce.singer.event_log import EventLog
from tap_versionforge_salesforce.singer.events import (
    PageWritten,
    PartitionEnded,
    StreamBegun,
    StreamEnded,
    Usage,
)
from tap_versionforge_salesforce.singer.run_report import RunReport

USED = Usage(calls=5, received_bytes=700, seconds=2.0, waiting_seconds=1.5)
PROOF = ("totalSize", 3)


def page(rows: int, *, ends: bool = True, again: bool = False, odd: int = 0) -> PageWritten:
    warnings = (ValueWarning("Name", "too long", odd, "001", "x"),) if odd else ()
    return PageWritten(
        "Account",
        rows,
        starts_page=True,
        ends_page=ends,
        is_served=not again,
        takes_back=again,
        value_warnings=warnings,
    )


def ended(rows: int, *, calls: int, before: int = 0) -> PartitionEnded:
    return PartitionEnded("Account", rows, before, "REST API", "they are few", PROOF, calls)


@pytest.fixture
def report() -> RunReport:
    return RunReport()


@pytest.fixture
def events(report: RunReport) -> Events:
    made = Events()
    made.listen(EventLog(logging.getLogger("tests.events")).take)
    made.listen(report.take)
    return made


def test_every_listener_is_told_in_its_order() -> None:
    """Of everything from when it came, whatever it is."""
    events, first, second = Events(), list[object](), list[object]()
    events.listen(first.append)
    events.tell(1)
    events.listen(second.append)
    events.tell("two")
    assert (first, second) == ([1, "two"], ["two"])


def test_the_report_adds_up(events: Events, report: RunReport) -> None:
    """Rows that were read again are counted twice, and told as that."""
    events.tell(StreamBegun("Account", "2026-11-23T10:00:00.000Z"))
    for each in (page(2, ends=False), page(1), page(0, again=True), page(3)):
        events.tell(each)
    events.tell(ended(6, calls=4))
    events.tell(StreamEnded("Account", "2026-11-23T11:00:00.000Z", None, USED))
    (told,) = report.content(USED)["streams"]
    assert told == {
        "stream": "Account",
        "api": "REST API",
        "reason": "they are few",
        "rows": 6,
        "pages": 2,
        "proven_by": "totalSize",
        "promised_rows": 3,
        "rows_before": 0,
        "rows_again": 3,
        "bookmark_before": "2026-11-23T10:00:00.000Z",
        "bookmark_after": "2026-11-23T11:00:00.000Z",
        "error": None,
        "is_stopped": False,
        "jobs": 0,
        "usage": {"calls": 5, "received_bytes": 700, "seconds": 2.0, "waiting_seconds": 1.5},
        "reconciliation": None,
    }


def test_the_report_sums_up_partitions(events: Events, report: RunReport) -> None:
    """What each of them promised, and what an earlier run has written of them."""
    for rows, before in ((3, 0), (1, 2)):
        events.tell(page(rows))
        events.tell(ended(rows, calls=2, before=before))
    told = report.streams["Account"]
    assert (told.rows, told.promised_rows, told.rows_before, told.rows_again) == (4, 6, 2, 0)


def test_a_stream_that_fails_is_in_the_report(events: Events, report: RunReport) -> None:
    """Also where it was never begun."""
    events.tell(StreamEnded("Case", error="unknown-object"))
    events.tell(StreamBegun("Account"))
    events.tell(StreamEnded("Account", error="request-refused", usage=USED))
    errors = {name: told.error for name, told in report.streams.items()}
    assert errors == {"Case": "unknown-object", "Account": "request-refused"}


def test_lines_of_the_log(events: Events, caplog: pytest.LogCaptureFixture) -> None:
    """Each under the name of its stream; calls that were told are not told again."""
    caplog.set_level(logging.DEBUG)
    events.tell(ApiChosen("Account", "REST API", "its first page tells"))
    events.tell(JobCreated("Account", "750A", "https://example.com/750A"))
    events.tell(JobLookedAt("Account", "750A", "InProgress", 7))
    events.tell(Retried("A page was not whole", "Fetching it again.", calls=1))
    events.tell(page(3, odd=2))
    events.tell(ended(3, calls=4))
    events.tell(ended(1, calls=5))
    events.tell(Remark("Account", "Something."))
    events.tell(Remark(None, "Something else.", is_warning=True))
    events.tell(StreamEnded("Account", usage=USED))
    assert [(r.name.rpartition(".")[2], r.levelname, r.getMessage()) for r in caplog.records] == [
        ("Account", "INFO", "Account: REST API, because its first page tells."),
        ("Account", "INFO", "Bulk job 750A: https://example.com/750A"),
        ("events", "INFO", "Fetching it again."),
        ("Account", "INFO", "Account: 3 rows by REST API in 4 API calls."),
        ("Account", "INFO", "Account: 1 row by REST API in 1 API call."),
        ("Account", "INFO", "Something."),
        ("events", "WARNING", "Something else."),
        (
            *("Account", "WARNING"),
            "Account.Name: 2 values are too long. The first is x of row 001.",
        ),
    ]
