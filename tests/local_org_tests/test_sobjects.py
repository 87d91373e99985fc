"""The describes: their shape, their conventions, and the objects that the org starts with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.local_org.objects.object_notation import default_objects, read_field, read_object

RECORDED = Path(__file__).parents[2].parent / "shared" / "describes"
OBJECTS = {sobject.name: sobject for sobject in default_objects()}
DEFAULTS = (
    "Account",
    "Contact",
    "Contract",
    "Opportunity",
    "User",
    "OpportunityLineItem",
    "QuoteLineItem",
    "OrderItem",
    "ContractLineItem",
)
STAMPS = ("SystemModstamp", "LastModifiedDate", "CreatedDate", "LoginTime")
EVERY_TYPE = {
    "address",
    "anyType",
    "base64",
    "boolean",
    "combobox",
    "complexvalue",
    "currency",
    "datacategorygroupreference",
    "date",
    "datetime",
    "double",
    "email",
    "encryptedstring",
    "id",
    "int",
    "json",
    "location",
    "long",
    "multipicklist",
    "percent",
    "phone",
    "picklist",
    "reference",
    "string",
    "textarea",
    "time",
    "url",
}


def _describe(name: str) -> dict[str, Any]:
    return OBJECTS[name].describe("68.0")


def _fields(name: str) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in _describe(name)["fields"]}


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_tap_s_default_objects_are_here(name: str) -> None:
    fields = _fields(name)
    assert {"Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"} <= fields.keys()
    assert ("IsDeleted" in fields) is (name != "User")
    assert OBJECTS[name].queryable


@pytest.mark.parametrize("name", OBJECTS)
def test_every_describe_has_the_same_keys(name: str) -> None:
    describe = _describe(name)
    account = _describe("Account")
    assert describe.keys() == account.keys()
    assert len(describe) == 45
    assert all(len(field) == 57 for field in describe["fields"])
    assert len({field["name"].lower() for field in describe["fields"]}) == len(describe["fields"])


@pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded describes are not in the repository"
)
@pytest.mark.parametrize("name", ["Contact", "Opportunity", "Event", "Lead", "PersonAccount"])
def test_keys_are_those_of_a_real_org(name: str) -> None:
    recorded = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    mine = _describe("Account")
    assert mine.keys() == recorded.keys()
    assert list(mine["fields"][0]) == list(recorded["fields"][0])


@pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded describes are not in the repository"
)
@pytest.mark.parametrize("name", ["Account", "Contact", "Opportunity"])
def test_fields_are_described_as_a_real_org_describes_them(name: str) -> None:
    recorded = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    fields = _fields(name)
    ours_to_choose = {"inlineHelpText", "picklistValues", "searchPrefilterable", "byteLength"}
    for real in recorded["fields"]:
        if not real["name"].endswith("__c"):
            mine = fields[real["name"]]
            differing = {key for key in real if real[key] != mine[key]}
            assert differing <= ours_to_choose, (real["name"], differing)


@pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded describes are not in the repository"
)
def test_the_global_entry_is_that_of_a_real_org() -> None:
    real = json.loads((RECORDED / "Global.json").read_text("utf-8"))["sobjects"][0]
    mine = OBJECTS["Account"].global_entry("v52.0")
    assert mine == real


def test_measurement_has_a_field_of_every_type_and_one_that_nobody_knows() -> None:
    types = {
        field["type"] for name in ("Measurement__c", "Account") for field in _fields(name).values()
    }
    assert types == EVERY_TYPE | {"hologram"}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (("Account", "Name"), {"compoundFieldName": "Name", "nameField": True, "nillable": False}),
        (("Account", "BillingCity"), {"compoundFieldName": "BillingAddress", "byteLength": 120}),
        (
            ("Account", "BillingAddress"),
            {
                "soapType": "urn:address",
                "filterable": True,
                "sortable": False,
                "groupable": False,
                "queryByDistance": True,
                "length": 0,
            },
        ),
        (("Account", "Description"), {"filterable": False, "sortable": False, "length": 32000}),
        (("Account", "BillingStreet"), {"filterable": True, "extraTypeInfo": "plaintextarea"}),
        (("Account", "AnnualRevenue"), {"precision": 18, "scale": 0, "groupable": False}),
        (("Account", "NumberOfEmployees"), {"digits": 8, "precision": 0, "soapType": "xsd:int"}),
        (("Account", "ParentId"), {"referenceTo": ["Account"], "relationshipName": "Parent"}),
        (("Contact", "FirstName"), {"compoundFieldName": "Name", "extraTypeInfo": "personname"}),
        (("Opportunity", "Fiscal"), {"compoundFieldName": None, "type": "string"}),
        (("Opportunity", "FiscalYear"), {"compoundFieldName": "Fiscal"}),
        (("Opportunity", "HasOpenActivity"), {"filterable": False, "sortable": False}),
        (("Opportunity", "ContactId"), {"relationshipName": None, "referenceTo": ["Contact"]}),
        (("Opportunity", "IsWon"), {"nillable": False, "defaultValue": False}),
        (("User", "DelegatedApproverId"), {"polymorphicForeignKey": True, "namePointing": True}),
        (("QuoteLineItem", "Subtotal"), {"calculated": True, "createable": False}),
        (("Measurement__c", "Place__c"), {"type": "location", "custom": True}),
        (("Measurement__c", "Place__Latitude__s"), {"compoundFieldName": "Place__c"}),
        (("Measurement__c", "Credit_Card__c"), {"maskType": "creditCard", "encrypted": True}),
        (("AccountHistory", "NewValue"), {"soapType": "xsd:anyType", "filterable": False}),
        (("Attachment", "Body"), {"soapType": "xsd:base64Binary", "length": 0}),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)
def test_quirks_of_the_real_describes(field: tuple[str, str], expected: dict[str, Any]) -> None:
    described = _fields(field[0])[field[1]]
    assert {key: described[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("name", "stamps"),
    [
        ("Opportunity", ["SystemModstamp", "LastModifiedDate", "CreatedDate"]),
        ("AccountShare", ["LastModifiedDate"]),
        ("AccountHistory", ["CreatedDate"]),
        ("LoginHistory", ["LoginTime"]),
        ("TabDefinition", []),
    ],
)
def test_objects_differ_in_what_says_when_they_changed(name: str, stamps: list[str]) -> None:
    assert [stamp for stamp in STAMPS if stamp in _fields(name)] == stamps


def test_some_objects_are_listed_but_can_t_be_read() -> None:
    not_queryable = {name for name, sobject in OBJECTS.items() if not sobject.queryable}
    assert not_queryable == {"AccountChangeEvent", "ActivityHistory"}
    assert [name for name, one in OBJECTS.items() if one.deprecated_and_hidden] == [
        "LegacyQuote__c"
    ]
    not_in_bulk = {name for name, sobject in OBJECTS.items() if not sobject.bulk_supported}
    assert {"ContractStatus", "Attachment", "AccountFeed"} <= not_in_bulk


def test_user_has_its_many_preferences() -> None:
    fields = _fields("User")
    preferences = [name for name in fields if name.startswith("UserPreferences")]
    assert len(preferences) > 100
    assert all(fields[name]["type"] == "boolean" for name in preferences)


def test_parts_of_an_address_are_named_as_rest_names_them() -> None:
    user = OBJECTS["User"]
    address = user.field("Address")
    assert address
    parts = {part: field.name for part, field in user.parts(address).items() if field}
    assert parts == {
        "city": "City",
        "country": "Country",
        "geocodeAccuracy": "GeocodeAccuracy",
        "latitude": "Latitude",
        "longitude": "Longitude",
        "postalCode": "PostalCode",
        "state": "State",
        "street": "Street",
    }


def test_urls_carry_the_version() -> None:
    urls = _describe("Account")["urls"]
    assert urls["describe"] == "/services/data/v68.0/sobjects/Account/describe"
    assert urls["rowTemplate"] == "/services/data/v68.0/sobjects/Account/{ID}"


def test_an_object_of_one_s_own_is_a_few_lines() -> None:
    sobject = read_object(
        """
        name: Ship__c
        label: Ship, Ships
        prefix: a0S
        without: queryable

        Id | id | Record ID
        Flag__c | picklist 40 | Flag | required; values Rating; help Where it is registered
        @audit
        """.replace("        ", "")
    )
    assert (sobject.name, sobject.label_plural, sobject.key_prefix) == ("Ship__c", "Ships", "a0S")
    assert sobject.custom
    assert not sobject.queryable
    flag = sobject.field("flag__C")
    assert flag
    assert (flag.picklist_values, flag.nillable) == (("Hot", "Warm", "Cold"), False)
    assert flag.inline_help_text == "Where it is registered"
    assert [field.name for field in sobject.fields][-1] == "SystemModstamp"


def test_a_word_that_means_nothing_is_an_error() -> None:
    with pytest.raises(KeyError):
        read_field("X__c | string 10 | X | requird")
