"""Processes that were forked from one that has read: polars' threads are not there any more."""

from __future__ import annotations

import os

from tap_versionforge_salesforce.errors import SettingsError


class _Forks:
    def __init__(self) -> None:
        self.has_read = False
        self.is_behind = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def _forked(self) -> None:
        self.is_behind = self.is_behind or self.has_read


_forks = _Forks()


def check_process() -> None:
    """See that rows can be read in this process; called before any are.

    "Multiprocessing" in the user guide of polars: a lock that is held while a process is forked
    stays held in the new one, so that it would stand still without a word.

    Raises:
        SettingsError: It was forked from one that has read.
    """
    if _forks.is_behind:
        raise SettingsError(
            "This process was forked from one that had read rows already, so that reading here "
            "would stand still.",
            hint='Start processes by "spawn" or "forkserver": '
            'ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")).',
            code="invalid-argument",
        )
    _forks.has_read = True
