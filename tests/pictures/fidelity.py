"""What becomes of values that hurt: by the tap, and by the obvious way to read the same bytes.

The cases are those of `tests/support/fidelity.py`; what the tap makes of each is proven by
`tests/integration/salesforce/frames/test_fidelity.py`. The obvious way is run here: Python's `json`
for a REST answer, its `csv` with `int` and `float` for a Bulk result.
"""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.pictures.drawing import INK, QUIET
from tests.pictures.plotting import Plot, style
from tests.support.fidelity import GROUPS

if TYPE_CHECKING:
    from tests.support.fidelity import Case

TAP, OBVIOUS = "this tap", "json, csv and float()"
KEPT, TOLD, SILENT = (
    "kept, alike by both APIs",
    "can't be kept: told",
    "not exact or not alike: silent",
)
_COLOURS = {KEPT: "#16a34a", TOLD: "#f59e0b", SILENT: "#dc2626"}
_TITLES = {
    "texts": "Texts",
    "numbers": "Amounts",
    "integers": "Whole numbers",
    "booleans": "Booleans",
    "dates": "Dates and times",
}
_FLOATS, _INTEGERS = ("currency", "percent", "double"), ("int", "long")
_TYPES = {**dict.fromkeys(_FLOATS, (float, int)), **dict.fromkeys(_INTEGERS, (int,))}


def outcomes() -> dict[str, dict[str, list[int]]]:
    """Return how many cases of each group are kept, told and silently changed, by each way."""
    found = {}
    for group in _TITLES:
        # What Bulk can't serve has nothing to agree with.
        cases = [case for case in GROUPS[group] if isinstance(case.bulk, str)]
        fates = {
            TAP: [KEPT if case.told is None else TOLD for case in cases],
            OBVIOUS: [_obvious_fate(case) for case in cases],
        }
        found[group] = {
            way: [of.count(fate) for fate in (KEPT, TOLD, SILENT)] for way, of in fates.items()
        }
    return found


def _obvious_fate(case: Case) -> str:
    """Return what becomes of a value that nobody looks at twice."""
    assert isinstance(case.rest, str)
    assert isinstance(case.bulk, str)
    assert case.record is not None
    by_rest, by_bulk = json.loads(case.rest), _by_csv(case.type, case.bulk)
    agrees = json.dumps(by_rest) == json.dumps(by_bulk)
    is_exact = _exactly(json.dumps(by_rest)) in (_exactly(case.rest), _exactly(case.record))
    kind = bool if case.type == "boolean" else _TYPES.get(case.type, str)
    fits = by_rest is None or (
        isinstance(by_rest, kind) and isinstance(by_rest, bool) == (kind is bool)
    )
    return KEPT if agrees and is_exact and fits else SILENT


def _exactly(text: str) -> object:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=str)


def _by_csv(kind: str, text: str) -> object:
    """Return what the usual few lines make of a CSV value."""
    if text == "":
        return None
    if kind == "boolean":
        return text == "true"
    with suppress(ValueError):
        if kind in _INTEGERS:
            return int(text)
        if kind in _FLOATS:
            return float(text)
    return text


def draw() -> str:
    """Return the picture."""
    found = outcomes()
    plot = Plot(9, 4.4, found)
    with style():
        axes = plot.figure.add_axes((0.31, 0.17, 0.65, 0.72))
        places: list[float] = []
        labels: list[str] = []
        for row, (group, ways) in enumerate(found.items()):
            for number, (way, counts) in enumerate(ways.items()):
                place, left = row * 2.6 + number, 0
                for (fate, colour), count in zip(_COLOURS.items(), counts, strict=True):
                    first = fate if not places else None
                    bar = axes.barh(place, count, 0.86, left=left, color=colour, label=first)
                    shown = [str(count) if count else ""]
                    axes.bar_label(bar, shown, label_type="center", fontsize=9, color="white")
                    left += count
                places.append(place)
                labels.append(f"{_TITLES[group]}: {way}" if way == TAP else way)
        axes.set_yticks(places, labels)
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        axes.spines["left"].set_visible(False)
        axes.set_title("Kinds of values that are known to hurt", loc="left", fontsize=12, color=INK)
        order = axes.get_legend_handles_labels()
        axes.legend(
            *order,
            loc="upper center",
            bbox_to_anchor=(0.35, -0.08),
            ncols=3,
            frameon=False,
            labelcolor=QUIET,
        )
    return plot.svg()
