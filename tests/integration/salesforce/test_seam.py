"""What other front ends use of the Salesforce half: nothing but the names in its ``__all__``."""

from __future__ import annotations

import base64
import json
import pickle
import sys
import textwrap
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tap_versionforge_salesforce import salesforce
from tap_versionforge_salesforce.errors import JobQueuedError, RefusedError
from tap_versionforge_salesforce.salesforce import seam
from tests.local_org.conditions import faults
from tests.local_org.conditions.settings import PRODUCTION_AUDIENCE
from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_org import LocalOrg

ROWS = 60
_IN_ANOTHER_PROCESS = """
import base64, json, pickle, sys
from tap_versionforge_salesforce import salesforce

credentials, query, ref = pickle.loads(base64.b64decode(sys.stdin.read()))
with salesforce.Org(credentials=credentials) as org:
    frames = salesforce.read_page(org, ref, query)
assert "singer_sdk" not in sys.modules
print(json.dumps([row_id for frame in frames for row_id in frame.table["Id"]]))
"""


def credentials_of(org: LocalOrg) -> salesforce.Credentials:
    return salesforce.Credentials(
        instance_url=org.url,
        client_id=org.client_id,
        username=org.username,
        audience=PRODUCTION_AUDIENCE,
        private_key=org.private_key_pem,
    )


@pytest.fixture
def connected(org: LocalOrg) -> Iterator[salesforce.Org]:
    with salesforce.Org(credentials=credentials_of(org)) as made:
        yield made


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    return org.store.seed("Account", ROWS)


def accounts(org: salesforce.Org, *names: str) -> salesforce.Query:
    account = org.describe("Account")
    columns = tuple(column for column in account.columns if not names or column.name in names)
    return salesforce.query_of(account, columns, include_deleted=False)


def ids(pages: list[salesforce.Page]) -> list[str]:
    return [row_id for page in pages for row_id in page.frame.table["Id"]]


@pytest.mark.parametrize("api_mode", ["auto", "rest", "bulk"])
def test_an_object_is_read(
    org: LocalOrg, connected: salesforce.Org, rows: list[str], api_mode: str
) -> None:
    """By either API, every field that there is, and no job stays in the org."""
    options = salesforce.QueryOptions(api_mode=api_mode, bulk_page_rows=25)
    pages = list(salesforce.read(connected, accounts(connected), options))
    connected.end()
    assert sorted(ids(pages)) == sorted(rows)
    assert {"Name", "BillingStreet", "SystemModstamp"} <= set(pages[-1].frame.table.columns)
    assert len(org.journal.calls("/jobs/query", method="POST")) == (api_mode == "bulk")
    assert org.jobs.all() == []


def test_a_part_of_it_is_read(connected: salesforce.Org, rows: list[str]) -> None:
    """A query is a value: what is changed of it is what is asked for."""
    query = replace(accounts(connected, "Name"), ids=salesforce.IdRange(lower=rows[40]))
    pages = list(salesforce.read(connected, query))
    assert sorted(ids(pages)) == sorted(rows[40:])
    assert pages[0].frame.table.columns == ["Name", "Id"]


def test_a_job_that_waits_in_the_queue(
    org: LocalOrg, connected: salesforce.Org, rows: list[str]
) -> None:
    """Is removed, for nobody could go on with it, and nothing else is said of it."""
    org.settings.job_transition = "never"
    waits = faults.replace_body(lambda body: body.replace(b"InProgress", b"UploadComplete"))
    org.faults.add("GET /jobs/query/750*", waits, times=None)
    options = salesforce.QueryOptions(api_mode="bulk", job_timeout_seconds=0)
    with pytest.raises(JobQueuedError) as told:
        list(salesforce.read(connected, accounts(connected), options))
    connected.end()
    assert "stays" not in told.value.hint
    assert org.jobs.all() == []
    assert len(rows) == ROWS


def test_who_stops_early_leaves_nothing_behind(
    org: LocalOrg, connected: salesforce.Org, rows: list[str]
) -> None:
    """No thread that works ahead, and no job in the org."""
    org.settings.result_page_rows = 10
    options = salesforce.QueryOptions(api_mode="bulk", bulk_page_rows=10)
    pages = salesforce.read(connected, accounts(connected), options)
    first = next(page for page in pages if page.frame.height)
    assert set(first.frame.table["Id"]) < set(rows)
    pages.close()
    connected.end()
    assert org.jobs.all() == []


def test_who_stops_while_a_page_is_awaited_leaves_nothing_behind_either(
    org: LocalOrg, connected: salesforce.Org, rows: list[str]
) -> None:
    """Whoever stops does not wait for it."""
    org.settings.result_page_rows = 10
    may_answer = threading.Event()
    org.faults.add("GET /jobs/query/*/results", faults.before(may_answer.wait), skip=1, times=None)
    options = salesforce.QueryOptions(api_mode="bulk", bulk_page_rows=10, parallel_downloads=1)
    pages = salesforce.read(connected, accounts(connected), options)
    try:
        first = next(page for page in pages if page.frame.height)
        pages.close()
        connected.end()
        assert set(first.frame.table["Id"]) < set(rows)
        assert org.jobs.all() == []
    finally:
        may_answer.set()


