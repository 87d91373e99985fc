"""What a catalog selects in a place where nobody looks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.salesforce.support.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WHOLE: tuple[str, ...] = ()
_IN_FIELD = 2


class CatalogNotes:
    """Takes note of each selection that changes nothing, entry by entry of a catalog."""

    def __init__(self) -> None:
        self._of_old_style: list[str] = []
        self._unsupported: list[str] = []
        self._sentences: list[str] = []

    def look_at(self, entry: Mapping[str, Any]) -> None:
        """Look at the checked entry of a stream."""
        is_selected = _metadata(entry)[_WHOLE]
        if _is_unsupported(entry):
            self._unsupported += [entry["tap_stream_id"]] if is_selected else []
            return
        if is_selected is False:
            return
        if _is_of_old_style(entry):
            self._of_old_style.append(entry["tap_stream_id"])
        self._sentences += _other_key(entry)
        self._sentences += [*_unknown_fields(entry), *_lonely_members(entry)]

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each; one for all that say it in the old style."""
        if self._of_old_style:
            yield (
                f"The catalog says `selected` outside of the metadata of "
                f"{', '.join(self._of_old_style)}, which changes nothing: what is read is what the "
                "metadata select."
            )
        if self._unsupported:
            yield (
                f"The catalog selects {', '.join(self._unsupported)}, which nobody can read, as "
                "its unsupported-reason says: they are left out."
            )
        yield from self._sentences


def _is_unsupported(entry: Mapping[str, Any]) -> bool:
    inclusions = [
        item["metadata"].get("inclusion")
        for item in entry.get("metadata", [])
        if not item["breadcrumb"]
    ]
    return "unsupported" in inclusions


def _metadata(entry: Mapping[str, Any]) -> dict[tuple[str, ...], bool | None]:
    """Return by breadcrumb whether it is selected; None where nothing is said."""
    found: dict[tuple[str, ...], bool | None] = {_WHOLE: None}
    for item in entry.get("metadata", []):
        said = item["metadata"]
        by_default = False if said.get("selected-by-default") is False else None
        found[tuple(item["breadcrumb"])] = said.get("selected", by_default)
    return found


def _is_of_old_style(entry: Mapping[str, Any]) -> bool:
    schema = entry["schema"]
    fields = schema.get("properties", {})
    said = _metadata(entry)
    # Meltano writes it beside the metadata that say the same.
    places = {_WHOLE: (entry, schema)} | {("properties", n): (f,) for n, f in fields.items()}
    return any(
        "selected" in each and each["selected"] != said.get(place)
        for place, those in places.items()
        for each in those
    )


def _other_key(entry: Mapping[str, Any]) -> Iterator[str]:
    given = entry.get("replication_key")
    for item in entry.get("metadata", []):
        said = item["metadata"].get("replication-key")
        if item["breadcrumb"] or not isinstance(said, str) or not isinstance(given, str):
            continue
        if said.lower() != given.lower():
            yield (
                f"The catalog names two replication keys of {entry['tap_stream_id']}: {given}, by "
                f"which it is read, and in its metadata {said}, which changes nothing. Change "
                "replication_key."
            )


def _unknown_fields(entry: Mapping[str, Any]) -> Iterator[str]:
    name, known = entry["tap_stream_id"], {"Id", *entry["schema"].get("properties", {})}
    unknown: dict[bool, list[str]] = {True: [], False: []}
    for place, is_selected in _metadata(entry).items():
        if is_selected is not None and len(place) == _IN_FIELD and place[1] not in known:
            unknown[bool(is_selected)].append(place[1])
    if unknown[True]:
        yield (
            f"The catalog selects {', '.join(unknown[True])} of {name}, which are not in its "
            "schema: they are not read. Make a new catalog with --discover."
        )
    if unknown[False]:
        meant = ", ".join(f"{each}{did_you_mean(each, known)}" for each in unknown[False])
        yield (
            f"The catalog deselects {meant} of {name}, which are not in its schema: nothing is "
            "left out by it."
        )


def _lonely_members(entry: Mapping[str, Any]) -> Iterator[str]:
    metadata = _metadata(entry)
    members: dict[str, list[str]] = {}
    for place, is_selected in metadata.items():
        if is_selected and len(place) > _IN_FIELD and metadata.get(place[:_IN_FIELD]) is False:
            members.setdefault(place[1], []).append(place[-1])
    for field, names in members.items():
        if len(names) > 1 and set(names) == set(_automatic_members(entry, field)):
            continue  # as Meltano writes it for a field that its user leaves out
        yield (
            f"The catalog selects {', '.join(names)} in {entry['tap_stream_id']}.{field}, but not "
            f"{field} itself: they are not read. Select {field} as well."
        )


def _automatic_members(entry: Mapping[str, Any], field: str) -> Iterator[str]:
    for item in entry.get("metadata", []):
        place = item["breadcrumb"]
        is_member = len(place) > _IN_FIELD and place[1] == field
        if is_member and item["metadata"].get("inclusion") == "automatic":
            yield place[-1]
