"""Two SOQL parsers that nobody here wrote accept all that the tap can write."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.soql import IdRange, Parent, Query, Range
from tap_versionforge_salesforce.salesforce.soql.reading import parsed_condition
from tests import support
from tests.support import npm
from tests.support.soql_texts import CONDITIONS, MORE_CONDITIONS
from tests.support.values import instants

FOLDER = Path(support.__file__).parent / "soql_parsers"
pytestmark = npm.MARKS

# As an org spells them; no field has the name of a word of SOQL.
_WORDS = st.sampled_from(("Account", "Name", "Id__c", "x__X_9__c", "Description", "Site"))
_NAMES = st.one_of(_WORDS, st.from_regex(r"X[a-z0-9]{1,20}(__c)?", fullmatch=True))
_COLUMNS = st.lists(st.builds(Column, _NAMES, st.just(Kind.TEXT)), min_size=1, max_size=5)
_IDS = st.none() | st.from_regex(r"[A-Za-z0-9]{18}", fullmatch=True)
_RANGES = st.builds(
    Range,
    key=st.sampled_from(("SystemModstamp", "LastModifiedDate", "CreatedDate", "LoginTime")),
    lower=st.none() | instants(),
    upper=st.none() | instants(),
    or_null=st.booleans(),
    after=st.none() | st.tuples(instants(), st.from_regex(r"[A-Za-z0-9]{18}", fullmatch=True)),
)
_QUERIES = st.builds(
    Query,
    sobject=st.sampled_from(("Account", "Thing__c", "My_Event__b", "Case", "Order", "Group")),
    columns=_COLUMNS.map(tuple),
    range=st.none() | _RANGES,
    ids=st.builds(IdRange, _IDS, _IDS),
    living=st.booleans(),
    limit=st.none() | st.integers(0, 10_000),
    parent=st.just(Parent("ContentDocumentId", "ContentDocument")),
    parent_ids=st.lists(st.from_regex(r"[A-Za-z0-9]{18}", fullmatch=True), max_size=9).map(tuple),
)


def complaints(texts: list[str]) -> list[dict[str, Any]]:
    npm.install(FOLDER)
    found: list[dict[str, Any]] = json.loads(npm.run(FOLDER, "parse.mjs", stdin=json.dumps(texts)))
    return found


def texts_of(query: Query) -> list[str]:
    """All that is asked with a query: by REST, by Bulk, and for the ends of a part."""
    whole = [query.text(ordered=ordered) for ordered in (True, False)]
    rows = replace(query, limit=None)
    return [*whole, *(rows.edge("Id", last=last) for last in (True, False))]


@given(st.lists(_QUERIES, min_size=1, max_size=100))
@settings(max_examples=5, deadline=None, phases=(Phase.explicit, Phase.generate))
def test_all_that_can_be_asked(queries: list[Query]) -> None:
    """Whatever is selected, between whatever ends."""
    assert complaints([text for query in queries for text in texts_of(query)]) == []


def test_all_that_users_may_write() -> None:
    """Each condition that the tap reads, as it sends it.

    A wildcard that stands for itself, which the SOQL guide has, is unknown to one of the two.
    """
    read = [
        parsed_condition(text, "The option --where").text
        for text in (*CONDITIONS.values(), *MORE_CONDITIONS.values())
        if r"\_" not in text
    ]
    assert complaints([f"SELECT Id FROM Opportunity WHERE ({text})" for text in read]) == []  # noqa: S608  is read, not run


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT FROM Account",
        "SELECT Id FROM Account WHERE Id >",
        "SELECT Id FROM Account WHERE Id = 'a",
        "SELECT Id FROM Account ORDER BY Id ASC Name",
        "SELECT Id FROM Account LIMIT many",
    ],
)
def test_they_would_complain(soql: str) -> None:
    """Each of the two, of what is no SOQL."""
    assert len({each["parser"] for each in complaints([soql])}) == 2
