"""Queries of groups: what REST answers, and that Bulk refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.local_org_tests.caller import Caller

ROWS: list[dict[str, object]] = [
    {"Name": "a", "StageName": "Won", "Amount": 5, "CloseDate": "2026-01-01", "PushCount": 1},
    {"Name": "b", "StageName": "Won", "Amount": 2.5, "CloseDate": "2026-03-01", "PushCount": 4},
    {"Name": "b", "StageName": "Lost", "CloseDate": "2026-02-01"},
]


@pytest.fixture
def groups(org: LocalOrg) -> None:
    (account,) = org.store.insert("Account", [{"Name": "Acme"}])
    org.store.insert("Opportunity", [{**row, "AccountId": account} for row in ROWS])


def answered(caller: Caller, soql: str) -> list[dict[str, Any]]:
    answer = caller.query(soql).json()
    assert answer["done"]
    assert answer["totalSize"] == len(answer["records"])
    attributes = [record.pop("attributes") for record in answer["records"]]
    assert attributes == [{"type": "AggregateResult"}] * len(attributes)
    records: list[dict[str, Any]] = answer["records"]
    return records


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(
    ("soql", "records"),
    [
        (
            (
                "SELECT StageName, COUNT(Id), SUM(Amount) total, AVG(Amount), MIN(CloseDate), "
                "MAX(PushCount) most FROM Opportunity GROUP BY StageName ORDER BY StageName DESC"
            ),
            [
                {
                    "StageName": "Won",
                    "expr0": 2,
                    "total": 7.5,
                    "expr1": 3.75,
                    "expr2": "2026-01-01",
                    "most": 4,
                },
                {
                    "StageName": "Lost",
                    "expr0": 1,
                    "total": None,
                    "expr1": None,
                    "expr2": "2026-02-01",
                    "most": None,
                },
            ],
        ),
        ("SELECT COUNT(Amount) FROM Opportunity", [{"expr0": 2}]),
        ("SELECT COUNT_DISTINCT(Name) FROM Opportunity", [{"expr0": 2}]),
        ("SELECT MAX(Amount) FROM Opportunity WHERE StageName = 'None'", [{"expr0": None}]),
        (
            "SELECT Account.Name, COUNT(Id) n FROM Opportunity GROUP BY Account.Name",
            [{"Name": "Acme", "n": 3}],
        ),
        ("SELECT Name FROM Opportunity GROUP BY Name LIMIT 1", [{"Name": "a"}]),
        (
            (
                "SELECT Account.Name AccountName, StageName s, COUNT(Id) FROM Opportunity "
                "WHERE StageName = 'Won' GROUP BY Account.Name, StageName"
            ),
            [{"AccountName": "Acme", "s": "Won", "expr0": 2}],
        ),
        (
            (
                "SELECT CALENDAR_YEAR(CloseDate), calendar_month(CloseDate) month, COUNT(Id) n, "
                "MAX(Amount) FROM Opportunity WHERE CALENDAR_MONTH(CloseDate) IN (1, 2) "
                "GROUP BY CALENDAR_YEAR(CloseDate), CALENDAR_MONTH(CloseDate) "
                "ORDER BY CALENDAR_MONTH(CloseDate) DESC"
            ),
            [
                {"expr0": 2026, "month": 2, "n": 1, "expr1": None},
                {"expr0": 2026, "month": 1, "n": 1, "expr1": 5.0},
            ],
        ),
    ],
    ids=[
        "functions",
        "not null",
        "distinct",
        "of no rows",
        "by a parent's field",
        "no function",
        "by other names",
        "by functions of a date",
    ],
)
def test_what_groups_tell(caller: Caller, soql: str, records: list[dict[str, Any]]) -> None:
    """Records of their own type, without an address, called by alias or number."""
    assert answered(caller, soql) == records


@pytest.mark.parametrize(
    ("soql", "reason"),
    [
        ("SELECT Name, COUNT(Id) FROM Opportunity", "Field must be grouped or aggregated: Name"),
        ("SELECT Name FROM Opportunity GROUP BY StageName", "be grouped or aggregated: Name"),
        ("SELECT COUNT(Id) FROM Opportunity GROUP BY Amount", "'Amount' can not be grouped"),
        ("SELECT SUM(Name) FROM Opportunity", "Name does not support aggregate operator SUM"),
        ("SELECT MAX(IsWon) FROM Opportunity", "IsWon does not support aggregate operator MAX"),
        (
            "SELECT Name, Account.Name FROM Opportunity GROUP BY Name, Account.Name",
            "duplicate alias: Name",
        ),
        ("SELECT Name n FROM Opportunity", "only aggregate expressions use field aliasing"),
        (
            "SELECT CALENDAR_YEAR(CloseDate) FROM Opportunity",
            "Field must be grouped or aggregated: CloseDate",
        ),
        (
            "SELECT DAY_ONLY(CloseDate) FROM Opportunity GROUP BY DAY_ONLY(CloseDate)",
            "CloseDate does not support function DAY_ONLY",
        ),
        (
            "SELECT Name, COUNT(Id) n, StageName N FROM Opportunity GROUP BY Name, StageName",
            "duplicate alias: n",
        ),
        ("SELECT COUNT(), Name FROM Opportunity", "unexpected token: ')'"),
        ("SELECT SUM() FROM Opportunity", "unexpected token: ')'"),
        (
            "SELECT COUNT(Id) FROM Opportunity GROUP BY Name ORDER BY StageName",
            "Field must be grouped or aggregated: StageName",
        ),
    ],
)
def test_refusals(caller: Caller, soql: str, reason: str) -> None:
    """What is neither shared by a group nor a function of it, and what a function does not take."""
    answer = caller.query(soql)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "MALFORMED_QUERY")
    assert reason in answer.json()[0]["message"]


def test_more_groups_than_a_page(org: LocalOrg, caller: Caller) -> None:
    """They are not served: a cursor can't go on with them."""
    org.store.insert("Account", [{"Name": f"{number}"} for number in range(2_001)])
    answer = caller.query("SELECT Name FROM Account GROUP BY Name")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("CALENDAR_YEAR(CloseDate) = 2026 AND FISCAL_QUARTER(CloseDate) = 1", ["a", "b", "b"]),
        ("DAY_IN_MONTH(CloseDate) > 1", []),
        ("DAY_ONLY(CreatedDate) = TODAY AND CALENDAR_MONTH(CloseDate) = 3", ["b"]),
        ("toLabel(StageName) = 'Lost'", ["b"]),
        ("CALENDAR_YEAR(Account.CreatedDate) = 1999", []),
    ],
)
def test_functions_in_a_condition(caller: Caller, condition: str, names: list[str]) -> None:
    """Of a date in UTC, and of a picklist, whose labels are its values here."""
    query = "SELECT Name, toLabel(StageName) FROM Opportunity WHERE ... ORDER BY Name"
    records = caller.query(query.replace("...", condition)).json()["records"]
    assert [record["Name"] for record in records] == names
    assert {record["StageName"] for record in records} <= {"Won", "Lost"}
