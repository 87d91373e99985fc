"""Queries of a user's own: what they say, and which columns their answers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.objects.columns import Kind
from tap_versionforge_salesforce.salesforce.soql.answers import columns_of
from tap_versionforge_salesforce.salesforce.soql.reading import parsed_select
from tests.unit.salesforce.soql.described import Describes, sobject

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.soql.selects import Select

WHAT = "The setting soql_streams, for deals,"


def read(text: str) -> Select:
    return parsed_select(text, WHAT)


def columns(text: str) -> dict[str, Kind]:
    select = read(text)
    found = columns_of(select, sobject(select.sobject), Describes(), WHAT)
    return {column.name: column.kind for column in found}


def refused(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        columns(text)
    error = caught.value
    assert error.message.startswith(f"{WHAT} ")
    assert error.code in {"invalid-soql", "unknown-field", "field-not-filterable"}
    return f"{error.message.removeprefix(f'{WHAT} ')} {error.hint}"


def test_what_a_query_says() -> None:
    """Each clause, and the text behind the rows as it was written."""
    select = read(
        "\nselect Name n, SUM(Amount) from Opportunity where IsWon=true and Amount>5\n"
        "group by Name  having sum(Amount)>7 order by Name desc nulls last limit 10 offset 20\n"
    )
    assert select.sobject == "Opportunity"
    assert [(item.expression.soql, item.alias) for item in select.items] == [
        ("Name", "n"),
        ("SUM(Amount)", None),
    ]
    assert select.where is not None
    assert select.where.text == "IsWon = true AND Amount > 5"
    assert (select.limit, select.offset) == (10, 20)
    assert select.has_group_by
    assert select.has_order_by
    assert select.is_aggregate
    assert not select.is_count
    assert select.tail == (
        "group by Name  having sum(Amount)>7 order by Name desc nulls last limit 10 offset 20"
    )


def test_a_query_of_rows() -> None:
    """Without any clause."""
    select = read("SELECT Id, Account.Name FROM Opportunity")
    assert (select.where, select.clauses, select.tail, select.limit) == (None, None, "", None)
    assert not select.is_aggregate
    assert not select.has_group_by
    assert not select.has_order_by


@pytest.mark.parametrize(
    ("text", "is_aggregate", "is_count"),
    [
        ("SELECT COUNT() FROM Opportunity", True, True),
        ("SELECT count(Id) FROM Opportunity", True, False),
        ("SELECT FORMAT(MAX(Amount)) FROM Opportunity", True, False),
        ("SELECT FORMAT(Amount) FROM Opportunity", False, False),
        ("SELECT Name FROM Opportunity GROUP BY Name", True, False),
        ("SELECT Name FROM Opportunity GROUP BY ROLLUP(Name, CloseDate)", True, False),
    ],
)
def test_which_queries_are_answered_by_groups(
    text: str, *, is_aggregate: bool, is_count: bool
) -> None:
    """Those are what Bulk refuses."""
    select = read(text)
    assert (select.is_aggregate, select.is_count) == (is_aggregate, is_count)


@pytest.mark.parametrize(
    ("text", "conditions", "whole"),
    [
        ("SELECT Id FROM A", ["b > 1"], "SELECT Id FROM A WHERE (b > 1)"),
        (
            "SELECT Id FROM A USING SCOPE mine WHERE c=1 OR d=2 ORDER BY  e LIMIT 5",
            ["b > 1", "", "f < 2"],
            (
                "SELECT Id FROM A USING SCOPE mine WHERE (c = 1 OR d = 2) AND (b > 1) AND (f < 2) "
                "ORDER BY  e LIMIT 5"
            ),
        ),
        ("SELECT Id FROM A ORDER BY e", [], "SELECT Id FROM A ORDER BY e"),
    ],
)
def test_further_conditions(text: str, conditions: list[str], whole: str) -> None:
    """Beside its own, each in brackets."""
    assert read(text).text_with(*conditions) == whole


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            (
                "SELECT id, account.name, Account.Owner.Username, Owner.Name, "
                "Account.NumberOfEmployees FROM Opportunity"
            ),
            {
                "Id": Kind.TEXT,
                "Account.Name": Kind.TEXT,
                "Account.Owner.Username": Kind.TEXT,
                "Owner.Name": Kind.TEXT,
                "Account.NumberOfEmployees": Kind.INTEGER,
            },
        ),
        (
            (
                "SELECT Account.Name, CloseDate day, COUNT(Id), MAX(CloseDate), SUM(Amount) total, "
                "AVG(Amount), COUNT_DISTINCT(Name), MIN(Account.NumberOfEmployees) "
                "FROM Opportunity GROUP BY Account.Name, CloseDate HAVING COUNT(Id) > 1 "
                "ORDER BY total"
            ),
            {
                "Name": Kind.TEXT,
                "day": Kind.DATE,
                "expr0": Kind.INTEGER,
                "expr1": Kind.DATE,
                "total": Kind.NUMBER,
                "expr2": Kind.NUMBER,
                "expr3": Kind.INTEGER,
                "expr4": Kind.INTEGER,
            },
        ),
        (
            (
                "SELECT CALENDAR_YEAR(CreatedDate), DAY_ONLY(convertTimezone(CreatedDate)) day, "
                "GROUPING(Name) FROM Opportunity GROUP BY CALENDAR_YEAR(CreatedDate), "
                "DAY_ONLY(convertTimezone(CreatedDate)), Name"
            ),
            {"expr0": Kind.INTEGER, "day": Kind.DATE, "expr1": Kind.INTEGER},
        ),
        (
            "SELECT FORMAT(Amount) Told, toLabel(Name), convertCurrency(Amount) FROM Opportunity",
            {"Told": Kind.TEXT, "Name": Kind.TEXT, "Amount": Kind.NUMBER},
        ),
        ("SELECT COUNT() FROM Opportunity", {"expr0": Kind.INTEGER}),
        ("SELECT FORMAT(MAX(Amount)) most FROM Opportunity", {"most": Kind.TEXT}),
    ],
    ids=["parents", "groups", "dates", "told", "count", "told most"],
)
def test_columns(text: str, names: dict[str, Kind]) -> None:
    """In the order of the query, called and spelled as in Salesforce's answer."""
    found = columns(text)
    assert found == names
    assert list(found) == list(names)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty."),
        ("DELETE FROM A", 'is no query: it begins with "DELETE FROM A".'),
        ("SELECT * FROM A", 'selects "* FROM A". Name the fields'),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "has a SELECT among its fields"),
        ("SELECT TYPEOF What WHEN A THEN Id END FROM Task", "has TYPEOF at"),
        ("SELECT FIELDS(ALL) FROM Account", "selects FIELDS(ALL). Name the fields"),
        ("SELECT Id FROM Account a", 'can\'t be read at "a".'),
        ("SELECT Id FROM Account, Contact", 'can\'t be read at ", Contact".'),
        ("SELECT Id FROM Account FOR UPDATE", 'goes on with "FOR UPDATE".'),
        ("SELECT Id FROM Account ALL ROWS", 'goes on with "ALL ROWS".'),
        ("SELECT Id FROM Account WHERE Id != null WITH SECURITY_ENFORCED", 'goes on with "WITH'),
        ("SELECT Id FROM Account LIMIT many", 'can\'t be read at "many".'),
        ("SELECT Id FROM Account OFFSET 5 LIMIT 5", 'can\'t be read at "LIMIT 5".'),
        ("SELECT Id FROM Account;", "has a semicolon"),
        ("SELECT Id Name FROM Account", "calls Id Name. SOQL knows"),
        ("SELECT COUNT(), Id FROM Account", "has COUNT() beside other fields. Write COUNT(Id)"),
        ("SELECT UPPER(Name) FROM Account", "calls UPPER, which can't stand in a SELECT."),
        ("SELECT SUM() FROM Account", "It is written SUM(Field)."),
        ("SELECT Id FROM Account WHERE Name = 'a' OR Id = 'b' AND Id = 'c'", "Add brackets"),
        ("SELECT Id FROM Account WHERE Nmae = 'a'", "Did you mean Name?"),
        ("SELECT Nmae FROM Account", "Did you mean Name?"),
        ("SELECT Id FROM Account ORDER BY Nmae", "Did you mean Name?"),
        ("SELECT COUNT(Nmae) FROM Account", "Did you mean Name?"),
        ("SELECT Id FROM Opportunity WHERE Description = 'a'", "filters by Description"),
        ("SELECT Id FROM Account WHERE COUNT(Id) > 1", "calls COUNT, which can't"),
        ("SELECT Id FROM Account ORDER BY ROLLUP(Id)", "calls ROLLUP, which can't stand in ORDER"),
        ("SELECT BillingAddress FROM Account", "Select these: BillingCity."),
        ("SELECT Body FROM Opportunity", "selects Body, whose values no query has."),
        ("SELECT Id, id FROM Account", "has two columns called Id."),
        ("SELECT Name, Account.Name FROM Opportunity GROUP BY Name, Account.Name", "two columns"),
        ("SELECT CALENDAR_YEAR(CreatedDate) FROM Opportunity", "without grouping by it. Add GROUP"),
        (
            "SELECT toLabel(Name), COUNT(Id) FROM Account GROUP BY Name",
            "Give it one: toLabel",
        ),
    ],
)
def test_what_is_refused(text: str, sentence: str) -> None:
    """In a sentence that says what to write instead."""
    assert sentence in refused(text)
