"""How the answer to several requests in one is taken apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap_versionforge_salesforce.errors import OddAnswerError, RefusedError
from tap_versionforge_salesforce.salesforce.http.call import Call
from tap_versionforge_salesforce.salesforce.http.composite import (
    composite_answers,
    composite_body,
    refusal_of,
)
from tap_versionforge_salesforce.salesforce.http.responses import Response

TWO = [
    Call(path="/services/data/v68.0/query", params={"q": "SELECT Id FROM Account"}),
    Call(path="/services/data/v68.0/sobjects/Über/describe", headers={"If-Modified-Since": "x"}),
]


def references() -> list[str]:
    """Return how the parts of a request are called."""
    sent: Any = composite_body(TWO)["compositeRequest"]
    return [part["referenceId"] for part in sent]


def answer(*parts: dict[str, object]) -> bytes:
    return json.dumps({"compositeResponse": parts}).encode()


def test_what_is_sent() -> None:
    """Each part has its whole path, packed for a URL, and its own headers."""
    assert composite_body(TWO) == {
        "allOrNone": False,
        "compositeRequest": [
            {
                "method": "GET",
                "url": "/services/data/v68.0/query?q=SELECT+Id+FROM+Account",
                "httpHeaders": {},
                "referenceId": references()[0],
            },
            {
                "method": "GET",
                "url": "/services/data/v68.0/sobjects/%C3%9Cber/describe",
                "httpHeaders": {"If-Modified-Since": "x"},
                "referenceId": references()[1],
            },
        ],
    }
    assert len(set(references())) == 2


def test_answers_are_found_by_their_reference() -> None:
    """Whatever their order; the case of a header's name does not matter, as in any answer."""
    one, two = references()
    body = answer(
        {"referenceId": two, "httpStatusCode": 304, "body": None, "httpHeaders": {"ETAG": "e"}},
        {"referenceId": one, "httpStatusCode": 200, "body": {"a": 1.50}},
    )
    first, second = composite_answers(body, TWO)
    assert first is not None
    assert second is not None
    assert (first.status, json.loads(first.body), dict(first.headers)) == (200, {"a": 1.5}, {})
    assert (second.status, second.json(), second.headers["etag"]) == (304, None, "e")


def test_numbers_of_a_part_stay_as_they_are_spelled() -> None:
    """Its JSON is cut out, not read and written anew."""
    one, _ = references()
    spelled = '{"a":1.50,"b":12345678901234567890.10}'
    body = (
        f'{{"compositeResponse":[{{"body":{spelled},"httpStatusCode":200,"referenceId":"{one}"}}]}}'
    )
    first, second = composite_answers(body.encode(), TWO)
    assert first is not None
    assert first.body.decode() == spelled
    assert second is None


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"compositeResponse":[1]}', b'{"compositeResponse":null}'],
)
def test_what_is_no_answer(body: bytes) -> None:
    """It is told by what was asked for."""
    with pytest.raises(OddAnswerError, match="POST /composite"):
        composite_answers(body, TWO)


REFUSED = [{"errorCode": "INVALID_FIELD", "message": "No such column 'X' on entity 'Account'"}]
BUSY = [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}]
ENDED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [(400, REFUSED, "INVALID_FIELD"), (503, BUSY, None), (401, ENDED, None), (200, {}, None)],
)
def test_what_is_refused(status: int, body: object, code: str | None) -> None:
    """What may pass, or is about more than the part, is asked for again by itself."""
    refused = refusal_of(Response(status, {}, json.dumps(body).encode(), None), "GET /query")
    assert (None if refused is None else refused.error_code) == code
    if refused is not None:
        assert isinstance(refused, RefusedError)
        assert "GET /query" in refused.message
