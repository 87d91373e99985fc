"""Discovery: which objects become streams, at what cost, and what the catalog says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tests.local_org.answers import errors
from tests.local_org.answers.encode import dump_json
from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field
from tests.support.catalogs import (
    entry_of,
    metadata_of,
    select_fields,
    select_streams,
    set_selected,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Answer, Call
    from tests.support.harness import TapRunner

DEFAULT_OBJECTS = [
    "Account",
    "Contact",
    "Contract",
    "Opportunity",
    "User",
    "OpportunityLineItem",
    "QuoteLineItem",
    "OrderItem",
    "ContractLineItem",
]
YESTERDAY = datetime.now(timezone.utc) - timedelta(days=1)
ID = Field(name="Id", type="id", label="Record ID", length=18, filterable=True, sortable=True)


def stamp(name: str, *, filterable: bool = True, sortable: bool = True) -> Field:
    return Field(name=name, type="datetime", label=name, filterable=filterable, sortable=sortable)


def names(catalog: dict[str, Any]) -> list[str]:
    return [entry["tap_stream_id"] for entry in catalog["streams"]]


def described(org: LocalOrg) -> list[list[str]]:
    """Return which objects each composite request asked for."""
    return [
        [part.path.split("/")[-2] for part in entry.parts]
        for entry in org.journal.calls("/composite", "POST")
        if all(part.path.endswith("/describe") for part in entry.parts)
    ]


def columns_asked(org: LocalOrg) -> list[str]:
    ((_, soql),) = org.journal.soql()
    return soql.removeprefix("SELECT ").partition(" FROM ")[0].split(", ")


def add_object(org: LocalOrg, name: str, *fields: Field) -> None:
    like = org.store.sobjects["Invoice__c"]
    org.store.add_object(replace(like, name=name, label=name, fields=(ID, *fields)))


def part_answers(name: str, status: int, body: object) -> faults.Action:
    """Another answer to one part of a composite request; no answer at all with status 0."""

    def act(call: Call, real: Callable[[], Answer]) -> Answer:
        asked = json.loads(call.body)["compositeRequest"]
        (reference,) = [p["referenceId"] for p in asked if p["url"].endswith(f"/{name}/describe")]
        answer = real()
        content = json.loads(answer.body)
        results = [r for r in content["compositeResponse"] if r["referenceId"] != reference]
        if status:
            part = {"body": body, "httpStatusCode": status, "referenceId": reference}
            results.append({**part, "httpHeaders": {}})
        answer.body = dump_json({"compositeResponse": results})
        return answer

    return act


def test_what_is_said_of_one_field_is_said_of_this_one(org: LocalOrg, tap: TapRunner) -> None:
    """Who takes the catalog as Python values may change it."""
    own = TapVersionForgeSalesforce(config=org.config(objects=["Account"]), setup_mapper=False)
    metadata = own.catalog_dict["streams"][0]["metadata"]
    metadata[0]["metadata"]["selected"] = False
    fields = [each for each in metadata if each["breadcrumb"]]
    assert [each for each in fields if "selected" in each["metadata"]] == metadata[:1]
    (entry,) = tap.discover(objects=["Account"])["streams"]
    assert not any("selected" in m["metadata"] for m in entry["metadata"] if m["breadcrumb"])


# Which objects


def test_nine_objects_at_the_price_of_one_call(org: LocalOrg, tap: TapRunner) -> None:
    """Without `objects`, the nine default objects are described in one counted call."""
    assert sorted(names(tap.discover())) == sorted(DEFAULT_OBJECTS)
    assert described(org) == [DEFAULT_OBJECTS]
    assert org.journal.api_calls == 1
    assert org.journal.calls("/sobjects") == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(["Contact", "Account"], ["Account", "Contact"], id="names"),
        pytest.param(["Account", "Contact", "Account"], ["Account", "Contact"], id="doubled"),
        pytest.param(["*__c"], ["Invoice__c", "Measurement__c"], id="custom objects"),
        pytest.param(["Opportunity*"], ["Opportunity", "OpportunityLineItem"], id="prefix"),
        pytest.param(["Contract*Item", "User"], ["ContractLineItem", "User"], id="inside"),
        pytest.param(["Us?r"], ["User"], id="one letter"),
        pytest.param(["User", "*User", "Account"], ["Account", "User"], id="name and pattern"),
        pytest.param(["account"], ["Account"], id="another case"),
    ],
)
def test_objects_by_name_and_pattern(tap: TapRunner, wanted: list[str], found: list[str]) -> None:
    """`objects` takes API names and patterns; each object becomes one stream."""
    assert names(tap.discover(objects=wanted)) == found


def test_star_is_every_object_that_can_be_queried(org: LocalOrg, tap: TapRunner) -> None:
    """Of what holds no rows or wants a filter the catalog says why it can't be read."""
    add_object(org, "Shipment__e", stamp("CreatedDate"))
    add_object(org, "IdeaComment", stamp("SystemModstamp"))
    visible = set(org.store.sobjects)
    unreadable = {
        "AccountChangeEvent": "Change events are streamed by Salesforce's Pub/Sub API and hold no "
        "rows.",
        "ActivityHistory": "Salesforce lets nobody query it.",
        "IdeaComment": "Salesforce answers only queries with a filter by single Ids of a parent.",
        "Shipment__e": "Platform events are streamed by Salesforce's Pub/Sub API and hold no rows.",
    }
    assert unreadable.keys() | {"LegacyQuote__c"} < visible
    catalog = tap.discover(objects=["*"])
    assert set(names(catalog)) == visible - {"LegacyQuote__c"}
    unsupported = {
        name: metadata_of(catalog, name)[""].get("unsupported-reason")
        for name in names(catalog)
        if metadata_of(catalog, name)[""]["inclusion"] == "unsupported"
    }
    assert unsupported == unreadable
    asked = {name for together in described(org) for name in together}
    assert asked == visible - {"LegacyQuote__c"} - unreadable.keys()


