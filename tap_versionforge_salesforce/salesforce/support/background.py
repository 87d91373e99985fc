"""Work done some steps ahead, in threads beside the one that uses it."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

S = TypeVar("S")
T = TypeVar("T")


class _EndError(Exception):
    """Stands behind the last item."""


def _nothing(_: object) -> None:
    """Leave it."""


def ahead(
    items: Iterable[T], *, steps: int = 2, drop: Callable[[T], object] = _nothing
) -> Generator[T, None, None]:
    """Yield items in order, the next ones being made in one thread while one is used.

    Args:
        items: Whatever is made when it is asked for.
        steps: Most items that are made ahead.
        drop: Called with each item that was made and is not asked for.
    """
    return ordered_parallel_map(lambda item: item, items, workers=1, steps=steps, drop=drop)


def ordered_parallel_map(
    make: Callable[[S], T],
    items: Iterable[S],
    *,
    workers: int,
    steps: int,
    drop: Callable[[T], object] = _nothing,
) -> Generator[T, None, None]:
    """Yield what is made of each item, in order, the next ones being made while one is used.

    The first are made at once, before anything is asked for. Downloading, unpacking, decoding and
    encoding leave Python's lock alone, so two cores share them. Who stops asking early does not
    wait for what is being made: it may be an answer that never comes.

    Args:
        make: Called in several threads at once.
        items: Asked by one thread at a time, each after the one before it.
        workers: So many threads.
        steps: Most items that are asked for ahead.
        drop: Called with each item that was made and is not asked for.
    """
    team = _Pool(make, iter(items), steps)
    for _ in range(workers):
        # Daemons, for Python waits for every other thread before it ends.
        work = partial(contextvars.copy_context().run, team.work)
        threading.Thread(target=work, name="ahead", daemon=True).start()
    made = _handed_out(team, workers, drop)
    next(made)
    return cast("Generator[T, None, None]", made)


def _handed_out(
    team: _Pool[S, T], workers: int, drop: Callable[[T], object]
) -> Generator[T | None, None, None]:
    try:
        # Whoever made it asks for this one, so that from then on its end runs what stands below.
        yield None
        while True:
            try:
                made = team.places.get().result()
            except _EndError:
                return
            team.wanted.release()
            yield made
    finally:
        team.end()
        team.wanted.release(workers)
        while not team.places.empty():
            team.places.get().add_done_callback(
                lambda place: place.exception() or drop(place.result())
            )


class BackgroundResult(Generic[T]):
    """One thing that is made in another thread, beginning at once.

    Args:
        make: Makes it.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._made: Future[T] = Future()
        work = partial(contextvars.copy_context().run, self._work, make)
        threading.Thread(target=work, name="ahead", daemon=True).start()

    @property
    def is_done(self) -> bool:
        """Tell whether `result` would not wait."""
        return self._made.done()

    def result(self) -> T:
        """Wait for it and return it, or raise what went wrong."""
        return self._made.result()

    def _work(self, make: Callable[[], T]) -> None:
        try:
            self._made.set_result(make())
        except BaseException as error:  # noqa: BLE001  it is raised in the thread that asks
            self._made.set_exception(error)


class BackgroundQueue:
    """Does things one after the other in one other thread, while the run goes on."""

    def __init__(self) -> None:
        self._work: deque[Callable[[], object]] = deque()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def do(self, work: Callable[[], object]) -> None:
        """Do something soon.

        Args:
            work: Raises nothing.
        """
        with self._lock:
            self._work.append(partial(contextvars.copy_context().run, work))
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, name="ahead", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Wait until all of it is done."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _go_on(self) -> None:
        while True:
            with self._lock:
                if not self._work:
                    self._thread = None
                    return
                work = self._work.popleft()
            try:
                work()
            except BaseException:
                with self._lock:
                    self._thread = None
                raise


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
