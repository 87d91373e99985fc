"""The table at the end of a run: what the run report says of each stream, as people read it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.singer.log_fields import fields

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping, Sequence

#: Columns of the table in a log, without what the log puts before each line.
WIDTH = 80
_BYTES_PER_MEGABYTE = 1_000_000
_BETWEEN = "  "
_SHORTEST_NAME = 8
_SHORT_API = {"REST API": "REST", "Bulk API 2.0": "Bulk"}
# From the right, what is left out where there is no room for all.
_LEFT_OUT_FIRST = ("Waited s", "MB", "Jobs", "Calls", "API", "Seconds")


@dataclass(frozen=True, slots=True)
class Line:
    """One stream, or all of them.

    Attributes:
        stream: Its name.
        api: As people call it for short; a dash where none served it.
        rows: Written.
        calls: API calls.
        jobs: Bulk jobs that were created.
        megabytes: Received, packed as they came.
        seconds: That it took.
        waiting_seconds: Of these, waiting for Salesforce.
        status: ``ok``, ``stopped`` with the run, or the code of its error.
    """

    stream: str
    api: str
    rows: int
    calls: int
    jobs: int
    megabytes: float
    seconds: float
    waiting_seconds: float
    status: str

    @property
    def is_ok(self) -> bool:
        """Tell whether nothing went wrong."""
        return self.status == "ok"

    def cells(self) -> dict[str, str]:
        """Return what the table has of it, by column."""
        return {
            "Stream": self.stream,
            "API": self.api,
            "Rows": f"{self.rows:,}",
            "Calls": f"{self.calls:,}",
            "Jobs": f"{self.jobs:,}",
            "MB": f"{self.megabytes:,.1f}",
            "Seconds": f"{self.seconds:,.1f}",
            "Waited s": f"{self.waiting_seconds:,.1f}",
            "Status": self.status,
        }


def lines_of(report: Mapping[str, Any]) -> list[Line]:
    """Return a line for each stream, and behind them that of the run.

    Args:
        report: The run report, as `RunReport.content` returns it.
    """
    lines = [_line_of(stream) for stream in report["streams"]]
    failed = sum(not line.is_ok for line in lines)
    # What ended the run may have been no stream's.
    status = "ok" if report["is_complete"] else "stopped"
    total = _line(
        report["usage"],
        stream=f"{counted(len(lines), 'stream')}",
        api="",
        rows=report["rows"],
        jobs=report["quota"]["bulk_jobs"]["used_by_run"],
        status=f"{failed:,} not ok" if failed else status,
    )
    return [*lines, total]


def _line_of(stream: Mapping[str, Any]) -> Line:
    return _line(
        stream["usage"] or {},
        stream=stream["stream"],
        api=_SHORT_API.get(stream["api"], "-"),
        rows=stream["rows"],
        jobs=stream["jobs"],
        status=stream["error"] or ("stopped" if stream["is_stopped"] else "ok"),
    )


def _line(usage: Mapping[str, Any], **given: Any) -> Line:  # noqa: ANN401  as Line takes them
    return Line(
        calls=usage.get("calls", 0),
        megabytes=usage.get("received_bytes", 0) / _BYTES_PER_MEGABYTE,
        seconds=usage.get("seconds", 0.0),
        waiting_seconds=usage.get("waiting_seconds", 0.0),
        **given,
    )


def fitted(lines: Sequence[Line], width: int) -> list[dict[str, str]]:
    """Return the cells of the table, its head first, with as many columns as there is room for.

    Args:
        lines: Of `lines_of`.
        width: In characters.
    """
    rows = [line.cells() for line in lines]
    table = [{name: name for name in lines[0].cells()}, *rows]
    for name in (None, *_LEFT_OUT_FIRST):
        table = [{n: cell for n, cell in row.items() if n != name} for row in table]
        if _room_for_names(table, width) >= _SHORTEST_NAME:
            break
    return table


def _room_for_names(table: Sequence[Mapping[str, str]], width: int) -> int:
    others = [name for name in table[0] if name not in ("Stream", "Status")]
    taken = sum(_longest(table, name) + len(_BETWEEN) for name in others)
    return width - taken - len(_BETWEEN) - len("stopped")


def _longest(table: Sequence[Mapping[str, str]], name: str) -> int:
    return max(len(row[name]) for row in table)


def plain_lines(lines: Sequence[Line], width: int = WIDTH) -> Iterator[tuple[str, Line | None]]:
    """Yield the table as texts: its head, and each line with what it says of.

    An error for which a line has no room stands below it.

    Args:
        lines: Of `lines_of`.
        width: In characters.
    """
    table = fitted(lines, width)
    room = min(_longest(table, "Stream"), max(_SHORTEST_NAME, _room_for_names(table, width)))
    for row, line in zip(table, (None, *lines), strict=True):
        cells = [_shortened(row["Stream"], room).ljust(room)]
        for name in list(row)[1:-1]:
            aligned = str.ljust if name == "API" else str.rjust
            cells.append(aligned(row[name], _longest(table, name)))
        text, status = _BETWEEN.join(cells), row["Status"]
        if len(text) + len(_BETWEEN) + len(status) <= width:
            yield f"{text}{_BETWEEN}{status}", line
        else:
            yield f"{text}{_BETWEEN}failed", line
            yield f"{_BETWEEN}{status}", None


def _shortened(name: str, room: int) -> str:
    return name if len(name) <= room else f"{name[: room - 2]}.."


def log_table(report: Mapping[str, Any], logger: logging.Logger) -> None:
    """Log the table line by line, each with its figures as fields, and the report as JSON.

    Args:
        report: The run report, as `RunReport.content` returns it.
        logger: The tap's.
    """
    lines = lines_of(report)
    for text, line in plain_lines(lines):
        if line is None:
            told = fields("table")
        elif line is lines[-1]:
            told = fields("run_told", **_figures(line))
        else:
            told = fields("stream_told", line.stream, **_figures(line))
        logger.info("%s", text, extra=told)
    logger.info("Run report: %s", json.dumps(report), extra=fields("run_report"))


def _figures(line: Line) -> dict[str, Any]:
    return {name: value for name, value in asdict(line).items() if name != "stream"}
