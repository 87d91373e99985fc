"""The life of a Bulk API 2.0 query job: waited for, read to a proven end, and removed."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import OrgClock, Run, TapRunner

NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=timezone.utc)
BEFORE = {
    "bookmarks": {
        "Account": {
            "replication_key": "SystemModstamp",
            "replication_key_value": "2026-11-14T10:00:00.000Z",
        }
    }
}


@pytest.fixture(autouse=True)
def _frozen(org: LocalOrg) -> None:
    org.clock.freeze(NOW)


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    """Return the Ids of five accounts, which come in pages of two."""
    org.settings.bulk_page_rows = 2
    values = [{"Name": f"Row {n}", "Industry": f"Trade {n}"} for n in range(5)]
    return org.store.insert("Account", values, stamp=NOW - timedelta(hours=1))


def read(tap: TapRunner, **settings: object) -> Run:
    return tap.sync(objects=["Account"], api_mode="bulk", state=BEFORE, **settings)


def assert_nothing_is_proven(run: Run, exit_code: int) -> None:
    """The stream failed with this exit code, in a sentence, and its bookmark has not moved."""
    assert run.exit_code == exit_code, run.log
    assert "Traceback" not in run.log
    bookmarks = BEFORE["bookmarks"]
    assert run.bookmark("Account") == bookmarks["Account"]["replication_key_value"]


# Pages that don't add up


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(faults.wrong_count(1), id="one too many promised"),
        pytest.param(faults.wrong_count(-1), id="one too few promised"),
        pytest.param(faults.drop_last_row(), id="last row lost"),
        pytest.param(faults.replace_body(lambda body: body[:-30]), id="cut in a row"),
        pytest.param(faults.replace_body(lambda body: body[:-1]), id="cut before the line's end"),
        pytest.param(faults.replace_body(lambda _: b""), id="empty"),
    ],
)
def test_page_that_does_not_add_up_is_fetched_again(
    org: LocalOrg, tap: TapRunner, rows: list[str], spoil: faults.Action
) -> None:
    """Once: the page comes again, no row twice. Always: exit code 6 after three fetches."""
    org.faults.add("*/results", spoil, skip=1)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert run.log.count("Fetching it again.") == 1
    org.faults.add("*/results", spoil, skip=1, times=None)
    org.journal.clear()
    broken = read(tap)
    assert_nothing_is_proven(broken, 6)
    asked = Counter(entry.query.get("locator") for entry in org.journal.calls("*/results"))
    assert max(asked.values()) == 3
    assert broken.ids("Account") == rows[:2]


def test_a_page_that_comes_again_stands_alone(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Nothing is left in its file of what came before, though that was longer."""
    noise = random.Random(5).randbytes(10_000).hex().encode()  # noqa: S311  no secret
    longer = org.faults.add("*/results", faults.replace_body(lambda body: body + noise))
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert longer.fired == 1
    assert run.ids("Account") == rows
    assert run.log.count("Fetching it again.") == 1


@pytest.mark.parametrize("header", ["Sforce-Locator", "Sforce-NumberOfRecords"])
@pytest.mark.parametrize("page", [0, 2], ids=["first page", "last page"])
def test_missing_header_is_no_end(
    org: LocalOrg, tap: TapRunner, rows: list[str], header: str, page: int
) -> None:
    """A proxy that strips a header must not look like the end of the rows."""
    org.faults.add("*/results", faults.without_header(header), skip=page, times=None)
    run = read(tap)
    assert_nothing_is_proven(run, 6)
    assert header in run.log
    assert run.ids("Account") == rows[: 2 * page]


