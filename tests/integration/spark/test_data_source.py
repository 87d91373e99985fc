"""The data source, asked as Spark asks it: what is planned, what is read, what is refused."""

from __future__ import annotations

import json
import pickle
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tap_versionforge_salesforce.errors import IncompleteError, SettingsError, SignInError, TapError
from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages
from tests.local_org.objects.object_notation import read_field
from tests.support import canaries, processes
from tests.support.spark import NO_PYSPARK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_org import LocalOrg

    Options = Callable[..., dict[str, str]]

pytest.importorskip("pyspark", reason=NO_PYSPARK)
pytestmark = pytest.mark.usefixtures("clock")

PAGES = 5
RESULTS = "GET /jobs/query/*/results"
LIST = "GET /jobs/query/*/resultPages"


def data_source(options: dict[str, str], sobject: str = "Account") -> Any:  # noqa: ANN401  pyspark may not be there
    from tap_versionforge_salesforce.spark import SalesforceDataSource  # noqa: PLC0415  as above

    return SalesforceDataSource({"path": sobject, **options})


def reader(options: dict[str, str], sobject: str = "Account") -> Any:  # noqa: ANN401  as above
    source = data_source(options, sobject)
    return source.reader(source.schema())


def ids(made: Any, part: Any) -> list[str]:  # noqa: ANN401  as above
    """Return the Ids of a part, read as in a process of its own."""
    read_elsewhere, part_elsewhere = pickle.loads(pickle.dumps((made, part)))  # noqa: S301  ours
    batches = read_elsewhere.read(part_elsewhere)
    return [row_id for batch in batches for row_id in batch.column("Id").to_pylist()]


def test_each_page_is_a_part(org: LocalOrg, options: Options, rows: list[str]) -> None:
    """Which may be read anywhere, in any order, and more than once."""
    made = reader(options(fields="Id"))
    parts = made.partitions()
    assert len(parts) == PAGES
    assert len(org.journal.calls("/jobs/query", method="POST")) == 1
    found = [row_id for part in reversed(parts) for row_id in ids(made, part)]
    assert sorted(found) == sorted(rows)
    assert ids(made, parts[0]) == ids(made, parts[0])


def test_pages_that_do_not_lead_on_prove_nothing(
    org: LocalOrg, options: Options, rows: list[str]
) -> None:
    """The way out is named: ranges of Ids, each a job of its own."""
    org.settings.result_pages_locator_header = "null"
    made = reader(options(fields="Id"))
    with pytest.raises(IncompleteError, match=r"option partitions.*\[unchained-pages\]"):
        ids(made, made.partitions()[0])
    made = reader(options(fields="Id", partitions="3"))
    parts = made.partitions()
    assert len(parts) == 3
    assert sorted(row_id for part in parts for row_id in ids(made, part)) == sorted(rows)


def test_a_list_that_lacks_the_first_page(org: LocalOrg, options: Options, rows: list[str]) -> None:
    """The others lead from one to the next, and to the end, and are not the whole."""

    def without_first(body: bytes) -> bytes:
        listed = json.loads(body)
        return json.dumps({**listed, "resultPages": listed["resultPages"][1:]}).encode()

    org.faults.add(LIST, faults.replace_body(without_first), times=None)
    made = reader(options(fields="Id"))
    parts = made.partitions()
    with pytest.raises(IncompleteError, match=r"job's first row.*\[unchained-pages\]"):
        ids(made, parts[0])
    assert len(rows) > sum(len(ids(made, part)) for part in parts[1:]) > 0


def test_a_first_page_without_a_locator(org: LocalOrg, options: Options, rows: list[str]) -> None:
    """Leads to the first row of the second one, if not to its locator."""
    org.settings.result_pages_first_locator = False
    made = reader(options(fields="Id"))
    parts = made.partitions()
    assert len(parts) == PAGES
    assert sorted(row_id for part in parts for row_id in ids(made, part)) == sorted(rows)


