"""The fields of a condition against the describes: found over parents, or told what is near."""

from __future__ import annotations

import pytest

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.soql.checking import check_paths
from tap_versionforge_salesforce.salesforce.soql.reading import parsed_condition
from tests.unit.salesforce.soql.described import Describes, sobject

WHAT = "The setting filters, for Opportunity,"


def asked_for(text: str, name: str = "Opportunity") -> list[str]:
    describes = Describes()
    check_paths(parsed_condition(text, WHAT), sobject(name), describes, WHAT)
    return describes.asked


def refused(text: str, name: str = "Opportunity") -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        asked_for(text, name)
    assert caught.value.message.startswith(f"{WHAT} ")
    return caught.value


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("iswon = true AND AMOUNT > 5", []),
        ("Opportunity.Name = 'a'", []),
        ("Account.Name = 'a'", ["Account"]),
        ("account.parent.name = 'a'", ["Account", "Account"]),
        ("Account.Owner.Username = 'a'", ["Account", "User"]),
        ("Owner.Name = 'a' AND Owner.Type = 'Queue'", []),
        ("Owner.Username = 'a'", []),
        ("Owner.LoginCount > 5", ["User"]),
        ("Owner.DeveloperName = 'a'", ["User", "Group"]),
        ("DISTANCE(Account.BillingAddress, GEOLOCATION(1, 2), 'km') < 5", ["Account"]),
        ("AccountId IN (SELECT Id FROM account WHERE Owner.Username = 'a')", ["account", "User"]),
    ],
)
def test_fields_are_found_and_no_describe_is_asked_for_in_vain(text: str, asked: list[str]) -> None:
    """Whatever their case: of the object, of parents, of whatever an owner is."""
    assert asked_for(text) == asked


def test_any_object_that_a_reference_leads_to_may_lead_on() -> None:
    """What.Account.Name is an Opportunity's, and an Account has none."""
    assert asked_for("What.Account.Name = 'a'", "Task") == ["Account", "Opportunity", "Account"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("Amuont > 5", "names the field Amuont, which Opportunity does not", "mean Amount?"),
        ("Account.Nmae = 'a'", "the field Nmae in Account.Nmae, which Account", "mean Name?"),
        ("Acount.Name = 'a'", "the relationship Acount in Acount.Name", "mean Account?"),
        ("AccountId.Name = 'a'", "the relationship AccountId", "mean Account?"),
        ("Owner.Nothing__c = 'a'", "which User or Group does not have", "Setup > Object Manager"),
        ("Plan__r.Name = 'a'", "names the object Plan__c, which the org does not", "Setup >"),
        ("Id IN (SELECT Id FROM Nothing__c)", "names the object Nothing__c", "Setup >"),
        ("Id IN (SELECT Nothing FROM Account)", "names the field Nothing", "Setup >"),
        ("Id IN (SELECT Id FROM Account WHERE Amount > 5)", "names the field Amount", "Setup >"),
        ("Account." + "Parent." * 5 + "Name = 'a'", "which is more than 5 parents away", "nearer"),
    ],
)
def test_what_is_not_there_is_named_with_what_is_near(text: str, message: str, hint: str) -> None:
    """Field, relationship or object, and whose it is not."""
    error = refused(text)
    assert message in error.message
    assert hint in error.hint
    assert error.code == "unknown-field"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("Description LIKE 'a%'", "filters by Description, by which Opportunity can't", "another"),
        (
            "Account.BillingAddress = 'a'",
            "filters by Account.BillingAddress, which is made of several fields.",
            "such as BillingCity",
        ),
    ],
)
def test_what_can_not_be_filtered_by_is_told(text: str, message: str, hint: str) -> None:
    """As its describe says, and before Salesforce would."""
    error = refused(text)
    assert message in error.message
    assert hint in error.hint
    assert error.code == "field-not-filterable"


# Values of another kind


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "CreatedDate > 2024-01-01",
            "with 2024-01-01, which is a date; Opportunity.CreatedDate is a date-time",
            "Write 2024-01-01T00:00:00Z, without quotes, or DAY_ONLY(CreatedDate)",
        ),
        ("CreatedDate = '2024-01-01T10:00:00'", "which is a text", "Write 2024-01-01T10:00:00Z,"),
        ("CreatedDate > 5", "which is a number", "Write 2026-11-28T00:00:00Z,"),
        (
            "CloseDate > 2024-01-01T00:00:00Z",
            "which is a date-time; Opportunity.CloseDate is a date.",
            "Write 2024-01-01, without quotes",
        ),
        ("CloseDate = '2024-01-01'", "which is a text", "Write 2024-01-01, without"),
        ("Amount > '5'", "with '5', which is a text; Opportunity.Amount is a number", "Write 5,"),
        ("Amount = true", "which is a boolean", "Write 1000 or 99.5,"),
        ("Amount IN (1, '2')", "with '2', which is a text", "Write 2,"),
        ("IsWon = 'TRUE'", "which is a text; Opportunity.IsWon is a boolean", "Write true,"),
        ("IsWon = 5", "which is a number", "Write true or false,"),
        ("Name = 5", "which is a number; Opportunity.Name is a text", "quotes: '5'."),
        ("Name != false", "which is a boolean", "quotes: 'false'."),
        ("AccountId IN ('a', 5)", "compares AccountId with 5", "quotes: '5'."),
        ("NOT (Id != null AND Name = today)", "compares Name with TODAY", "quotes: 'TODAY'."),
        (
            "Account.NumberOfEmployees > '5'",
            "with '5', which is a text; Account.NumberOfEmployees is a number",
            "Write 5,",
        ),
        (
            "Id IN (SELECT Id FROM Account WHERE NumberOfEmployees = '5')",
            "Account.NumberOfEmployees is a number",
            "Write 5,",
        ),
    ],
)
def test_a_value_of_another_kind_is_told_with_the_right_one(
    text: str, message: str, hint: str
) -> None:
    """Salesforce would refuse the whole query."""
    error = refused(text)
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    "text",
    [
        "CreatedDate >= 2024-01-01T00:00:00.000+01:00",
        "CreatedDate = LAST_N_DAYS:3",
        "CloseDate = TODAY",
        "CloseDate IN (2024-01-01, null)",
        "CreatedDate = null AND Amount = null AND Name = null AND IsWon != null",
        "Amount > 5 AND Amount < 5.5 AND Amount != USD5000",
        "Account.NumberOfEmployees > 1.5",
        "Name LIKE '5%' AND AccountId = ''",
        "DAY_ONLY(CreatedDate) = 2024-01-01",
        "CALENDAR_YEAR(CloseDate) = 2024",
        # Whatever it leads to: another object may have it as a text.
        "Owner.LoginCount = '5'",
        "Owner.Name = 5",
    ],
)
def test_values_that_fit_or_may_fit(text: str) -> None:
    """In doubt it is Salesforce who knows."""
    asked_for(text)