def test_repeated_locator_is_no_loop(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """A page that names itself as the next one ends the stream, not the disk space."""

    def itself(call: Call, real: Callable[[], Answer]) -> Answer:
        answer = real()
        answer.headers["Sforce-Locator"] = call.query["locator"]
        return answer

    org.faults.add("*/results", itself, skip=1, times=None)
    run = read(tap)
    assert_nothing_is_proven(run, 6)
    assert "a page leads to one that was there before" in run.log
    assert set(run.ids("Account")) <= set(rows)
    assert len(org.journal.calls("*/results")) <= 3


@pytest.mark.parametrize(
    ("is_", "becomes"),
    [
        pytest.param(b'"Industry"', b'"Industrie"', id="another name"),
        pytest.param(b'"Id"\n', b'"Id","Extra"\n', id="one more"),
        pytest.param(b'"Name"', b'"Industry"', id="one twice"),
    ],
)
def test_other_columns_are_an_error(
    org: LocalOrg, tap: TapRunner, rows: list[str], is_: bytes, becomes: bytes
) -> None:
    """Values are never taken for another field's: exit code 6."""
    spoil = faults.replace_body(lambda body: body.replace(is_, becomes, 1))
    org.faults.add("*/results", spoil, skip=1, times=None)
    run = read(tap)
    assert_nothing_is_proven(run, 6)
    assert run.ids("Account") == rows[:2]


@pytest.mark.usefixtures("rows")
def test_columns_in_another_order_are_an_error(org: LocalOrg, tap: TapRunner) -> None:
    """The order of the SELECT is the order of the columns, or the page is refused."""

    def swap(body: bytes) -> bytes:
        return (
            body.replace(b'"Name"', b"@", 1)
            .replace(b'"Industry"', b'"Name"', 1)
            .replace(b"@", b'"Industry"', 1)
        )

    org.faults.add("*/results", faults.replace_body(swap), times=None)
    run = read(tap)
    assert_nothing_is_proven(run, 6)
    assert run.ids("Account") == []


@pytest.mark.parametrize("by", [-1, 1])
def test_rows_have_to_be_those_of_the_job(
    org: LocalOrg, tap: TapRunner, rows: list[str], by: int
) -> None:
    """Pages that hold other rows than numberRecordsProcessed says prove nothing."""
    spoil = faults.replace_body(
        lambda body: body.replace(
            b'"numberRecordsProcessed":5', b'"numberRecordsProcessed":%d' % (5 + by)
        )
    )
    org.faults.add(faults.is_poll, spoil, times=None)
    run = read(tap)
    assert_nothing_is_proven(run, 6)
    assert f"has {5 + by} rows, but its result pages held 5" in run.log
    assert run.ids("Account") == rows


def test_job_without_rows_closes_the_window(tap: TapRunner) -> None:
    """A header row alone is a whole answer."""
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.records("Account") == []
    assert run.bookmark("Account") == "2026-11-23T10:00:00.000Z"


# Jobs that don't complete


@pytest.mark.usefixtures("rows")
def test_failed_job_is_told_with_its_reason(org: LocalOrg, tap: TapRunner) -> None:
    """Exit code 7 with Salesforce's own words; the other stream is complete."""
    contacts = org.store.seed("Contact", 3, hurt=False)
    org.jobs.script("Failed", "InvalidBatch : Failed to process query: INVALID_FIELD: no")
    run = tap.sync(objects=["Account", "Contact"], api_mode="bulk", state=BEFORE)
    assert_nothing_is_proven(run, 7)
    assert "failed: InvalidBatch : Failed to process query: INVALID_FIELD: no" in run.log
    assert sorted(run.ids("Contact")) == sorted(contacts)
    assert org.jobs.all() == []


@pytest.mark.usefixtures("rows")
def test_aborted_job_is_told(org: LocalOrg, tap: TapRunner) -> None:
    """Somebody stopped it in Setup: exit code 7, not a wait without end."""
    org.jobs.script("Aborted")
    run = read(tap)
    assert_nothing_is_proven(run, 7)
    assert "was aborted" in run.log
    assert org.jobs.all() == []


def test_job_that_never_ends_is_given_up(org: LocalOrg, tap: TapRunner, clock: OrgClock) -> None:
    """After job_timeout_seconds: exit code 5, and the job does not go on without anybody."""
    org.store.seed("Account", 1, hurt=False)  # a single row is not read in parts
    org.settings.job_transition = "never"
    run = read(tap, job_timeout_seconds=300)
    assert_nothing_is_proven(run, 5)
    assert "still InProgress after 300 seconds" in run.log
    assert "job_timeout_seconds" in run.log
    assert 250 <= sum(clock.slept) <= 300
    assert org.jobs.all() == []


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(faults.delay(1.5), id="too late"),
        pytest.param(faults.answer(201, {"state": "UploadComplete"}), id="no id"),
    ],
)
def test_a_job_that_may_be_left_is_told_wherever_it_is_created(
    org: LocalOrg, tap: TapRunner, rows: list[str], late: faults.Action
) -> None:
    """Also before its stream's turn, where a creation is tried once."""
    org.faults.add("POST /jobs/query", late)
    run = read(tap, request_timeout_seconds=1)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert "that nobody reads" in run.log


