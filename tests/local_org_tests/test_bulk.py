"""The local org's Bulk API 2.0 query jobs."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.local_org_tests.caller import ROOT

if TYPE_CHECKING:
    import requests

    from tests.local_org import LocalOrg
    from tests.local_org_tests.caller import Caller

SOQL = "SELECT Id, Name FROM Opportunity"
BRIEF = {
    "id",
    "operation",
    "object",
    "createdById",
    "createdDate",
    "systemModstamp",
    "state",
    "concurrencyMode",
    "contentType",
    "apiVersion",
}


def _create(caller: Caller, soql: str = SOQL, **options: str) -> requests.Response:
    body = {"operation": "query", "query": soql, **options}
    return caller.post("/jobs/query", json=body)


def _job(caller: Caller, soql: str = SOQL, **options: str) -> str:
    """The path of a new job."""
    return f"/jobs/query/{_create(caller, soql, **options).json()['id']}"


@pytest.fixture
def done(org: LocalOrg, caller: Caller) -> str:
    """The path of a finished job of 25 rows."""
    org.store.seed("Opportunity", 25)
    org.settings.job_transition = "immediate"
    return _job(caller)


def _error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


def _rows(answer: requests.Response, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode(), newline=""), delimiter=delimiter))


# Create


def test_create_answers_200_without_counters(org: LocalOrg, caller: Caller) -> None:
    answer = _create(caller)
    assert answer.status_code == 200
    content = answer.json()
    assert set(content) == BRIEF | {"lineEnding", "columnDelimiter"}
    assert content["state"] == "UploadComplete"
    assert content["apiVersion"] == 68.0
    assert '"apiVersion":68.0' in answer.text
    assert content["object"] == "Opportunity"
    assert SOQL not in answer.text
    assert org.limits.bulk_jobs.used == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("{", "JSON_PARSER_ERROR", id="broken json"),
        pytest.param("[]", "JSON_PARSER_ERROR", id="no object"),
        pytest.param('{"operation":"query","query":"x","sql":"x"}', "JSON_PARSER_ERROR", id="more"),
        pytest.param('{"operation":"insert","query":"x"}', "INVALIDJOB", id="operation"),
        pytest.param('{"operation":"query"}', "INVALIDJOB", id="no query"),
        pytest.param(
            '{"operation":"query","query":"x","columnDelimiter":"SPACE"}',
            "INVALIDJOB",
            id="delimiter",
        ),
        pytest.param(
            '{"operation":"query","query":"x","contentType":"JSON"}',
            "INVALIDJOB",
            id="content type",
        ),
    ],
)
def test_bad_bodies(caller: Caller, body: str, code: str) -> None:
    assert _error(caller.post("/jobs/query", data=body)) == (400, code)


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id FROM Nonsense", "INVALID_TYPE"),
        ("SELECT Nonsense FROM Account", "INVALID_FIELD"),
        ("SELECT FROM", "MALFORMED_QUERY"),
        ("SELECT Id, BillingAddress FROM Account", "API_ERROR"),
        ("SELECT COUNT() FROM Account", "API_ERROR"),
    ],
)
def test_queries_are_validated_at_create(
    org: LocalOrg, caller: Caller, soql: str, code: str
) -> None:
    assert _error(_create(caller, soql)) == (400, code)
    assert org.limits.bulk_jobs.used == 0


def test_jobs_and_storage_run_out(org: LocalOrg, caller: Caller) -> None:
    org.limits.bulk_jobs.remaining = 1
    assert _create(caller).status_code == 200
    answer = _create(caller)
    assert _error(answer) == (400, "LIMIT_EXCEEDED")
    assert "query jobs (10000) per 24 hrs has been reached" in answer.text
    org.limits.bulk_jobs.remaining = 10
    org.limits.bulk_storage_kb.remaining = 0
    assert "result size stored (1000000000) kb" in _create(caller).text


# States


def _states(caller: Caller, job: str, polls: int) -> list[str]:
    return [caller.get(job).json()["state"] for _ in range(polls)]


def test_a_job_proceeds_with_the_polls(org: LocalOrg, caller: Caller) -> None:
    org.settings.job_polls = 2
    job = _job(caller)
    assert _states(caller, job, 4) == ["InProgress", "InProgress", "JobComplete", "JobComplete"]


def test_a_job_proceeds_with_the_orgs_clock(org: LocalOrg, caller: Caller) -> None:
    org.settings.job_transition = "time"
    org.settings.job_seconds = 90
    job = _job(caller)
    org.clock.advance(80)
    assert _states(caller, job, 2) == ["InProgress", "InProgress"]
    org.clock.advance(11)
    assert _states(caller, job, 1) == ["JobComplete"]


def test_a_job_may_never_end_until_a_test_ends_it(org: LocalOrg, caller: Caller) -> None:
    org.settings.job_transition = "never"
    job = _job(caller)
    assert set(_states(caller, job, 5)) == {"InProgress"}
    org.jobs.finish(org.jobs.all()[0])
    assert _states(caller, job, 1) == ["JobComplete"]


def test_a_finished_job_tells_what_it_did(caller: Caller, done: str) -> None:
    content = caller.get(done).json()
    assert content["jobType"] == "V2Query"
    assert content["numberRecordsProcessed"] == 25
    assert content["retries"] == 0
    assert content["isPkChunkingSupported"] is True
    assert "errorMessage" not in content
    assert isinstance(content["totalProcessingTime"], int)


@pytest.mark.parametrize("clause", [" ORDER BY Id", " LIMIT 5"])
def test_order_and_limit_switch_pk_chunking_off(caller: Caller, clause: str) -> None:
    assert caller.get(_job(caller, SOQL + clause)).json()["isPkChunkingSupported"] is False
    quoted = SOQL + " WHERE Name = 'no LIMIT'"
    assert caller.get(_job(caller, quoted)).json()["isPkChunkingSupported"] is True


def test_a_job_fails_with_a_message(org: LocalOrg, caller: Caller) -> None:
    org.settings.job_transition = "immediate"
    org.jobs.script("Failed", "InvalidBatch : Failed to process query: too large")
    failed = caller.get(_job(caller)).json()
    assert failed["state"] == "Failed"
    assert failed["errorMessage"] == "InvalidBatch : Failed to process query: too large"
    assert caller.get(_job(caller)).json()["state"] == "JobComplete"


@pytest.mark.parametrize("end", ["Failed", "InProgress"])
def test_a_job_can_be_too_large(
    org: LocalOrg, caller: Caller, end: Literal["Failed", "InProgress"]
) -> None:
    org.store.seed("Opportunity", 5)
    org.settings.job_transition = "immediate"
    org.settings.job_max_rows = 4
    org.settings.job_too_large = end
    job = caller.get(_job(caller)).json()
    assert job["state"] == end
    assert ("QUERY_TIMEOUT" in job.get("errorMessage", "")) is (end == "Failed")
    org.settings.job_max_rows = 5
    assert caller.get(_job(caller)).json()["state"] == "JobComplete"


def test_a_field_hidden_meanwhile_fails_the_job(org: LocalOrg, caller: Caller) -> None:
    org.settings.job_transition = "after_polls"
    job = _job(caller)
    org.store.hide_field("Opportunity", "Name")
    assert _states(caller, job, 2)[-1] == "Failed"
    assert "INVALID_FIELD" in caller.get(job).json()["errorMessage"]


def test_counters_may_come_late(org: LocalOrg, caller: Caller) -> None:
    org.settings.job_counters = False
    job = _job(caller)
    assert "numberRecordsProcessed" not in caller.get(job).json()
    assert caller.get(job).json()["numberRecordsProcessed"] == 0


def test_the_count_may_be_wrong(org: LocalOrg, caller: Caller, done: str) -> None:
    org.settings.job_count_off_by = 3
    assert caller.get(done).json()["numberRecordsProcessed"] == 28


def test_abort(caller: Caller) -> None:
    """The answer has the ten basic fields and no more; an aborted job has no results."""
    job = _job(caller)
    answer = caller.call("PATCH", job, json={"state": "Aborted"})
    assert (answer.status_code, set(answer.json())) == (200, BRIEF)
    assert caller.get(job).json()["state"] == "Aborted"
    assert caller.get(f"{job}/results").status_code == 400


def test_a_finished_job_cannot_be_aborted(caller: Caller, done: str) -> None:
    answer = caller.call("PATCH", done, json={"state": "Aborted"})
    assert _error(answer) == (400, "INVALIDJOBSTATE")
    assert answer.json()[0]["message"] == "Aborting already Completed Job not allowed"


def test_only_finished_jobs_can_be_deleted(org: LocalOrg, caller: Caller) -> None:
    job = _job(caller)
    assert _error(caller.call("DELETE", job)) == (400, "API_ERROR")
    org.settings.job_transition = "immediate"
    deleted = caller.call("DELETE", job)
    assert (deleted.status_code, deleted.content) == (204, b"")
    for path in (job, f"{job}/results", f"{job}/resultPages"):
        assert _error(caller.get(path)) == (404, "NOT_FOUND")


def test_jobs_are_kept_for_seven_days(org: LocalOrg, caller: Caller, done: str) -> None:
    org.clock.advance(7 * 86_400 + 1)
    caller.sign_in()
    assert _error(caller.get(done)) == (404, "NOT_FOUND")
    assert caller.get("/jobs/query").json()["records"] == []


def test_the_list_has_a_thousand_jobs_a_page(org: LocalOrg, caller: Caller) -> None:
    for _ in range(1_001):
        org.jobs.create(
            operation="query", soql=SOQL, version="68.0", delimiter="COMMA", line_ending="LF"
        )
    first = caller.get("/jobs/query").json()
    assert (first["done"], len(first["records"])) == (False, 1_000)
    second = caller.get(first["nextRecordsUrl"]).json()
    assert (second["done"], len(second["records"])) == (True, 1)


def test_the_list_of_jobs(caller: Caller, done: str) -> None:
    content = caller.get("/jobs/query").json()
    assert (content["done"], content["nextRecordsUrl"]) == (True, None)
    assert [f"/jobs/query/{job['id']}" for job in content["records"]] == [done]
    assert set(content["records"][0]) == BRIEF | {"jobType", "lineEnding", "columnDelimiter"}
    assert caller.get("/jobs/query?jobType=Classic").json()["records"] == []


# Results


def test_result_pages_follow_each_other(org: LocalOrg, caller: Caller, done: str) -> None:
    """Each page has the header row; the last locator is the text `null`."""
    locator, sizes, ids = "", [], []
    while locator != "null":
        parameters = {"maxRecords": "10", **({"locator": locator} if locator else {})}
        answer = caller.get(f"{done}/results", params=parameters)
        locator = answer.headers["Sforce-Locator"]
        header, *rows = _rows(answer)
        assert header == ["Id", "Name"]
        assert int(answer.headers["Sforce-NumberOfRecords"]) == len(rows)
        sizes.append(len(rows))
        ids += [row[0] for row in rows]
    assert sizes == [10, 10, 5]
    assert answer.headers["Content-Type"] == "text/csv; charset=UTF-8"
    assert sorted(ids) == sorted(str(row["Id"]) for row in org.store.rows("Opportunity"))


def test_a_locator_can_be_read_again(caller: Caller, done: str) -> None:
    first = caller.get(f"{done}/results?maxRecords=10")
    again = {"maxRecords": "10", "locator": first.headers["Sforce-Locator"]}
    one, two = (caller.get(f"{done}/results", params=again) for _ in range(2))
    assert one.content == two.content != first.content


def test_the_server_may_give_fewer_than_asked(org: LocalOrg, caller: Caller, done: str) -> None:
    org.settings.bulk_page_rows = 7
    answer = caller.get(f"{done}/results?maxRecords=10")
    assert answer.headers["Sforce-NumberOfRecords"] == "7"


def test_results_are_a_snapshot(org: LocalOrg, caller: Caller, done: str) -> None:
    before = caller.get(f"{done}/results").content
    org.store.seed("Opportunity", 5)
    assert caller.get(f"{done}/results").content == before


def test_zero_rows_are_a_header_row(org: LocalOrg, caller: Caller) -> None:
    org.settings.job_transition = "immediate"
    job = _job(caller)
    assert caller.get(job).json()["numberRecordsProcessed"] == 0
    answer = caller.get(f"{job}/results")
    assert answer.content == b'"Id","Name"\n'
    assert answer.headers["Sforce-NumberOfRecords"] == "0"
    assert answer.headers["Sforce-Locator"] == "null"


def test_delimiter_and_line_ending(org: LocalOrg, caller: Caller) -> None:
    org.settings.job_transition = "immediate"
    org.store.seed("Opportunity", 3, hurt=False)
    job = _job(caller, columnDelimiter="TAB", lineEnding="CRLF")
    answer = caller.get(f"{job}/results")
    assert answer.content.startswith(b'"Id"\t"Name"\r\n"006')
    assert len(_rows(answer, "\t")) == 4


def test_another_version_conflicts(caller: Caller, done: str) -> None:
    for resource in ("results", "resultPages"):
        path = f"{ROOT}{done}/{resource}".replace("v68.0", "v67.0")
        assert caller.get(path).status_code == 409
    assert caller.get(f"{ROOT}{done}".replace("v68.0", "v67.0")).status_code == 200


def test_results_before_the_end(org: LocalOrg, caller: Caller) -> None:
    job = _job(caller)
    assert _error(caller.get(f"{job}/results")) == (400, "INVALIDJOBSTATE")
    org.settings.early_results_status = 204
    assert caller.get(f"{job}/results").status_code == 204


@pytest.mark.parametrize(
    "query", ["locator=nonsense", "locator=MTAwMDA", "maxRecords=0", "maxRecords=x"]
)
def test_bad_result_parameters(caller: Caller, done: str, query: str) -> None:
    assert _error(caller.get(f"{done}/results?{query}")) == (400, "API_ERROR")


# Parallel results


def _listed(caller: Caller, job: str, key: str = "nextRecordsUrl") -> tuple[list[str], list[int]]:
    urls: list[str] = []
    calls: list[int] = []
    path: str | None = f"{job}/resultPages"
    while path:
        content = caller.get(path).json()
        urls += [page["resultUrl"] for page in content["resultPages"]]
        calls.append(len(content["resultPages"]))
        assert content["done"] is (content[key] is None)
        path = content[key]
    return urls, calls


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="as seen"),
        pytest.param(
            {"result_pages_key": "nextRecordUrl", "result_pages_path": "resultPages"},
            id="as documented",
        ),
        pytest.param(
            {"result_pages_first_locator": False, "result_pages_locator_header": "null"}, id="bare"
        ),
    ],
)
def test_result_pages_come_five_at_a_time_and_cover_all_rows(
    org: LocalOrg, caller: Caller, done: str, settings: dict[str, Any]
) -> None:
    org.settings.result_page_rows = 4
    for name, value in settings.items():
        setattr(org.settings, name, value)
    urls, calls = _listed(caller, done, org.settings.result_pages_key)
    assert calls == [5, 2]
    rows = [row for url in urls for row in _rows(caller.get(url))[1:]]
    assert rows == _rows(caller.get(f"{done}/results"))[1:]


def test_result_pages_are_new_in_58(caller: Caller, done: str) -> None:
    answer = caller.get(f"/services/data/v57.0{done}/resultPages")
    assert _error(answer) == (404, "NOT_FOUND")


def test_result_pages_of_a_running_job(caller: Caller) -> None:
    assert _error(caller.get(f"{_job(caller)}/resultPages")) == (400, "INVALIDJOBSTATE")