def test_what_nobody_can_read_is_not_read(org: LocalOrg, tap: TapRunner) -> None:
    """Without a catalog nothing is said of it; with one that selects it, a sentence."""
    org.store.insert("Account", [{}], stamp=YESTERDAY)
    run = tap.sync(objects=["Account*"])
    assert run.exit_code == 0, run.log
    assert "AccountChangeEvent" not in run.log
    catalog = tap.discover(objects=["Account*"])
    assert "AccountChangeEvent" in names(catalog)
    quiet = tap.sync(catalog=catalog)
    assert "AccountChangeEvent" not in quiet.log
    selected = tap.sync(catalog=select_streams(catalog, "Account", "AccountChangeEvent"))
    assert selected.exit_code == 0, selected.log
    assert len(selected.ids("Account")) == 1
    assert "The catalog selects AccountChangeEvent, which nobody can read" in selected.log


@pytest.mark.parametrize("of_all", [{"__key_properties__": ["Id"]}, {"Id": "md5(Id)"}])
def test_maps_of_all_streams_are_not_those_of_what_nobody_can_read(
    org: LocalOrg, tap: TapRunner, of_all: dict[str, Any]
) -> None:
    """Such an entry has no field that could be mapped."""
    org.store.insert("Account", [{}], stamp=YESTERDAY)
    found = tap.discover(objects=["Account*"])
    kept = {"Account", "AccountChangeEvent"}
    found["streams"] = [e for e in found["streams"] if e["tap_stream_id"] in kept]
    run = tap.sync(catalog=found, stream_maps={"*": of_all})
    assert run.exit_code == 0, run.log
    assert len(run.records("Account")) == 1


