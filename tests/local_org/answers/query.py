"""REST queries and their cursors."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.local_org.answers import errors
from tests.local_org.answers.encode import group_record, rest_record
from tests.local_org.answers.permissions import permissions_answer
from tests.local_org.exchange import Answer, json_answer
from tests.local_org.store.numbering import Numbers

if TYPE_CHECKING:
    from datetime import datetime

    from tests.local_org.conditions.clock import Clock
    from tests.local_org.conditions.settings import Settings
    from tests.local_org.exchange import Call
    from tests.local_org.objects.fields import Field
    from tests.local_org.store.store import Result, Store

_SMALLEST_BATCH = 200
_LARGEST_BATCH = 2_000
_SHORT_TEXT = 255
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)
_LOCATOR = re.compile(r"^(01g\w{12}(?:\w{3})?)-(\d+)$")


@dataclass(frozen=True)
class Cursor:
    """The rows of one query, for two days."""

    result: Result
    created: datetime


class Query:
    """/query, /queryAll and the pages after the first."""

    def __init__(self, *, store: Store, settings: Settings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = Numbers()
        self._cursors: dict[str, Cursor] = {}

    def reset(self) -> None:
        """Close every cursor."""
        self._cursors.clear()

    def query(self, call: Call) -> Answer:
        """GET /query?q=."""
        return self._first_page(call, all_rows=False)

    def query_all(self, call: Call) -> Answer:
        """GET /queryAll?q=: soft-deleted rows too."""
        return self._first_page(call, all_rows=True)

    def more(self, call: Call, locator: str) -> Answer:
        """GET /query/{locator} or /queryAll/{locator}: both continue either kind of query."""
        found = _LOCATOR.match(locator)
        cursor = self._cursors.get(found[1][:15]) if found else None
        lifetime = timedelta(seconds=self._settings.cursor_seconds)
        if found is None or cursor is None or self._clock.now() - cursor.created >= lifetime:
            raise errors.invalid_query_locator()
        start = int(found[2])
        if start >= max(cursor.result.total_size, 1):
            raise errors.invalid_query_locator()
        return self._page(call, cursor.result, start, found[1])

    def _first_page(self, call: Call, *, all_rows: bool) -> Answer:
        soql = call.query.get("q", "")
        if not soql.strip():
            msg = "A query string has to be specified"
            raise errors.malformed_query(msg)
        permissions = permissions_answer(soql, call.version, self._settings)
        if permissions is not None:
            return json_answer(permissions)
        result = self._store.run(soql, all_rows=all_rows)
        if result.is_count:
            return json_answer({"totalSize": result.total_size, "done": True, "records": []})
        if result.plan.query.is_grouped:
            if result.total_size > _LARGEST_BATCH:
                raise errors.too_many_groups()
            records = [group_record(result.plan.groups, group) for group in result.groups]
            return json_answer({"totalSize": len(records), "done": True, "records": records})
        return self._page(call, result, 0, None)

    def _page(self, call: Call, result: Result, start: int, cursor_id: str | None) -> Answer:
        end = min(start + self._page_rows(call, result, start), result.total_size)
        # The rows of an external object are counted by no one.
        total = -1 if result.object_name.endswith("__x") else result.total_size
        content: dict[str, Any] = {"totalSize": total, "done": end >= result.total_size}
        if end < result.total_size:
            cursor_id = cursor_id or self._open(result)
            # queryAll continues under /query/ too: the cursor knows which rows it holds.
            content["nextRecordsUrl"] = f"/services/data/v{call.version}/query/{cursor_id}-{end}"
        rows = self._store.fetch(result, start, end - start)
        name = result.object_name
        content["records"] = [rest_record(name, call.version, result, row) for row in rows]
        return json_answer(content)

    def _open(self, result: Result) -> str:
        cursor_id = self._numbers.next_id("01g")
        with self._lock:
            self._cursors[cursor_id[:15]] = Cursor(result, self._clock.now())
        return cursor_id

    def _page_rows(self, call: Call, result: Result, start: int) -> int:
        settings = self._settings
        if settings.page_sizes is not None:
            return max(1, settings.page_sizes(start))
        rows = settings.page_rows
        hint = _BATCH_SIZE.search(call.headers.get("Sforce-Query-Options", ""))
        if hint and settings.batch_size_hint == "obey":
            asked = min(max(int(hint[1]), _SMALLEST_BATCH), _LARGEST_BATCH)
            rows = min(rows, asked)
        if sum(_is_long_custom_text(column.field) for column in result.columns) > 1:
            rows = min(rows, settings.long_text_page_rows)
        return rows


def _is_long_custom_text(field: Field) -> bool:
    return field.custom and field.type == "textarea" and field.length > _SHORT_TEXT
