"""Reads the object files of `objects/`: a header, an empty line, one line for each field.

A field's line is `Name | type size | Label | words`, the words parted by semicolons. The flags of
the type (filterable, createable, …) are understood; a word changes them where Salesforce does:

    required            may not be null
    readonly            can't be written
    system              both, and filled in by Salesforce
    calculated TEXT     a formula (the text may be left out)
    flags NFSGAcuD=P    exactly these, in the letters of `FLAGS`
    to A,B as R         what a reference points to, and the name of the relationship
    in X                part of the compound field X
    relationship R      a name without a reference (a few strings have one)
    values X            a picklist of `picklists.txt`
    info X, help TEXT, mask TYPE, restricted, name, idlookup, unique, external, autonumber, html

`@audit`, `@deleted` and `@viewed` stand for the system fields that most objects share.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from tests.local_org.objects.fields import Field
from tests.local_org.objects.sobjects import SObject

FOLDER = Path(__file__).parent
FEATURES = FOLDER / "features"
LONG_TEXT = 255
"""A longer textarea can be neither filtered nor sorted."""

FLAGS = {
    "N": "nillable",
    "F": "filterable",
    "S": "sortable",
    "G": "groupable",
    "A": "aggregatable",
    "c": "createable",
    "u": "updateable",
    "D": "defaulted_on_create",
    "=": "calculated",
    "P": "permissionable",
}
TEXT_FLAGS = "NFSGAcuP"
TYPE_FLAGS = {
    "id": "FSGAD",
    "boolean": "FSGcuDP",
    "double": "NFSAcuP",
    "currency": "NFSAcuP",
    "percent": "NFSAcuP",
    "datetime": "NFSAcuP",
    "multipicklist": "NFcuP",
    "encryptedstring": "NcuP",
    "address": "NFP",
    "location": "NFcuP",
    "base64": "NcuP",
    "json": "NcuP",
    "anyType": "N",
    "complexvalue": "N",
}
WORD_FLAGS = {"required": ("NP", ""), "readonly": ("cuP", ""), "system": ("NcuP", "D")}
"""Word → flags that go, flags that come."""

SWITCHES = {
    "restricted": "restricted_picklist",
    "name": "name_field",
    "idlookup": "id_lookup",
    "unique": "unique",
    "external": "external_id",
    "autonumber": "auto_number",
    "html": "html_formatted",
}
TEXTS = {
    "in": "compound_field_name",
    "relationship": "relationship_name",
    "info": "extra_type_info",
    "help": "inline_help_text",
    "mask": "mask_type",
}

MACROS = {
    "@audit": (
        "CreatedDate | datetime | Created Date | system",
        "CreatedById | reference | Created By ID | system; to User as CreatedBy",
        "LastModifiedDate | datetime | Last Modified Date | system",
        "LastModifiedById | reference | Last Modified By ID | system; to User as LastModifiedBy",
        "SystemModstamp | datetime | System Modstamp | system",
    ),
    "@deleted": ("IsDeleted | boolean | Deleted | system",),
    "@viewed": (
        "LastViewedDate | datetime | Last Viewed Date | readonly",
        "LastReferencedDate | datetime | Last Referenced Date | readonly",
    ),
}


@cache
def default_objects() -> tuple[SObject, ...]:
    """Return every object of the folder, in the order of their names."""
    paths = sorted(FOLDER.glob("*.txt"))
    return tuple(read_object(path.read_text("utf-8")) for path in paths if path != _PICKLISTS)


def features() -> list[str]:
    """Return what an org may have or not: each is a folder of fields that objects have with it."""
    return sorted(path.name for path in FEATURES.iterdir())


def fields_with(feature: str) -> dict[str, list[Field]]:
    """Return the fields that objects have in addition where the org has a feature."""
    found: dict[str, list[Field]] = {}
    for path in sorted((FEATURES / feature).glob("*.txt")):
        header, body = _parts(path.read_text("utf-8"))
        found[header["name"]] = [read_field(line) for line in _field_lines(body)]
    return found


def _parts(text: str) -> tuple[dict[str, str], str]:
    head, _, body = text.strip().partition("\n\n")
    return dict(_pair(line) for line in head.splitlines()), body


def read_object(text: str) -> SObject:
    """Return the object that one file describes."""
    header, body = _parts(text)
    label, _, plural = header["label"].partition(", ")
    return SObject(
        name=header["name"],
        label=label,
        label_plural=plural or f"{label}s",
        key_prefix=header.get("prefix"),
        custom=header["name"].endswith(("__c", "__x", "__b", "__mdt")),
        fields=tuple(read_field(line) for line in _field_lines(body)),
        **dict.fromkeys(header.get("with", "").split(), True),
        **dict.fromkeys(header.get("without", "").split(), False),
    )


def read_field(line: str) -> Field:
    """Return the field of one line."""
    name, kind, label, *words = (part.strip() for part in line.split("|"))
    type_name, _, size = kind.partition(" ")
    values = _sizes(type_name, size)
    flags = _type_flags(type_name, values.get("length", 0))
    if type_name == "id":
        values["id_lookup"] = True
    for word in filter(None, (word.strip() for word in "".join(words).split(";"))):
        flags = _apply(word, flags, values)
    values |= {attribute: letter in flags for letter, attribute in FLAGS.items()}
    return Field(
        name=name,
        type=type_name,
        label=label,
        custom=name.endswith(("__c", "__s", "__pc")),
        **values,
    )


def _apply(word: str, flags: str, values: dict[str, Any]) -> str:
    """Put one word into the values; return the flags as they are after it."""
    key, _, rest = word.partition(" ")
    if key == "flags":
        return rest
    if key == "calculated":
        values["calculated_formula"] = rest or None
        return _without(flags, "cu") + "="
    if key in WORD_FLAGS:
        gone, new = WORD_FLAGS[key]
        return _without(flags, gone + new) + new
    if key == "to":
        targets, _, relationship = rest.partition(" as ")
        values["reference_to"] = tuple(targets.split(","))
        values["relationship_name"] = relationship or None
    elif key == "values":
        values["picklist_values"] = _picklists()[rest]
    elif key in TEXTS:
        values[TEXTS[key]] = rest
    else:
        values[SWITCHES[key]] = True
    return flags


def _type_flags(type_name: str, length: int) -> str:
    if type_name == "textarea" and length > LONG_TEXT:
        return "NcuP"
    return TYPE_FLAGS.get(type_name, TEXT_FLAGS)


def _sizes(type_name: str, size: str) -> dict[str, Any]:
    if type_name in {"id", "reference"}:
        return {"length": 18}
    if not size:
        return {}
    if type_name in {"int", "long"}:
        return {"digits": int(size)}
    if "," in size:
        precision, scale = size.split(",")
        return {"precision": int(precision), "scale": int(scale)}
    return {"length": int(size)}


def _field_lines(body: str) -> list[str]:
    lines = filter(None, (line.strip() for line in body.splitlines()))
    return [field for line in lines for field in MACROS.get(line, (line,))]


_PICKLISTS = FOLDER / "picklists.txt"


@cache
def _picklists() -> dict[str, tuple[str, ...]]:
    lines = _PICKLISTS.read_text("utf-8").splitlines()
    pairs = (_pair(line) for line in lines if line.strip())
    return {name: tuple(value.strip() for value in text.split(";")) for name, text in pairs}


def _pair(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(), value.strip()


def _without(flags: str, letters: str) -> str:
    return "".join(flag for flag in flags if flag not in letters)
