"""The rooms of the package and who asks whom: each arrow is an import that there is."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.pictures.drawing import QUIET, Box, Drawing
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = "tap_versionforge_salesforce"
_FOLDER = ROOT / _PACKAGE
# Each room with its place; the arrows lead from who asks to who is asked.
_ROOMS = {
    "cli": Box(40, 50, 180, 60, "cli/", ("commands, exit codes",)),
    "singer": Box(260, 50, 200, 60, "singer/", ("the tap, its streams, a run",)),
    "singer.sync": Box(500, 50, 200, 60, "singer/sync/", ("bookmark to present",)),
    "singer.output": Box(740, 50, 200, 60, "singer/output/", ("RECORD lines, BATCH files",)),
    "settings": Box(40, 150, 180, 60, "settings/", ("declared and checked once",)),
    "export": Box(260, 150, 120, 60, "export/", ("files",)),
    "engine": Box(420, 150, 140, 60, "engine/", ("DataFrames",)),
    "spark": Box(770, 150, 120, 60, "spark/", ("a cluster",)),
    "salesforce.query": Box(500, 270, 200, 60, "query/", ("the rows of one SELECT",)),
    "salesforce.reconcile": Box(740, 270, 170, 60, "reconcile/", ("now against before",)),
    "salesforce.client": Box(
        260, 270, 200, 60, "org, describes, client", ("one method an endpoint",)
    ),
    "salesforce.http": Box(260, 370, 200, 60, "http/", ("a request, until answered",)),
    "salesforce.frames": Box(740, 370, 200, 60, "frames/", ("bytes to Frame",)),
    "salesforce.objects": Box(500, 370, 200, 60, "objects/", ("describes, columns, SOQL",)),
    "salesforce.auth": Box(40, 370, 180, 60, "auth/", ("who signs in",)),
    "salesforce.support": Box(
        260, 470, 440, 50, "support/", ("clock, threads, signals, redaction",)
    ),
}
_ARROWS = (
    ("cli", "singer"),
    ("singer", "singer.sync"),
    ("singer", "settings"),
    ("export", "engine"),
    ("engine", "salesforce.query"),
    ("spark", "engine"),
    ("singer.output", "salesforce.frames"),
    ("singer.sync", "salesforce.query"),
    ("singer.sync", "salesforce.reconcile"),
    ("settings", "salesforce.auth"),
    ("salesforce.query", "salesforce.client"),
    ("salesforce.query", "salesforce.frames"),
    ("salesforce.query", "salesforce.objects"),
    ("salesforce.reconcile", "salesforce.frames"),
    ("salesforce.client", "salesforce.http"),
    ("salesforce.frames", "salesforce.objects"),
    ("salesforce.http", "salesforce.auth"),
    ("salesforce.http", "salesforce.support"),
    ("salesforce.objects", "salesforce.support"),
)
_ROW = 120
# Modules of the foundation that stand in no folder.
_ALONE = {f"salesforce.{name}": "salesforce.client" for name in ("client", "describes", "org")}


def draw() -> str:
    """Return the picture."""
    seen = _imports()
    arrows = (*_ARROWS, ("singer", "singer.output"))
    assert [arrow for arrow in arrows if arrow not in seen] == []
    picture = Drawing(980, 560, "The rooms of the package; an arrow points to what is asked")
    picture.frame(20, 16, 940, 212, "The Singer tap, and faces without Singer")
    picture.frame(20, 240, 940, 304, "salesforce/")
    picture.words(830, 532, "a client library: no Singer", colour=QUIET, size=12)
    for box in _ROOMS.values():
        picture.box(box)
    for asking, asked in _ARROWS:
        picture.arrow(*_between(_ROOMS[asking], _ROOMS[asked]))
    # Over what stands between them.
    (x1, y1), (x2, y2) = _ROOMS["singer"].top, _ROOMS["singer.output"].top
    picture.arrow((x1, y1), (x1, y1 - 14), (x2, y2 - 14), (x2, y2))
    return picture.svg()


def _between(asking: Box, asked: Box) -> tuple[tuple[int, int], tuple[int, int]]:
    if asking.x == asked.x and asked.y - asking.y > _ROW * 2:
        # Along the other side of what stands between them.
        side = asking.x + asking.width - 14
        return (side, asking.y + asking.height), (side, asked.y)
    if asking.y == asked.y:
        return (asking.right, asked.left) if asking.x < asked.x else (asking.left, asked.right)
    is_above = asked.x < asking.bottom[0] < asked.x + asked.width
    if asking.x == asked.x or (asked.width > asking.width and is_above):
        return asking.bottom, (asking.bottom[0], asked.y)
    return asking.bottom, asked.top


def _imports() -> set[tuple[str, str]]:
    """Return which room imports from which other one."""
    found = set()
    for path in _FOLDER.rglob("*.py"):
        here = _room(path.relative_to(_FOLDER).with_suffix("").as_posix().replace("/", "."))
        for name in _imported(path):
            there = _room(name.removeprefix(f"{_PACKAGE}."))
            if here and there and here != there:
                found.add((here, there))
    return found


def _imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = (node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {name for name in modules if name and name.startswith(_PACKAGE)}


def _room(module: str) -> str:
    if module in _ALONE:
        return _ALONE[module]
    parents = [room for room in _ROOMS if module == room or module.startswith(f"{room}.")]
    return max(parents, key=len, default="")
