"""Who reads a large stream is told how far it is, and who reads a small one is not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.salesforce.support.events import JobLookedAt
from tap_versionforge_salesforce.singer.events import PageWritten, StreamBegun
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


def told(caplog: pytest.LogCaptureFixture, events: Sequence[tuple[float, object]]) -> list[str]:
    """Return the lines of events at their seconds."""
    now = 0.0
    progress = ReadProgress(logging.getLogger("tap"), lambda: now)
    with caplog.at_level(logging.INFO):
        for seconds, event in events:
            now = seconds
            progress.take(event)
    return caplog.messages


def test_a_line_every_thirty_seconds(caplog: pytest.LogCaptureFixture) -> None:
    """With how many rows there are, where Salesforce has told, and how fast they go."""
    pages = [(10.0 * n, written("Account", 50_000)) for n in range(1, 8)]
    found = JobLookedAt("Account", "750", "JobComplete", 1_000_000)
    lines = told(caplog, [(0.0, StreamBegun("Account")), (1.0, found), *pages])
    assert lines == [
        "Account: 150,000 of 1,000,000 rows written, 5,000 a second.",
        "Account: 300,000 of 1,000,000 rows written, 5,000 a second.",
    ]
    assert {record.name for record in caplog.records} == {"tap.Account"}


@pytest.mark.parametrize("found", [None, 7])
def test_where_nobody_knows_how_many_there_are(
    caplog: pytest.LogCaptureFixture, found: int | None
) -> None:
    """By REST, or where what was found is a part only."""
    job = JobLookedAt("Account", "750", "InProgress", found)
    page = written("Account", 9_000)
    lines = told(caplog, [(0.0, StreamBegun("Account")), (1.0, job), (45.0, page)])
    assert lines == ["Account: 9,000 rows written, 200 a second."]


def test_small_streams_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """However many there are one after the other."""
    events: list[tuple[float, object]] = []
    for n in range(20):
        name = f"Object{n}__c"
        events += [(20.0 * n, StreamBegun(name)), (20.0 * n + 19.0, written(name, 10))]
    assert told(caplog, events) == []
