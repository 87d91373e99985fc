"""Bulk API 2.0 query jobs over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.local_org.answers import errors
from tests.local_org.exchange import Answer, json_answer
from tests.local_org.store.snapshot import DELIMITERS, LINE_ENDINGS

if TYPE_CHECKING:
    from tests.local_org.answers.jobs import Jobs
    from tests.local_org.conditions.settings import Settings
    from tests.local_org.exchange import Call

_FIELDS = {"operation", "query", "contentType", "columnDelimiter", "lineEnding"}
_LISTED_AT_ONCE = 1_000


class Bulk:
    """Create, look at, abort, delete and list query jobs; `results.py` serves their rows."""

    def __init__(self, jobs: Jobs, settings: Settings) -> None:
        self._jobs = jobs
        self._settings = settings

    def create(self, call: Call) -> Answer:
        """POST /jobs/query. Salesforce answers 200, not 201, and never repeats the query."""
        content = _body(call)
        unknown = sorted(set(content) - _FIELDS)
        if unknown:
            msg = f'Unrecognized field "{unknown[0]}"'
            raise errors.json_parser_error(msg)
        operation = content.get("operation")
        if operation not in {"query", "queryAll"}:
            msg = f"Invalid value for operation: {operation}"
            raise errors.invalid_job(msg)
        if not isinstance(content.get("query"), str) or not content["query"].strip():
            msg = "A query is required"
            raise errors.invalid_job(msg)
        _require_choice(content, "contentType", {"CSV"})
        _require_choice(content, "columnDelimiter", set(DELIMITERS))
        _require_choice(content, "lineEnding", set(LINE_ENDINGS))
        job = self._jobs.create(
            operation=operation,
            soql=content["query"],
            version=call.version,
            delimiter=content.get("columnDelimiter") or "COMMA",
            line_ending=content.get("lineEnding") or "LF",
        )
        return json_answer({**job.brief(), **job.format()})

    def show(self, _call: Call, job_id: str) -> Answer:
        """GET /jobs/query/{id}."""
        job = self._jobs.get(job_id)
        self._jobs.proceed(job, polled=True)
        return json_answer(job.describe(self._settings))

    def change(self, call: Call, job_id: str) -> Answer:
        """PATCH /jobs/query/{id}: the only change is to abort."""
        job = self._jobs.get(job_id)
        state = _body(call).get("state")
        if state != "Aborted":
            msg = f"Changing the state to {state} is not allowed"
            raise errors.invalid_job_state(msg)
        self._jobs.proceed(job, polled=False)
        self._jobs.abort(job)
        return json_answer(job.brief())

    def delete(self, _call: Call, job_id: str) -> Answer:
        """DELETE /jobs/query/{id}."""
        job = self._jobs.get(job_id)
        self._jobs.proceed(job, polled=False)
        self._jobs.delete(job)
        return Answer(204)

    def list(self, call: Call) -> Answer:
        """GET /jobs/query."""
        query = call.query
        jobs = self._jobs.all()
        if query.get("jobType", "V2Query") != "V2Query":
            jobs = []
        if query.get("concurrencyMode", "parallel").lower() != "parallel":
            jobs = []
        start = _offset(query.get("queryLocator"))
        end = start + _LISTED_AT_ONCE
        more = f"/services/data/v{call.version}/jobs/query?queryLocator=01gLO000000LIST-{end}"
        return json_answer(
            {
                "done": end >= len(jobs),
                "records": [job.listed() for job in jobs[start:end]],
                "nextRecordsUrl": more if end < len(jobs) else None,
            }
        )


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


def _require_choice(content: dict[str, Any], name: str, choices: set[str]) -> None:
    if name in content and content[name] not in choices:
        msg = f"Invalid value for {name}: {content[name]}"
        raise errors.invalid_job(msg)


def _offset(locator: str | None) -> int:
    if locator is None:
        return 0
    number = locator.rpartition("-")[2]
    if not number.isdigit():
        raise errors.invalid_query_locator()
    return int(number)
