"""The table at the end of a run has the figures of the run report, and fits."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from rich.console import Console

from tap_versionforge_salesforce.singer.display.table import table_of
from tap_versionforge_salesforce.singer.end_table import (
    WIDTH,
    fitted,
    lines_of,
    log_table,
    plain_lines,
)

LONG = "A_Rather_Long_Name_Of_An_Object_In_Some_Package__c"


def usage(calls: int, size: int, seconds: float, waited: float) -> dict[str, Any]:
    return {
        "calls": calls,
        "received_bytes": size,
        "seconds": seconds,
        "waiting_seconds": waited,
    }


def stream(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  as JSON has them
    return {
        "stream": name,
        "api": "Bulk API 2.0",
        "rows": 97_750,
        "jobs": 1,
        "error": None,
        "is_stopped": False,
        "usage": usage(5, 12_345_678, 34.04, 20.5),
        **more,
    }


def report(*streams: dict[str, Any]) -> dict[str, Any]:
    return {
        "is_complete": all(each["error"] is None for each in streams),
        "rows": sum(each["rows"] for each in streams),
        "usage": usage(44, 98_765_432, 345.6, 120.0),
        "streams": list(streams),
        "quota": {"bulk_jobs": {"used_by_run": 3}},
    }


REPORT = report(
    stream("Account"),
    stream("Case", api=None, rows=0, jobs=0, error="request-refused", usage=None),
    stream("Contact", api="REST API", rows=12, jobs=0, is_stopped=True),
)


def test_the_table_says_what_the_report_says() -> None:
    """Per stream and in all; what failed has its code."""
    assert [text for text, _ in plain_lines(lines_of(REPORT))] == [
        "Stream     API     Rows  Calls  Jobs    MB  Seconds  Waited s  Status",
        "Account    Bulk  97,750      5     1  12.3     34.0      20.5  ok",
        "Case       -          0      0     0   0.0      0.0       0.0  request-refused",
        "Contact    REST      12      5     0  12.3     34.0      20.5  stopped",
        "3 streams        97,762     44     3  98.8    345.6     120.0  2 not ok",
    ]


@pytest.mark.parametrize("width", [WIDTH, 60, 40, 30])
def test_no_line_is_too_long(width: int) -> None:
    """A long name is cut, and on a narrow terminal columns are left out; rows never are."""
    lines = lines_of(report(stream(LONG, rows=123_456_789), stream("B", error="no-server-time")))
    texts = [text for text, _ in plain_lines(lines, width)]
    assert max(map(len, texts)) <= width
    assert any("no-server-time" in text for text in texts)
    assert "123,456,789" in texts[1]
    assert "Rows" in fitted(lines, width)[0]
    console = Console(file=io.StringIO(), record=True, width=width, force_terminal=True)
    console.print(table_of(lines, width))
    drawn = console.export_text()
    assert max(map(len, drawn.splitlines())) <= width
    assert "123,456,789" in drawn


def test_a_terminal_shows_the_same_cells() -> None:
    """The same function makes them for both."""
    console = Console(file=io.StringIO(), record=True, width=WIDTH, force_terminal=True)
    console.print(table_of(lines_of(REPORT), WIDTH))
    drawn = console.export_text()
    for row in fitted(lines_of(REPORT), WIDTH):
        for cell in row.values():
            assert cell in drawn


def test_the_log_has_the_figures_as_fields(caplog: pytest.LogCaptureFixture) -> None:
    """For structured logging; the report itself comes last."""
    with caplog.at_level(logging.INFO):
        log_table(REPORT, logging.getLogger("tap"))
    told = {record.stream: vars(record) for record in caplog.records if "rows" in vars(record)}  # type: ignore[attr-defined]
    account = told["Account"]
    assert (account["event_name"], account["api"], account["status"]) == (
        "stream_told",
        "Bulk",
        "ok",
    )
    assert (account["rows"], account["calls"], account["jobs"]) == (97_750, 5, 1)
    assert told["Case"]["status"] == "request-refused"
    assert (told[None]["event_name"], told[None]["rows"]) == ("run_told", 97_762)
    assert caplog.messages[-1].startswith("Run report: {")
