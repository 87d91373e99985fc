"""The random org and runs, with what no stamp tells of: a reconciliation makes the target equal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule
from typing_extensions import override

from tests.local_org.objects.fields import Field
from tests.local_org.store.automations import DaysSince, ParentValue, RollUp
from tests.soak.machine import OPTIONAL_FIELDS, STREAMS, WHOLE, Machine, names, picks_of_some, some

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.local_org import LocalOrg
    from tests.soak.machine import Row
    from tests.soak.tried import Tried
    from tests.support.harness import OrgClock, Run, TapRunner

_TOTAL, _AGE, _OF_PARENT, _ROLL_UP = "Total__c", "Age__c", "Revenue__c", "Amounts__c"
_AMOUNTS = RollUp("Opportunity", "AccountId", "Amount")
_LONGEST_SECONDS = 5_000
_UNSEEN = ("insert", "recount", "cascade", "go", "wait")
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
    # What no stamp tells of, and what is gone for good, no query shows.
    queries: ClassVar[dict[str, Any]] = {}

    def __init__(self, org: LocalOrg, tap: TapRunner, clock: OrgClock, tried: Tried) -> None:
        self._store = tap.folder / f"store-{tried.scenarios}"
        self._hidden: dict[str, set[str]] = {name: set() for name in STREAMS}
        org.reset()
        super().__init__(org, tap, clock, tried)

    @override
    def prepare(self) -> None:
        for name in _READ_BY_STAMP:
            self.org.store.add_field(name, replace(_number_named(_TOTAL), calculated=True))
        store = self.org.store
        store.add_formula("Opportunity", _number_named(_AGE), DaysSince("CreatedDate"))
        revenue = ParentValue("AccountId", "Account", "AnnualRevenue")
        store.add_formula("Opportunity", _number_named(_OF_PARENT), revenue)
        store.add_formula("Account", _number_named(_ROLL_UP), _AMOUNTS)

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

    def _some_ids(self, name: str, picks: list[int]) -> list[str]:
        """Return Ids of some rows, made where there are none."""
        if not self._ids(name):
            self.org.store.insert(name, [self.new_values(name) for _ in range(3)])
        ids = self._ids(name)
        return sorted({ids[pick % len(ids)] for pick in picks})

    @rule(name=by_stamp, picks=picks_of_some, number=st.integers(0, 3))
    def recount(self, name: str, picks: list[int], number: int) -> None:
        """A formula changes for whatever reason: no stamp moves."""
        self._happened("formula")
        ids = self._some_ids(name, picks)
        self.org.store.update(name, ids, {_TOTAL: str(number)}, touch=False)

    @rule(name=by_stamp, picks=picks_of_some)
    def set_optional(self, name: str, picks: list[int]) -> None:
        """A field that the user may see or not gets a value, and the stamp moves."""
        self._happened("value of a field that may be hidden")
        self.written += 1
        value = {OPTIONAL_FIELDS[name]: f"optional {self.written}"}
        self.org.store.update(name, self._some_ids(name, picks), value)

    @rule(parents=picks_of_some, picks=picks_of_some, number=st.integers(0, 3))
    def change_parent(self, parents: list[int], picks: list[int], number: int) -> None:
        """Rows get a parent, whose own change and sums move no stamp of theirs."""
        self._happened("formula over another object")
        children, accounts = (
            self._some_ids(name, some)
            for name, some in (("Opportunity", picks), ("Account", parents))
        )
        values = {"AccountId": accounts[0], "Amount": str(number)}
        self.org.store.update("Opportunity", children, values, touch=bool(number))
        self.org.store.update("Account", accounts, {"AnnualRevenue": str(number)})

    @rule(picks=picks_of_some)
    def cascade(self, picks: list[int]) -> None:
        """Parents go into the recycle bin, with children whose stamps stay."""
        self._happened("cascade delete")
        ids = self._some_ids("Account", picks)
        of_them = {"AccountId": ids[0]}
        self.org.store.update(
            "Opportunity", self._some_ids("Opportunity", picks), of_them, touch=False
        )
        self.org.store.delete_with_children("Account", ids, ["Opportunity"])

    @rule(name=names)
    def empty(self, name: str) -> None:
        """The recycle bin is emptied."""
        self._happened("recycle bin emptied")
        self.org.store.empty_recycle_bin(name)

    @rule(name=names, picks=picks_of_some)
    def hide(self, name: str, picks: list[int]) -> None:
        """Rows are not shared with the user any more."""
        self._happened("rows hidden")
        chosen = self._some_ids(name, picks)
        self._hidden[name] |= set(chosen)
        self.org.store.hide_rows(name, chosen)

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
            [self.new_values(name) for _ in range(count)],
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
        self.org.store.insert(name, [self.new_values(name) for _ in ids[:count]])

    # The runs

    @override
    def _run(self, data: st.DataObject) -> None:
        """Most runs find something that no stamp has told of."""
        for change in data.draw(st.lists(st.sampled_from(_UNSEEN), max_size=3)):
            name, picks = data.draw(by_stamp), data.draw(picks_of_some)
            if change == "insert":
                self.insert(name, len(picks))
            elif change == "recount":
                self.recount(name, picks, len(self._ids(name)))
            elif change == "cascade":
                self.cascade(picks)
            elif change == "go":
                self._happened("hard delete")
                self.org.store.hard_delete(name, self._some_ids(name, picks))
            else:
                self.org.clock.advance(_LONGEST_SECONDS)
        super()._run(data)

    # What is promised

    @override
    def shown(self, rows: Iterable[Row]) -> dict[str, tuple[object, ...]]:
        numbers = (_TOTAL, _AGE, _OF_PARENT, _ROLL_UP)
        return {
            str(row["Id"]): (
                row["Description"],
                row["IsDeleted"],
                *(_number(row.get(name)) for name in numbers),
                *(row.get(name) for name in OPTIONAL_FIELDS.values()),
            )
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
        for name in STREAMS:
            self.show_field(name, is_shown=True)
        run = super()._quiet()
        reconciled = [each["reconciliation"] for each in run.report["streams"]]
        self.tried.reconciled += sum(each is not None for each in reconciled)
        return run


def _number_named(name: str) -> Field:
    return Field(name=name, type="double", label=name, precision=18, scale=2)


def _number(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
