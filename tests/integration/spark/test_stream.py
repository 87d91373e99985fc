"""A stream, asked as Spark asks it: offsets that are bookmarks, and the rows between them."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_versionforge_salesforce.errors import TapError
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant, parse_instant
from tests.integration.spark.test_data_source import data_source, ids
from tests.support.spark import NO_PYSPARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local_org import LocalOrg

    Options = Callable[..., dict[str, str]]

pytest.importorskip("pyspark.sql.streaming.datasource", reason=NO_PYSPARK)
pytestmark = pytest.mark.usefixtures("clock")

LOOKBACK_SECONDS = 600


class Stream:
    """A stream that is read, and goes on from its checkpoint in another process.

    Args:
        options: Of the read.
    """

    def __init__(self, options: dict[str, str]) -> None:
        self._options = options
        self.offset: dict[str, str] = {}
        self.reader: Any = None
        self.restart()

    def restart(self) -> None:
        self.stop()
        source = data_source(self._options, "Opportunity")
        self.reader = source.streamReader(source.schema())

    def stop(self) -> None:
        if self.reader is not None:
            self.reader.stop()

    def available_now(self) -> list[str]:
        """Return the Ids of all windows up to the bound that is frozen now."""
        self.reader.prepareForTriggerAvailableNow()
        start = self.offset or self.reader.initialOffset()
        found: list[str] = []
        while (end := self.reader.latestOffset(start, None)) != start:
            parts = self.reader.partitions(start, end)
            found += [row_id for part in parts for row_id in ids_elsewhere(self, part)]
            self.reader.commit(end)
            start = end
        self.offset = start
        return sorted(found)


def ids_elsewhere(stream: Stream, part: Any) -> list[str]:  # noqa: ANN401  pyspark may not be there
    # What goes to the executors has not asked the org for anything yet.
    made = data_source(stream._options, "Opportunity")  # noqa: SLF001  our own
    return ids(made.streamReader(made.schema()), part)


@pytest.fixture
def stream(options: Options) -> Iterator[Stream]:
    made = Stream(options(fields="Id,StageName", lookbackSeconds=str(LOOKBACK_SECONDS)))
    yield made
    made.stop()


def changed(org: LocalOrg, since: str, until: str) -> list[str]:
    """Return what the tap's window holds: from the look-back before a bookmark up to the next."""
    lower = parse_instant(since) - timedelta(seconds=LOOKBACK_SECONDS)
    stamps = [(parse_instant(str(r["SystemModstamp"])), str(r["Id"])) for r in rows_of(org)]
    return sorted(i for stamp, i in stamps if lower <= stamp < parse_instant(until))


def rows_of(org: LocalOrg) -> list[dict[str, object]]:
    return org.store.rows("Opportunity", include_deleted=True)


def test_windows_follow_one_another(org: LocalOrg, stream: Stream) -> None:
    """The first has all there is; each next one what has changed, deleted rows too, once more."""
    known = org.store.seed("Opportunity", 60)
    org.clock.advance(3600)
    assert stream.available_now() == sorted(known)
    before = stream.offset
    org.clock.advance(3600)
    assert stream.available_now() == []
    org.store.update("Opportunity", known[:3], {"StageName": "Won"})
    org.store.delete("Opportunity", known[3:5])
    org.clock.advance(60)
    stream.restart()
    found = stream.available_now()
    assert found == sorted(known[:5])
    assert found == changed(org, before["bookmark"], stream.offset["bookmark"])
    org.clock.advance(3600)
    # These lie within the look-back before the bookmark, and no longer do so then.
    assert stream.available_now() == sorted(known[:5])
    org.clock.advance(3600)
    assert stream.available_now() == []
    assert org.jobs.all() == []


def test_what_is_left_is_told_behind_each_window(
    org: LocalOrg, stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    """By when the calls of all executors are among those that are used."""
    caplog.set_level(logging.INFO)
    org.store.seed("Opportunity", 1)
    org.clock.advance(3600)
    stream.available_now()
    until = stream.offset["bookmark"]
    left = f"{org.limits.calls.remaining:,} of the day's 15,000 API calls are left."
    assert f"Opportunity: written up to {until}. {left}" in caplog.text


def test_a_transaction_that_is_running_holds_the_bookmark(org: LocalOrg, stream: Stream) -> None:
    """Its rows come with the window that begins there, however old their stamps are by then."""
    org.store.seed("Opportunity", 10)
    org.clock.advance(3600)
    stream.available_now()
    org.clock.advance(3600)
    began = org.clock.now()
    org.clock.advance(1800)
    commits = org.clock.now() + timedelta(seconds=600)
    late = org.store.insert("Opportunity", [{"Name": "late"}], stamp=began, visible_from=commits)
    assert stream.available_now() == []
    assert parse_instant(stream.offset["bookmark"]) <= began
    org.clock.advance(1200)
    stream.restart()
    assert stream.available_now() == late


def test_a_stream_begins_at_the_start_date(org: LocalOrg, options: Options) -> None:
    """Before which no window goes."""
    org.store.seed("Opportunity", 20)
    org.clock.advance(86_400)
    start = format_instant(org.clock.now())
    org.clock.advance(60)
    new = org.store.insert("Opportunity", [{"Name": "new"}])
    org.clock.advance(60)
    stream = Stream(options(fields="Id", startDate=start))
    assert stream.reader.initialOffset() == {"bookmark": start}
    assert stream.available_now() == new
    stream.stop()


def test_without_an_end_windows_are_a_minute_long(org: LocalOrg, stream: Stream) -> None:
    """However often Spark asks."""
    org.store.seed("Opportunity", 1)
    start = stream.reader.latestOffset(stream.reader.initialOffset(), None)
    org.clock.advance(600)
    asked = len(org.journal.entries)
    assert [stream.reader.latestOffset(start, None) for _ in range(20)] == [start] * 20
    assert len(org.journal.entries) == asked
    assert stream.reader.partitions(start, start) == []


def test_what_tells_of_no_changes_is_no_stream(options: Options) -> None:
    """And can be read whole."""
    source = data_source(options(), "TabDefinition")
    made = source.streamReader(source.schema())
    with pytest.raises(TapError, match=r"nothing tells what has changed.*\[invalid-option\]"):
        made.prepareForTriggerAvailableNow()
    made.stop()