def test_what_the_user_names_is_tried(org: LocalOrg, tap: TapRunner) -> None:
    """Salesforce may answer where its documentation says that it does not."""
    add_object(org, "Vote", stamp("SystemModstamp"))
    ids = org.store.insert("Vote", [{}], stamp=YESTERDAY)
    run = tap.sync(objects=["Vote", "V*"])
    assert run.exit_code == 0, run.log
    assert run.ids("Vote") == ids


def test_pattern_of_nothing_that_can_be_read_is_an_error(tap: TapRunner) -> None:
    """The reason is told."""
    run = tap.command("--config", tap.config(objects=["*ChangeEvent"]), "--discover")
    assert (run.exit_code, run.stdout) == (2, "")
    last = run.log.splitlines()[-1]
    assert "*ChangeEvent, which matches only objects that can't be read: 1 object. Change" in last


def test_objects_are_described_25_at_a_time(org: LocalOrg, tap: TapRunner) -> None:
    """A pattern costs one `sobjects` call, and each 25 describes one more."""
    wide = [f"Thing{n:02}__c" for n in range(30)]
    for name in wide:
        add_object(org, name, stamp("SystemModstamp"))
    assert names(tap.discover(objects=["Thing*"])) == wide
    assert described(org) == [wide[:25], wide[25:]]
    assert len(org.journal.calls("/sobjects")) == 1
    assert org.journal.api_calls == 3


def test_pattern_without_a_match_is_an_error(tap: TapRunner) -> None:
    """A pattern that fits nothing is most likely a slip: exit code 2, and it is named."""
    run = tap.command("--config", tap.config(objects=["Acount*"]), "--discover")
    assert (run.exit_code, run.stdout) == (2, "")
    assert "Acount*, which matches no object" in run.log


# What can't be described


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param((404, "NOT_FOUND", "The requested resource does not exist"), id="404"),
        pytest.param((403, "FUNCTIONALITY_NOT_ENABLED", "composite is not enabled"), id="403"),
        pytest.param((405, "METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed"), id="405"),
    ],
)
def test_refused_composite_means_one_by_one(
    org: LocalOrg, tap: TapRunner, refusal: tuple[int, str, str]
) -> None:
    """Where /composite is refused the catalog is the same, for a call more per object."""
    expected = tap.discover()
    org.settings.composite_refusal = refusal
    org.journal.clear()
    assert tap.discover() == expected
    assert len(org.journal.calls("/sobjects/*/describe", "GET")) == len(DEFAULT_OBJECTS)


def test_refused_composite_is_asked_once(org: LocalOrg, tap: TapRunner) -> None:
    """More objects than a composite request holds: the refusal stands for all of them."""
    org.settings.composite_refusal = (404, "NOT_FOUND", "The requested resource does not exist")
    objects = [f"Thing{n:02}__c" for n in range(30)]
    for name in objects:
        add_object(org, name, stamp("SystemModstamp"))
    assert names(tap.discover(objects=objects)) == objects
    assert len(described(org)) == 1


@pytest.mark.parametrize("way", ["removed", "hidden"])
def test_default_object_that_the_org_lacks_is_skipped(
    org: LocalOrg, tap: TapRunner, way: str
) -> None:
    """Quotes are a feature: without it the other default objects come, and a line says so."""
    hide = org.store.remove_object if way == "removed" else org.store.hide_object
    hide("QuoteLineItem")
    run = tap.command("--config", tap.config(), "--discover")
    assert run.exit_code == 0, run.log
    assert set(names(json.loads(run.stdout))) == set(DEFAULT_OBJECTS) - {"QuoteLineItem"}
    (line,) = [line for line in run.log.splitlines() if "QuoteLineItem" in line]
    assert "INFO" in line
    assert "is skipped" in line


