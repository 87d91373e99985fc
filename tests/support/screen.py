"""A terminal as somebody sees it: what is written to it → the lines that stand on it."""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter

_SEQUENCE = re.compile(
    r"\x1b\](?P<link>8;[^\x1b\x07]*)(?:\x1b\\|\x07)"  # OSC 8: a link begins or ends
    r"|\x1b\[(?P<numbers>[0-9;?]*)(?P<command>[A-Za-z])"
    r"|(?P<text>[^\x1b\r\n]+|[\r\n])"
)


class Screen:
    """As many lines as are written, those too that a window would have scrolled away.

    What is written and not understood fails: then this is not what somebody sees.

    Args:
        columns: Of the terminal.
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        # Each character with the numbers of its colours.
        self._lines = [list[tuple[str, str]]()]
        self._colours = ""
        self._row = self._column = 0
        #: All that was ever written, without what moves, erases and colours.
        self.shown = ""
        #: What moved, erased and coloured, each with its numbers.
        self.controls: list[str] = []
        #: Addresses that were linked.
        self.links: list[str] = []
        self._rest = ""

    @property
    def lines(self) -> list[str]:
        """Return the lines, without blanks at their ends."""
        return ["".join(character for character, _ in line).rstrip() for line in self._lines]

    @property
    def text(self) -> str:
        """Return all lines."""
        return "\n".join(self.lines)

    @property
    def coloured_lines(self) -> list[str]:
        """Return the lines with the sequences that colour them."""
        return [
            "".join(
                f"\x1b[{colours}m{''.join(character for character, _ in group)}\x1b[0m"
                for colours, group in groupby(line, key=itemgetter(1))
            )
            for line in self._lines
        ]

    @property
    def column(self) -> int:
        """Return where the cursor stands in its line."""
        return self._column

    def write(self, text: str) -> None:
        """Take what is written, in pieces of any size."""
        text, position = self._rest + text, 0
        while position < len(text):
            match = _SEQUENCE.match(text, position)
            if match is None:  # the rest of it is still to come
                assert len(text) - position < 1_000, repr(text[position : position + 20])
                break
            position = match.end()
            if match["text"] is not None:
                self._print(match["text"])
            elif match["command"] is not None:
                self._control(match["command"], match["numbers"])
            elif address := match["link"].split(";", 2)[2]:
                self.links.append(address)
        self._rest = text[position:]

    def _print(self, text: str) -> None:
        self.shown += text
        if text == "\r":
            self._column = 0
        elif text == "\n":
            self._down()
        else:
            for character in text:
                if self._column == self._columns:
                    self._column = 0
                    self._down()
                line = self._lines[self._row]
                line += [(" ", "")] * (self._column + 1 - len(line))
                line[self._column] = (character, self._colours)
                self._column += 1

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append([])

    def _control(self, command: str, numbers: str) -> None:
        self.controls.append(f"{numbers}{command}")
        if command == "m":  # each begins anew, as rich writes them
            self._colours = numbers
        elif command == "A":
            self._row = max(0, self._row - int(numbers or 1))
        elif command == "K":
            del self._lines[self._row][0 if numbers == "2" else self._column :]
        else:
            msg = f"CSI {numbers}{command}"
            raise AssertionError(msg)
