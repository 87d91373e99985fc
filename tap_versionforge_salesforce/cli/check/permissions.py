"""What the user may do, by the names of the permissions; what nobody tells is not judged.

UserPermissionAccess has the running user's own, also for whoever lacks *View Setup and
Configuration*. There is no permission of Bulk API 2.0 by itself (it needs *API Enabled*), and an
edition may lack it, so that it is asked for the list of its jobs, which makes none.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.cli.check.steps import Finding, Status
from tap_versionforge_salesforce.errors import (
    RefusedError,
    SessionRefusedError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.http.refusals import is_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_versionforge_salesforce.singer.run import Run

_GRANT = "Setup > Permission Sets (or Profiles) > System Permissions"
_NAMES = ("ApiEnabled", "ViewSetup", "ViewAllData")
_NO_BULK = ("FEATURENOTENABLED", "API_DISABLED_FOR_ORG")


class Permissions:
    """Looks at the permissions that an extraction uses.

    Args:
        run: The run, which is signed in.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        #: They were answered, which tells of one permission.
        self.has_limits = False

    def looks(self) -> Iterator[tuple[str, Callable[[], Finding]]]:
        """Yield the name of each step, and the look for it."""
        yield "API Enabled", self._api_enabled
        yield "View Setup", self._view_setup
        yield "View All Data", self._view_all_data
        yield "Bulk API 2.0", self._bulk

    def _api_enabled(self) -> Finding:
        granted = self._granted("ApiEnabled")
        if granted is None and self.has_limits:
            # Nobody without it has an answer of the REST API.
            granted = True
        facts = {"permission_api_enabled": granted}
        if granted is None:
            return self._unknown(facts)
        if granted:
            return Finding("yes", facts=facts)
        return Finding(
            "no: Salesforce says that the user may not use the API",
            Status.WARNING,
            f"{_GRANT}: tick API Enabled. Without it no run can read anything.",
            facts,
        )

    def _view_setup(self) -> Finding:
        granted = True if self.has_limits else self._granted("ViewSetup")
        facts = {"permission_view_setup": granted}
        if granted is None:
            return self._unknown(facts)
        if granted:
            return Finding("View Setup and Configuration: yes", facts=facts)
        return Finding(
            "View Setup and Configuration: no, so neither limits nor rows are told beforehand",
            Status.WARNING,
            f"{_GRANT}: tick View Setup and Configuration. A run can do without it.",
            facts,
        )

    def _view_all_data(self) -> Finding:
        granted = self._granted("ViewAllData")
        facts = {"permission_view_all_data": granted}
        if granted is None:
            return self._unknown(facts)
        if granted:
            return Finding("yes", facts=facts)
        return Finding(
            "no: rows that nobody shares with the user are left out, without a word",
            Status.WARNING,
            f"{_GRANT}: tick View All Data, or give View All on each object.",
            facts,
        )

    def _bulk(self) -> Finding:
        try:
            self._run.client.list_jobs()
        except (RefusedError, SessionRefusedError, UnavailableError) as error:
            code = error.error_code if isinstance(error, RefusedError) else ""
            if isinstance(error, SessionRefusedError) or is_code(code, *_NO_BULK):
                return Finding(
                    "no: it is not served to this user",
                    Status.WARNING,
                    "Set api_mode to rest, or ask Salesforce for an edition that has it.",
                    {"bulk_api": False},
                )
            return Finding(_not_known(error), Status.SKIPPED, facts={"bulk_api": None})
        return Finding("yes: its query jobs can be listed", facts={"bulk_api": True})

    def _granted(self, name: str) -> bool | None:
        told = self._told
        if isinstance(told, TapError):
            return None
        value = told.get(name)
        return value if isinstance(value, bool) else None

    def _unknown(self, facts: Mapping[str, object]) -> Finding:
        told = self._told
        error = told if isinstance(told, TapError) else None
        return Finding(_not_known(error), Status.SKIPPED, facts=facts)

    @cached_property
    def _told(self) -> Mapping[str, object] | TapError:
        try:
            return self._run.client.permissions(_NAMES)
        except (RefusedError, UnavailableError) as error:
            return error


def _not_known(error: TapError | None) -> str:
    why = "Salesforce does not tell" if error is None else error.message.rstrip(".")
    return f"can't be known: {why}"
