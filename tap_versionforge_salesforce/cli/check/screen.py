"""The report of `check` on a terminal: groups, symbols and colours, on one screen."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text
from typing_extensions import override

from tap_versionforge_salesforce.cli.check.lines import MEND_IT, Report, spaced
from tap_versionforge_salesforce.cli.check.steps import Status
from tap_versionforge_salesforce.salesforce.support.redaction import printable, redact

if TYPE_CHECKING:
    from tap_versionforge_salesforce.cli.check.steps import Group, Step

_STYLES = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.FAIL: "bold red",
    Status.SKIPPED: "dim",
}
_SYMBOLS = {Status.OK: "✓", Status.WARNING: "!", Status.FAIL: "✗", Status.SKIPPED: "·"}
_IN_ASCII = {Status.OK: "+", Status.WARNING: "!", Status.FAIL: "x", Status.SKIPPED: "-"}
_NAME_WIDTH = 19
_INDENT = " " * (_NAME_WIDTH + 4)
_LEAST_ROOM = 20


class ScreenReport(Report):
    """Shows each step as it comes.

    Args:
        console: Where it is shown; None for stdout.
    """

    def __init__(self, console: Console | None = None) -> None:
        super().__init__()
        self._console = console or Console(highlight=False)
        # A terminal of another encoding has no ticks.
        is_unicode = self._console.encoding.lower().startswith("utf")
        self._symbols = _SYMBOLS if is_unicode else _IN_ASCII
        self._group: Group | None = None

    @override
    def show(self, step: Step) -> None:
        if step.group is not self._group:
            self._group = step.group
            self._console.print(Text(step.group.value, style="bold"))
        style = _STYLES[step.status]
        found, *more = self._wrapped(step.finding.found)
        line = Text.assemble(
            (f" {self._symbols[step.status]} ", style),
            f"{printable(step.name):<{_NAME_WIDTH}} {found}",
        )
        self._console.print(line, soft_wrap=True)
        for text in more:
            self._console.print(Text(f"{_INDENT}{text}"), soft_wrap=True)
        for text in self._wrapped(step.advice) if step.advice else ():
            self._console.print(Text(f"{_INDENT}{text}", style=style), soft_wrap=True)

    def _wrapped(self, text: str) -> list[str]:
        """Return the lines of a text; no word in it is broken, for addresses are copied."""
        room = max(_LEAST_ROOM, self._console.width - len(_INDENT))
        return textwrap.wrap(
            spaced(printable(redact(text))), room, break_long_words=False, break_on_hyphens=False
        ) or [""]

    @override
    def end(self, command: str) -> None:
        self._console.print()
        if not command:
            self._console.print(Text(MEND_IT, style="bold red"))
            return
        self._console.print(Text(self.verdict, style="bold green"))
        # It is copied: no line break may come into it.
        self._console.print(Text(f"  {redact(command)}"), soft_wrap=True)
