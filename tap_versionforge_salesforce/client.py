"""One short method per Salesforce endpoint; paths and the API version are known only here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from tap_versionforge_salesforce.answers import error_in
from tap_versionforge_salesforce.exceptions import (
    IncompleteError,
    RefusedError,
    UnavailableError,
    UnknownObjectError,
    odd_answer,
)
from tap_versionforge_salesforce.retry import Verdict, judge
from tap_versionforge_salesforce.transport import Call

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_versionforge_salesforce.answers import Reply
    from tap_versionforge_salesforce.transport import SalesforceSession

_DATA = "/services/data"
_COMPOSITE_PARTS = 25
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
class JobPage:
    """One page of a query job's results; its bytes are in the sink.

    Attributes:
        rows: Rows that Salesforce says the page has.
        locator: Where the next page starts; None after the last.
        encoding: How the bytes are packed: ``gzip``, or ``identity`` for not at all.
    """

    rows: int
    locator: str | None
    encoding: str


@dataclass(frozen=True, slots=True)
class PageAddress:
    """Where a result page is.

    Attributes:
        locator: Where it starts; None for the job's first page.
        rows: Most rows wanted (``maxRecords``), of which Salesforce may send fewer; None for as
            many as it likes.
    """

    locator: str | None
    rows: int | None


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
        self._logger = logger

    # The org

    def versions(self) -> list[str]:
        """Return the API versions of the org, oldest first. Salesforce does not count this call."""
        listed = self.session.call(Call(path=_DATA, authorized=False, counted=False)).json()
        if not isinstance(listed, list):
            return []
        named = [str(entry.get("version")) for entry in listed if isinstance(entry, dict)]
        return [version for version in named if _VERSION.fullmatch(version)]

    def identity(self) -> Mapping[str, object]:
        """Return who is signed in, as OpenID's userinfo has it."""
        return _object(self.session.call(Call(path="/services/oauth2/userinfo", counted=False)))

    def limits(self) -> Mapping[str, object]:
        """Return all limits of the org. Needs *View Setup and Configuration*."""
        return _object(self._versioned(Call(path="/limits")))

    def record_count(self, names: Iterable[str]) -> dict[str, int]:
        """Return the approximate rows of each object; Salesforce leaves some objects out.

        Needs *View Setup and Configuration*.

        Args:
            names: In whatever case; the counts have the names as they are here.
        """
        asked = {name.lower(): name for name in names}
        call = Call(path="/limits/recordCount", params={"sObjects": ",".join(asked.values())})
        listed = _object(self._versioned(call)).get("sObjects")
        return {
            asked.get(entry["name"].lower(), entry["name"]): entry["count"]
            for entry in _objects(listed)
            if isinstance(entry.get("name"), str) and isinstance(entry.get("count"), int)
        }

    # Describes

    def describe_global(self) -> list[Mapping[str, object]]:
        """Return an entry for each object that the user may see."""
        listed = _object(self._versioned(Call(path="/sobjects"))).get("sobjects")
        return [entry for entry in _objects(listed) if isinstance(entry.get("name"), str)]

    def describe(self, name: str) -> Mapping[str, object]:
        """Return one object's describe.

        Raises:
            UnknownObjectError: The org has no such object, or the user may not see it.
        """
        try:
            return _object(self._versioned(Call(path=f"/sobjects/{quote(name)}/describe")))
        except RefusedError as error:
            raise _undescribed(name, error.status, error.error_code, error.reason) from None

    def describe_many(self, names: Sequence[str]) -> dict[str, Mapping[str, object] | RefusedError]:
        """Return the describe of each object, or why there is none.

        Asks in composite requests of up to 25, each of which counts as one API call; one by one
        where composite is refused.
        """
        found: dict[str, Mapping[str, object] | RefusedError] = {}
        for start in range(0, len(names), _COMPOSITE_PARTS):
            try:
                found.update(self._describe_composite(names[start : start + _COMPOSITE_PARTS]))
            except RefusedError as error:
                self._logger.info(
                    "Composite requests are refused (%s); describing one by one.",
                    error.error_code or error.status,
                )
                return found | self._describe_one_by_one(names[start:])
        return found

    def _describe_composite(
        self, names: Sequence[str]
    ) -> dict[str, Mapping[str, object] | RefusedError]:
        def parts() -> dict[str, object]:
            base = f"{_DATA}/v{self.api_version}/sobjects"
            requests = [
                {"method": "GET", "url": f"{base}/{quote(name)}/describe", "referenceId": f"d{n}"}
                for n, name in enumerate(names)
            ]
            return {"allOrNone": False, "compositeRequest": requests}

        self.settle_version()
        call = Call(method="POST", path="/composite", body=parts())
        answered = _object(self._versioned(call)).get("compositeResponse")
        results = {str(result.get("referenceId")): result for result in _objects(answered)}
        found: dict[str, Mapping[str, object] | RefusedError] = {}
        for n, name in enumerate(names):
            result = results.get(f"d{n}", {})
            body, told = result.get("body"), result.get("httpStatusCode")
            status = told if isinstance(told, int) else 0
            code, reason = error_in(body)
            if isinstance(body, dict) and status == 200:  # noqa: PLR2004
                found[name] = body
            elif judge(status, code, reason, readable=True) is Verdict.REFUSED:
                found[name] = _undescribed(name, status, code, reason)
            else:
                found.update(self._describe_one_by_one([name]))
        return found

    def _describe_one_by_one(
        self, names: Sequence[str]
    ) -> dict[str, Mapping[str, object] | RefusedError]:
        found: dict[str, Mapping[str, object] | RefusedError] = {}
        for name in names:
            try:
                found[name] = self.describe(name)
            except RefusedError as error:
                found[name] = error
        return found

    # REST queries

    def query(self, soql: str, *, deleted: bool, in_haste: bool = False) -> Reply:
        """Return the first page of a query's rows, as JSON bytes.

        Args:
            soql: The query.
            deleted: Rows in the recycle bin and archived ones too (``queryAll``).
            in_haste: Don't repeat a request that timed out: there is another way.

        Raises:
            RefusedError: With ``error_code`` URI_TOO_LONG also where the request was not even
                sent because Salesforce would refuse it.
        """
        resource = "queryAll" if deleted else "query"
        length = len(urlencode({"q": soql}))
        if length > _LONGEST_QUERY_URL:
            raise RefusedError(
                f"The query is {length:,} bytes long as a URL, more than Salesforce takes.",
                hint="Use api_mode auto or bulk, or select fewer columns.",
                status=414,
                error_code="URI_TOO_LONG",
            )
        return self._versioned(
            Call(
                path=f"/{resource}",
                params={"q": soql},
                headers={"Sforce-Query-Options": f"batchSize={REST_PAGE_ROWS}"},
                expects="rows",
                retry_timeouts=not in_haste,
            )
        )

    def next_page(self, next_records_url: str) -> Reply:
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

    def create_job(self, soql: str, *, deleted: bool) -> Mapping[str, object]:
        """Create a query job; return it as Salesforce does, without counters.

        Args:
            soql: The query.
            deleted: Rows in the recycle bin and archived ones too (``queryAll``).

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
        job = _object(self._versioned(Call(method="POST", path="/jobs/query", body=body)))
        job_id = job.get("id")
        if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
            raise odd_answer("the creation of a Bulk job")
        return job

    def job(self, job_id: str, *, version: str) -> Mapping[str, object]:
        """Return a job's state and counters.

        Raises:
            UnavailableError: The answer has no ``state``.
        """
        job = _object(self._versioned(Call(path=f"/jobs/query/{quote(job_id)}"), version))
        if not isinstance(job.get("state"), str):
            # It would be waited for until its time is over.
            raise odd_answer(f"a look at Bulk job {job_id}")
        return job

    def abort_job(self, job_id: str, *, version: str) -> None:
        """Stop a job that has not ended."""
        path = f"/jobs/query/{quote(job_id)}"
        self._versioned(Call(method="PATCH", path=path, body={"state": "Aborted"}), version)

    def delete_job(self, job_id: str, *, version: str) -> None:
        """Remove a job that has ended, with its results."""
        path = f"/jobs/query/{quote(job_id)}"
        self._versioned(Call(method="DELETE", path=path, expects="nothing"), version)

    def job_results(
        self, job_id: str, sink: IO[bytes], *, version: str, address: PageAddress
    ) -> JobPage:
        """Put one page of a job's results into the sink: CSV, packed as it came.

        Args:
            job_id: A job that is complete.
            sink: A binary file; emptied first.
            version: The API version that the job was created with: Salesforce answers 409 to any
                other.
            address: Which page.

        Raises:
            IncompleteError: A header is missing without which the end can't be told.
        """
        params = {} if address.rows is None else {"maxRecords": str(address.rows)}
        params |= {} if address.locator is None else {"locator": address.locator}
        reply = self._versioned(
            Call(
                path=f"/jobs/query/{quote(job_id)}/results",
                params=params,
                headers={"Accept": "text/csv"},
                expects="csv",
                sink=sink,
            ),
            version,
        )
        following = reply.headers.get("Sforce-Locator")
        counted = _number(reply.headers.get("Sforce-NumberOfRecords", ""))
        if not following or counted is None:
            message = (
                f"A result page of Bulk job {job_id} came without the header Sforce-Locator or "
                "Sforce-NumberOfRecords, so its end can't be told."
            )
            raise IncompleteError(
                message,
                hint="A proxy on the way may remove unknown headers; let them pass.",
                code="missing-result-header",
            )
        return JobPage(
            rows=counted,
            locator=None if following == "null" else following,
            encoding=reply.headers.get("Content-Encoding", "identity").lower(),
        )

    def result_pages(self, job_id: str, *, version: str) -> Iterator[PageAddress]:
        """Yield where the result pages of a complete job are, five for each call.

        "Get Parallel Results for a Query Job" has it since version 58, and spells the key of the
        next call in two ways. Of its URLs only what names the page is used.

        Raises:
            IncompleteError: The list leads nowhere.
        """
        path, following, seen = f"/jobs/query/{quote(job_id)}/resultPages", "", set[str]()
        while True:
            params = dict(parse_qsl(_split(following).query))
            answer = _object(self._versioned(Call(path=path, params=params), version))
            listed = answer.get("resultPages")
            for entry in listed if isinstance(listed, list) else []:
                url = entry.get("resultUrl") if isinstance(entry, dict) else entry
                named = dict(parse_qsl(_split(str(url)).query))
                yield PageAddress(named.get("locator"), _number(named.get("maxRecords", "")))
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

    def settle_version(self) -> None:
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
            self._logger.warning(
                "The org does not have API version %s; using its newest, %s. Set api_version to "
                "%s to save this look.",
                self.api_version,
                newest,
                newest,
            )
            self.api_version = newest
        self._version_is_known = True

    def _versioned(self, call: Call, version: str | None = None) -> Reply:
        self.settle_version()
        path = f"{_DATA}/v{version or self.api_version}{call.path}"
        return self.session.call(replace(call, path=path))


def _object(reply: Reply) -> Mapping[str, object]:
    content = reply.json()
    if not isinstance(content, dict):
        raise odd_answer("a request")
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


def _undescribed(name: str, status: int, error_code: str, reason: str) -> UnknownObjectError:
    said = " ".join(f"{error_code}: {reason}".split())
    return UnknownObjectError(
        f"{name} can't be described: HTTP {status} ({said}).",
        hint="Check the API name in Setup > Object Manager, and that the user may read the "
        "object (Setup > Permission Sets > Object Settings).",
        status=status,
        error_code=error_code,
        reason=reason,
    )
