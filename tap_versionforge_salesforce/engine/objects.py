"""The objects of an org that can be read."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from tap_versionforge_salesforce.errors import (
    RefusedError,
    TapError,
    UnavailableError,
    UnknownObjectError,
)
from tap_versionforge_salesforce.salesforce.client import counted_together
from tap_versionforge_salesforce.salesforce.objects.unreadable import why_unreadable
from tap_versionforge_salesforce.salesforce.support.wording import closest
from tap_versionforge_salesforce.settings.definitions import DEFAULT_OBJECTS

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.org import Org


class ListedObject(NamedTuple):
    """An object of the org.

    Attributes:
        name: Its API name.
        label: As users of the org know it.
        rows: About how many it has; None where Salesforce does not tell.
    """

    name: str
    label: str
    rows: int | None


def objects_of(org: Org) -> list[ListedObject]:
    """Return what can be read: the default objects first, then the others by their rows.

    Args:
        org: The org.

    Raises:
        TapError: The list can't be had.
    """
    entries = {
        str(entry["name"]): str(entry.get("label") or "")
        for entry in org.client.describe_global()
        if why_unreadable(entry) is None
    }
    counts: dict[str, int] = {}
    # Without View Setup nobody is told them.
    with suppress(RefusedError, UnavailableError):
        for names in counted_together(entries):
            counts |= org.client.record_count(names)
    default = {name: place for place, name in enumerate(DEFAULT_OBJECTS)}
    found = [ListedObject(name, label, counts.get(name)) for name, label in entries.items()]
    return sorted(
        found,
        key=lambda each: (default.get(each.name, len(default)), -(each.rows or 0), each.name),
    )


def described(org: Org, name: str) -> SObject:
    """Return an object with its columns.

    Args:
        org: Whose object it is.
        name: Its API name, as somebody has written it.

    Raises:
        UnknownObjectError: There is none; the hint has the one that may be meant.
        TapError: It can't be described.
    """
    try:
        return org.describe(name)
    except UnknownObjectError as error:
        hint = _object_meant(org, name) or error.hint
        raise error.reworded(error.message, hint=hint) from None


def _object_meant(org: Org, name: str) -> str:
    if "," in name:
        return f"Name each by itself: {' '.join(name.replace(',', ' ').split())}."
    try:
        names = [str(entry["name"]) for entry in org.client.describe_global()]
    except TapError:
        return ""
    near = closest(name, names)
    return f"Did you mean {near}?" if near else ""


def reason_to_refuse(org: Org, name: str) -> str | None:
    """Return why no query for all rows of an object is answered; None where nobody knows of that.

    Args:
        org: The org, which has refused one.
        name: The object's API name.
    """
    try:
        entries = org.client.describe_global()
    except TapError:
        # The refusal itself has to do.
        return None
    return next((why_unreadable(entry) for entry in entries if entry["name"] == name), None)
