"""Several GETs in one request, which counts as one call: how it is written, and its answer read.

"Composite" in the REST API developer guide: up to 25 parts, of which five may be queries. They are
answered in their order, each with a status of its own, and one that fails changes nothing for the
others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import msgspec
from requests.structures import CaseInsensitiveDict

from tap_versionforge_salesforce.errors import OddAnswerError, RefusedError, TapError
from tap_versionforge_salesforce.salesforce.http.responses import (
    Response,
    refusal_error,
    without_half_characters,
)
from tap_versionforge_salesforce.salesforce.http.retry import Verdict, classify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_versionforge_salesforce.salesforce.http.call import Call

#: Most parts of one request.
MOST_PARTS = 25
#: Most of them that may be queries.
MOST_QUERIES = 5


class _Part(msgspec.Struct, rename="camel", gc=False):
    reference_id: str
    http_status_code: int
    http_headers: dict[str, str] = {}
    # What has not changed may have none.
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Answer(msgspec.Struct, rename="camel"):
    composite_response: list[_Part]


_DECODER = msgspec.json.Decoder(_Answer)


def composite_body(calls: Sequence[Call]) -> dict[str, object]:
    """Return what is sent for some GETs.

    Args:
        calls: No more than `MOST_PARTS`, with their whole paths.
    """
    return {
        "allOrNone": False,
        "compositeRequest": [
            {
                "method": "GET",
                "url": f"{quote(call.path)}?{urlencode(call.params)}".rstrip("?"),
                "httpHeaders": dict(call.headers),
                "referenceId": _reference(at),
            }
            for at, call in enumerate(calls)
        ],
    }


def composite_answers(body: bytes, calls: Sequence[Call]) -> list[Response | None]:
    """Return the answer to each call, in their order; None where there is none.

    Args:
        body: UTF-8 JSON as served. A part's own JSON is not decoded, but cut out of it.
        calls: What was asked for.

    Raises:
        UnavailableError: It is no answer to a composite request.
    """
    try:
        parts = _parts(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        asked = "POST /composite"
        raise OddAnswerError(asked) from None
    found = {
        part.reference_id: Response(
            part.http_status_code, CaseInsensitiveDict(part.http_headers), bytes(part.body), None
        )
        for part in parts
    }
    return [found.get(_reference(at)) for at in range(len(calls))]


def _parts(body: bytes) -> list[_Part]:
    try:
        return _DECODER.decode(body).composite_response
    except msgspec.MsgspecError:
        # It does not take halves of characters, also where nobody looks at them.
        return _DECODER.decode(without_half_characters(body)).composite_response


def refusal_of(part: Response, asked: str) -> RefusedError | None:
    """Return why a part is refused; None where it is not, or a request of its own tells more.

    Args:
        part: The answer to it.
        asked: What was asked for, as people read it.
    """
    code, reason = part.error()
    if classify(part.status, code, reason, readable=True) is not Verdict.REFUSED:
        return None
    error: TapError = refusal_error(asked, part)
    # What has nothing to do with the part ends the run, with all that its own answer tells.
    return error if isinstance(error, RefusedError) else None


def _reference(at: int) -> str:
    return f"part{at}"
