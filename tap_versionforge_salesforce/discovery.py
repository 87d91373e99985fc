"""Describe → streams: which objects there are to read, and why one is not among them."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.exceptions import RefusedError, SettingsError
from tap_versionforge_salesforce.schema import SObject, sobject_from_describe

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping, Sequence

    from tap_versionforge_salesforce.connection import Connection

_GLOB = frozenset("*?")
# Change events and platform events are listed as objects but hold no rows.
_NO_ROWS = ("ChangeEvent", "EventStream", "__e")


def discover(connection: Connection, logger: logging.Logger) -> list[SObject]:
    """Return the objects that the setting ``objects`` names.

    Raises:
        SettingsError: An object that the user named does not exist, or can't be described.
    """
    settings = connection.settings
    names = _without_globs(connection, settings.objects)
    described = connection.client.describe_many(names)
    failed = {n: answer for n, answer in described.items() if isinstance(answer, RefusedError)}
    if settings.objects_are_default:
        for name in [n for n, error in failed.items() if error.status == 404]:  # noqa: PLR2004
            logger.info("The org has no %s, or the user may not see it: it is skipped.", name)
            del failed[name]
    if failed:
        raise _undescribed(connection, failed)
    return _read(
        (answer for answer in described.values() if not isinstance(answer, RefusedError)), logger
    )


def describe_selected(
    connection: Connection, names: Sequence[str], logger: logging.Logger
) -> list[SObject]:
    """Return the objects that a catalog selects.

    One that can't be described is noted as a failure of the run, never left out in silence.
    """
    found = []
    for name, answer in connection.client.describe_many(names).items():
        if isinstance(answer, RefusedError):
            connection.failures[name] = answer
            logger.error("%s %s", answer.message, answer.hint)
        else:
            found.append(answer)
    return _read(found, logger)


def _read(describes: Iterable[Mapping[str, object]], logger: logging.Logger) -> list[SObject]:
    sobjects = [sobject_from_describe(describe) for describe in describes]
    for sobject in sobjects:
        for field, field_type in sobject.unknown_types.items():
            logger.warning(
                "%s.%s has the type %s, which the tap does not know: it is read as text.",
                sobject.name,
                field,
                field_type,
            )
    return sobjects


def _without_globs(connection: Connection, wanted: Sequence[str]) -> list[str]:
    if not any(_GLOB & set(name) for name in wanted):
        return list(wanted)
    listed = [
        str(entry["name"]) for entry in connection.client.describe_global() if _holds_rows(entry)
    ]
    names: dict[str, None] = {}
    for pattern in wanted:
        if not _GLOB & set(pattern):
            names[pattern] = None
            continue
        matching = [name for name in listed if fnmatchcase(name, pattern)]
        if not matching:
            message = f"The setting objects holds {pattern}, which matches no object of the org."
            raise SettingsError(
                message,
                hint="Patterns mind upper and lower case; `*` matches every object that can be "
                "queried.",
                code="unknown-object",
            )
        names.update(dict.fromkeys(matching))
    return list(names)


def _holds_rows(entry: Mapping[str, object]) -> bool:
    return (
        bool(entry.get("queryable"))
        and not entry.get("deprecatedAndHidden")
        and not str(entry["name"]).endswith(_NO_ROWS)
    )


def _undescribed(connection: Connection, failed: Mapping[str, RefusedError]) -> SettingsError:
    missing = [name for name, error in failed.items() if error.status == 404]  # noqa: PLR2004
    if not missing:
        reasons = "; ".join(error.message for error in failed.values())
        return SettingsError(
            f"The setting objects names what can't be described: {reasons}",
            hint="Setup > Permission Sets > Object Settings: give the user Read on the object, "
            "or remove it from objects.",
            code="object-not-described",
        )
    listed = [str(entry["name"]) for entry in connection.client.describe_global()]
    return SettingsError(
        f"The setting objects names {', '.join(missing)}, which the org does not have or the "
        "user may not see.",
        hint=_suggestions(missing, listed)
        + "Setup > Object Manager shows the API names (custom objects end in __c); Setup > "
        "Permission Sets > Object Settings gives the user access.",
        code="unknown-object",
    )


def _suggestions(missing: Sequence[str], listed: Sequence[str]) -> str:
    by_lower_case = {name.lower(): name for name in listed}
    found = []
    for name in missing:
        close = difflib.get_close_matches(name.lower(), by_lower_case, n=1)
        if close:
            found.append(f"{by_lower_case[close[0]]} for {name}")
    return f"Did you mean {', '.join(found)}? " if found else ""
