"""SIGTERM and SIGINT, taken where it is safe: while waiting, or behind a whole page."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.support.watch import SILENT, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_CLEANS_UP: ContextVar[bool] = ContextVar("cleans_up", default=False)


class RunIsOverError(Exception):
    """Ends a thread that works ahead for a run that has ended."""


class Interruption:
    """Whether somebody asked the run to end.

    Leaving in the middle of a message would hand the target half a line. So a signal ends the
    run at once only while it waits for the network; otherwise the rows in hand are finished, and
    the STATE behind them is written. A second signal ends it on the spot.

    Args:
        monotonic: Seconds that only grow.
        watch: Says what the main thread waits for, where that takes long.
    """

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, watch: Watch = SILENT
    ) -> None:
        self._monotonic = monotonic
        self.watch = watch
        self._signal_number: int | None = None
        self._is_waiting = False
        self._is_over = False
        #: How long the main thread has waited, in all.
        self.waited_seconds = 0.0

    def request(self, signal_number: int) -> None:
        """Take in a signal.

        Raises:
            SystemExit: With 128 + the signal's number, where the run is waiting.
        """
        if self._signal_number is not None:
            os._exit(128 + signal_number)
        self._signal_number = signal_number
        if self._is_waiting:
            self.check()

    @property
    def is_requested(self) -> bool:
        """Tell whether somebody asked the run to end."""
        return self._signal_number is not None

    @property
    def is_over(self) -> bool:
        """Tell whether the run has ended."""
        return self._is_over

    def end(self) -> None:
        """Let no other thread ask for anything any more."""
        self._is_over = True

    @contextmanager
    def cleaning_up(self) -> Iterator[None]:
        """Let the block ask behind the end of the run, too, unless somebody asked it to end."""
        before = _CLEANS_UP.set(True)
        try:
            yield
        finally:
            _CLEANS_UP.reset(before)

    def check(self) -> None:
        """End the run if that was asked for.

        Raises:
            SystemExit: With 128 + the signal's number.
        """
        if self._signal_number is not None:
            raise SystemExit(128 + self._signal_number)

    @contextmanager
    def waiting(self, what: Callable[[], str] = lambda: "Salesforce") -> Iterator[None]:
        """Allow a signal to end the run while the block waits for the network.

        Signals come to the main thread, whatever others wait for; there it may be writing.

        Args:
            what: Is waited for; goes on from "Waiting for".

        Raises:
            RunIsOverError: In another thread, of a run that has ended.
            SystemExit: With 128 + the signal's number.
        """
        if threading.current_thread() is not threading.main_thread():
            if self._is_over and (self.is_requested or not _CLEANS_UP.get()):
                raise RunIsOverError
            yield
            return
        began, is_within = self._monotonic(), self._is_waiting
        self._is_waiting = True
        try:
            self.check()
            with self.watch.telling(what):
                yield
        finally:
            self._is_waiting = is_within
            if not is_within:
                self.waited_seconds += self._monotonic() - began
