"""Ranges of one stream that are read again; no bookmark, and nothing else of the state, moves."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.frames.keys_apart import KeysApart
from tap_versionforge_salesforce.salesforce.http.quota import StreamUsage, usage_counted_in
from tap_versionforge_salesforce.salesforce.objects.soql import Range
from tap_versionforge_salesforce.salesforce.query.parts_read import PartsRead
from tap_versionforge_salesforce.salesforce.support.events import Remark
from tap_versionforge_salesforce.singer.events import PartitionBegun
from tap_versionforge_salesforce.singer.sync.partition_read import key_error
from tap_versionforge_salesforce.singer.sync.stream_sync import tell_written, used_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_versionforge_salesforce.errors import TapError
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.query.page import Page
    from tap_versionforge_salesforce.settings.backfills import Backfill
    from tap_versionforge_salesforce.singer.events import Usage
    from tap_versionforge_salesforce.singer.run import Run


class BackfillSync:
    """The sync of one stream in a run that only reads ranges again.

    Args:
        run: What the streams of the run share.
        name: The stream's.
        query: For all its rows.
        key: The date-time that the ranges are of.
        ranges: Which rows.
        bookmark_text: As the state has it, before and behind.
        keys: The queried columns by which a target knows a row; none where no key is claimed.
    """

    def __init__(
        self,
        *,
        run: Run,
        name: str,
        query: Query,
        key: str,
        ranges: Sequence[Backfill],
        bookmark_text: str | None,
        keys: tuple[str, ...],
    ) -> None:
        self._run = run
        self._name = name
        self._ranges = ranges
        self.bookmark_text = bookmark_text
        self._keys = KeysApart(keys)
        self._usage = StreamUsage()
        #: No run goes on with the Bulk job of another one's range.
        self.resumed_job_id = None
        #: For each range, its rows.
        self.queries = tuple(
            replace(query, range=Range(key, each.since, each.until, or_null=False))
            for each in ranges
        )

    def first_query(self) -> Query:
        """Return the query for the rows of all ranges together."""
        ranges = " OR ".join(
            f"({each.range.condition()})" for each in self.queries if each.range is not None
        )
        query = self.queries[0]
        condition = f"({ranges}) AND {query.condition}" if query.condition else f"({ranges})"
        return replace(query, range=None, condition=condition)

    def pages(self) -> Iterator[Page]:
        """Yield every page of every range.

        Raises:
            RefusedError: The key does not tell the rows apart.
            TapError: As `read`; the ranges behind it are not read.
        """
        run, left = self._run, len(self._ranges)
        for wanted, query in zip(self._ranges, self.queries, strict=True):
            left -= 1
            run.org.events.tell(PartitionBegun(self._name, left))
            run.org.events.tell(Remark(self._name, f"{self._name}: {wanted.text} is read again."))
            parts = PartsRead(run.org, query, run.query_options, keeps_job=False)
            with usage_counted_in(self._usage), closing(parts.pages()) as pages:
                for found, _ in pages:
                    if (error := key_error(found, query, self._keys)) is not None:
                        raise error
                    page = replace(found, checkpoint=None, job=None)
                    yield page
                    tell_written(run, self._name, page)
                    run.org.interruption.check()

    def fail(self, error: TapError) -> None:
        """Leave the state as it is."""

    def end(self) -> None:
        """Do nothing: what was begun has ended with `pages`."""

    def usage(self, in_turn: Usage) -> Usage:
        """Return what the stream has used.

        Args:
            in_turn: What the run has used while it was the stream's turn.
        """
        return used_by(self._usage, in_turn)
