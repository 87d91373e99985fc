"""A person at a terminal: a real process behind a pseudo-terminal, who reads and types."""

from __future__ import annotations

import os
import re
import signal
import termios
from typing import TYPE_CHECKING

import pexpect

from tests.support import processes

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

TOO_LONG_SECONDS = 60
DOWN, ENTER, CTRL_C = "\x1b[B", "\r", "\x03"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


class Person:
    """Runs the installed executable on a terminal of 40 lines and 80 columns.

    Args:
        arguments: Of the tap.
        folder: Where it is started.
        variables: Added to the environment.
    """

    def __init__(self, *arguments: str, folder: Path, **variables: str) -> None:
        terminal = {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        environment = processes.environment(**terminal | variables)
        self._process: pexpect.spawn[str] = pexpect.spawn(
            str(processes.TAP),
            list(arguments),
            cwd=str(folder),
            env=environment,
            encoding="utf-8",
            dimensions=(40, 80),
            timeout=TOO_LONG_SECONDS,
        )
        # Its own end, which stays when the process has gone.
        self._terminal = os.dup(self._process.child_fd)
        self._seen: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._terminal)
        self._process.close(force=True)

    @property
    def seen(self) -> str:
        """All that has been shown, without what moves the cursor or colours."""
        return _ESCAPES.sub("", "".join(self._seen)).replace("\r\n", "\n")

    @property
    def raw(self) -> str:
        """All that has been shown, as the terminal got it."""
        return "".join(self._seen)

    def waits_for(self, text: str) -> None:
        """Read until a text has come."""
        self._process.expect_exact(text)
        self._seen += [str(self._process.before), text]

    def types(self, text: str) -> None:
        """Type, as it is."""
        self._process.send(text)

    def answers(self, question: str, answer: str = "") -> None:
        """Wait for a question, and answer it with a text and Enter."""
        self.waits_for(question)
        self.types(f"{answer}{ENTER}")

    def ends(self) -> None:
        """Send SIGTERM."""
        self._process.kill(signal.SIGTERM)

    @property
    def has_echo(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)

    def leaves(self) -> int:
        """Read to the end, and return the exit code."""
        self._process.expect(pexpect.EOF)
        self._seen.append(str(self._process.before))
        self._process.close()
        return int(self._process.exitstatus or 0)
