"""A run that makes no progress is a failure, with the stacks of all threads."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

_PATIENCE_SECONDS = 60.0


def _give_up() -> None:
    """End the process: whatever hangs would not let go of it otherwise."""
    os._exit(1)


class Watchdog:
    """Watches a block.

    Args:
        progress: Returns something else whenever there has been some.
        patience_seconds: How long it may return the same, in real time.
        give_up: Called once the stacks have been written to stderr.
    """

    def __init__(
        self,
        progress: Callable[[], object],
        *,
        patience_seconds: float = _PATIENCE_SECONDS,
        give_up: Callable[[], object] = _give_up,
    ) -> None:
        self._progress = progress
        self._patience_seconds = patience_seconds
        self._give_up = give_up
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()

    def _watch(self) -> None:
        last, since = self._progress(), time.monotonic()
        while not self._is_over.wait(self._patience_seconds / 20):
            now = self._progress()
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > self._patience_seconds:
                sys.stderr.write(f"No progress for {self._patience_seconds:.0f} seconds.\n")
                faulthandler.dump_traceback(file=2, all_threads=True)
                self._give_up()
                return
