"""A sync at a terminal: what is shown meanwhile, and what stands there at the end."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.local_org.answers import errors
from tests.local_org.conditions import faults, outages
from tests.support import processes
from tests.support.harness import parse
from tests.support.terminal_process import run_at_terminal

if TYPE_CHECKING:
    import pexpect

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner
    from tests.support.screen import Screen

LAST_WEEK = datetime.now(timezone.utc) - timedelta(days=7)
REFUSED = outages.salesforce(errors.SalesforceError(403, "INSUFFICIENT_ACCESS", "Not for you."))
OBJECTS = ["Account", "Contact", "User"]


@pytest.fixture
def rows(org: LocalOrg) -> dict[str, int]:
    """Fill the org; its Bulk job takes a few looks."""
    org.settings.job_transition, org.settings.job_polls = "after_polls", 1
    numbers = {"Account": 2_500, "Contact": 3, "User": 4}
    for name, number in numbers.items():
        org.store.insert(name, [{}] * number, stamp=LAST_WEEK)
    return numbers


def test_what_is_shown(org: LocalOrg, tap: TapRunner, rows: dict[str, int]) -> None:
    """Meanwhile what is done, with the job's page; at the end a line each, and the table."""
    org.faults.add(faults.querying("Contact"), REFUSED, times=None)
    seen = run_at_terminal(tap, "--config", tap.config(objects=OBJECTS))
    screen = seen.screen
    assert seen.exit_code == 7, screen.text
    # Meanwhile.
    assert "Account ━" in screen.shown
    at_salesforce = r"Salesforce has found [\d,]+ rows|Salesforce is at it|queued at Salesforce"
    assert re.search(at_salesforce, screen.shown)
    assert f"{org.url}/lightning/setup/AsyncApiJobStatus/page" in screen.shown.replace("\n", "")
    assert any(address.startswith(org.url) for address in screen.links)
    assert "0 of 3 streams" in screen.shown
    # At the end.
    lines = screen.lines
    assert any(line.startswith("✓ Account 2,500 rows, Bulk API 2.0") for line in lines)
    assert any(line.startswith("✗ Contact failed [") for line in lines)
    table = re.findall(r"^(Account|Contact|User) +(\S+) +([\d,]+) ", screen.text, re.MULTILINE)
    assert table == [
        ("Account", "Bulk", "2,500"),
        ("Contact", "-", "0"),
        ("User", "REST", f"{rows['User']}"),
    ]
    # Nothing of the display is left, and each line of the log is whole.
    assert "━" not in screen.text
    assert "streams, " not in screen.text
    assert re.search(r"^\S+ \S+ \| ERROR .+ Contact", screen.shown, re.MULTILINE)
    assert screen.column == 0
    # What was never hidden need not be shown again.
    assert not [control for control in screen.controls if control.startswith("?")]
    # stdout has messages alone.
    kinds = {message["type"] for message in seen.messages}
    assert kinds == {"SCHEMA", "RECORD", "STATE"}
    assert sum(message["type"] == "RECORD" for message in seen.messages) == 2_500 + rows["User"]


def test_a_narrow_terminal_without_colours(
    org: LocalOrg, tap: TapRunner, rows: dict[str, int]
) -> None:
    """No line of the display is broken by the terminal, and NO_COLOR is kept."""
    del org, rows
    settings = tap.config(objects=OBJECTS)
    seen = run_at_terminal(tap, "--config", settings, size=(10, 40), NO_COLOR="1")
    assert seen.exit_code == 0, seen.screen.text
    assert "2,500 of 2,500 rows" in seen.screen.shown or "of about 2,500 rows" in seen.screen.shown
    colours = [control for control in seen.screen.controls if control.endswith("m")]
    assert all(re.fullmatch(r"(?:[0-9];?)*m", control) for control in colours), colours
    assert any(line.startswith("Account") and "2,500" in line for line in seen.screen.lines)


