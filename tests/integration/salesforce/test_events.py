"""What a listener is told while rows are read: by REST, and by a Bulk job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tap_versionforge_salesforce import salesforce
from tap_versionforge_salesforce.salesforce.support.events import (
    ApiChosen,
    JobCreated,
    JobLookedAt,
    PageArrived,
    Retried,
    RowsCounted,
)
from tests.local_org.conditions import faults
from tests.local_org.conditions.settings import PRODUCTION_AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_org import LocalOrg

ROWS = 60


@pytest.fixture
def connected(org: LocalOrg) -> Iterator[salesforce.Org]:
    org.store.seed("Account", ROWS)
    org.settings.page_rows = org.settings.result_page_rows = 25
    org.settings.job_transition = "immediate"
    credentials = salesforce.Credentials(
        instance_url=org.url,
        client_id=org.client_id,
        username=org.username,
        audience=PRODUCTION_AUDIENCE,
        private_key=org.private_key_pem,
    )
    with salesforce.Org(credentials=credentials) as made:
        yield made


def told(connected: salesforce.Org, options: salesforce.QueryOptions) -> list[object]:
    """Read accounts; return what was told meanwhile."""
    found: list[object] = []
    connected.events.listen(found.append)
    account = connected.describe("Account")
    query = salesforce.query_of(account, account.columns, include_deleted=False)
    assert sum(p.frame.height for p in salesforce.read(connected, query, options)) == ROWS
    return found


def test_pages_of_rest(connected: salesforce.Org) -> None:
    """Each page as it comes with its size, how many rows there are, and by which API, and why."""
    found = told(connected, salesforce.QueryOptions(api_mode="rest"))
    pages = [event for event in found if isinstance(event, PageArrived)]
    assert [event.rows for event in pages] == [25, 25, 10]
    assert all(event.size for event in pages)
    assert RowsCounted("Account", 60) in found
    chosen = [event for event in found if isinstance(event, ApiChosen)]
    assert chosen == [ApiChosen("Account", "REST API", "api_mode is rest")]


@pytest.mark.parametrize("parallel_downloads", [1, 3])
def test_pages_of_a_job(org: LocalOrg, connected: salesforce.Org, parallel_downloads: int) -> None:
    """The job, each look at it with its rows so far, and each page with its size as it came."""
    options = salesforce.QueryOptions(
        api_mode="bulk", bulk_page_rows=25, parallel_downloads=parallel_downloads
    )
    found = told(connected, options)
    (created,) = [event for event in found if isinstance(event, JobCreated)]
    assert created.sobject == "Account"
    assert created.address.startswith(org.url)
    assert created.job_id in created.address
    looks = [event for event in found if isinstance(event, JobLookedAt)]
    assert looks[-1] == JobLookedAt("Account", created.job_id, "JobComplete", ROWS)
    pages = [event for event in found if isinstance(event, PageArrived)]
    assert sorted(event.rows for event in pages) == [10, 25, 25]
    results = org.journal.calls("/jobs/query/*/results")
    assert sum(event.size or 0 for event in pages) > 0
    assert len(results) == len(pages)
    assert all(event.size for event in pages)


@pytest.mark.parametrize("api_mode", ["bulk", "rest"])
def test_a_page_that_comes_again(
    org: LocalOrg, connected: salesforce.Org, api_mode: Literal["bulk", "rest"]
) -> None:
    """Its bytes have come twice, its rows once."""
    org.faults.add("*/results", faults.drop_last_row())
    org.faults.add("GET /query/*", faults.answer(200, {"totalSize": ROWS}))
    found = told(connected, salesforce.QueryOptions(api_mode=api_mode))
    pages = [event for event in found if isinstance(event, PageArrived)]
    assert sum(event.rows for event in pages) == ROWS
    assert any(isinstance(event, Retried) for event in found)
