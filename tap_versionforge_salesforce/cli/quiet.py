"""`--quiet`: warnings and errors only."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def warnings_only(*, is_quiet: bool) -> Iterator[None]:
    """Let the log have warnings and errors only, whatever its levels are.

    Args:
        is_quiet: That is wanted.
    """
    before = logging.root.manager.disable
    if is_quiet:
        logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)
