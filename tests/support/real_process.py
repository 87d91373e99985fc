"""The installed executable as a process of its own, and what it wrote."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support import canaries, processes
from tests.support.harness import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.harness import TapRunner

TOO_LONG_SECONDS = 120
_watches: dict[int, canaries.Watch] = {}


@contextmanager
def started(
    tap: TapRunner,
    *arguments: str,
    executable: Path = processes.TAP,
    **options: Any,  # noqa: ANN401  as Popen takes them
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the tap with pipes; it is gone when the block ends, whatever happens."""
    # Without buffers of its own, Popen leaves to `communicate` what was not read before.
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
    watch = canaries.Watch(tap.org, canaries.config_in(arguments), tap.folder)
    process = processes.start([executable, *arguments], **(pipes | options))
    _watches[process.pid] = watch
    try:
        yield process
    finally:
        del _watches[process.pid]
        process.kill()
        process.communicate()


def finished(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Wait for the end, and return the rest of stdout and stderr, which may show no secret."""
    rest = process.communicate(timeout=TOO_LONG_SECONDS)
    stdout, stderr = ((part or b"").decode() for part in rest)
    _watches[process.pid].assert_nothing_shown(stdout=stdout, log=stderr)
    return stdout, stderr


def tap_run(stdout: str) -> dict[str, Any]:
    """Return the Ids, the last state and the last message of what was written."""
    messages = parse(stdout)
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    return {
        "ids": [message["record"]["Id"] for message in messages if message["type"] == "RECORD"],
        "state": states[-1] if states else {},
        "last": messages[-1],
    }
