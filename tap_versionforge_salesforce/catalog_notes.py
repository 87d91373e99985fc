"""What a catalog selects in a place where nobody looks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WHOLE: tuple[str, ...] = ()
_IN_FIELD = 2


class CatalogNotes:
    """Takes note of each selection that changes nothing, entry by entry of a catalog."""

    def __init__(self) -> None:
        self._of_old_style: list[str] = []
        self._sentences: list[str] = []

    def look_at(self, entry: Mapping[str, Any]) -> None:
        """Look at the checked entry of a stream."""
        if _metadata(entry)[_WHOLE] is False:
            return
        if _is_of_old_style(entry):
            self._of_old_style.append(entry["tap_stream_id"])
        self._sentences += [*_unknown_fields(entry), *_lonely_members(entry)]

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each; one for all that say it in the old style."""
        if self._of_old_style:
            yield (
                f"The catalog says `selected` inside the schema of {', '.join(self._of_old_style)},"
                " which changes nothing: what is read is what the metadata select."
            )
        yield from self._sentences


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
    fields = schema.get("properties", {}).values()
    return any("selected" in each for each in (schema, *fields))


def _unknown_fields(entry: Mapping[str, Any]) -> Iterator[str]:
    name, known = entry["tap_stream_id"], {"Id", *entry["schema"].get("properties", {})}
    unknown = [
        place[1]
        for place, is_selected in _metadata(entry).items()
        if is_selected and len(place) == _IN_FIELD and place[1] not in known
    ]
    if unknown:
        yield (
            f"The catalog selects {', '.join(unknown)} of {name}, which are not in its schema: "
            "they are not read. Make a new catalog with --discover."
        )


def _lonely_members(entry: Mapping[str, Any]) -> Iterator[str]:
    metadata = _metadata(entry)
    members: dict[str, list[str]] = {}
    for place, is_selected in metadata.items():
        if is_selected and len(place) > _IN_FIELD and metadata.get(place[:_IN_FIELD]) is False:
            members.setdefault(place[1], []).append(place[-1])
    for field, names in members.items():
        yield (
            f"The catalog selects {', '.join(names)} in {entry['tap_stream_id']}.{field}, but not "
            f"{field} itself: they are not read. Select {field} as well."
        )
