"""The read of one partition: its window, its query, and who pages through it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from tap_versionforge_salesforce.errors import RefusedError
from tap_versionforge_salesforce.salesforce.frames.keys_apart import KeysApart
from tap_versionforge_salesforce.salesforce.query.context import ReadContext
from tap_versionforge_salesforce.salesforce.query.coverage import Coverage
from tap_versionforge_salesforce.salesforce.query.paginator import SalesforcePaginator
from tap_versionforge_salesforce.salesforce.query.partitions import Partition

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.objects.soql import Query, Window
    from tap_versionforge_salesforce.salesforce.query.download_queue import Turn
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.singer.run import Run
    from tap_versionforge_salesforce.singer.sync.bookmarks import Bookmark

# It is asked for many streams at once, and holds a bookmark back by so much at most.
_COVERAGE_LASTS = timedelta(seconds=60)
_MINUTE_SECONDS = 60

# What tells rows apart of some objects whose Ids do not.
_DURABLE_ID = "DurableId"


@dataclass(frozen=True, slots=True)
class PartitionRead:
    """The read of one partition of a stream.

    Attributes:
        partition: What of the stream.
        window: Between which instants.
        query: The SELECT.
        paginator: Yields its pages.
        keys: Sees that what a target knows a row by tells it from all others.
        coverage: How far the changes of the object are committed; None where nobody asks.
        is_resumed: It goes on with the Bulk job of an earlier run.
    """

    partition: Partition
    window: Window
    query: Query
    paginator: SalesforcePaginator
    keys: KeysApart = field(default_factory=lambda: KeysApart(["Id"]))
    coverage: Coverage | None = None
    is_resumed: bool = False

    def pages(self) -> Iterator[Page]:
        """Yield the pages, as long as the key tells their rows apart.

        Raises:
            RefusedError: It does not: of the rows with one key a target would keep one.
            TapError: As the paginator.
        """
        with closing(cast("Generator[Page, None, None]", iter(self.paginator))) as pages:
            for page in pages:
                if page.takes_back and self.partition.ids.is_whole:
                    self.keys.forget()
                error = key_error(page, self.query, self.keys)
                if error is not None:
                    break
                yield page
            else:
                return
        self.paginator.finish()
        raise error


def key_error(page: Page, query: Query, keys: KeysApart) -> RefusedError | None:
    """Return the error of rows that their key does not tell apart; None where it does.

    Args:
        page: The rows.
        query: For them.
        keys: Sees that it does.
    """
    problem = keys.problem(page.frame)
    if problem is None:
        return None
    where = "soql_streams" if query.stream else "its catalog entry"
    others = {column.name for column in query.columns}.difference(keys.names)
    such_as = f", such as {_DURABLE_ID}," if _DURABLE_ID in others else ""
    return RefusedError(
        f"{query.title} {problem}: a target would keep one row of them all.",
        hint=f"Name fields that tell its rows apart{such_as} in key_properties of {where}; or "
        "deselect the stream.",
        code="no-key",
    )


class PartitionReads:
    """The factory of the partition reads of one stream.

    Args:
        run: What the streams of the run share.
        sobject: What is read.
        query: The SELECT of all its rows, whatever the bookmark.
        keys: Those by which a target knows a row; none where no key is claimed.
        bookmark: From which the windows go.
    """

    def __init__(
        self,
        *,
        run: Run,
        sobject: SObject,
        query: Query,
        keys: tuple[str, ...],
        bookmark: Bookmark,
    ) -> None:
        self._run = run
        self._sobject = sobject
        self.query = query
        self._key_columns = keys
        # Those of the window that is read.
        self._keys = KeysApart(keys)
        self._bookmark = bookmark
        # That of the window to come.
        self._coverage: Coverage | None = None

    @property
    def are_full(self) -> bool:
        """Tell whether there is nothing to begin from, so that the whole object is read."""
        return self._bookmark.is_full(self._run.settings.start_date)

    def whole(self, upper: datetime, turn: Turn) -> PartitionRead:
        """Return what reads everything from where the bookmark stands now.

        Args:
            upper: The server's clock, from an answer received before.
            turn: Of the stream in the queue of downloads.
        """
        coverage = self._coverage
        self._keys = KeysApart(self._key_columns)
        if self.lack_coverage(upper):
            coverage = self.new_coverage(upper)
        return self.of(Partition(upper), turn, coverage)

    def lack_coverage(self, now: datetime) -> bool:
        """Tell whether it has to be asked how far the changes of the object are committed.

        Args:
            now: The server's clock.
        """
        is_wanted = self._run.settings.composite_queries and self.query.limit is None
        if not (is_wanted and self._sobject.is_replicateable and self._bookmark.replication_key):
            return False
        asked = self._coverage
        return asked is None or not asked.is_asked or asked.end < now - _COVERAGE_LASTS

    def new_coverage(self, now: datetime) -> Coverage:
        """Return what is to be asked of how far the changes of the object are committed.

        Args:
            now: The server's clock, from an answer received before.
        """
        is_looked_back = self._run.settings.lookback_seconds >= _MINUTE_SECONDS
        self._coverage = Coverage(self._sobject.name, now, is_looked_back=is_looked_back)
        return self._coverage

    def of(
        self, partition: Partition, turn: Turn, coverage: Coverage | None = None
    ) -> PartitionRead:
        """Return what reads a partition, from where the bookmark stands now.

        Args:
            partition: What of the stream.
            turn: Of the stream in the queue of downloads.
            coverage: To be known before the query is sent; None where it is known, or nobody asks.
        """
        settings = self._run.settings
        sobject = self._sobject
        key = sobject.stamp(self._bookmark.replication_key)
        window = self._bookmark.window(
            upper=partition.upper,
            lookback_seconds=0 if partition.skips_lookback else settings.lookback_seconds,
            start_date=settings.start_date,
            key_nillable=sobject.stamps.get(key or "", False),
        )
        if window.range is not None and key is not None:
            window = replace(window, range=replace(window.range, key=key))
        query = replace(self.query, range=window.range, ids=partition.ids)
        context = ReadContext(
            self._run.org,
            query,
            self._run.query_options,
            turn,
            composites=self._run.composites,
            coverage=coverage,
        )
        paginator = SalesforcePaginator(
            context,
            window=window,
            count_rows=self._run.advice.count_rows,
            is_part=partition.is_part,
        )
        return PartitionRead(partition, window, query, paginator, self._keys, coverage)
