"""More pages than may wait, more streams than jobs, empty tables between: nobody waits for ever.

What `machine.py` tries has a few rows in pages of three. Here the buffers fill.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tests.local_org.conditions import faults, outages

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.local_org.conditions.faults import Action
    from tests.local_org.exchange import Call
    from tests.soak.tried import Tried
    from tests.support.harness import Run, TapRunner

NINE = (
    *("Account", "Contact", "Contract", "ContractLineItem", "Opportunity"),
    *("OpportunityLineItem", "OrderItem", "QuoteLineItem", "User"),
)
PAGE_ROWS = 3
_PAGES = (1, 1, 2, 3, 7, 12, 25)
_ALL_COME, _SOME_FAILED = 0, 7
_PLACES = ("*/results", "GET /queryAll*", "GET /query/*", "*/jobs/query", "GET /jobs/query/*")
_ONE_OF_FOUR = 0.25


@dataclass
class Crowd:
    """One org and one run, drawn by chance.

    Attributes:
        pages: Of each table.
        settings: Of the run.
        counts: What `recordCount` makes of the rows, and whom it leaves out.
        most_rows: Most rows of one Bulk job; None for any number.
        troubles: What goes wrong for a while, where, and when.
        sick: An object of which nothing can be read; None for none.
    """

    pages: dict[str, int]
    settings: dict[str, Any]
    counts: tuple[float, set[str]]
    most_rows: int | None
    retry_log: list[tuple[str, str, int]] = field(default_factory=list)
    sick: str | None = None

    @classmethod
    def drawn(cls, chance: random.Random) -> Crowd:
        """Return one that is the same for the same chance."""
        empty = set(chance.sample(NINE, chance.randint(1, len(NINE))))
        return cls(
            pages={name: 0 if name in empty else chance.choice(_PAGES) for name in NINE},
            settings={
                "api_mode": chance.choice(("auto", "auto", "auto", "bulk", "rest")),
                "bulk_page_rows": PAGE_ROWS,
                "bulk_threshold": chance.choice((PAGE_ROWS, 10_000)),
                "parallel_downloads": chance.randint(1, 6),
                "max_parallel_jobs": chance.randint(1, len(NINE)),
                "start_date": chance.choice((None, "2000-01-01T00:00:00Z")),
                "job_timeout_seconds": 600,
            },
            counts=(chance.choice((1, 25, 1_000)), set(chance.sample(NINE, chance.randint(0, 9)))),
            most_rows=chance.choice((None, None, None, 10)),
            retry_log=[
                (chance.choice(sorted(_TROUBLES)), chance.choice(_PLACES), chance.randint(0, 20))
                for _ in range(chance.choice((0, 0, 1, 3)))
            ],
            sick=chance.choice(NINE) if chance.random() < _ONE_OF_FOUR else None,
        )


_TROUBLES: dict[str, Action] = {
    "500": outages.unknown_exception(),
    "maintenance page": outages.maintenance_page(),
    "reset": faults.reset(),
    "cut": faults.cut(0.5),
}


def every_row_of_all(org: LocalOrg, tap: TapRunner, tried: Tried, seed: int) -> None:
    """Read a crowd of tables once, and see that every row has come.

    Args:
        org: Is emptied first.
        tap: Runs the tap.
        tried: Counts what is done.
        seed: Of the chance by which all of it is drawn.
    """
    crowd = Crowd.drawn(random.Random(seed))  # noqa: S311  no secret depends on it
    rows = _filled(org, crowd)
    tried.scenarios += 1
    struck = [
        (name, org.faults.add(place, _TROUBLES[name], skip=skip))
        for name, place, skip in crowd.retry_log
    ]
    if crowd.sick is not None:
        fault = org.faults.add(all_of(org, crowd.sick), outages.unknown_exception(), times=None)
        struck.append(("sick object", fault))
    run = tap.sync(objects=list(NINE), **crowd.settings)
    tried.runs[run.exit_code] += 1
    for name, fault in struck:
        tried.faults[name] += fault.fired
    _is_whole(run, rows, crowd, tried, seed)


def _filled(org: LocalOrg, crowd: Crowd) -> dict[str, list[str]]:
    org.reset()
    org.settings.page_rows = org.settings.result_page_rows = PAGE_ROWS
    org.settings.bulk_page_rows = PAGE_ROWS
    org.settings.record_count_factor, org.settings.record_count_omits = crowd.counts
    org.settings.job_max_rows = crowd.most_rows
    week_ago = datetime.now(timezone.utc) - timedelta(days=7)
    return {
        name: [
            row_id
            for page in range(pages)
            for row_id in org.store.insert(
                name, [{}] * PAGE_ROWS, stamp=week_ago + timedelta(hours=page)
            )
        ]
        for name, pages in crowd.pages.items()
    }


def all_of(org: LocalOrg, name: str) -> Callable[[Call], bool]:
    """Match all that is asked about one object's rows, by any API."""
    asks = faults.querying(name)

    def matches(call: Call) -> bool:
        ids = [job.id for job in org.jobs.all() if job.object_name == name]
        return asks(call) or (call.method == "GET" and any(each in call.path for each in ids))

    return matches


def _is_whole(run: Run, rows: dict[str, list[str]], crowd: Crowd, tried: Tried, seed: int) -> None:
    problems = []
    # An object of which nothing was asked, for it is empty and counted, is not sick.
    expected = {_ALL_COME} if crowd.sick is None else {_SOME_FAILED}
    if run.exit_code not in expected or "Traceback" in run.log:
        problems.append(f"exit code {run.exit_code}: {run.log}")
    for name, ids in rows.items():
        if name == crowd.sick:
            continue
        tried.compared += len(ids)
        missing = set(ids) - set(run.ids(name))
        tried.lost += len(missing)
        problems += [f"{name} lacks {len(missing)} of {len(ids)}"] if missing else []
    if problems:
        told = f"crowd {seed} ({crowd}): {'; '.join(problems)}"
        tried.problems.append(told)
        raise AssertionError(told)