@pytest.mark.parametrize("command", ["discover", "sync"])
def test_named_object_that_the_org_lacks_is_an_error(tap: TapRunner, command: str) -> None:
    """A name that the user wrote ends the run with exit code 2, the name, and a near one."""
    arguments = ["--discover"] if command == "discover" else []
    wanted = tap.config(objects=["Account", "Oportunity"])
    run = tap.command("--config", wanted, *arguments)
    assert (run.exit_code, run.stdout) == (2, "")
    last = run.log.splitlines()[-1]
    assert "Oportunity, which the org does not have" in last
    assert "Did you mean Opportunity for Oportunity?" in last
    assert "Traceback" not in run.log


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(outages.unknown_exception(), id="500"),
        pytest.param(outages.salesforce(errors.insufficient_access()), id="403"),
        pytest.param(faults.answer(200, []), id="list"),
    ],
)
def test_unknown_object_is_told_without_suggestions_too(
    org: LocalOrg, tap: TapRunner, trouble: faults.Action
) -> None:
    """What was meant is only advice: where it can't be had, the rest is told."""
    asked = org.faults.add("GET /sobjects", trouble, times=None)
    run = tap.command("--config", tap.config(objects=["Oportunity"]), "--discover")
    assert (run.exit_code, run.stdout) == (2, "")
    last = run.log.splitlines()[-1]
    assert "The setting objects names Oportunity, which the org does not have" in last
    assert "Did you mean" not in last
    assert 1 <= asked.fired <= 2


@pytest.mark.parametrize("objects", [None, ["Account", "Contact"]], ids=["default", "named"])
@pytest.mark.parametrize("composite", [True, False], ids=["composite", "one by one"])
def test_refused_describe_is_named_with_its_reason(
    org: LocalOrg, tap: TapRunner, objects: list[str] | None, *, composite: bool
) -> None:
    """An object whose describe is refused is never left out in silence."""
    error = errors.insufficient_access()
    if composite:
        org.faults.add("POST /composite", part_answers("Contact", error.status, error.body()))
    else:
        org.settings.composite_refusal = (404, "NOT_FOUND", "no")
        org.faults.add("GET /sobjects/Contact/describe", outages.salesforce(error))
    wanted = tap.config() if objects is None else tap.config(objects=objects)
    run = tap.command("--config", wanted, "--discover")
    assert (run.exit_code, run.stdout) == (2, "")
    assert f"Contact can't be described: HTTP 403 (INSUFFICIENT_ACCESS: {error.message}" in run.log


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(500, errors.unknown_exception().body(), id="500"),
        pytest.param(503, errors.server_unavailable().body(), id="503"),
        pytest.param(420, None, id="420"),
        pytest.param(429, None, id="429"),
        pytest.param(403, errors.concurrent_limit_exceeded().body(), id="concurrent limit"),
        pytest.param(403, errors.transaction_security_metering().body(), id="metering"),
        pytest.param(401, errors.invalid_session().body(), id="session ended"),
        pytest.param(0, None, id="missing"),
    ],
)
def test_passing_trouble_of_one_part_is_asked_again(
    org: LocalOrg, tap: TapRunner, status: int, body: object
) -> None:
    """One describe that fails in passing is asked for alone, and the catalog is whole."""
    expected = tap.discover(objects=["Account", "Contact", "User"])
    org.journal.clear()
    org.faults.add("POST /composite", part_answers("Contact", status, body))
    assert tap.discover(objects=["Account", "Contact", "User"]) == expected
    assert len(org.journal.calls("/sobjects/*/describe", "GET")) == 1


# The catalog


@pytest.fixture
def everything(tap: TapRunner) -> dict[str, Any]:
    return tap.discover(objects=["*"])


@pytest.fixture
def measurement(tap: TapRunner) -> dict[str, Any]:
    """Return the catalog of the object that has a field of every type."""
    return tap.discover(objects=["Measurement__c"])


def test_schemas_are_valid(everything: dict[str, Any]) -> None:
    """Every schema is one that the validators of targets take, old drafts and new."""
    for entry in everything["streams"]:
        for validator in (Draft7Validator, Draft202012Validator):
            validator.check_schema(entry["schema"])


