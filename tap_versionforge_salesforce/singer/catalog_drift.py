"""What has changed between the catalog and the object's describe. Values in, values out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.salesforce.objects.columns import Kind
from tap_versionforge_salesforce.salesforce.objects.describe import spelled_as
from tap_versionforge_salesforce.singer.json_schema import property_schema
from tap_versionforge_salesforce.singer.number_formats import is_other_format, respelled_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tap_versionforge_salesforce.salesforce.objects.columns import Column
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject

# An org may get hundreds of fields with one package.
_MOST_NAMES = 10


@dataclass(frozen=True, slots=True)
class Drift:
    """How an object differs from what a catalog says of it.

    Upper and lower case make no difference; names are spelled as the catalog spells them.

    Attributes:
        name: The stream's name.
        gone: Selected fields that the object no longer has, no longer shows, or that can no longer
            be read; a member of a compound field as ``BillingAddress.city``.
        retyped: Selected fields whose values are of a type that the catalog does not allow: what
            it says, and the JSON Schema of what comes now.
        added: Fields that the catalog does not know.
        respelled: Selected fields that are, or hold, numbers that the catalog does not have as the
            setting ``number_format`` has them now; the catalog's JSON Schema, with these.
        was_other_format: The catalog has been made with another ``number_format``.
        has_ids: The object's rows have Ids of their own.
        is_of_query: It is not an object but a query of ``soql_streams``.
    """

    name: str
    gone: tuple[str, ...]
    retyped: Mapping[str, tuple[Mapping[str, Any], dict[str, Any]]]
    added: tuple[str, ...]
    has_ids: bool = True
    is_of_query: bool = False
    respelled: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    was_other_format: bool = False

    @property
    def is_taken_over(self) -> bool:
        """Tell whether the catalog can't be gone by as it is."""
        return bool(self.gone or self.retyped or self.respelled)

    @property
    def told_gone(self) -> tuple[str, ...]:
        """Return those that are gone by somebody's doing."""
        if not self.is_of_query:
            return self.gone
        # It is put into every catalog, also where a query does not have it.
        return tuple(field for field in self.gone if field.lower() != "id")

    def warnings(self) -> Iterator[str]:
        """Yield a sentence for each selected field that is not as it was."""
        for name in self.told_gone:
            if name.lower() == "id" and not self.has_ids:
                yield (
                    f"The rows of {self.name} have no Id of their own, as the catalog says: Id is "
                    "left out, and is no key. Run --discover again."
                )
                continue
            if self.is_of_query:
                yield (
                    f"{name} of {self.name} is selected, but the query in soql_streams does not "
                    "have it: it is left out."
                )
                continue
            yield (
                f"The field {self.name}.{name} is selected, but the org no longer has it or the "
                "user may no longer see it (Setup > Field Accessibility): it is left out."
            )
        for name, (before, now) in self.retyped.items():
            yield (
                f"The type of {self.name}.{name} has changed from {_shown(before)} to "
                f"{_shown(now)} since the catalog was made: its SCHEMA and its values are of the "
                "new type. Run --discover again; a target may need another column for it."
            )
        if self.was_other_format:
            yield (
                f"The catalog has the numbers of {self.name} as another number_format than the "
                "setting has them: SCHEMA and values are as the setting says. Run --discover "
                "again; a target may need other columns for them."
            )

    def news(self) -> str | None:
        """Return a sentence about new fields; None where there are none."""
        if not self.added:
            return None
        more = len(self.added) - _MOST_NAMES
        names = ", ".join(self.added[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")
        return (
            f"{self.name} has fields that the catalog does not know: {names}. They are not read; "
            "run --discover again to select them."
        )


def drift_of(
    properties: Mapping[str, Mapping[str, Any]],
    selected: Collection[str],
    sobject: SObject,
    *,
    numbers_are_texts: bool = False,
) -> Drift:
    """Compare a catalog's properties with a describe.

    Args:
        properties: JSON Schema of each field that the catalog knows.
        selected: Those that are to be read.
        sobject: The object as it is described now.
        numbers_are_texts: As the setting ``number_format`` has them.
    """
    known = sobject.columns_by_spelling(properties)
    readable = {name for name, each in known.items() if each.kind is not Kind.UNSUPPORTED}
    described = {
        name: _described(known[name], properties[name], numbers_are_texts=numbers_are_texts)
        for name in known
    }
    respelled = {
        name: schema
        for name in selected
        if name in readable and (schema := respelled_in(properties[name], described[name]))
    }
    return Drift(
        name=sobject.name,
        gone=(
            *(name for name in selected if name not in readable),
            *_members_gone(properties, selected, known),
        ),
        retyped={
            name: (properties[name], described[name])
            for name in selected
            if name in readable
            and name not in respelled
            and not _allows(properties[name], described[name])
        },
        added=tuple(each.name for each in sobject.columns if each not in known.values()),
        has_ids=sobject.has_ids,
        respelled=respelled,
        was_other_format=any(
            is_other_format(properties[name], schema) for name, schema in respelled.items()
        ),
    )


def _described(
    column: Column, property_: Mapping[str, Any], *, numbers_are_texts: bool
) -> dict[str, Any]:
    """Return the JSON Schema of a field as it is now, its members as the catalog spells them."""
    schema = property_schema(column, numbers_are_texts=numbers_are_texts)
    spelled = property_.get("properties", {})
    if not column.is_compound or not spelled:
        return schema
    members = {spelled_as(n, spelled) or n: each for n, each in schema["properties"].items()}
    return schema | {"properties": members}


def _members_gone(
    properties: Mapping[str, Mapping[str, Any]],
    selected: Collection[str],
    columns: Mapping[str, Column],
) -> Iterator[str]:
    for name, column in columns.items():
        if column.is_compound and name in selected:
            known = properties[name].get("properties", {})
            parts = dict(column.parts)
            yield from (f"{name}.{each}" for each in known if spelled_as(each, parts) is None)


def _allows(catalog: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    """Tell whether values of the described type are what the catalog's schema says.

    A catalog may be changed by hand: less strict types, or none, are its user's wish.
    """
    allowed = _types(catalog)
    if not allowed:
        return True
    if "number" in allowed:
        allowed.add("integer")
    return _types(described) - {"null"} <= allowed and catalog.get("format") in (
        None,
        described.get("format"),
    )


def _types(schema: Mapping[str, Any]) -> set[str]:
    types = schema.get("type", [])
    return {types} if isinstance(types, str) else {str(each) for each in types}


def _shown(schema: Mapping[str, Any]) -> str:
    types = " or ".join(sorted(_types(schema) - {"null"}))
    return f"{types} ({schema['format']})" if schema.get("format") else types
