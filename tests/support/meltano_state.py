"""How Meltano puts the state of a run into the one that it has."""

from __future__ import annotations

from typing import Any


def merged_by_meltano(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return both, key by key: what only the old one has stays.

    Raises:
        AttributeError: An object meets a null, as it ends Meltano's own merge.
    """
    merged = dict(old)
    for name, value in new.items():
        before = merged.get(name, {})
        is_nested = isinstance(value, dict) and (before is None or isinstance(before, dict))
        merged[name] = merged_by_meltano(before.copy(), value) if is_nested else value
    return merged
