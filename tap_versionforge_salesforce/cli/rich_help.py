"""`--help` as a terminal with colours shows it, by rich-click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich_click.rich_command import RichCommand, RichGroup
from rich_click.rich_context import RichContext
from rich_click.rich_help_configuration import RichHelpConfiguration
from rich_click.rich_panel import RichCommandPanel, RichOptionPanel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Wider lines are no easier to read.
_MOST_COLUMNS = 100


def rich_help(
    command: click.Command, context: click.Context, groups: Mapping[str, Sequence[str]]
) -> str:
    """Return the help of a command with escape sequences.

    Args:
        command: The command.
        context: In which it was called.
        groups: The title of each group, and the names of its options.
    """
    shown = _rich(command)
    for title, names in groups.items():
        shown.add_panel(RichOptionPanel(title, options=list(names)))
    if isinstance(shown, RichGroup):
        shown.add_panel(RichCommandPanel("Commands", commands=sorted(shown.commands)))
    config = RichHelpConfiguration(force_terminal=True, max_width=_MOST_COLUMNS)
    rich_context = RichContext(
        shown, info_name=context.info_name, parent=context.parent, rich_help_config=config
    )
    return shown.get_help(rich_context).rstrip("\n")


def _rich(command: click.Command) -> RichCommand:
    """Return the same command for rich-click, which shows its own kind only."""
    kept: dict[str, Any] = {"name": command.name, "params": command.params, "help": command.help}
    if isinstance(command, click.Group):
        return RichGroup(
            commands=command.commands,
            invoke_without_command=command.invoke_without_command,
            **kept,
        )
    return RichCommand(**kept)
