"""What `check` prints, as tests look at it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.harness import Run, TapRunner

PERMISSIONS = ["API Enabled", "View Setup", "View All Data", "Bulk API 2.0"]
STEPS = [
    *("settings", "audience", "key", "token", "API versions", "identity", "clock", "limits"),
    *PERMISSIONS,
    "describe",
]
TWO = ["Account", "Contact"]


def check(tap: TapRunner, *arguments: str, **settings: object) -> Run:
    return tap.command("check", "--config", tap.config(**settings), *arguments)


def lines(run: Run) -> dict[str, str]:
    """Return what was found, by step, in the order of the lines; a failed one starts with FAIL."""
    found = {}
    steps, _, _ = run.stdout.partition("\n\n")
    for line in steps.splitlines():
        mark, name, text = line[:6].strip(), line[6:28].strip(), line[28:]
        found[name] = text if mark == "ok" else f"{mark} {text}".strip()
    return found


def closing(run: Run) -> list[str]:
    """Return the lines behind the steps."""
    return run.stdout.partition("\n\n")[2].splitlines()


def report_of(run: Run) -> dict[str, Any]:
    """Return what `--json` has printed."""
    return dict(json.loads(run.stdout))


def with_pair(pair: Path, certificate: str = "salesforce-tap.crt") -> dict[str, object]:
    return {
        "objects": ["Account"],
        "private_key": None,
        "private_key_path": str(pair / "salesforce-tap.key"),
        "certificate_path": str(pair / certificate),
    }
