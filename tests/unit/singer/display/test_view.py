"""What a terminal shows of a run, by what has happened."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tap_versionforge_salesforce.salesforce.http.quota import Allowance
from tap_versionforge_salesforce.salesforce.support.events import (
    ApiChosen,
    JobCreated,
    JobLookedAt,
    JobResumed,
    RowsCounted,
)
from tap_versionforge_salesforce.singer.display.view import Figures, ended, view
from tap_versionforge_salesforce.singer.events import (
    PageWritten,
    PartitionBegun,
    Reconciled,
    RunBegun,
    StreamBegun,
    SweepBegun,
    Usage,
)
from tap_versionforge_salesforce.singer.progress import Progress
from tap_versionforge_salesforce.singer.run_report import StreamReport

BULK, REST = "Bulk API 2.0", "REST API"
ADDRESS = (
    "https://yourorg.my.salesforce.com/lightning/setup/AsyncApiJobStatus/page?"
    "address=%2F7505g00000AbCdEAAV"
)
FIGURES = Figures(4_512.4, 1_260_000.0, 123, Allowance(100_000, 95_433), 83.9)
USED = Usage(calls=5, received_bytes=700, seconds=34.04, waiting_seconds=1.5)


def written(rows: int, *, again: bool = False) -> PageWritten:
    return PageWritten(
        "Opportunity",
        rows,
        starts_page=True,
        ends_page=True,
        is_served=not again,
        takes_back=again,
        value_warnings=(),
    )


def shown(
    *events: object, figures: Figures = FIGURES, width: int = 80, height: int = 24, others: int = 0
) -> list[str]:
    """Return what stands on the terminal behind these events of a run."""
    progress = Progress()
    names = ("Opportunity", *(f"Other{n}__c" for n in range(others)))
    for event in (RunBegun(names), StreamBegun("Opportunity"), *events):
        progress.take(event)
    console = Console(
        file=io.StringIO(), record=True, width=width, height=height, force_terminal=True
    )
    console.print(view(progress.now(), figures, console.options))
    lines = [line.rstrip() for line in console.export_text().split("\n")[:-1]]
    assert max(map(len, lines)) <= width
    assert len(lines) <= height
    # Where the cursor stands.
    assert lines.pop() == ""
    return lines


JOB = (
    RowsCounted("Opportunity", 98_000, is_estimate=True),
    JobCreated("Opportunity", "7505g00000AbCdEAAV", ADDRESS),
    ApiChosen("Opportunity", BULK, "all rows are read"),
)
COMPLETE = JobLookedAt("Opportunity", "7505g00000AbCdEAAV", "JobComplete", 97_750)


def test_rows_that_are_written() -> None:
    """How many of how many, how fast, by which API, the job's page, and the day's calls."""
    stream, doing, *link, footer = shown(*JOB, COMPLETE, written(45_000))
    assert stream.startswith("Opportunity ━━━")
    assert stream.endswith("45,000 of 97,750 rows  46 %")
    assert doing == "  Bulk API 2.0, downloading, 4,512 rows/s, 1.3 MB/s"
    assert "".join(link) == ADDRESS
    assert footer == "0 of 1 stream, 45,000 rows, 123 API calls (4,567 of 100,000 today), 0:01:23"


def test_a_job_that_is_waited_for() -> None:
    """With what Salesforce itself counts, and about how many there will be."""
    stream, doing, *_ = shown(
        *JOB, JobLookedAt("Opportunity", "7505g00000AbCdEAAV", "InProgress", 12_000)
    )
    assert stream.endswith("0 of about 98,000 rows   0 %")
    assert doing == "  Bulk API 2.0, Salesforce has found 12,000 rows"
    _, doing, *_ = shown(
        *JOB, JobLookedAt("Opportunity", "7505g00000AbCdEAAV", "UploadComplete", 0)
    )
    assert doing == "  Bulk API 2.0, queued at Salesforce"


def test_nobody_knows_how_many_rows_there_are() -> None:
    """A bar without an end, and no share of anything."""
    stream, *_ = shown(ApiChosen("Opportunity", REST, ""), written(700))
    assert stream.endswith("━ 700 rows")


def test_a_job_of_an_earlier_run_is_gone_on_with() -> None:
    """What that has written is there already; how fast is not known yet."""
    resumed = JobResumed("Opportunity", "7505g00000AbCdEAAV", ADDRESS, 50_000)
    stream, doing, *_ = shown(
        ApiChosen("Opportunity", BULK, ""), resumed, COMPLETE, figures=Figures()
    )
    assert stream.endswith("50,000 of 97,750 rows  51 %")
    assert doing == "  Bulk API 2.0, downloading"


def test_parts_of_what_is_too_large_for_a_job() -> None:
    """How many come behind the one that is read."""
    _, doing, *_ = shown(*JOB, COMPLETE, PartitionBegun("Opportunity", 2))
    assert doing.endswith(", 2 parts more")


def test_rows_taken_back_go_on_by_the_other_api() -> None:
    """The bar begins again, and the job is no longer shown."""
    events = (RowsCounted("Opportunity", 900), written(0, again=True))
    lines = shown(*JOB, COMPLETE, written(500), *events, ApiChosen("Opportunity", REST, ""))
    assert lines[0].endswith("0 of 900 rows   0 %")
    assert lines[1].startswith("  REST API, ")
    assert ADDRESS[:20] not in "".join(lines)


def test_a_stream_that_is_reconciled() -> None:
    """Its sweep is shown as what it is."""
    _, doing, *_ = shown(
        written(5), SweepBegun("Opportunity", 100), ApiChosen("Opportunity", BULK, "")
    )
    assert doing.startswith("  reconciling, Bulk API 2.0, asking Salesforce")


@pytest.mark.parametrize("height", [6, 12, 24])
def test_a_hundred_streams_are_not_a_hundred_bars(height: int) -> None:
    """Those that something was begun for, as far as there is room; the rest are counted."""
    ahead = [
        event
        for n in range(30)
        for event in (
            ApiChosen(f"Other{n}__c", BULK, ""),
            JobCreated(f"Other{n}__c", f"751{n}", ADDRESS),
        )
    ]
    lines = shown(*JOB, *ahead, height=height, others=99)
    begun = [line for line in lines if line.startswith("Other")]
    assert f"+ {99 - len(begun)} streams wait" in lines
    assert lines[-1].startswith("0 of 100 streams")
    assert len(lines) == height - 1 or len(begun) == 30
    assert all(line.endswith("Bulk API 2.0, its job is with Salesforce") for line in begun)


@pytest.mark.parametrize("width", [20, 40, 59])
def test_a_narrow_terminal(width: int) -> None:
    """Says how many rows, without a bar; no line is longer than it."""
    lines = shown(*JOB, COMPLETE, written(45_000), width=width)
    assert "━" not in "".join(lines)
    assert "45,000 of" in lines[0]


def line_of(report: StreamReport, *, has_symbols: bool = True) -> str:
    return ended(report, has_symbols=has_symbols).plain


def test_streams_that_are_over() -> None:
    """A line each, with what the run report says of them."""
    stream = StreamReport("Opportunity", BULK, rows=97_750, usage=USED)
    assert line_of(stream) == "✓ Opportunity 97,750 rows, Bulk API 2.0, 5 API calls, 34.0 s"
    assert line_of(stream, has_symbols=False).startswith("+ Opportunity ")
    stream.reconciliation = Reconciled(stream="Opportunity", swept=1)
    assert line_of(stream).endswith(", reconciled")
    failed = StreamReport("Case", error="request-refused", usage=USED)
    assert line_of(failed) == (
        "✗ Case failed [request-refused], 0 rows, no API, 5 API calls, 34.0 s"
    )
    stopped = StreamReport("Case", REST, rows=1, is_stopped=True)
    assert line_of(stopped) == "- Case stopped, 1 row, REST API, 0 API calls, 0.0 s"
