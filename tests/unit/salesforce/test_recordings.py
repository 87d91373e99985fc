"""The decoders against what real orgs have answered; tests/recordings says where that is from."""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from tap_versionforge_salesforce.errors import RefusedError, SessionRefusedError
from tap_versionforge_salesforce.salesforce.auth.sign_in_errors import UNKNOWN, explain
from tap_versionforge_salesforce.salesforce.client import SalesforceClient
from tap_versionforge_salesforce.salesforce.describes import Described, described_in
from tap_versionforge_salesforce.salesforce.frames.json_pages import from_json
from tap_versionforge_salesforce.salesforce.http.call import Call
from tap_versionforge_salesforce.salesforce.http.composite import composite_answers, refusal_of
from tap_versionforge_salesforce.salesforce.http.responses import Response, refusal_error
from tap_versionforge_salesforce.salesforce.http.retry import Verdict, classify
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.describe import sobject_from_json
from tap_versionforge_salesforce.salesforce.query.coverage import Coverage
from tests import recordings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.http.session import SalesforceSession

FOLDER = Path(recordings.__file__).parent
_SELECT = re.compile(r"select\s+(?P<fields>[\w\s,.]+?)\s+from\s+(?P<name>\w+)", re.IGNORECASE)
_ASKED = [Call(path=f"/{n}") for n in range(25)]


def recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((FOLDER / "cumulusci").glob("*.json")):
        for at, interaction in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            yield f"{path.stem}-{at}", interaction


def response(status: int, body: str | bytes, **headers: str) -> Response:
    return Response(status, headers, body if isinstance(body, bytes) else body.encode(), None)


def content(folder: str, name: str) -> bytes:
    return (FOLDER / folder / f"{name}.json").read_bytes()


def of_kind(value: object) -> Kind:
    """Return the kind of field that has such a value in JSON."""
    if isinstance(value, bool):
        return Kind.BOOLEAN
    return Kind.NUMBER if isinstance(value, (int, Decimal)) else Kind.TEXT


def assert_decoded(body: bytes, fields: Sequence[str]) -> None:
    """See that each value of each row is what stands there."""
    told = json.loads(body, parse_float=Decimal)
    rows = told["records"]
    kinds = {name: {of_kind(row[name]) for row in rows if row[name] is not None} for name in fields}
    columns = [Column(name, next(iter(kinds[name]), Kind.TEXT)) for name in fields]
    page = from_json(body, columns)
    assert (page.total_size, page.frame.height) == (told["totalSize"], len(rows))
    assert (page.next_records_url is None) == told["done"]
    for column in columns:
        values = page.frame.table[column.name].to_list()
        for value, row in zip(values, rows, strict=True):
            wanted = row[column.name]
            if column.kind is Kind.NUMBER and wanted is not None:
                assert Decimal(value) == wanted
            elif column.kind is Kind.BOOLEAN and wanted is not None:
                assert value == str(wanted).lower()
            else:
                assert value == (wanted or None)


# Pages of queries

QUERIES = {
    name: (each["response_body"].encode(), match["fields"])
    for name, each in recorded()
    if "/query" in each["uri"] and "count(" not in each["uri"].replace("%28", "(")
    for match in [_SELECT.match(parse_qs(urlsplit(each["uri"]).query)["q"][0])]
    if match is not None
}
PAGES = {
    "read-opportunity-with-account": "Id, Name, AccountId, Amount, StageName",
    "read-list-contacts": "AccountId, Department, AssistantName, Description",
}


@pytest.mark.parametrize("name", QUERIES)
def test_queries(name: str) -> None:
    """Each value of each row of each recorded query is decoded."""
    body, fields = QUERIES[name]
    assert_decoded(body, [field.strip() for field in fields.split(",") if "." not in field])


def test_there_are_queries() -> None:
    """With rows, with numbers, and without any."""
    assert len(QUERIES) >= 8
    totals = {json.loads(body)["totalSize"] for body, _ in QUERIES.values()}
    assert 0 in totals
    assert max(totals) > 5


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_another_org(name: str) -> None:
    """With amounts as they are spelled there."""
    assert_decoded(content("amp-labs", name), PAGES[name].split(", "))


def test_pages_that_lead_from_one_to_the_next() -> None:
    """The first names the second, and the second is the last."""
    first, last = (
        from_json(
            content("restforce", f"query_paginated_{name}_page_response"),
            [Column("Text_Label", Kind.TEXT)],
        )
        for name in ("first", "last")
    )
    assert first.next_records_url == "/services/data/v26.0/query/01gD"
    assert (last.next_records_url, last.total_size) == (None, 2)
    empty = from_json(content("restforce", "query_empty_response"), [Column("Id", Kind.TEXT)])
    assert (empty.frame.height, empty.total_size, empty.next_records_url) == (0, 0, None)


# Several requests in one

COMPOSITES = {
    name: each
    for name, each in recorded()
    if each["uri"].endswith("/composite") and each["status"] == 200
}


@pytest.mark.parametrize("name", COMPOSITES)
def test_composites(name: str) -> None:
    """Each part is found, with its own status, headers and JSON."""
    each = COMPOSITES[name]
    told = json.loads(each["response_body"])["compositeResponse"]
    body = each["response_body"]
    for at, part in enumerate(told):
        body = body.replace(json.dumps(part["referenceId"]), f'"part{at}"')
    found = composite_answers(body.encode(), _ASKED[: len(told)])
    for part, wanted in zip(found, told, strict=True):
        assert part is not None
        assert (part.status, part.json()) == (wanted["httpStatusCode"], wanted["body"])
        assert dict(part.headers) == wanted["httpHeaders"]


