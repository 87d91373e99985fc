"""Work done some steps ahead, in a thread beside the one that uses it."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


class _End:
    """What comes behind the last item; with an error, it is raised there."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(items: Iterable[T], steps: int = 2) -> Iterator[T]:
    """Yield items in order, the next ones being made while one is used.

    Downloading, unpacking, decoding and encoding leave Python's lock alone, so two cores share
    them. Who stops asking early does not wait for what is being made: it may be an answer that
    never comes.

    Args:
        items: Whatever is made when it is asked for; asked in one thread, one after the other.
        steps: Most items that are made ahead.
    """
    made: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
    wanted = threading.Semaphore(steps)
    is_over = threading.Event()

    def make() -> None:
        end = _End()
        try:
            wanted.acquire()
            for item in items:
                made.put(item)
                wanted.acquire()
                if is_over.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  it is raised in the thread that asks
            end = _End(error)
        made.put(end)

    # A daemon, for Python waits for every other thread before it ends.
    threading.Thread(target=make, name="ahead", daemon=True).start()
    try:
        while True:
            item = made.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            wanted.release()
            yield item
    finally:
        is_over.set()
        wanted.release()
