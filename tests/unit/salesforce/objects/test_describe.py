"""Describe → columns, JSON Schema and replication key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from tap_versionforge_salesforce.errors import OddAnswerError
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.describe import (
    KIND_BY_TYPE,
    SObject,
    sobject_from_describe,
)
from tap_versionforge_salesforce.singer.json_schema import record_schema
from tests.support.values import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Describes of real orgs, recorded by others; they are not part of this repository.
DESCRIBES = ROOT.parent / "shared" / "describes"
RECORDED = sorted(path for path in DESCRIBES.glob("*.json") if path.stem != "Global")

STRING: dict[str, object] = {"type": ["string", "null"]}
JSON_SCHEMAS: dict[str, dict[str, object]] = {
    **dict.fromkeys(
        (
            "string",
            "picklist",
            "multipicklist",
            "combobox",
            "reference",
            "textarea",
            "phone",
            "id",
            "url",
            "email",
            "encryptedstring",
            "datacategorygroupreference",
            "anyType",
            "complexvalue",
            "json",
            "masterrecord",
            "time",
        ),
        STRING,
    ),
    "boolean": {"type": ["boolean", "null"]},
    "int": {"type": ["integer", "null"]},
    "long": {"type": ["integer", "null"]},
    "double": {"type": ["number", "null"]},
    "currency": {"type": ["number", "null"]},
    "percent": {"type": ["number", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "datetime": {"type": ["string", "null"], "format": "date-time"},
}


def field(name: str, kind: str = "string", **more: object) -> dict[str, Any]:
    """Return a field of a describe, with the keys that real ones have and the tap reads."""
    usual = {
        "name": name,
        "type": kind,
        "label": name,
        "compoundFieldName": None,
        "nillable": True,
        "filterable": True,
        "sortable": True,
        "inlineHelpText": None,
    }
    return usual | more


def described(*fields: dict[str, Any], **more: object) -> SObject:
    identity = field("Id", "id", nillable=False)
    describe = {"name": "Thing", "label": "A Thing", "fields": [identity, *fields]} | more
    return sobject_from_describe(describe)


def properties(sobject: SObject) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = record_schema(sobject)["properties"]
    return found


# Types


def test_every_known_type_is_in_these_tests() -> None:
    """A new type needs a line in the table above."""
    assert set(KIND_BY_TYPE) == {*JSON_SCHEMAS, "address", "location", "base64"}


@pytest.mark.parametrize(("kind", "schema"), JSON_SCHEMAS.items(), ids=list(JSON_SCHEMAS))
def test_json_schema_of_each_type(kind: str, schema: dict[str, object]) -> None:
    """Each field type has the JSON type of the exactness contract, and may be null."""
    sobject = described(field("Field", kind))
    assert properties(sobject)["Field"] == {**schema, "title": "Field"}
    assert sobject.unknown_types == {}


@pytest.mark.parametrize("kind", ["hologram", "", None, "String"])
def test_unknown_types_are_text_and_told(kind: str | None) -> None:
    """A type of tomorrow is read as text, and named so that it can be warned about."""
    sobject = described({**field("Field"), "type": kind})
    assert properties(sobject)["Field"]["type"] == ["string", "null"]
    assert sobject.column("Field") == Column("Field", Kind.TEXT)
    assert sobject.unknown_types == {"Field": str(kind)}


@pytest.mark.parametrize(
    ("sobject", "field"),
    [
        ("Site", "DailyBandwidthUsed"),
        ("site", "DailyRequestTimeUsed"),
        ("Knowledge__kav", "Attachment__Length__s"),
    ],
)
def test_whole_numbers_that_are_none(sobject: str, field: str) -> None:
    """They are known to be served with fractions, which are kept."""
    fields = [{"name": name, "type": "int"} for name in ("Id", field, "DailyBandwidthLimit")]
    described = sobject_from_describe({"name": sobject, "fields": fields})
    kinds = {column.name: column.kind for column in described.columns}
    assert (kinds[field], kinds["DailyBandwidthLimit"]) == (Kind.NUMBER, Kind.INTEGER)
    other = sobject_from_describe({"name": "Other__c", "fields": fields})
    assert {column.kind for column in other.columns} == {Kind.INTEGER}


def test_base64_is_unsupported() -> None:
    """What neither API serves as a value is marked, but is a property."""
    sobject = described(field("Body", "base64"))
    assert sobject.column("Body") == Column("Body", Kind.UNSUPPORTED)
    assert "Body" in properties(sobject)


def test_only_the_id_is_never_null() -> None:
    """Everything else can be null, whatever nillable says."""
    sobject = described(field("Name", nillable=False), field("IsActive", "boolean", nillable=False))
    assert properties(sobject)["Id"]["type"] == "string"
    assert properties(sobject)["Name"]["type"] == ["string", "null"]
    assert properties(sobject)["IsActive"]["type"] == ["boolean", "null"]


def test_no_limits_are_promised() -> None:
    """Orgs hold values that break their own lengths and picklists."""
    stage = field("Stage", "picklist", length=40, picklistValues=[{"value": "Won"}])
    assert properties(described(stage))["Stage"] == {**STRING, "title": "Stage"}


def test_label_and_help_are_told() -> None:
    """Labels become titles, and help texts descriptions."""
    sobject = described(field("Amount", "currency", label="Betrag", inlineHelpText="In euro."))
    assert properties(sobject)["Amount"] == {
        "type": ["number", "null"],
        "title": "Betrag",
        "description": "In euro.",
    }
    assert (sobject.label, record_schema(sobject)["title"]) == ("A Thing", "A Thing")


def test_columns_keep_the_order_of_the_describe() -> None:
    """Properties and columns come as the org lists its fields."""
    sobject = described(field("B"), field("A"), field("C__c"))
    assert [column.name for column in sobject.columns] == ["Id", "B", "A", "C__c"]
    assert list(properties(sobject)) == ["Id", "B", "A", "C__c"]


def test_columns_are_found_by_name() -> None:
    """A field is found by its exact name only."""
    sobject = described(field("Name"))
    assert sobject.column("Name") == Column("Name", Kind.TEXT)
    assert sobject.column("name") is None


@pytest.mark.parametrize("label", [None, ""])
def test_an_object_without_a_label(label: str | None) -> None:
    """The API name serves."""
    assert described(label=label).label == "Thing"


def test_an_object_without_fields() -> None:
    """The user may read none of them."""
    sobject = sobject_from_describe({"name": "Odd", "label": "Odd", "fields": []})
    assert sobject.columns == ()
    assert sobject.replication_key is None


@pytest.mark.parametrize("more", [{}, {"fields": None}, {"fields": {}}], ids=repr)
def test_a_describe_without_a_list_of_fields_is_none(more: dict[str, object]) -> None:
    """It is not taken for one of an object that has none."""
    with pytest.raises(OddAnswerError):
        sobject_from_describe({"name": "Odd", **more})


def test_a_field_with_the_least_of_keys() -> None:
    """Old versions leave keys out."""
    sobject = sobject_from_describe({"name": "Old", "fields": [{"name": "Id", "type": "id"}]})
    assert properties(sobject) == {"Id": {"type": "string"}}


# Compound fields


def parts_of(sobject: SObject, name: str) -> dict[str, str]:
    column = sobject.column(name)
    assert column is not None
    assert column.kind is Kind.COMPOUND
    return {member: part.name for member, part in column.parts}


def components(prefix: str, compound: str, suffix: str = "") -> list[dict[str, Any]]:
    """Return the visible parts of an address."""
    texts = ("Street", "City", "State", "StateCode", "PostalCode", "Country", "CountryCode")
    found = [field(f"{prefix}{part}{suffix}", compoundFieldName=compound) for part in texts]
    found += [
        field(f"{prefix}{part}{suffix}", "double", compoundFieldName=compound)
        for part in ("Latitude", "Longitude")
    ]
    accuracy = f"{prefix}GeocodeAccuracy{suffix}"
    return [*found, field(accuracy, "picklist", compoundFieldName=compound)]


ADDRESS = {
    "street": "Street",
    "city": "City",
    "state": "State",
    "stateCode": "StateCode",
    "postalCode": "PostalCode",
    "country": "Country",
    "countryCode": "CountryCode",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "geocodeAccuracy": "GeocodeAccuracy",
}


@pytest.mark.parametrize(
    ("compound", "prefix", "suffix"),
    [
        pytest.param("BillingAddress", "Billing", "", id="standard"),
        pytest.param("PersonMailingAddress", "PersonMailing", "", id="of a person account"),
        pytest.param("Address", "", "", id="of a user, parts without a prefix"),
        pytest.param("Home__c", "Home__", "__s", id="custom"),
        pytest.param("ns__Home__c", "ns__Home__", "__s", id="of a package"),
        pytest.param("RealEstate__c", "RealEstate__", "__s", id="custom, named like a state"),
    ],
)
def test_addresses_have_their_parts(compound: str, prefix: str, suffix: str) -> None:
    """An address knows its components by the names they have inside the object."""
    sobject = described(*components(prefix, compound, suffix), field(compound, "address"))
    assert parts_of(sobject, compound) == {
        member: f"{prefix}{part}{suffix}" for member, part in ADDRESS.items()
    }
    schema = properties(sobject)[compound]
    assert schema["type"] == ["object", "null"]
    assert schema["properties"]["latitude"] == {"type": ["number", "null"]}
    assert schema["properties"]["street"] == STRING
    assert set(schema["properties"]) == set(ADDRESS)


@pytest.mark.parametrize(
    ("compound", "prefix", "suffix"),
    [
        pytest.param("Position__c", "Position__", "__s", id="custom"),
        pytest.param("ns__Position__c", "ns__Position__", "__s", id="of a package"),
        pytest.param("Location", "", "", id="standard"),
    ],
)
def test_locations_have_their_parts(compound: str, prefix: str, suffix: str) -> None:
    """A location is a latitude and a longitude."""
    latitude, longitude = f"{prefix}Latitude{suffix}", f"{prefix}Longitude{suffix}"
    sobject = described(
        field(compound, "location"),
        field(latitude, "double", compoundFieldName=compound),
        field(longitude, "double", compoundFieldName=compound),
    )
    assert parts_of(sobject, compound) == {"latitude": latitude, "longitude": longitude}


def test_two_addresses_don_t_mix() -> None:
    """Each address has its own parts."""
    sobject = described(
        field("BillingAddress", "address"),
        field("ShippingAddress", "address"),
        field("BillingCity", compoundFieldName="BillingAddress"),
        field("ShippingCity", compoundFieldName="ShippingAddress"),
    )
    assert parts_of(sobject, "BillingAddress") == {"city": "BillingCity"}
    assert parts_of(sobject, "ShippingAddress") == {"city": "ShippingCity"}


def test_hidden_parts_are_left_out() -> None:
    """A part that the user may not see is absent from the describe, and so from the object."""
    sobject = described(
        field("Address", "address"), field("City", compoundFieldName="Address"), field("Street")
    )
    assert parts_of(sobject, "Address") == {"city": "City"}


def test_an_address_without_visible_parts_is_unsupported() -> None:
    """There is nothing that it could be built from."""
    sobject = described(field("Address", "address"))
    assert sobject.column("Address") == Column("Address", Kind.UNSUPPORTED)


def test_parts_are_fields_as_well() -> None:
    """The parts of an address are columns of their own."""
    sobject = described(
        *components("Billing", "BillingAddress"), field("BillingAddress", "address")
    )
    assert sobject.column("BillingCity") == Column("BillingCity", Kind.TEXT)
    assert sobject.column("BillingLatitude") == Column("BillingLatitude", Kind.NUMBER)


def test_a_name_that_is_its_own_compound_is_text() -> None:
    """Account.Name names itself as its compound field, and is a plain text all the same."""
    sobject = described(field("Name", compoundFieldName="Name"))
    assert sobject.column("Name") == Column("Name", Kind.TEXT)


def test_names_and_fiscal_periods_are_text() -> None:
    """A text that others name as their compound field is selectable, and has no parts."""
    sobject = described(
        field("Name"),
        field("FirstName", compoundFieldName="Name"),
        field("LastName", compoundFieldName="Name"),
        field("Fiscal"),
        field("FiscalYear", "int", compoundFieldName="Fiscal"),
    )
    for name in ("Name", "FirstName", "Fiscal"):
        assert sobject.column(name) == Column(name, Kind.TEXT)
    assert sobject.column("FiscalYear") == Column("FiscalYear", Kind.INTEGER)


# Replication key

STAMPS = ("SystemModstamp", "LastModifiedDate", "CreatedDate", "LoginTime")


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        pytest.param(STAMPS, "SystemModstamp", id="all"),
        pytest.param(STAMPS[::-1], "SystemModstamp", id="all, the other way round"),
        pytest.param(STAMPS[1:], "LastModifiedDate", id="as shares have it"),
        pytest.param(STAMPS[2:], "CreatedDate", id="as histories have it"),
        pytest.param(STAMPS[3:], "LoginTime", id="as logins have it"),
        pytest.param(("EventDate",), None, id="no date-time of that kind"),
        pytest.param((), None, id="none"),
    ],
)
def test_replication_key_by_preference(fields: tuple[str, ...], key: str | None) -> None:
    """The first of SystemModstamp, LastModifiedDate, CreatedDate and LoginTime is the key."""
    sobject = described(*(field(name, "datetime", nillable=False) for name in fields))
    assert sobject.replication_key == key


@pytest.mark.parametrize(
    "flaw",
    [
        pytest.param({"filterable": False}, id="not filterable"),
        pytest.param({"sortable": False}, id="not sortable"),
        pytest.param({"type": "date"}, id="a date"),
        pytest.param({"type": "string"}, id="a text"),
    ],
)
def test_a_key_can_be_filtered_and_sorted_by(flaw: dict[str, object]) -> None:
    """A stamp that a query can't use is passed over."""
    sobject = described(
        {**field("SystemModstamp", "datetime"), **flaw}, field("LastModifiedDate", "datetime")
    )
    assert sobject.replication_key == "LastModifiedDate"


