"""The table at the end of a run, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from rich import box
from rich.table import Table
from rich.text import Text

from tap_versionforge_salesforce.singer.display.console import TerminalConsole, can_show_symbols
from tap_versionforge_salesforce.singer.end_table import fitted, lines_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_versionforge_salesforce.singer.end_table import Line

_LEFT = ("Stream", "API", "Status")


def print_table(report: Mapping[str, Any], stderr: TextIO) -> None:
    """Print what the run report says of each stream.

    Args:
        report: As `RunReport.content` returns it.
        stderr: The terminal.
    """
    console = TerminalConsole(stderr)
    lines = lines_of(report)
    console.print(table_of(lines, console.width, is_ascii=not can_show_symbols(stderr)))


def table_of(lines: list[Line], width: int, *, is_ascii: bool = False) -> Table:
    """Return the table, with as many columns as there is room for.

    Args:
        lines: Of `end_table.lines_of`.
        width: Of the terminal.
        is_ascii: It has nothing more than ASCII.
    """
    head, *rows = fitted(lines, width)
    table = Table(
        box=box.ASCII2 if is_ascii else box.SIMPLE,
        show_edge=False,
        show_footer=True,
        pad_edge=False,
        header_style="bold",
        footer_style="bold",
        padding=(0, 1, 0, 0),
    )
    *streams, total = rows
    for name in head:
        is_text = name in _LEFT
        table.add_column(
            name,
            footer=total[name],
            justify="left" if is_text else "right",
            overflow="fold",
            no_wrap=not is_text,
        )
    for row, line in zip(streams, lines, strict=False):
        style = "green" if line.is_ok else "red"
        cells = {name: Text(cell) for name, cell in row.items()}
        cells["Status"].stylize(style)
        table.add_row(*cells.values())
    return table
