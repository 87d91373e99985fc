"""Who reads a large stream is told how far it is, and who reads a small one is not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.salesforce.support.events import JobCreated, JobLookedAt
from tap_versionforge_salesforce.singer.events import PageWritten, StreamBegun
from tap_versionforge_salesforce.singer.progress import Progress
from tap_versionforge_salesforce.singer.read_progress import ReadProgress

if TYPE_CHECKING:
    from collections.abc import Sequence


def written(stream: str, rows: int) -> PageWritten:
    return PageWritten(
        stream,
        rows,
        starts_page=True,
        ends_page=True,
        is_served=True,
        takes_back=False,
        value_warnings=(),
    )


CREATED = JobCreated("Account", "750", "https://example.com/750")


def told(caplog: pytest.LogCaptureFixture, events: Sequence[tuple[float, object]]) -> list[str]:
    """Return the lines of events at their seconds."""
    now = 0.0
    far = Progress()
    progress = ReadProgress(logging.getLogger("tap"), lambda: now, far)
    with caplog.at_level(logging.INFO):
        for seconds, event in events:
            now = seconds
            far.take(event)
            progress.take(event)
    return caplog.messages


def test_a_line_every_thirty_seconds(caplog: pytest.LogCaptureFixture) -> None:
    """With how many rows there are, where Salesforce has told, and how fast they go."""
    pages = [(10.0 * n, written("Account", 50_000)) for n in range(1, 8)]
    found = JobLookedAt("Account", "750", "JobComplete", 1_000_000)
    begun = [(0.0, StreamBegun("Account")), (0.0, CREATED), (1.0, found)]
    lines = told(caplog, [*begun, *pages])
    assert lines == [
        "Account: 150,000 of 1,000,000 rows written, 5,000 a second.",
        "Account: 300,000 of 1,000,000 rows written, 5,000 a second.",
    ]
    assert {record.name for record in caplog.records} == {"tap.Account"}
    told_last = vars(caplog.records[-1])
    assert (told_last["stream"], told_last["rows"], told_last["total_rows"]) == (
        *("Account", 300_000),
        1_000_000,
    )
    assert (told_last["rows_per_second"], told_last["activity"]) == (5_000, "downloading")


@pytest.mark.parametrize("found", [None, 7])
def test_where_nobody_knows_how_many_there_are(
    caplog: pytest.LogCaptureFixture, found: int | None
) -> None:
    """By REST, or where what was found is a part only."""
    job = JobLookedAt("Account", "750", "InProgress", found)
    page = written("Account", 9_000)
    begun = [(0.0, StreamBegun("Account")), (0.0, CREATED)]
    lines = told(caplog, [*begun, (1.0, job), (45.0, page)])
    assert lines == ["Account: 9,000 rows written, 200 a second."]


def test_what_salesforce_has_found_while_it_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """Every thirty seconds at most, where there is news: what stands still is told by the watch."""
    looks = [(5.0 * n, JobLookedAt("Account", "750", "InProgress", 500 * n)) for n in range(1, 8)]
    same = [(40.0 + 5.0 * n, JobLookedAt("Account", "750", "InProgress", 3_500)) for n in range(9)]
    other = [(90.0, JobLookedAt("Contact", "751", "InProgress", 9))]
    events = [(0.0, StreamBegun("Account")), (0.0, CREATED), *looks, *same, *other]
    assert told(caplog, events) == [
        "Account: Salesforce has found 3,000 rows so far for Bulk job 750.",
        "Account: Salesforce has found 3,500 rows so far for Bulk job 750.",
    ]
    (first, _) = caplog.records
    assert vars(first)["found_rows"] == 3_000
    assert vars(first)["stream"] == "Account"


def test_small_streams_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """However many there are one after the other."""
    events: list[tuple[float, object]] = []
    for n in range(20):
        name = f"Object{n}__c"
        events += [(20.0 * n, StreamBegun(name)), (20.0 * n + 19.0, written(name, 10))]
    assert told(caplog, events) == []
