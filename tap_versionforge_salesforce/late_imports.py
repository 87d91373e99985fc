"""Packages whose `__init__` runs when something that it gives is asked for, and not before.

The SDK's `__init__` gathers all that taps and targets may want: its Target with joblib (and numpy,
where that is installed), sinks, mappers, and streams that send by themselves. That takes a third of
the time in which the SDK loads, and this tap uses none of it. Used in the executable's own process
alone: whoever imports the tap has packages as they are.
"""

from __future__ import annotations

import gc
import importlib.metadata
import importlib.util
import sys
from contextlib import contextmanager
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.abc import Loader
    from types import ModuleType

# Looked through, module by module: none needs that the `__init__` of its package has run.
_LOOKED_THROUGH = {"singer-sdk": ("0.54.", ("singer_sdk", "singer_sdk.streams"))}
# How those that have not run yet are run, by their names.
_put_off: dict[str, Loader] = {}
# Held while one runs, so that another thread waits for all of it.
_running = RLock()


@contextmanager
def uncollected() -> Iterator[None]:
    """Have Python's garbage collector leave alone what the block loads, which stays to the end.

    It would go through all of that again and again: for a quarter of the time that polars takes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def put_off_packages() -> None:
    """Let the SDK's packages be there without having run, where it is a version looked through."""
    for distribution, (version, packages) in _LOOKED_THROUGH.items():
        if importlib.metadata.version(distribution).startswith(version):
            put_off(*packages)


def put_off(*names: str) -> None:
    """Let packages be there without having run: their modules can be imported one by one.

    What else is asked of one has its `__init__` run first; from then on it is as if it had been
    imported in the ordinary way. One that has been imported already, or is no package of files, is
    left as it is.

    Args:
        names: Of the packages; one that is in another one behind it.
    """
    for name in names:
        spec = None if name in sys.modules else importlib.util.find_spec(name)
        if spec is None or spec.loader is None or not spec.submodule_search_locations:
            continue
        package = importlib.util.module_from_spec(spec)
        _put_off[name] = spec.loader
        vars(package)["__getattr__"] = partial(_asked_for, package)
        sys.modules[name] = package
        parent, _, own_name = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], own_name, package)


def _asked_for(package: ModuleType, name: str) -> object:
    """Return an attribute that a package has once it has run.

    Raises:
        AttributeError: It is one of its modules, which Python then looks for; or there is none.
    """
    if importlib.util.find_spec(f"{package.__name__}.{name}") is None:
        _run(package)
        if name in vars(package):
            return vars(package)[name]
        if not _is_put_off(package):
            return getattr(package, name)  # of its own __getattr__, or in vain
    raise AttributeError(f"module {package.__name__!r} has no attribute {name!r}")


def _run(package: ModuleType) -> None:
    with _running:
        loader = _put_off.pop(package.__name__, None)
        if loader is not None:
            loader.exec_module(package)
            if _is_put_off(package):
                del vars(package)["__getattr__"]


def _is_put_off(package: ModuleType) -> bool:
    """Tell whether what it lacks is still asked for here: it has not run, or is running."""
    getter = vars(package).get("__getattr__")
    return isinstance(getter, partial) and getter.func is _asked_for
