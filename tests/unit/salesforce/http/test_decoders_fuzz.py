"""Whatever bytes come, each decoder makes a value of them or one of the tap's own errors.

Salesforce does not send such things; proxies, broken lines and a mistaken instance_url do.
"""

from __future__ import annotations

import gzip
import io
import json
import logging
import zlib
from contextlib import nullcontext
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from tap_versionforge_salesforce.errors import IncompleteError, TapError
from tap_versionforge_salesforce.salesforce.auth.authenticator import Authenticator, TokenAnswer
from tap_versionforge_salesforce.salesforce.auth.jwt_bearer import JwtBearer
from tap_versionforge_salesforce.salesforce.client import (
    ResultPageHeaders,
    ResultPageRef,
    SalesforceClient,
)
from tap_versionforge_salesforce.salesforce.describes import describe, describe_many
from tap_versionforge_salesforce.salesforce.frames import frame as frames
from tap_versionforge_salesforce.salesforce.frames.json_pages import from_json
from tap_versionforge_salesforce.salesforce.http.quota import from_header, from_limits
from tap_versionforge_salesforce.salesforce.http.responses import (
    Response,
    http_date,
    refusal_error,
    transient_error,
)
from tap_versionforge_salesforce.salesforce.http.retry import retry_after_seconds
from tap_versionforge_salesforce.salesforce.objects.describe import (
    sobject_from_describe,
    sobject_from_json,
)
from tap_versionforge_salesforce.salesforce.query.download_queue import DownloadQueue
from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
from tap_versionforge_salesforce.salesforce.query.partitions import Partition
from tap_versionforge_salesforce.salesforce.query.result_rows import pages_of
from tap_versionforge_salesforce.salesforce.query.spooled_body import SpooledBody
from tap_versionforge_salesforce.salesforce.support.clock import Clock
from tap_versionforge_salesforce.salesforce.support.gzip_stream import unpacked
from tests.support.broken import DEEP, SHAPES, anything, bodies, damaged, each_reshaped, reshaped
from tests.support.pages import COLUMNS, csv_page, json_page, row
from tests.support.values import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from cryptography.hazmat.primitives.asymmetric import rsa

    from tap_versionforge_salesforce.salesforce.http.call import Call
    from tap_versionforge_salesforce.salesforce.http.session import SalesforceSession
    from tap_versionforge_salesforce.salesforce.query.result_pages import ResultPage

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
LOGGER = logging.getLogger("tests.unit.fuzz")
fuzzed = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

ROWS = [
    row(Name='a "quoted",\nname', IsDeleted=False, Employees=7, Amount="12.50"),
    row(
        Name="Grüße 🙂", CloseDate="2024-02-29", StartTime="01:02:03.000Z", Id="001000000000002AAA"
    ),
]
JSON_PAGE = json_page(ROWS)
CSV_PAGE = csv_page(ROWS)
DESCRIBE: dict[str, Any] = {
    "name": "Account",
    "label": "Account",
    "fields": [
        {"name": "Id", "type": "id", "label": "Account ID", "nillable": False},
        {"name": "SystemModstamp", "type": "datetime", "filterable": True, "sortable": True},
        {"name": "Place__c", "type": "location", "inlineHelpText": "where"},
        {"name": "Place__Latitude__s", "type": "double", "compoundFieldName": "Place__c"},
    ],
}
ERROR = [{"errorCode": "INVALID_FIELD", "message": "No such column", "fields": ["Nam"]}]
TOKEN = {"access_token": "00D000000000001!x", "id": "https://x/id/00D/005", "scope": "api"}
JOB = {"id": "750000000000001AAA", "state": "JobComplete", "numberRecordsProcessed": 7}


def ends_well(decode: Callable[[], object]) -> object:
    """Return what is decoded, or the error; another error than the tap's own fails the test."""
    try:
        return decode()
    except TapError as raised:
        error = raised
    assert error.hint
    assert len(error.message) < 2_000  # a whole answer is no message
    return error


# Rows


@fuzzed
@given(damaged(JSON_PAGE) | st.binary(max_size=64) | bodies(json.loads(JSON_PAGE)))
@example(b"[" * DEEP)
@example(b'{"totalSize":' * DEEP)
@example(b'{"totalSize": 1e999, "done": true, "records": []}')
@example(b'{"totalSize": 1, "done": true, "records": [{"Id": ' + b"9" * 5_000 + b"}]}")
def test_any_bytes_for_a_page_of_json(body: bytes) -> None:
    """A page of a REST query is a Frame or no whole answer."""
    ends_well(lambda: from_json(body, COLUMNS))


