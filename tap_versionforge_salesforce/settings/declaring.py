"""How a setting is declared: as a field of a dataclass that knows what users are told about it."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Kind = Literal["string", "integer", "boolean", "array", "object"]
#: What an object has by each name: a list of names, a text, or a query with what is said of it.
Member = Literal["names", "text", "query"]

_KINDS: dict[object, Kind] = {
    str: "string",
    int: "integer",
    bool: "boolean",
    tuple: "array",
    Mapping: "object",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a user is told about one setting.

    Attributes:
        name: Its name in config.json and meltano.yml.
        kind: Its JSON type.
        member: What it has by each name, where it is an object.
        title: A few words for a form.
        description: What it does, in a sentence or two.
        default: The value when it is left out; None for none.
        required: It has to be given.
        secret: It is hidden wherever settings are shown.
        minimum: Smallest whole number allowed.
        maximum: Largest whole number allowed. Some clocks and sockets take no larger ones.
        options: The only values allowed.
        is_path: It names a file or folder of this machine.
        is_url: It can be the URL of a folder elsewhere, too.
        is_switch: It can be true or false, too.
        example: How it is written, where it is an object.
    """

    name: str
    kind: Kind
    title: str
    description: str
    member: Member = "names"
    default: str | int | bool | tuple[str, ...] | None = None
    required: bool = False
    secret: bool = False
    minimum: int = 0
    maximum: int = 1_000_000_000
    options: tuple[str, ...] = ()
    is_path: bool = False
    is_url: bool = False
    is_switch: bool = False
    example: str = ""


def declared(title: str, description: str, **more: object) -> Any:  # noqa: ANN401  as dataclasses.field
    """Return the field of a dataclass that is a setting.

    Args:
        title: As for `Setting`.
        description: As for `Setting`.
        more: The other attributes of a `Setting`, but for its name and its kind.
    """
    told = {"title": title, "description": description} | more
    default = dataclasses.MISSING if more.get("required") else more.get("default")
    return dataclasses.field(default=default, repr=not more.get("secret"), metadata=told)


def settings_of(declaring: type) -> tuple[Setting, ...]:
    """Return the settings that the fields of a dataclass declare, in their order."""
    hints = get_type_hints(declaring)
    return tuple(
        Setting(
            name=field.name,
            kind=_kind_of(hints[field.name]),
            member=_member_of(hints[field.name]),
            **field.metadata,
        )
        for field in dataclasses.fields(declaring)
        if field.metadata
    )


def _kind_of(hint: object) -> Kind:
    first = _first_of(hint)
    # What JSON has no type for is given as text.
    return _KINDS.get(get_origin(first) or first, "string")


def _member_of(hint: object) -> Member:
    member = get_args(_first_of(hint))[1:]
    if member == (str,):
        return "text"
    return "query" if member == (Mapping[str, object],) else "names"


def _first_of(hint: object) -> object:
    """Return the kind of a value that is there, of a hint that may have None beside it."""
    return get_args(hint)[0] if get_origin(hint) in (Union, types.UnionType) else hint
