"""Rows per second by width, as docs/performance.md has them."""

from __future__ import annotations

import re

from tests.bench.report import CELL_HEAD, DOCUMENT
from tests.pictures.drawing import INK, QUIET
from tests.pictures.plotting import Plot, style

_COLOURS = {
    "floor": "#9ca3af",
    "Bulk": "#2563eb",
    "BATCH, parquet": "#0891b2",
    "BATCH, jsonl gzip": "#7dd3fc",
    "REST": "#16a34a",
    "Bulk, record by record": "#f59e0b",
}
_NAMES = {"floor": "floor: no tap, only download and parse"}


def speeds() -> dict[str, dict[int, int]]:
    """Return the rows per second of each way, by the number of columns, out of the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    table = text.partition(f"| {' | '.join(CELL_HEAD)} |\n")[2].partition("\n\n")[0]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in table.splitlines()[1:]]
    place = {name: number for number, name in enumerate(CELL_HEAD)}
    found: dict[str, dict[int, int]] = {way: {} for way in _COLOURS}
    for row in rows:
        # Files of `export` are measured at one width only.
        if row[place["Way"]] not in found:
            continue
        speed = int(row[place["Rows/s"]].replace(",", ""))
        found[row[place["Way"]]][int(row[place["Columns"]].replace(",", ""))] = speed
    return found


def draw() -> str:
    """Return the picture."""
    found = speeds()
    widths = sorted(found["floor"])
    plot = Plot(9, 4.6, {way: list(of.items()) for way, of in found.items()})
    with style():
        axes = plot.figure.add_axes((0.085, 0.2, 0.89, 0.66))
        share = 0.8 / len(found)
        for number, (way, of) in enumerate(found.items()):
            places = [
                place + (number - (len(found) - 1) / 2) * share for place in range(len(widths))
            ]
            heights = [of.get(width, 0) for width in widths]
            bars = axes.bar(
                places, heights, share * 0.92, color=_COLOURS[way], label=_NAMES.get(way, way)
            )
            if way == "Bulk":
                labels = [f"{height:,}" for height in heights]
                axes.bar_label(
                    bars, labels, label_type="center", rotation=90, fontsize=9, color="white"
                )
        axes.set_yscale("log")
        axes.set_ylim(500, 700_000)
        axes.set_yticks([1_000, 10_000, 100_000], ["1,000", "10,000", "100,000"])
        axes.set_xticks(range(len(widths)), [f"{width} columns" for width in widths])
        axes.tick_params(axis="x", length=0)
        axes.grid(axis="y", color="#e5e7eb")
        axes.set_axisbelow(True)
        axes.set_title("Rows per second, logarithmic", loc="left", fontsize=12, color=INK)
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3, frameon=False, labelcolor=QUIET
        )
    return plot.svg()
