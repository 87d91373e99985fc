"""Upper and lower case of names do not matter, as in Salesforce; what comes is the catalog's."""

from __future__ import annotations

import copy
import itertools
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local_org.answers.encode import dump_json
from tests.local_org.conditions import faults
from tests.support.catalogs import entry_of, select_fields, set_selected

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.support.catalogs import Catalog
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
MODES = ["auto", "rest", "bulk"]
FIELDS = ["Id", "Name", "SystemModstamp", "IsDeleted", "AnnualRevenue", "BillingAddress"]


def respelled(value: Any, spell: Callable[[str], str]) -> Any:  # noqa: ANN401  JSON
    """Return a catalog in which the names of the object and its fields are spelled otherwise."""
    entry = copy.deepcopy(value)
    for key in ("tap_stream_id", "stream", "replication_key"):
        entry[key] = spell(entry[key])
    entry["key_properties"] = [spell(name) for name in entry["key_properties"]]
    properties = entry["schema"]["properties"]
    entry["schema"]["properties"] = {spell(name): schema for name, schema in properties.items()}
    for item in entry["metadata"]:
        item["breadcrumb"] = [
            spell(part) if at == 1 else part for at, part in enumerate(item["breadcrumb"])
        ]
    return {"streams": [entry]}


@pytest.fixture
def ids(org: LocalOrg) -> list[str]:
    org.settings.page_rows = org.settings.bulk_page_rows = 3
    return org.store.insert(
        "Account",
        [{"Name": f"A{n}", "AnnualRevenue": n, "BillingCity": "Bonn"} for n in range(7)],
        stamp=LAST_WEEK,
    )


@pytest.fixture
def catalog(tap: TapRunner, ids: list[str]) -> Catalog:
    assert ids
    return select_fields(tap.discover(objects=["Account"]), "Account", *FIELDS)


def in_order(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(records, key=str)


def spelled(run: Run, spell: Callable[[str], str]) -> list[dict[str, Any]]:
    """Return the records of Account with their names spelled otherwise."""
    return [{spell(name): v for name, v in each.items()} for each in run.records("Account")]


@pytest.mark.parametrize("api_mode", MODES)
@pytest.mark.parametrize("method", ["INCREMENTAL", "FULL_TABLE"])
@pytest.mark.parametrize("spell", [str.lower, str.upper], ids=["lower", "upper"])
def test_catalog_in_another_case(
    tap: TapRunner, catalog: Catalog, api_mode: str, method: str, spell: Callable[[str], str]
) -> None:
    """The same rows come, under the names that the catalog has for stream and properties."""
    expected = tap.sync(catalog=catalog, api_mode=api_mode)
    other = respelled(catalog["streams"][0], spell)
    other["streams"][0]["replication_method"] = method
    run = tap.sync(catalog=other, api_mode=api_mode)
    assert run.exit_code == 0, run.log
    name = spell("Account")
    assert run.records(name)
    assert in_order(run.records(name)) == in_order(spelled(expected, spell))
    (schema,) = run.messages_of("SCHEMA")
    assert (schema["stream"], schema["key_properties"]) == (name, [spell("Id")])
    assert set(schema["schema"]["properties"]) == {spell(field) for field in FIELDS}
    assert "WARNING" not in run.log


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cases=st.lists(st.booleans(), min_size=1, max_size=7), api_mode=st.sampled_from(MODES))
def test_any_case_of_any_name(
    tap: TapRunner,
    catalog: Catalog,
    cases: list[bool],
    api_mode: str,
) -> None:
    """However each letter is written: the same rows, the catalog's names, and a second run."""

    def spell(name: str) -> str:
        letters = zip(name, itertools.cycle(cases), strict=False)
        return "".join(each.upper() if is_upper else each.lower() for each, is_upper in letters)

    run = tap.sync(catalog=respelled(catalog["streams"][0], spell), api_mode=api_mode)
    assert run.exit_code == 0, run.log
    expected = tap.sync(catalog=catalog, api_mode=api_mode)
    name = spell("Account")
    assert in_order(run.records(name)) == in_order(spelled(expected, spell))
    assert list(run.state["bookmarks"]) == [name]
    assert run.state["bookmarks"][name]["replication_key"] == spell("SystemModstamp")
    again = tap.sync(
        catalog=respelled(catalog["streams"][0], spell), api_mode=api_mode, state=run.state
    )
    assert (again.exit_code, again.records(name)) == (0, []), again.log


