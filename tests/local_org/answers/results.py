"""The rows of a finished query job: one page after the other, or listed for parallel download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tests.local_org.answers import errors
from tests.local_org.exchange import Answer, json_answer
from tests.local_org.store.numbering import decode_locator, encode_locator

if TYPE_CHECKING:
    from tests.local_org.answers.jobs import Jobs, QueryJob
    from tests.local_org.conditions.settings import Settings
    from tests.local_org.exchange import Call
    from tests.local_org.store.snapshot import Snapshot

_PAGES_LISTED = 5


class Span(NamedTuple):
    """A stretch of rows; 0 rows leave its end to the request."""

    start: int
    rows: int


class Results:
    """/jobs/query/{id}/results and /jobs/query/{id}/resultPages."""

    def __init__(self, jobs: Jobs, settings: Settings) -> None:
        self._jobs = jobs
        self._settings = settings

    def page(self, call: Call, job_id: str) -> Answer:
        """GET …/results: CSV with its header row, the next locator in a header."""
        job = self._finished(call, job_id)
        if job.snapshot is None:
            return self._not_ready(job)
        span = Span(0, 0)
        if "locator" in call.query:
            span = _read_locator(job, call.query["locator"])
        total = len(job.snapshot.rows)
        end = min(span.start + self._rows_to_serve(call, span), total)
        page = job.snapshot.page(span.start, end)
        answer = Answer(200, page.plain, ready=page)
        answer.headers["Content-Type"] = "text/csv; charset=UTF-8"
        answer.headers["Sforce-NumberOfRecords"] = str(end - span.start)
        answer.headers["Sforce-Locator"] = self._next_locator(job, span, end, total)
        return answer

    def pages(self, call: Call, job_id: str) -> Answer:
        """GET …/resultPages: at most five pages a call."""
        if float(call.version) < self._settings.result_pages_version:
            raise errors.not_found()
        job = self._finished(call, job_id)
        if job.snapshot is None:
            return self._not_ready(job)
        spans = self._spans(job.snapshot)
        first = 0
        if "locator" in call.query:
            first = _read_locator(job, call.query["locator"]).start
        last = first + _PAGES_LISTED
        more = None
        if last < len(spans):
            path = self._settings.result_pages_path
            more = f"{_root(job)}/{path}?locator={_locator(job, Span(last, 0))}"
        content: dict[str, Any] = {
            "resultPages": [
                {"resultUrl": self._result_url(job, span)} for span in spans[first:last]
            ],
            self._settings.result_pages_key: more,
            "done": more is None,
        }
        return json_answer(content)

    def _finished(self, call: Call, job_id: str) -> QueryJob:
        job = self._jobs.get(job_id)
        if job.version != call.version:
            raise errors.other_api_version()
        self._jobs.proceed(job, polled=False)
        return job

    def _not_ready(self, job: QueryJob) -> Answer:
        if self._settings.early_results_status == 204:
            return Answer(204)
        msg = f"The job is not complete: its state is {job.state}"
        raise errors.invalid_job_state(msg)

    def _rows_to_serve(self, call: Call, span: Span) -> int:
        asked = self._settings.default_max_records
        if "maxRecords" in call.query:
            text = call.query["maxRecords"]
            if not text.isdigit() or int(text) < 1:
                msg = f"Invalid value for maxRecords: {text}"
                raise errors.api_error(msg)
            asked = int(text)
        if span.rows:
            return min(asked, span.rows) if "maxRecords" in call.query else span.rows
        return min(asked, self._settings.bulk_page_rows or asked)

    def _next_locator(self, job: QueryJob, span: Span, end: int, total: int) -> str:
        if end >= total:
            return "null"
        if span.rows and end < span.start + span.rows:
            return _locator(job, Span(end, span.start + span.rows - end))
        if span.rows and self._settings.result_pages_locator_header == "null":
            return "null"
        return _locator(job, Span(end, span.rows))

    def _spans(self, snapshot: Snapshot) -> list[Span]:
        size = self._settings.result_page_rows
        total = len(snapshot.rows)
        return [Span(start, size) for start in range(0, max(total, 1), size)]

    def _result_url(self, job: QueryJob, span: Span) -> str:
        url = f"{_root(job)}/results"
        if span.start == 0 and not self._settings.result_pages_first_locator:
            # Without a locator the page's end must come from the request.
            return f"{url}?maxRecords={span.rows}"
        return f"{url}?locator={_locator(job, span)}"


def _root(job: QueryJob) -> str:
    return f"/services/data/v{job.version}/jobs/query/{job.id}"


def _locator(job: QueryJob, span: Span) -> str:
    return encode_locator(f"{span.start}:0Ga{job.id[3:]}:{span.rows}")


def _read_locator(job: QueryJob, locator: str) -> Span:
    start, _, rest = (decode_locator(locator) or "").partition(":")
    file_id, _, count = rest.partition(":")
    if file_id != f"0Ga{job.id[3:]}" or not start.isdigit() or not count.isdigit():
        msg = "Invalid locator"
        raise errors.api_error(msg)
    return Span(int(start), int(count))
