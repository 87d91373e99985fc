"""Windows of time, and the bookmarks between them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.objects.soql import Range, Window
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant, parse_instant
from tap_versionforge_salesforce.settings.definitions import SETTINGS
from tap_versionforge_salesforce.singer.sync.bookmarks import Bookmark
from tests.support.values import instant, instants, some_examples

KEY = "SystemModstamp"
NOW = instant("2026-11-23T10:00:00Z")
YESTERDAY = instant("2026-11-22T10:00:00Z")
LONGEST = next(setting.maximum for setting in SETTINGS if setting.name == "lookback_seconds")


def state_at(at: datetime | str, key: str = KEY) -> dict[str, Any]:
    value = at if isinstance(at, str) else format_instant(at)
    return {"replication_key": key, "replication_key_value": value}


def bookmark(state: dict[str, Any], key: str | None = KEY) -> Bookmark:
    return Bookmark(state, stream="Account", replication_key=key)


def window(
    state: dict[str, Any],
    *,
    upper: datetime = NOW,
    lookback_seconds: int = 600,
    start_date: datetime | None = None,
    key_nillable: bool = False,
) -> Window:
    return bookmark(state).window(
        upper=upper,
        lookback_seconds=lookback_seconds,
        start_date=start_date,
        key_nillable=key_nillable,
    )


def lower(found: Window) -> datetime | None:
    assert found.range is not None
    return found.range.lower


# What it is


@pytest.mark.parametrize(
    ("value", "text"), [("2026-11-23", "2026-11-23"), (5, "5"), (None, None)], ids=repr
)
def test_its_text_is_what_the_state_has(value: object, text: str | None) -> None:
    """Also where that is no instant: the report shows it, and reading it is what fails."""
    assert bookmark({"replication_key": KEY, "replication_key_value": value}).text == text


def test_what_is_read_whole_has_no_bookmark() -> None:
    """Whatever the state has."""
    assert bookmark(state_at(NOW), key=None).text is None


# Where a window begins


def test_without_a_bookmark_all_history_is_read() -> None:
    """No bookmark and no start_date: no lower end, and a full extract."""
    assert window({}) == Window(Range(KEY, None, NOW), upper=NOW, is_full=True)


def test_a_window_begins_the_lookback_before_its_bookmark() -> None:
    """[bookmark - look-back, upper bound)."""
    found = window(state_at(YESTERDAY))
    assert found.range == Range(KEY, YESTERDAY - timedelta(minutes=10), NOW)
    assert not found.is_full


def test_the_lookback_does_not_apply_to_start_date() -> None:
    """What the user named as the beginning is the beginning."""
    assert lower(window({}, start_date=YESTERDAY)) == YESTERDAY
    assert not window({}, start_date=YESTERDAY).is_full


@pytest.mark.parametrize(
    ("start_date", "begins"),
    [
        pytest.param("2020-01-01", "2026-11-22T09:50:00Z", id="long before"),
        pytest.param("2026-11-22T09:55:00Z", "2026-11-22T09:55:00Z", id="within the look-back"),
        pytest.param("2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", id="after the bookmark"),
    ],
)
def test_nothing_before_start_date_is_read(start_date: str, begins: str) -> None:
    """A bookmark goes on from itself, but never before start_date."""
    found = window(state_at(YESTERDAY), start_date=instant(start_date))
    assert lower(found) == instant(begins)


def test_rows_without_a_key_are_read_each_time() -> None:
    """Where the key can be null, rows without one belong to every window."""
    for found in (window({}, key_nillable=True), window(state_at(YESTERDAY), key_nillable=True)):
        assert found.range is not None
        assert found.range.or_null


def test_a_stream_without_a_key_is_read_whole() -> None:
    """FULL_TABLE has no range, whatever the state holds."""
    found = bookmark(state_at(YESTERDAY), key=None).window(
        upper=NOW, lookback_seconds=600, start_date=YESTERDAY, key_nillable=False
    )
    assert found == Window(range=None, upper=NOW, is_full=True)
    assert not found.is_empty


@given(
    instants(datetime(1900, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    st.integers(0, LONGEST),
    st.none() | instants(),
)
@some_examples
def test_any_lookback_makes_a_window_that_soql_can_hold(
    at: datetime, lookback_seconds: int, start_date: datetime | None
) -> None:
    """Whatever the settings allow, a window begins at or before its bookmark or at start_date."""
    begins = lower(window(state_at(at), lookback_seconds=lookback_seconds, start_date=start_date))
    assert begins is not None
    assert begins in (at - timedelta(seconds=lookback_seconds), start_date)
    assert parse_instant(format_instant(begins)) == begins


@pytest.mark.parametrize(
    ("upper", "is_empty"),
    [
        pytest.param("2026-11-22T10:00:00Z", False, id="at the bookmark"),
        pytest.param("2026-11-22T09:50:00.001Z", False, id="just after the lower end"),
        pytest.param("2026-11-22T09:50:00Z", True, id="at the lower end"),
        pytest.param("2026-11-22T08:00:00Z", True, id="before it"),
    ],
)
def test_a_clock_that_was_put_back_makes_an_empty_window(upper: str, *, is_empty: bool) -> None:
    """A window that ends before it begins is known to hold nothing."""
    assert window(state_at(YESTERDAY), upper=instant(upper)).is_empty is is_empty


def test_a_full_extract_is_never_empty() -> None:
    """Without a lower end there is always something to read."""
    assert not window({}).is_empty


# What a bookmark is


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({}, id="empty"),
        pytest.param({"replication_key": KEY, "replication_key_value": None}, id="null"),
        pytest.param(state_at(YESTERDAY, key="CreatedDate"), id="of another key"),
    ],
)
def test_what_is_no_bookmark_of_this_key_is_none(state: dict[str, Any]) -> None:
    """A bookmark counts only for the key that it was made with."""
    assert bookmark(state).value is None


@pytest.mark.parametrize(
    "value",
    ["2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000+0000", "2026-11-22T12:00:00+02:00"],
)
def test_bookmarks_of_other_writers_are_read(value: str) -> None:
    """An instant counts in every spelling."""
    assert bookmark(state_at(value)).value == YESTERDAY


@pytest.mark.parametrize(
    "value", ["soon", "", 5, True, [], {}, "0001-01-01T00:00:00+10:00", "9999-99-99"]
)
def test_what_is_no_instant_is_told(value: object) -> None:
    """A state that can't be read is told with its place in the state and the ways out."""
    state = {"replication_key": KEY, "replication_key_value": value}
    with pytest.raises(SettingsError) as caught:
        window(state)
    error = caught.value
    assert error.message == (
        f"The state's bookmark of Account is no date-time: {value!r} in "
        "bookmarks.Account.replication_key_value."
    )
    assert "2026-11-23T10:00:00.000Z" in error.hint
    assert "remove bookmarks.Account" in error.hint
    assert error.code == "invalid-state"
    assert error.exit_code == 2


