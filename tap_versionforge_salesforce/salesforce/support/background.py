"""Work in the background: in threads beside the one that uses what they make."""

from __future__ import annotations

import contextvars
import queue
import threading
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

S = TypeVar("S")
T = TypeVar("T")


class _EndError(Exception):
    """Stands behind the last item."""


def in_background(work: Callable[[], T]) -> Future[T]:
    """Do something in a thread of its own, beginning at once.

    Returns:
        What comes of it. Nobody has to ask for it: Python does not wait for the thread.
    """
    future: Future[T] = Future()
    run = partial(contextvars.copy_context().run, settle, future, work)
    # A daemon, for Python waits for every other thread before it ends.
    threading.Thread(target=run, name="background", daemon=True).start()
    return future


def to_its_end(work: Callable[[], T]) -> T:
    """Do something in a thread that Python waits for before it ends; return what comes of it.

    Whoever waits here can be ended by a signal, and what has been begun is done all the same.
    """
    future: Future[T] = Future()
    run = partial(contextvars.copy_context().run, settle, future, work)
    threading.Thread(target=run, name="to its end", daemon=False).start()
    return future.result()


def settle(future: Future[T], work: Callable[[], T]) -> None:
    """Do something, and put what comes of it into a future."""
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  it is raised in the thread that asks
        future.set_exception(error)


def same(item: T) -> T:
    """Return the item."""
    return item


def _leave(_: object) -> None:
    """Leave it."""


def ahead(
    items: Iterable[S],
    make: Callable[[S], T],
    *,
    workers: int = 1,
    steps: int = 2,
    drop: Callable[[T], object] = _leave,
) -> Generator[T, None, None]:
    """Yield what is made of each item, in order, the next ones being made while one is used.

    The first are made at once, before anything is asked for. Downloading, unpacking, decoding and
    encoding leave Python's lock alone, so two cores share them. Who stops asking early does not
    wait for what is being made: it may be an answer that never comes.

    Args:
        items: Asked by one thread at a time, each after the one before it.
        make: Called in several threads at once; `same` where the items are what is wanted.
        workers: So many threads.
        steps: Most items that are asked for ahead.
        drop: Called with each item that was made and is not asked for.
    """
    pool = _Pool(make, iter(items), steps)
    for _ in range(workers):
        in_background(pool.work)
    made = _handed_out(pool, workers, drop)
    next(made)
    return cast("Generator[T, None, None]", made)


def _handed_out(
    pool: _Pool[S, T], workers: int, drop: Callable[[T], object]
) -> Generator[T | None, None, None]:
    try:
        # Whoever made it asks for this one, so that from then on its end runs what stands below.
        yield None
        while True:
            try:
                made = pool.places.get().result()
            except _EndError:
                return
            pool.wanted.release()
            yield made
    finally:
        pool.end()
        pool.wanted.release(workers)
        while not pool.places.empty():
            pool.places.get().add_done_callback(
                lambda place: place.exception() or drop(place.result())
            )


class _Pool(Generic[S, T]):
    """What the threads share: places for what they make, in the order of the items."""

    def __init__(self, make: Callable[[S], T], source: Iterator[S], steps: int) -> None:
        self.places: queue.SimpleQueue[Future[T]] = queue.SimpleQueue()
        self.wanted = threading.Semaphore(steps)
        self._make = make
        self._source = source
        self._turn = threading.Lock()
        self._is_over = False
        # Held for a moment only: whoever ends the work waits for nothing that is being made.
        self._gate = threading.Lock()

    def end(self) -> None:
        """Let no place be taken from now on: who looks through them has seen them all."""
        with self._gate:
            self._is_over = True

    def _place(self) -> Future[T] | None:
        with self._gate:
            if self._is_over:
                return None
            place: Future[T] = Future()
            self.places.put(place)
            return place

    def work(self) -> None:
        while True:
            self.wanted.acquire()
            with self._turn:
                place = self._place()
                if place is None:
                    return
                try:
                    item = next(self._source)
                except BaseException as error:  # noqa: BLE001  it is raised in the thread that asks
                    self.end()
                    is_end = isinstance(error, StopIteration)
                    place.set_exception(_EndError() if is_end else error)
                    return
            try:
                place.set_result(self._make(item))
            except BaseException as error:  # noqa: BLE001  it is raised in the thread that asks
                place.set_exception(error)
