"""Numbers in a catalog that was made with another ``number_format`` than a run has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.singer.json_schema import DECIMAL_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = ("type", *DECIMAL_TEXT)


def respelled_in(catalog: Mapping[str, Any], described: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the catalog's JSON Schema of a field, with its numbers as they are described.

    Args:
        catalog: The field as the catalog has it; the SDK drops the size of a decimal from it.
        described: As the run would have it, its members named as in the catalog.

    Returns:
        The schema of the number, or of the object that holds some; None where nothing differs, or
        where the catalog has no number there: what else has changed is no matter of the format.
    """
    members = catalog.get("properties")
    if members:
        now = described.get("properties", {})
        found = {n: respelled_in(each, now[n]) for n, each in members.items() if n in now}
        changed = {n: each for n, each in found.items() if each is not None}
        return {**catalog, "properties": {**members, **changed}} if changed else None
    if None in (_format(catalog), _format(described)):
        return None
    if not is_other_format(catalog, described) and not _sizes_differ(catalog, described):
        return None
    kept = {key: value for key, value in catalog.items() if key not in _KEYS}
    return kept | {key: described[key] for key in _KEYS if key in described}


def is_other_format(catalog: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Tell whether numbers of a field, or of a member of it, are spelled in another way now."""
    members = catalog.get("properties")
    if members:
        known = now.get("properties", {})
        return any(is_other_format(each, known[n]) for n, each in members.items() if n in known)
    return _format(catalog) != _format(now)


def _format(schema: Mapping[str, Any]) -> str | None:
    """Return how a schema has numbers; None where it has none."""
    if schema.get("format") == DECIMAL_TEXT["format"]:
        return "singer.decimal"
    types = schema.get("type", [])
    return "number" if types == "number" or "number" in types else None


def _sizes_differ(catalog: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    return any(catalog.get(key) != described.get(key) for key in ("precision", "scale"))
