"""Reads by a real cluster: every row once, whatever becomes of an executor, and no secret shown."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.local_org.conditions import faults
from tests.local_org.objects.object_notation import read_field
from tests.support import canaries

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.spark.conftest import Cluster
    from tests.local_org import LocalOrg

    Options = Callable[..., dict[str, str]]

# The first one waits for the cluster to come up.
pytestmark = pytest.mark.timeout(400)

ROWS = 110
RESULTS = "GET /jobs/query/*/results"


def test_the_rows_are_those_of_the_org(cluster: Cluster, org: LocalOrg, options: Options) -> None:
    """Each once, with their types, a task for each result page; an action more has the same job."""
    org.store.seed("Account", ROWS)
    gone = org.store.seed("Account", 3)
    org.store.delete("Account", gone)
    accounts = cluster.read("Account", options())
    assert accounts.rdd.getNumPartitions() == len(range(0, ROWS, 25))
    found = {row["Id"]: row for row in accounts.select("Id", "Name", "CreatedDate").collect()}
    expected = {str(row["Id"]): row for row in org.store.rows("Account", include_deleted=False)}
    assert found.keys() == expected.keys()
    assert {i: row["Name"] for i, row in found.items()} == {
        i: row["Name"] for i, row in expected.items()
    }
    assert accounts.count() == ROWS
    assert len(org.journal.calls("/jobs/query", method="POST")) == 1


def test_types_and_what_is_filtered(cluster: Cluster, org: LocalOrg, options: Options) -> None:
    """Decimals are exact, labels are comments, and Salesforce filters what it can."""
    rows = [
        {"Name": f"A {n}", "AnnualRevenue": Decimal(n), "NumberOfEmployees": n} for n in range(9)
    ]
    org.store.insert("Account", [*rows, {"Name": "b"}])
    fields = "Id,Name,AnnualRevenue,NumberOfEmployees,Type"
    accounts = cluster.read("Account", options(fields=fields, pushFilters="true"))
    described = {field.name: field for field in accounts.schema}
    assert described["AnnualRevenue"].dataType.simpleString() == "decimal(38,18)"
    assert described["Type"].metadata["comment"] == (
        "Account Type: How this account does business with us"
    )
    wanted = "Name like 'A%' and NumberOfEmployees >= 7 and lower(Name) <> 'a 7' and Type is null"
    assert [row["AnnualRevenue"] for row in accounts.where(wanted).collect()] == [Decimal(8)]
    ((_, soql),) = org.journal.soql()
    assert soql.partition(" WHERE ")[2] == (
        "IsDeleted = false AND Name LIKE 'A%' AND NumberOfEmployees >= 7 AND Type = null"
    )


def test_nothing_is_pushed_unasked(cluster: Cluster, org: LocalOrg, options: Options) -> None:
    """What else is read of a DataFrame would have the rows of its last filter, and no others."""
    org.store.seed("Account", ROWS)
    accounts = cluster.read("Account", options(fields="Id"))
    assert accounts.where("Id > 'a'").count() == 0
    assert accounts.count() == ROWS


def test_a_killed_executor_loses_nothing(cluster: Cluster, org: LocalOrg, options: Options) -> None:
    """Its page is read again by another one; a session that ends meanwhile is renewed."""
    ids = org.store.seed("Account", ROWS)
    killed: list[int] = []

    def kill() -> None:
        org.expire_tokens()
        for pid in cluster.executors()[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    org.faults.add(RESULTS, faults.before(kill), skip=1)
    found = [row["Id"] for row in cluster.read("Account", options(fields="Id")).collect()]
    assert len(killed) == 1
    assert sorted(found) == sorted(ids)


def test_nothing_secret_is_shown(cluster: Cluster, org: LocalOrg, options: Options) -> None:
    """A task that fails says why, and what to do; neither it nor plan, UI or log show a secret."""
    org.store.add_field("Account", read_field("Huge__c | double 18,0 | Huge"))
    org.store.insert("Account", [{"Name": "a", "Huge__c": 10.0**30}])
    accounts = cluster.read("Account", options(fields="Id,Huge__c"))
    with pytest.raises(Exception, match="Huge__c has a value") as failed:
        accounts.collect()
    told = str(failed.value)
    assert 'Read it as text, with the option textFields="Huge__c"' in told
    assert "docs/troubleshooting.md#value-not-held [value-not-held]" in told
    texts = cluster.read("Account", options(fields="Id,Huge__c", textFields="Huge__c"))
    assert texts.collect()[0]["Huge__c"] == f"1{'0' * 30}.0"
    plans = texts._jdf.queryExecution().toString()  # noqa: SLF001  all that explain prints
    shown = {"the plans": plans, "the error": told, "UI and logs": cluster.written()}
    assert "value-not-held" in shown["UI and logs"]
    secrets = list(canaries.of_org(org))
    assert {place: canaries.shown(secrets, text) for place, text in shown.items()} == {
        place: set() for place in shown
    }
