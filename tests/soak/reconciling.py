"""The random org and runs, with what no stamp tells of: a reconciliation makes the target equal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from typing_extensions import override

from tests.local_org.objects.fields import Field
from tests.soak.machine import STREAMS, WHOLE, Machine, names, picks_of_some, some

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.local_org import LocalOrg
    from tests.soak.machine import Row
    from tests.soak.tried import Tried
    from tests.support.harness import OrgClock, Run, TapRunner

_TOTAL = "Total__c"
_LONGEST_SECONDS = 5_000
_READ_BY_STAMP = tuple(name for name in STREAMS if name != WHOLE)
by_stamp = st.sampled_from(_READ_BY_STAMP)


class ReconcilingMachine(Machine):
    """Rows go for good, are hidden and shown, and committed as late as can be; formulas move.

    Args:
        org: The org.
        tap: Runs the tap against it.
        clock: The tap's clock.
        tried: Counts what is done.
    """

    longest_transaction_seconds = _LONGEST_SECONDS

    def __init__(self, org: LocalOrg, tap: TapRunner, clock: OrgClock, tried: Tried) -> None:
        self._store = tap.folder / f"store-{tried.scenarios}"
        self._hidden: dict[str, set[str]] = {name: set() for name in STREAMS}
        org.reset()
        super().__init__(org, tap, clock, tried)

    @override
    def prepare(self) -> None:
        total = Field(name=_TOTAL, type="double", label="Total", precision=18, scale=2)
        for name in _READ_BY_STAMP:
            self.org.store.add_field(name, replace(total, calculated=True))

    @override
    def settings(self) -> dict[str, Any]:
        """Return the settings that all runs have."""
        return {
            **super().settings(),
            "reconcile_store": str(self._store),
            "reconcile_every_hours": 0,
            # All rows of a small table go at once here.
            "reconcile_max_deleted_percent": 100,
        }

    @override
    def drawn_settings(self, data: st.DataObject) -> dict[str, Any]:
        return {
            **super().drawn_settings(data),
            "reconcile_every_hours": data.draw(st.sampled_from((None, None, 0, 1, 24))),
            "reconcile_max_deleted_percent": data.draw(st.sampled_from((100, 100, 20))),
        }

    # The org changes

    @override
    def gone_for_good(self, name: str) -> bool:
        return True

    @rule(name=by_stamp, picks=picks_of_some, number=st.integers(0, 3))
    def recount(self, name: str, picks: list[int], number: int) -> None:
        """A formula over another object changes: no stamp moves."""
        ids = self._ids(name)
        if ids:
            self._happened("formula")
            chosen = sorted({ids[pick % len(ids)] for pick in picks})
            self.org.store.update(name, chosen, {_TOTAL: str(number)}, touch=False)

    @rule(name=names, picks=picks_of_some)
    def hide(self, name: str, picks: list[int]) -> None:
        """Rows are not shared with the user any more."""
        ids = self._ids(name)
        if ids:
            self._happened("rows hidden")
            chosen = {ids[pick % len(ids)] for pick in picks}
            self._hidden[name] |= chosen
            self.org.store.hide_rows(name, sorted(chosen))

    @rule(name=names)
    def show(self, name: str) -> None:
        """They are shared again."""
        if self._hidden[name]:
            self._happened("rows shown")
            self.org.store.show_rows(name, sorted(self._hidden[name]))
            self._hidden[name].clear()

    @rule(name=names, count=some, age=st.integers(0, 5_000), delay=st.integers(1, _LONGEST_SECONDS))
    def insert_very_late(self, name: str, count: int, age: int, delay: int) -> None:
        """Rows whose transaction lasts longer than any look-back, and nobody tells of it."""
        self._happened("very late commit")
        now = self.org.clock.now()
        self.org.store.insert(
            name,
            [self._values() for _ in range(count)],
            stamp=now - timedelta(seconds=age),
            visible_from=now + timedelta(seconds=delay),
            transaction_began=now,
        )

    @rule(name=by_stamp, count=some)
    def sync_quote(self, name: str, count: int) -> None:
        """All rows of a parent go for good and are made anew, as syncing a quote does."""
        self._happened("quote sync")
        ids = [row_id for row_id in self._ids(name) if row_id not in self._hidden[name]]
        self.org.store.hard_delete(name, ids[:count])
        self.org.store.insert(name, [self._values() for _ in ids[:count]])

    # What is promised

    @override
    def shown(self, rows: Iterable[Row]) -> dict[str, tuple[object, ...]]:
        return {
            str(row["Id"]): (row["Description"], row["IsDeleted"], _number(row.get(_TOTAL)))
            for row in rows
        }

    @override
    def visible(self, name: str) -> list[Row]:
        hidden = self._hidden[name]
        return [row for row in super().visible(name) if row["Id"] not in hidden]

    @override
    def bookmarks_pass_nothing(self) -> None:
        """Between two reconciliations, what is promised is what the other machine looks at."""

    @override
    def _quiet(self) -> Run:
        run = super()._quiet()
        reconciled = [each["reconciliation"] for each in run.report["streams"]]
        self.tried.reconciled += sum(each is not None for each in reconciled)
        return run


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
