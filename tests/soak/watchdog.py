"""A run that makes no progress is a failure, with the stacks of all threads."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE_SECONDS = 60.0
_STDERR = 2


def _give_up() -> None:
    """End the process: whatever hangs would not let go of it otherwise."""
    os._exit(1)


@contextmanager
def watchdog(
    progress: Callable[[], object],
    *,
    patience_seconds: float = _PATIENCE_SECONDS,
    give_up: Callable[[], object] = _give_up,
) -> Iterator[None]:
    """Watch the block.

    Args:
        progress: Returns something else whenever there has been some.
        patience_seconds: How long it may return the same, in real time.
        give_up: Called once the stacks have been written to stderr.
    """
    is_over = threading.Event()

    def watch() -> None:
        last, since = progress(), time.monotonic()
        while not is_over.wait(patience_seconds / 20):
            now = progress()
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > patience_seconds:
                sys.stderr.write(f"No progress for {patience_seconds:.0f} seconds.\n")
                faulthandler.dump_traceback(file=_STDERR, all_threads=True)
                give_up()
                return

    threading.Thread(target=watch, name="watchdog", daemon=True).start()
    try:
        yield
    finally:
        is_over.set()
