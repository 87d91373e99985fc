"""`check` as a doctor: what it knows besides whether the way to the data is open."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages
from tests.support.check_report import check, closing, lines, report_of, with_pair
from tests.support.many_objects import calls_with_queries_of, many_objects

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, TapRunner

TWO = ["Account", "Contact"]


@pytest.mark.parametrize(
    ("audience", "host", "problem"),
    [
        ("https://test.salesforce.com", "acme.my.salesforce.com", "no sandbox"),
        ("https://login.salesforce.com", "acme--uat.sandbox.my.salesforce.com", "a sandbox or"),
        ("https://test.salesforce.com", "acme--uat.sandbox.my.salesforce.com", None),
        ("https://acme.my.salesforce.com", "acme.my.salesforce.com", None),
        (None, "acme--uat.sandbox.my.salesforce.com", None),
    ],
    ids=["production", "sandbox", "fits", "own", "concluded"],
)
def test_an_audience_that_does_not_fit_the_host_is_told_first(
    tap: TapRunner, audience: str | None, host: str, problem: str | None
) -> None:
    """Before anything is sent: the key is none here, so that it ends there."""
    settings = {"instance_url": f"https://{host}", "private_key": "x"}
    given = {} if audience is None else {"jwt_audience": audience}
    run = check(tap, **settings, **given)
    found = lines(run)
    assert list(found)[:2] == ["settings", "audience"]
    assert found["audience"].startswith("warn ") == (problem is not None)
    assert problem is None or f"but {host} is the host of {problem}" in found["audience"]
    facts = report_of(check(tap, "--json", **settings, **given))["facts"]
    assert facts["audience_fits_host"] == (problem is None)


def test_permissions_that_the_user_lacks_are_warnings(org: LocalOrg, tap: TapRunner) -> None:
    """By their names, with the page in Setup; the exit code stays 0."""
    org.settings.view_setup = False
    org.settings.permissions["ViewAllData"] = org.settings.permissions["ApiEnabled"] = False
    org.faults.add("GET /jobs/query", outages.salesforce(errors.feature_not_enabled()), times=None)
    run = check(tap, objects=["Account"])
    assert run.exit_code == 0
    found = lines(run)
    assert found["API Enabled"].startswith("warn no: ")
    assert found["View Setup"].startswith("warn View Setup and Configuration: no")
    assert found["View All Data"].startswith("warn no: rows that nobody shares with the user")
    assert found["Bulk API 2.0"].startswith("warn no")
    assert run.stdout.count("Setup > Permission Sets (or Profiles) > System Permissions") == 3
    assert closing(run)[0] == "Everything works, with 4 warnings. Next:"


def test_permissions_that_nobody_tells_are_not_judged(org: LocalOrg, tap: TapRunner) -> None:
    """What can't be known is said to be so, and is neither a warning nor a failure."""
    refused = outages.salesforce(errors.not_queryable("UserPermissionAccess"))
    org.faults.add(faults.querying("UserPermissionAccess"), refused, times=None)
    org.faults.add("*/limits", outages.server_unavailable(), times=None)
    org.faults.add("GET /jobs/query", outages.server_unavailable(), times=None)
    run = check(tap, "--json", objects=["Account"])
    report = report_of(run)
    assert (run.exit_code, report["ok"], report["warnings"]) == (0, True, 0)
    steps = {step["name"]: step for step in report["steps"]}
    for name in ("API Enabled", "View Setup", "View All Data", "Bulk API 2.0"):
        assert steps[name]["status"] == "skipped"
        assert steps[name]["found"].startswith("can't be known: ")
    assert report["facts"]["permission_api_enabled"] is None
    assert report["facts"]["permission_view_setup"] is None


def test_limits_that_are_answered_tell_of_permissions(org: LocalOrg, tap: TapRunner) -> None:
    """Also where the permissions themselves can't be asked for."""
    refused = outages.salesforce(errors.not_queryable("UserPermissionAccess"))
    org.faults.add(faults.querying("UserPermissionAccess"), refused, times=None)
    found = lines(check(tap, objects=["Account"]))
    assert found["API Enabled"] == "yes"
    assert found["View Setup"].endswith(": yes")


