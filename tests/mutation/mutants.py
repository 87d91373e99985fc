"""The mutants of a module, and those that no test can tell from the module itself."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation.operators import Change, Operators

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNREACHED = "pragma: no cover"
PACKAGE = "tap_versionforge_salesforce"
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """A module with one small mistake.

    Attributes:
        module: File name in the package.
        source: Of the module, without the mistake.
        change: The mistake.
    """

    module: str
    source: str
    change: Change

    @property
    def code(self) -> str:
        """Return the module with the mistake."""
        whole = self.source.encode()
        before, behind = whole[: self.change.start], whole[self.change.end :]
        return f"{before.decode()}{self.change.new}{behind.decode()}"

    @property
    def diff(self) -> str:
        """Return the mistake as people read it."""
        old, new = self.source.splitlines(), self.code.splitlines()
        name = f"{PACKAGE}/{self.module}"
        return "\n".join(difflib.unified_diff(old, new, name, name, lineterm="", n=2))

    @property
    def lines(self) -> tuple[str, str]:
        """Return the lines that differ, without and with the mistake."""
        old, new = self.source.splitlines(), self.code.splitlines()
        changed = [*difflib.unified_diff(old, new, lineterm="", n=0)][3:]
        return (
            "\n".join(line[1:].strip() for line in changed if line.startswith("-")),
            "\n".join(line[1:].strip() for line in changed if line.startswith("+")),
        )


@dataclass(frozen=True)
class Equivalent:
    """A mutant that does what its module does.

    Attributes:
        module: File name in the package.
        function: Where it is, with its class; empty outside of any.
        before: The lines that differ, without indentation.
        after: What stands in their place.
        reason: Why no test can tell.
    """

    module: str
    function: str
    before: str
    after: str
    reason: str

    def is_one(self, mutant: Mutant) -> bool:
        """Tell whether it is this mutant."""
        place = (mutant.module, mutant.change.function)
        return place == (self.module, self.function) and mutant.lines == (self.before, self.after)


@cache
def mutants_of(module: str) -> list[Mutant]:
    """Return all mutants of a module that are Python; what does not compile proves nothing."""
    source = (ROOT / PACKAGE / module).read_text(encoding="utf-8")
    made = [Mutant(module, source, change) for change in Operators(source).changes()]
    return [
        mutant
        for mutant in made
        # What is marked so can't be reached by any test.
        if mutant.code != source and _compiles(mutant.code) and _UNREACHED not in mutant.lines[0]
    ]


def _compiles(code: str) -> bool:
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def is_equivalent(mutant: Mutant, known: Sequence[Equivalent]) -> bool:
    """Tell whether a mutant is known to do what its module does."""
    return any(each.is_one(mutant) for each in known)
