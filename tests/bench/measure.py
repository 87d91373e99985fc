"""One run of a program, measured from outside: `measure()`.

The program is started by a small process of its own (`main`): what the system calls a process's
peak of memory begins with that of the process which started it.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import statistics
import struct
import subprocess
import sys
import termios
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import open_files, processes

if TYPE_CHECKING:
    from collections.abc import Sequence

RECORD = '{"type":"RECORD"'
LINE = "\n"
#: What taps load, as they are usually made: a start of which nothing is this one's.
IMPORT_OF_SDK = "import singer_sdk, singer_sdk.tap_base, singer_sdk.streams"
_READ_BYTES = 1 << 20
_TERMINAL = "at-terminal"
_LOOK_SECONDS = 0.02


@dataclass
class Most:
    """The most that was seen of a program while it ran, by looks fifty times a second.

    Attributes:
        open_files: And pipes and sockets.
        threads: Its own and its libraries'.
        spool_bytes: On disk, in its open files in a folder.
        usual_bytes: In memory, at half of the looks no more than this.
    """

    open_files: int = 0
    threads: int = 0
    spool_bytes: int = 0
    usual_bytes: int = 0

    def look(self, process_id: int, spool: str) -> None:
        """Take in what there is now."""
        self.open_files = max(self.open_files, open_files.count(process_id))
        self.threads = max(self.threads, open_files.threads(process_id))
        self.spool_bytes = max(self.spool_bytes, open_files.bytes_in(process_id, Path(spool)))


@dataclass(frozen=True)
class Result:
    """One run.

    Attributes:
        exit_code: Of the program.
        rows: How often the marker came out of the pipe.
        output_bytes: All that came out of it.
        seconds: From the start of the process to its end.
        cpu_seconds: What the program alone used, on all cores together.
        peak_bytes: The most memory that it held.
        log: What it wrote to stderr.
        most: The most that was seen of it while it ran; nothing where nobody looked.
    """

    exit_code: int
    rows: int
    output_bytes: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    log: str
    most: Most


def measure(
    command: Sequence[str | Path],
    *,
    marker: str = RECORD,
    at_terminal: bool = False,
    bytes_per_second: float | None = None,
    spool: Path | None = None,
) -> Result:
    """Run a program once; what it writes is counted and thrown away.

    Args:
        command: The program and its arguments.
        marker: What a row of its output has once.
        at_terminal: Its stderr is a pseudo-terminal, whose text is thrown away.
        bytes_per_second: So much is taken of what it writes; None for as much as there is.
        spool: Folder of its files, which are looked at with the other things that it has; None
            where nothing is: looking takes its time.
    """
    where = _TERMINAL if at_terminal else "here"
    how = [marker, where, str(bytes_per_second or 0), str(spool or "")]
    done = processes.run(
        [sys.executable, "-m", "tests.bench.measure", *how, *command],
        cwd=processes.ROOT,
        env=processes.environment(PYTHON_DOTENV_DISABLED="1", TERM="xterm"),
    )
    found = json.loads(done.stdout)
    return Result(log=done.stderr, most=Most(**found.pop("most")), **found)


def main() -> None:
    """Run the program of the command line and print what was measured."""
    marker, where, rate, spool, *command = sys.argv[1:]
    stderr = _terminal() if where == _TERMINAL else None
    began = time.perf_counter()
    program = subprocess.Popen(  # noqa: S603  our own programs only
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr
    )
    most, memory = Most(), list[int]()
    if spool:
        arguments = (most, memory, program.pid, spool)
        threading.Thread(target=_look, args=arguments, daemon=True).start()
    rows, output_bytes = _drain(program, marker.encode(), float(rate))
    _, status, usage = os.wait4(program.pid, 0)
    seconds = time.perf_counter() - began
    most.usual_bytes = int(statistics.median(filter(None, memory))) if any(memory) else 0
    # The child has been waited for; without this, Popen would look for it again.
    program.returncode = os.waitstatus_to_exitcode(status)
    # Linux counts the peak in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    measured = {
        "exit_code": program.returncode,
        "rows": rows,
        "output_bytes": output_bytes,
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * unit,
        "most": asdict(most),
    }
    sys.stdout.write(json.dumps(measured))


def _terminal() -> int:
    """Return a pseudo-terminal of 24 lines that somebody reads."""
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    threading.Thread(target=_read_away, args=(reader,), daemon=True).start()
    return terminal


def _read_away(reader: int) -> None:
    while os.read(reader, _READ_BYTES):
        pass


def _look(most: Most, memory: list[int], process_id: int, spool: str) -> None:
    while True:
        most.look(process_id, spool)
        memory.append(open_files.resident_bytes(process_id))
        time.sleep(_LOOK_SECONDS)


def _drain(
    program: subprocess.Popen[bytes], marker: bytes, bytes_per_second: float
) -> tuple[int, int]:
    rows = output_bytes = 0
    rest = b""
    began = time.perf_counter()
    while program.stdout and (block := os.read(program.stdout.fileno(), _READ_BYTES)):
        output_bytes += len(block)
        if bytes_per_second:
            time.sleep(max(0.0, began + output_bytes / bytes_per_second - time.perf_counter()))
        block = rest + block
        rows += block.count(marker)
        # A marker may begin in one block and end in the next.
        rest = block[len(block) - len(marker) + 1 :]
    return rows, output_bytes


if __name__ == "__main__":
    main()
