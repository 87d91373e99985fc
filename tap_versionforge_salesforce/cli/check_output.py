"""What `check` prints: a line for each step, what comes next, or one JSON object."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import shutil
import sys
import textwrap
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap_versionforge_salesforce.salesforce.support.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

# 64 hexadecimal digits.
_FINGERPRINT = re.compile(r"\b([0-9a-f]{16})([0-9a-f]{16})([0-9a-f]{16})([0-9a-f]{16})\b")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the report.

    Attributes:
        name: What was looked at.
        ok: It is as it has to be.
        found: What was found, or what is wrong.
        hint: What to do about it; empty where nothing has to be done.
        code: The error's stable name; empty where there is none.
    """

    name: str
    ok: bool
    found: str
    hint: str = ""
    code: str = ""


def print_json(steps: Sequence[Step]) -> None:
    """Print the report for machines."""
    report = {"ok": all(step.ok for step in steps), "steps": [asdict(step) for step in steps]}
    click.echo(redact(json.dumps(report, indent=2)))


def print_step(step: Step) -> None:
    """Print a step, and what to do about it."""
    _print_line("ok" if step.ok else "FAIL", step.name, step.found)
    if step.hint:
        code = f" [{step.code}]" if step.code else ""
        _print_line("", "what to do", f"{step.hint}{code}")


def _print_line(mark: str, name: str, text: str) -> None:
    line = redact(f"{mark:<6}{name:<20}  {text}")
    if not sys.stdout.isatty():
        click.echo(line)
        return
    # On a terminal no word is broken at the edge; a fingerprint is longer than the space there is.
    line = _FINGERPRINT.sub(r"\1 \2 \3 \4", line)
    columns = shutil.get_terminal_size().columns
    click.echo(_wrapper(columns).fill(line))


def _wrapper(columns: int) -> textwrap.TextWrapper:
    return textwrap.TextWrapper(
        width=columns,
        subsequent_indent=" " * 28,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )


def print_end(command: str) -> None:
    """Print the last words.

    Args:
        command: What to run now; empty where a step has failed.
    """
    if command:
        click.echo(redact(f"\nEverything works. Next:\n  {command}"))
    else:
        click.echo("\nMend this, then run check again.")


def next_command(context: click.Context) -> str:
    """Return what to run now, with the files that this check was given."""
    configs, catalogs = (_given(context, option) for option in ("--config", "--catalog"))
    files = [path for path in configs if path != "ENV"]
    name = _program(str(context.find_root().info_name))
    if any(".meltano" in Path(path).parts for path in files):
        return f"meltano run {name} target-jsonl"
    options = [word for path in configs for word in ("--config", path)]
    if catalogs:
        return f"{shlex.join([name, *options, '--catalog', catalogs[-1]])} | target-jsonl"
    catalog = Path(files[-1]).with_name("catalog.json") if files else Path("catalog.json")
    return f"{shlex.join([name, *options])} --discover > {shlex.quote(str(catalog))}"


def _given(context: click.Context, option: str) -> list[str]:
    """Return the values of an option as they stand on the command line, wherever they stand."""
    words: tuple[str, ...] = context.obj or ()
    start = f"{option}="
    return [
        following if word == option else word.removeprefix(start)
        for word, following in itertools.pairwise((*words, ""))
        if word == option or word.startswith(start)
    ]


def _program(name: str) -> str:
    """Return the name of the program, or its path where its name alone would not be found."""
    path = Path(sys.argv[0])
    return str(path) if path.name == name and shutil.which(name) is None else name