def test_every_property_has_metadata(everything: dict[str, Any]) -> None:
    """Schema and metadata name the same properties, and every field of the describe."""
    for name in names(everything):
        properties = entry_of(everything, name)["schema"]["properties"]
        members = {f"{n}.{m}" for n, p in properties.items() for m in p.get("properties", ())}
        assert {"", *properties, *members} == set(metadata_of(everything, name)), name


def test_all_fields_of_an_object_are_there(org: LocalOrg, everything: dict[str, Any]) -> None:
    """The catalog shows every field of the describe, in its order."""
    readable = [
        n for n in names(everything) if "unsupported" not in metadata_of(everything, n)[""].values()
    ]
    for name in readable:
        fields = [field.name for field in org.store.sobjects[name].fields]
        assert list(entry_of(everything, name)["schema"]["properties"]) == fields


def test_only_id_is_never_null(everything: dict[str, Any]) -> None:
    """All other properties may be null, whatever the org says of its fields."""
    for name in names(everything):
        properties = entry_of(everything, name)["schema"]["properties"]
        assert properties.pop("Id")["type"] == "string"
        assert all("null" in schema["type"] for schema in properties.values())
        assert all(not {"enum", "maxLength"} & set(schema) for schema in properties.values())


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("Account__c", {"type": ["string", "null"]}),
        ("Approved__c", {"type": ["boolean", "null"]}),
        ("Count__c", {"type": ["integer", "null"]}),
        ("Serial__c", {"type": ["integer", "null"]}),
        ("Cost__c", {"type": ["number", "null"]}),
        ("Value__c", {"type": ["number", "null"]}),
        ("Share__c", {"type": ["number", "null"]}),
        ("Measured_On__c", {"type": ["string", "null"], "format": "date"}),
        ("Measured_At__c", {"type": ["string", "null"], "format": "date-time"}),
        ("Starts__c", {"type": ["string", "null"]}),
        ("Tags__c", {"type": ["string", "null"]}),
        ("Reading__c", {"type": ["string", "null"]}),
        ("Shape__c", {"type": ["string", "null"]}),
    ],
)
def test_types_become_json_schema(
    measurement: dict[str, Any], field: str, schema: dict[str, Any]
) -> None:
    """Each kind of field has the one schema that the exactness contract names."""
    found = dict(entry_of(measurement, "Measurement__c")["schema"]["properties"][field])
    found.pop("title")
    found.pop("description", None)
    assert found == schema


def test_compound_fields_are_objects_of_their_parts(tap: TapRunner) -> None:
    """An address or location has its parts as members, each with its own type."""
    everything = tap.discover(objects=["Account", "Measurement__c"])
    place = entry_of(everything, "Measurement__c")["schema"]["properties"]["Place__c"]
    number = {"type": ["number", "null"]}
    assert place["type"] == ["object", "null"]
    assert place["properties"] == {"latitude": number, "longitude": number}
    billing = entry_of(everything, "Account")["schema"]["properties"]["BillingAddress"]
    assert set(billing["properties"]) == {
        *("city", "country", "geocodeAccuracy", "latitude"),
        *("longitude", "postalCode", "state", "street"),
    }
    assert billing["properties"]["street"] == {"type": ["string", "null"]}


def test_labels_and_help_texts_are_there(measurement: dict[str, Any]) -> None:
    """Title and description are what people read in Salesforce."""
    entry = entry_of(measurement, "Measurement__c")
    assert entry["schema"]["title"] == "Measurement"
    cost = entry["schema"]["properties"]["Cost__c"]
    assert (cost["title"], cost["description"]) == ("Cost", "Net cost, without tax")
    assert "description" not in entry["schema"]["properties"]["Budget__c"]


