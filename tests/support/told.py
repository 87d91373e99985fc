"""What a user is told: the one line that every wrong input has to end in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import Run, TapRunner

GONE = object()
"""Instead of a value: the setting is left out."""


def assert_told(run: Run, *words: str, code: str | None = None) -> None:
    """Exit code 2, nothing on stdout, and one line of error with these words."""
    assert run.exit_code == 2, run.log
    assert run.stdout == ""
    assert "Traceback" not in run.log
    told = [line for line in run.log.splitlines() if "ERROR" in line]
    assert len(told) == 1, run.log
    assert run.log.rstrip().endswith(told[0])
    assert [word for word in words if word not in told[0]] == [], told[0]
    assert code is None or told[0].endswith(f"[{code}]")
    assert "[hidden]" not in told[0]


def config_file(org: LocalOrg, tap: TapRunner, changes: dict[str, Any]) -> str:
    merged = {"objects": ["Account"], **org.config(), **changes}
    return tap.file("config.json", {n: v for n, v in merged.items() if v is not GONE})
