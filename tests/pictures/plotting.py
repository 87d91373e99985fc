"""What the plots share: sober, the same bytes each time, and the figures inside, as text."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.pictures.drawing import GROUND, INK, QUIET

if TYPE_CHECKING:
    from collections.abc import Mapping

# Any: not each matplotlib types the names of its parameters.
_STYLE: Any = {
    # Without it, names inside the file would differ each time.
    "svg.hashsalt": "tap-versionforge-salesforce",
    # Text stays text, in whichever font the reader has.
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": GROUND,
}
_DATA = re.compile(r"<dc:description>\s*(.*?)\s*</dc:description>", re.DOTALL)


class Plot:
    """A figure to draw in, and the figures that it shows."""

    def __init__(self, width: float, height: float, data: Mapping[str, Any]) -> None:
        with mpl.rc_context(_STYLE):
            self.figure = Figure(figsize=(width, height))
        self._data = data

    def svg(self) -> str:
        """Return the picture, with its data as the description."""
        written = io.StringIO()
        description = json.dumps(self._data, ensure_ascii=True)
        with mpl.rc_context(_STYLE):
            metadata = {"Date": None, "Creator": None, "Description": description}
            self.figure.savefig(written, format="svg", metadata=metadata)
        # Editors and git want no blanks at the ends of lines.
        return re.sub(r" +$", "", written.getvalue(), flags=re.MULTILINE)


def style() -> Any:  # noqa: ANN401  a context manager of matplotlib's
    """Return the context in which axes are made."""
    return mpl.rc_context(_STYLE)


def data_in(svg: str) -> Any:  # noqa: ANN401  JSON
    """Return the figures that a plot shows; None where it is none."""
    found = _DATA.search(svg)
    if found is None:
        return None
    text = found[1]
    for entity, character in (("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return json.loads(text)
