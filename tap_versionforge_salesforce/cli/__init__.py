"""The command line: one executable, and the one place that turns errors into exit codes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_versionforge_salesforce.cli.config_option import (
    BACKFILL_OPTION,
    BACKFILL_WORDS,
    with_ranges,
    with_variables,
)
from tap_versionforge_salesforce.cli.edges import (
    BACKFILL,
    INTERRUPTED,
    OTHERS,
    SYNC,
    check_stdout,
    edges,
    leave_outputs,
)
from tap_versionforge_salesforce.cli.help import GroupedHelp
from tap_versionforge_salesforce.cli.quiet import warnings_only
from tap_versionforge_salesforce.cli.subcommands import subcommands
from tap_versionforge_salesforce.error_lines import address_of, line_of
from tap_versionforge_salesforce.errors import (
    IncompleteError,
    OutputError,
    QuotaError,
    RefusedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.support.redaction import redact_logs
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

_UNEXPECTED = 1
_HELP = """Extract from Salesforce, as Singer messages on stdout.

Without a command, all that is selected is read. `check` says beforehand whether that will work.
"""
_GROUPS = {
    "The run": ("--config", "--catalog", "--state", "--backfill", "--quiet"),
    "Instead of the run": ("--discover", "--test"),
    "About the tap": ("--about", "--format", "--version", "--help"),
}
# What the next run will do, by the exit code of this one.
_GOES_ON = dict.fromkeys(
    (QuotaError.exit_code, UnavailableError.exit_code, RefusedError.exit_code),
    "The next run goes on from the last bookmarks.",
) | {
    IncompleteError.exit_code: "No bookmark has moved past what is missing: the next run reads it.",
}
# What is said of options that other taps have.
_OF_OTHER_TAPS = {
    "--properties": "In its place: --catalog, with a catalog that --discover makes anew.",
}

_QUIET = click.Option(
    ["--quiet"],
    is_flag=True,
    help="Log warnings and errors only; of a sync no live display, no progress, no table either.",
)


# Eager: it is looked at before --discover, which ends the command where it is read.
_BACKFILL = click.Option([BACKFILL_OPTION], is_eager=True, **BACKFILL_WORDS)


class _Command(GroupedHelp, SingerCommand, click.Group):
    """The SDK's command with subcommands beside its options."""

    @override
    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read the command line; --help, --version, --discover and --test end within."""
        with edges(OTHERS):
            return super().make_context(*args, **options)

    @override
    def invoke(self, ctx: click.Context) -> Any:
        with edges(OTHERS):
            return super().invoke(ctx)


def build_command() -> click.Command:
    """Return the executable's command: the SDK's options, and the subcommands."""
    base = TapVersionForgeSalesforce.cli
    redact_logs()
    TapVersionForgeSalesforce.logger.addFilter(_says_something)
    command = _Command(
        name=base.name,
        commands=subcommands(),
        callback=_sync_unless_subcommand,
        params=[*base.params, _BACKFILL, _QUIET],
        help=_HELP,
        groups=_GROUPS,
        context_settings=base.context_settings,
        invoke_without_command=True,
        logger=TapVersionForgeSalesforce.logger,
    )
    for parameter in command.params:
        # click would open the files, never close them, and refuse a state that is not there yet.
        if isinstance(parameter.type, click.File):
            parameter.type = click.Path(allow_dash=True)
    return command


def _says_something(record: logging.LogRecord) -> bool:
    # What the SDK says in front of every command: that it does not do what nobody has asked for.
    return record.msg != "Skipping parse of env var settings..."


def _sync_unless_subcommand(**params: Any) -> None:  # noqa: ANN401  as click hands them over
    context = click.get_current_context()
    # To the end of the subcommand, where there is one.
    context.with_resource(warnings_only(is_quiet=params.pop("quiet")))
    if context.invoked_subcommand is not None:
        return
    ranges = params.pop("backfill")
    if params["about"]:
        with edges(OTHERS):
            TapVersionForgeSalesforce.invoke(**params)
        return
    params["config"] = with_variables(with_ranges(params["config"], ranges))
    is_backfill = bool(params["config"].config.get("backfill"))
    with edges(BACKFILL if is_backfill else SYNC):
        try:
            TapVersionForgeSalesforce.invoke(**params)
        except TapError as error:
            next_run = _GOES_ON.get(error.exit_code)
            if next_run is None:
                raise
            hint = f"{error.hint} {BACKFILL.go_on if is_backfill else next_run}"
            raise error.reworded(error.message, hint=hint) from None


def _with_words(error: click.ClickException) -> click.ClickException:
    words = _OF_OTHER_TAPS.get(getattr(error, "option_name", None) or "")
    if words is None or not isinstance(error, click.NoSuchOption):
        return error
    return click.UsageError(f"{error.format_message()} {words}", error.ctx)


def _print_json_failure(error: TapError) -> None:
    # It is not loaded where what is before it on the command line was wrong.
    from tap_versionforge_salesforce.cli.check.command import print_json_failure  # noqa: PLC0415

    print_json_failure(error)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        arguments: Without the program's name; None for the process's own.

    Raises:
        SystemExit: Always, with the exit code that the error stands for.
    """
    command = build_command()
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        check_stdout()
        code = command.main(given, prog_name=command.name, standalone_mode=False, obj=tuple(given))
        # Of a run that was stopped nobody may be there any more to take the rest.
        if not code:
            with edges(OTHERS):
                sys.stdout.flush()
    except TapError as error:
        if {"check", "--json"} <= set(given) and not isinstance(error, OutputError):
            _print_json_failure(error)
        TapVersionForgeSalesforce.logger.error("%s", line_of(error))
        code = error.exit_code
    except click.ClickException as error:
        _with_words(error).show()
        code = error.exit_code
    except click.Abort:  # Ctrl-C before the tap has taken over
        code = INTERRUPTED
    except Exception:  # noqa: BLE001  the boundary: what gets here is a defect of the tap
        TapVersionForgeSalesforce.logger.exception(
            "The tap itself has failed. Please report it with the lines below. See %s",
            address_of(TapError.default_code),
        )
        code = _UNEXPECTED
    leave_outputs()
    sys.exit(code if isinstance(code, int) else 0)
