"""The installed executable at a real pseudo-terminal, and what somebody sees there."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pexpect

from tests.support import canaries, processes
from tests.support.harness import parse
from tests.support.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tests.support.harness import TapRunner

TOO_LONG_SECONDS = 60


@dataclass
class Seen:
    """What came of a run.

    Attributes:
        exit_code: Of the process.
        screen: What stands on the terminal at its end, and stood there before.
        messages: Of stdout, where that is a file.
    """

    exit_code: int
    screen: Screen
    messages: list[dict[str, Any]]


def run_at_terminal(
    tap: TapRunner,
    *arguments: str,
    size: tuple[int, int] = (24, 80),
    behind: str | None = "",
    when: Callable[[pexpect.spawn[str], Screen], object] = lambda _process, _screen: None,
    **environment: str,
) -> Seen:
    """Run the tap with stderr at a terminal and stdout in a file, or before a pipe.

    Args:
        tap: Whose org it is.
        arguments: Of the tap.
        size: Rows and columns of the terminal.
        behind: A command that reads stdout; None where that is at the terminal as well.
        when: Called whenever something was written, with the process.
        environment: Besides this process's own.
    """
    watch = canaries.Watch(tap.org, canaries.config_in(arguments), tap.folder)
    output = tap.folder / "stdout"
    command = shlex.join(map(str, (processes.TAP, *arguments)))
    if behind is None:
        whole = f"exec {command}"
    elif behind:
        whole = f"{command} | {behind}"
    else:
        whole = f"exec {command} > {shlex.quote(str(output))}"
    process = pexpect.spawn(
        "/bin/sh",
        ["-c", whole],
        dimensions=size,
        encoding="utf-8",
        env=processes.environment(**{"TERM": "xterm-256color", **environment}),
        timeout=TOO_LONG_SECONDS,
    )
    screen, written, began = Screen(size[1]), list[str](), time.monotonic()
    try:
        while (piece := _read(process)) is not None:
            assert time.monotonic() - began < TOO_LONG_SECONDS, screen.text
            screen.write(piece)
            written.append(piece)
            when(process, screen)
        process.wait()
    finally:
        process.close(force=True)
    stdout = output.read_text(encoding="utf-8") if output.exists() else ""
    watch.assert_nothing_shown(stdout=stdout, log="".join(written))
    code = process.exitstatus if process.exitstatus is not None else -1
    return Seen(code, screen, parse(stdout))


def _read(process: pexpect.spawn[str]) -> str | None:
    """Return what was written meanwhile; None at its end."""
    try:
        return str(process.read_nonblocking(1 << 16, timeout=TOO_LONG_SECONDS))
    except pexpect.EOF:
        return None
