"""What a document asks its reader to type, to write into a file, and what it says will be seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHELL, OUTPUT, JSON = "sh", "text", "json"
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_WRITTEN_FILE = re.compile(r"^Write `(?P<name>[\w./-]+)`", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: Behind the fence.
        text: What is in it.
        line: Where it begins in the document, from 1 on.
        before: The paragraph before it.
    """

    language: str
    text: str
    line: int
    before: str


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes:
        line: Where it stands in the document.
        commands: To be typed; empty where a file is to be written.
        shown: What is seen then, as the document has it; None where it shows nothing.
        file: To be written.
        content: Into that file.
    """

    line: int
    commands: str = ""
    shown: str | None = None
    file: str = ""
    content: str = ""


def blocks(document: str) -> Iterator[Block]:
    """Yield the fenced blocks of a Markdown document that name a language."""
    for found in _FENCE.finditer(document):
        text = re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE)
        before = document[: found.start()].rstrip().rpartition("\n\n")[2]
        line = document.count("\n", 0, found.start()) + 1
        yield Block(found["language"], text, line, before)


def steps(document: str) -> list[Step]:
    """Return what there is to do, in order: commands with their output, and files to write."""
    found: list[Step] = []
    for block in blocks(document):
        if block.language == SHELL:
            found.append(Step(block.line, commands=block.text))
        elif block.language == OUTPUT and found and found[-1].commands and not found[-1].shown:
            found[-1] = Step(found[-1].line, commands=found[-1].commands, shown=block.text)
        elif block.language == JSON and (name := _WRITTEN_FILE.search(block.before)):
            found.append(Step(block.line, file=name["name"], content=block.text))
    return found


def with_output(document: str, step: Step, output: str) -> str:
    """Return the document with another output behind the commands of a step."""
    lines = document.splitlines(keepends=True)
    begin = lines.index(f"```{OUTPUT}\n", step.line)
    end = lines.index("```\n", begin)
    return "".join([*lines[: begin + 1], f"{output.rstrip()}\n", *lines[end:]])
