"""The org that `setup` is about: signed in to, tried again while its app is new, and looked at."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.engine.objects import objects_of
from tap_versionforge_salesforce.errors import SignInError, TapError
from tap_versionforge_salesforce.salesforce.http.options import HttpOptions
from tap_versionforge_salesforce.salesforce.objects.soql import query_of
from tap_versionforge_salesforce.salesforce.org import Org
from tap_versionforge_salesforce.settings.definitions import Settings
from tap_versionforge_salesforce.singer.event_log import EventLog
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_versionforge_salesforce.engine.objects import ListedObject

# What a new app or certificate may need, and how often it is tried meanwhile.
NEW_APP_SECONDS = 600
_SECONDS_BETWEEN_TRIES = 30
# Somebody is waiting at the terminal.
_REQUEST_TIMEOUT_SECONDS = 60
# Time does not mend these.
_LASTING = frozenset({"clock-skew", "not-salesforce", "access-token-ended"})
# Rows about rows, of which an org has one such object beside almost every other.
_BESIDE = ("History", "Feed", "Share", "Tag", "__hd")
_SHOWN_FIELDS = 6


def connected(config: Mapping[str, object]) -> Org:
    """Return the org that a config is of, signed in to and asked for its versions.

    Args:
        config: As it is going to be written.

    Raises:
        TapError: As `check` would tell it.
    """
    settings = Settings.from_config(config)
    logger = logging.getLogger(TapVersionForgeSalesforce.name)
    org = Org(
        credentials=settings.sign_in,
        options=HttpOptions(
            request_timeout_seconds=_REQUEST_TIMEOUT_SECONDS, ca_bundle=settings.ca_bundle
        ),
        api_version=settings.api_version,
        clock=TapVersionForgeSalesforce.clock,
        logger=logger,
    )
    # What is tried again takes up to two minutes where a host can't be reached.
    org.events.listen(EventLog(logger).take)
    try:
        org.client.session.token()
        org.client.ensure_api_version()
        # An access token is looked at by the first request that is made with it.
        org.client.describe_global()
    except BaseException:
        org.end()
        raise
    return org


def may_pass(error: TapError) -> bool:
    """Tell whether a failed sign-in may be that of an app that is not known everywhere yet."""
    return isinstance(error, SignInError) and error.code not in _LASTING


def connected_in_time(
    config: Mapping[str, object], wait_seconds: float, tell: Callable[[float], None]
) -> Org:
    """Return the org as `connected` does, tried again for some time where that may help.

    Args:
        config: As it is going to be written.
        wait_seconds: How long, at most.
        tell: Takes the seconds that are left, before each wait of a second.

    Raises:
        TapError: The last failure.
    """
    clock = TapVersionForgeSalesforce.clock
    left = float(wait_seconds)
    while True:
        try:
            return connected(config)
        except TapError as error:
            if left <= 0 or not may_pass(error):
                raise
            pause = min(left, _SECONDS_BETWEEN_TRIES)
            while pause > 0:
                tell(left)
                clock.sleep(1)
                pause, left = pause - 1, left - 1


def objects_beside_none(org: Org) -> list[ListedObject]:
    """Return what can be read, without the objects that hold rows about others' rows.

    Raises:
        TapError: The list can't be had.
    """
    return [each for each in objects_of(org) if not each.name.endswith(_BESIDE)]


def one_row(org: Org, name: str) -> dict[str, str]:
    """Return some fields of one row of an object; empty where the user sees none.

    Raises:
        TapError: The object can't be read.
    """
    sobject = org.describe(name)
    columns = sobject.columns[:_SHOWN_FIELDS]
    query = replace(query_of(sobject, columns, include_deleted=False), limit=1)
    answer = org.client.query(query.text(ordered=False), deleted=False).json()
    records = answer.get("records") if isinstance(answer, dict) else None
    row = records[0] if records else {}
    return {each.name: str(row.get(each.name) or "") for each in columns} if row else {}
