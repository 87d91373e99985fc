"""The tap, a target that takes what it writes, and the state in between: one pipeline."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tests.support.harness import ModelTarget

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.local_org.exchange import Call
    from tests.support.harness import Run, TapRunner

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
NAME, TOTAL, DELETIONS = "Contract", "Total__c", "_deletions"
ROWS = 23


class Pipeline:
    """The tap, a target that takes what it writes, and the state between two runs."""

    def __init__(self, org: LocalOrg, tap: TapRunner, store: Path) -> None:
        self.org, self.tap, self.store = org, tap, store
        self.target = ModelTarget()
        self.state: dict[str, Any] = {}

    def sync(self, *, exit_code: int = 0, **settings: Any) -> Run:  # noqa: ANN401  as they come
        """Run as a daily job does, or with other settings."""
        given: dict[str, Any] = {
            "objects": [NAME],
            "reconcile_every_hours": 0,
            "reconcile_store": str(self.store),
        }
        run = self.tap.sync(state=self.state, **{**given, **settings})
        assert run.exit_code == exit_code, run.log
        self.target.load(run.messages)
        self.state = run.state or self.state
        return run

    def hourly(self, **settings: Any) -> Run:  # noqa: ANN401  as they come
        """Run without reconciling."""
        return self.sync(reconcile_every_hours=None, **settings)

    def assert_equal(self, name: str = NAME) -> None:
        """See that the target has the rows that the org shows, with their values."""
        records = self.tap.sync(objects=[name]).records(name)
        assert self.target.rows.get(name, {}) == {record["Id"]: record for record in records}

    def generation(self, name: str = NAME) -> str:
        return str(self.state["bookmarks"][name]["reconciliation"]["generation"])


def report(run: Run, name: str = NAME) -> dict[str, Any]:
    """Return what the run report says of the reconciliation of a stream."""
    (stream,) = [each for each in run.report["streams"] if each["stream"] == name]
    return dict(stream["reconciliation"])


def instant_of(generation: str) -> str:
    taken_at = datetime.strptime(generation.partition("-")[0], "%Y%m%dT%H%M%S%fZ")  # noqa: DTZ007  text
    return f"{taken_at:%Y-%m-%dT%H:%M:%S}.000Z"


def streams_in(catalog: dict[str, Any]) -> list[str]:
    return [entry["tap_stream_id"] for entry in catalog["streams"]]


def is_sweep(call: Call) -> bool:
    """Match the query of a sweep."""
    return call.query.get("q", "").startswith(f"SELECT Status, {TOTAL}, SystemModstamp, IsDeleted")


def is_window(call: Call) -> bool:
    """Match the query of a window."""
    return f" FROM {NAME} WHERE " in call.query.get("q", "") and not is_sweep(call)
