"""The steps of `check`, in the order in which an extraction needs them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.cli.check import org, settings
from tap_versionforge_salesforce.cli.check.objects import Objects
from tap_versionforge_salesforce.cli.check.permissions import Permissions
from tap_versionforge_salesforce.cli.check.steps import Finding, Group, Status, Step, failed
from tap_versionforge_salesforce.errors import RefusedError, TapError, UnavailableError
from tap_versionforge_salesforce.singer.remedies import name_settings
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.singerlib import Catalog

    _Look = tuple[Group, str, Callable[[], Finding]]


class Checks:
    """The steps, up to the first that fails; of the objects all of them.

    Args:
        config: As given on the command line.
        catalog: A catalog whose selected objects are to be looked at; None for the setting
            ``objects``.
    """

    def __init__(self, config: _ConfigInput, catalog: Catalog | None) -> None:
        self._config = config
        self._catalog = catalog
        self._tap: TapVersionForgeSalesforce | None = None
        self._objects: Objects | None = None

    def run(self) -> Iterator[tuple[Step, TapError | None]]:
        """Yield each step with its error; an error that is not one object's is the last step."""
        was_unavailable = False
        for group, name, look in self._looks():
            error = None
            try:
                step = Step(group, name, look())
            except TapError as raised:
                error = raised
                name_settings(error)
                step = failed(group, name, error)
            yield step, error
            objects = self._objects
            if objects is not None and name in objects.undescribed:
                # That Salesforce can be reached has been looked at.
                continue
            is_unavailable = isinstance(error, UnavailableError)
            is_objects = isinstance(error, RefusedError) or (is_unavailable and not was_unavailable)
            if error is not None and not (objects is not None and objects.sobjects and is_objects):
                break
            was_unavailable = is_unavailable
        if self._tap is not None:
            self._tap.run.org.retry_log.tell_summary()

    def _looks(self) -> Iterator[_Look]:
        yield Group.SETTINGS, "settings", self._settings
        assert self._tap is not None  # noqa: S101  the step before has made it
        run = self._tap.run
        for name, look in settings.looks(run):
            yield Group.SETTINGS, name, look
        yield Group.SIGN_IN, "token", partial(org.look_at_token, run)
        yield Group.SIGN_IN, "API versions", partial(org.look_at_versions, run)
        yield Group.SIGN_IN, "identity", partial(org.look_at_identity, run)
        yield Group.SIGN_IN, "clock", partial(org.look_at_clock, run)
        permissions = Permissions(run)
        yield Group.ORG, "limits", partial(_limits, self._tap, permissions)
        if run.settings.reconcile_store is not None:
            config = self._config.config
            yield Group.ORG, "store", partial(org.look_at_store, run, self._catalog, config)
        for name, look in permissions.looks():
            yield Group.PERMISSIONS, name, look
        objects = Objects(self._tap, self._catalog)
        yield Group.OBJECTS, "describe", objects.describe
        self._objects = objects
        for name, look in objects.looks():
            yield Group.OBJECTS, name, look

    def _settings(self) -> Finding:
        self._tap = TapVersionForgeSalesforce(
            config=self._config.config,
            parse_env_config=self._config.parse_env,
            catalog=self._catalog,
            setup_mapper=False,
        )
        found = self._tap.settings
        facts = {"username": found.known_user, "instance_url": found.instance_url}
        who = found.known_user or "an app with its secret"
        if found.access_token is not None:
            who = "somebody with an access token"
        return Finding(f"{who} at {found.instance_url}", facts=facts)


def _limits(tap: TapVersionForgeSalesforce, permissions: Permissions) -> Finding:
    finding = org.look_at_limits(tap.run)
    permissions.has_limits = finding.status is not Status.SKIPPED
    return finding
