"""What a terminal shows, as SVG that fetches nothing from elsewhere."""

from __future__ import annotations

import io
import re

from rich.console import Console
from rich.text import Text

# rich names one at another host.
_FONT = re.compile(r"\s*@font-face \{.*?\n    \}", re.DOTALL)


def terminal_picture(shown: str, *, columns: int, title: str, name: str) -> str:
    """Return the picture.

    Args:
        shown: Lines with their escape sequences for colours.
        columns: How wide the terminal is.
        title: Of its window.
        name: Of the picture, so that two of them can stand on one page.
    """
    console = Console(file=io.StringIO(), record=True, width=columns, force_terminal=True)
    console.print(Text.from_ansi(shown), soft_wrap=True)
    return _FONT.sub("", console.export_svg(title=title, unique_id=name))
