"""`--help`: options in groups, in colour on a terminal, in 80 columns elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.terminals import COLOURS, on_terminal

if TYPE_CHECKING:
    from tests.support.harness import TapRunner

GROUPS = {
    "": ["The run", "Instead of the run", "About the tap", "Commands"],
    "check": ["What to look at", "The report"],
    "plan": ["The run", "The report"],
    "export": ["Where to", "Which rows", "The command"],
    "keygen": ["The pair", "Where it goes", "Help"],
}


@pytest.mark.parametrize("command", GROUPS)
def test_help_in_groups_without_a_terminal(tap: TapRunner, command: str) -> None:
    """No escape sequence, no line of more than 80 columns, and each option in one place."""
    run = tap.command(*filter(None, [command]), "--help")
    assert run.exit_code == 0
    lines = run.stdout.splitlines()
    assert [line[:-1] for line in lines if re.match(r"\S.*:$", line)] == GROUPS[command]
    assert max(map(len, lines)) <= 80
    assert run.stdout.isascii()
    options = re.findall(r"^  (--[a-z]+)", run.stdout, re.MULTILINE)
    assert len(options) == len(set(options)) > 3
    assert "--help" in options


@pytest.mark.parametrize("command", ["", "check"])
def test_help_on_a_terminal(command: str) -> None:
    """The same groups, framed and in colour, no wider than the terminal."""
    shown = on_terminal([*filter(None, [command]), "--help"], 80, COLOURS)
    assert "\x1b[" in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert re.findall(r"^╭─ (.*?) ─", plain, re.MULTILINE) == GROUPS[command]
    assert max(map(len, plain.splitlines())) <= 80


def test_help_on_a_terminal_without_colours() -> None:
    """As in a file."""
    shown = on_terminal(["--help"], 80, {**COLOURS, "NO_COLOR": "1"})
    assert shown.startswith("Usage: ")
    assert "\x1b" not in shown
