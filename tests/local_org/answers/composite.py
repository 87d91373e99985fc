"""Several GETs in one request: /composite counts once, /composite/batch for each part."""

from __future__ import annotations

import contextlib
import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers

from tests.local_org.answers import errors
from tests.local_org.answers.encode import RawNumber
from tests.local_org.answers.errors import SalesforceError
from tests.local_org.conditions.journal import short_path
from tests.local_org.exchange import Answer, Call, Wire, json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org.conditions.settings import Settings

_MOST_PARTS = 25
_MOST_QUERIES = 5
_QUERIES = ("/query", "/queryAll")
_ROOT = "/services/data/"
_HALTED = {
    "errorCode": "PROCESSING_HALTED",
    "message": (
        "The transaction was rolled back since another operation in the same transaction failed."
    ),
}


class Composite:
    """Answers each part by the org's own routes.

    `serve_part` is the org's way to answer one inner call, with or without counting it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def composite(self, call: Call, serve_part: Callable[..., Answer]) -> Answer:
        """POST /composite."""
        self._check_offered()
        content = _body(call)
        parts = _parts(content, "compositeRequest")
        references = [str(part.get("referenceId", "")) for part in parts]
        if not all(references) or len(set(references)) < len(references):
            raise SalesforceError(
                400, "INVALID_INPUT", "Every subrequest needs a referenceId of its own."
            )
        calls = [inner_call(call, part) for part in parts]
        if sum(short_path(inner.path) in _QUERIES for inner in calls) > _MOST_QUERIES:
            raise SalesforceError(
                400,
                "LIMIT_EXCEEDED",
                f"The request holds more than {_MOST_QUERIES} query subrequests.",
            )
        answers = [serve_part(inner, counted=False) for inner in calls]
        failed = any(answer.status >= 400 for answer in answers)
        halt = failed and bool(content.get("allOrNone"))
        results = [
            _composite_result(answer, reference, halt=halt)
            for answer, reference in zip(answers, references, strict=True)
        ]
        made = json_answer({"compositeResponse": results})
        made.wire = _spoiled(answers)
        return made

    def batch(self, call: Call, serve_part: Callable[..., Answer]) -> Answer:
        """POST /composite/batch."""
        self._check_offered()
        content = _body(call)
        results: list[dict[str, Any]] = []
        failed = False
        for part in _parts(content, "batchRequests"):
            if failed and content.get("haltOnError"):
                halted = {
                    "errorCode": "BATCH_PROCESSING_HALTED",
                    "message": "Batch processing halted.",
                }
                results.append({"statusCode": 412, "result": [halted]})
                continue
            answer = serve_part(inner_call(call, part), counted=True)
            failed = failed or answer.status >= 400
            results.append({"statusCode": answer.status, "result": _json(answer)})
        return json_answer({"hasErrors": failed, "results": results})

    def _check_offered(self) -> None:
        if self._settings.composite_refusal is not None:
            raise SalesforceError(*self._settings.composite_refusal)


def inner_call(outer: Call, part: dict[str, Any]) -> Call:
    """The call that one part stands for; `v68.0/…` is short for `/services/data/v68.0/…`."""
    target = str(part.get("url", ""))
    if not target.startswith("/"):
        target = _ROOT + target
    headers = Headers(part.get("httpHeaders") or {})
    authorization = outer.headers.get("Authorization")
    if authorization is not None:
        headers["Authorization"] = authorization
    return Call(str(part.get("method", "GET")).upper(), target, headers)


def _body(call: Call) -> dict[str, Any]:
    try:
        content = json.loads(call.body)
    except ValueError as error:
        msg = f"Unexpected input: {error}"
        raise errors.json_parser_error(msg) from None
    if not isinstance(content, dict):
        msg = "Can not deserialize the request body"
        raise errors.json_parser_error(msg)
    return content


def _parts(content: dict[str, Any], key: str) -> list[dict[str, Any]]:
    parts = content.get(key)
    if not isinstance(parts, list) or not parts or not all(isinstance(p, dict) for p in parts):
        msg = f"{key} must be a list of requests"
        raise errors.json_parser_error(msg)
    if len(parts) > _MOST_PARTS:
        raise SalesforceError(
            400,
            "LIMIT_EXCEEDED",
            f"The request holds {len(parts)} subrequests, at most 25 are allowed.",
        )
    return parts


def _spoiled(answers: list[Answer]) -> Wire:
    """What goes wrong with a whole whose parts have such wires; one after the other they wait."""
    fresh, wire = Wire(), Wire(delay_seconds=sum(answer.wire.delay_seconds for answer in answers))
    for switch in fields(Wire):
        if switch.name != "delay_seconds":
            values = [getattr(answer.wire, switch.name) for answer in answers]
            usual = getattr(fresh, switch.name)
            setattr(wire, switch.name, next((v for v in values if v != usual), usual))
    return wire


def _composite_result(answer: Answer, reference: str, *, halt: bool) -> dict[str, Any]:
    if halt and answer.status < 400:
        return {
            "body": [_HALTED],
            "httpHeaders": {},
            "httpStatusCode": 400,
            "referenceId": reference,
        }
    headers = {
        name: answer.headers[name] for name in ("ETag", "Last-Modified") if name in answer.headers
    }
    return {
        "body": _json(answer),
        "httpHeaders": headers,
        "httpStatusCode": answer.status,
        "referenceId": reference,
    }


def _json(answer: Answer) -> object:
    content: object = None
    if answer.body:
        # Numbers stay as they are spelled: a float would round them.
        with contextlib.suppress(ValueError):
            return json.loads(answer.body, parse_float=RawNumber)
        content = answer.body.decode("utf-8", "replace")
    return content
