"""The local org's REST resources: versions, limits, describes, composites, queries and cursors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.local_org_tests.caller import ROOT

if TYPE_CHECKING:
    import requests

    from tests.local_org import LocalOrg
    from tests.local_org_tests.caller import Caller

OPPORTUNITIES = "SELECT Id FROM Opportunity ORDER BY Id"


def _error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


# Versions


def test_versions_are_for_everyone_and_cost_nothing(org: LocalOrg, stranger: Caller) -> None:
    answer = stranger.get("/services/data")
    assert answer.json()[0] == {
        "label": "Winter '18",
        "url": "/services/data/v41.0",
        "version": "41.0",
    }
    assert answer.json()[-1]["label"] == "Winter '27"
    assert [entry["version"] for entry in answer.json()] == [f"{n}.0" for n in range(41, 69)]
    assert "Sforce-Limit-Info" not in answer.headers
    assert org.journal.api_calls == 0


@pytest.mark.parametrize(
    ("version", "error"),
    [
        ("v69.0", (404, "NOT_FOUND")),
        ("v68", (404, "NOT_FOUND")),
        ("v40.0", (404, "NOT_FOUND")),
        ("v29.0", (410, "UNSUPPORTED_API_VERSION")),
    ],
)
def test_versions_that_the_org_lacks(caller: Caller, version: str, error: tuple[int, str]) -> None:
    assert _error(caller.get(f"/services/data/{version}/sobjects")) == error


def test_deprecated_versions_carry_a_warning(org: LocalOrg, caller: Caller) -> None:
    org.settings.versions = [40, 41]
    assert caller.get("/services/data/v40.0/sobjects").headers["Warning"].startswith("299 - ")
    assert "Warning" not in caller.get("/services/data/v41.0/sobjects").headers


@pytest.mark.parametrize(
    ("method", "path", "error"),
    [
        ("GET", "/nonsense", (404, "NOT_FOUND")),
        ("GET", "/sobjects/Nonsense/describe", (404, "NOT_FOUND")),
        ("POST", "/query", (405, "METHOD_NOT_ALLOWED")),
    ],
)
def test_paths_that_lead_nowhere(
    caller: Caller, method: str, path: str, error: tuple[int, str]
) -> None:
    assert _error(caller.call(method, path)) == error


# Limits


def test_limits_nest_an_entry_per_app(org: LocalOrg, caller: Caller) -> None:
    org.limits.calls.remaining = 500
    limits = caller.get("/limits").json()
    assert limits["DailyApiRequests"]["Remaining"] == 499
    assert limits["DailyApiRequests"]["Ant Migration Tool"] == {"Max": 0, "Remaining": 0}
    assert limits["DailyBulkV2QueryJobs"] == {"Max": 10_000, "Remaining": 10_000}
    assert limits["DailyBulkV2QueryFileStorageMB"]["Max"] == 976_562


def test_limit_info_has_two_forms_and_may_be_absent(org: LocalOrg, caller: Caller) -> None:
    assert caller.get("/sobjects").headers["Sforce-Limit-Info"] == "api-usage=1/15000"
    org.settings.limit_info = "per-app"
    assert caller.get("/sobjects").headers["Sforce-Limit-Info"] == (
        "api-usage=2/15000; per-app-api-usage=2/15000(appName=VersionForge)"
    )
    org.settings.limit_info = "absent"
    assert "Sforce-Limit-Info" not in caller.get("/sobjects").headers


def test_used_up_calls_come_back_after_a_day(org: LocalOrg, caller: Caller) -> None:
    org.limits.calls.remaining = 1
    assert caller.get("/sobjects").status_code == 200
    answer = caller.get("/sobjects")
    assert _error(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert answer.json()[0]["message"] == "TotalRequests Limit exceeded."
    assert "Retry-After" not in answer.headers
    org.clock.advance(86_401)
    caller.sign_in()
    assert caller.get("/sobjects").status_code == 200


def test_permissions_of_the_user_by_name(org: LocalOrg, caller: Caller) -> None:
    """Whoever lacks View Setup may ask all the same; no other permission is a field."""
    org.settings.view_setup = False
    soql = "SELECT PermissionsViewSetup, permissionsapienabled FROM UserPermissionAccess"
    answer = caller.query(soql).json()
    row = answer["records"][0]
    assert (answer["totalSize"], answer["done"]) == (1, True)
    assert row["attributes"]["type"] == "UserPermissionAccess"
    assert (row["PermissionsViewSetup"], row["PermissionsApiEnabled"]) == (False, True)
    unknown = caller.query("SELECT PermissionsNothing FROM UserPermissionAccess")
    assert _error(unknown) == (400, "INVALID_FIELD")


def test_record_count_is_approximate_and_leaves_things_out(org: LocalOrg, caller: Caller) -> None:
    org.store.seed("Account", 20)
    org.store.seed("Contact", 10)
    org.settings.record_count_factor = 1.1
    org.settings.record_count_omits = {"Contact"}
    path = "/limits/recordCount?sObjects=Account,Contact,Nonsense"
    assert caller.get(path).json() == {"sObjects": [{"count": 22, "name": "Account"}]}
    names = [entry["name"] for entry in caller.get("/limits/recordCount").json()["sObjects"]]
    assert "User" in names


@pytest.mark.parametrize("path", ["/limits", "/limits/recordCount"])
def test_limits_need_a_permission(org: LocalOrg, caller: Caller, path: str) -> None:
    org.settings.view_setup = False
    assert _error(caller.get(path)) == (403, "INSUFFICIENT_ACCESS")


# Describes


def test_describe_global_lists_what_the_user_may_see(org: LocalOrg, caller: Caller) -> None:
    content = caller.get("/sobjects").json()
    assert (content["encoding"], content["maxBatchSize"]) == ("UTF-8", 200)
    assert "Contract" in [entry["name"] for entry in content["sobjects"]]
    org.store.hide_object("Contract")
    content = caller.get("/sobjects").json()
    assert "Contract" not in [entry["name"] for entry in content["sobjects"]]
    assert _error(caller.get("/sobjects/Contract/describe")) == (404, "NOT_FOUND")


def test_describe_is_conditional(org: LocalOrg, caller: Caller) -> None:
    """304 until something changes, also when it changes twice within a second."""
    org.clock.freeze()
    path = "/sobjects/Account/describe"
    for name in ("Fax", "Phone"):
        stamp = caller.get(path).headers["Last-Modified"]
        unchanged = caller.get(path, headers={"If-Modified-Since": stamp})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        org.store.hide_field("Account", name)
        changed = caller.get(path, headers={"If-Modified-Since": stamp})
        assert changed.status_code == 200
        assert name not in [field["name"] for field in changed.json()["fields"]]


# Composites


def _describes(*names: str) -> list[dict[str, str]]:
    return [
        {"method": "GET", "url": f"{ROOT}/sobjects/{name}/describe", "referenceId": name}
        for name in names
    ]


def test_a_composite_counts_as_one_call(org: LocalOrg, caller: Caller) -> None:
    body = {"allOrNone": False, "compositeRequest": _describes("Account", "Nonsense")}
    parts = caller.post("/composite", json=body).json()["compositeResponse"]
    assert [part["httpStatusCode"] for part in parts] == [200, 404]
    assert [part["referenceId"] for part in parts] == ["Account", "Nonsense"]
    assert parts[0]["body"] == caller.get("/sobjects/Account/describe").json()
    assert set(parts[0]["httpHeaders"]) == {"ETag", "Last-Modified"}
    assert parts[1]["body"][0]["errorCode"] == "NOT_FOUND"
    assert org.journal.api_calls == 2
    assert [entry.counted for entry in org.journal.calls("/composite")] == [1]


def test_all_or_none_halts_the_good_parts_too(caller: Caller) -> None:
    body = {"allOrNone": True, "compositeRequest": _describes("Account", "Nonsense")}
    parts = caller.post("/composite", json=body).json()["compositeResponse"]
    assert [part["httpStatusCode"] for part in parts] == [400, 404]
    assert parts[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_a_part_may_be_conditional(caller: Caller) -> None:
    stamp = caller.get("/sobjects/Account/describe").headers["Last-Modified"]
    part = {**_describes("Account")[0], "httpHeaders": {"If-Modified-Since": stamp}}
    parts = caller.post("/composite", json={"compositeRequest": [part]}).json()
    assert parts["compositeResponse"][0]["httpStatusCode"] == 304


def test_a_part_may_be_a_query_and_keeps_its_numbers(org: LocalOrg, caller: Caller) -> None:
    org.store.insert("Opportunity", [{"Name": "exact", "Amount": "1234567890123456.78"}])
    url = f"{ROOT}/query?q=SELECT+Amount+FROM+Opportunity"
    part = {"method": "GET", "url": url, "referenceId": "q"}
    answer = caller.post("/composite", json={"compositeRequest": [part]})
    assert '"Amount":1.23456789012345678E15' in answer.text
    assert org.journal.soql() == [("rest", "SELECT Amount FROM Opportunity")]


def test_a_composite_has_at_most_25_parts(caller: Caller) -> None:
    parts = [{**_describes("Account")[0], "referenceId": f"r{n}"} for n in range(26)]
    assert caller.post("/composite", json={"compositeRequest": parts[:25]}).status_code == 200
    assert caller.post("/composite", json={"compositeRequest": parts}).status_code == 400


def test_a_composite_has_at_most_five_queries(caller: Caller) -> None:
    query = {"method": "GET", "url": f"{ROOT}/query?q=SELECT+Id+FROM+Account"}
    parts = [{**query, "referenceId": f"r{n}"} for n in range(6)]
    assert caller.post("/composite", json={"compositeRequest": parts[:5]}).status_code == 200
    assert caller.post("/composite", json={"compositeRequest": parts}).status_code == 400


def test_a_composite_may_be_refused(org: LocalOrg, caller: Caller) -> None:
    org.settings.composite_refusal = (403, "API_DISABLED_FOR_ORG", "Not here")
    body = {"compositeRequest": _describes("Account")}
    assert _error(caller.post("/composite", json=body)) == (403, "API_DISABLED_FOR_ORG")


def test_a_batch_counts_every_part_and_halts_on_error(org: LocalOrg, caller: Caller) -> None:
    names = ("Account", "Nonsense", "Contact")
    requests = [{"method": "GET", "url": f"v68.0/sobjects/{name}/describe"} for name in names]
    body = {"haltOnError": True, "batchRequests": requests}
    content = caller.post("/composite/batch", json=body).json()
    assert content["hasErrors"]
    assert [result["statusCode"] for result in content["results"]] == [200, 404, 412]
    assert content["results"][0]["result"]["name"] == "Account"
    assert org.journal.api_calls == 2


# Queries


def test_query_pages_follow_each_other(org: LocalOrg, caller: Caller) -> None:
    ids = org.store.seed("Opportunity", 25)
    org.settings.page_rows = 10
    page = caller.query(OPPORTUNITIES).json()
    seen, sizes = page["records"], [len(page["records"])]
    while not page["done"]:
        assert page["totalSize"] == 25
        page = caller.get(page["nextRecordsUrl"]).json()
        seen += page["records"]
        sizes.append(len(page["records"]))
    assert "nextRecordsUrl" not in page
    assert sizes == [10, 10, 5]
    assert [record["Id"] for record in seen] == sorted(ids)
    assert seen[0]["attributes"] == {
        "type": "Opportunity",
        "url": f"{ROOT}/sobjects/Opportunity/{seen[0]['Id']}",
    }


def test_query_all_continues_under_query(org: LocalOrg, caller: Caller) -> None:
    """The next page's path says /query/, has the deleted rows, and /queryAll/ works too."""
    ids = org.store.seed("Opportunity", 15)
    org.store.delete("Opportunity", ids[-5:])
    org.settings.page_rows = 10
    first = caller.query(OPPORTUNITIES, resource="queryAll").json()
    assert first["totalSize"] == 15
    assert first["nextRecordsUrl"].startswith(f"{ROOT}/query/01g")
    second = caller.get(first["nextRecordsUrl"]).json()
    also = caller.get(first["nextRecordsUrl"].replace("/query/", "/queryAll/")).json()
    assert second == also
    assert len(second["records"]) == 5