# How a bookmark moves


@given(st.lists(instants(), max_size=10))
@some_examples
def test_a_bookmark_never_moves_back(moves: list[datetime]) -> None:
    """After any moves in any order it stands at the latest instant, and never went down."""
    state: dict[str, Any] = {}
    mark = bookmark(state)
    seen: list[datetime] = []
    for move in moves:
        mark.advance(move)
        assert mark.value is not None
        seen.append(mark.value)
        assert state == state_at(mark.value)
    assert seen == sorted(seen)
    assert mark.value == max(moves, default=None)


@given(instants(), instants())
@some_examples
def test_a_state_from_before_is_not_lost(before: datetime, move: datetime) -> None:
    """A move to an earlier instant leaves the state as it was."""
    state = state_at(before)
    bookmark(state).advance(move)
    assert state == state_at(max(before, move))


def test_other_keys_in_the_state_stay() -> None:
    """The bookmark writes its two keys and touches no other."""
    state = state_at(YESTERDAY) | {"bulk_job": {"id": "750A"}}
    bookmark(state).advance(NOW)
    assert state == state_at(NOW) | {"bulk_job": {"id": "750A"}}


def test_a_bookmark_of_another_key_is_replaced() -> None:
    """With a new replication key the count starts anew, also at an earlier instant."""
    state = state_at(NOW, key="CreatedDate")
    bookmark(state).advance(YESTERDAY)
    assert state == state_at(YESTERDAY)