def test_messages_at_the_terminal(org: LocalOrg, tap: TapRunner, rows: dict[str, int]) -> None:
    """Where somebody reads stdout there, too, nothing is drawn over it."""
    del org
    settings = tap.config(objects=["User"])
    seen = run_at_terminal(tap, "--config", settings, behind=None, size=(24, 20_000))
    assert seen.exit_code == 0, seen.screen.text
    assert "0 of 1 stream" not in seen.screen.shown
    assert "User: REST API, because" in seen.screen.shown
    records = [line for line in seen.screen.lines if line.startswith('{"type":"RECORD"')]
    assert len(records) == rows["User"]
    assert all(json.loads(record) for record in records)


def test_a_dumb_terminal_has_the_log(org: LocalOrg, tap: TapRunner, rows: dict[str, int]) -> None:
    """Nothing moves, erases or colours; the table is lines of the log."""
    del org, rows
    seen = run_at_terminal(tap, "--config", tap.config(objects=OBJECTS), TERM="dumb")
    assert seen.exit_code == 0, seen.screen.text
    assert seen.screen.controls == []
    assert "Account: Bulk API 2.0, because" in seen.screen.shown
    assert re.search(r"\| Account +Bulk +2,500 ", seen.screen.shown)


def test_quiet(org: LocalOrg, tap: TapRunner, rows: dict[str, int]) -> None:
    """At a terminal, too: nothing where nothing is wrong."""
    del org
    config = tap.config(objects=OBJECTS)
    # The SDK warns of the oldest Python that is still supported.
    seen = run_at_terminal(tap, "--quiet", "--config", config, PYTHONWARNINGS="ignore")
    assert seen.exit_code == 0
    assert seen.screen.shown == ""
    assert len(seen.messages) > rows["Account"]


def test_ctrl_c(org: LocalOrg, tap: TapRunner, rows: dict[str, int]) -> None:
    """The display is gone, and the table says which stream was stopped."""
    del rows
    org.settings.job_transition = "never"
    sent: list[str] = []

    def interrupt(process: pexpect.spawn[str], screen: Screen) -> None:
        if "AsyncApiJobStatus" in screen.shown and not sent:
            sent.append("^C")
            process.sendintr()

    settings = tap.config(objects=["Account"], api_mode="bulk")
    seen = run_at_terminal(tap, "--config", settings, when=interrupt)
    assert seen.exit_code == 130, seen.screen.text
    lines = seen.screen.lines
    assert any(line.startswith("- Account stopped") for line in lines), seen.screen.text
    assert any(re.match(r"Account +.* stopped$", line) for line in lines)
    assert "Stopped. The next run" in seen.screen.shown
    assert "━" not in seen.screen.text
    assert seen.screen.column == 0
    assert not [control for control in seen.screen.controls if control.startswith("?")]


def test_a_target_that_ends_early(org: LocalOrg, tap: TapRunner, rows: dict[str, int]) -> None:
    """The display is gone, and one line says what has happened."""
    del rows
    org.faults.add("*/results*", faults.delay(0.3), times=1)
    settings = tap.config(objects=["Account"], api_mode="bulk")
    seen = run_at_terminal(tap, "--config", settings, behind="head -1 > /dev/null")
    assert "━" not in seen.screen.text
    assert "Traceback" not in seen.screen.text
    assert seen.screen.shown.count("The target has closed its input") == 1
    assert seen.screen.column == 0


def test_a_terminal_that_goes_away(org: LocalOrg, tap: TapRunner, rows: dict[str, int]) -> None:
    """Its window is closed meanwhile: all rows come, the report is written, and no error."""
    del org
    report, output = tap.folder / "report.json", tap.folder / "stdout"
    config = tap.config(objects=["Account", "User"], report_path=str(report))
    ours, its = os.openpty()
    environment = processes.environment(TERM="xterm-256color")
    with output.open("wb") as stdout:
        process = processes.start(
            [processes.TAP, "--config", config], stdout=stdout, stderr=its, env=environment
        )
    os.close(its)
    shown = b""
    while b"0 of 2 streams" not in shown:
        shown += os.read(ours, 65_536)
    os.close(ours)
    assert process.wait(60) == 0
    messages = parse(output.read_text(encoding="utf-8"))
    written = sum(message["type"] == "RECORD" for message in messages)
    assert written == rows["Account"] + rows["User"]
    assert [each["error"] for each in json.loads(report.read_text())["streams"]] == [None, None]