def test_an_offset_may_be_made_up(org: LocalOrg, caller: Caller) -> None:
    """Clients that fetch pages in parallel write their own offsets into the locator."""
    ids = org.store.seed("Opportunity", 25)
    org.settings.page_rows = 10
    url = caller.query(OPPORTUNITIES).json()["nextRecordsUrl"]
    page = caller.get(url.replace("-10", "-17")).json()
    assert [record["Id"] for record in page["records"]] == sorted(ids)[17:]


@pytest.mark.parametrize(
    ("hint", "setting", "rows"),
    [("500", "obey", 500), ("100", "obey", 200), ("500", "ignore", 900), (None, "obey", 900)],
)
def test_the_batch_size_is_a_hint(
    org: LocalOrg,
    caller: Caller,
    hint: str | None,
    setting: Literal["obey", "ignore"],
    rows: int,
) -> None:
    org.store.seed("Contact", 900, hurt=False)
    org.settings.batch_size_hint = setting
    headers = {"Sforce-Query-Options": f"batchSize={hint}"} if hint else {}
    page = caller.query("SELECT Id FROM Contact", headers=headers).json()
    assert len(page["records"]) == rows


def test_pages_with_long_texts_are_short(org: LocalOrg, caller: Caller) -> None:
    org.store.seed("Measurement__c", 250)
    one = caller.query("SELECT Id, Long_Note__c FROM Measurement__c").json()
    two = caller.query("SELECT Id, Long_Note__c, Rich_Note__c FROM Measurement__c").json()
    assert (len(one["records"]), len(two["records"])) == (250, 200)