def test_columns_hidden_since_the_catalog_are_named(org: LocalOrg, tap: TapRunner) -> None:
    """As a warning of their object; one that is not selected does not count."""
    catalog = tap.discover(objects=TWO)
    for item in catalog["streams"][0]["metadata"]:
        if item["breadcrumb"] == ["properties", "Fax"]:
            item["metadata"]["selected"] = False
    for name in ("Fax", "Phone", "Website"):
        org.store.hide_field("Account", name)
    file = tap.file("catalog.json", catalog)
    run = check(tap, "--catalog", file, discovery_cache=False)
    assert run.exit_code == 0
    told = lines(run)["Account"]
    assert told.startswith("warn readable")
    assert told.endswith("2 columns of the catalog hidden or gone: Phone, Website")
    report = report_of(check(tap, "--json", "--catalog", file, discovery_cache=False))
    account, contact = report["objects"]
    assert account["hidden_columns"] == ["Phone", "Website"]
    assert (account["status"], contact["status"]) == ("warning", "ok")
    assert contact["hidden_columns"] == []


def test_an_object_that_wants_a_filter_is_explained(org: LocalOrg, tap: TapRunner) -> None:
    """It is no failure of the check: what to do is said."""
    wanted = errors.implementation_restriction("Account requires a filter by some of its fields")
    org.faults.add(faults.querying("Account"), outages.salesforce(wanted), times=None)
    run = check(tap, objects=TWO)
    assert run.exit_code == 0
    assert lines(run)["Account"].startswith("warn Salesforce answers only queries with a filter")
    assert "Give it a condition in filters, take it out of objects" in lines(run)["what to do"]


def test_objects_that_only_a_pattern_names_are_explained(tap: TapRunner) -> None:
    """One line with the reasons; --json has each by its name."""
    run = check(tap, objects=["Account*", "ContentDocumentLink"])
    assert run.exit_code == 0
    found = lines(run)
    assert found["left out"].startswith("skip 1 object that only a pattern names: Change events")
    assert "by REST and the Ids of each ContentDocument" in found["ContentDocumentLink"]
    report = report_of(check(tap, "--json", objects=["Account*"]))
    assert list(report["facts"]["left_out_objects"]) == ["AccountChangeEvent"]


def test_json_has_every_fact_as_a_field(
    org: LocalOrg, tap: TapRunner, pair: Path, clock: OrgClock
) -> None:
    """Numbers as numbers, for who wants to watch them."""
    org.store.seed("Account", 2, hurt=False)
    clock.ahead_seconds = 20
    report = report_of(check(tap, "--json", **with_pair(pair)))
    facts = report["facts"]
    assert facts["clock_skew_seconds"] in {19, 20, 21}
    assert facts["certificate_days"] in {30, 31}
    assert facts["quota"]["api_calls"] == {"maximum": 15_000, "remaining": 14_999}
    assert facts["quota"]["bulk_jobs"]["maximum"] == 10_000
    assert facts["key_bits"] == 2_048
    assert facts["api_version"] == "68.0"
    assert (facts["permission_view_setup"], facts["bulk_api"]) == (True, True)
    (account,) = report["objects"]
    assert account["object"] == "Account"
    assert account["rows_seen"] is True
    assert account["columns"] == len(org.store.sobjects["Account"].fields)
    groups = dict.fromkeys(step["group"] for step in report["steps"])
    assert list(groups) == [
        *("Settings and key", "Sign-in", "Org and limits", "Permissions", "Objects")
    ]
    assert report["next"].endswith("catalog.json")


def test_many_objects_are_looked_at_five_to_a_call(org: LocalOrg, tap: TapRunner) -> None:
    """Sixty objects take 12 calls; the same is found where there are no composite requests."""
    names = many_objects(org, 60)
    org.store.insert(names[7], [{}], stamp=org.clock.now() - timedelta(days=1))
    org.faults.add(
        faults.querying(names[8]), outages.salesforce(errors.not_queryable(names[8])), times=None
    )
    looks: list[int] = []
    found: list[dict[str, str]] = []
    for together in (True, False):
        org.journal.clear()
        run = check(tap, objects=names, composite_queries=together)
        assert run.exit_code == 7
        found.append({name: lines(run)[name] for name in names})
        looks.append(calls_with_queries_of(org, "Thing"))
    assert looks == [12, 60]
    org.settings.composite_refusal = (404, "NOT_FOUND", "no")
    run = check(tap, objects=names)
    found.append({name: lines(run)[name] for name in names})
    assert found[0] == found[1] == found[2]
    assert found[0][names[7]].startswith("readable; incremental")
    assert "does not support query" in found[0][names[8]]
