"""What the live display shows: a run's progress → what rich draws. Values in, values out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.progress import Activity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import ConsoleOptions, RenderableType

    from tap_versionforge_salesforce.salesforce.http.quota import Allowance
    from tap_versionforge_salesforce.singer.progress import RunProgress, StreamProgress
    from tap_versionforge_salesforce.singer.run_report import StreamReport

_BYTES_PER_MEGABYTE = 1_000_000
_LONGEST_NAME = 30
# Below it a bar says nothing.
_BAR_WIDTH = 60
# Below it the address of a job would push out what says how far it is.
_LINK_HEIGHT = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """What is shown beside the streams.

    Attributes:
        rows_per_second: Written of the stream whose turn it is; None before that is known.
        bytes_per_second: Received of it.
        calls: API calls of the run.
        daily: The day's calls; None where unknown.
        seconds: Since the run began.
    """

    rows_per_second: float | None = None
    bytes_per_second: float | None = None
    calls: int = 0
    daily: Allowance | None = None
    seconds: float = 0.0


def view(progress: RunProgress, figures: Figures, options: ConsoleOptions) -> RenderableType:
    """Return what the display shows, no higher than the terminal.

    Args:
        progress: How far the run is.
        figures: How fast, and what it has used.
        options: The terminal's size.
    """
    width, height = options.max_width, options.size.height
    # The cursor stands in a line of its own: what ends the run on the spot leaves it there.
    ends: list[RenderableType] = [_footer(progress, figures, width), Text("")]
    lines: list[RenderableType] = []
    if progress.current is not None:
        lines += _current(progress.current, figures, width, has_link=height >= _LINK_HEIGHT)
        link_lines = -(-len(_link(progress.current)) // width) if height >= _LINK_HEIGHT else 0
        height -= 2 + link_lines
    room = height - len(ends)
    if progress.waiting or len(progress.ahead) > room:
        room -= 1
    shown = progress.ahead[: max(0, room)]
    lines += [_ahead(stream) for stream in shown]
    waiting = progress.waiting + len(progress.ahead) - len(shown)
    if waiting:
        wait = "waits" if waiting == 1 else "wait"
        lines.append(_one_line(f"+ {counted(waiting, 'stream')} {wait}", "dim"))
    return Group(*lines, *ends)


def _current(
    stream: StreamProgress, figures: Figures, width: int, *, has_link: bool
) -> Iterator[RenderableType]:
    total, done = stream.total_rows, stream.rows.done
    grid = Table.grid(expand=True, padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=_LONGEST_NAME)
    cells: list[RenderableType] = [Text(stream.name, "bold")]
    if width >= _BAR_WIDTH:
        grid.add_column(ratio=1)
        cells.append(
            ProgressBar(
                total=total,
                completed=done,
                pulse=total is None,
                complete_style="cyan",
                finished_style="green",
                pulse_style="cyan",
                # It runs by the run's clock.
                animation_time=figures.seconds,
            )
        )
    grid.add_column(no_wrap=True, justify="right")
    cells.append(Text(_rows(stream)))
    if total:
        grid.add_column(no_wrap=True, justify="right", min_width=len("100 %"))
        cells.append(Text(f"{min(100, 100 * done // total)} %", "cyan"))
    grid.add_row(*cells)
    yield grid
    yield _one_line(f"  {', '.join(_doing(stream, figures))}")
    if has_link and (link := _link(stream)):
        yield Text(link, style=f"dim link {link}", overflow="fold")


def _rows(stream: StreamProgress) -> str:
    total, done = stream.total_rows, stream.rows.done
    if total is None:
        return counted(done, "row")
    about = "about " if stream.is_estimated else ""
    return f"{done:,} of {about}{counted(total, 'row')}"


def _doing(stream: StreamProgress, figures: Figures) -> Iterator[str]:
    if stream.is_swept:
        yield "reconciling"
    if stream.api is not None:
        yield stream.api
    yield _activity(stream)
    if stream.rows.since or stream.written:
        if figures.rows_per_second is not None:
            yield f"{figures.rows_per_second:,.0f} rows/s"
        if figures.bytes_per_second is not None:
            yield f"{figures.bytes_per_second / _BYTES_PER_MEGABYTE:,.1f} MB/s"
    if stream.parts_left:
        yield f"{counted(stream.parts_left, 'part')} more"


def _activity(stream: StreamProgress) -> str:
    found = None if stream.job is None else stream.job.rows
    # None yet reads as none at all.
    if stream.activity is Activity.PROCESSING and found:
        return f"Salesforce has found {counted(found, 'row')}"
    return stream.activity.value


def _link(stream: StreamProgress) -> str:
    return "" if stream.job is None else stream.job.address


def _ahead(stream: StreamProgress) -> Text:
    api = f"{stream.api}, " if stream.api else ""
    return _one_line(f"{stream.name}: {api}{_activity(stream)}", "dim")


def _footer(progress: RunProgress, figures: Figures, width: int) -> Text:
    streams = progress.ended + progress.waiting + len(progress.ahead)
    streams += progress.current is not None
    used = ""
    if figures.daily is not None:
        spent = figures.daily.maximum - figures.daily.remaining
        used = f" ({spent:,} of {figures.daily.maximum:,} today)"
    pieces = (
        f"{progress.ended:,} of {counted(streams, 'stream')}",
        counted(progress.written, "row"),
        f"{counted(figures.calls, 'API call')}{used}",
        str(timedelta(seconds=int(figures.seconds))),
    )
    text = ", ".join(pieces)
    # What is at the end of a long line is what changes.
    return _one_line(text if len(text) <= width else ", ".join(pieces[1:]), "bold")


def _one_line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def ended(report: StreamReport, *, has_symbols: bool) -> Text:
    """Return the line that a stream leaves behind.

    Args:
        report: What the run report says of it.
        has_symbols: The terminal can show more than ASCII.
    """
    usage = report.usage
    told = [
        counted(report.rows, "row"),
        report.api or "no API",
        counted(0 if usage is None else usage.calls, "API call"),
        f"{0 if usage is None else usage.seconds:,.1f} s",
    ]
    if report.reconciliation is not None:
        told.append("reconciled")
    if report.error is not None:
        mark, style, what = ("✗" if has_symbols else "x"), "red", f"failed [{report.error}]"
    elif report.is_stopped:
        mark, style, what = "-", "yellow", "stopped"
    else:
        mark, style, what = ("✓" if has_symbols else "+"), "green", ""
    line = Text.assemble((mark, style), " ", (report.stream, "bold"), " ")
    if what:
        line.append(f"{what}, ", style)
    return line.append(", ".join(told))