def test_a_first_page_without_a_locator_proves_no_gap(
    org: LocalOrg, options: Options, rows: list[str]
) -> None:
    """Where the second page is not listed, the first does not lead to the third."""

    def without_second(body: bytes) -> bytes:
        listed = json.loads(body)
        first, _, *others = listed["resultPages"]
        return json.dumps({**listed, "resultPages": [first, *others]}).encode()

    org.settings.result_pages_first_locator = False
    org.faults.add(LIST, faults.replace_body(without_second))
    made = reader(options(fields="Id"))
    parts = made.partitions()
    assert len(parts) == PAGES - 1 < len(rows)
    with pytest.raises(IncompleteError, match=r"option partitions.*\[unchained-pages\]"):
        ids(made, parts[0])


@pytest.mark.parametrize("count", [0, 3])
def test_an_empty_list_of_pages(org: LocalOrg, options: Options, count: int) -> None:
    """Is the whole of a job without rows, and says nothing of another one."""
    known = org.store.seed("Account", count) if count else []
    nothing = b'{"resultPages": [], "done": true}'
    org.faults.add(LIST, faults.replace_body(lambda _: nothing), times=None)
    made = reader(options(fields="Id"))
    assert [i for part in made.partitions() for i in ids(made, part)] == known


@pytest.mark.parametrize(
    ("match", "action", "parts"),
    [
        (LIST, outages.salesforce(errors.not_found()), 1),
        ("POST /jobs/query", outages.bulk_not_enabled(), 1),
        ("POST /jobs/query", outages.bulk_jobs_used_up(), None),
    ],
    ids=["no list", "no Bulk", "no jobs left"],
)
def test_there_is_another_way(
    org: LocalOrg,
    options: Options,
    rows: list[str],
    match: str,
    action: faults.Action,
    parts: int | None,
) -> None:
    """By ranges of Ids, or by REST; where there is none, the tap's own sentence says so."""
    org.settings.page_rows = 50
    org.settings.record_count_factor = 100
    org.faults.add(match, action, times=None)
    made = reader(options(fields="Id", apiMode="auto"))
    if parts is None:
        with pytest.raises(TapError, match=r"docs/troubleshooting.md#"):
            made.partitions()
        return
    found = made.partitions()
    assert len(found) == parts
    assert sorted(i for part in found for i in ids(made, part)) == sorted(rows)


def test_there_are_no_more_ranges_than_ids(org: LocalOrg, options: Options) -> None:
    """And each row is in one of them."""
    known = org.store.seed("Account", 3)
    made = reader(options(fields="Id", partitions="8"))
    parts = made.partitions()
    assert len(parts) == len(known)
    assert [ids(made, part) for part in parts] == [[row_id] for row_id in known]


def test_few_rows_come_by_rest(org: LocalOrg, options: Options, rows: list[str]) -> None:
    """By one task, whether the object has few or a condition leaves few of it."""
    for where in ("", f"Id = '{rows[0]}'"):
        made = reader(options(fields="Id", apiMode="auto", where=where))
        (part,) = made.partitions()
        assert ids(made, part) == ([rows[0]] if where else rows)
    assert org.journal.calls("/jobs/query", method="POST") == []


def test_a_job_too_large_is_read_by_ids(org: LocalOrg, options: Options, rows: list[str]) -> None:
    """Each range by a job of its own."""
    org.settings.job_max_rows = 60
    made = reader(options(fields="Id"))
    parts = made.partitions()
    assert len(parts) > 1
    assert sorted(i for part in parts for i in ids(made, part)) == sorted(rows)


def test_an_empty_object_has_no_rows(options: Options) -> None:
    """Nor a part that reads any."""
    made = reader(options())
    assert [i for part in made.partitions() for i in ids(made, part)] == []


def test_a_page_that_is_not_whole_fails_its_task(
    org: LocalOrg, options: Options, rows: list[str]
) -> None:
    """Once it was fetched again in vain; the next task reads it."""
    made = reader(options(fields="Id"))
    parts = made.partitions()
    org.faults.add(RESULTS, faults.drop_last_row(), times=3)
    with pytest.raises(IncompleteError, match=r"\[bulk-page-mismatch\]"):
        ids(made, parts[0])
    assert set(ids(made, parts[0])) < set(rows)