def test_message_of_a_broken_page_of_json_is_short() -> None:
    """A value that stands where a number belongs is not told in its whole length."""
    body = json.dumps({"totalSize": "secret " * 10_000, "done": True, "records": []}).encode()
    with pytest.raises(IncompleteError) as caught:
        from_json(body, COLUMNS)
    assert len(caught.value.message) < 300


def page_of(body: bytes, *, rows: int = 2, encoding: str = "identity") -> ResultPage:
    headers = ResultPageHeaders(rows=rows, locator=None, encoding=encoding)
    page = SimpleNamespace(
        ref=ResultPageRef("750", "68.0", None, None),
        headers=headers,
        arrived=NOW,
        open=lambda: io.BytesIO(body),
        measured=iter,
    )
    return cast("ResultPage", page)


def rows_in(page: ResultPage) -> int:
    job = JobCheckpoint("750", "68.0", "ab12", None, 0, None, Partition(NOW))
    return sum(part.frame.height for part in pages_of(page, COLUMNS, job))


@fuzzed
@given(damaged(CSV_PAGE) | st.binary(max_size=64))
@example(b'"' + CSV_PAGE)
@example(CSV_PAGE[:-1] + b'"')
@example(CSV_PAGE.replace(b",", b"\x00"))
def test_any_bytes_for_a_page_of_csv(body: bytes) -> None:
    """A page of a Bulk job is as many rows as were told, or not whole."""
    found = ends_well(lambda: rows_in(page_of(body)))
    assert found == 2 or isinstance(found, IncompleteError)


@fuzzed
@given(body=damaged(CSV_PAGE), piece=st.integers(1, 200))
def test_any_bytes_for_a_page_of_csv_in_pieces(body: bytes, piece: int) -> None:
    """Wherever a broken page is cut for decoding, it ends well."""
    blocks = [body[at : at + 7] for at in range(0, len(body), 7)]
    ends_well(lambda: list(frames.csv_frames(blocks, COLUMNS, piece)))


@fuzzed
@given(damaged(gzip.compress(CSV_PAGE, mtime=0)) | st.binary(max_size=64))
@example(gzip.compress(CSV_PAGE) * 2)
@example(gzip.compress(CSV_PAGE)[:-8])
@example(gzip.compress(CSV_PAGE) + b"\x00" * 512)
@example(zlib.compress(CSV_PAGE))
@example(gzip.compress(gzip.compress(CSV_PAGE)))
def test_any_bytes_for_a_packed_page(body: bytes) -> None:
    """What gzip can't unpack is a page that is not whole."""
    found = ends_well(lambda: rows_in(page_of(body, encoding="gzip")))
    assert found == 2 or isinstance(found, IncompleteError)


