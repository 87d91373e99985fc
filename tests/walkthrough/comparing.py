"""Whether what was seen is what the document shows, numbers and times aside."""

from __future__ import annotations

import re

ELIDED = "…"
"""A line of it in a document stands for any lines, at the end of a line for the rest of it."""
_MASKS = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+\d\d:?\d\d)?\b"), "<moment>"),
    (re.compile(r"\b[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){7,}\b"), "<fingerprint>"),
    (re.compile(r"\b[0-9a-f]{32,}\b"), "<fingerprint>"),
    (re.compile(r"\b(?=[a-zA-Z]*\d)[a-zA-Z0-9]{15}(?:[A-Z0-5]{3})?\b"), "<Id>"),
    (re.compile(r"\d[\d,]*(\.\d+)?"), "#"),
    (re.compile(r"(?<=# )(\w+)s\b"), r"\1"),
    # Columns are as wide as their widest number.
    (re.compile(r"(?<=\S)[ \t]+"), " "),
    (re.compile(r"([-─━═])\1+"), r"\1"),
)


def masked(text: str) -> list[str]:
    """Return the lines with numbers, moments, Ids and fingerprints taken out."""
    for pattern, stand_in in _MASKS:
        text = pattern.sub(stand_in, text)
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def agree(shown: str, seen: str) -> bool:
    """Tell whether an output is what a document shows.

    Args:
        shown: In the document; may leave out lines, and ends of lines.
        seen: What the command has written.
    """
    parts = []
    for line in masked(shown):
        if line.strip() == ELIDED:
            parts.append(r"(?:.*\n)*?")
        elif line.endswith(ELIDED):
            parts.append(re.escape(line.removesuffix(ELIDED)) + r".*\n")
        else:
            parts.append(re.escape(line) + r"\n")
    return re.fullmatch("".join(parts), "\n".join([*masked(seen), ""])) is not None
