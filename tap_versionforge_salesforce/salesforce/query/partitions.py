"""What is too large for one Bulk job is read in halves, and these in halves again.

The halves lie beside each other in time, by the stamp that the query goes by, so that a reader can
stop between them. Where time does not divide the rows, because there is no such stamp or all rows
have the same, they lie beside each other by Id, which never changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from tap_versionforge_salesforce.errors import RefusedError, RequestTimeoutError
from tap_versionforge_salesforce.salesforce.objects.soql import IdRange
from tap_versionforge_salesforce.salesforce.support.record_ids import ID_LENGTH
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant, parse_instant

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.client import SalesforceClient
    from tap_versionforge_salesforce.salesforce.objects.soql import Query

# In the order in which Salesforce sorts Ids.
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHORTEST = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of an object's rows: what one Bulk job, or one REST cursor, is to read.

    Attributes:
        upper: The window's end.
        ids: Which rows of the window.
        skips_lookback: It begins where the half before it ended in this run: nothing can have been
            committed late there, and the look-back would read the other half again.
        depth: How often it was halved.
    """

    upper: datetime
    ids: IdRange = field(default_factory=IdRange)
    skips_lookback: bool = False
    depth: int = 0

    @property
    def is_part(self) -> bool:
        """Tell whether it is a half of something."""
        return self.depth > 0

    @property
    def is_last(self) -> bool:
        """Tell whether the whole window is read once this is."""
        return self.ids.upper is None


@dataclass(frozen=True, slots=True)
class Split:
    """A partition in two, the earlier one first.

    Attributes:
        first: Is to be read to its end before the second.
        second: The rest.
        border: What divides them, in words.
    """

    first: Partition
    second: Partition
    border: str


def split_partition(
    partition: Partition,
    *,
    query: Query,
    client: SalesforceClient,
    bookmark: datetime | None = None,
    latest: datetime | None = None,
    by_time: bool = True,
) -> Split | None:
    """Return a partition in two, neither of them empty; None where it can't be divided.

    Asks Salesforce for the first and the last row of the partition: two or four calls.

    Args:
        partition: What was too large.
        query: That reads it.
        client: The org.
        bookmark: Where the reader's bookmark stands; None where there is none. The second half
            begins at the bookmark, which does not go back for a first half that ends before it.
        latest: The bookmark goes no further than this; None for as far as it likes.
        by_time: Its halves may lie beside each other in time.
    """
    part = replace(partition, depth=partition.depth + 1)
    if by_time and query.range is not None and partition.ids.is_whole:
        key = query.range.key
        ends = _edges(query, key, client=client)
        earliest = None if bookmark is None else min(bookmark, latest or bookmark)
        middle = None if ends is None else instant_between(*ends, earliest=earliest)
        if middle is not None and (latest is None or middle <= latest):
            return Split(
                replace(part, upper=middle),
                replace(part, skips_lookback=True),
                f"{key} {format_instant(middle)}",
            )
    ends = _id_edges(query, client=client)
    middle_id = None if ends is None else id_between(*ends)
    if middle_id is None:
        return None
    return Split(
        replace(part, ids=replace(partition.ids, upper=middle_id)),
        replace(part, ids=replace(partition.ids, lower=middle_id)),
        f"Id {middle_id}",
    )


def id_ranges(query: Query, count: int, *, client: SalesforceClient) -> tuple[IdRange, ...]:
    """Return ranges of Ids beside each other that hold every row of a query.

    They are equally wide, and hold as many rows each as Salesforce has given Ids in them.

    Args:
        query: Of rows.
        count: How many are wanted; there are fewer where there are fewer Ids.
        client: The org, which is asked for the first and the last row.
    """
    ends = _id_edges(query, client=client)
    try:
        begin, end = (0, 0) if ends is None else map(_number, ends)
    except ValueError:  # no Ids
        begin, end = 0, 0
    wanted = min(count, max(1, end - begin + 1))
    borders = [_id(begin + (end - begin + 1) * step // wanted) for step in range(1, wanted)]
    return tuple(IdRange(*each) for each in zip([None, *borders], [*borders, None], strict=True))


def _id_edges(query: Query, *, client: SalesforceClient) -> tuple[str, str] | None:
    if "Id" not in query.fields:
        return None
    # To find the first of many million rows in the window can be too large itself.
    return _edges(query, "Id", client=client) or (
        _edges(replace(query, range=None), "Id", client=client)
    )


class _Edge(msgspec.Struct):
    records: list[dict[str, object]]


def _edges(query: Query, name: str, *, client: SalesforceClient) -> tuple[str, str] | None:
    found = []
    for last in (False, True):
        try:
            answer = client.query(query.edge(name, last=last), deleted=query.all_rows, briefly=True)
        except (RefusedError, RequestTimeoutError):
            return None
        try:
            (row,) = msgspec.convert(answer.json(), _Edge).records
        except (msgspec.ValidationError, ValueError):
            return None
        value = row.get(name)
        if not isinstance(value, str):
            return None
        found.append(value)
    return found[0], found[1]


def instant_between(first: str, last: str, *, earliest: datetime | None = None) -> datetime | None:
    """Return an instant behind the first and not behind the last; None where there is none.

    Args:
        first: An instant, as Salesforce spells it.
        last: Another one.
        earliest: It is not before this.
    """
    try:
        begin, end = parse_instant(first), parse_instant(last)
    except ValueError:  # no query can name it
        return None
    if end <= begin:
        return None
    # SOQL knows no less than a millisecond.
    steps = (end - begin) // _SHORTEST
    middle = begin + max(1, steps // 2) * _SHORTEST
    middle = middle if earliest is None else max(middle, earliest)
    return middle if middle <= end else None


def id_between(first: str, last: str) -> str | None:
    """Return an Id behind the first and not behind the last; None where there is none."""
    try:
        begin, end = _number(first), _number(last)
    except ValueError:  # no Ids
        return None
    return None if end <= begin else _id(begin + (end - begin + 1) // 2)


def _number(row_id: str) -> int:
    number = 0
    for character in row_id[:ID_LENGTH]:
        number = number * len(_DIGITS) + _DIGITS.index(character)
    return number


def _id(number: int) -> str:
    characters = ""
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        characters = _DIGITS[digit] + characters
    return characters
