"""The parts of docs/reference that come from the code; `tests/support/documents.py` writes them."""

from __future__ import annotations

import inspect
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from tap_versionforge_salesforce.cli import build_command
from tap_versionforge_salesforce.salesforce.objects.soql import IdRange
from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint
from tap_versionforge_salesforce.salesforce.query.partitions import Partition
from tap_versionforge_salesforce.salesforce.support.retry_log import Retries
from tap_versionforge_salesforce.settings.definitions import SETTINGS
from tap_versionforge_salesforce.singer.events import Reconciled, Usage
from tap_versionforge_salesforce.singer.run_report import StreamReport
from tests.support.error_codes import by_code, error_classes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_versionforge_salesforce.settings.declaring import Setting

_ROOT = Path(__file__).resolve().parents[2]
# Settings are declared in the order of these groups; each begins with the setting of that name.
_GROUPS = {
    "instance_url": "Signing in",
    "objects": "What is read",
    "api_mode": "REST or Bulk API 2.0",
    "include_deleted": "Rows of a window",
    "quota_warning_threshold": "Quota",
    "bulk_page_rows": "Speed",
    "max_api_calls": "Limits and what is left behind",
    "reconcile_every_hours": "Reconciliation",
    "spool_dir": "Files, network and waiting",
}
_EXIT_CODES = {
    0: "done",
    1: "unexpected: a defect of the tap; or nobody takes what it writes: a target that closed its "
    "input, a full disk behind stdout, a closed stdout",
    2: "settings, key, catalog or state",
    3: "sign-in",
    4: "quota: run again later, it goes on",
    5: "Salesforce unavailable after all retries, for every stream",
    6: "data could not be proven complete; the bookmark did not move",
    7: "some streams failed, the others are complete",
    130: "interrupted by Ctrl-C, resumable",
    143: "ended by SIGTERM, resumable",
}
_SIGNALS = frozenset({0, 130, 143})
_HEADING = re.compile(r"^#{2,3} (.*)$", re.MULTILINE)


def settings_by_group(default_of: Callable[[Setting], str]) -> str:
    """Return a table of settings for each group.

    Args:
        default_of: Returns what a reader is told of a setting's default.
    """
    assert set(_GROUPS) <= {setting.name for setting in SETTINGS}
    lines: list[str] = []
    for setting in SETTINGS:
        if setting.name in _GROUPS:
            head = ["", f"### {_GROUPS[setting.name]}", ""]
            lines += [*head[not lines :], "| Setting | Default | Meaning |", "| --- | --- | --- |"]
        meaning = f"{'Secret. ' if setting.secret else ''}{cell(setting.description)}"
        lines.append(f"| `{setting.name}` | {default_of(setting)} | {meaning} |")
    return "\n".join(lines)


def settings_of_the_sdk() -> str:
    """Return the settings that the Singer SDK adds, as meltano.yml describes them."""
    project = yaml.safe_load((_ROOT / "meltano.yml").read_text(encoding="utf-8"))
    (plugin,) = project["plugins"]["extractors"]
    own = {setting.name for setting in SETTINGS}
    added = [setting for setting in plugin["settings"] if setting["name"] not in own]
    rows = [f"| `{each['name']}` | {cell(each['description'])} |" for each in added]
    return "\n".join(["| Setting | Meaning |", "| --- | --- |", *rows])


def commands() -> str:
    """Return every command with its options, as click knows them."""
    root = build_command()
    assert isinstance(root, click.Group)
    parts = [_command(root, "The tap itself", [])]
    parts += [_command(root.commands[name], f"`{name}`", [name]) for name in sorted(root.commands)]
    return "\n\n".join(parts)


def _command(command: click.Command, title: str, path: list[str]) -> str:
    name = " ".join(["tap-versionforge-salesforce", *path])
    said = [_unwrapped(part) for part in inspect.cleandoc(command.help or "").split("\n\n")]
    rows = [f"| `{_names(option)}` | {cell(_help(option))} |" for option in _options(command)]
    table = "\n".join(["| Option | Meaning |", "| --- | --- |", *rows])
    usage = " ".join([name, *command.collect_usage_pieces(click.Context(command))])
    return "\n\n".join([f"### {title}", f"```text\n{usage}\n```", *said, table])


def _options(command: click.Command) -> Iterator[click.Option]:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            yield parameter


