"""One short method per Salesforce endpoint; paths and the API version are known only here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from tap_versionforge_salesforce.errors import (
    IncompleteError,
    OddAnswerError,
    RefusedError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.http.call import Access, Call
from tap_versionforge_salesforce.salesforce.http.composite import (
    composite_answers,
    composite_body,
    refusal_of,
)
from tap_versionforge_salesforce.salesforce.http.refusals import QUERY_TOO_LONG, are_not_there_yet
from tap_versionforge_salesforce.salesforce.http.responses import refusal_error, transient_error
from tap_versionforge_salesforce.salesforce.http.retry import (
    ADVICE_BUDGET,
    CLEANUP_BUDGET,
    COMPOSITE_BUDGET,
    DESCRIBE_BUDGET,
    EARLY_BUDGET,
    QUERIES_BUDGET,
    Budget,
    Verdict,
    classify,
    poll_intervals,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.http.call import Sink
    from tap_versionforge_salesforce.salesforce.http.responses import Response
    from tap_versionforge_salesforce.salesforce.http.session import SalesforceSession

_DATA = "/services/data"
_COMPOSITE = "POST /composite"
# Of a part of a composite request that is its only one.
_TRIES_OF_A_PART = 4
# Looks at the results of a complete job that are not there yet.
_LOOKS_AT_RESULTS = 5
_DATA_PATH = re.compile(rf"{_DATA}/[!-~]+")
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
# More digits than any count has would only be a burden.
_NUMBER = re.compile(r"[0-9]{1,18}")
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]")
# Salesforce allows 16,384 bytes for the request line and all headers together.
_LONGEST_QUERY_URL = 14_000
#: Rows that a REST page holds at most.
REST_PAGE_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class ResultPageHeaders:
    """What the headers of a result page say; its bytes are in the sink.

    Attributes:
        rows: Rows that Salesforce says the page has.
        locator: Where the next page starts; None after the last.
        encoding: How the bytes are packed: ``gzip``, or ``identity`` for not at all.
    """

    rows: int
    locator: str | None
    encoding: str


@dataclass(frozen=True, slots=True)
class ResultPageRef:
    """Where a result page is: whoever is signed in to the org can read it, in any process.

    Attributes:
        job_id: A job that is complete.
        version: The API version that the job was created with: Salesforce answers 409 to any
            other.
        locator: Where it starts; None for the job's first page.
        max_rows: Most rows wanted (``maxRecords``), of which Salesforce may send fewer; None for
            as many as it likes.
    """

    job_id: str
    version: str
    locator: str | None
    max_rows: int | None


class SalesforceClient:
    """The endpoints of one org.

    Every method raises the errors of `SalesforceSession.call`.

    Args:
        session: Who sends.
        api_version: The version wanted, such as ``68.0``.
        logger: Where another version than the wanted one is told.
    """

    def __init__(
        self, *, session: SalesforceSession, api_version: str, logger: logging.Logger
    ) -> None:
        self.session = session
        self.api_version = api_version
        self._version_is_known = False
        self.logger = logger

    # The org

    def versions(self) -> list[str]:
        """Return the API versions of the org, oldest first. Salesforce does not count this call."""
        listed = self.session.call(Call(path=_DATA, access=Access.PUBLIC)).json()
        if not isinstance(listed, list):
            return []
        named = [str(entry.get("version")) for entry in listed if isinstance(entry, dict)]
        return [version for version in named if _VERSION.fullmatch(version)]

    def is_reachable(self) -> bool:
        """Tell whether Salesforce answers what has nothing to do with any object."""
        try:
            self.session.call(replace(_advice(_DATA), access=Access.PUBLIC))
        except UnavailableError:
            return False
        except RefusedError:
            return True
        return True

    def identity(self) -> Mapping[str, object]:
        """Return who is signed in, as OpenID's userinfo has it."""
        call = replace(_advice("/services/oauth2/userinfo"), access=Access.UNCOUNTED)
        return _object(self.session.call(call), call)

    def limits(self) -> Mapping[str, object]:
        """Return all limits of the org. Needs *View Setup and Configuration*."""
        return self._answered(_advice("/limits"))

    def record_count(self, names: Iterable[str]) -> dict[str, int]:
        """Return the approximate rows of each object; Salesforce leaves some objects out.

        Needs *View Setup and Configuration*.

        Args:
            names: No more than `counted_together` puts together, in whatever case; the counts have
                the names as they are here.
        """
        asked = {name.lower(): name for name in names}
        call = _advice("/limits/recordCount", sObjects=",".join(asked.values()))
        listed = self._answered(call).get("sObjects")
        if not isinstance(listed, list):
            raise OddAnswerError(_asked(call))
        return {
            asked.get(entry["name"].lower(), entry["name"]): entry["count"]
            for entry in _objects(listed)
            if isinstance(entry.get("name"), str) and isinstance(entry.get("count"), int)
        }

    def permissions(self, names: Iterable[str]) -> Mapping[str, object]:
        """Return whether the user has some permissions; what nobody tells is not in it.

        UserPermissionAccess has the running user's own, also for who may not see Setup.

        Args:
            names: As that object has them, such as ``ViewSetup``.
        """
        fields = {name: f"Permissions{name}" for name in names}
        soql = f"SELECT {', '.join(fields.values())} FROM UserPermissionAccess"  # noqa: S608  ours
        answer = self._answered(replace(query_call(soql, deleted=False), budget=ADVICE_BUDGET))
        rows = _objects(answer.get("records")) or [{}]
        return {name: rows[0][field] for name, field in fields.items() if field in rows[0]}

    # Describes

    def describe_global(self, *, as_advice: bool = False) -> list[Mapping[str, object]]:
        """Return an entry for each object that the user may see.

        Args:
            as_advice: Don't try for long: the run can do without.
        """
        call = _advice("/sobjects") if as_advice else Call(path="/sobjects")
        listed = self._answered(call).get("sobjects")
        if not isinstance(listed, list):
            raise OddAnswerError(_asked(call))
        return [entry for entry in _objects(listed) if isinstance(entry.get("name"), str)]

    def describe(self, name: str, *, budget: Budget = DESCRIBE_BUDGET) -> Response:
        """Return one object's describe, as JSON bytes.

        Args:
            name: The object's API name.
            budget: How long to try.
        """
        return self._versioned(replace(describe_call(name), budget=budget))

    # Several requests in one

    def together(
        self, calls: Sequence[Call], *, budget: Budget = COMPOSITE_BUDGET
    ) -> list[Response | None]:
        """Return the answers to several GETs, sent as one request that counts as one API call.

        Whatever becomes of a part, refused or failed, is its answer: see `refusal_of`.

        Args:
            calls: No more than `composite.MOST_PARTS`, of which `composite.MOST_QUERIES` may be
                queries. They are answered one after the other.
            budget: How long to try.

        Returns:
            In the order of the calls; None for a part that is not answered.
        """
        self.ensure_api_version()
        parts = [replace(call, path=self.versioned(call.path)) for call in calls]
        answer = self._versioned(
            Call(
                method="POST",
                path="/composite",
                body=composite_body(parts),
                expects="parts",
                budget=budget,
            )
        )
        return composite_answers(answer.body, parts)

    # REST queries

    def query(self, soql: str, *, deleted: bool, briefly: bool = False) -> Response:
        """Return the first page of a query's rows, as JSON bytes.

        Args:
            soql: The query.
            deleted: Rows in the recycle bin and archived ones too (``queryAll``).
            briefly: Don't repeat a request that timed out: there is another way.

        Raises:
            RefusedError: As `query_call`, too.
        """
        call = query_call(soql, deleted=deleted)
        return self._versioned(replace(call, budget=Budget(timeout_retries=0 if briefly else None)))

    def query_in_body(self, soql: str, *, deleted: bool) -> Response:
        """Return the first page of a query that is too long for a URL, as JSON bytes.

        It is a part of a composite request, whose body has no such limit in any documentation.

        Args:
            soql: The query.
            deleted: As for `query`.

        Raises:
            RefusedError: Salesforce refuses it there, too; where it refuses composite requests, as
                `query` is refused.
            UnavailableError: It has failed in passing, several times.
        """
        call = _query_call(soql, deleted=deleted)
        asked = f"{call.method} {self.versioned(call.path)}"
        waits = islice(poll_intervals(1.0, 8.0, factor=2.0), _TRIES_OF_A_PART - 1)
        while True:
            try:
                (part,) = self.together([call], budget=QUERIES_BUDGET)
            except RefusedError:
                raise _too_long(soql) from None
            if part is None:
                raise OddAnswerError(_COMPOSITE)
            if part.ok:
                return part
            refused = refusal_of(part, asked)
            if refused is not None:
                raise refused
            seconds = next(waits, None)
            verdict = classify(part.status, *part.error(), readable=True)
            if verdict is Verdict.DAILY_LIMIT:
                raise refusal_error(asked, part, is_daily_limit=True)
            if seconds is None:
                ended = verdict is Verdict.SESSION_ENDED
                raise refusal_error(asked, part) if ended else transient_error(asked, part)
            self.session.pause(seconds)

    def next_page(self, next_records_url: str) -> Response:
        """Return the page behind a ``nextRecordsUrl``; only its path is used.

        Raises:
            RefusedError: With ``error_code`` INVALID_QUERY_LOCATOR when the cursor has expired.
        """
        path = _split(next_records_url).path
        if not _DATA_PATH.fullmatch(path):
            message = "Salesforce's nextRecordsUrl is no path of its data API."
            raise IncompleteError(
                message, hint="A proxy may have changed the answer; run again.", code="bad-locator"
            )
        headers = {"Sforce-Query-Options": f"batchSize={REST_PAGE_ROWS}"}
        return self.session.call(Call(path=path, headers=headers, expects="rows"))

    # Bulk API 2.0 query jobs

    def create_job(
        self,
        soql: str,
        *,
        deleted: bool,
        briefly: bool = False,
        when_in_doubt: Callable[[], None] | None = None,
    ) -> Mapping[str, object]:
        """Create a query job; return it as Salesforce does, without counters.

        Args:
            soql: Without ORDER BY and LIMIT.
            deleted: Rows in the recycle bin and archived ones too (``queryAll``).
            briefly: Don't try for long: it is tried again when it is needed.
            when_in_doubt: As for `Call`: there may be another job than the one returned.

        Raises:
            UnavailableError: The answer has no ``id``.
        """
        operation = "queryAll" if deleted else "query"
        body = {
            "operation": operation,
            "query": soql,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        call = Call(
            method="POST",
            path="/jobs/query",
            body=body,
            # Each may have made a job.
            budget=EARLY_BUDGET if briefly else Budget(timeout_retries=1),
            when_in_doubt=when_in_doubt,
        )
        job = self._answered(call)
        job_id = job.get("id")
        if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
            if when_in_doubt is not None:
                when_in_doubt()
            raise OddAnswerError("the creation of a Bulk job")
        return job

    def list_jobs(self) -> None:
        """Ask for the list of query jobs, which only who may use Bulk API 2.0 gets.

        Raises:
            TapError: The user does not get it.
        """
        self._answered(_advice("/jobs/query", jobType="V2Query"))

    def job(self, job_id: str, *, version: str, briefly: bool = False) -> Mapping[str, object]:
        """Return a job's state and counters.

        Args:
            job_id: The job's.
            version: The API version that it was created with.
            briefly: Don't try for long: it is looked at again when it is needed.

        Raises:
            UnavailableError: The answer has no ``state``.
        """
        budget = EARLY_BUDGET if briefly else Budget()
        job = self._answered(Call(path=f"/jobs/query/{quote(job_id)}", budget=budget), version)
        if not isinstance(job.get("state"), str):
            # It would be waited for until its time is over.
            raise OddAnswerError(f"a look at Bulk job {job_id}")
        return job

    def abort_job(self, job_id: str, *, version: str) -> None:
        """Stop a job that has not ended; tried once."""
        call = Call(method="PATCH", path=f"/jobs/query/{quote(job_id)}", body={"state": "Aborted"})
        self._versioned(_short(call), version)

    def delete_job(self, job_id: str, *, version: str) -> None:
        """Remove a job that has ended, with its results; tried once."""
        call = Call(method="DELETE", path=f"/jobs/query/{quote(job_id)}", expects="nothing")
        self._versioned(_short(call), version)

    def job_results(self, ref: ResultPageRef, sink: Sink) -> ResultPageHeaders:
        """Put one page of a job's results into the sink: CSV, packed as it came.

        Args:
            ref: Which page.
            sink: Emptied first.

        Raises:
            IncompleteError: A header is missing without which the end can't be told.
        """
        params = {} if ref.max_rows is None else {"maxRecords": str(ref.max_rows)}
        params |= {} if ref.locator is None else {"locator": ref.locator}
        call = Call(
            path=f"/jobs/query/{quote(ref.job_id)}/results",
            params=params,
            headers={"Accept": "text/csv"},
            expects="csv",
            sink=sink,
        )
        reply = self._results(call, ref.version, sink)
        following = reply.headers.get("Sforce-Locator")
        counted = _number(reply.headers.get("Sforce-NumberOfRecords", ""))
        if not following or counted is None:
            message = (
                f"A result page of Bulk job {ref.job_id} came without the header Sforce-Locator or "
                "Sforce-NumberOfRecords, so its end can't be told."
            )
            raise IncompleteError(
                message,
                hint="A proxy on the way may remove unknown headers; let them pass.",
                code="missing-result-header",
            )
        return ResultPageHeaders(
            rows=counted,
            locator=None if following == "null" else following,
            encoding=reply.headers.get("Content-Encoding", "identity").lower(),
        )

    def _results(self, call: Call, version: str, sink: Sink) -> Response:
        """Return the answer with a complete job's results, which may not be there at once."""
        for seconds in islice(poll_intervals(1.0, 8.0, factor=2.0), _LOOKS_AT_RESULTS - 1):
            try:
                reply = self._versioned(call, version)
            except RefusedError as error:
                if not are_not_there_yet(error.status, error.error_code, error.reason):
                    raise
            else:
                if sink.size or "Sforce-NumberOfRecords" in reply.headers:
                    return reply
            self.logger.info(
                "%s: the results are not there yet. Looking again in %.0f seconds.",
                call.path.removeprefix("/"),
                seconds,
            )
            self.session.pause(seconds)
        return self._versioned(call, version)

    def result_pages(self, job_id: str, *, version: str) -> Iterator[ResultPageRef]:
        """Yield where the result pages of a complete job are, five for each call.

        "Get Parallel Results for a Query Job" has it since version 58, and spells the key of the
        next call in two ways. Of its URLs only what names the page is used.

        Raises:
            IncompleteError: The list leads nowhere.
        """
        path, following, seen = f"/jobs/query/{quote(job_id)}/resultPages", "", set[str]()
        while True:
            params = dict(parse_qsl(_split(following).query))
            # The pages lead from one to the next without it, so that it is asked for as advice is.
            answer = self._answered(replace(_advice(path), params=params), version)
            listed = answer.get("resultPages")
            for entry in listed if isinstance(listed, list) else []:
                url = entry.get("resultUrl") if isinstance(entry, dict) else entry
                named = dict(parse_qsl(_split(str(url)).query))
                rows = _number(named.get("maxRecords", ""))
                yield ResultPageRef(job_id, version, named.get("locator"), rows)
            if answer.get("done") is True:
                return
            following = str(answer.get("nextRecordsUrl") or answer.get("nextRecordUrl") or "")
            if not following or following in seen:
                raise IncompleteError(
                    f"The list of result pages of Bulk job {job_id} does not come to its end.",
                    hint="Run again.",
                    code="bad-locator",
                )
            seen.add(following)

    # The version

    def ensure_api_version(self) -> None:
        """Make sure that the org has the API version; take its newest where it has not.

        Raises:
            UnavailableError: The org lists no version that the tap can use.
        """
        if self._version_is_known:
            return
        # A host that is not Salesforce's is told by the sign-in: in seconds, and as that.
        self.session.token()
        listed = self.versions()
        if self.api_version not in listed:
            if not listed:
                raise UnavailableError(
                    "The org lists no API versions.",
                    hint="Check instance_url: Setup > My Domain shows the right one.",
                    code="no-api-versions",
                )
            newest = max(listed, key=float)
            self.logger.warning(
                "The org does not have API version %s; using its newest, %s. Set api_version to "
                "%s to save this look.",
                self.api_version,
                newest,
                newest,
            )
            self.api_version = newest
        self._version_is_known = True

    def versioned(self, path: str, version: str | None = None) -> str:
        """Return the whole path of a resource of the data API."""
        return f"{_DATA}/v{version or self.api_version}{path}"

    def _versioned(self, call: Call, version: str | None = None) -> Response:
        self.ensure_api_version()
        return self.session.call(replace(call, path=self.versioned(call.path, version)))

    def _answered(self, call: Call, version: str | None = None) -> Mapping[str, object]:
        return _object(self._versioned(call, version), call)


def query_call(soql: str, *, deleted: bool) -> Call:
    """Return the request for the first page of a query's rows, as JSON.

    Args:
        soql: The query.
        deleted: Rows in the recycle bin and archived ones too (``queryAll``).

    Raises:
        RefusedError: With ``error_code`` URI_TOO_LONG, where Salesforce would refuse it.
    """
    if room_in_query(soql) < 0:
        raise _too_long(soql)
    return _query_call(soql, deleted=deleted)


def _query_call(soql: str, *, deleted: bool) -> Call:
    return Call(
        path="/queryAll" if deleted else "/query",
        params={"q": soql},
        headers={"Sforce-Query-Options": f"batchSize={REST_PAGE_ROWS}"},
        expects="rows",
    )


def _too_long(soql: str) -> RefusedError:
    length = len(urlencode({"q": soql}))
    hint, remedies = QUERY_TOO_LONG
    error = RefusedError(
        f"The query is {length:,} bytes long as a URL, more than Salesforce takes.",
        hint=hint,
        status=414,
        error_code="URI_TOO_LONG",
    )
    error.offering(*remedies)
    return error


def room_in_query(soql: str) -> int:
    """Return how many bytes a query can still grow by in a URL; negative where it is too long."""
    return _LONGEST_QUERY_URL - len(urlencode({"q": soql}))


def describe_call(name: str, since: str | None = None) -> Call:
    """Return the request for an object's describe.

    Args:
        name: Its API name.
        since: ``Last-Modified`` of that which is known; None where none is.
    """
    headers = {} if since is None else {"If-Modified-Since": since}
    return Call(path=f"/sobjects/{quote(name)}/describe", headers=headers)


def updated_call(name: str, *, start: datetime, end: datetime) -> Call:
    """Return the request for what has changed in an object between two instants.

    Args:
        name: The object's API name.
        start: At least a minute before the end, and no more than 30 days.
        end: Salesforce takes both without their seconds.
    """
    between = {"start": start, "end": end}
    params = {name: f"{instant:%Y-%m-%dT%H:%M:%S+00:00}" for name, instant in between.items()}
    return Call(path=f"/sobjects/{quote(name)}/updated", params=params)


def counted_together(names: Iterable[str]) -> Iterator[list[str]]:
    """Yield the names in lists, each of which one request of `record_count` has room for."""
    together: list[str] = []
    length = 0
    for name in names:
        length += len(urlencode({"": f"{name},"}))
        if together and length > _LONGEST_QUERY_URL:
            yield together
            together, length = [], len(urlencode({"": f"{name},"}))
        together.append(name)
    if together:
        yield together


def _advice(path: str, **params: str) -> Call:
    """Return the request for what the run can do without."""
    return Call(path=path, params=params, budget=ADVICE_BUDGET)


def _short(call: Call) -> Call:
    """Return a request that cleans up, for which no run waits."""
    return replace(call, budget=CLEANUP_BUDGET)


def _asked(call: Call) -> str:
    return f"{call.method} {call.path}"


def _object(reply: Response, call: Call) -> Mapping[str, object]:
    content = reply.json()
    if not isinstance(content, dict):
        raise OddAnswerError(_asked(call))
    return content


def _objects(listed: object) -> list[dict[str, Any]]:
    """Return what is an object in a list; nothing where there is no list."""
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # there is no address in it
        return urlsplit("")
