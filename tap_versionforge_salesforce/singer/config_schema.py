"""The settings as the SDK declares them: kinds, defaults, and which are secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_versionforge_salesforce.settings.definitions import SETTINGS

if TYPE_CHECKING:
    from tap_versionforge_salesforce.settings.declaring import Setting

_TYPES: dict[str, Any] = {
    "string": th.StringType,
    "integer": th.IntegerType,
    "boolean": th.BooleanType,
    "array": th.ArrayType(th.StringType),
}
_MEMBERS: dict[str, Any] = {
    "names": th.ArrayType(th.StringType),
    "text": th.StringType,
    "query": th.ObjectType(
        th.Property("soql", th.StringType, required=True),
        th.Property("replication_key", th.StringType),
        th.Property("key_properties", th.ArrayType(th.StringType)),
    ),
}


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of a config, as ``--about`` shows it."""
    return dict(th.PropertiesList(*(_property(setting) for setting in SETTINGS)).to_dict())


def _property(setting: Setting) -> th.Property[Any]:
    default = list(setting.default) if isinstance(setting.default, tuple) else setting.default
    return th.Property(
        setting.name,
        _type(setting),
        required=setting.required,
        default=default,
        secret=setting.secret,
        title=setting.title,
        description=setting.description,
        allowed_values=list(setting.options) or None,
    )


def _type(setting: Setting) -> Any:  # noqa: ANN401  as the SDK has types
    if setting.name == "start_date":
        return th.DateTimeType
    if setting.kind == "object":
        return th.ObjectType(additional_properties=_MEMBERS[setting.member])
    return _TYPES[setting.kind]
