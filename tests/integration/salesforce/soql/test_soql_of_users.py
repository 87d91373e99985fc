"""SOQL that users write, at the org: what is read as SOQL is answered, by the names foretold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce import salesforce
from tap_versionforge_salesforce.errors import UnknownObjectError
from tap_versionforge_salesforce.salesforce.soql.answers import columns_of
from tap_versionforge_salesforce.salesforce.soql.checking import check_paths
from tap_versionforge_salesforce.salesforce.soql.reading import parsed_condition, parsed_select
from tests.integration.salesforce.test_seam import credentials_of
from tests.local_org.answers.encode import csv_header
from tests.local_org_tests.caller import Caller
from tests.support.soql_texts import CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tests.local_org import LocalOrg

WHAT = "The option --where"


@pytest.fixture
def connected(org: LocalOrg) -> Iterator[salesforce.Org]:
    org.store.seed("Account", 20)
    org.store.seed("Opportunity", 60)
    with salesforce.Org(credentials=credentials_of(org)) as made:
        yield made


@pytest.fixture
def describe_of(connected: salesforce.Org) -> Callable[[str], SObject | None]:
    known: dict[str, SObject | None] = {}

    def describe(name: str) -> SObject | None:
        try:
            return connected.describe(name)
        except UnknownObjectError:
            return None

    def remembered(name: str) -> SObject | None:
        if name not in known:
            known[name] = describe(name)
        return known[name]

    return remembered


def test_what_is_read_as_a_condition_is_answered(
    org: LocalOrg, connected: salesforce.Org, describe_of: Callable[[str], SObject | None]
) -> None:
    """In its one spelling and between brackets, with the rows that the text as written has."""
    opportunity = connected.describe("Opportunity")
    one = salesforce.query_of(opportunity, (opportunity.one_column,), include_deleted=False)
    options = salesforce.QueryOptions(api_mode="rest")
    found = {}
    for text in CONDITIONS.values():
        condition = parsed_condition(text, WHAT)
        check_paths(condition, opportunity, describe_of, WHAT)
        query = replace(one, condition=f"({condition.text})")
        pages = salesforce.read(connected, query, options)
        found[text] = sorted(row_id for page in pages for row_id in page.frame.table["Id"])
    whole = "SELECT Id FROM Opportunity WHERE "
    expected = {text: org.store.run(whole + text, all_rows=False) for text in CONDITIONS.values()}
    assert found == {
        text: sorted(str(row[0]) for row in org.store.fetch(result, 0, result.total_size))
        for text, result in expected.items()
    }
    assert sum(map(bool, found.values())) > len(found) / 2


@pytest.mark.parametrize(
    "soql",
    [
        "select account.name, COUNT(id), sum(Amount) n from opportunity group by Account.Name",
        "SELECT COUNT_DISTINCT(StageName) FROM Opportunity WHERE CloseDate < NEXT_YEAR",
        "SELECT StageName, LeadSource FROM Opportunity GROUP BY LeadSource, StageName",
    ],
    ids=["functions", "one", "no function"],
)
def test_groups_have_the_columns_foretold(
    org: LocalOrg, describe_of: Callable[[str], SObject | None], soql: str
) -> None:
    """By REST, in the order of the query."""
    select = parsed_select(soql, WHAT)
    sobject = describe_of(select.sobject)
    assert sobject is not None
    columns = columns_of(select, sobject, describe_of, WHAT)
    with Caller(org) as caller:
        caller.sign_in()
        records = caller.query(select.text_with("Name != null")).json()["records"]
    assert records
    for record in records:
        assert list(record) == ["attributes", *(column.name for column in columns)]


def test_rows_have_the_columns_foretold(
    org: LocalOrg, describe_of: Callable[[str], SObject | None]
) -> None:
    """In the header of a Bulk result, over parents."""
    soql = "SELECT id, account.name, Account.Owner.UserName, owner.Id, CloseDate FROM Opportunity"
    sobject = describe_of("Opportunity")
    assert sobject is not None
    columns = columns_of(parsed_select(soql, WHAT), sobject, describe_of, WHAT)
    result = org.store.run(soql, all_rows=False, bulk=True)
    header = csv_header(result, delimiter=",", line_ending="\n").decode()
    assert header.strip().replace('"', "").split(",") == [column.name for column in columns]