def test_page_sizes_may_change_between_pages(org: LocalOrg, caller: Caller) -> None:
    org.store.seed("Opportunity", 25)
    org.settings.page_sizes = lambda start: 7 if start == 0 else 13
    page = caller.query(OPPORTUNITIES).json()
    sizes = [len(page["records"])]
    while not page["done"]:
        page = caller.get(page["nextRecordsUrl"]).json()
        sizes.append(len(page["records"]))
    assert sizes == [7, 13, 5]


def test_cursors_live_two_days(org: LocalOrg, caller: Caller) -> None:
    org.store.seed("Opportunity", 25)
    org.settings.page_rows = 10
    url = caller.query(OPPORTUNITIES).json()["nextRecordsUrl"]
    org.clock.advance(2 * 86_400 - 60)
    caller.sign_in()
    assert caller.get(url).status_code == 200
    org.clock.advance(61)
    answer = caller.get(url)
    assert _error(answer) == (400, "INVALID_QUERY_LOCATOR")
    assert answer.json()[0]["message"] == "invalid query locator"


@pytest.mark.parametrize("locator", ["01gLO0000009999-10", "nonsense", "01g-1"])
def test_unknown_locators(caller: Caller, locator: str) -> None:
    assert _error(caller.get(f"/query/{locator}")) == (400, "INVALID_QUERY_LOCATOR")


