"""One field of an sObject, and its entry in a describe."""

from __future__ import annotations

from dataclasses import dataclass

ID_TYPES = frozenset({"id", "reference"})
NUMBER_TYPES = frozenset({"currency", "double", "percent"})
INTEGER_TYPES = frozenset({"int", "long"})
COMPOUND_TYPES = frozenset({"address", "location"})
UNSERIALIZABLE_TYPES = frozenset({"base64", "json"})
"""What Bulk API 2.0 can't write into CSV."""

SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "long": "xsd:long",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "base64": "xsd:base64Binary",
    "anyType": "xsd:anyType",
    "address": "urn:address",
    "location": "urn:location",
    "json": "tns:json",
    "complexvalue": "urn:RecordTypesSupported",
}
"""Every other type is xsd:string."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field as the describe tells it."""

    name: str
    type: str
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = False
    filterable: bool = False
    sortable: bool = False
    groupable: bool = False
    aggregatable: bool = False
    createable: bool = False
    updateable: bool = False
    defaulted_on_create: bool = False
    permissionable: bool = False
    custom: bool = False
    auto_number: bool = False
    name_field: bool = False
    id_lookup: bool = False
    unique: bool = False
    external_id: bool = False
    html_formatted: bool = False
    restricted_picklist: bool = False
    deprecated_and_hidden: bool = False
    calculated_formula: str | None = None
    calculated: bool = False
    compound_field_name: str | None = None
    extra_type_info: str | None = None
    inline_help_text: str | None = None
    mask_type: str | None = None
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    picklist_values: tuple[str, ...] = ()

    @property
    def soap_type(self) -> str:
        return SOAP_TYPES.get(self.type, "xsd:string")

    @property
    def is_compound(self) -> bool:
        return self.type in COMPOUND_TYPES

    @property
    def is_id(self) -> bool:
        return self.type in ID_TYPES

    @property
    def is_number(self) -> bool:
        return self.type in NUMBER_TYPES or self.type in INTEGER_TYPES

    @property
    def in_bulk(self) -> bool:
        """Whether a Bulk query may select it."""
        return self.type not in UNSERIALIZABLE_TYPES and not self.is_compound

    @property
    def polymorphic(self) -> bool:
        return len(self.reference_to) > 1

    @property
    def _search_prefilterable(self) -> bool:
        is_lookup = self.type == "reference" and self.nillable and self.updateable
        return is_lookup and self.name != "RecordTypeId"

    @property
    def byte_length(self) -> int:
        return self.length if self.is_id else 3 * self.length

    def describe(self) -> dict[str, object]:
        """Return the entry in a describe's `fields`: all 57 keys, in Salesforce's order."""
        return {
            "aggregatable": self.aggregatable,
            "aiPredictionField": False,
            "autoNumber": self.auto_number,
            "byteLength": self.byte_length,
            "calculated": self.calculated,
            "calculatedFormula": self.calculated_formula,
            "cascadeDelete": False,
            "caseSensitive": False,
            "compoundFieldName": self.compound_field_name,
            "controllerName": None,
            "createable": self.createable,
            "custom": self.custom,
            "defaultValue": False if self.type == "boolean" else None,
            "defaultValueFormula": None,
            "defaultedOnCreate": self.defaulted_on_create,
            "dependentPicklist": False,
            "deprecatedAndHidden": self.deprecated_and_hidden,
            "digits": self.digits,
            "displayLocationInDecimal": self.type == "location",
            "encrypted": self.type == "encryptedstring",
            "externalId": self.external_id,
            "extraTypeInfo": self.extra_type_info,
            "filterable": self.filterable,
            "filteredLookupInfo": None,
            "formulaTreatNullNumberAsZero": False,
            "groupable": self.groupable,
            "highScaleNumber": False,
            "htmlFormatted": self.html_formatted,
            "idLookup": self.id_lookup,
            "inlineHelpText": self.inline_help_text,
            "label": self.label,
            "length": self.length,
            "mask": "*" if self.mask_type else None,
            "maskType": self.mask_type,
            "name": self.name,
            "nameField": self.name_field,
            "namePointing": self.polymorphic,
            "nillable": self.nillable,
            "permissionable": self.permissionable,
            "picklistValues": [_picklist_entry(value) for value in self.picklist_values],
            "polymorphicForeignKey": self.polymorphic,
            "precision": self.precision,
            "queryByDistance": self.is_compound,
            "referenceTargetField": None,
            "referenceTo": list(self.reference_to),
            "relationshipName": self.relationship_name,
            "relationshipOrder": None,
            "restrictedDelete": False,
            "restrictedPicklist": self.restricted_picklist,
            "scale": self.scale,
            "searchPrefilterable": self._search_prefilterable,
            "soapType": self.soap_type,
            "sortable": self.sortable,
            "type": self.type,
            "unique": self.unique,
            "updateable": self.updateable,
            "writeRequiresMasterRead": False,
        }


def _picklist_entry(value: str) -> dict[str, object]:
    return {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value}