def test_the_only_page_is_compared_with_the_job(org: LocalOrg, options: Options) -> None:
    """Which has counted its rows itself."""
    org.store.seed("Account", 20)
    org.settings.job_count_off_by = 1
    made = reader(options(fields="Id"))
    with pytest.raises(IncompleteError, match=r"\[bulk-count-mismatch\]"):
        ids(made, made.partitions()[0])


def test_text_fields_are_those_of_python(org: LocalOrg, options: Options) -> None:
    """Each value in the tap's spelling, and what is none of its kind as it is served."""
    org.store.add_field("Account", read_field("Huge__c | double 18,0 | Huge"))
    org.store.insert("Account", [{"Huge__c": each} for each in ("9.5E8", "NaN", "1E30")])
    made = reader(options(fields="Huge__c", textFields="huge__C"))
    (part,) = made.partitions()
    found = [value for batch in made.read(part) for value in batch.column("Huge__c").to_pylist()]
    assert sorted(found) == [f"1{'0' * 30}.0", "950000000.0", "NaN"]


def test_an_executor_renews_the_session(org: LocalOrg, options: Options, rows: list[str]) -> None:
    """With the key, where it has one; without it says so."""
    made = reader(options(fields="Id"))
    parts = made.partitions()
    signed_in = len(org.journal.calls("*/oauth2/token"))
    assert set(ids(made, parts[0])) < set(rows)
    assert len(org.journal.calls("*/oauth2/token")) == signed_in
    org.expire_tokens()
    assert set(ids(made, parts[1])) < set(rows)
    keyless = {k: v for k, v in made._options.given.items() if k != "private_key"}  # noqa: SLF001
    made._options = replace(made._options, given=keyless)  # noqa: SLF001  as an executor finds it
    org.expire_tokens()
    with pytest.raises(SignInError, match=r"privateKeyPath .* \[no-key-on-executor\]"):
        ids(made, parts[2])


