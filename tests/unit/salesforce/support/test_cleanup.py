"""What is cleaned up is done in its order, beside the run."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from tap_versionforge_salesforce.errors import RefusedError, UnavailableError
from tap_versionforge_salesforce.salesforce.support.cleanup import Cleanup
from tap_versionforge_salesforce.salesforce.support.clock import Clock


def test_things_are_cleaned_up_one_after_the_other() -> None:
    """All of them before `finish` comes back, and more after it."""
    cleanup, done = Cleanup(Clock()), list[int]()
    cleanup.finish()
    for number in range(5):
        cleanup.do(partial(done.append, number))
    cleanup.finish()
    assert done == [0, 1, 2, 3, 4]
    cleanup.do(partial(done.append, 5))
    cleanup.finish()
    assert done[-1] == 5


def test_the_run_goes_on_meanwhile() -> None:
    """Whoever asks for it does not wait, and it is done in one thread."""
    cleanup, may_go_on, threads = Cleanup(Clock()), threading.Event(), set[threading.Thread]()

    def work() -> None:
        may_go_on.wait(timeout=10)
        threads.add(threading.current_thread())

    cleanup.do(work)
    cleanup.do(work)
    assert not threads
    may_go_on.set()
    cleanup.finish()
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_a_mistake_in_it_is_told_at_the_end() -> None:
    """It is not lost with its thread."""
    cleanup = Cleanup(Clock())
    cleanup.do(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        cleanup.finish()


def test_what_fails_at_the_end_is_the_last_that_is_tried() -> None:
    """For nobody waits for removals one after the other from a Salesforce that is down."""
    cleanup = Cleanup(Clock())
    cleanup.note_failed(UnavailableError("", hint=""))
    cleanup.check_time()
    cleanup.finish()
    cleanup.note_failed(RefusedError("", hint=""))
    cleanup.check_time()
    cleanup.note_failed(UnavailableError("", hint=""))
    with pytest.raises(UnavailableError):
        cleanup.check_time()


def test_what_is_owed_is_done_at_the_end() -> None:
    """Unless who has it in hand has come to its end before."""
    cleanup, done = Cleanup(Clock()), list[str]()
    with cleanup.owing(partial(done.append, "over")):
        pass
    with cleanup.owing(partial(done.append, "in hand")):
        cleanup.finish()
        assert done == ["in hand"]
