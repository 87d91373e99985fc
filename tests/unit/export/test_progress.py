"""How far an export is, on a terminal and in a log."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.export.progress import ExportProgress
from tap_versionforge_salesforce.salesforce.support.events import ApiChosen, JobLookedAt

if TYPE_CHECKING:
    import pytest

LOGGER = logging.getLogger("test")


class Seconds:
    """A clock that stands still between two ticks."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_line_of_a_terminal() -> None:
    """It is written anew a few times a second, and is gone at the end."""
    terminal, seconds = io.StringIO(), Seconds()
    progress = ExportProgress(LOGGER, seconds, terminal)
    progress.begin("Account", rows=100, size=1_000_000, files=1)
    progress.take(ApiChosen("Account", "Bulk API 2.0", "it is large"))
    progress.take(JobLookedAt("Account", "750", "JobComplete", 1_500))
    for rows in (300, 500, 700):
        seconds.now += 0.2
        progress.written(rows, size=2_500_000, files=2)
    progress.end()
    assert progress.api == "Bulk API 2.0"
    shown = [line.removesuffix("\x1b[K") for line in terminal.getvalue().split("\r")]
    assert shown == [
        "Account: 100 rows in 1 file of 1.0 MB",
        "Account: 500 of 1,500 rows in 2 files of 2.5 MB, 1,000 a second",
        "",
        "",
    ]


def test_lines_of_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """One every thirty seconds at most, and none of what is soon done."""
    caplog.set_level(logging.INFO)
    seconds = Seconds()
    progress = ExportProgress(LOGGER, seconds, None)
    progress.begin("Account", rows=0, size=0, files=0)
    for rows in range(1, 80):
        seconds.now += 1
        progress.written(rows * 10, size=0, files=rows)
    progress.end()
    assert [record.getMessage() for record in caplog.records] == [
        "Account: 300 rows in 30 files of 0.0 MB, 10 a second.",
        "Account: 600 rows in 60 files of 0.0 MB, 10 a second.",
    ]


def test_a_job_that_is_waited_for() -> None:
    """Its state is told, and how many rows Salesforce has found by now."""
    terminal, seconds = io.StringIO(), Seconds()
    progress = ExportProgress(LOGGER, seconds, terminal)
    progress.begin("Account", rows=0, size=0, files=0)
    for state, rows in (("UploadComplete", None), ("InProgress", 500), ("JobComplete", 900)):
        seconds.now += 1
        progress.take(JobLookedAt("Account", "750", state, rows))
        progress.take(JobLookedAt("Contact", "751", state, 7))
    shown = [line.removesuffix("\x1b[K") for line in terminal.getvalue().split("\r")]
    assert shown[1:4] == [
        "Account: waiting for its Bulk job (UploadComplete)",
        "Account: waiting for its Bulk job (InProgress, 500 rows found)",
        "Account: 0 of 900 rows in 0 files of 0.0 MB",
    ]


def test_a_terminal_that_has_gone() -> None:
    """Is no reason to stop."""
    terminal = io.StringIO()
    progress = ExportProgress(LOGGER, Seconds(), terminal)
    terminal.close()
    progress.begin("Account", rows=0, size=0, files=0)
    progress.end()
