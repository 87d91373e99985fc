"""Instants as text: many spellings in, one out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant, parse_instant
from tests.support.values import instants, some_examples


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        pytest.param("2026-11-23", "2026-11-23T00:00:00.000Z", id="date"),
        pytest.param("2026-11-23T10:00:00Z", "2026-11-23T10:00:00.000Z", id="utc"),
        pytest.param("2026-11-23t10:00:00z", "2026-11-23T10:00:00.000Z", id="small letters"),
        pytest.param("2026-11-23T10:00", "2026-11-23T10:00:00.000Z", id="no seconds, no zone"),
        pytest.param("2026-11-23 10:00:00", "2026-11-23T10:00:00.000Z", id="blank for T"),
        pytest.param("  2026-11-23\n", "2026-11-23T00:00:00.000Z", id="blanks around"),
        pytest.param("2026-11-23T10:00:00.000+0000", "2026-11-23T10:00:00.000Z", id="as REST"),
        pytest.param("2026-11-23T10:00:00.007Z", "2026-11-23T10:00:00.007Z", id="as Bulk"),
        pytest.param("2026-11-23T10:00:00.5Z", "2026-11-23T10:00:00.500Z", id="tenths"),
        pytest.param("2026-11-23T10:00:00.9999999Z", "2026-11-23T10:00:00.999Z", id="cut"),
        pytest.param("2026-11-23T10:00:00+02:00", "2026-11-23T08:00:00.000Z", id="east"),
        pytest.param("2026-11-23T10:00:00 -0530", "2026-11-23T15:30:00.000Z", id="west"),
        pytest.param("2024-02-29", "2024-02-29T00:00:00.000Z", id="leap day"),
        pytest.param("1700-01-01", "1700-01-01T00:00:00.000Z", id="first that SOQL takes"),
        pytest.param("4000-12-31T23:59:59.999Z", "4000-12-31T23:59:59.999Z", id="last"),
    ],
)
def test_spellings_are_read_as_one_instant(text: str, canonical: str) -> None:
    """Each spelling that people and Salesforce use is the instant it means, in UTC."""
    assert format_instant(parse_instant(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("yesterday", id="word"),
        pytest.param("20261123", id="no dashes"),
        pytest.param("2026-1-2", id="one digit"),
        pytest.param("23.11.2026", id="day first"),
        pytest.param("2026-02-30", id="no such day"),
        pytest.param("2025-02-29", id="no leap year"),
        pytest.param("2026-11-23T25:00:00Z", id="no such hour"),
        pytest.param("2026-11-23T10:00:60Z", id="no such second"),
        pytest.param("2026-11-23T10:00:00+99:99", id="no such zone"),
        pytest.param("2026-11-23T10:00:00 CET", id="named zone"),
        pytest.param("2026-11-23Z", id="zone without a time"),
        pytest.param("1699-12-31T23:59:59Z", id="before SOQL's years"),
        pytest.param("4001-01-01", id="after SOQL's years"),
        pytest.param("0001-01-01T00:00:00+10:00", id="before all calendars"),
        pytest.param("9999-12-31T23:59:59-10:00", id="after all calendars"),
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    """What is no date, or one that SOQL can't hold, is a ValueError and never another error."""
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


@given(st.from_regex(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{4})?"))
@some_examples
def test_anything_of_that_shape_is_read_or_refused(text: str) -> None:
    """Whatever digits stand in the places of a date-time, the result is UTC or a ValueError."""
    try:
        read = parse_instant(text)
    except ValueError:
        return
    assert read.utcoffset() == timedelta()
    assert parse_instant(format_instant(read)) == read


@given(instants())
@some_examples
def test_instants_round_trip(at: datetime) -> None:
    """What was written is read as the same instant."""
    assert parse_instant(format_instant(at)) == at


@given(instants(), st.integers(-23 * 60, 23 * 60))
@some_examples
def test_zones_do_not_matter(at: datetime, offset_minutes: int) -> None:
    """One instant written in another zone is written the same, and read back the same."""
    elsewhere = at.astimezone(timezone(timedelta(minutes=offset_minutes)))
    assert format_instant(elsewhere) == format_instant(at)
    assert parse_instant(elsewhere.isoformat(timespec="milliseconds")) == at


@given(instants(), instants())
@some_examples
def test_text_sorts_as_time_does(one: datetime, other: datetime) -> None:
    """The written form can be compared without reading it."""
    assert (format_instant(one) < format_instant(other)) == (one < other)