def test_an_executor_renews_with_a_client_secret(
    org: LocalOrg, options: Options, rows: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option takes the place of the environment's key; a refresh token is the driver's alone."""
    prefix = "TAP_VERSIONFORGE_SALESFORCE"
    monkeypatch.setenv(f"{prefix}_PRIVATE_KEY", org.private_key_pem)
    key = ("username", "privateKey")
    without = {name: value for name, value in options(fields="Id").items() if name not in key}
    made = reader(without | {"clientSecret": org.identity.client_secret})
    parts = made.partitions()
    org.expire_tokens()
    assert set(ids(made, parts[0])) < set(rows)
    monkeypatch.setenv(f"{prefix}_CLIENT_SECRET", org.identity.client_secret)
    made = reader(without | {"refreshToken": org.oauth.by_secret.refresh_token})
    parts = made.partitions()
    assert set(ids(made, parts[0])) < set(rows)
    org.expire_tokens()
    with pytest.raises(SignInError, match=r"refresh token.* \[no-key-on-executor\]"):
        ids(made, parts[1])


def test_settings_come_from_the_environment(
    org: LocalOrg, options: Options, rows: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the driver; what is secret there stays there, and a session is handed over."""
    for name, value in org.config().items():
        monkeypatch.setenv(f"TAP_VERSIONFORGE_SALESFORCE_{name.upper()}", str(value))
    kept = {"apiMode": options()["apiMode"], "fields": "Id"}
    made = reader(kept)
    parts = made.partitions()
    handed = pickle.dumps((made, parts))
    assert org.client_id.encode() not in handed
    for name in org.config():
        monkeypatch.delenv(f"TAP_VERSIONFORGE_SALESFORCE_{name.upper()}")
    assert sorted(i for part in parts for i in ids(made, part)) == sorted(rows)


def test_no_repr_shows_a_secret(org: LocalOrg, options: Options, rows: list[str]) -> None:
    """Whatever somebody prints of a plan."""
    made = reader(options(fields="Id"))
    texts = [repr(vars(made)), repr(made.partitions())]
    assert rows
    assert [canaries.shown(canaries.of_org(org), text) for text in texts] == [set(), set()]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"fields": "Id,Nmae"}, r"fields names Nmae.*Did you mean Name\?"),
        ({"textFields": "Nmae"}, r"names Nmae"),
        ({"object": "Contact"}, r'what is loaded: load\("Contact"\)'),
        ({"filters": "{}"}, r"option filters is unknown"),
        ({"feilds": "Id"}, r"option feilds is unknown\. Did you mean fields\?"),
        (
            {"bulk_treshold": "1"},
            r"option bulk_treshold is unknown\. Did you mean bulk_threshold\?",
        ),
        ({"partitions": "0"}, r"option partitions can't be '0'"),
        ({"pushFilters": "maybe"}, r"option pushFilters can't be 'maybe'"),
        ({"bulkThreshold": "many"}, r"bulk_threshold must be a whole number"),
        ({"where": "Name ="}, r"where ends too early"),
        ({"where": "Nmae = 'a'"}, r"Nmae"),
        ({"path": ""}, r"names no object\. Name one"),
        ({"path": "Acount"}, r"Acount.*Did you mean Account\?"),
        ({"privateKey": ""}, r"Neither the setting private_key nor private_key_path is given"),
    ],
    ids=str,
)
def test_what_can_not_be_read_is_told(
    options: Options, changes: dict[str, str], problem: str
) -> None:
    """In one sentence, with what to do and where to read on."""
    with pytest.raises(TapError, match=rf"{problem}.*docs/troubleshooting\.md#.* \[[a-z-]+\]$"):
        reader(options(**changes))


@pytest.mark.parametrize("api_mode", ["auto", "rest", "bulk"])
def test_a_filter_that_salesforce_refuses_is_left_to_spark(
    options: Options, rows: list[str], api_mode: str
) -> None:
    """An Id that is none, say: the rows come without it."""
    from pyspark.sql.datasource import EqualTo  # noqa: PLC0415  may not be there

    made = reader(options(fields="Id", apiMode=api_mode, pushFilters="true"))
    filters = [EqualTo(("Id",), "garbage")]
    assert list(made.pushFilters(filters)) == filters
    assert sorted(i for part in made.partitions() for i in ids(made, part)) == sorted(rows)


def test_another_schema_is_refused(options: Options) -> None:
    """For its values would not be those of Salesforce."""
    from pyspark.sql.types import StringType, StructType  # noqa: PLC0415  may not be there

    given = StructType().add("AnnualRevenue", StringType())
    with pytest.raises(SettingsError, match=r"decimal\(38,18\).*cast the column"):
        data_source(options()).reader(given)


def test_a_schema_with_one_column_twice_is_refused(options: Options) -> None:
    """Whatever the case of its name: in Salesforce it is one."""
    from pyspark.sql.types import StringType, StructField, StructType  # noqa: PLC0415  as above

    source = data_source(options())
    twice = StructType([StructField(name, StringType()) for name in ("Id", "Name", "id")])
    with pytest.raises(SettingsError, match=r"one column twice: Id, id.*\[invalid-option\]"):
        source.reader(twice)


def test_it_is_light(tmp_path: Path) -> None:
    """Nothing of Singer is imported; where pyspark is missing, it is told how to get it."""
    program = "import sys, tap_versionforge_salesforce.spark; print('singer_sdk' in sys.modules)"
    assert processes.run([sys.executable, "-c", program], cwd=tmp_path).stdout == "False\n"
    without = f"import sys; sys.modules['pyspark'] = None; {program}"
    with pytest.raises(processes.ProgramFailedError, match=r"needs pyspark 4.1 .*\[spark\]"):
        processes.run([sys.executable, "-c", without], cwd=tmp_path)