def test_a_job_whose_creation_was_not_confirmed_is_created_again(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Which of the jobs there is ours can't be told: the first one is left to Salesforce."""
    org.faults.add("POST /jobs/query", faults.reset())
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert len(org.journal.calls("/jobs/query", "POST")) == 2
    assert len(org.jobs.all()) == 1
    (line,) = [line for line in run.log.splitlines() if "that nobody reads" in line]
    assert "WARNING" in line
    assert "The creation of a Bulk job for Account got no proper answer" in line
    assert "Salesforce may have made a job that nobody reads." in line
    assert "Setup > Bulk Data Load Jobs" in line


def test_all_jobs_that_may_have_been_made_are_told_of(
    org: LocalOrg, tap: TapRunner, rows: list[str]
) -> None:
    """Each creation that broke off may have made one."""
    org.faults.add("POST /jobs/query", faults.reset(), times=2)
    run = read(tap)
    assert run.ids("Account") == rows
    (line,) = [line for line in run.log.splitlines() if "that nobody reads" in line]
    assert "Salesforce may have made 2 jobs that nobody reads." in line


@pytest.mark.parametrize(
    ("trouble", "doubtful"),
    [
        pytest.param(outages.maintenance_page(504), True, id="504"),
        pytest.param(outages.not_json(), True, id="200 page"),
        pytest.param(outages.concurrent_limit(), False, id="concurrent limit"),
        pytest.param(outages.too_many_requests(), False, id="429"),
    ],
)
def test_a_creation_that_was_refused_in_passing_left_no_job(
    org: LocalOrg, tap: TapRunner, rows: list[str], trouble: faults.Action, *, doubtful: bool
) -> None:
    """Only where nobody can tell, a line says that a job may be left."""
    org.faults.add("POST /jobs/query", trouble)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert ("that nobody reads" in run.log) is doubtful


def test_jobs_of_others_are_left_alone(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """Another run's job looks as this one's does: only ids from the state are ours."""
    org.faults.add("*/results", outages.maintenance_page(), times=None)
    first = read(tap)
    org.faults.clear()
    (others,) = org.jobs.all()
    assert first.exit_code == 5
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert [job.id for job in org.jobs.all()] == [others.id]


@pytest.mark.usefixtures("rows")
def test_job_that_has_vanished_is_told(org: LocalOrg, tap: TapRunner) -> None:
    """A job that somebody deleted while it ran is an error of this stream alone."""
    org.faults.add(faults.is_poll, outages.salesforce(errors.not_found()), times=None)
    run = read(tap)
    assert_nothing_is_proven(run, 7)


# Waiting and leaving


def test_polls_come_ever_less_often(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, rows: list[str]
) -> None:
    """Half a second at first, half a minute at most: short jobs are quick, long ones cheap."""
    org.settings.job_transition = "time"
    org.settings.job_seconds = 400
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert clock.slept[0] == 0.5
    assert max(clock.slept) == 30
    assert all(earlier <= later for earlier, later in pairwise(clock.slept))
    assert len(clock.slept) < 30


@pytest.mark.parametrize(("keep_jobs", "left"), [(False, 0), (True, 1)])
def test_job_is_removed_unless_kept(
    org: LocalOrg, tap: TapRunner, rows: list[str], *, keep_jobs: bool, left: int
) -> None:
    """Results hold the org's data: they go when they are read, unless the user wants them."""
    run = read(tap, keep_jobs=keep_jobs)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    assert len(org.jobs.all()) == left


@pytest.mark.usefixtures("rows")
def test_job_is_removed_after_an_error_too(org: LocalOrg, tap: TapRunner) -> None:
    """A job that could not be read to its end is not left behind."""
    org.faults.add("*/results", faults.drop_last_row(), skip=1, times=None)
    assert_nothing_is_proven(read(tap), 6)
    assert org.jobs.all() == []


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(outages.salesforce(errors.delete_unfinished_job()), id="400"),
        pytest.param(outages.salesforce(errors.insufficient_access()), id="403"),
        pytest.param(outages.salesforce(errors.not_found()), id="404"),
        pytest.param(outages.server_unavailable(), id="503 for ever"),
    ],
)
def test_job_that_can_not_be_removed_is_only_told(
    org: LocalOrg, tap: TapRunner, rows: list[str], refusal: faults.Action
) -> None:
    """The rows are complete; a job that stays for seven days is worth a line, no more."""
    org.faults.add("DELETE /jobs/query/*", refusal, times=None)
    run = read(tap)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == rows
    (line,) = [line for line in run.log.splitlines() if "stays in the org" in line]
    assert "INFO" in line
    assert run.bookmark("Account") == "2026-11-23T10:00:00.000Z"


def test_results_are_asked_for_as_csv(org: LocalOrg, tap: TapRunner, rows: list[str]) -> None:
    """One version for all of a job, the page size of the setting, and CSV."""
    org.settings.bulk_page_rows = None
    run = read(tap, bulk_page_rows=3, parallel_downloads=1)
    assert run.ids("Account") == rows
    results = org.journal.calls("*/results")
    assert [entry.query["maxRecords"] for entry in results] == ["3", "3"]
    assert {entry.headers["Accept"] for entry in results} == {"text/csv"}
    assert len({entry.path for entry in results}) == 1
