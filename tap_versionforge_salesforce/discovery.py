"""Describe → streams: which objects there are to read, and why one is not among them."""

from __future__ import annotations

import difflib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.exceptions import RefusedError, SettingsError, TapError
from tap_versionforge_salesforce.schema import SObject, sobject_from_describe

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping, Sequence

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
    failed: dict[str, TapError] = {}
    sobjects = list(_described(connection, names, failed, logger))
    for error in failed.values():
        if not isinstance(error, RefusedError):
            raise error
    refused = {n: error for n, error in failed.items() if isinstance(error, RefusedError)}
    if settings.objects_are_default:
        for name in [n for n, error in refused.items() if error.status == 404]:  # noqa: PLR2004
            logger.info("The org has no %s, or the user may not see it: it is skipped.", name)
            del refused[name]
    if refused:
        raise _undescribed(connection, refused)
    return sobjects


def describe_selected(
    connection: Connection, names: Sequence[str], logger: logging.Logger
) -> list[SObject]:
    """Return the objects that a catalog selects.

    One that can't be described is noted as a failure of the run, never left out in silence.
    """
    failed: dict[str, TapError] = {}
    sobjects = list(_described(connection, names, failed, logger))
    for error in failed.values():
        logger.error("%s %s", error.message, error.hint)
    connection.failures.update(failed)
    return sobjects


def _described(
    connection: Connection,
    names: Sequence[str],
    failed: dict[str, TapError],
    logger: logging.Logger,
) -> Iterator[SObject]:
    """Yield each object as its describe comes, which is large; note why there is none."""
    for name, answer in connection.client.describe_many(names):
        if isinstance(answer, TapError):
            failed[name] = answer
            continue
        try:
            sobject = sobject_from_describe(answer)
        except TapError as error:
            failed[name] = error
            continue
        for field, field_type in sobject.unknown_types.items():
            logger.warning(
                "%s.%s has the type %s, which the tap does not know: it is read as text.",
                sobject.name,
                field,
                field_type,
            )
        yield sobject


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
