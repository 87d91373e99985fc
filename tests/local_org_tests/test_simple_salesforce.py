"""simple-salesforce (PyPI) understands the local org: a client that nobody here wrote."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import exceptions
from simple_salesforce.api import Salesforce
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from simple_salesforce.api import SFType
    from simple_salesforce.bulk2 import SFBulk2Handler

    from tests.local_org import LocalOrg
    from tests.local_org_tests.caller import Caller

pytestmark = pytest.mark.clients
MY_DOMAIN = "https://acme.my.salesforce.com"


class PlainAdapter(HTTPAdapter):
    """Sends what is meant for https as http: simple-salesforce knows no other scheme.

    What is meant for a My Domain goes to the org as well: it asks for a token nowhere else.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        meant = str(request.url).replace(MY_DOMAIN, self._url)
        request.url = meant.replace("https://", "http://", 1)
        return super().send(request, stream, timeout, verify, cert, proxies)


@pytest.fixture
def salesforce(org: LocalOrg, stranger: Caller) -> Iterator[Salesforce]:
    org.store.seed("Account", 5)
    opportunities = org.store.seed("Opportunity", 25)
    org.store.delete("Opportunity", opportunities[:3])
    org.settings.page_rows = 10
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", PlainAdapter(org.url))
        yield Salesforce(
            instance_url=org.url, session_id=stranger.sign_in(), version="68.0", session=session
        )


def _ids(org: LocalOrg, *, deleted: bool) -> list[str]:
    rows = org.store.rows("Opportunity", include_deleted=deleted)
    return sorted(str(row["Id"]) for row in rows)


def test_query_and_query_more(org: LocalOrg, salesforce: Salesforce) -> None:
    first = salesforce.query("SELECT Id, Name FROM Opportunity ORDER BY Id")
    assert (first["totalSize"], first["done"], len(first["records"])) == (22, False, 10)
    second = salesforce.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    seen = [record["Id"] for record in first["records"] + second["records"]]
    assert seen == _ids(org, deleted=False)[:20]


def test_query_all_pages_with_and_without_deleted_rows(
    org: LocalOrg, salesforce: Salesforce
) -> None:
    kept = salesforce.query_all("SELECT Id FROM Opportunity")
    everything = salesforce.query_all("SELECT Id FROM Opportunity", include_deleted=True)
    assert sorted(record["Id"] for record in kept["records"]) == _ids(org, deleted=False)
    assert sorted(record["Id"] for record in everything["records"]) == _ids(org, deleted=True)


def test_describe_and_limits(org: LocalOrg, salesforce: Salesforce) -> None:
    listed = salesforce.describe()
    described = cast("SFType", salesforce.Opportunity).describe()
    assert listed is not None
    assert [entry["name"] for entry in listed["sobjects"]] == list(org.store.sobjects)
    assert described["name"] == "Opportunity"
    assert salesforce.limits()["DailyApiRequests"]["Max"] == 15_000
    assert salesforce.api_usage["api-usage"].total == 15_000


def test_what_was_updated(org: LocalOrg, salesforce: Salesforce) -> None:
    moment = datetime(2026, 11, 23, 10, 0, 30, tzinfo=timezone.utc)
    org.clock.freeze(moment)
    ids = org.store.insert("Account", [{}], stamp=moment - timedelta(minutes=1))
    account = cast("SFType", salesforce.Account)
    told = account.updated(moment - timedelta(minutes=2), moment)
    assert told == {"ids": ids, "latestDateCovered": "2026-11-23T10:00:00.000+0000"}


def test_what_was_deleted(org: LocalOrg, salesforce: Salesforce) -> None:
    moment = datetime(2026, 11, 23, 10, 0, 30, tzinfo=timezone.utc)
    org.clock.freeze(moment)
    ids = org.store.insert("Account", [{}, {}], stamp=moment - timedelta(days=1))
    org.store.delete("Account", ids[:1], stamp=moment - timedelta(minutes=1))
    account = cast("SFType", salesforce.Account)
    told = account.deleted(moment - timedelta(minutes=2), moment)
    assert [record["id"] for record in told["deletedRecords"]] == ids[:1]
    assert told["latestDateCovered"] == "2026-11-23T10:00:00.000+0000"


def test_errors_have_the_codes_that_it_knows(org: LocalOrg, salesforce: Salesforce) -> None:
    with pytest.raises(exceptions.SalesforceMalformedRequest, match="No such column 'Nonsense'"):
        salesforce.query("SELECT Nonsense FROM Opportunity")
    with pytest.raises(exceptions.SalesforceResourceNotFound):
        cast("SFType", salesforce.Nonsense).describe()
    org.expire_tokens()
    with pytest.raises(exceptions.SalesforceExpiredSession):
        salesforce.query("SELECT Id FROM Opportunity")


def test_bulk2_query_pages(org: LocalOrg, salesforce: Salesforce) -> None:
    bulk = cast("SFBulk2Handler", salesforce.bulk2).Opportunity
    pages = list(bulk.query("SELECT Id FROM Opportunity", max_records=10, wait=0))
    rows = [row["Id"] for page in pages for row in csv.DictReader(io.StringIO(str(page)))]
    assert len(pages) == 3
    assert sorted(rows) == _ids(org, deleted=False)


def test_bulk2_query_all_has_the_deleted_rows(org: LocalOrg, salesforce: Salesforce) -> None:
    bulk = cast("SFBulk2Handler", salesforce.bulk2).Opportunity
    pages = bulk.query_all("SELECT Id FROM Opportunity", wait=0)
    rows = [row["Id"] for page in pages for row in csv.DictReader(io.StringIO(str(page)))]
    assert sorted(rows) == _ids(org, deleted=True)


def test_client_credentials(org: LocalOrg) -> None:
    """It signs in with the app's secret, and is told in Salesforce's words where that is wrong."""
    org.store.seed("Account", 5)
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", PlainAdapter(org.url))
        app = partial(
            Salesforce,
            consumer_key=org.client_id,
            domain="acme.my",
            session=session,
            version="68.0",
        )
        made = app(consumer_secret=org.identity.client_secret)
        assert made.query("SELECT Id FROM Account")["totalSize"] == 5
        with pytest.raises(exceptions.SalesforceAuthenticationFailed, match="invalid client"):
            app(consumer_secret="another")  # noqa: S106  it is none
