"""What lies between two rows, in time and by Id."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import RefusedError, RequestTimeoutError
from tap_versionforge_salesforce.salesforce.http.responses import Response
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.soql import IdRange, Query, Range
from tap_versionforge_salesforce.salesforce.query.partitions import (
    Partition,
    Split,
    id_between,
    instant_between,
    split_partition,
)
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant
from tests.support.values import instant, instants, some_examples

if TYPE_CHECKING:
    from datetime import datetime

    from tap_versionforge_salesforce.errors import TapError
    from tap_versionforge_salesforce.salesforce.client import SalesforceClient

_BASE_62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
IDS = st.text(_BASE_62, min_size=12, max_size=12).map(lambda text: f"001{text}")
SECOND = "2026-11-23T10:00:00.000Z"


@given(instants(), instants())
@some_examples
def test_an_instant_between(one: datetime, other: datetime) -> None:
    """It leaves something on both sides, whatever they are."""
    first, last = sorted((one, other))
    middle = instant_between(format_instant(first), format_instant(last))
    if first == last:
        assert middle is None
    else:
        assert middle is not None
        assert first < middle <= last


def test_less_than_a_millisecond_can_not_be_divided() -> None:
    """SOQL knows nothing shorter."""
    assert instant_between(SECOND, SECOND) is None
    assert instant_between(SECOND, SECOND.replace(".000", ".001")) == instant(
        SECOND.replace(".000", ".001")
    )


def test_an_instant_that_no_query_can_name_divides_nothing() -> None:
    """Salesforce itself stores years that its query language does not know."""
    assert instant_between("0001-01-01T00:00:00.000Z", SECOND) is None


@given(IDS, IDS)
@some_examples
def test_an_id_between(one: str, other: str) -> None:
    """Salesforce sorts Ids by digits, capitals and small letters, as ASCII does."""
    first, last = sorted((one, other))
    middle = id_between(f"{first}AAA", f"{last}AAA")
    if first == last:
        assert middle is None
    else:
        assert middle is not None
        assert first < middle <= last
        assert len(middle) == len(first)


@given(IDS, IDS)
@some_examples
def test_halves_by_id_are_halves(one: str, other: str) -> None:
    """However far apart the rows are, as many halvings as an Id has bits lead to a single one."""
    first, last = sorted((one, other))
    depth = 0
    while (middle := id_between(first, last)) is not None:
        first = middle
        depth += 1
    assert depth <= 72


UPPER = instant("2026-11-23T12:00:00Z")
WINDOW = Range("SystemModstamp", instant("2026-11-20T00:00:00Z"), UPPER)
FIRST_ID, MIDDLE_ID, LAST_ID = "001000000000000", "001000000000002", "001000000000004"
STAMPS = ("2026-11-23T10:00:00.000Z", "2026-11-23T11:00:00.000Z")


class Rows:
    """An org that knows the first and the last value of a field, and what it was asked.

    A value that is no text is the whole body; an error is raised where a window is asked about.
    """

    def __init__(self, **edges: object) -> None:
        self._edges = edges
        self.asked: list[str] = []

    def query(self, soql: str, *, deleted: bool, briefly: bool) -> Response:
        assert deleted
        assert briefly
        self.asked.append(soql)
        name = soql.split()[1]
        edges = self._edges[name]
        if isinstance(edges, Exception):
            if "SystemModstamp >=" in soql:
                raise edges
            edges = (FIRST_ID, LAST_ID)
        if isinstance(edges, tuple):
            edges = {"records": [{name: edges["DESC" in soql]}]}
        return Response(200, {}, json.dumps(edges).encode(), None)


def divided(
    rows: Rows,
    scope: Partition,
    *,
    window: Range | None = WINDOW,
    fields: tuple[str, ...] = ("Id",),
) -> Split | None:
    columns = tuple(Column(name, Kind.TEXT) for name in fields)
    query = Query("Account", columns, window, ids=scope.ids)
    return split_partition(scope, query=query, client=cast("SalesforceClient", rows))


WHOLE = Partition(UPPER)
MIDDLE = instant("2026-11-23T10:30:00Z")


def test_halves_in_time() -> None:
    """The first ends where the second begins, which needs no look-back there."""
    rows = Rows(SystemModstamp=STAMPS)
    assert divided(rows, WHOLE) == Split(
        Partition(MIDDLE, depth=1),
        Partition(UPPER, skips_lookback=True, depth=1),
        "SystemModstamp 2026-11-23T10:30:00.000Z",
    )
    assert [" ASC " in soql for soql in rows.asked] == [True, False]


@pytest.mark.parametrize("ids", [IdRange(), IdRange(lower=FIRST_ID)], ids=["all", "a part by Id"])
def test_halves_by_id(ids: IdRange) -> None:
    """What has no window, and what is divided by Id already, is divided by Id."""
    scope = Partition(UPPER, ids, depth=3)
    rows = Rows(Id=(FIRST_ID, LAST_ID))
    window = None if ids.is_whole else WINDOW
    assert divided(rows, scope, window=window) == Split(
        Partition(UPPER, IdRange(ids.lower, MIDDLE_ID), depth=4),
        Partition(UPPER, IdRange(MIDDLE_ID, ids.upper), depth=4),
        f"Id {MIDDLE_ID}",
    )


def test_rows_of_one_instant_are_divided_by_id() -> None:
    """Nothing lies between two equal stamps."""
    split = divided(Rows(SystemModstamp=STAMPS[:1] * 2, Id=(FIRST_ID, LAST_ID)), WHOLE)
    assert split is not None
    assert split.border == f"Id {MIDDLE_ID}"


@pytest.mark.parametrize(
    "error",
    [
        RefusedError("", hint="", status=400, error_code="QUERY_TIMEOUT"),
        RequestTimeoutError("", hint="", code="timeout"),
    ],
    ids=["refused", "no answer"],
)
def test_where_the_window_is_too_large_to_look_into_the_whole_table_is_divided(
    error: TapError,
) -> None:
    """To find the first of many million rows of a window can be too large itself."""
    rows = Rows(SystemModstamp=error, Id=error)
    split = divided(rows, WHOLE)
    assert split is not None
    assert split.border == f"Id {MIDDLE_ID}"
    assert ["SystemModstamp >=" in soql for soql in rows.asked] == [True, True, False, False]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([], id="no object"),
        pytest.param({}, id="no rows"),
        pytest.param({"records": []}, id="nothing in it"),
        pytest.param({"records": [{"Id": None}]}, id="no value"),
        pytest.param({"records": [{"Id": 7}]}, id="no Id"),
        pytest.param((FIRST_ID, FIRST_ID), id="one row"),
    ],
)
def test_what_can_not_be_divided(body: object) -> None:
    """Then the failure of the whole is the failure."""
    assert divided(Rows(Id=body), WHOLE, window=None) is None


def test_without_an_id_nothing_is_divided_by_it() -> None:
    """Some objects have none."""
    rows = Rows(SystemModstamp=STAMPS[:1] * 2)
    assert divided(rows, WHOLE, fields=("EventDate",)) is None
    assert len(rows.asked) == 2


def test_what_is_a_part_and_what_is_the_last() -> None:
    """Behind the last part the bookmark stands at the window's end."""
    first, last = IdRange(upper=MIDDLE_ID), IdRange(lower=MIDDLE_ID)
    assert (WHOLE.is_part, WHOLE.is_last) == (False, True)
    parts = [Partition(UPPER, ids, depth=depth) for ids in (first, last) for depth in (1, 2)]
    assert [(part.is_part, part.is_last) for part in parts] == [
        *((True, False), (True, False)),
        *((True, True), (True, True)),
    ]


def test_by_id_and_in_time_are_the_smallest_steps() -> None:
    """A second row one step away has a half of its own."""
    assert id_between("00100000000000A", "00100000000000B") == "00100000000000B"
    assert id_between("00100000000000A", "00100000000000C") == "00100000000000B"
    assert instant_between(SECOND, SECOND.replace(".000", ".005")) == instant(
        SECOND.replace(".000", ".002")
    )


def test_what_comes_behind_the_id_is_a_checksum() -> None:
    """Rows are told apart by the first fifteen characters."""
    assert id_between("001000000000001AAA", "001000000000001ZZZ") is None
