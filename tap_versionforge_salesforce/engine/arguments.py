"""What arguments are called in messages: by their names, or as the options of a command."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ARE_OPTIONS: ContextVar[bool] = ContextVar("are_options", default=False)


def called(argument: str) -> str:
    """Return what an argument is called where the user is.

    Args:
        argument: Its name, such as ``text_fields``.
    """
    return f"--{argument.replace('_', '-')}" if _ARE_OPTIONS.get() else argument


@contextmanager
def called_as_options() -> Iterator[None]:
    """Have the errors of the block name the options of a command: its user writes no Python."""
    before = _ARE_OPTIONS.set(True)
    try:
        yield
    finally:
        _ARE_OPTIONS.reset(before)
