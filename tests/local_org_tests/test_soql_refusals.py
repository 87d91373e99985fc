"""SOQL: what Salesforce answers to what it can't or won't read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers.errors import SalesforceError
from tests.local_org.soql.parser import LONGEST_QUERY
from tests.local_org_tests.still_clock import new_store

if TYPE_CHECKING:
    from tests.local_org.store.store import Store


@pytest.fixture(scope="module")
def store() -> Store:
    return new_store()


def _refused(store: Store, soql: str, *, bulk: bool = False) -> tuple[str, str]:
    with pytest.raises(SalesforceError) as caught:
        store.run(soql, all_rows=True, bulk=bulk)
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("soql", "unexpected"),
    [
        ("SELECT Id FORM Account", "FORM"),
        ("SELECT Id FROM Account WHERE", "<EOF>"),
        ("SELECT FROM Account", "FROM"),
        ("SELECT Id, FROM Account", "FROM"),
        ("SELECT * FROM Account", "*"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "OR"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND NOT Name = 'b'", "NOT"),
        ("SELECT Id FROM Account WHERE Name == 'a'", "="),
        ("SELECT Id FROM Account WHERE Name = a", "a"),
        ("SELECT Id FROM Account WHERE Name IN ()", ")"),
        ("SELECT Id FROM Account WHERE Name INCLUDES ('a')", "INCLUDES"),
        ("SELECT Id FROM Account WHERE CreatedDate > TODAYS", "TODAYS"),
        ("SELECT Id FROM Account WHERE CreatedDate > LAST_N_DAYS", "LAST_N_DAYS"),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-13-01T00:00:00Z", "2026-13-01T00:00:00Z"),
        ("SELECT Id FROM Account WHERE CreatedDate > 1699-12-31T00:00:00Z", "1699-12-31T00:00:00Z"),
        ("SELECT Id FROM Account WHERE LastActivityDate > 4001-01-01", "4001-01-01"),
        ("SELECT Id FROM Account LIMIT -1", "-"),
        ("SELECT Id FROM Account LIMIT x", "x"),
        ("SELECT Id FROM Account OFFSET 5 LIMIT 5", "LIMIT"),
        ("SELECT Id FROM Account GROUP BY Id HAVING COUNT(Id) > 1", "HAVING"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "("),
        ("SELECT FIELDS(ALL) FROM Account LIMIT 200", "("),
        ("SELECT UPPER(Name) FROM Account", "("),
        ("", "<EOF>"),
    ],
)
def test_everything_else_is_malformed_at_a_token(store: Store, soql: str, unexpected: str) -> None:
    code, message = _refused(store, soql)
    assert code == "MALFORMED_QUERY"
    assert message.endswith(f"unexpected token: '{unexpected}'")


def test_the_caret_stands_below_the_token(store: Store) -> None:
    assert _refused(store, "SELECT Id FORM Account") == (
        "MALFORMED_QUERY",
        "\nSELECT Id FORM Account\n          ^\nERROR at Row:1:Column:11\nunexpected token: 'FORM'",
    )


def test_rows_are_counted_and_only_the_place_is_shown(store: Store) -> None:
    second = "FROM Account WHERE Name != null AND Site != null AND Nonsense = 1 AND Site = null"
    code, message = _refused(store, f"SELECT Id\n{second}")
    assert code == "INVALID_FIELD"
    assert message.startswith(
        "\nName != null AND Site != null AND Nonsense = 1 AND Site = null\n"
        "                                  ^\n"
        f"ERROR at Row:2:Column:{second.index('Nonsense') + 1}\nNo such column 'Nonsense' on entity"
    )


@pytest.mark.parametrize(
    ("soql", "code", "ending"),
    [
        ("SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY", "expecting '''"),
        (
            "SELECT Id FROM Account; DELETE",
            "MALFORMED_QUERY",
            "line 1:22 no viable alternative at character ';'",
        ),
        (r"SELECT Id FROM Account WHERE Name = '\q'", "MALFORMED_QUERY", "in string literal."),
        (
            "SELECT Id FROM Account WHERE Name = '?'".replace("?", "x" * 4001),
            "MALFORMED_QUERY",
            "4000 characters",
        ),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "for the appropriate names."),
        ("SELECT Account.Nope FROM Contact", "INVALID_FIELD", "for the appropriate names."),
        ("SELECT Nope.Name FROM Contact", "INVALID_FIELD", "for the appropriate names."),
        ("SELECT RecordType.Name FROM Account", "INVALID_FIELD", "for the appropriate names."),
        ("SELECT JigsawCompany.Name FROM Account", "INVALID_FIELD", "for the appropriate names."),
        ("SELECT Id, Name, ID FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        (
            "SELECT Account.Name, account.name FROM Contact",
            "INVALID_FIELD",
            "duplicate field selected: Account.Name",
        ),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "for the appropriate names."),
        ("SELECT Id FROM LegacyQuote__c", "INVALID_TYPE", "for the appropriate names."),
        (
            "SELECT Id FROM ActivityHistory",
            "INVALID_TYPE_FOR_OPERATION",
            "entity type ActivityHistory does not support query",
        ),
        (
            "SELECT Id FROM Account WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Account WHERE BillingAddress != null",
            "INVALID_FIELD",
            "Address fields can only be filtered using Distance expressions",
        ),
        (
            "SELECT Id FROM Account ORDER BY Description",
            "MALFORMED_QUERY",
            "field 'Description' can not be sorted in a query call",
        ),
        (
            "SELECT Id FROM Account WHERE SystemModstamp > '2026-11-23T10:00:00Z'",
            "INVALID_FIELD",
            "must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE SystemModstamp > 2026-11-23",
            "INVALID_FIELD",
            "must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Opportunity WHERE CloseDate = 2026-11-23T10:00:00Z",
            "INVALID_FIELD",
            "must be of type date and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 5",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE AnnualRevenue IN (1, '5')",
            "INVALID_FIELD",
            "must be of type double and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE IsDeleted = 'true'",
            "INVALID_FIELD",
            "must be of type boolean and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE Id = '1'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: 1",
        ),
        (
            "SELECT Id FROM Account WHERE OwnerId LIKE '005%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on reference field",
        ),
        (
            "SELECT Id FROM Account WHERE IsDeleted > false",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on boolean field",
        ),
        (
            "SELECT Id FROM Account LIMIT 1 OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset allowed is 2000",
        ),
    ],
)
def test_what_the_describe_forbids(store: Store, soql: str, code: str, ending: str) -> None:
    found, message = _refused(store, soql)
    assert found == code
    assert message.endswith(ending)


def test_a_query_has_a_greatest_length(store: Store) -> None:
    soql = "SELECT Id FROM Account WHERE Name = 'x'"
    store.run(soql.ljust(LONGEST_QUERY), all_rows=True)
    code, message = _refused(store, soql.ljust(LONGEST_QUERY + 1))
    assert (code, message.startswith("SOQL statements cannot")) == ("MALFORMED_QUERY", True)


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        (
            "SELECT Id, BillingAddress FROM Account",
            "API_ERROR",
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT Place__c FROM Measurement__c",
            "API_ERROR",
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT Drawing__c FROM Measurement__c",
            "API_ERROR",
            "Cannot serialize value for 'Drawing__c' in CSV format",
        ),
        (
            "SELECT COUNT() FROM Account",
            "API_ERROR",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
        ),
        (
            "SELECT Name, COUNT(Id) FROM Account GROUP BY Name",
            "API_ERROR",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
        ),
        (
            "SELECT Id FROM Account LIMIT 1 OFFSET 1",
            "API_ERROR",
            "OFFSET clause is not supported in Bulk Query",
        ),
        (
            "SELECT Id FROM ContractStatus",
            "INVALIDENTITY",
            "Entity 'ContractStatus' is not supported by the Bulk API.",
        ),
    ],
)
def test_bulk_refuses_what_rest_serves(store: Store, soql: str, code: str, message: str) -> None:
    assert _refused(store, soql, bulk=True) == (code, message)
    store.run(soql, all_rows=True)


def test_bulk_takes_name_and_fiscal_though_they_are_somebody_s_compound(store: Store) -> None:
    store.run("SELECT Name FROM Account", all_rows=True, bulk=True)
    store.run("SELECT Fiscal, FiscalYear FROM Opportunity", all_rows=True, bulk=True)
