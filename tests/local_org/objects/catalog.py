"""Which sObjects and fields the org has, and which of them the user may see."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.local_org.objects.object_notation import default_objects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.local_org.objects.fields import Field
    from tests.local_org.objects.sobjects import SObject


class Catalog:
    """The org's objects: whole, for what is stored, and as field-level security shows them."""

    def __init__(self) -> None:
        self.visible: dict[str, SObject] = {}
        self._whole: dict[str, SObject] = {}
        self._hidden_fields: dict[str, set[str]] = {}
        self._hidden_objects: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """Have the default objects, and hide nothing."""
        self._whole = {sobject.name: sobject for sobject in default_objects()}
        self._hidden_fields.clear()
        self._hidden_objects.clear()
        self._refresh()

    def whole(self, object_name: str) -> SObject:
        """Return the object with its hidden fields."""
        return self._whole[object_name]

    def add(self, sobject: SObject) -> None:
        self._whole[sobject.name] = sobject
        self._refresh()

    def add_fields(self, object_name: str, fields: Iterable[Field]) -> None:
        sobject = self._whole[object_name]
        self._whole[object_name] = replace(sobject, fields=(*sobject.fields, *fields))
        self._refresh()

    def has(self, object_name: str) -> bool:
        return object_name in self._whole

    def remove(self, object_name: str) -> None:
        del self._whole[object_name]
        self._hidden_fields.pop(object_name, None)
        self._hidden_objects.discard(object_name)
        self._refresh()

    def hide_field(self, object_name: str, field_name: str) -> None:
        field = self._whole[object_name].field(field_name)
        if field is None:
            raise KeyError(field_name)
        self._hidden_fields.setdefault(object_name, set()).add(field.name)
        self._refresh()

    def show_field(self, object_name: str, field_name: str) -> None:
        self._hidden_fields.get(object_name, set()).discard(field_name)
        self._refresh()

    def hide_object(self, object_name: str) -> None:
        self._hidden_objects.add(self._whole[object_name].name)
        self._refresh()

    def show_object(self, object_name: str) -> None:
        self._hidden_objects.discard(object_name)
        self._refresh()

    def _refresh(self) -> None:
        """Make the visible objects anew; whoever goes through the old ones is not disturbed."""
        self.visible = {
            name: self._seen(sobject)
            for name, sobject in self._whole.items()
            if name not in self._hidden_objects
        }

    def _seen(self, sobject: SObject) -> SObject:
        hidden = self._hidden_fields.get(sobject.name)
        if not hidden:
            return sobject
        fields = tuple(field for field in sobject.fields if field.name not in hidden)
        return replace(sobject, fields=fields)
