"""Signals are taken where it is safe."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import nullcontext

import pytest

from tap_versionforge_salesforce.salesforce.support.interruption import Interruption, RunIsOverError
from tests.support import processes


@pytest.fixture
def interruption() -> Interruption:
    return Interruption()


def test_without_a_signal_nothing_ends(interruption: Interruption) -> None:
    """A run that nobody interrupts goes on."""
    interruption.check()
    with interruption.waiting():
        interruption.check()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_waiting_ends_the_run_at_once(
    interruption: Interruption, number: int, code: int
) -> None:
    """Where nothing is half written, the run ends with 128 + the signal's number."""
    with pytest.raises(SystemExit) as caught, interruption.waiting():
        interruption.request(number)
    assert caught.value.code == code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_writing_waits_for_the_page(
    interruption: Interruption, number: int, code: int
) -> None:
    """The page in hand is finished, and the run ends where it checks."""
    interruption.request(number)
    with pytest.raises(SystemExit) as caught:
        interruption.check()
    assert caught.value.code == code


def test_a_signal_before_waiting_ends_the_wait(interruption: Interruption) -> None:
    """Nothing more is asked of the network once somebody wants the run to end."""
    interruption.request(signal.SIGTERM)
    with pytest.raises(SystemExit), interruption.waiting():
        pytest.fail("it waited")


def test_behind_a_wait_signals_are_held_again(interruption: Interruption) -> None:
    """What follows a wait is not interrupted, also where the wait failed."""
    with pytest.raises(OSError, match="reset"), interruption.waiting():
        raise OSError("reset")
    interruption.request(signal.SIGTERM)
    with pytest.raises(SystemExit):
        interruption.check()


def test_a_second_signal_ends_on_the_spot(
    interruption: Interruption, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks twice does not wait for the page."""
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    interruption.request(signal.SIGTERM)
    assert ended == []
    interruption.request(signal.SIGINT)
    assert ended == [130]


def test_another_thread_may_wait_while_this_one_writes(interruption: Interruption) -> None:
    """A wait in a thread beside does not let a signal into the middle of a page."""
    waits, is_over = threading.Event(), threading.Event()

    def wait() -> None:
        with interruption.waiting():
            waits.set()
            is_over.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    waits.wait()
    interruption.request(signal.SIGTERM)
    is_over.set()
    thread.join()
    with pytest.raises(SystemExit):
        interruption.check()


# polars takes SIGINT once in a process, at its first work: so this is a process of its own.
DECODING_AND_CTRL_C = """
import os, signal, threading, time
taken, broken = [], []
signal.signal(signal.SIGINT, lambda number, _: taken.append(number))
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.frames.frame import csv_frames, keep_sigint_handler
keep_sigint_handler()
page = b'"Id"\\n' + b'"001A"\\n' * 200_000
def decode():
    try:
        for _ in range(20):
            list(csv_frames([page], (Column("Id", Kind.TEXT),), 1 << 30))
    except BaseException as error:
        broken.append(error)
thread = threading.Thread(target=decode)
thread.start()
while thread.is_alive():
    os.kill(os.getpid(), signal.SIGINT)
    thread.join(timeout=0.01)
print(broken, set(taken) == {signal.SIGINT})
"""


def test_polars_leaves_signals_to_the_process() -> None:
    """Ctrl-C while a page is decoded, in whichever thread, is for the process's own handler."""
    done = processes.run([sys.executable, "-c", DECODING_AND_CTRL_C], cwd=processes.ROOT)
    assert done.stdout == "[] True\n"


def test_behind_the_end_only_cleaning_up_asks(interruption: Interruption) -> None:
    """In whatever thread; and not even that, where somebody asked the run to end at once."""
    interruption.end()
    asked: list[bool] = []

    def ask(*, cleans_up: bool) -> None:
        try:
            with interruption.cleaning_up() if cleans_up else nullcontext(), interruption.waiting():
                asked.append(True)
        except RunIsOverError:
            asked.append(False)

    def ask_in_each_way() -> None:
        ask(cleans_up=False)
        ask(cleans_up=True)
        interruption.request(signal.SIGTERM)
        ask(cleans_up=True)

    thread = threading.Thread(target=ask_in_each_way)
    thread.start()
    thread.join(10)
    assert asked == [False, True, False]
