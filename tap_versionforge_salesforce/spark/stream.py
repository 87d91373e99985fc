"""What Spark asks of a stream: windows between bookmarks, which are its offsets, and their rows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from pyspark.sql.datasource import DataSourceStreamReader
from pyspark.sql.streaming.datasource import SupportsTriggerAvailableNow
from typing_extensions import override

from tap_versionforge_salesforce.engine.objects import described
from tap_versionforge_salesforce.errors import RefusedError, SettingsError, UnavailableError
from tap_versionforge_salesforce.salesforce.objects.soql import Range
from tap_versionforge_salesforce.salesforce.query.coverage import Coverage
from tap_versionforge_salesforce.salesforce.support.timestamps import (
    EARLIEST,
    format_instant,
    parse_instant,
)
from tap_versionforge_salesforce.settings.connecting import query_options_of
from tap_versionforge_salesforce.spark.batch import selected_for
from tap_versionforge_salesforce.spark.parts import batches_of
from tap_versionforge_salesforce.spark.planning import plan_of
from tap_versionforge_salesforce.spark.session import LOGGER, connected, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from pyspark.sql.datasource import InputPartition
    from pyspark.sql.streaming.datasource import ReadLimit
    from pyspark.sql.types import StructType

    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.read import Job
    from tap_versionforge_salesforce.spark.options import Options

_BOOKMARK = "bookmark"
_MINUTE_SECONDS = 60
# Spark asks for the latest offset again at once where there is nothing new, and each window costs
# calls, however little is in it.
_SHORTEST_WINDOW = timedelta(minutes=1)
_PAUSE_SECONDS = 10.0


class SalesforceStreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Reads what has changed of an object, window by window.

    An offset is a bookmark, as the tap's state has it: everything before it has been read. A window
    begins a look-back before the one and ends at the other, so that rows come again at times.

    Args:
        schema: Of the DataFrame.
        options: Of the read.

    Raises:
        SettingsError: Nothing tells what has changed of the object.
        TapError: The org can't be asked for it.
    """

    def __init__(self, schema: StructType, options: Options) -> None:
        self._options = options.shared()
        with told():
            self._selection = selected_for(schema, options)
        self._frozen: datetime | None = None
        self._asked_at: float | None = None
        self._jobs: list[tuple[datetime, Job]] = []
        self._connected: Org | None = None

    @property
    def _org(self) -> Org:
        """Return the org, once it is asked for anything: before, this goes to the executors."""
        if self._connected is None:
            self._connected = connected(self._options.settings())
        return self._connected

    @cached_property
    def _sobject(self) -> SObject:
        sobject = described(self._org, self._options.sobject)
        if sobject.replication_key is None:
            raise SettingsError(
                f"{sobject.name} can't be read as a stream: it has no date-time such as "
                "SystemModstamp that can be filtered and sorted by, so nothing tells what has "
                "changed.",
                hint="Read it whole, with spark.read.",
                code="invalid-option",
            )
        return sobject

    # Offsets

    @override
    def initialOffset(self) -> dict[str, str]:
        """Return where a new stream begins: at ``start_date``, or before all rows."""
        start_date = self._options.settings().start_date
        return {_BOOKMARK: "" if start_date is None else format_instant(start_date)}

    @override
    def prepareForTriggerAvailableNow(self) -> None:
        """Freeze the bound, at which the stream ends.

        Raises:
            TapError: The org does not tell the time.
        """
        with told():
            self._frozen = self._bound()

    @override
    def latestOffset(self, start: dict[str, str], limit: ReadLimit) -> dict[str, str]:
        """Return the end of the next window; its start where there is nothing to read yet.

        Args:
            start: Its start.
            limit: All there is, for there is no other.

        Raises:
            TapError: The org does not tell the time.
        """
        bookmark = _instant(start)
        if self._frozen is not None:
            end, shortest = self._frozen, timedelta()
        else:
            now, asked = self._org.clock.monotonic(), self._asked_at
            if asked is not None and now - asked < _PAUSE_SECONDS:
                return start
            self._asked_at = now
            with told():
                end, shortest = self._bound(), _SHORTEST_WINDOW
        if bookmark is not None and end <= bookmark + shortest:
            return start
        return {_BOOKMARK: format_instant(end)}

    def _bound(self) -> datetime:
        """Return the server's clock, or the start of the oldest transaction that is running."""
        org, sobject = self._org, self._sobject
        with suppress(RefusedError, UnavailableError):
            # Not counted; its answer has the time.
            org.client.identity()
        settings, now = self._options.settings(), org.server_time()
        if not (settings.composite_queries and sobject.is_replicateable):
            return now
        is_looked_back = settings.lookback_seconds >= _MINUTE_SECONDS
        coverage = Coverage(sobject.name, now, is_looked_back=is_looked_back)
        with suppress(RefusedError, UnavailableError, ValueError):
            (answer,) = org.client.together([coverage.call])
            if answer is not None and answer.ok:
                coverage.take(answer.json())
        return coverage.until or now

    # Rows

    @override
    def partitions(self, start: dict[str, str], end: dict[str, str]) -> list[InputPartition]:
        """Return what each task of a window reads.

        Args:
            start: The bookmark before it.
            end: The bookmark behind it.

        Raises:
            TapError: The rows can't be had.
        """
        upper = _instant(end)
        if start == end or upper is None:
            return []
        settings = self._options.settings()
        with told():
            query = replace(self._selection.query, range=self._range(_instant(start), upper))
            plan = plan_of(
                self._org,
                query,
                query_options_of(settings),
                self._options.partitions,
                warn_below=settings.quota_warning_threshold,
            )
        if plan.job is not None:
            self._jobs.append((upper, plan.job))
        return plan.parts

    def _range(self, bookmark: datetime | None, upper: datetime) -> Range:
        settings, sobject = self._options.settings(), self._sobject
        lower = settings.start_date
        if bookmark is not None:
            looked_back = max(bookmark - timedelta(seconds=settings.lookback_seconds), EARLIEST)
            lower = looked_back if lower is None else max(looked_back, lower)
        key = str(sobject.replication_key)
        return Range(key, lower, upper, or_null=sobject.stamps[key])

    @override
    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a part, on an executor.

        Raises:
            TapError: They can't be had or proven: Spark runs the task again.
        """
        return batches_of(partition, self._selection, self._options)

    @override
    def commit(self, end: dict[str, str]) -> None:
        """Remove the jobs of windows that have been written.

        Args:
            end: The bookmark behind them.
        """
        written = _instant(end)
        done = [job for upper, job in self._jobs if written is not None and upper <= written]
        self._jobs = [each for each in self._jobs if each[1] not in done]
        for job in done:
            job.remove()
        # The answer to that knows of the calls of all executors, and of everybody else's.
        left = self._org.quota.daily if done else None
        if left is not None:
            LOGGER.info(
                "%s: written up to %s. %s of the day's %s API calls are left.",
                self._options.sobject,
                end[_BOOKMARK],
                f"{left.remaining:,}",
                f"{left.maximum:,}",
            )

    @override
    def stop(self) -> None:
        """Remove the jobs that are left: a window that is read again has another one."""
        if self._connected is None:
            return
        for _, job in self._jobs:
            job.remove()
        self._connected.end()
        self._connected = None


def _instant(offset: dict[str, str]) -> datetime | None:
    text = offset.get(_BOOKMARK, "")
    return parse_instant(text) if text else None
