"""The report of `check` as lines or as one JSON object, and what comes next."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import shutil
import sys
import textwrap
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import click
from typing_extensions import override

from tap_versionforge_salesforce.cli.check.steps import Status
from tap_versionforge_salesforce.salesforce.support.redaction import printable, redact
from tap_versionforge_salesforce.salesforce.support.wording import counted

if TYPE_CHECKING:
    from tap_versionforge_salesforce.cli.check.steps import Step

# 64 hexadecimal digits.
_FINGERPRINT = re.compile(r"\b([0-9a-f]{16})([0-9a-f]{16})([0-9a-f]{16})([0-9a-f]{16})\b")
_MARKS = {
    Status.OK: "ok",
    Status.WARNING: "warn",
    Status.FAIL: "FAIL",
    Status.SKIPPED: "skip",
}


class Report(ABC):
    """Takes the steps as they come, and shows them."""

    def __init__(self) -> None:
        self.warnings = 0

    def tell(self, step: Step) -> None:
        """Take the next step."""
        self.warnings += step.status is Status.WARNING
        self.show(step)

    @abstractmethod
    def show(self, step: Step) -> None:
        """Show a step, or keep it for the end."""

    @abstractmethod
    def end(self, command: str) -> None:
        """Show the last words.

        Args:
            command: What to run now; empty where a step has failed.
        """

    @property
    def verdict(self) -> str:
        """Return what to say of all steps where none has failed."""
        warnings = f", with {counted(self.warnings, 'warning')}" if self.warnings else ""
        return f"Everything works{warnings}. Next:"


class JsonReport(Report):
    """One JSON object, at the end."""

    def __init__(self) -> None:
        super().__init__()
        self._steps: list[Step] = []

    @override
    def show(self, step: Step) -> None:
        self._steps.append(step)

    @override
    def end(self, command: str) -> None:
        facts: dict[str, object] = {}
        objects = []
        for step in self._steps:
            if "object" in step.finding.facts:
                objects.append({**step.finding.facts, "status": step.status.value})
            else:
                facts |= step.finding.facts
        content = {
            "ok": not any(step.status is Status.FAIL for step in self._steps),
            "warnings": self.warnings,
            "steps": [step.content() for step in self._steps],
            "facts": facts,
            "objects": objects,
            "next": command,
        }
        # Not the JSON: a secret may look like a number in it.
        click.echo(json.dumps(_redacted(content), indent=2))


def _redacted(value: object) -> object:
    """Return JSON values whose strings hold no secret."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted(each) for each in value]
    return value


class LineReport(Report):
    """A line for each step, for files, pipes and terminals that can do no more."""

    @override
    def show(self, step: Step) -> None:
        _print_line(_MARKS[step.status], step.name, step.finding.found)
        if step.advice:
            _print_line("", "what to do", step.advice)

    @override
    def end(self, command: str) -> None:
        if command:
            click.echo(redact(f"\n{self.verdict}\n  {command}"))
        else:
            click.echo(f"\n{MEND_IT}")


#: Where a step has failed.
MEND_IT = "Mend this, then run check again."


def spaced(text: str) -> str:
    """Return a text whose fingerprints are in groups: one is longer than a line has room."""
    return _FINGERPRINT.sub(r"\1 \2 \3 \4", text)


def _print_line(mark: str, name: str, text: str) -> None:
    line = printable(redact(f"{mark:<6}{name:<20}  {text}"))
    if not sys.stdout.isatty():
        click.echo(line)
        return
    # On a terminal no word is broken at the edge.
    click.echo(_wrapper(shutil.get_terminal_size().columns).fill(spaced(line)))


def _wrapper(columns: int) -> textwrap.TextWrapper:
    return textwrap.TextWrapper(
        width=columns,
        subsequent_indent=" " * 28,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )


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
