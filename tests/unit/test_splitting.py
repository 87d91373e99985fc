"""What lies between two rows, in time and by Id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.instants import format_instant
from tap_versionforge_salesforce.splitting import id_between, instant_between
from tests.unit.helpers import instant, instants, some_examples

if TYPE_CHECKING:
    from datetime import datetime

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