def _names(option: click.Option) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    if option.is_flag or option.count:
        return names
    if isinstance(option.type, click.Choice):
        # A bar would end the cell, for some readers of Markdown even inside of code.
        return f"{names} {{{','.join(map(str, option.type.choices))}}}"
    return f"{names} {option.metavar or option.type.name.upper()}"


def _help(option: click.Option) -> str:
    text = (option.help or "").strip()
    default = option.default
    is_told = option.show_default and isinstance(default, str | int) and not option.is_flag
    told = [text]
    if option.show_envvar and isinstance(option.envvar, str):
        told.append(f"[or in {option.envvar}]")
    if is_told:
        told.append(f"[default: {default}]")
    return " ".join(told)


def _unwrapped(paragraph: str) -> str:
    joined = " ".join(line.strip() for line in paragraph.split("\n")).replace("\b", "").strip()
    if joined.startswith("Example: "):
        return f"```text\n{joined.removeprefix('Example: ')}\n```"
    return re.sub(r"(?<=[.;]) (?=[A-Z])", "\n", cell(joined))


def exit_codes() -> str:
    """Return what each exit code means."""
    raised = {kind.exit_code for kind in error_classes().values()}
    assert raised == set(_EXIT_CODES) - _SIGNALS
    rows = [f"| {code} | {meaning} |" for code, meaning in _EXIT_CODES.items()]
    return "\n".join(["| Exit code | Meaning |", "| --: | --- |", *rows])


def codes() -> str:
    """Return every code that an error can carry, with its exit code and where it is explained."""
    text = (_ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = []
    for code, exits in sorted(by_code().items()):
        shown = ", ".join(map(str, sorted(exits))) or "that of its cause"
        rows.append(f"| [`{code}`](../troubleshooting.md#{_anchor(text, code)}) | {shown} |")
    return "\n".join(["| Code | Exit code |", "| --- | --- |", *rows])


def _anchor(text: str, code: str) -> str:
    """Return the heading that a code is explained below, as the site names it."""
    before = ""
    place = text.find(f"`{code}`")
    for heading in _HEADING.finditer(text):
        if f"`{code}`" in heading[1]:
            return _slug(heading[1])
        if heading.start() < place:
            before = heading[1]
    return _slug(before)


def _slug(heading: str) -> str:
    """Return the anchor of a heading as Python-Markdown makes it."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


def job_in_the_state() -> str:
    """Return how a Bulk job stands in the state while its rows are not all written."""
    moment = datetime(2026, 11, 28, 8, 0, tzinfo=timezone.utc)
    job = JobCheckpoint(
        id="750Hs00000ABCDEIAU",
        api_version="68.0",
        query_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        locator="MTAwMDA",
        rows_emitted=100_000,
        lower_bound=None,
        partition=Partition(moment, IdRange(None, None), skips_lookback=False),
    )
    return f"```json\n{json.dumps({'bulk_job': job.to_state()}, indent=2)}\n```"


def job_attributes() -> str:
    """Return what the keys of a job in the state mean, as far as they are its attributes."""
    return _attributes(JobCheckpoint, leaving_out={"partition"})


def report_tables() -> str:
    """Return the keys of the run report, table by table."""
    parts = {
        "Of each stream, in `streams`": StreamReport,
        "`usage`, of the run and of each stream": Usage,
        "`reconciliation`, of a stream that was reconciled": Reconciled,
        "`troubles`": Retries,
    }
    return "\n\n".join(f"### {title}\n\n{_attributes(kind)}" for title, kind in parts.items())


def _attributes(kind: type[Any], leaving_out: frozenset[str] | set[str] = frozenset()) -> str:
    """Return the attributes of a class as a table, in the words of its docstring."""
    section = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+): (.*(?:\n     +.*)*)", section, re.MULTILINE)
    assert {name for name, _ in found} == set(kind.__dataclass_fields__)
    rows = [
        f"| `{name}` | {cell(said).replace('``', '`').replace('None', 'null')} |"
        for name, said in found
        if name not in leaving_out
    ]
    return "\n".join(["| Key | Meaning |", "| --- | --- |", *rows])


def cell(text: str) -> str:
    """Return a text as the cell of a Markdown table."""
    return " ".join(text.replace("|", " or ").split()).replace("*", r"\*")
