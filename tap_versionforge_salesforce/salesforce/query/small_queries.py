"""Queries with small answers, such as counts: five to a call, each as if it was asked alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import RefusedError, TapError
from tap_versionforge_salesforce.salesforce.client import query_call
from tap_versionforge_salesforce.salesforce.http.composite import MOST_QUERIES, refusal_of
from tap_versionforge_salesforce.salesforce.http.retry import QUERIES_BUDGET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.http.call import Call
    from tap_versionforge_salesforce.salesforce.http.responses import Response
    from tap_versionforge_salesforce.salesforce.org import Org


@dataclass(frozen=True, slots=True)
class SmallQuery:
    """A query whose whole answer is one small page.

    Attributes:
        soql: The query.
        deleted: Rows in the recycle bin and archived ones too (``queryAll``).
        is_brief: A request that timed out is not repeated: there is another way.
    """

    soql: str
    deleted: bool = False
    is_brief: bool = False


def answers_of(
    org: Org, queries: Sequence[SmallQuery], *, are_together: bool
) -> Iterator[Response | TapError]:
    """Yield the answer to each query in their order, or why there is none.

    Nothing is asked before it is waited for: whoever has enough stops, and saves the calls.

    Args:
        org: Whom to ask.
        queries: What is asked.
        are_together: Composite requests may be made (setting ``composite_queries``).
    """
    for start in range(0, len(queries), MOST_QUERIES):
        group = queries[start : start + MOST_QUERIES]
        parts: Sequence[Response | TapError | None] = [None] * len(group)
        if are_together and len(group) > 1:
            try:
                parts = _asked_together(org, group)
            except TapError:
                # What it was about is told by what is asked alone.
                are_together = False
        for query, part in zip(group, parts, strict=True):
            yield _asked_alone(org, query) if part is None else part


def _asked_together(org: Org, queries: Sequence[SmallQuery]) -> list[Response | TapError | None]:
    """Return what came; None where it is to be asked for alone."""
    calls = [query_call(query.soql, deleted=query.deleted) for query in queries]
    parts = org.client.together(calls, budget=QUERIES_BUDGET)
    return [_found(org, call, part) for call, part in zip(calls, parts, strict=True)]


def _found(org: Org, call: Call, part: Response | None) -> Response | RefusedError | None:
    if part is None or part.ok:
        return part
    return refusal_of(part, f"{call.method} {org.client.versioned(call.path)}")


def _asked_alone(org: Org, query: SmallQuery) -> Response | TapError:
    try:
        return org.client.query(query.soql, deleted=query.deleted, briefly=query.is_brief)
    except TapError as error:
        return error
