"""The tap on a terminal, as whoever sits at it sees it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: What a terminal with colours calls itself.
COLOURS = {"TERM": "xterm-256color"}


def on_terminal(
    arguments: list[str],
    columns: int,
    variables: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
) -> str:
    """Return what a terminal of so many columns shows of stdout.

    Args:
        arguments: Of the tap.
        columns: How wide the terminal is.
        variables: Of its environment. Without a TERM the terminal can do nothing.
        folder: Where the tap is started; None for here.
    """
    ours, its = os.openpty()
    try:
        command: list[str | Path] = [processes.TAP, *arguments]
        path = f"{processes.TAP.parent}{os.pathsep}{os.environ['PATH']}"
        changes = {"TERM": "dumb", "NO_COLOR": "", **(variables or {})}
        environment = processes.environment(COLUMNS=str(columns), PATH=path, **changes)
        with processes.start(
            command, stdout=its, stderr=subprocess.DEVNULL, env=environment, cwd=folder
        ) as process:
            os.close(its)
            shown = b""
            # Linux says EIO, others nothing, when the other end has closed.
            with contextlib.suppress(OSError):
                while read := os.read(ours, 65_536):
                    shown += read
            assert process.wait() == 0
    finally:
        os.close(ours)
    return shown.decode().replace("\r\n", "\n")
