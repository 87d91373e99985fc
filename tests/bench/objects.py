"""Orgs of many objects without rows: what each object takes of the tap's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tests.bench.measure import LINE, measure
from tests.bench.org import ReadyOrgProcess
from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Mode = Literal["discover", "sync", "sync with a catalog"]
_SCHEMA = '{"type":"SCHEMA"'
MODES: tuple[Mode, ...] = ("discover", "sync", "sync with a catalog")


def peaks(folder: Path, mode: Mode, *, columns: int, counts: Sequence[int]) -> list[int]:
    """Return the peak of memory of a run with each of some numbers of objects."""
    return [
        _peak(folder / str(count), mode, columns, [f"Thing{n:04d}__c" for n in range(count)])
        for count in counts
    ]


def _peak(folder: Path, mode: Mode, columns: int, names: Sequence[str]) -> int:
    with ReadyOrgProcess(folder, columns=columns, rows=dict.fromkeys(names, 0)) as org:
        command: list[str | Path] = [
            *(processes.TAP, "--config"),
            org.tap_config(objects=list(names)),
        ]
        if mode == "discover":
            command.append("--discover")
        elif mode == "sync with a catalog":
            catalog = folder / "catalog.json"
            catalog.write_text(processes.run([*command, "--discover"]).stdout, encoding="utf-8")
            command += ["--catalog", catalog]
        result = measure(command, marker=LINE if mode == "discover" else _SCHEMA)
    if result.exit_code or result.rows < len(names):
        raise processes.ProgramFailedError(result.log)
    return result.peak_bytes
