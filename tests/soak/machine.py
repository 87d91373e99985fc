"""A random org and random runs: whatever happens, after one quiet run the target equals the org."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from typing_extensions import override

from tests.local_org.answers.errors import SalesforceError
from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field
from tests.support.harness import ModelTarget, in_state
from tests.support.meltano_state import merged_by_meltano

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from tests.local_org import LocalOrg
    from tests.local_org.conditions.faults import Action, Fault
    from tests.local_org.exchange import Answer, Call
    from tests.soak.tried import Tried
    from tests.support.harness import OrgClock, Run, TapRunner

    Row: TypeAlias = dict[str, Any]

#: Read by their stamps, and one that is read whole each time; each with a field that may go.
OPTIONAL_FIELDS = {"Account": "Industry", "Opportunity": "NextStep", "Contact": "Department"}
STREAMS = tuple(OPTIONAL_FIELDS)
WHOLE = "Contact"
#: Of one only some rows are read.
FILTERED, IN, OUT = "Account", "in", "out"
FILTERS = {FILTERED: f"Site != '{OUT}' OR Name = 'nobody'"}
#: And a query of one's own, of some rows of another one and a field of their parents.
QUERY, QUERIED, PARENTS_FIELD = "deals", "Opportunity", "Owner.Username"
QUERIES: dict[str, Any] = {
    QUERY: {
        "soql": f"SELECT Id, IsDeleted, Description, {PARENTS_FIELD}, SystemModstamp "  # noqa: S608  no input
        f"FROM {QUERIED} WHERE StageName != '{OUT}'",
        "replication_key": "SystemModstamp",
    }
}
LOOKBACK_SECONDS = 600
PAGE_ROWS = 3
DAILY_CALLS, DAILY_JOBS = 10_000, 1_000
# What a run may end with when somebody breaks it; 3 only where its session was ended.
ENDS = frozenset({0, 4, 5, 6, 7})
SIGN_IN_FAILED = 3
HOUR_SECONDS = 3_600
FAILED_JOBS = {
    "job failed for its size": ("Failed", "Your query request was running for too long."),
    "job failed": ("Failed", "InternalServerError : Something went wrong"),
    "job aborted": ("Aborted", None),
}
RESULTS, FIRST_PAGE, NEXT_PAGE = "*/results", "*/queryAll", "GET /query/*"
ROWS = (RESULTS, FIRST_PAGE, NEXT_PAGE)
ANYWHERE = (*ROWS, "*/result[Pp]ages", "*/jobs/query", "*/jobs/query/*", "*/limits*", "POST /comp*")
#: Where else than anywhere a trouble makes sense.
PLACES = {
    "row dropped": ROWS,
    "row changed while it was read": ROWS,
    "wrong count": (RESULTS,),
    "no locator": (RESULTS,),
    "cut": ROWS,
    "cut gzip": ROWS,
    "cursor expired": (NEXT_PAGE,),
    "field hidden": (FIRST_PAGE, NEXT_PAGE, "POST /jobs/query"),
    "object hidden": (FIRST_PAGE, NEXT_PAGE, "POST /jobs/query"),
}

names = st.sampled_from(STREAMS)
some = st.sampled_from((1, 2, 5, 12))
one_of_four = st.sampled_from((True, False, False, False))
picks_of_some = st.lists(st.integers(0, 99), min_size=1, max_size=4)


class Machine(RuleBasedStateMachine):
    """An org that changes, runs that break, and a target that keeps what it has confirmed.

    Args:
        org: The org.
        tap: Runs the tap against it.
        clock: The tap's clock.
        tried: Counts what is done.
    """

    #: Queries of one's own that are read as well.
    queries: ClassVar[dict[str, Any]] = QUERIES
    #: What is still to be committed comes before a quiet run.
    longest_transaction_seconds = LOOKBACK_SECONDS

    def __init__(self, org: LocalOrg, tap: TapRunner, clock: OrgClock, tried: Tried) -> None:
        super().__init__()
        org.reset()
        clock.ahead_seconds = 0.0
        org.settings.page_rows = org.settings.bulk_page_rows = PAGE_ROWS
        org.settings.result_page_rows = PAGE_ROWS
        self.org, self.tap, self.clock, self.tried = org, tap, clock, tried
        self.target = ModelTarget()
        self.state: dict[str, Any] = {}
        self.written = 0
        self.script: list[tuple[str, Fault]] = []
        (self.owner,) = org.store.insert("User", [{"Username": "owner@example.com"}])
        self.prepare()
        self.catalog = tap.discover(objects=list(STREAMS), **self.settings())
        for entry in self.catalog["streams"]:
            if entry["tap_stream_id"] == WHOLE:
                entry["replication_method"] = "FULL_TABLE"
        tried.scenarios += 1

    def prepare(self) -> None:
        """Give the org what it has from the beginning."""

    def settings(self) -> dict[str, Any]:
        """Return the settings that all runs have."""
        return {
            "lookback_seconds": LOOKBACK_SECONDS,
            "filters": FILTERS,
            "soql_streams": self.queries,
        }

    @property
    def streams(self) -> tuple[str, ...]:
        """Return what is read."""
        return (*STREAMS, *self.queries)

    # The org changes

    def _happened(self, what: str) -> None:
        self.tried.operations[what] += 1

    def _values(self) -> dict[str, object]:
        self.written += 1
        return {"Description": f"value {self.written}"}

    def new_values(self, name: str) -> dict[str, object]:
        """Return the values of a new row; some rows are none of those that are read."""
        values, place = self._values(), OUT if self.written % 3 == 0 else IN
        if name == FILTERED:
            values["Site"] = place
        elif name == QUERIED:
            values |= {"StageName": place, "OwnerId": self.owner if self.written % 2 else None}
        return values

    def _ids(self, name: str) -> list[str]:
        return [str(row["Id"]) for row in self.org.store.rows(name)]

    def _change(self, name: str, picks: list[int]) -> None:
        ids = self._ids(name)
        chosen = {ids[pick % len(ids)] for pick in picks} if ids else set()
        for row_id in chosen:
            self._happened("update")
            self.org.store.update(name, [row_id], self._values())

    @rule(name=names, count=some)
    def insert(self, name: str, count: int) -> None:
        """Rows of this second."""
        self._happened("insert")
        self.org.store.insert(name, [self.new_values(name) for _ in range(count)])

    @rule(name=names, count=some, age=st.integers(0, 500), delay=st.integers(1, 90))
    def insert_late(self, name: str, count: int, age: int, delay: int) -> None:
        """Rows whose transaction commits after their stamp, by less than the look-back."""
        self._happened("late commit")
        now = self.org.clock.now()
        self.org.store.insert(
            name,
            [self.new_values(name) for _ in range(count)],
            stamp=now - timedelta(seconds=age),
            visible_from=now + timedelta(seconds=delay),
        )

    @rule(name=names, picks=picks_of_some)
    def update(self, name: str, picks: list[int]) -> None:
        """Some rows."""
        self._change(name, picks)

    @rule(name=names)
    def update_all(self, name: str) -> None:
        """All rows, with one stamp."""
        self._happened("mass update")
        self.org.store.update(name, self._ids(name), self._values())

    @rule(name=names, seconds=st.integers(1, 60))
    def update_one_by_one(self, name: str, seconds: int) -> None:
        """All rows, one after the other, by a transaction no longer than the look-back."""
        self._happened("change row by row")
        now = self.org.clock.now()
        for place, row_id in enumerate(self._ids(name)):
            age = min(500, seconds * place)
            self.org.store.update(
                name, [row_id], self._values(), stamp=now - timedelta(seconds=age)
            )

    @rule(name=names, picks=picks_of_some, gone=st.booleans())
    def delete(self, name: str, picks: list[int], *, gone: bool) -> None:
        """Into the recycle bin, and out of it."""
        ids = self._ids(name)
        chosen = sorted({ids[pick % len(ids)] for pick in picks}) if ids else []
        self._happened("delete" if gone else "undelete")
        (self.org.store.delete if gone else self.org.store.undelete)(name, chosen)

    @rule(name=names, picks=picks_of_some)
    def delete_for_good(self, name: str, picks: list[int]) -> None:
        """Where that can be found."""
        ids = self._ids(name) if self.gone_for_good(name) else []
        if ids:
            self._happened("hard delete")
            self.org.store.hard_delete(name, sorted({ids[pick % len(ids)] for pick in picks}))

    def gone_for_good(self, name: str) -> bool:
        """Tell whether rows of a stream may: only one that is read whole shows it by itself."""
        return name == WHOLE

    @rule(name=names, is_shown=st.booleans())
    def show_field(self, name: str, *, is_shown: bool) -> None:
        """Field-level security changes between two runs."""
        self._happened("field shown" if is_shown else "field hidden")
        change = self.org.store.show_field if is_shown else self.org.store.hide_field
        change(name, OPTIONAL_FIELDS[name])

    @rule(name=names)
    def add_field(self, name: str) -> None:
        """A field that the catalog does not know."""
        self._happened("field added")
        self.written += 1
        field = Field(name=f"New{self.written}__c", type="string", label="New", length=9)
        self.org.store.add_field(name, field)

    @rule(seconds=st.sampled_from((1, 30, 599, 601, 5_000, 90_000)))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.org.clock.advance(seconds)

    @rule(seconds=st.integers(-20, 20))
    def set_clock(self, seconds: int) -> None:
        """This machine is wrong about the time, if not by so much that it can not sign in."""
        self.clock.ahead_seconds = seconds

    # The runs

    @rule(data=st.data(), runs=st.sampled_from((1, 2, 3)))
    def run(self, data: st.DataObject, runs: int) -> None:
        """By any API, broken or not, and the org changes while rows are read."""
        for _ in range(runs):
            self._run(data)

    def _run(self, data: st.DataObject) -> None:
        self._break(data)
        given = self.drawn_settings(data)
        # All that is drawn is drawn before the run: nothing of it may depend on how threads meet.
        is_killed, is_merged = data.draw(st.booleans()), data.draw(st.booleans())
        pick, more = data.draw(st.sampled_from(range(100))), data.draw(st.sampled_from(range(6)))
        self.tried.states += bool(self.state)
        run = self.tap.sync(state=self.state, catalog=self.catalog, **given)
        self._mend()
        self._is_as_promised(run)
        states = [at for at, message in enumerate(run.messages) if message["type"] == "STATE"]
        last = states[-1] if states else -1
        taken = len(run.messages)
        if is_killed:
            # A target that is killed has confirmed some STATE, and may have taken rows behind it.
            self._happened("target killed")
            last = [-1, *states][pick % (1 + len(states))]
            taken = last + 1 + more
        self.target.load(run.messages[:taken])
        if last >= 0:
            self._confirm(run.messages[last]["value"], is_merged=is_merged)
        self.bookmarks_pass_nothing()

    def drawn_settings(self, data: st.DataObject) -> dict[str, Any]:
        """Draw the settings of one run."""
        return {
            **self.settings(),
            "api_mode": data.draw(st.sampled_from(("auto", "auto", "rest", "bulk"))),
            "bulk_threshold": data.draw(st.sampled_from((5, 10_000))),
            "bulk_page_rows": PAGE_ROWS,
            "parallel_downloads": data.draw(st.sampled_from((1, 2, 4))),
            "max_parallel_jobs": data.draw(st.sampled_from((1, 10))),
            "job_timeout_seconds": 60,
            "max_api_calls": data.draw(st.sampled_from((None, None, 8, 12, 20, 40))),
            "quota_reserve": data.draw(st.sampled_from((0, 0, 20))),
        }

    def _break(self, data: st.DataObject) -> None:
        retry_log = self._retry_log()
        for _ in range(data.draw(st.sampled_from((0, 1, 2, 3, 4)))):
            name = data.draw(st.sampled_from(sorted(retry_log)))
            fault = self.org.faults.add(
                data.draw(st.sampled_from(PLACES.get(name, ANYWHERE))),
                retry_log[name],
                skip=data.draw(st.sampled_from((0, 0, 0, 1, 2, 4))),
                times=data.draw(st.sampled_from((1, 1, 2, None))),
            )
            self.script.append((name, fault))
        self.org.settings.job_max_rows = data.draw(st.sampled_from((None, None, 4)))
        if data.draw(one_of_four):
            name = data.draw(st.sampled_from(sorted(FAILED_JOBS)))
            self.tried.faults[name] += 1
            self.org.jobs.script(*FAILED_JOBS[name])
        if data.draw(one_of_four):
            self.tried.faults["few calls left"] += 1
            self.org.limits.calls.remaining = data.draw(st.sampled_from(range(41)))
        if data.draw(one_of_four):
            self.tried.faults["few jobs left"] += 1
            self.org.limits.bulk_jobs.remaining = data.draw(st.integers(0, 3))

    def _mend(self) -> None:
        for name, fault in self.script:
            if fault.fired:
                self.tried.faults[name] += fault.fired
        self.org.faults.clear()
        self.org.jobs.unscript()
        self.org.settings.job_max_rows = None
        self.org.limits.calls.remaining = DAILY_CALLS
        self.org.limits.bulk_jobs.remaining = DAILY_JOBS
        self.clock.ahead_seconds = 0.0
        for name in STREAMS:
            self.org.store.show_object(name)

    def _retry_log(self) -> dict[str, Action]:
        def change() -> None:
            self._change(STREAMS[self.written % len(STREAMS)], [self.written, 3, 5])

        def hide(name: str) -> Action:
            def act(_: Call, __: Callable[[], Answer]) -> Answer:
                self.org.store.hide_field(name, OPTIONAL_FIELDS[name])
                said = f"No such column '{OPTIONAL_FIELDS[name]}' on entity '{name}'."
                return outages.salesforce(SalesforceError(400, "INVALID_FIELD", said))(_, __)

            return act

        def set_wrong() -> None:
            self.clock.ahead_seconds = 5 * HOUR_SECONDS * (-1 if self.written % 2 else 1)

        return {
            "row changed while it was read": faults.before(change),
            "row dropped": self._dropped(),
            "wrong count": faults.with_header("Sforce-NumberOfRecords", "99"),
            "no locator": faults.without_header("Sforce-Locator"),
            "maintenance page": outages.maintenance_page(),
            "200 page": outages.not_json(),
            "too many requests": outages.too_many_requests(),
            "concurrent limit": outages.concurrent_limit(),
            "reset": faults.reset(),
            "cut": faults.cut(0.5),
            "cut gzip": faults.truncated_gzip(),
            "session ended": faults.before(self.org.expire_tokens),
            "cursor expired": faults.before(self.org.expire_cursors),
            "field hidden": hide(STREAMS[self.written % len(STREAMS)]),
            "object hidden": faults.before(
                lambda: self.org.store.hide_object(STREAMS[self.written % len(STREAMS)])
            ),
            "clock hours off": faults.before(set_wrong),
        }

    @staticmethod
    def _dropped() -> Action:
        of_csv, of_json = faults.drop_last_row(), faults.drop_record()

        def act(call: Call, real: Callable[[], Answer]) -> Answer:
            return (of_csv if "/jobs/" in call.path else of_json)(call, real)

        return act

    def _is_as_promised(self, run: Run) -> None:
        self.tried.runs[run.exit_code] += 1
        struck = {name for name, fault in self.script if fault.fired}
        self.script.clear()
        # A session that is ended again and again, or a clock that is hours off when it is.
        may_fail = {"session ended", "clock hours off"} & struck
        expected = ENDS | {SIGN_IN_FAILED} if may_fail else ENDS
        self._is_well(run, is_well=run.exit_code in expected and "Traceback" not in run.log)

    def _is_well(self, run: Run, *, is_well: bool) -> None:
        if not is_well:
            self.tried.problems.append(run.log)
            raise AssertionError(run.log)

    def _confirm(self, state: dict[str, Any], *, is_merged: bool) -> None:
        # As Meltano does after an incomplete run: key by key, so that nothing is removed.
        if is_merged:
            self._happened("state merged")
        self.state = merged_by_meltano(self.state, state) if is_merged else state

    @rule(name=st.sampled_from([each for each in (*STREAMS, QUERY) if each != WHOLE]))
    def read_again(self, name: str) -> None:
        """All that is in a range, and nothing else: no bookmark moves."""
        if name not in self.streams:
            return
        self._happened("backfill")
        before = self._bookmarks(self.state)
        run = self.tap.sync(
            state=self.state,
            catalog=self.catalog,
            backfill=[f"{name}:2000-01-01..2100-01-01"],
            **self.settings(),
        )
        self._is_well(run, is_well=run.exit_code == 0)
        self.tried.runs[0] += 1
        self.target.load(run.messages)
        self.state = run.state or self.state
        assert self._bookmarks(self.state) == before
        self.bookmarks_pass_nothing()

    @staticmethod
    def _bookmarks(state: dict[str, Any]) -> dict[str, object]:
        kept = ("replication_key_value", "bulk_job")
        return {
            name: {key: entry[key] for key in kept if entry.get(key) is not None}
            for name, entry in state.get("bookmarks", {}).items()
            if any(entry.get(key) is not None for key in kept)
        }

    @rule()
    def quiet_run(self) -> None:
        """Nothing happens during one run: the target equals the org."""
        self.org.clock.advance(self.longest_transaction_seconds + 100)
        self._quiet()
        for name in self.streams:
            self._is_equal(name)
        for row in self.visible(QUERY) if self.queries else []:
            record = self.target.rows[QUERY][str(row["Id"])]
            assert (record[PARENTS_FIELD] is None) == (row["OwnerId"] is None), row
        self.bookmarks_pass_nothing()

    def _quiet(self) -> Run:
        self.tried.states += bool(self.state)
        run = self.tap.sync(state=self.state, catalog=self.catalog, **self.settings())
        self._is_well(run, is_well=run.exit_code == 0)
        self.tried.runs[0] += 1
        self.target.load(run.messages)
        self.state = run.state
        return run

    # What is promised

    def _is_equal(self, name: str) -> None:
        """At least once: each row of the org is in the target as the org has it."""
        wanted = self.shown(self.visible(name))
        found = self.shown(self.target.rows.get(name, {}).values())
        self.tried.compared += len(wanted)
        for row_id, values in wanted.items():
            self._is_there(name, row_id, values, found)
        assert set(found) == set(wanted), name

    def visible(self, name: str) -> list[Row]:
        """Return the rows that the user may see, and that meet the filter."""
        rows = self.org.store.rows(QUERIED if name == QUERY else name)
        place = {FILTERED: "Site", QUERY: "StageName"}.get(name)
        return rows if place is None else [row for row in rows if row[place] != OUT]

    def shown(self, rows: Iterable[Row]) -> dict[str, tuple[object, ...]]:
        """Return what is compared of each row, by its Id."""
        return {str(row["Id"]): (row["Description"], row["IsDeleted"]) for row in rows}

    def bookmarks_pass_nothing(self) -> None:
        """No row from before a confirmed bookmark, less the look-back, is missing."""
        for name in self.streams:
            entry = self.state.get("bookmarks", {}).get(name, {})
            value = entry.get("replication_key_value")
            if name == WHOLE or value is None:
                continue
            safe = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
            safe -= timedelta(seconds=LOOKBACK_SECONDS)
            found = self.shown(self.target.rows.get(name, {}).values())
            rows = [r for r in self.visible(name) if _stamp(r) < safe]
            self.tried.compared += len(rows)
            for row_id, values in self.shown(rows).items():
                self._is_there(name, row_id, values, found)

    def _is_there(
        self, name: str, row_id: str, values: tuple[object, ...], found: dict[str, Any]
    ) -> None:
        if found.get(row_id) == values:
            return
        self.tried.lost += 1
        problem = f"{name} {row_id} is {found.get(row_id)} in the target and {values} in the org"
        self.tried.problems.append(problem)
        raise AssertionError(problem)

    def _repeats_look_back_only(self) -> None:
        """A run without news repeats at most the look-back window."""
        before = self.state
        run = self._quiet()
        for name in self.streams:
            if name != WHOLE:
                first = datetime.fromisoformat(
                    in_state(before, "bookmarks", name, "replication_key_value").replace(
                        "Z", "+00:00"
                    )
                ) - timedelta(seconds=LOOKBACK_SECONDS)
                assert all(_stamp(record) >= first for record in run.records(name))

    @override
    def teardown(self) -> None:
        """Whatever was before, it ends with a quiet run."""
        self.quiet_run()
        self._repeats_look_back_only()


def _stamp(row: Row) -> datetime:
    value = row["SystemModstamp"]
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value).replace("Z", "+00:00"))