def test_a_count_has_no_records(org: LocalOrg, caller: Caller) -> None:
    org.store.seed("Opportunity", 25)
    answer = caller.query("SELECT COUNT() FROM Opportunity").json()
    assert answer == {"totalSize": 25, "done": True, "records": []}


def test_an_empty_result(caller: Caller) -> None:
    assert caller.query(OPPORTUNITIES).json() == {"totalSize": 0, "done": True, "records": []}


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("", "MALFORMED_QUERY"),
        ("SELECT Id FORM Account", "MALFORMED_QUERY"),
        ("SELECT Nonsense FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nonsense", "INVALID_TYPE"),
    ],
)
def test_bad_queries(caller: Caller, soql: str, code: str) -> None:
    assert _error(caller.query(soql)) == (400, code)


def test_a_long_uri_is_refused(org: LocalOrg, caller: Caller) -> None:
    """414 for the URI alone, 431 for the URI with its headers, or what the org is told to say."""
    soql = "SELECT Id FROM Account WHERE Name != '{}'"
    assert caller.query(soql.format("x" * 15_000)).status_code != 414
    assert caller.query(soql.format("x" * 16_384)).status_code == 414
    assert caller.query(soql.format("x" * 90_000)).status_code == 414
    assert caller.query("SELECT Id", headers={"X-Long": "x" * 16_384}).status_code == 431
    org.settings.uri_too_long_status = 431
    assert caller.query(soql.format("x" * 16_384)).status_code == 431


def test_answers_are_compressed_when_asked(org: LocalOrg, caller: Caller) -> None:
    plain = caller.get("/sobjects", headers={"Accept-Encoding": "identity"})
    packed = caller.get("/sobjects", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()
    org.settings.gzip = False
    assert "Content-Encoding" not in caller.get("/sobjects").headers


# The journal


def test_the_journal_knows_every_query_in_order(org: LocalOrg, caller: Caller) -> None:
    caller.query("SELECT Id FROM Account")
    caller.post("/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Contact"})
    caller.query("SELECT Nonsense FROM Account", resource="queryAll")
    assert org.journal.soql() == [
        ("rest", "SELECT Id FROM Account"),
        ("bulk", "SELECT Id FROM Contact"),
        ("rest", "SELECT Nonsense FROM Account"),
    ]
    assert org.journal.api_calls == 3
    assert [entry.status for entry in org.journal.calls("/query*")] == [200, 400]
    assert org.journal.calls("/jobs/*", "POST")[0].headers["Content-Type"] == "application/json"
