"""sObjects and their describes; the org a test starts with is in `objects/`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.local_org.objects.fields import Field

UI_URL = "https://local-org.my.salesforce.com"
MASTER_RECORD_TYPE_ID = "012000000000000AAA"

PARTS = {
    "address": (
        "city",
        "country",
        "countryCode",
        "geocodeAccuracy",
        "latitude",
        "longitude",
        "postalCode",
        "state",
        "stateCode",
        "street",
    ),
    "location": ("latitude", "longitude"),
}
"""The members of compound values; the codes are there only where the org has such fields."""
CONDITIONAL_PARTS = frozenset({"countryCode", "stateCode"})


@dataclass(frozen=True, kw_only=True)
class SObject:
    """An sObject with its fields in describe order."""

    name: str
    label: str
    label_plural: str
    key_prefix: str | None
    fields: tuple[Field, ...]
    custom: bool = False
    createable: bool = True
    deletable: bool = True
    deprecated_and_hidden: bool = False
    deep_cloneable: bool = False
    feed_enabled: bool = False
    layoutable: bool = True
    mergeable: bool = False
    mru_enabled: bool = True
    queryable: bool = True
    replicateable: bool = True
    retrieveable: bool = True
    searchable: bool = True
    triggerable: bool = True
    undeletable: bool = True
    updateable: bool = True
    bulk_supported: bool = True

    @cached_property
    def fields_by_name(self) -> Mapping[str, Field]:
        """The fields by lower-case name: SOQL does not mind the case."""
        return {field.name.lower(): field for field in self.fields}

    def field(self, name: str) -> Field | None:
        return self.fields_by_name.get(name.lower())

    def reference(self, relationship: str) -> Field | None:
        """Return the reference field behind a relationship name."""
        wanted = relationship.lower()
        for field in self.fields:
            if field.relationship_name and field.relationship_name.lower() == wanted:
                return field
        return None

    def parts(self, compound: Field) -> dict[str, Field | None]:
        """Return the members of an address or location and the field each is stored in.

        A part that the user may not see is still a member, and always null.
        """
        own = {
            _part_name(compound, field): field
            for field in self.fields
            if field.compound_field_name == compound.name and field is not compound
        }
        names = PARTS[compound.type]
        return {name: own.get(name) for name in names if name in own or _always_there(name)}

    def describe(self, api_version: str) -> dict[str, object]:
        """Return the answer of /sobjects/X/describe."""
        urls = self._urls(api_version) | {
            "uiDetailTemplate": f"{UI_URL}/{{ID}}",
            "uiEditTemplate": f"{UI_URL}/{{ID}}/e",
            "uiNewRecord": f"{UI_URL}/{self.key_prefix}/e",
        }
        return {
            "actionOverrides": [],
            "childRelationships": [],
            "compactLayoutable": self.layoutable,
            "defaultImplementation": None,
            "extendedBy": None,
            "extendsInterfaces": None,
            "fields": [field.describe() for field in self.fields],
            "implementedBy": None,
            "implementsInterfaces": None,
            "listviewable": None,
            "lookupLayoutable": None,
            "namedLayoutInfos": [],
            "networkScopeFieldName": None,
            "recordTypeInfos": [self._master_record_type(urls)],
            "searchLayoutable": self.layoutable,
            "sobjectDescribeOption": "FULL",
            "supportedScopes": self._scopes(),
            **self._common(),
            "urls": urls,
        }

    def global_entry(self, api_version: str) -> dict[str, object]:
        """Return the entry in the list of /sobjects."""
        return {**self._common(), "urls": self._urls(api_version)}

    def _common(self) -> dict[str, object]:
        return {
            "activateable": False,
            "associateEntityType": None,
            "associateParentEntity": None,
            "createable": self.createable,
            "custom": self.custom,
            "customSetting": False,
            "deepCloneable": self.deep_cloneable,
            "deletable": self.deletable,
            "deprecatedAndHidden": self.deprecated_and_hidden,
            "feedEnabled": self.feed_enabled,
            "hasSubtypes": False,
            "isInterface": False,
            "isSubtype": False,
            "keyPrefix": self.key_prefix,
            "label": self.label,
            "labelPlural": self.label_plural,
            "layoutable": self.layoutable,
            "mergeable": self.mergeable,
            "mruEnabled": self.mru_enabled,
            "name": self.name,
            "queryable": self.queryable,
            "replicateable": self.replicateable,
            "retrieveable": self.retrieveable,
            "searchable": self.searchable,
            "triggerable": self.triggerable,
            "undeletable": self.undeletable,
            "updateable": self.updateable,
        }

    def _urls(self, api_version: str) -> dict[str, str]:
        base = f"/services/data/v{api_version.removeprefix('v')}/sobjects/{self.name}"
        urls = {"describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}", "sobject": base}
        if self.layoutable:
            urls |= {
                "approvalLayouts": f"{base}/describe/approvalLayouts",
                "compactLayouts": f"{base}/describe/compactLayouts",
                "layouts": f"{base}/describe/layouts",
                "listviews": f"{base}/listviews",
                "quickActions": f"{base}/quickActions",
            }
        return urls

    def _scopes(self) -> list[dict[str, str]]:
        plural = self.label_plural.lower()
        scopes = [{"label": f"All {plural}", "name": "everything"}]
        if self.field("OwnerId"):
            scopes.append({"label": f"My {plural}", "name": "mine"})
        return scopes

    def _master_record_type(self, urls: Mapping[str, str]) -> dict[str, object]:
        layout = f"{urls['describe']}/layouts/{MASTER_RECORD_TYPE_ID}"
        return {
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": True,
            "developerName": "Master",
            "master": True,
            "name": "Master",
            "recordTypeId": MASTER_RECORD_TYPE_ID,
            "urls": {"layout": layout},
        }


def _always_there(part: str) -> bool:
    return part not in CONDITIONAL_PARTS


def _part_name(compound: Field, field: Field) -> str:
    if compound.type == "location":
        return "latitude" if "Latitude" in field.name else "longitude"
    suffix = field.name.removeprefix(compound.name.removesuffix("Address"))
    return suffix[:1].lower() + suffix[1:]
