"""Waits that take long are said at growing intervals, and some have an end."""

from __future__ import annotations

import threading
import time

import pytest

from tap_versionforge_salesforce.salesforce.support.watch import Watch


class Minutes:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed * 60


@pytest.fixture
def clock() -> Minutes:
    return Minutes()


def minutes_told(watch: Watch, clock: Minutes, said: list[str], until: int) -> list[int]:
    """Return at which minutes something was said."""
    found = []
    for minute in range(1, until + 1):
        before = len(said)
        clock.passed = minute
        watch.look()
        watch.look()
        found += [minute] * (len(said) - before)
    return found


def test_a_wait_is_said_after_a_minute_and_at_growing_intervals(clock: Minutes) -> None:
    """With what is waited for by then; an hour of waiting fills no screen."""
    said: list[str] = []
    watch = Watch(clock.monotonic, said.append)
    with watch.telling(lambda: f"the job ({clock.passed:.0f} rows so far)"):
        assert minutes_told(watch, clock, said, 120) == [1, 2, 4, 8, 16, 32, 62, 92]
    assert said[0] == "Waiting for the job (1 rows so far), for 1 minute now."
    assert said[-1] == "Waiting for the job (92 rows so far), for 92 minutes now."
    clock.passed += 100
    watch.look()
    assert len(said) == 8


def test_a_short_wait_is_not_said(clock: Minutes) -> None:
    """Nor two that are long together."""
    said: list[str] = []
    watch = Watch(clock.monotonic, said.append)
    for _ in range(3):
        with watch.telling(lambda: "nothing much"):
            clock.passed += 0.9
            watch.look()
    assert said == []


def test_a_wait_that_may_not_go_on_is_ended_once(clock: Minutes) -> None:
    """By another thread; the wait knows that it was."""
    ended: list[float] = []

    def end() -> bool:
        ended.append(clock.passed)
        return clock.passed > 3

    watch = Watch(clock.monotonic, lambda _: None)
    with watch.limited(120, end) as wait:
        for minute in range(7):
            clock.passed = minute
            watch.look()
    # Where there was nothing to be ended yet, it is tried again.
    assert (ended, wait.is_ended) == ([3, 4], True)


def test_what_goes_wrong_at_one_wait_is_no_harm_to_the_others(clock: Minutes) -> None:
    """A watch that dies would leave every later wait without a word and without an end."""
    said = threading.Event()
    watch = Watch(clock.monotonic, lambda _: said.set(), look_seconds=0.01)
    clock.passed = 0
    with watch.limited(1, lambda: bool(1 // 0)):
        clock.passed = 5
        threading.Event().wait(0.1)
    with watch.telling(lambda: "it"):
        clock.passed = 10
        assert said.wait(timeout=20)


def test_a_wait_knows_that_it_was_ended_once_it_is_over(clock: Minutes) -> None:
    """What makes it fail may still be at it when it fails."""
    has_failed = threading.Event()

    def end() -> bool:
        has_failed.set()
        threading.Event().wait(0.05)
        return True

    watch = Watch(clock.monotonic, lambda _: None, look_seconds=0.01)
    with watch.limited(60, end) as wait:
        clock.passed = 2
        assert has_failed.wait(timeout=20)
    assert wait.is_ended


def test_what_is_over_is_never_ended(clock: Minutes) -> None:
    """Its connection may serve another request by then."""
    watch = Watch(clock.monotonic, lambda _: None)
    with watch.limited(60, lambda: pytest.fail("it was over")) as wait:
        pass
    clock.passed = 9
    watch.look()
    assert not wait.is_ended


def test_somebody_looks_by_itself(clock: Minutes) -> None:
    """In a thread beside the run, which lasts no longer than it is needed."""
    said, before = threading.Event(), set(threading.enumerate())
    watch = Watch(clock.monotonic, lambda _: said.set(), look_seconds=0.01)
    with watch.telling(lambda: "it"):
        clock.passed = 2
        assert said.wait(timeout=20)
    ends = time.monotonic() + 20
    while set(threading.enumerate()) - before:
        assert time.monotonic() < ends
        time.sleep(0.05)
