"""A hang is found, and told with the stacks of all threads; work is not taken for one."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

from tests.soak.watchdog import watchdog

if TYPE_CHECKING:
    import pytest


def test_no_progress_is_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever hangs is in the stacks."""
    gave_up = threading.Event()
    with watchdog(lambda: 1, patience_seconds=0.1, give_up=gave_up.set):
        assert gave_up.wait(timeout=20)
    told = capfd.readouterr().err
    assert "No progress" in told
    assert "test_no_progress_is_a_failure" in told


def test_progress_is_none() -> None:
    """However slow each step is beside the whole."""
    steps, gave_up, seen = itertools.count(), threading.Event(), threading.Event()

    def progress() -> int:
        step = next(steps)
        if step > 60:
            seen.set()
        return step

    with watchdog(progress, patience_seconds=0.1, give_up=gave_up.set):
        assert seen.wait(timeout=20)
    assert not gave_up.is_set()