@pytest.mark.parametrize("nillable", [True, False])
def test_a_key_that_can_be_null_is_known(*, nillable: bool) -> None:
    """Whether rows without the key may exist is told for each stamp."""
    sobject = described(field("SystemModstamp", "datetime", nillable=nillable))
    assert sobject.stamps == {"SystemModstamp": nillable}


def test_other_stamps_can_be_chosen() -> None:
    """Every date-time that can be filtered and sorted by is offered."""
    sobject = described(field("SystemModstamp", "datetime"), field("Closed__c", "datetime"))
    assert set(sobject.stamps) == {"SystemModstamp", "Closed__c"}


# Recorded describes


@pytest.fixture(params=RECORDED, ids=lambda path: path.stem)
def recorded(request: pytest.FixtureRequest) -> dict[str, Any]:
    path: Path = request.param
    describe: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return describe


def test_recorded_describes_are_there() -> None:
    """The tests below need recorded describes of real orgs."""
    if not RECORDED:
        pytest.skip("no recorded describes: shared/describes is not beside the repository")
    assert {"Account", "Contact", "Opportunity"} <= {path.stem for path in RECORDED}


def test_recorded_fields_are_all_known(recorded: dict[str, Any]) -> None:
    """Each field of a real object is a property of its type, in the org's order."""
    sobject = sobject_from_describe(recorded)
    assert sobject.unknown_types == {}
    assert list(properties(sobject)) == [field["name"] for field in recorded["fields"]]
    for found in recorded["fields"]:
        schema = properties(sobject)[found["name"]]
        assert schema["title"] == found["label"]
        if found["name"] == "Id":
            assert schema["type"] == "string"
        elif found["type"] == "address":
            assert schema["type"] == ["object", "null"]
        else:
            assert {**schema, **JSON_SCHEMAS[found["type"]]} == schema