def test_small_page_that_unpacks_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is held than one row may have: what comes unpacked behind that is not asked for."""
    monkeypatch.setattr(frames, "_LARGEST_ROW_BYTES", 1 << 20)
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(64)), packer.flush()])
    assert len(packed) < 1 << 17
    came = 0

    def counted(block: bytes) -> bytes:
        nonlocal came
        came += len(block)
        return block

    blocks = map(counted, unpacked(iter([packed]), 1 << 16))
    with pytest.raises(IncompleteError, match="a row of more than"):
        list(frames.csv_frames(blocks, COLUMNS, 1 << 16))
    assert came < 2 << 20


def test_packed_text_inside_of_a_page_is_not_unpacked() -> None:
    """polars would unpack by itself what begins as gzip, zlib and zstd do, to whatever size."""
    for packed in (
        gzip.compress(CSV_PAGE),
        zlib.compress(CSV_PAGE),
        b"\x28\xb5\x2f\xfd" + CSV_PAGE,
    ):
        with pytest.raises(IncompleteError):
            rows_in(page_of(packed))


def test_one_quote_too_many_is_looked_at_once() -> None:
    """A page of which nothing can be decoded before its end is not gone through for each block."""

    class Counted(bytes):
        looked = 0

        @override
        def count(self, *arguments: Any) -> int:
            start, end = (*arguments[1:], 0, len(self))[:2]
            Counted.looked += end - start
            return super().count(*arguments)

    lines = b'"a","b"\n' * 20_000
    text = Counted(b'"' + lines)
    end = frames._last_row_end(text, 0, is_quoted=False)  # noqa: SLF001  what costs the time
    assert end == 0
    assert Counted.looked <= 2 * len(text)


# Describes, and whatever else is JSON


@fuzzed
@given(reshaped(DESCRIBE) | anything)
def test_any_json_for_a_describe(content: Any) -> None:  # noqa: ANN401  JSON
    """A describe is an object or an odd answer, and the same object however it is decoded."""
    text = json.dumps(content).encode()
    sobject = ends_well(lambda: sobject_from_json(text))
    decoded = ends_well(lambda: sobject_from_describe(json.loads(text)))
    assert isinstance(sobject, TapError) or sobject == decoded


def test_each_place_of_a_describe_with_each_shape() -> None:
    """No key of a describe is taken on trust."""
    for content in each_reshaped(DESCRIBE):
        ends_well(lambda: sobject_from_describe(cast("Any", content)))  # noqa: B023  called at once


class Session:
    """Answers every request alike.

    Args:
        body: The body.
        headers: The headers.
    """

    def __init__(self, body: bytes, **headers: str) -> None:
        self._reply = Response(200, headers, body, None)

    def call(self, call: Call) -> Response:
        if call.path == "/services/data":
            return Response(200, {}, b'[{"version": "68.0"}]', None)
        call.path.encode()
        json.dumps(call.body)
        for name, value in call.params.items():
            f"{name}={value}".encode()
        return self._reply

    def token(self) -> None:
        pass

    def waiting(self, _: object) -> AbstractContextManager[None]:
        return nullcontext()


def client_of(body: bytes, **headers: str) -> SalesforceClient:
    session = cast("SalesforceSession", Session(body, **headers))
    return SalesforceClient(session=session, api_version="68.0", logger=LOGGER)


COMPOSITE = {
    "compositeResponse": [
        {"body": DESCRIBE, "httpStatusCode": 200, "referenceId": "d0", "httpHeaders": {}},
        {"body": ERROR, "httpStatusCode": 404, "referenceId": "d1", "httpHeaders": {}},
    ]
}
PAGES = {
    "resultPages": [{"resultUrl": "/services/data/v68.0/x?maxRecords=10&locator=abc"}],
    "nextRecordsUrl": "/services/data/v68.0/jobs/query/750/resultPages?key=1",
    "done": False,
}
ENDPOINTS: dict[str, tuple[object, Callable[[SalesforceClient], object]]] = {
    "identity": ({"name": "A", "preferred_username": "b"}, lambda c: c.identity()),
    "limits": (
        {"DailyApiRequests": {"Max": 5, "Remaining": 4}},
        lambda c: from_limits(c.limits(), "DailyApiRequests"),
    ),
    "recordCount": (
        {"sObjects": [{"name": "Account", "count": 7}]},
        lambda c: c.record_count(["Account"]),
    ),
    "permissions": (
        {"records": [{"PermissionsApiEnabled": True}]},
        lambda c: c.permissions(["ApiEnabled"]),
    ),
    "list of jobs": ({"done": True, "records": [JOB]}, lambda c: c.list_jobs()),
    "global describe": (
        {"sobjects": [{"name": "Account", "queryable": True}]},
        lambda c: [entry["name"] for entry in c.describe_global()],
    ),
    "describe": (DESCRIBE, lambda c: describe(c, "Account")),
    "composite": (COMPOSITE, lambda c: dict(describe_many(c, ["Account", "Nothing__c"]))),
    "create": (JOB, lambda c: c.create_job("SELECT Id FROM Account", deleted=False)["id"]),
    "job": (JOB, lambda c: c.job("750", version="68.0")["state"]),
    "result pages": (PAGES, lambda c: list(c.result_pages("750", version="68.0"))),
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_bytes_for_an_endpoint(endpoint: str, data: st.DataObject) -> None:
    """Each method of the client returns a value or raises one of the tap's errors."""
    whole, ask = ENDPOINTS[endpoint]
    body = data.draw(bodies(whole))
    ends_well(lambda: ask(client_of(body)))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_each_place_of_an_answer_with_each_shape(endpoint: str) -> None:
    """No key of an answer is taken on trust."""
    whole, ask = ENDPOINTS[endpoint]
    for answer in (*SHAPES, *each_reshaped(whole)):
        body = json.dumps(answer).encode()
        ends_well(lambda: ask(client_of(body)))  # noqa: B023  called at once


def test_job_without_an_id_or_a_state_is_an_odd_answer() -> None:
    """A job that can't be asked about again, or whose end can't be seen, is no job."""
    for left_out in ("id", "state"):
        body = json.dumps({k: v for k, v in JOB.items() if k != left_out}).encode()
        ask = ENDPOINTS["create" if left_out == "id" else "job"][1]
        with pytest.raises(TapError) as caught:
            ask(client_of(body))
        assert (caught.value.code, caught.value.exit_code) == ("odd-answer", 5)


def test_versions_of_any_shape() -> None:
    """What is no version is left out of the list."""
    listed = [{"version": "68.0", "url": "/x"}, {"version": "67.0"}]
    for answer in (*SHAPES, *each_reshaped(listed)):
        client = client_of(b"")
        reply = Response(200, {}, json.dumps(answer).encode(), None)
        cast("Any", client.session).call = lambda _, reply=reply: reply
        assert all(float(version) for version in client.versions())


