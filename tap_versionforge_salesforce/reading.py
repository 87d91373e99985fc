"""What one part of an extraction reads: its window, its query, and who pages through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.columns import Column, Kind, queried
from tap_versionforge_salesforce.pagination import SalesforcePaginator
from tap_versionforge_salesforce.soql import Query

if TYPE_CHECKING:
    import logging

    from tap_versionforge_salesforce.bookmarks import Bookmark, Window
    from tap_versionforge_salesforce.connection import Connection
    from tap_versionforge_salesforce.download_queue import Place
    from tap_versionforge_salesforce.schema import SObject
    from tap_versionforge_salesforce.splitting import Scope


@dataclass(frozen=True, slots=True)
class Reading:
    """One part of an extraction.

    Attributes:
        scope: What of the stream.
        window: Between which instants.
        query: The SELECT.
        paginator: Yields its pages.
        is_taken_up: It goes on with the Bulk job of an earlier run.
    """

    scope: Scope
    window: Window
    query: Query
    paginator: SalesforcePaginator
    is_taken_up: bool = False


class Readings:
    """Makes the readings of one stream.

    Args:
        connection: What the streams of the run share.
        logger: The stream's.
        sobject: What is read.
        columns: The columns of a record.
        bookmark: From which the windows go.
        limit: Most rows wanted, in a test; None for all.
    """

    def __init__(
        self,
        *,
        connection: Connection,
        logger: logging.Logger,
        sobject: SObject,
        columns: tuple[Column, ...],
        bookmark: Bookmark,
        limit: int | None,
    ) -> None:
        self._connection = connection
        self._logger = logger
        self._sobject = sobject
        self._columns = columns
        self._bookmark = bookmark
        self._limit = limit

    def of(self, scope: Scope, place: Place) -> Reading:
        """Return what reads a scope, from where the bookmark stands now.

        Args:
            scope: What of the stream.
            place: Of the stream in the queue of downloads.
        """
        settings = self._connection.settings
        key = self._bookmark.replication_key
        window = self._bookmark.window(
            upper=scope.upper,
            lookback_seconds=0 if scope.goes_on else settings.lookback_seconds,
            start_date=settings.start_date,
            key_nillable=self._sobject.stamps.get(key or "", False),
        )
        named = self._columns if key is None else (*self._columns, Column(key, Kind.DATETIME))
        columns = queried(named)
        query = Query(
            sobject=self._sobject.name,
            fields=tuple(column.name for column in columns),
            range=window.range,
            ids=scope.ids,
            limit=self._limit,
        )
        paginator = SalesforcePaginator(
            connection=self._connection,
            logger=self._logger,
            query=query,
            columns=columns,
            window=window,
            place=place,
            is_part=scope.is_part,
        )
        return Reading(scope, window, query, paginator)
