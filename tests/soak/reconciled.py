"""An object that real processes reconcile, and a target that has to equal it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tests.support.harness import ModelTarget, parse

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.soak.tried import Tried
    from tests.support.harness import TapRunner

NAME = "Contract"


class Reconciled:
    """An org with one object, and a target that was loaded from it.

    Args:
        org: Is emptied first.
        tap: Where the files of the runs are, and the first and the last run.
        tried: Counts what is done.
        mode: The setting api_mode.
    """

    def __init__(self, org: LocalOrg, tap: TapRunner, tried: Tried, *, mode: str) -> None:
        self.org, self.tap, self.tried = org, tap, tried
        org.reset()
        org.settings.page_rows = org.settings.result_page_rows = org.settings.bulk_page_rows = 10
        # Clocks of processes are real, and so is the org's: what is changed lies before now.
        self._week_ago = datetime.now(timezone.utc) - timedelta(days=7)
        self.ids = org.store.insert(NAME, [{}] * 45, stamp=self._week_ago)
        self._inserted = 0
        self.options: dict[str, Any] = {
            "objects": [NAME],
            "api_mode": mode,
            "bulk_page_rows": 10,
            "bulk_threshold": 5,
            "reconcile_store": str(tap.folder / f"store-{tried.scenarios}"),
            "reconcile_every_hours": 0,
            "reconcile_max_deleted_percent": 100,
        }
        tried.scenarios += 1
        self.target = ModelTarget()
        self.state: dict[str, Any] = {}
        self.quiet_run()

    def change(self, turn: int) -> None:
        """Let rows come, go, and get a status that no stamp tells of."""
        first = turn * 4 % len(self.ids)
        self.org.store.hard_delete(NAME, self.ids[first : first + 2])
        # More than a page, so that there are calls between rows that are read again; and not in
        # each turn, for what is read again the next time makes up for what was lost.
        stale = self.ids[first + 2 :][: 24 * (turn % 2 == 0)]
        self.org.store.update(NAME, stale, {"Status": str(turn)}, touch=False)
        self.ids = self.ids[:first] + self.ids[first + 2 :]
        self.ids += self.insert(3)

    def insert(self, count: int) -> list[str]:
        """Make rows with a later stamp than all before, and return their Ids."""
        self._inserted += 1
        stamp = self._week_ago + timedelta(hours=self._inserted)
        return self.org.store.insert(NAME, [{}] * count, stamp=stamp)

    def arguments(self, name: str = "config.json", **options: object) -> list[str]:
        """Return the command line of a process that begins from the present state."""
        config = self.tap.file(name, self.org.config(**{**self.options, **options}))
        return ["--config", config, "--state", self.tap.file("state.json", self.state)]

    def quiet_run(self) -> None:
        """Run while nothing happens."""
        run = self.tap.sync(state=self.state, **self.options)
        assert run.exit_code == 0, run.log
        self.tried.runs[0] += 1
        self.target.load(run.messages)
        self.state = run.state

    def take_state(self, lines: str) -> None:
        """Go on from the last state of what was written, if it has any."""
        states = [message["value"] for message in parse(lines) if message["type"] == "STATE"]
        self.state = states[-1] if states else self.state

    def see_that_it_is_equal(self, what: str) -> None:
        """Run once more, and compare the target with the org.

        Args:
            what: Was done before.
        """
        self.quiet_run()
        wanted = {str(row["Id"]): row["Status"] for row in self.org.store.rows(NAME)}
        rows = self.target.rows[NAME]
        found = {row_id: row["Status"] for row_id, row in rows.items()}
        self.tried.compared += len(wanted)
        self.tried.reconciled += 1
        if wanted != found:
            self.tried.lost += 1
            problem = f"{what}: {wanted} in the org, {found} in the target"
            self.tried.problems.append(problem)
            raise AssertionError(problem)
