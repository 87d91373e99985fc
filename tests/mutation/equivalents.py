"""Mutants that no test can tell from the code, each with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mutation.mutants import Equivalent

EQUIVALENTS: tuple[Equivalent, ...] = ()
