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