def test_what_is_not_modified_and_what_is_refused() -> None:
    """As the describes and the first pages of a run take it."""
    parts = {
        name: json.loads(each["response_body"])["compositeResponse"]
        for name, each in COMPOSITES.items()
    }
    (unchanged, *_) = parts["ManualEditTestCompositeParallelSalesforce.test_http_headers-0"]
    part = response(unchanged["httpStatusCode"], b"null", **unchanged["httpHeaders"])
    assert described_in(part, "Account") == Described(None, "Fri, 14 Aug 2020 20:53:02 GMT")
    (missing,) = parts["TestCompositeParallelSalesforce.test_errors-0"]
    gone = response(missing["httpStatusCode"], json.dumps(missing["body"]))
    assert "NOT_FOUND" in str(described_in(gone, "Foo"))
    _, unknown = parts["TestCountSObjects.test_count_sobjects__errors-0"]
    refused = refusal_of(response(400, json.dumps(unknown["body"])), "GET /query")
    assert refused is not None
    assert refused.error_code == "INVALID_TYPE"


# Describes


@pytest.mark.parametrize("name", ["Custom__c", "Opportunity", "OpportunityContactRole"])
def test_describes(name: str) -> None:
    """Every field is a column of a known kind, in the order in which they are told."""
    body = content("cumulusci/describes", name)
    sobject = sobject_from_json(body)
    told = json.loads(body)
    assert [column.name for column in sobject.columns] == [f["name"] for f in told["fields"]]
    assert sobject.unknown_types == {}
    assert (sobject.name, sobject.label) == (told["name"], told["label"])
    assert sobject.is_replicateable is told["replicateable"]


# What else is asked


class Session:
    """Answers every request alike."""

    def __init__(self, body: str | bytes) -> None:
        self._reply = response(200, body)

    def call(self, call: Call) -> Response:
        versions = response(200, b'[{"version": "68.0"}]')
        return versions if call.path == "/services/data" else self._reply

    def token(self) -> None:
        """Be signed in."""


def client_of(body: str | bytes) -> SalesforceClient:
    session = cast("SalesforceSession", Session(body))
    logger = logging.getLogger("recordings")
    return SalesforceClient(session=session, api_version="68.0", logger=logger)


@pytest.mark.parametrize(
    "each",
    [
        pytest.param(each, id=name)
        for name, each in recorded()
        if "/limits/recordCount" in each["uri"]
    ],
)
def test_counts(each: dict[str, Any]) -> None:
    """An object without rows may be left out."""
    told = json.loads(each["response_body"])["sObjects"]
    (asked,) = parse_qs(urlsplit(each["uri"]).query)["sObjects"]
    counts = client_of(each["response_body"]).record_count([asked])
    assert counts == {entry["name"]: entry["count"] for entry in told}


def test_how_far_changes_are_committed() -> None:
    """``latestDateCovered`` is cut to the minute."""
    end = datetime(2015, 8, 19, 8, 17, 42, tzinfo=timezone.utc)
    coverage = Coverage("Contact", end, is_looked_back=True)
    coverage.take(json.loads(content("restforce", "get_updated_success_response")))
    assert coverage.until == end
    coverage = Coverage("Contact", end, is_looked_back=False)
    coverage.take(json.loads(content("restforce", "get_updated_success_response")))
    assert coverage.until == end.replace(second=0)


def test_a_bulk_job_is_created() -> None:
    """Without counters, and with its version as a number."""
    job = client_of(content("amp-labs", "bulk__read-launch-job-account")).create_job(
        "SELECT Id FROM Account", deleted=True
    )
    assert (job["id"], job["state"]) == ("750ak000009AVi5AAG", "UploadComplete")


# Refusals


@pytest.mark.parametrize(
    ("folder", "name", "code"),
    [
        ("amp-labs", "unknown-field", "INVALID_FIELD"),
        ("amp-labs", "unknown-object", "INVALID_TYPE"),
        ("amp-labs", "crm__delete__not-found", "ENTITY_IS_DELETED"),
        ("restforce", "query_error_response", "INVALID_FIELD"),
    ],
)
def test_refusals(folder: str, name: str, code: str) -> None:
    """They are for good, and told in Salesforce's words on one line."""
    reply = response(400, content(folder, name))
    found, reason = reply.error()
    assert found == code
    assert classify(400, found, reason, readable=True) is Verdict.REFUSED
    error = refusal_error("GET /query", reply)
    assert isinstance(error, RefusedError)
    assert code in error.message
    assert "\n" not in error.message


def test_an_ended_session() -> None:
    """It is renewed; where that does not help, it is told."""
    reply = response(401, content("restforce", "expired_session_response"))
    assert classify(401, *reply.error(), readable=True) is Verdict.SESSION_ENDED
    assert isinstance(refusal_error("GET /query", reply), SessionRefusedError)


@pytest.mark.parametrize("name", ["auth_error_response", "refresh_error_response"])
def test_refused_sign_ins(name: str) -> None:
    """Each has a cause and a fix."""
    told = json.loads(content("restforce", name))
    assert explain(told["error"], told["error_description"]) is not UNKNOWN
