"""How far a stream is said to be, whatever happens to it."""

from __future__ import annotations

import pytest

from tap_versionforge_salesforce.salesforce.support.events import (
    ApiChosen,
    JobCreated,
    JobLookedAt,
    JobResumed,
    PageArrived,
    RowsCounted,
)
from tap_versionforge_salesforce.singer.events import (
    PageWritten,
    PartitionBegun,
    PartitionEnded,
    Reconciled,
    RunBegun,
    StreamBegun,
    StreamEnded,
    SweepBegun,
)
from tap_versionforge_salesforce.singer.progress import Activity, Progress, StreamProgress

BULK, REST = "Bulk API 2.0", "REST API"
BEGUN = (RunBegun(("Account", "Contact", "User")), StreamBegun("Account"))


def written(rows: int, *, again: bool = False) -> PageWritten:
    return PageWritten(
        "Account",
        rows,
        starts_page=True,
        ends_page=True,
        is_served=not again,
        takes_back=again,
        value_warnings=(),
    )


def looked_at(state: str, rows: int | None = None, *, job: str = "750") -> JobLookedAt:
    return JobLookedAt("Account", job, state, rows)


def part_ended(rows: int, promised: int) -> PartitionEnded:
    return PartitionEnded("Account", rows, 0, BULK, "", ("numberRecordsProcessed", promised), 1)


def created(job: str = "750") -> JobCreated:
    return JobCreated("Account", job, f"https://example.com/{job}")


def after(*events: object) -> StreamProgress:
    progress = Progress()
    for event in (*BEGUN, *events):
        progress.take(event)
    return progress.of("Account")


@pytest.mark.parametrize(
    ("events", "activity"),
    [
        pytest.param((), Activity.ASKING, id="nothing has come"),
        pytest.param((created(),), Activity.CREATED, id="a job that nobody has looked at"),
        pytest.param((created(), looked_at("UploadComplete")), Activity.QUEUED, id="queued"),
        pytest.param((created(), looked_at("InProgress", 7)), Activity.PROCESSING, id="at it"),
        pytest.param((created(), looked_at("JobComplete", 9)), Activity.DOWNLOADING, id="done"),
        pytest.param(
            (created(), looked_at("JobComplete", 9), PageArrived("Account", 9), written(4)),
            Activity.WRITING,
            id="a page is here and not yet written",
        ),
        pytest.param(
            (created(), looked_at("JobComplete", 9), PageArrived("Account", 4), written(4)),
            Activity.DOWNLOADING,
            id="all that is here is written",
        ),
        pytest.param(
            (created(), looked_at("Failed", 9)), Activity.ASKING, id="a job of which nothing comes"
        ),
    ],
)
def test_what_is_done_for_a_stream(events: tuple[object, ...], activity: Activity) -> None:
    """By what Salesforce has told last."""
    assert after(*events).activity is activity


def test_rows_of_a_first_page_are_the_total() -> None:
    """By REST; an estimate of before does not matter any more."""
    stream = after(
        RowsCounted("Account", 70, is_estimate=True), RowsCounted("Account", 80), written(20)
    )
    assert (stream.rows.done, stream.total_rows, stream.is_estimated) == (20, 80, False)


def test_what_salesforce_has_found_is_no_total_before_the_job_is_complete() -> None:
    """An estimate is, as long as there are no more."""
    events = (RowsCounted("Account", 70, is_estimate=True), created(), looked_at("InProgress", 9))
    assert (after(*events).total_rows, after(*events).is_estimated) == (70, True)
    done = after(*events, looked_at("JobComplete", 75))
    assert (done.total_rows, done.is_estimated) == (75, False)
    assert after(*events, written(71)).total_rows is None


def test_a_job_of_an_earlier_run() -> None:
    """It begins behind what that has written."""
    resumed = JobResumed("Account", "750", "https://example.com/750", 40)
    stream = after(resumed, looked_at("JobComplete", 100), written(25))
    assert (stream.rows.done, stream.total_rows, stream.written) == (65, 100, 25)


def test_parts_add_up() -> None:
    """While more of them come, nobody knows how many rows there are, but about."""
    first = (
        RowsCounted("Account", 210, is_estimate=True),
        created(),
        looked_at("Failed"),
        PartitionBegun("Account", 1),
        created("751"),
        looked_at("JobComplete", 100, job="751"),
        written(100),
    )
    stream = after(*first)
    assert (stream.rows.done, stream.total_rows, stream.is_estimated) == (100, 210, True)
    second = (
        part_ended(100, 100),
        PartitionBegun("Account", 0),
        created("752"),
        looked_at("JobComplete", 105, job="752"),
        # Of a job that nobody waits for any more.
        looked_at("Aborted", 3, job="751"),
        written(5),
    )
    stream = after(*first, *second)
    assert (stream.rows.done, stream.total_rows, stream.is_estimated) == (105, 205, False)
    assert stream.job is not None
    assert stream.job.id == "752"


def test_rows_that_are_taken_back() -> None:
    """They come again by the other API, and are written twice, but count once."""
    stream = after(
        created(),
        looked_at("JobComplete", 100),
        ApiChosen("Account", BULK, ""),
        written(60),
        RowsCounted("Account", 99),
        written(0, again=True),
        ApiChosen("Account", REST, ""),
        PageArrived("Account", 50, 1_000),
        written(10),
    )
    assert (stream.rows.done, stream.total_rows, stream.written) == (10, 99, 70)
    assert (stream.api, stream.job, stream.received_bytes) == (REST, None, 1_000)
    assert stream.activity is Activity.WRITING


def test_a_sweep_has_a_count_of_its_own() -> None:
    """Of what the object holds; what differs is read and written behind it."""
    swept = (
        written(30),
        part_ended(30, 30),
        SweepBegun("Account", 500),
        PageArrived("Account", 200, 10),
    )
    stream = after(*swept)
    assert (stream.is_swept, stream.rows.done, stream.total_rows) == (True, 200, 500)
    stream = after(*swept, written(2))
    assert (stream.is_swept, stream.rows.done, stream.written) == (False, 2, 32)
    assert not after(*swept, Reconciled(stream="Account", swept=200)).is_swept


def test_what_waits_and_what_has_been_begun_for() -> None:
    """Counts of objects alone begin nothing, and what is none of the run's is left aside."""
    progress = Progress()
    for event in (
        *BEGUN,
        *(RowsCounted(name, 5, is_estimate=True) for name in ("Account", "Contact", "User")),
        ApiChosen("User", BULK, ""),
        JobCreated("User", "753", "https://example.com/753"),
        PageArrived("ContentDocument", 5),
    ):
        progress.take(event)
    now = progress.now()
    assert now.current is not None
    assert now.current.name == "Account"
    assert [stream.name for stream in now.ahead] == ["User"]
    assert (now.waiting, now.ended) == (1, 0)
    for event in (written(7), StreamEnded("Account"), PageArrived("Account", 1)):
        progress.take(event)
    now = progress.now()
    assert (now.current, now.waiting, now.ended, now.written) == (None, 1, 1, 7)
