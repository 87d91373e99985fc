"""A tap and what takes its rows, measured from outside: `piped()`.

Both are started by a small process of its own (`main`), for the reason that `measure` has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN_CHARACTERS = 2_000


@dataclass(frozen=True)
class Used:
    """What one of the two used.

    Attributes:
        cpu_seconds: On all cores together.
        peak_bytes: The most memory that it held.
    """

    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Piped:
    """One run of both.

    Attributes:
        seconds: From the start of the tap to the end of both.
        tap: What the tap used.
        taker: What took the rows; None where nothing did.
    """

    seconds: float
    tap: Used
    taker: Used | None


def piped(
    tap: Sequence[str | Path],
    taker: Sequence[str | Path] | None,
    folder: Path,
    *,
    afterwards: bool = False,
) -> Piped:
    """Run both once.

    Args:
        tap: The program and its arguments.
        taker: The same of what reads its output; None for nothing.
        folder: Where they write what they say, and where they run.
        afterwards: The second one reads no pipe, but files, when the tap has ended.

    Raises:
        ProgramFailedError: One of them did not end well.
    """
    commands = [[str(word) for word in command] for command in (tap, taker) if command]
    given = {"commands": commands, "folder": str(folder), "afterwards": afterwards}
    done = processes.run(
        [sys.executable, "-m", "tests.bench.pipe", json.dumps(given)],
        cwd=processes.ROOT,
        env=_environment(),
    )
    found = json.loads(done.stdout)
    # What broke the pipe is told before what then could not write into it.
    for at, code in reversed([*enumerate(found["codes"])]):
        if code:
            said = _logs(folder)[at].read_text("utf-8", "replace")[-_SHOWN_CHARACTERS:]
            msg = f"{Path(commands[at][0]).name} ended with exit code {code}: {said}"
            raise processes.ProgramFailedError(msg)
    used = [Used(*each) for each in found["used"]]
    return Piped(found["seconds"], used[0], used[1] if taker else None)


def _environment() -> dict[str, str]:
    """Return one in which Python keeps what it has compiled, as it does for users."""
    here = processes.environment(PYTHON_DOTENV_DISABLED="1")
    return {
        name: value
        for name, value in here.items()
        if name not in {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    }


def warm(program: Path) -> None:
    """Have it compiled before it is measured."""
    processes.run([program, "--version"], env=_environment())


def _logs(folder: Path) -> list[Path]:
    return [folder / "tap.log", folder / "taker.log"]


def main() -> None:
    """Run the programs of the command line and print what was measured."""
    given: dict[str, Any] = json.loads(sys.argv[1])
    commands, folder = given["commands"], Path(given["folder"])
    began = time.perf_counter()
    is_piped = len(commands) > 1 and not given["afterwards"]
    with _logs(folder)[0].open("wb") as log, _logs(folder)[1].open("wb") as other:
        output = subprocess.PIPE if is_piped else subprocess.DEVNULL
        running = [_start(commands[0], folder, log, stdout=output)]
        ended = [] if is_piped else [_ended(running.pop())]
        if len(commands) > 1 and not any(code for code, _ in ended):
            pipe = running[0].stdout if is_piped else subprocess.DEVNULL
            running.append(_start(commands[1], folder, other, stdin=pipe))
        for program in running:
            if program.stdout:
                program.stdout.close()
        ended += map(_ended, running)
    measured = {
        "seconds": time.perf_counter() - began,
        "codes": [code for code, _ in ended],
        "used": [used for _, used in ended],
    }
    sys.stdout.write(json.dumps(measured))


def _start(
    command: list[str],
    folder: Path,
    log: IO[bytes],
    **streams: Any,  # noqa: ANN401  as Popen takes them
) -> subprocess.Popen[bytes]:
    defaults: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=folder, stderr=log, **(defaults | streams))  # noqa: S603  our own programs only


def _ended(program: subprocess.Popen[bytes]) -> tuple[int, tuple[float, int]]:
    _, status, usage = os.wait4(program.pid, 0)
    # The child has been waited for; without this, Popen would look for it again.
    program.returncode = os.waitstatus_to_exitcode(status)
    # Linux counts the peak in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return program.returncode, (usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


if __name__ == "__main__":
    main()