def test_a_stream_without_a_key_has_no_bookmark() -> None:
    """FULL_TABLE writes none."""
    state: dict[str, Any] = {}
    bookmark(state, key=None).advance(NOW)
    assert state == {}


@given(st.lists(instants(), max_size=5), st.none() | instants())
@some_examples
def test_checkpoints_can_be_taken_back(moves: list[datetime], before: datetime | None) -> None:
    """A window that was not proven complete leaves the state as it found it."""
    state = {"other": 1} if before is None else state_at(before)
    untouched = dict(state)
    mark = bookmark(state)
    for move in moves:
        mark.advance(move)
    mark.rollback()
    assert state == untouched
    assert mark.value == before


def test_bookmark_without_its_key_is_taken() -> None:
    """A state written by hand that leaves the replication key out still bounds the window."""
    assert bookmark({"replication_key_value": "2026-11-22T10:00:00.000Z"}).value == datetime(
        2026, 11, 22, 10, tzinfo=timezone.utc
    )


def test_look_back_ends_where_dates_begin() -> None:
    """SOQL has no date before 1700: a look-back from the first ones goes no further."""
    found = window(state_at("1700-01-01T00:05:00.000Z"), lookback_seconds=600)
    assert lower(found) == instant("1700-01-01T00:00:00Z")


# What other taps have written, and what is not used


@pytest.mark.parametrize("extra", [{}, {"version": 5, "JobID": None}], ids=["alone", "and more"])
def test_another_taps_bookmark_is_taken_over(extra: dict[str, Any]) -> None:
    """singer-io's tap and MeltanoLabs' keep it under the name of the replication key."""
    state: dict[str, Any] = {KEY: format_instant(YESTERDAY), **extra}
    found = bookmark(state)
    assert found.value == YESTERDAY
    assert state == state_at(YESTERDAY) | extra
    (note,) = found.notes()
    assert f"by {KEY}, as another tap has written it, is taken over" in note


def test_our_own_bookmark_comes_first() -> None:
    """What another tap has left beside it is older."""
    found = bookmark({KEY: format_instant(YESTERDAY), **state_at(NOW)})
    assert found.value == NOW
    assert list(found.notes()) == []


@pytest.mark.parametrize("value", [1_763_892_000, 1.5e9, "soon", {}], ids=repr)
def test_another_taps_bookmark_that_is_no_instant(value: object) -> None:
    """Seconds, or what else it may be, is told with its place."""
    with pytest.raises(SettingsError, match=f"bookmarks.Account.{KEY}") as caught:
        bookmark({KEY: value})
    assert caught.value.code == "invalid-state"


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(state_at(YESTERDAY, "LastModifiedDate"), id="of another key"),
        pytest.param({"LastModifiedDate": format_instant(YESTERDAY)}, id="in another spelling"),
    ],
)
def test_a_bookmark_of_another_key_is_told(state: dict[str, Any]) -> None:
    """Everything is read again, for a reason that somebody may want to mend."""
    found = bookmark(state)
    assert found.value is None
    (note,) = found.notes()
    assert "is read by SystemModstamp: the state's bookmark by LastModifiedDate is not" in note


def test_the_bookmark_of_a_stream_that_is_read_whole_is_told() -> None:
    """FULL_TABLE needs none."""
    (note,) = bookmark(state_at(YESTERDAY), key=None).notes()
    assert note == "Account is read whole: the state's bookmark by SystemModstamp is not used."


def test_a_bookmark_without_the_name_of_its_key_is_told() -> None:
    """What it goes by is not guessed."""
    state = {"replication_key_value": format_instant(YESTERDAY)}
    (note,) = bookmark(state, key=None).notes()
    assert "the state's bookmark by a key that it does not name is not used" in note


@pytest.mark.parametrize(
    ("state", "key"),
    [
        pytest.param({}, KEY, id="none"),
        pytest.param(state_at(YESTERDAY), KEY, id="used"),
        pytest.param({"bulk_job": {"id": None}}, None, id="no job"),
    ],
)
def test_a_bookmark_that_is_used_is_not_told(state: dict[str, Any], key: str | None) -> None:
    """Nothing is said of what is as it should be."""
    assert list(bookmark(state, key).notes()) == []
