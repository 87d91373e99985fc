"""Programs as tests, demo and benchmark start them: real processes, seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
TAP = Path(sys.executable).parent / "tap-versionforge-salesforce"
SETTINGS_PREFIX = "TAP_VERSIONFORGE_SALESFORCE_"
_NETWORK_VARIABLES = (
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("requests_ca_bundle", "curl_ca_bundle"),
)


class ProgramFailedError(Exception):
    """A program that had to succeed did not; the message has what it wrote."""


def strays() -> list[str]:
    """Return the names of the developer's variables that would change what the tap does."""
    return [
        name
        for name in os.environ
        if name.startswith(SETTINGS_PREFIX) or name.lower() in _NETWORK_VARIABLES
    ]


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment without the developer's own settings of the tap."""
    kept = {name: value for name, value in os.environ.items() if SETTINGS_PREFIX not in name}
    return kept | changes


def start(command: Sequence[str | Path], **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401  as Popen takes them
    """Start a program and leave it running."""
    defaults: dict[str, Any] = {"env": environment(), "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, **(defaults | options))  # noqa: S603  our own programs only


def run(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401  as run takes them
    """Run a program to its end and return what it wrote.

    Raises:
        ProgramFailedError: It ended with another exit code than 0.
    """
    defaults: dict[str, Any] = {"env": environment(), "stdin": subprocess.DEVNULL}
    defaults |= {"capture_output": True}
    completed = subprocess.run(  # noqa: S603  our own programs only
        command, check=False, text=True, **(defaults | options)
    )
    if completed.returncode:
        written = f"{completed.stdout or ''}{completed.stderr or ''}".strip()
        msg = f"{Path(command[0]).name} ended with exit code {completed.returncode}: {written}"
        raise ProgramFailedError(msg)
    return completed
