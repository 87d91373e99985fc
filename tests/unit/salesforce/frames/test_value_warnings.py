"""What could not be kept is told once per column."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.salesforce.frames.value_warnings import (
    NUL_REMOVED,
    ValueWarning,
    ValueWarnings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LOST = "no finite number, made null"


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(written: io.StringIO) -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.unit.oddities")
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)


def test_pages_are_summed_up(logger: logging.Logger, written: io.StringIO) -> None:
    """Many pages with one trouble make one line, with the first row that had it."""
    report = ValueWarnings("Opportunity")
    report.record([ValueWarning("Amount", LOST, 2, "006A", "NaN")])
    report.record([ValueWarning("Amount", LOST, 3, "006B", "x")])
    report.log_summary(logger)
    assert written.getvalue() == (
        "WARNING Opportunity.Amount: 5 values are no finite number, made null. "
        "The first is NaN of row 006A.\n"
    )


def test_a_page_that_comes_again_counts_once(logger: logging.Logger, written: io.StringIO) -> None:
    """Parts of a page that did not come to its end are forgotten when it starts again."""
    report = ValueWarnings("Opportunity")
    first, second = (
        ValueWarning("Amount", LOST, 2, "006A", "NaN"),
        ValueWarning("Amount", LOST, 3, "006B", "x"),
    )
    report.record([first], ends_page=False)
    report.record([first], ends_page=False)
    report.record([second], starts_page=False)
    report.record([second], ends_page=False)
    report.log_summary(logger)
    assert "Opportunity.Amount: 8 values" in written.getvalue()


def test_each_column_has_its_line(logger: logging.Logger, written: io.StringIO) -> None:
    """Two columns, or two troubles of one, are two lines."""
    report = ValueWarnings("Opportunity")
    report.record(
        [ValueWarning("Amount", LOST, 1, "006A", "NaN"), ValueWarning("Rate", LOST, 1, "006A", "x")]
    )
    report.record([ValueWarning("Amount", "no whole number, made null", 1, "006A", "7.5")])
    report.log_summary(logger)
    lines = written.getvalue().splitlines()
    assert len(lines) == 3
    assert [line.split()[1] for line in lines] == [
        "Opportunity.Amount:",
        "Opportunity.Rate:",
        "Opportunity.Amount:",
    ]


def test_nul_is_no_warning(logger: logging.Logger, written: io.StringIO) -> None:
    """Removed NUL characters are one piece of information for all columns."""
    report = ValueWarnings("Account")
    report.record(
        [
            ValueWarning("Name", NUL_REMOVED, 2, "001A", "\\0"),
            ValueWarning("Fax", NUL_REMOVED, 1, "", ""),
        ]
    )
    report.log_summary(logger)
    [line] = written.getvalue().splitlines()
    assert line.startswith("INFO 3 NUL characters were removed")
    assert line.endswith("they stood in Name, Fax.")


def test_nothing_odd_is_nothing_told(logger: logging.Logger, written: io.StringIO) -> None:
    """An extraction without trouble says nothing."""
    report = ValueWarnings("Account")
    report.record([])
    report.log_summary(logger)
    assert written.getvalue() == ""
