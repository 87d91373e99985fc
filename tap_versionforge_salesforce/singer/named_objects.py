"""Settings that name objects: what of them is no object, and what changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError, wrong_setting
from tap_versionforge_salesforce.salesforce.support.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from tap_versionforge_salesforce.settings.definitions import Settings


def of_settings(settings: Settings) -> Iterator[tuple[str, Collection[str]]]:
    """Yield each setting that has something for single objects, and their names."""
    named: dict[str, Mapping[str, object] | None] = {
        "filters": settings.filters,
        "replication_keys": settings.replication_keys,
    }
    for setting, by_object in named.items():
        if by_object:
            yield setting, list(by_object)


_INSTEAD = {
    "filters": "Put its condition behind WHERE in the query itself",
    "replication_keys": "Give it as replication_key beside the query",
}


def check_objects(
    settings: Settings, streams: Collection[str], names_in_org: Callable[[], Collection[str]]
) -> None:
    """See that the settings for single objects name some: a filter of none filters nothing.

    Args:
        settings: The settings.
        streams: The objects that there are streams of, which need no further look.
        names_in_org: Returns all objects, none where Salesforce does not list them; called only
            where another one is named, and once.

    Raises:
        SettingsError: A setting names what is no object.
    """
    known, queries = {name.lower() for name in streams}, _queries(settings)
    named = [(setting, name) for setting, names in of_settings(settings) for name in names]
    unknown = [(setting, name) for setting, name in named if name.lower() not in known]
    for setting, name in unknown:
        if name.lower() in queries:
            raise wrong_setting(
                setting,
                f"names {name}, which is a query of soql_streams, and is for objects",
                f"{_INSTEAD[setting]}, in soql_streams.",
            )
    listed = names_in_org() if unknown else ()
    folded = {name.lower() for name in listed}
    for setting, name in unknown:
        if folded and name.lower() not in folded:
            raise SettingsError(
                f"The setting {setting} names {name}, which the org does not have or the user may "
                f"not see{did_you_mean(name, [*streams, *listed])}.",
                hint="Setup > Object Manager has the API names (those of custom objects end in "
                "__c).",
                code="unknown-object",
            )


def _queries(settings: Settings) -> set[str]:
    return {stream.name.lower() for stream in settings.query_streams}


def idle_names(setting: str, names: Collection[str], streams: Collection[str]) -> Iterator[str]:
    """Yield a warning for each object that a setting names and the run does not read.

    Args:
        setting: Its name.
        names: In whatever case.
        streams: The names of what is read.
    """
    read = {stream.lower() for stream in streams}
    for name in names:
        if name.lower() not in read:
            near = did_you_mean(name, list(streams))
            yield f"The setting {setting} names {name}, which this run does not read{near}."
