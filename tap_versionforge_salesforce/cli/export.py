"""`export`: the rows of some objects as files, without Singer."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from tap_versionforge_salesforce.cli.config_option import (
    config_option,
    merged_config,
    settings_in,
)
from tap_versionforge_salesforce.cli.edges import EXPORT, edges
from tap_versionforge_salesforce.cli.help import GroupedHelp
from tap_versionforge_salesforce.cli.quiet import warnings_only
from tap_versionforge_salesforce.errors import (
    IncompleteError,
    QuotaError,
    SettingsError,
    SomeStreamsFailedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tap_versionforge_salesforce.singer.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType
    from typing import Any

    from tap_versionforge_salesforce.engine.org import Org
    from tap_versionforge_salesforce.export.exporter import Exported, WantedRows

_MEGABYTE = 1_000_000
_MAY_PASS = (
    QuotaError.exit_code,
    UnavailableError.exit_code,
    IncompleteError.exit_code,
)
_LOGGER = TapVersionForgeSalesforce.logger


@click.command(
    cls=GroupedHelp,
    groups={
        "Where to": ("--to", "--format", "--overwrite"),
        "Which rows": (
            "--fields",
            "--where",
            "--since",
            "--until",
            "--text-fields",
            "--include-deleted",
        ),
        "The command": ("--config", "--quiet", "--help"),
    },
)
@config_option
@click.argument("objects", nargs=-1, required=True)
@click.option(
    "--to",
    required=True,
    metavar="PATH",
    help="A folder, which gets a folder for each object; or a .duckdb file, with a table for each.",
)
@click.option(
    "--format",
    "written_as",
    type=click.Choice(["parquet", "csv", "jsonl"], case_sensitive=False),
    help="Of the files in a folder. [default: parquet]",
)
@click.option("--overwrite", is_flag=True, help="Replace what is there, once all rows are there.")
@click.option(
    "--fields",
    multiple=True,
    metavar="NAMES",
    help="API names with commas between them; of several objects each its own, as Account:Id,Name.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="SOQL",
    help="Condition; of several objects as for --fields: \"Account:Name LIKE 'A%'\".",
)
@click.option("--since", metavar="INSTANT", help="First SystemModstamp wanted, such as 2024-01-31.")
@click.option("--until", metavar="INSTANT", help="First SystemModstamp that no longer is.")
@click.option(
    "--text-fields",
    multiple=True,
    metavar="NAMES",
    help="Fields whose values come as text, also what their types can't hold; written as --fields.",
)
@click.option("--include-deleted", is_flag=True, help="Rows in the recycle bin, too.")
@click.option("--quiet", is_flag=True, help="Say nothing but warnings and errors.")
@click.pass_context
def export(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401  as click hands them over
    """Write the rows of objects into files: Parquet, CSV, JSON lines, or a DuckDB database.

    What is there is whole: an object's folder appears when all of its rows are in it. Interrupted,
    the same command goes on where it stopped, with the same Bulk job.

    Example: tap-versionforge-salesforce export Opportunity --to out --config config.json
    """
    is_quiet = given["quiet"] or bool(context.parent and context.parent.params.get("quiet"))
    context.with_resource(warnings_only(is_quiet=is_quiet))
    # Not at the top: they bring polars, which --help and --version do without.
    from tap_versionforge_salesforce.engine.arguments import called_as_options  # noqa: PLC0415
    from tap_versionforge_salesforce.engine.org import Org  # noqa: PLC0415
    from tap_versionforge_salesforce.export.destination import destination_of  # noqa: PLC0415
    from tap_versionforge_salesforce.export.exporter import Exporter  # noqa: PLC0415
    from tap_versionforge_salesforce.export.progress import ExportProgress  # noqa: PLC0415

    destination = destination_of(given["to"], given["written_as"], overwrites=given["overwrite"])
    wanted = _wanted(given)
    more: dict[str, object] = {"include_deleted": True} if given["include_deleted"] else {}
    settings = settings_in(merged_config(context, given["config"]))
    org = Org.from_tap_config(settings, **more)
    with edges(EXPORT), _going_on(), org, _stopping(org), called_as_options():
        progress = ExportProgress(_LOGGER, org.salesforce.clock.monotonic, terminal(_LOGGER))
        exporter = Exporter(org, destination, progress=progress, logger=_LOGGER)
        for exported in exporter.run(wanted):
            if not is_quiet:
                click.echo(_line(exported))


def _wanted(given: dict[str, Any]) -> list[WantedRows]:
    from tap_versionforge_salesforce.export.exporter import WantedRows  # noqa: PLC0415  as above

    known: dict[str, str] = {}
    for name in given["objects"]:
        # Named twice, in whatever case, it is one.
        known.setdefault(name.lower(), name)
    names = list(known.values())
    fields = _by_object(given["fields"], names, "--fields")
    conditions = _by_object(given["where"], names, "--where")
    texts = _by_object(given["text_fields"], names, "--text-fields")
    return [
        WantedRows(
            name,
            fields=_names(fields[name]) if name in fields else None,
            # An empty one, as of a variable that is not set, is no condition, but a mistake.
            where=conditions.get(name, "") or (" " if name in conditions else ""),
            since=given["since"],
            until=given["until"],
            text_fields=_names(texts.get(name, "")),
        )
        for name in names
    ]


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in map(str.strip, text.split(",")) if name)


def _by_object(values: Sequence[str], names: Sequence[str], option: str) -> dict[str, str]:
    """Return what an option says of each object.

    Raises:
        SettingsError: It is not clear of which, or it says two things of one.
    """
    known = {name.lower(): name for name in names}
    found: dict[str, str] = {}
    for value in values:
        head, colon, rest = value.partition(":")
        name = known.get(head.strip().lower()) if colon else None
        if name is None and len(names) > 1:
            raise SettingsError(
                f"{option} does not say of which of the {len(names)} objects {value!r} is.",
                hint=f'Write {option} "{names[0]}:{value}", once for each object.',
                code="invalid-argument",
            )
        text = value if name is None else rest
        if found.setdefault(name or names[0], text.strip()) != text.strip():
            raise SettingsError(
                f"{option} says two things of {name or names[0]}.",
                hint="Give it once for each object.",
                code="invalid-argument",
            )
    return found


def _line(exported: Exported) -> str:
    rows, files = counted(exported.rows, "row"), counted(exported.files, "file")
    size = f"{exported.size / _MEGABYTE:,.1f} MB"
    if exported.seconds is None:
        return f"{exported.name}: {rows}, there already: {exported.path}"
    by = f", by {exported.api}" if exported.api else ""
    seconds = f"{exported.seconds:,.1f} s"
    return f"{exported.name}: {rows} in {files}, {size}, {seconds}{by}: {exported.path}"


@contextmanager
def _going_on() -> Iterator[None]:
    """Say of what may pass that the same command goes on then."""
    try:
        yield
    except TapError as error:
        # What is refused has nothing to go on with; the others have, where there are several.
        if error.exit_code not in _MAY_PASS and not isinstance(error, SomeStreamsFailedError):
            raise
        raise error.reworded(error.message, hint=f"{error.hint} {EXPORT.go_on}") from None


@contextmanager
def _stopping(org: Org) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C end the block behind the page in hand, or at once while it waits."""

    def stop(number: int, _frame: FrameType | None) -> None:
        _LOGGER.info("Asked to stop: the page in hand is finished first.")
        org.salesforce.interruption.request(number)

    before = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        # Whoever wants a signal to be ignored, as nohup does, is not asked.
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
