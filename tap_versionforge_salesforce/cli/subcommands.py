"""The subcommands, each loaded when it is asked for: a run needs none, and waits for none."""

# ruff: noqa: PLC0415  late, all of them

from __future__ import annotations

from collections import UserDict
from typing import TYPE_CHECKING

import click
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class LateCommands(UserDict[str, click.Command]):
    """Commands by their names.

    Args:
        loaders: What loads each of them.
    """

    def __init__(self, loaders: Mapping[str, Callable[[], click.Command]]) -> None:
        super().__init__()
        self._loaders = loaders

    def __missing__(self, name: str) -> click.Command:
        command = self._loaders[name]()
        self.data[name] = command
        return command

    @override
    def __contains__(self, name: object) -> bool:
        return name in self._loaders

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._loaders)

    @override
    def __len__(self) -> int:
        return len(self._loaders)


def subcommands() -> LateCommands:
    """Return all that there are."""
    return LateCommands(
        {"check": _check, "export": _export, "keygen": _keygen, "plan": _plan, "setup": _setup}
    )


def _check() -> click.Command:
    from tap_versionforge_salesforce.cli.check.command import check

    return check


def _export() -> click.Command:
    from tap_versionforge_salesforce.cli.export import export

    return export


def _keygen() -> click.Command:
    from tap_versionforge_salesforce.cli.keygen import keygen

    return keygen


def _plan() -> click.Command:
    from tap_versionforge_salesforce.cli.plan import plan

    return plan


def _setup() -> click.Command:
    from tap_versionforge_salesforce.cli.setup import setup

    return setup
