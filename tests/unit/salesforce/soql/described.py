"""A few objects as their describes tell them, and whoever is asked for one."""

from __future__ import annotations

from typing import Any

from tap_versionforge_salesforce.salesforce.objects.describe import (
    SObject,
    sobject_from_describe,
)

_FLAGS = {"filterable": True, "sortable": True}


def _field(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"name": name, "type": kind, "label": name, **_FLAGS, **more}


def _reference(name: str, relationship: str, *targets: str) -> dict[str, Any]:
    return _field(name, "reference", relationshipName=relationship, referenceTo=list(targets))


OBJECTS: dict[str, list[dict[str, Any]]] = {
    "Opportunity": [
        _field("Id", "id"),
        _field("Name"),
        _field("Amount", "currency"),
        _field("CloseDate", "date"),
        _field("IsWon", "boolean"),
        _field("Description", "textarea", filterable=False),
        _field("CreatedDate", "datetime"),
        _field("Body", "base64", filterable=False),
        _reference("AccountId", "Account", "Account"),
        _reference("OwnerId", "Owner", "User", "Group"),
        _reference("Plan__c", "Plan__r", "Plan__c"),
    ],
    "Account": [
        _field("Id", "id"),
        _field("Name"),
        _field("NumberOfEmployees", "int"),
        _field("BillingAddress", "address"),
        _field("BillingCity", compoundFieldName="BillingAddress"),
        _reference("ParentId", "Parent", "Account"),
        _reference("OwnerId", "Owner", "User"),
    ],
    "User": [_field("Id", "id"), _field("Username"), _field("LoginCount", "int")],
    "Group": [_field("Id", "id"), _field("DeveloperName")],
    "Task": [
        _field("Id", "id"),
        _reference("WhatId", "What", "Account", "Opportunity"),
    ],
}


class Describes:
    """What the org has, and which objects were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, name: str) -> SObject | None:
        self.asked.append(name)
        known = {each.lower(): each for each in OBJECTS}
        spelled = known.get(name.lower())
        return None if spelled is None else sobject(spelled)


def sobject(name: str) -> SObject:
    return sobject_from_describe({"name": name, "label": name, "fields": OBJECTS[name]})
