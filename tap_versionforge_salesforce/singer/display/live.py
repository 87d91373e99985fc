"""The live display: drawn a few times a second, in a thread beside the run."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, TextIO

from rich.live import Live
from rich.text import Text

from tap_versionforge_salesforce.singer.display.console import TerminalConsole, can_show_symbols
from tap_versionforge_salesforce.singer.display.log_above import LinesAbove, log_above
from tap_versionforge_salesforce.singer.display.view import Figures, ended, view
from tap_versionforge_salesforce.singer.events import StreamEnded

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from tap_versionforge_salesforce.salesforce.http.quota import Quota
    from tap_versionforge_salesforce.singer.progress import Progress, StreamProgress
    from tap_versionforge_salesforce.singer.run_report import RunReport

_SECONDS_BETWEEN_DRAWINGS = 0.25
# Over which it is said how fast a stream is.
_SECONDS_OF_SPEED = 10.0
# For a terminal that is slow; one that was stopped by Ctrl-S takes nothing any more.
_PATIENCE_SECONDS = 5.0


class Speed:
    """How fast a stream has been of late."""

    def __init__(self) -> None:
        self._stream: str | None = None
        # When, and rows and bytes by then.
        self._samples = deque[tuple[float, int, int]]()

    def of(
        self, stream: StreamProgress | None, now: float
    ) -> tuple[float, float] | tuple[None, None]:
        """Return rows and bytes a second; None where that is not known yet.

        Args:
            stream: Whose turn it is.
            now: In seconds.
        """
        name = None if stream is None else stream.name
        if name != self._stream:
            self._stream = name
            self._samples.clear()
        if stream is None:
            return None, None
        rows = stream.rows.since if stream.is_swept else stream.written
        self._samples.append((now, rows, stream.received_bytes))
        while len(self._samples) > 1 and now - self._samples[0][0] > _SECONDS_OF_SPEED:
            self._samples.popleft()
        began, rows_then, bytes_then = self._samples[0]
        if now <= began:
            return None, None
        passed = now - began
        return max(0, rows - rows_then) / passed, (stream.received_bytes - bytes_then) / passed


class LiveDisplay:
    """Shows how far a run is on a terminal, used with ``with``; raises nothing.

    Args:
        stderr: The terminal.
        progress: How far the run is; told of what happens, as `report` is, before this.
        report: What has become of the streams that are over.
        quota: What the run has used of the day's calls.
        seconds: Returns the seconds of a clock that only grows.
        patience_seconds: For a terminal that takes nothing, at the end.
    """

    def __init__(
        self,
        stderr: TextIO,
        *,
        progress: Progress,
        report: RunReport,
        quota: Quota,
        seconds: Callable[[], float],
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._stderr = stderr
        self._progress = progress
        self._report = report
        self._quota = quota
        self._seconds = seconds
        self._speed = Speed()
        self._above = LinesAbove(stderr)
        self._patience_seconds = patience_seconds
        self._is_over = threading.Event()
        self._shown = ExitStack()

    def take(self, event: object) -> None:
        """Take what happens.

        Args:
            event: Only that a stream has ended is of interest.
        """
        if isinstance(event, StreamEnded):
            report = self._report.streams[event.stream]
            self._above.add(ended(report, has_symbols=can_show_symbols(self._stderr)))

    def __enter__(self) -> Self:
        console = TerminalConsole(self._stderr)
        self._shown.enter_context(log_above(self._above))
        # stdout is the target's: nothing of it is touched.
        live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._shown.enter_context(live)
        began = self._seconds()
        thread = threading.Thread(target=self._run, args=(live, began), name="display", daemon=True)
        thread.start()
        self._shown.callback(self._end, thread)
        return self

    def __exit__(self, *_: object) -> None:
        # The terminal may be gone: the rows do not depend on it.
        with suppress(OSError, ValueError):
            self._shown.close()

    def _end(self, thread: threading.Thread) -> None:
        self._is_over.set()
        thread.join(self._patience_seconds)
        if thread.is_alive():
            # It waits for the terminal, as would whoever wrote there now: what is said from here on
            # is kept, and gone with the process.
            self._shown = self._shown.pop_all()

    def _run(self, live: Live, began: float) -> None:
        try:
            while not self._is_over.is_set():
                self._draw(live, began)
                self._is_over.wait(_SECONDS_BETWEEN_DRAWINGS)
            self._draw(live, began)
        except Exception:  # noqa: BLE001  the rows do not depend on what is shown of them
            self._above.let_through()

    def _draw(self, live: Live, began: float) -> None:
        lines = self._above.taken()
        progress, now = self._progress.now(), self._seconds()
        rows, size = self._speed.of(progress.current, now)
        figures = Figures(rows, size, self._quota.calls, self._quota.daily, now - began)
        console = live.console
        with console:  # written as a whole
            live.update(view(progress, figures, console.options))
            if lines:
                console.print(Text("\n").join(lines), soft_wrap=True)
            live.refresh()
