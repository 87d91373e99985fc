"""`plan`: what the coming run would do and cost, before a row is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from tap_versionforge_salesforce.cli.config_option import (
    BACKFILL_OPTION,
    BACKFILL_WORDS,
    config_option,
    merged_config,
    option_above,
)
from tap_versionforge_salesforce.cli.help import GroupedHelp
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.packed_catalog import catalog_at
from tap_versionforge_salesforce.singer.state_file import state_file
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.plugin_base import _ConfigInput

    from tap_versionforge_salesforce.singer.plan import Plan, StreamPlan

_MINUTE, _HOUR = 60, 3_600
_HEAD = ("Stream", "API", "Rows", "Calls", "Jobs", "MB", "Time", "From", "Last rows", "Last time")
_NUMBERS = ("Rows", "Calls", "Jobs", "MB", "Time", "Last rows", "Last time")
_PERCENT = 100
_MIDNIGHT = "T00:00:00.000Z"
_MINUTE_LENGTH = len("2026-11-28 07:54")


@click.command(
    cls=GroupedHelp,
    groups={
        "The run": ("--config", "--catalog", "--state", BACKFILL_OPTION),
        "The report": ("--json", "--help"),
    },
)
@config_option
@click.option("--catalog", type=click.Path(), help="What the run would select.")
@click.option("--state", type=click.Path(), help="From which the run would go on.")
@click.option(BACKFILL_OPTION, **BACKFILL_WORDS)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def plan(
    context: click.Context,
    config: _ConfigInput,
    catalog: str | None,
    state: str | None,
    backfill: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Say what the coming run would do and cost; no row is read.

    Rows are counted by Salesforce, about; times are estimates for an org that answers as most do.

    Example: tap-versionforge-salesforce plan --config config.json --state state.json
    """
    logger = TapVersionForgeSalesforce.logger
    given = merged_config(context, config, backfill)
    catalog = option_above(context, "catalog", catalog)
    state = option_above(context, "state", state)
    tap = TapVersionForgeSalesforce(
        config=given.config,
        parse_env_config=given.parse_env,
        state={} if state is None else state_file(state, logger),
        catalog=None if catalog is None else catalog_at(catalog),
    )
    try:
        found = tap.plan()
    finally:
        tap.run.end()
    if as_json:
        click.echo(json.dumps(found.content(), indent=2))
        return
    for line in _lines(found):
        click.echo(line)


def _lines(found: Plan) -> Iterator[str]:
    rows = [_HEAD, *(_cells(each) for each in found.streams), _total(found)]
    # Where there was no run yet, nothing is said of it.
    shown = [
        place
        for place, name in enumerate(_HEAD)
        if not name.startswith("Last") or any(row[place] for row in rows[1:])
    ]
    yield from _table([[row[place] for place in shown] for row in rows])
    yield ""
    for each in found.streams:
        what = "reconciled by" if each.is_reconciliation else "read by"
        yield f"{each.stream} is {what} {each.api.upper()}, because {each.reason}."
    yield ""
    yield "Rows, megabytes and times are estimates, and calls the fewest that it can take."
    if found.calls_left is not None:
        share = _PERCENT * found.total["calls"] / max(1, found.calls_left)
        left = counted(found.calls_left, "API call")
        yield f"The run may still make {left} today: it needs {share:.1f} % of them."


def _cells(each: StreamPlan) -> tuple[str, ...]:
    name = f"{each.stream}, reconciled" if each.is_reconciliation else each.stream
    # To the minute, so that a line fits into 80 columns; --json has all of it.
    bookmark = (each.bookmark or "its beginning").replace("T", " ")[:_MINUTE_LENGTH]
    begins = "all rows" if each.is_reconciliation else _ranges(each) or bookmark
    return (
        name,
        each.api,
        "?" if each.rows is None else f"{each.rows:,}",
        f"{each.calls:,}",
        f"{each.jobs:,}",
        f"{each.megabytes:,}",
        _time(each.seconds),
        begins,
        "" if each.last_rows is None else f"{each.last_rows:,}",
        "" if each.last_seconds is None else _time(round(each.last_seconds)),
    )


def _ranges(each: StreamPlan) -> str:
    """Return what is read again, where ranges are; as days, where they are of whole ones."""
    if len(each.ranges) > 1:
        return counted(len(each.ranges), "range")
    return "".join(each.ranges).replace(_MIDNIGHT, "")


def _total(found: Plan) -> tuple[str, ...]:
    total = found.total
    return (
        "Total",
        "",
        f"{total['rows']:,}",
        f"{total['calls']:,}",
        f"{total['jobs']:,}",
        f"{total['megabytes']:,}",
        _time(total["seconds"]),
        "",
        "",
        "",
    )


def _time(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return f"{seconds / _HOUR:,.1f} h"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if name in _NUMBERS else cell.ljust(width)
            for name, cell, width in zip(rows[0], row, widths, strict=True)
        ]
        yield "  ".join(cells).rstrip()
