"""The pictures in the documents show what is so today."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.pictures import benchmark, data_flow, fidelity, rooms
from tests.pictures.__main__ import FOLDER, pictures
from tests.pictures.plotting import data_in
from tests.support.fidelity import GROUPS
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

PLOTS = {"benchmark": benchmark.draw, "fidelity": fidelity.draw}
DRAWINGS = {"data-flow": data_flow.draw, "rooms": rooms.draw}


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.svg").read_text(encoding="utf-8")


def test_each_picture_is_made_by_a_command() -> None:
    """No picture is without a module that draws it, and none is left undrawn."""
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(pictures())


@pytest.mark.parametrize(("name", "draw"), DRAWINGS.items(), ids=DRAWINGS)
def test_drawings_are_current(name: str, draw: Callable[[], str]) -> None:
    """`make pictures` would change nothing."""
    assert text_of(name) == draw()


@pytest.mark.parametrize(("name", "draw"), PLOTS.items(), ids=PLOTS)
def test_plots_show_the_figures_of_today(name: str, draw: Callable[[], str]) -> None:
    """Their lines may be another matplotlib's; their data, which they carry, may not be other."""
    drawn = draw()
    assert data_in(drawn) is not None
    assert data_in(text_of(name)) == data_in(drawn)
    assert drawn == draw()


def test_the_benchmark_is_that_of_the_page() -> None:
    """Each figure of the plot stands in a row of docs/performance.md."""
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    for way, speeds in benchmark.speeds().items():
        assert len(speeds) == 4
        for columns, speed in speeds.items():
            assert re.search(rf"^\| {columns} \| {way} \|.* \| {speed:,} \|", page, re.MULTILINE)


def test_the_fidelity_plot_counts_every_case() -> None:
    """No case is left out that both APIs can serve."""
    for group, ways in fidelity.outcomes().items():
        served = sum(isinstance(case.bulk, str) for case in GROUPS[group])
        assert {sum(counts) for counts in ways.values()} == {served}


def test_the_tap_changes_nothing_in_silence() -> None:
    """The obvious way does, or the plot would show nothing."""
    silent = {
        way: sum(ways[way][2] for ways in fidelity.outcomes().values())
        for way in (fidelity.TAP, fidelity.OBVIOUS)
    }
    assert silent[fidelity.TAP] == 0
    assert silent[fidelity.OBVIOUS] > 0


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.svg")), ids=lambda path: path.stem)
def test_pictures_are_svg(path: str) -> None:
    """Any browser can show them, and what can't be seen is read out."""
    root = ET.parse(path).getroot()  # noqa: S314  our own files
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_pictures_in_documents_have_words() -> None:
    """Who can't see a picture is told what it shows."""
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    shown = [
        (path.name, words)
        for path in documents
        for words, _ in re.findall(r"!\[(.*?)\]\((.*?)\)", path.read_text(encoding="utf-8"))
    ]
    assert len(shown) > 5
    assert [name for name, words in shown if len(words) < 20] == []
