"""Reads by a real cluster: every row once, whatever becomes of an executor, and no secret shown."""

from __future__ import annotations

import contextlib
import io
import os
import signal
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.integration.spark.conftest import ROWS
from tests.local_org.conditions import faults
from tests.local_org.objects.object_notation import read_field
from tests.support import canaries, processes

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tests.integration.spark.conftest import Cluster
    from tests.local_org import LocalOrg

    Options = Callable[..., dict[str, str]]

# The first one waits for the cluster to come up.
pytestmark = pytest.mark.timeout(400)

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
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    org.faults.add(RESULTS, faults.before(kill), skip=1)
    found = [row["Id"] for row in cluster.read("Account", options(fields="Id")).collect()]
    assert len(killed) == 1
    assert sorted(found) == sorted(ids)


def test_a_stream_goes_on_from_its_checkpoint(
    cluster: Cluster, org: LocalOrg, options: Options, tmp_path: Path
) -> None:
    """Each run ends where the org's clock stood at its start, and has what changed since."""
    known = org.store.insert(
        "Account", [{"Name": str(number)} for number in range(60)], stamp=_before(org, seconds=3600)
    )
    runs = []
    for changed in ([], known[:2]):
        org.store.update("Account", changed, {"Name": "new"}, stamp=_before(org, seconds=30))
        source = cluster.session.readStream.format("salesforce")
        stream = source.options(**options(fields="Id,Name", lookbackSeconds="60")).load("Account")
        writing = stream.writeStream.format("parquet").trigger(availableNow=True)
        writing = writing.option("checkpointLocation", str(tmp_path / "checkpoint"))
        run_to_its_end(writing, str(tmp_path / "rows"))
        runs.append(Counter(pl.read_parquet(tmp_path / "rows" / "*.parquet")["Id"]))
    assert runs[0] == Counter(known)
    assert runs[1] - runs[0] == Counter(known[:2])


def run_to_its_end(writing: Any, path: str) -> None:  # noqa: ANN401  pyspark may not be there
    """Run a stream; where Spark itself could not begin it, from its checkpoint again."""
    from pyspark.errors import StreamingQueryException  # noqa: PLC0415  as above

    for tries_left in reversed(range(4)):
        try:
            assert writing.start(path).awaitTermination(120)
        except StreamingQueryException as error:
            # It gives its Python ten seconds to start, which a busy machine does not.
            if not tries_left or "failed to connect back" not in str(error):
                raise
        else:
            return


def _before(org: LocalOrg, *, seconds: int) -> datetime:
    return org.clock.now() - timedelta(seconds=seconds)


def test_the_example_of_the_readme(cluster: Cluster, org: LocalOrg, options: Options) -> None:
    """It runs as it stands there."""
    amounts = [Decimal(10), Decimal("0.5")]
    org.store.insert("Opportunity", [{"StageName": "Won", "Amount": each} for each in amounts])
    section = (processes.ROOT / "README.md").read_text("utf-8").partition("## Spark")[2]
    example = section.partition("```python\n")[2].partition("```")[0]
    known: dict[str, object] = {"spark": cluster.session, "settings": options()}
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
        exec(example, known)  # noqa: S102  our own text
    assert "|      Won|10.5000" in stdout.getvalue()


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
    assert "Account: this task has made 1 API call." in shown["UI and logs"]
    secrets = list(canaries.of_org(org))
    assert {place: canaries.shown(secrets, text) for place, text in shown.items()} == {
        place: set() for place in shown
    }