def test_object_that_was_renamed_goes_on(org: LocalOrg, tap: TapRunner, ids: list[str]) -> None:
    """A state whose names differ in case only is that of the stream, and not read anew."""
    assert ids
    first = tap.sync(objects=["Account"])
    saved = first.state["bookmarks"]["Account"]
    saved["replication_key"] = "SYSTEMMODSTAMP"
    org.clock.advance(3_600)
    (new,) = org.store.insert("Account", [{"Name": "new"}])
    org.clock.advance(60)
    run = tap.sync(objects=["Account"], state={"bookmarks": {"ACCOUNT": saved}})
    assert (run.exit_code, run.ids("Account")) == (0, [new]), run.log
    assert list(run.state["bookmarks"]) == ["Account"]


@pytest.mark.parametrize("lane", ["lines", "records", "files"])
def test_every_lane_has_the_catalogs_names(tap: TapRunner, catalog: Catalog, lane: str) -> None:
    """Lines, records of the SDK and files of a BATCH agree on the names."""
    more: dict[str, Any] = {
        "lines": {},
        "records": {"stream_maps": {"account": {"more": "name"}}},
        "files": {
            "batch_config": {
                "encoding": {"format": "parquet"},
                "storage": {"root": f"file://{tap.folder}/files"},
            }
        },
    }[lane]
    run = tap.sync(catalog=respelled(catalog["streams"][0], str.lower), **more)
    assert run.exit_code == 0, run.log
    if lane == "files":
        import polars as pl  # noqa: PLC0415  only here

        message = run.messages_of("BATCH")[0]
        names = pl.read_parquet(message["manifest"][0].removeprefix("file://")).columns
    else:
        names = list(run.records("account")[0])
    assert {field.lower() for field in FIELDS} <= set(names)


def test_field_of_an_old_catalog_in_another_case(tap: TapRunner, catalog: Catalog) -> None:
    """Only the field that was renamed has the old name; nothing is said of drift."""
    entry = entry_of(catalog, "Account")
    properties = entry["schema"]["properties"]
    properties["NAME"] = properties.pop("Name")
    for item in entry["metadata"]:
        item["breadcrumb"] = ["NAME" if part == "Name" else part for part in item["breadcrumb"]]
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert {record["NAME"] for record in run.records("Account")} == {f"A{n}" for n in range(7)}
    assert "Account.N" not in run.log
    assert "does not know" not in run.log


def test_two_names_for_one_field(tap: TapRunner, catalog: Catalog) -> None:
    """No query names a field twice: the exact name is read, the other is told."""
    entry = entry_of(catalog, "Account")
    entry["schema"]["properties"]["NAME"] = {"type": ["string", "null"]}
    entry["metadata"].append({"breadcrumb": ["properties", "NAME"], "metadata": {"selected": True}})
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert all(set(record) == set(FIELDS) for record in run.records("Account"))
    assert "The field Account.NAME is selected, but the org no longer has it" in run.log


def test_part_beside_its_compound(tap: TapRunner, catalog: Catalog) -> None:
    """A part that is selected by another name than its compound's is queried once."""
    set_selected(catalog, "Account", "BillingCity", selected=True)
    run = tap.sync(catalog=respelled(catalog["streams"][0], str.lower))
    assert run.exit_code == 0, run.log
    record = run.records("account")[0]
    assert record["billingcity"] == record["billingaddress"]["city"] == "Bonn"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(["account"], ["Account"], id="a name"),
        pytest.param(["ACCOUNT", "Account", "account"], ["Account"], id="one in three spellings"),
        pytest.param(["acc??nt"], ["Account"], id="a pattern"),
        pytest.param(["*__C", "invoice__c"], ["Invoice__c", "Measurement__c"], id="both"),
    ],
)
def test_objects_in_any_case(tap: TapRunner, wanted: list[str], found: list[str]) -> None:
    """`objects` takes names and patterns in whatever case, and each object once."""
    catalog = tap.discover(objects=wanted)
    assert [entry["tap_stream_id"] for entry in catalog["streams"]] == found


def test_counts_are_found_in_any_case(org: LocalOrg, tap: TapRunner, catalog: Catalog) -> None:
    """What recordCount says of an object decides about its API, however it is spelled."""
    org.store.seed("Account", 2_500, hurt=False)
    run = tap.sync(catalog=respelled(catalog["streams"][0], str.lower))
    assert run.exit_code == 0, run.log
    assert "account: Bulk API 2.0, because all rows are read, about 2,5" in run.log


def test_describe_of_another_object(org: LocalOrg, tap: TapRunner, catalog: Catalog) -> None:
    """An answer that is about another object is that stream's failure, never an empty stream."""
    other = dump_json(org.store.sobjects["Contact"].describe("68.0"))
    org.settings.composite_refusal = (404, "NOT_FOUND", "no")
    org.faults.add("/sobjects/Account/describe", faults.replace_body(lambda _: other), times=None)
    run = tap.sync(catalog=catalog)
    assert run.exit_code != 0
    assert "Account: Salesforce's answer to the describe of Account has another form" in run.log
