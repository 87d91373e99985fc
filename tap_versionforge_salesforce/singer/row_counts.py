"""How many rows the streams of a run are about to read: counted by Salesforce, none is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_versionforge_salesforce.errors import RefusedError, TapError, UnavailableError
from tap_versionforge_salesforce.salesforce.query.small_queries import SmallQuery, answers_of
from tap_versionforge_salesforce.salesforce.support.events import Remark
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_versionforge_salesforce.salesforce.http.responses import Response
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.singer.run import Run
    from tap_versionforge_salesforce.singer.sobject_stream import SObjectStream

_SECONDS_BETWEEN_LINES = 10.0
# One may be that object's trouble.
_MOST_UNAVAILABLE = 2


class FirstRead(NamedTuple):
    """What is read of a stream first.

    Attributes:
        stream: The stream.
        query: For its rows.
    """

    stream: SObjectStream
    query: Query


def count_rows(run: Run, reads: Sequence[FirstRead]) -> dict[str, int | None]:
    """Return about how many rows there are of each stream, by its name; None where nobody tells.

    Raises:
        TapError: Salesforce can't be asked at all.
        UnavailableError: It gave no answer for several streams in a row: each takes as long as its
            retries do, and nothing could be said of the others either.
    """
    found = {stream.name: _counted_by_the_way(run, stream, query) for stream, query in reads}
    wanted = {
        stream.name: SmallQuery(query.count(), deleted=query.all_rows, is_brief=True)
        for stream, query in reads
        if found[stream.name] is None and query.parent is None and not query.given
    }
    together = run.settings.composite_queries
    answers = answers_of(run.org, list(wanted.values()), are_together=together)
    seconds = run.org.clock.monotonic
    told, unavailable = seconds(), 0
    for count, (name, answer) in enumerate(zip(wanted, answers, strict=True), start=1):
        unavailable = unavailable + 1 if isinstance(answer, UnavailableError) else 0
        if isinstance(answer, UnavailableError) and unavailable == _MOST_UNAVAILABLE:
            raise answer
        found[name] = _total_size(answer)
        if seconds() - told >= _SECONDS_BETWEEN_LINES:
            told = seconds()
            said = f"Counted the rows of {count:,} of {counted(len(wanted), 'stream')}."
            run.org.events.tell(Remark(None, said))
    return found


def _counted_by_the_way(run: Run, stream: SObjectStream, query: Query) -> int | None:
    """Return what one call tells of all objects that are read whole."""
    if query.parent is not None or not stream.is_whole:
        return None
    return run.advice.count_rows(query.sobject)


def _total_size(answer: Response | TapError) -> int | None:
    if isinstance(answer, (RefusedError, UnavailableError)):
        # Of a table that is too large to be counted, or that nobody counts.
        return None
    if isinstance(answer, TapError):
        raise answer
    content = answer.json()
    rows = content.get("totalSize") if isinstance(content, dict) else None
    return rows if isinstance(rows, int) and rows >= 0 else None