HEADER_VALUES = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=24)
ODD_NUMBERS = st.sampled_from(("", "²", "9" * 5_000, "-1", "1.0", " 7", "0x7", "\uff17"))


@fuzzed
@given(locator=HEADER_VALUES, rows=HEADER_VALUES | ODD_NUMBERS, encoding=HEADER_VALUES)
@example(locator="null", rows="²", encoding="gzip")
@example(locator="null", rows="9" * 5_000, encoding="gzip")
def test_any_headers_of_a_result_page(locator: str, rows: str, encoding: str) -> None:
    """A page without a count or an end in its headers is told as such."""
    headers = {
        "Sforce-Locator": locator,
        "Sforce-NumberOfRecords": rows,
        "Content-Encoding": encoding,
    }
    client = client_of(b"", **headers)
    ref = ResultPageRef("750", "68.0", None, None)
    body = SpooledBody(io.BytesIO(), DownloadQueue(pages=1, megabytes=1).join().enter())
    ends_well(lambda: client.job_results(ref, body))


@fuzzed
@given(st.text(max_size=40) | st.sampled_from(("/services/data/http://[", "//[", "http://[")))
@example("http://[")
@example("/services/data/v68.0/query/\ud800")
def test_any_address_of_a_next_page(url: str) -> None:
    """What is no path of the data API is not asked for."""
    ends_well(lambda: client_of(b"").next_page(url))


@fuzzed
@given(HEADER_VALUES | damaged(b"api-usage=25/5000").map(lambda value: value.decode("latin-1")))
@example(f"api-usage={'9' * 5_000}/{'9' * 5_000}")
def test_any_limit_header(value: str) -> None:
    """Of the allowance, a header says something or nothing."""
    found = from_header(value)
    assert found is None or found.maximum >= 0


DATES = damaged(b"Thu, 01 Jan 2026 00:00:00 GMT").map(lambda value: value.decode("latin-1"))


@fuzzed
@given(HEADER_VALUES | DATES | ODD_NUMBERS)
@example("Thu, 01 Jan 0001 00:00:00 +2359")
@example("Thu, 01 Jan 99999999999999999999 00:00:00 GMT")
@example("Thu, 01 Jan 2026 00:00:00 +999999999")
@example("")
@example(" ")
@example(",")
def test_any_date_header(value: str) -> None:
    """A Date or Retry-After header is an instant, or there is no sense in it."""
    date, seconds = http_date(value), retry_after_seconds(value, NOW)
    assert date is None or date.tzinfo is not None
    assert seconds is None or seconds >= 0


@fuzzed
@given(bodies(ERROR), st.sampled_from((301, 400, 401, 403, 404, 500)))
@example(b"[" * DEEP, 400)
@example(json.dumps([{"errorCode": "x" * 100_000, "message": "y\n" * 100_000}]).encode(), 400)
def test_any_body_of_an_error(body: bytes, status: int) -> None:
    """A refusal is one sentence, whatever its body is."""
    reply = Response(status, {"Location": body.decode("latin-1")}, body, None)
    code, reason = reply.error()
    assert "\n" not in code + reason
    for error in (
        refusal_error("GET /x", reply, is_daily_limit=False),
        refusal_error("GET /x", reply, is_daily_limit=True),
        transient_error("GET /x", reply),
    ):
        assert len(error.message) < 2_000
        assert "\n" not in error.message


@fuzzed
@given(body=reshaped(TOKEN) | reshaped({"error": "invalid_grant", "error_description": "no"}))
@example(body={"error": "x" * 100_000, "error_description": "assertion\n" * 100_000})
@example(body={"error": "\ud800"})
def test_any_answer_of_the_token_endpoint(rsa_key: rsa.RSAPrivateKey, body: object) -> None:
    """A token, or a refusal of one line."""

    class Endpoint:
        def post_grant(self, form: Mapping[str, str]) -> TokenAnswer:
            assert form
            return TokenAnswer(body=body if isinstance(body, dict) else {}, date=None)

        def pause(self, seconds: float) -> None:
            raise AssertionError(seconds)

    credentials = settings_of().credentials
    grant = JwtBearer(credentials=credentials, key=rsa_key, clock=Clock(), logger=LOGGER)
    authenticator = Authenticator(grant)
    found = ends_well(lambda: authenticator.token(Endpoint()))
    if isinstance(found, TapError):
        assert "\n" not in found.message


@fuzzed
@given(anything)
def test_any_json_for_a_saved_job(value: object) -> None:
    """A job in a state can be gone on with, or is none."""
    found = JobCheckpoint.from_state(value)
    assert found is None or found.id
