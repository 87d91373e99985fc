"""The command `check`: its options, and where its report goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tap_versionforge_salesforce.cli.check.checks import Checks
from tap_versionforge_salesforce.cli.check.lines import JsonReport, LineReport, next_command
from tap_versionforge_salesforce.cli.check.steps import Group, failed
from tap_versionforge_salesforce.cli.config_option import (
    config_option,
    merged_config,
    option_above,
)
from tap_versionforge_salesforce.cli.help import GroupedHelp
from tap_versionforge_salesforce.cli.terminals import is_rich
from tap_versionforge_salesforce.singer.packed_catalog import catalog_at

if TYPE_CHECKING:
    from singer_sdk.plugin_base import _ConfigInput

    from tap_versionforge_salesforce.cli.check.lines import Report
    from tap_versionforge_salesforce.errors import TapError


@click.command(
    cls=GroupedHelp,
    groups={"What to look at": ("--config", "--catalog"), "The report": ("--json", "--help")},
)
@config_option
@click.option("--catalog", type=click.Path(), help="Look at the objects that this catalog selects.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
@click.pass_context
def check(
    context: click.Context, config: _ConfigInput, catalog: str | None, *, as_json: bool
) -> None:
    """Look at every step from the settings to one row of each object.

    Stops at the first step that fails, says what to do, and exits with that error's code; of the
    objects it looks at all. Nothing in it is secret.

    Example: tap-versionforge-salesforce check --config config.json
    """
    merged = merged_config(context, config)
    catalog = option_above(context, "catalog", catalog)
    checks = Checks(merged, None if catalog is None else catalog_at(catalog))
    report: Report = JsonReport() if as_json else _report_for_people()
    code = 0
    for step, error in checks.run():
        code = code or (0 if error is None else error.exit_code)
        report.tell(step)
    report.end(next_command(context) if code == 0 else "")
    context.exit(code)


def _report_for_people() -> Report:
    if not is_rich():
        return LineReport()
    # Not at the top: only a terminal needs rich, which takes a while to load.
    from tap_versionforge_salesforce.cli.check.screen import ScreenReport  # noqa: PLC0415

    return ScreenReport()


def print_json_failure(error: TapError) -> None:
    """Print the report of a check whose own inputs can't be read, so that machines get one."""
    report = JsonReport()
    report.tell(failed(Group.SETTINGS, "settings", error))
    report.end("")
