"""What has been tried, for whoever wants to know what "nothing lost" rests on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.support.text_table import table


@dataclass
class Tried:
    """What has been tried.

    Attributes:
        scenarios: Orgs that were begun empty.
        operations: What happened to the org between and during runs, by name.
        runs: Runs of the tap, by exit code.
        faults: Faults that struck, by name.
        kills: Processes killed.
        states: STATE messages that a next run began from.
        compared: Rows of org and target that were compared.
        reconciled: Streams that were reconciled in a quiet run.
        lost: Of these, rows that the target did not have as the org had them.
        problems: What was not as it is promised, for people.
    """

    scenarios: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    runs: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    states: int = 0
    compared: int = 0
    reconciled: int = 0
    lost: int = 0
    problems: list[str] = field(default_factory=list)

    def rows(self) -> list[tuple[str, str]]:
        """Return each figure with its name."""
        return [
            ("scenarios", f"{self.scenarios:,}"),
            ("operations on the org", _counted(self.operations)),
            ("runs of the tap", f"{self.runs.total():,}"),
            ("runs by exit code", _by_name(self.runs)),
            ("processes killed", f"{self.kills:,}"),
            ("faults that struck", _counted(self.faults)),
            ("STATE messages that a run began from", f"{self.states:,}"),
            ("rows compared", f"{self.compared:,}"),
            ("streams reconciled in quiet runs", f"{self.reconciled:,}"),
            ("rows lost", f"{self.lost:,}"),
        ]

    def text(self) -> str:
        """Return the figures as a table for a terminal."""
        return "\n".join(table([("Tried", "How much"), *self.rows()]))

    def markdown(self) -> str:
        """Return the figures as a Markdown table."""
        lines = [f"| {name} | {value} |" for name, value in self.rows()]
        return "\n".join(["| Tried | How much |", "| --- | --- |", *lines])


def _counted(counts: Counter[str]) -> str:
    return f"{counts.total():,}: {_by_name(counts)}" if counts else "0"


def _by_name(counts: Counter[str] | Counter[int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items(), key=str))
