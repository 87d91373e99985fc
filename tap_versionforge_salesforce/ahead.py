"""Work done one step ahead, in a thread beside the one that uses it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")
_END = object()


def ahead(items: Iterable[T], steps: int = 2) -> Iterator[T]:
    """Yield items in order, the next ones being made while one is used.

    Unpacking, decoding and encoding leave Python's lock alone, so two cores share them.

    Args:
        items: Whatever is made when it is asked for; asked in one thread, one after the other.
        steps: Most items that are made ahead.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as worker:

        def ask() -> Future[T | object]:
            return worker.submit(next, source, _END)

        asked = deque(ask() for _ in range(steps))
        try:
            while (item := asked.popleft().result()) is not _END:
                asked.append(ask())
                yield item  # type: ignore[misc]  # it is no _END
        finally:
            for future in asked:
                future.cancel()