def test_selection_metadata(measurement: dict[str, Any]) -> None:
    """Key and replication key are automatic, compounds offered, base64 can't be had."""
    metadata = metadata_of(measurement, "Measurement__c")
    automatic = {name for name, m in metadata.items() if m["inclusion"] == "automatic"}
    assert automatic == {"Id", "SystemModstamp", "Place__c.latitude", "Place__c.longitude"}
    unsupported = {name for name, m in metadata.items() if m["inclusion"] == "unsupported"}
    assert unsupported == {"Drawing__c"}
    not_by_default = {n for n, m in metadata.items() if m.get("selected-by-default") is False}
    assert not_by_default == {"Place__c"}
    assert metadata[""] == {
        "inclusion": "available",
        "selected": True,
        "selected-by-default": True,
        "table-key-properties": ["Id"],
        "replication-key": "SystemModstamp",
        "valid-replication-keys": ["SystemModstamp"],
    }


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        pytest.param(
            ["LoginTime", "CreatedDate", "LastModifiedDate", "SystemModstamp"],
            "SystemModstamp",
            id="SystemModstamp",
        ),
        pytest.param(
            ["LoginTime", "CreatedDate", "LastModifiedDate"],
            "LastModifiedDate",
            id="LastModifiedDate",
        ),
        pytest.param(["LoginTime", "CreatedDate"], "CreatedDate", id="CreatedDate"),
        pytest.param(["LastLogin__c", "LoginTime"], "LoginTime", id="LoginTime"),
        pytest.param(["LastLogin__c"], None, id="none"),
    ],
)
def test_replication_key_by_preference(
    org: LocalOrg, tap: TapRunner, fields: list[str], key: str | None
) -> None:
    """The best stamp of an object is what it is read by; without one it is read whole."""
    add_object(org, "Thing__c", *(stamp(name) for name in fields))
    (entry,) = tap.discover(objects=["Thing__c"])["streams"]
    assert entry["key_properties"] == ["Id"]
    assert entry.get("replication_key") == key
    assert entry["replication_method"] == ("INCREMENTAL" if key else "FULL_TABLE")


@pytest.mark.parametrize(
    "useless",
    [
        pytest.param(stamp("SystemModstamp", filterable=False), id="not filterable"),
        pytest.param(stamp("SystemModstamp", sortable=False), id="not sortable"),
    ],
)
def test_stamp_that_no_query_can_use_is_no_key(
    org: LocalOrg, tap: TapRunner, useless: Field
) -> None:
    """A stamp that can't be filtered and sorted by is passed over."""
    add_object(org, "Thing__c", useless, stamp("CreatedDate"))
    (entry,) = tap.discover(objects=["Thing__c"])["streams"]
    assert entry["replication_key"] == "CreatedDate"


def test_catalog_is_the_same_each_time(tap: TapRunner) -> None:
    """Two discoveries write the same bytes, so that a catalog can be kept under version control."""
    arguments = ("--config", tap.config(objects=["*__c", "Account"]), "--discover")
    first, second = tap.command(*arguments), tap.command(*arguments)
    assert first.exit_code == 0, first.log
    assert first.stdout == second.stdout


# With a catalog


def test_only_selected_streams_are_described(org: LocalOrg, tap: TapRunner) -> None:
    """What the catalog deselects costs nothing and leaves no trace in the output."""
    catalog = select_streams(tap.discover(), "Contact", "User")
    rows = {name: org.store.seed(name, 3, hurt=False) for name in ("Account", "Contact", "User")}
    org.journal.clear()
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert described(org) == [["Contact", "User"]]
    assert {m["stream"] for m in run.messages_of("SCHEMA")} == {"Contact", "User"}
    assert sorted(run.ids("User")) == sorted(rows["User"])


