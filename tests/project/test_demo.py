"""What `make demo` says and proves, without running it."""

from __future__ import annotations

import logging
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tap_versionforge_salesforce.singer.event_log import EventLog
from tap_versionforge_salesforce.singer.events import PartitionEnded
from tests.demo.__main__ import NEXT_COMMANDS, exported
from tests.demo.meltano import LogLine, Run
from tests.demo.proof import Comparison, read_json
from tests.demo.story import COLUMNS, Story
from tests.local_org.__main__ import DIRECTORY, write_config
from tests.support.processes import ROOT, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.demo.proof import Row, Witness
    from tests.local_org import LocalOrg

TYPES = {"Id": "id", "Amount": "currency", "Seats": "int", "Name": "string"}
LINE = b'{"Id": "1", "Amount": 9999999999999999.99, "Seats": 7, "Name": "Z\xc3\xbcrich"}'


class Org:
    """Stands for the org: one row."""

    def fields(self, _name: str) -> Mapping[str, str]:
        return TYPES

    def rows(self, _name: str, _types: Mapping[str, str]) -> Iterator[Row]:
        yield read_json(LINE)


def compared(*lines: bytes) -> Comparison:
    found = Comparison("Opportunity")
    found.run(cast("Witness", Org()), {read_json(line)["Id"]: line for line in lines})
    return found


def test_equal_values_are_counted_and_a_long_amount_is_shown() -> None:
    """All four values, and the digits as they stand on both sides."""
    found = compared(LINE)
    assert (found.rows, found.loaded, found.values, found.wrong) == (1, 1, 4, [])
    assert found.amount == ("1.Amount", "9999999999999999.99", "9999999999999999.99")


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        pytest.param(LINE.replace(b"99.99", b"99.98"), ["1.Amount"], id="a cent"),
        pytest.param(LINE.replace(b"\xc3\xbc", b"u"), ["1.Name"], id="a letter"),
        pytest.param(LINE.replace(b" 7", b' "7"'), ["1.Seats"], id="a type"),
        pytest.param(LINE.replace(b'"Seats": 7, ', b""), ["1.Seats"], id="a field less"),
        pytest.param(LINE.replace(b"{", b'{"More": null, '), ["1.More"], id="a field more"),
        pytest.param(LINE.replace(b'"1"', b'"2"'), ["1", "2"], id="another row"),
    ],
)
def test_every_difference_is_seen(line: bytes, wrong: list[str]) -> None:
    """One value, one field or one row that is not the same is named."""
    assert compared(line).wrong == wrong


def test_lines_fit_the_narrowest_usual_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Long texts go on in the next line, below what they belong to."""
    story = Story(2)
    story.step("step " * 30)
    story.detail("detail " * 30)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= COLUMNS
    assert [line for line in lines if line.startswith("    detail")]


def test_the_commands_to_go_on_with_work(org: LocalOrg, tmp_path: Path) -> None:
    """As they are pasted, in a clone with its environment, while the first of them runs."""
    make, *others = NEXT_COMMANDS
    assert max(map(len, "\n".join(NEXT_COMMANDS).splitlines())) <= COLUMNS
    assert f"\n{make.removeprefix('make ')}: " in (ROOT / "Makefile").read_text(encoding="utf-8")
    org.store.insert("Account", [{}] * 3)
    write_config(org, tmp_path / DIRECTORY)
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    for command in others:
        run(["sh", "-c", command], cwd=tmp_path)
    assert '"type":"RECORD"' in (tmp_path / "everything.jsonl").read_text(encoding="utf-8")


def test_an_export_is_read_back_in_one_line(org: LocalOrg, tmp_path: Path) -> None:
    """To the last digit."""
    amounts = [Decimal("9999999999999999.99"), Decimal("0.01"), None]
    org.store.insert("Opportunity", [{"Amount": amount} for amount in amounts])
    write_config(org, tmp_path)
    told, read = exported(tmp_path / "config.json", tmp_path / "rows")
    assert told.startswith("Opportunity: 3 rows in 1 file, ")
    assert Decimal(read) == Decimal("10000000000000000.00")


@pytest.mark.parametrize("calls", [0, 1, 1_234])
def test_what_the_log_says_of_a_stream_is_understood(
    caplog: pytest.LogCaptureFixture, calls: int
) -> None:
    """Also of one that another stream's request has served."""
    event_log = EventLog(logging.getLogger("demo"))
    with caplog.at_level(logging.INFO):
        event_log.take(PartitionEnded("Opportunity", 49, 0, "REST API", "", None, calls))
    run = Run()
    for message in caplog.messages:
        run.note(LogLine(message, "Opportunity"))
    assert run.streams["Opportunity"].rows == 49
    assert run.streams["Opportunity"].calls == calls
