"""What a run takes before it sends anything: `until_first_request()`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_LOOPBACK = "127.0.0.1"
_WAIT_SECONDS = 60


class Taken(NamedTuple):
    """What a process has taken.

    Attributes:
        seconds: Since its start.
        cpu_seconds: Of all its threads, on all cores together.
    """

    seconds: float
    cpu_seconds: float


def until_first_request(command: Callable[[str], Sequence[str | Path]]) -> Taken:
    """Return what a program has taken by the time its first request arrives.

    Nobody answers: what listens reads the first byte and kills the program, whose account the
    system then closes. So it holds all that had to be done before, imports first of all, in
    whichever thread, and next to nothing of what comes behind it.

    Args:
        command: Given the URL of what listens, returns the program and its arguments.

    Raises:
        ProgramFailedError: No request came.
    """
    with closing(socket.create_server((_LOOPBACK, 0))) as listener:
        listener.settimeout(_WAIT_SECONDS)
        program = command(f"http://{_LOOPBACK}:{listener.getsockname()[1]}")
        # A proxy and certificates of this machine's own are no matter of the tap's.
        strays = {*processes.strays()}
        kept = {name: text for name, text in processes.environment().items() if name not in strays}
        began = time.perf_counter()
        process = processes.start(
            program, env=kept, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(_WAIT_SECONDS)
                connection.recv(1)
        except TimeoutError:
            msg = f"the run has sent no request in {_WAIT_SECONDS} seconds"
            raise processes.ProgramFailedError(msg) from None
        finally:
            seconds = time.perf_counter() - began
            process.send_signal(signal.SIGKILL)
            _, status, usage = os.wait4(process.pid, 0)
            # It has been waited for; without this, Popen would look for it again.
            process.returncode = os.waitstatus_to_exitcode(status)
    return Taken(seconds, usage.ru_utime + usage.ru_stime)