def test_recorded_schemas_are_valid(recorded: dict[str, Any]) -> None:
    """The JSON Schema is one, promises no limits, and takes a record of nothing but an Id."""
    schema = record_schema(sobject_from_describe(recorded))
    Draft202012Validator.check_schema(schema)
    text = json.dumps(schema)
    assert '"enum"' not in text
    assert '"maxLength"' not in text
    record = dict.fromkeys(schema["properties"]) | {"Id": "001000000000001AAA"}
    Draft202012Validator(schema).validate(record)


def test_recorded_addresses_have_all_their_parts(recorded: dict[str, Any]) -> None:
    """Every component of every recorded address has its place in the object."""
    sobject = sobject_from_describe(recorded)
    for found in recorded["fields"]:
        if found["type"] not in ("address", "location"):
            continue
        visible = {f["name"] for f in recorded["fields"] if f["compoundFieldName"] == found["name"]}
        parts = parts_of(sobject, found["name"])
        assert set(parts.values()) == visible
        assert set(parts) <= set(ADDRESS)


def test_recorded_names_are_text(recorded: dict[str, Any]) -> None:
    """Name is a text, though Account's names itself and Contact's is named by its parts."""
    name = sobject_from_describe(recorded).column("Name")
    assert name in (None, Column("Name", Kind.TEXT))


