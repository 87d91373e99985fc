"""What the demo says: lines that fit, and a sign of life while nothing has happened."""

from __future__ import annotations

import shutil
import sys
import textwrap
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

COLUMNS = 80
PULSE_SECONDS = 1.0
# In a file or a pipe, where a line can't be written over.
SILENCE_SECONDS = 8.0
_CLEAR = "\r\x1b[K"


class Story:
    """Says what happens, with the time it took.

    Args:
        steps: How many there will be.
    """

    def __init__(self, steps: int) -> None:
        self._began = time.monotonic()
        self._steps = steps
        self._step = 0
        self._lock = threading.RLock()
        self._said = self._began
        self._is_terminal = sys.stdout.isatty()
        self._columns = min(COLUMNS, shutil.get_terminal_size().columns)

    def step(self, text: str) -> None:
        """Announce the next step."""
        self._step += 1
        seconds = time.monotonic() - self._began
        self.say("")
        self.say(f"[{self._step}/{self._steps}, {seconds:.0f} s] {text}")

    def look(self, text: str) -> None:
        """Say what is worth a look in the step."""
        self.detail(f"Look at {text}")

    def say(self, text: str) -> None:
        """Write a text now, also into a pipe, in as many lines as it needs."""
        self._write(textwrap.wrap(text, self._columns, break_on_hyphens=False) or [""])

    def detail(self, text: str) -> None:
        """Write a text that belongs to the step."""
        indent = "  "
        wrapper = textwrap.TextWrapper(
            self._columns,
            initial_indent=indent,
            subsequent_indent=indent * 2,
            break_on_hyphens=False,
        )
        self._write(wrapper.wrap(text))

    def lines(self, lines: Iterable[str]) -> None:
        """Write lines as they are."""
        self._write(list(lines))

    @contextmanager
    def alive(self, what: Callable[[], str]) -> Iterator[None]:
        """Show how far it is, every second on a terminal and else when nothing was said for long.

        Args:
            what: Is asked each time, in a thread of its own.
        """
        ended = threading.Event()
        pulse = threading.Thread(target=self._pulse, args=(what, ended), daemon=True)
        pulse.start()
        try:
            yield
        finally:
            ended.set()
            pulse.join()
            self._write([])

    def _pulse(self, what: Callable[[], str], ended: threading.Event) -> None:
        began = time.monotonic()
        while not ended.wait(PULSE_SECONDS):
            now = time.monotonic()
            text = f"  … {what()}, {now - began:.0f} s"
            if self._is_terminal:
                with self._lock:
                    sys.stdout.write(f"{_CLEAR}{text[: self._columns - 1]}")
                    sys.stdout.flush()
            elif now - self._said >= SILENCE_SECONDS:
                self._write([text])

    def _write(self, lines: list[str]) -> None:
        with self._lock:
            if self._is_terminal:
                sys.stdout.write(_CLEAR)
            sys.stdout.writelines(f"{line}\n" for line in lines)
            sys.stdout.flush()
            self._said = time.monotonic()
