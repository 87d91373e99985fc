"""What has changed between two instants: GET /sobjects/{name}/updated and /deleted.

"Get Updated" and "Get Deleted" in the REST API developer guide. Instants lose their seconds, and
the answer reaches no further than the start of the oldest transaction that is still open.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tests.local_org.answers import errors
from tests.local_org.conditions.clock import api_time
from tests.local_org.exchange import Answer, json_answer

if TYPE_CHECKING:
    from tests.local_org.conditions.clock import Clock
    from tests.local_org.exchange import Call
    from tests.local_org.objects.sobjects import SObject
    from tests.local_org.store.store import Store

_LONGEST, _LONGEST_OF_DELETED = timedelta(days=30), timedelta(days=15)
_MOST_IDS = 600_000
_STAMPS = ("SystemModstamp", "LastModifiedDate")


class Replication:
    """Answers what a client asks that copies an object."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def updated(self, call: Call, name: str) -> Answer:
        """GET /sobjects/{name}/updated?start=&end=."""
        sobject = self._sobject(name)
        start, end = self._between(call, _LONGEST)
        ids = [row_id for row_id, _ in self._rows(sobject, start, end, are_deleted=False)]
        return json_answer({"ids": ids, "latestDateCovered": api_time(self._covered(end))})

    def deleted(self, call: Call, name: str) -> Answer:
        """GET /sobjects/{name}/deleted?start=&end=: what is in the recycle bin, and no more."""
        sobject = self._sobject(name)
        start, end = self._between(call, _LONGEST_OF_DELETED)
        gone = self._rows(sobject, start, end, are_deleted=True)
        return json_answer(
            {
                "deletedRecords": [
                    {"id": row_id, "deletedDate": moment} for row_id, moment in gone
                ],
                "earliestDateAvailable": api_time(_cut(self._clock.now() - _LONGEST_OF_DELETED)),
                "latestDateCovered": api_time(self._covered(end)),
            }
        )

    def _between(self, call: Call, longest: timedelta) -> tuple[datetime, datetime]:
        start, end = (_minute(call.query.get(key, ""), key) for key in ("start", "end"))
        if start >= end:
            message = "startDate must be at least one minute before endDate"
            raise errors.invalid_replication_date(message)
        if start < self._clock.now() - longest:
            message = "startDate before org replication enabled date"
            raise errors.invalid_replication_date(message)
        return start, end

    def _covered(self, end: datetime) -> datetime:
        covered = min(end, _cut(self._clock.now()))
        oldest = self._store.oldest_open_transaction()
        return covered if oldest is None else min(covered, _cut(oldest))

    def _sobject(self, name: str) -> SObject:
        by_lower = {known.lower(): known for known in self._store.sobjects}
        sobject = self._store.sobjects.get(by_lower.get(name.lower(), ""))
        if sobject is None or not sobject.replicateable:
            raise errors.not_found()
        return sobject

    def _rows(
        self, sobject: SObject, start: datetime, end: datetime, *, are_deleted: bool
    ) -> list[tuple[str, str]]:
        """Return the Id and the stamp of what has changed, or has gone into the recycle bin."""
        stamp = next((name for name in _STAMPS if sobject.field(name)), None)
        if stamp is None or (are_deleted and not sobject.field("IsDeleted")):
            return []
        low, high = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (start, end))
        where = f"{stamp} >= {low} AND {stamp} < {high}"
        where += " AND IsDeleted = true" if are_deleted else ""
        soql = f"SELECT Id, {stamp} FROM {sobject.name} WHERE {where}"  # noqa: S608  names of its own
        result = self._store.run(soql, all_rows=are_deleted)
        if result.total_size > _MOST_IDS:
            raise errors.exceeded_id_limit()
        found = self._store.fetch(result, 0, result.total_size)
        return [(str(row[0]), f"{row[1]}+0000") for row in found]


def _minute(text: str, key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        message = f"{key} is no dateTime: {text}"
        raise errors.invalid_replication_date(message) from None
    if moment.tzinfo is None:
        message = f"{key} has no time zone: {text}"
        raise errors.invalid_replication_date(message)
    return _cut(moment.astimezone(timezone.utc))


def _cut(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