def test_catalog_that_selects_nothing_reads_nothing(org: LocalOrg, tap: TapRunner) -> None:
    """An empty selection is no error, but it is said."""
    catalog = select_streams(tap.discover(objects=["Account"]))
    org.journal.clear()
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert run.messages_of("RECORD") == []
    assert "selects no stream" in run.log
    assert org.journal.soql() == []


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_only_selected_columns_are_queried(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """The query, the SCHEMA and the records have the selected fields and the automatic ones."""
    catalog = select_fields(tap.discover(objects=["Account"]), "Account", "Name", "Industry")
    org.store.seed("Account", 3, hurt=False)
    run = tap.sync(catalog=catalog, api_mode=api_mode)
    assert run.exit_code == 0, run.log
    expected = {"Id", "Name", "Industry", "SystemModstamp"}
    assert set(columns_asked(org)) == expected
    (schema,) = run.messages_of("SCHEMA")
    assert set(schema["schema"]["properties"]) == expected
    assert [set(record) for record in run.records("Account")] == [expected] * 3


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_compound_field_is_built_from_its_parts(
    org: LocalOrg, tap: TapRunner, api_mode: str
) -> None:
    """A selected address is queried by its parts and comes as an object; without any, as null."""
    # As Meltano does it: every field and member that no pattern names is deselected.
    catalog = tap.discover(objects=["Account"])
    select_fields(catalog, "Account", "BillingAddress")
    parts = {
        "BillingStreet": "1 Main St\nFloor 2",
        "BillingCity": "Oslo",
        "BillingLatitude": "59.913868000000001",
    }
    whole, empty = org.store.insert("Account", [parts, {"Name": "nowhere"}], stamp=YESTERDAY)
    run = tap.sync(catalog=catalog, api_mode=api_mode)
    assert run.exit_code == 0, run.log
    asked = columns_asked(org)
    assert "BillingAddress" not in asked
    assert {"BillingStreet", "BillingLongitude", "BillingGeocodeAccuracy"} < set(asked)
    records = {record["Id"]: record for record in run.records("Account")}
    assert set(records[whole]) == {"Id", "SystemModstamp", "BillingAddress"}
    address = records[whole]["BillingAddress"]
    assert address == next(
        row["BillingAddress"] for row in org.store.rows("Account") if row["Id"] == whole
    )
    assert address["street"] == "1 Main St\nFloor 2"
    assert records[empty]["BillingAddress"] is None


def test_compound_field_and_its_parts_go_together(org: LocalOrg, tap: TapRunner) -> None:
    """No column is asked for twice when a compound and its parts are both selected."""
    catalog = tap.discover(objects=["Measurement__c"])
    set_selected(catalog, "Measurement__c", "Place__c", selected=True)
    place = {"Place__Latitude__s": "1.5", "Place__Longitude__s": "-2"}
    org.store.insert("Measurement__c", [place], stamp=YESTERDAY)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    (record,) = run.records("Measurement__c")
    assert record["Place__c"] == {"latitude": 1.5, "longitude": -2}
    assert record["Place__Latitude__s"] == 1.5


@pytest.mark.parametrize("how", ["default", "selected"])
def test_base64_is_never_read(
    org: LocalOrg, tap: TapRunner, measurement: dict[str, Any], how: str
) -> None:
    """What Bulk can't serve and REST serves as an address stays out, selected or not."""
    if how == "selected":
        set_selected(measurement, "Measurement__c", "Drawing__c", selected=True)
    org.store.insert("Measurement__c", [{"Drawing__c": "AAAA"}], stamp=YESTERDAY)
    run = tap.sync(catalog=measurement)
    assert run.exit_code == 0, run.log
    (record,) = run.records("Measurement__c")
    (schema,) = run.messages_of("SCHEMA")
    assert "Drawing__c" not in {*record, *schema["schema"]["properties"], *columns_asked(org)}


def test_field_that_has_gone_is_left_out_and_said(org: LocalOrg, tap: TapRunner) -> None:
    """A selected field that the user may no longer see costs a warning, not the stream."""
    catalog = tap.discover(objects=["Account"])
    rows = org.store.seed("Account", 3, hurt=False)
    org.store.hide_field("Account", "Industry")
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert all("Industry" not in record for record in run.records("Account"))
    assert run.log.count("The field Account.Industry is selected, but the org no longer") == 1


def test_field_that_is_new_waits_for_the_next_catalog(org: LocalOrg, tap: TapRunner) -> None:
    """What a catalog does not know is not queried."""
    catalog = tap.discover(objects=["Account"])
    org.store.add_field("Account", Field(name="New__c", type="string", label="New", length=9))
    org.store.seed("Account", 1, hurt=False)
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 0, run.log
    assert "New__c" not in columns_asked(org)


@pytest.mark.parametrize("way", ["removed", "hidden"])
def test_object_that_has_gone_fails_alone(org: LocalOrg, tap: TapRunner, way: str) -> None:
    """Exit code 7: the object is named, the other streams are complete and have moved on."""
    catalog = tap.discover(objects=["Account", "Invoice__c", "Contact"])
    rows = {name: org.store.seed(name, 3, hurt=False) for name in ("Account", "Contact")}
    hide = org.store.remove_object if way == "removed" else org.store.hide_object
    hide("Invoice__c")
    run = tap.sync(catalog=catalog)
    assert run.exit_code == 7
    last = run.log.splitlines()[-1]
    assert "Invoice__c can't be described: HTTP 404 (NOT_FOUND" in last
    for name, ids in rows.items():
        assert sorted(run.ids(name)) == sorted(ids)
        assert run.bookmark(name) is not None
    assert "Traceback" not in run.log


# Types and versions that the tap does not know


def test_unknown_field_type_is_read_as_text(org: LocalOrg, tap: TapRunner) -> None:
    """A type of tomorrow gives one warning, and its values as text."""
    (row,) = org.store.insert("Measurement__c", [{"Shape__c": "round"}], stamp=YESTERDAY)
    run = tap.sync(objects=["Measurement__c"])
    assert run.exit_code == 0, run.log
    assert [(r["Id"], r["Shape__c"]) for r in run.records("Measurement__c")] == [(row, "round")]
    (line,) = [line for line in run.log.splitlines() if "hologram" in line]
    assert "WARNING" in line
    assert "Measurement__c.Shape__c" in line


@pytest.mark.parametrize("wanted", ["68.0", "v68.0", "99.0"])
def test_unknown_api_version_gives_way_to_the_newest(
    org: LocalOrg, tap: TapRunner, wanted: str
) -> None:
    """Every request uses the org's newest version, and one warning says so."""
    org.settings.versions = list(range(41, 67))
    rows = org.store.seed("Account", 3, hurt=False)
    run = tap.sync(objects=["Account"], api_version=wanted, api_mode="bulk")
    assert run.exit_code == 0, run.log
    assert sorted(run.ids("Account")) == sorted(rows)
    assert run.log.count("using its newest, 66.0") == 1
    versioned = {entry.path.split("/")[3] for entry in org.journal.calls("/services/data/v*")}
    assert versioned == {"v66.0"}


def test_odd_entries_among_the_versions(org: LocalOrg, tap: TapRunner) -> None:
    """An entry that names no version is passed over."""
    org.store.seed("Account", 3, hurt=False)
    odd = [{"version": None}, {"label": "x"}, {"version": "66.0"}, "v70", {"version": "latest"}]
    body = json.dumps(odd).encode()
    org.faults.add("/services/data", faults.replace_body(lambda _: body), times=None)
    org.settings.versions = [66]
    run = tap.sync(objects=["Account"])
    assert run.exit_code == 0, run.log
    assert "using its newest, 66.0" in run.log


def test_versions_are_asked_once_and_for_free(org: LocalOrg, tap: TapRunner) -> None:
    """The list of versions needs no token and counts against nothing."""
    org.store.seed("Account", 3, hurt=False)
    tap.sync(objects=["Account"])
    (entry,) = org.journal.calls("/services/data")
    assert entry.counted == 0
    assert "Authorization" not in entry.headers
