"""What single settings can mean, and which of them contradict each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError, wrong_setting
from tap_versionforge_salesforce.salesforce.support.timestamps import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


_WILDCARDS = frozenset("*?")
_OBJECT_NAME = re.compile(r"[A-Za-z*?][A-Za-z0-9_*?]*")
# Bulk API 2.0 keeps the order of the SELECT in its result columns from this version on.
_LOWEST_API_VERSION = 50


def check_store(given: Mapping[str, object]) -> None:
    """See that what is reconciled has a store.

    Raises:
        SettingsError: It has none.
    """
    if "reconcile_every_hours" in given and "reconcile_store" not in given:
        message = "The setting reconcile_every_hours is given, and reconcile_store is not."
        raise SettingsError(
            message,
            hint="Name the folder, or the URL of one, that keeps what is compared.",
            code="missing-setting",
        )


def checked_start_date(text: str) -> datetime:
    """Return the moment that a text means.

    Raises:
        SettingsError: It means none.
    """
    try:
        return parse_instant(text)
    except ValueError as error:
        raise wrong_setting(
            "start_date",
            f"is no date: {error}",
            "Write it as 2024-01-31 or 2024-01-31T00:00:00Z.",
        ) from None


def checked_api_version(text: str) -> str:
    """Return a version as Salesforce spells it.

    Raises:
        SettingsError: It is none, or one that is too old.
    """
    match = re.fullmatch(r"v?(\d{2,3})(?:\.0)?", text)
    if match is None:
        raise wrong_setting("api_version", f"can't be {text!r}", "Write it as 68.0.")
    if int(match[1]) < _LOWEST_API_VERSION:
        raise wrong_setting(
            "api_version",
            f"can't be {text!r}",
            f"The lowest version that the tap works with is {_LOWEST_API_VERSION}.0.",
        )
    return f"{match[1]}.0"


def checked_filters(filters: Mapping[str, str]) -> dict[str, str]:
    """Return conditions in one spelling, whatever the blanks and the case of the keywords were.

    Raises:
        SettingsError: One is no condition of SOQL, or two are of one object.
    """
    # Not at the top: who has no filter does not wait for a grammar.
    from tap_versionforge_salesforce.salesforce.soql.reading import parsed_condition  # noqa: PLC0415

    checked: dict[str, str] = {}
    for name, text in filters.items():
        sobject = _object_named(name, "filters", "condition")
        if sobject.lower() in map(str.lower, checked):
            raise wrong_setting(
                "filters",
                f"has two conditions for {sobject}",
                "Join them into one with AND or OR.",
            )
        checked[sobject] = parsed_condition(text, filter_of(sobject)).text
    return checked


def checked_keys(keys: Mapping[str, str]) -> dict[str, str]:
    """Return replication keys without blanks around them.

    Raises:
        SettingsError: One is of no object or names no field, or two are of one object.
    """
    checked: dict[str, str] = {}
    for name, text in keys.items():
        sobject, key = _object_named(name, "replication_keys", "key"), text.strip()
        if not key or sobject.lower() in map(str.lower, checked):
            raise wrong_setting(
                "replication_keys",
                f"has two keys for {sobject}" if key else f"names no field for {sobject}",
                "Name one date-time field for each object.",
            )
        checked[sobject] = key
    return checked


def _object_named(name: str, setting: str, what: str) -> str:
    """Return the name of the one object that a member of a setting is for."""
    sobject = name.strip()
    if not _OBJECT_NAME.fullmatch(sobject) or not _WILDCARDS.isdisjoint(sobject):
        raise wrong_setting(
            setting,
            f"has a {what} for {name!r}, which is no object's API name",
            f"Each object has a {what} of its own, by its API name, such as Account.",
        )
    return sobject


def filter_of(sobject: str) -> str:
    """Return how messages call the filter of an object."""
    return f"The setting filters, for {sobject},"


def checked_objects(names: Iterable[str], *, may_be_none: bool) -> tuple[str, ...]:
    """Return the names of objects, each once.

    Args:
        names: As they were given.
        may_be_none: There is something else to read.

    Raises:
        SettingsError: There is none, or one that no object can have.
    """
    unique = tuple(dict.fromkeys(name.strip() for name in names))
    for name in unique:
        if not _OBJECT_NAME.fullmatch(name):
            raise wrong_setting(
                "objects",
                f"holds {name!r}, which is no object's API name",
                "API names have letters, digits and underscores only, such as Account or "
                "Invoice__c; Setup > Object Manager shows them.",
            )
    if not unique and not may_be_none:
        raise wrong_setting("objects", "is empty", "Name at least one object, or leave it out.")
    return unique