def test_recorded_replication_keys(recorded: dict[str, Any]) -> None:
    """Every recorded object with the usual stamps is read by SystemModstamp, never null."""
    sobject = sobject_from_describe(recorded)
    if sobject.column("SystemModstamp") is None:
        assert sobject.replication_key is None
        return
    assert sobject.replication_key == "SystemModstamp"
    assert sobject.stamps["SystemModstamp"] is False


# Keys


@pytest.mark.parametrize(
    ("name", "fields", "keys"),
    [
        pytest.param("Thing", ["Name", "SystemModstamp"], ("Id",), id="Ids"),
        pytest.param("Phone_Book__b", ["Name__c"], (), id="big object"),
        pytest.param(
            "LightningUriEvent",
            ["EventIdentifier", "EventDate", "CreatedDate"],
            ("EventIdentifier",),
            id="event store",
        ),
        pytest.param(
            "ApiAnomalyEventStore",
            ["EventIdentifier", "EventDate", "LastModifiedDate", "SystemModstamp"],
            ("Id",),
            id="event store with stamps",
        ),
    ],
)
def test_what_tells_rows_apart(name: str, fields: list[str], keys: tuple[str, ...]) -> None:
    """Rows of big objects have no Ids; then Id can't be read, and nothing is incremental."""
    kinds = {each: "datetime" if each.endswith(("Date", "stamp")) else "string" for each in fields}
    sobject = described(*(field(*each) for each in kinds.items()), name=name)
    assert (sobject.keys, sobject.has_ids) == (keys, keys == ("Id",))
    identity = sobject.column("Id")
    assert identity is not None
    assert (identity.kind is Kind.UNSUPPORTED) == (not sobject.has_ids)
    assert bool(sobject.stamps) == (sobject.has_ids and sobject.replication_key is not None)
    assert sobject.problem is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param([], "no field that the user may read", id="no field"),
        pytest.param([field("Body", "base64")], "no field that the user may read", id="base64"),
        pytest.param([field("Name")], "no field Id", id="no Id"),
    ],
)
def test_objects_that_can_not_be_read(fields: list[dict[str, Any]], problem: str) -> None:
    """Without an Id, or a field at all, an object is told to be unreadable, by its name."""
    error = sobject_from_describe({"name": "Thing", "fields": fields}).problem
    assert error is not None
    assert (error.code, error.exit_code) == ("unreadable-object", 7)
    assert f"Thing has {problem}" in error.message


# Spelling


@pytest.mark.parametrize(
    ("names", "found"),
    [
        pytest.param(["id", "NAME"], {"id": "Id", "NAME": "Name"}, id="other case"),
        pytest.param(["NAME", "Name"], {"Name": "Name"}, id="the exact one wins"),
        pytest.param(["NAME", "name"], {"NAME": "Name"}, id="then the first"),
        pytest.param(["Name__c"], {}, id="another field"),
    ],
)
def test_columns_by_spelling(names: list[str], found: dict[str, str]) -> None:
    """Case does not matter, and no column has two names."""
    columns = described(field("Name")).columns_by_spelling(names)
    assert {name: column.name for name, column in columns.items()} == found
