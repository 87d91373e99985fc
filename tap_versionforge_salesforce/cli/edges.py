"""Where a command ends without a fault of its own: signals, and what is behind stdout."""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from click.exceptions import Exit

from tap_versionforge_salesforce.errors import NoOutputError, OutputError
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The exit code behind Ctrl-C.
INTERRUPTED = 128 + signal.SIGINT
# All other files of a run are told as what they are, where they are written.
_OF_STDOUT = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)


class Words(NamedTuple):
    """What a kind of command says at its edges.

    Attributes:
        stopped: Behind a signal.
        closed: Where whoever reads its output has stopped to.
        go_on: What to do then, and where there was no room.
    """

    stopped: str
    closed: str
    go_on: str


SYNC = Words(
    stopped="Stopped. The next run with the last STATE goes on from there.",
    closed="The target has closed its input before the end; what it was given is not the whole.",
    go_on="The next run with the last STATE that arrived goes on from there.",
)
#: Of a run that only reads ranges again.
BACKFILL = Words(
    stopped="Stopped. No STATE tells how far the ranges were read: give the same backfill again.",
    closed=SYNC.closed,
    go_on="Give the same backfill again: no STATE tells how far it came.",
)
EXPORT = Words(
    stopped="Stopped. The same command goes on from there.",
    closed="Whoever reads the output has closed it before its end.",
    go_on="Run the same command again: it goes on from there.",
)
OTHERS = Words(
    stopped="Stopped.",
    closed="Whoever reads the output has closed it before its end.",
    go_on="Run it again where all of it is wanted.",
)


@contextmanager
def edges(words: Words) -> Iterator[None]:
    """Say what a command says at its edges, where the block comes to one.

    Raises:
        OutputError: stdout took no more.
        Exit: It was told to stop by a signal.
    """
    try:
        yield
    except SystemExit as stopped:
        TapVersionForgeSalesforce.logger.info("%s", words.stopped)
        raise Exit(stopped.code if isinstance(stopped.code, int) else 0) from None
    except BrokenPipeError:  # at which click would end the process without a word
        raise NoOutputError(words.closed, hint=words.go_on) from None
    except OSError as error:
        if error.errno not in _OF_STDOUT:
            raise
        raise OutputError(
            f"What is written to stdout can't be taken there ({error.strerror}); what has arrived "
            "is not the whole.",
            hint=f"Make room in what stdout leads to, or name another file. {words.go_on}",
        ) from None


def check_stdout() -> None:
    """See that there is something to write to.

    Raises:
        NoOutputError: The process was started with a closed stdout.
    """
    if sys.stdout is None:
        message = "There is no output to write to: stdout is closed."
        raise NoOutputError(message, hint="Start the tap with stdout going to a target or a file.")


def leave_outputs() -> None:
    """Hand over what is left; what nobody takes is let go.

    Python would flush both once more on its way out, and fail: with a traceback for stdout, and
    with exit code 120 where the terminal that stderr led to has gone.
    """
    for output in (sys.stdout, sys.stderr):
        if output is None:
            continue
        try:
            output.flush()
        except OSError:
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
