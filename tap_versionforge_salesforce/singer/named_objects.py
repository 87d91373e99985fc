"""Settings that name objects, and what of them changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.support.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

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