def test_pages_of_a_job_are_read_one_by_one(
    org: LocalOrg, connected: salesforce.Org, rows: list[str]
) -> None:
    """In whatever order, as often as anybody likes, until the job is removed."""
    org.settings.result_page_rows = 25
    query = accounts(connected)
    job = salesforce.create_job(connected, query)
    refs = job.wait()
    assert len(refs) == 3
    found = [
        row_id
        for ref in [*reversed(refs), refs[0]]
        for frame in salesforce.read_page(connected, ref, query)
        for row_id in frame.table["Id"]
    ]
    assert job.rows == ROWS
    assert sorted(set(found)) == sorted(rows)
    assert len(found) == ROWS + 25
    job.remove()
    assert org.jobs.all() == []
    with pytest.raises(RefusedError):
        salesforce.read_page(connected, refs[0], query)


def test_a_page_read_by_slices_tells_which_one_follows(
    org: LocalOrg, connected: salesforce.Org, rows: list[str]
) -> None:
    """So that pages read by anybody lead from the first to the last."""
    org.settings.result_page_rows = 25
    query = accounts(connected, "Name")
    refs = salesforce.create_job(connected, query).wait()
    found: list[str] = []
    followed = []
    for ref in refs:
        slices = salesforce.page_slices(connected, ref, query)
        try:
            while True:
                found.extend(next(slices).table["Id"])
        except StopIteration as ended:
            followed.append(ended.value.locator)
    assert sorted(found) == sorted(rows)
    assert followed == [*(ref.locator for ref in refs[1:]), None]


def test_a_page_is_read_in_another_process(
    org: LocalOrg, connected: salesforce.Org, rows: list[str]
) -> None:
    """Which need not know of Singer."""
    org.settings.result_page_rows = 25
    query = accounts(connected, "Name")
    refs = salesforce.create_job(connected, query).wait()
    found = [row_id for ref in refs for row_id in _read_elsewhere(credentials_of(org), query, ref)]
    assert sorted(found) == sorted(rows)


def _read_elsewhere(*given: Any) -> list[str]:  # noqa: ANN401  whatever can be pickled
    text = base64.b64encode(pickle.dumps(given)).decode()
    program = [sys.executable, "-c", _IN_ANOTHER_PROCESS]
    found: list[str] = json.loads(processes.run(program, stdin=None, input=text).stdout)
    return found


def test_it_hides_what_is_secret(org: LocalOrg) -> None:
    """What is made of the seam's values may be logged."""
    shown = repr(credentials_of(org))
    assert "PRIVATE KEY" not in shown
    assert org.client_id not in shown


def test_what_happens_is_told(connected: salesforce.Org, rows: list[str]) -> None:
    """To whoever listens: which API and why, the job, what it is at, each page."""
    heard: list[object] = []
    connected.events.listen(heard.append)
    options = salesforce.QueryOptions(api_mode="bulk")
    assert len(ids(list(salesforce.read(connected, accounts(connected), options)))) == len(rows)
    kinds = list(dict.fromkeys(type(event).__name__ for event in heard))
    assert kinds == ["JobCreated", "ApiChosen", "JobLookedAt", "PageArrived"]


def test_the_example_of_its_documentation(org: LocalOrg, rows: list[str]) -> None:
    """It runs as it stands there."""
    _, _, example = str(salesforce.__doc__).partition("::\n")
    known: dict[str, Any] = {name: getattr(salesforce, name) for name in salesforce.__all__}
    known["credentials"] = credentials_of(org)
    exec(textwrap.dedent(example), known)  # noqa: S102  our own text
    assert sorted(known["page"].frame.table["Id"]) == sorted(rows)


def test_its_names_are_all_there() -> None:
    """And no others."""
    assert sorted(salesforce.__all__) == sorted(seam.__all__)
    assert all(getattr(salesforce, name) for name in salesforce.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'transport'"):
        getattr(salesforce, "transport")  # noqa: B009  as whoever mistakes it


def test_rows_of_a_range_of_ids(connected: salesforce.Org, rows: list[str]) -> None:
    """Those of the range alone, whole pages of them, each once."""
    query = replace(
        accounts(connected, "Name"), ids=salesforce.IdRange(lower=rows[10], upper=rows[20])
    )
    frames = list(salesforce.rows_once(connected, query, salesforce.QueryOptions()))
    assert sorted(i for frame in frames for i in frame.table["Id"]) == sorted(rows[10:20])
