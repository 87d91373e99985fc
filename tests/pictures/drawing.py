"""Boxes, arrows and words as SVG: the same bytes each time, and no font of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

INK, QUIET, GROUND = "#1f2937", "#6b7280", "#ffffff"
FILLS = {
    "salesforce": "#dbeafe",
    "tap": "#ffffff",
    "good": "#dcfce7",
    "target": "#fef3c7",
    "room": "#f3f4f6",
}
_LINE = 17


@dataclass(frozen=True)
class Box:
    """A box with a heading and lines of words, at a place."""

    x: int
    y: int
    width: int
    height: int
    title: str
    lines: tuple[str, ...] = ()
    fill: str = "tap"

    @property
    def left(self) -> tuple[int, int]:
        """The middle of its left side."""
        return self.x, self.y + self.height // 2

    @property
    def right(self) -> tuple[int, int]:
        """The middle of its right side."""
        return self.x + self.width, self.y + self.height // 2

    @property
    def top(self) -> tuple[int, int]:
        """The middle of its upper side."""
        return self.x + self.width // 2, self.y

    @property
    def bottom(self) -> tuple[int, int]:
        """The middle of its lower side."""
        return self.x + self.width // 2, self.y + self.height


@dataclass
class Drawing:
    """What is drawn, in its order.

    Args:
        width: In pixels.
        height: In pixels.
        title: What is read to who can't see it.
    """

    width: int
    height: int
    title: str
    _parts: list[str] = field(default_factory=list)

    def box(self, box: Box) -> Box:
        """Draw a box; return it."""
        self._parts.append(
            f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8" '
            f'fill="{FILLS[box.fill]}" stroke="{INK}" stroke-width="1.2"/>'
        )
        middle = box.x + box.width // 2
        first = box.y + (box.height - _LINE * len(box.lines)) // 2 + 5
        self.words(middle, first, box.title, weight=600)
        for number, line in enumerate(box.lines, start=1):
            self.words(middle, first + number * _LINE, line, colour=QUIET, size=12)
        return box

    def frame(self, x: int, y: int, width: int, height: int, title: str) -> None:
        """Draw a frame around boxes, with its name in the corner."""
        self._parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="12" '
            f'fill="{FILLS["room"]}" stroke="{QUIET}" stroke-dasharray="5 4"/>'
        )
        self.words(x + 14, y + 22, title, weight=600, anchor="start")

    def arrow(self, *points: tuple[int, int], words: str = "", dashed: bool = False) -> None:
        """Draw an arrow along some points, with words above its level part."""
        path = " ".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y) in enumerate(points))
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self._parts.append(
            f'<path d="{path}" fill="none" stroke="{INK}" stroke-width="1.4"{dash} '
            'marker-end="url(#tip)"/>'
        )
        if words:
            (x1, y1), (x2, y2) = points[-2:] if points[-2][1] == points[-1][1] else points[:2]
            self.words((x1 + x2) // 2, (y1 + y2) // 2 - 6, words, colour=QUIET, size=12)

    def words(
        self,
        x: int,
        y: int,
        text: str,
        *,
        colour: str = INK,
        size: int = 14,
        weight: int = 400,
        anchor: str = "middle",
    ) -> None:
        """Write some words."""
        self._parts.append(
            f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
            f'text-anchor="{anchor}">{escape(text)}</text>'
        )

    def svg(self) -> str:
        """Return the picture."""
        return "\n".join(
            [
                (
                    f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" '
                    f'height="{self.height}" viewBox="0 0 {self.width} {self.height}" role="img" '
                    'font-family="system-ui, Segoe UI, DejaVu Sans, sans-serif">'
                ),
                f"<title>{escape(self.title)}</title>",
                (
                    '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
                    f'markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" fill="{INK}"/>'
                    "</marker></defs>"
                ),
                f'<rect width="{self.width}" height="{self.height}" rx="12" fill="{GROUND}"/>',
                *self._parts,
                "</svg>\n",
            ]
        )
