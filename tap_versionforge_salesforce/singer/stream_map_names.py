"""Which streams and fields the setting ``stream_maps`` names, and whether there are such.

The SDK passes over a map whose name it never meets: what was to be hidden would arrive in clear.
"""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.support.wording import closest, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    _Map = Mapping[str, Any] | str | None

_SOURCE, _FILTER, _NULL = "__source__", "__filter__", "__NULL__"
#: What else than a field the map of a stream can hold.
OPTIONS = frozenset({"__else__", _FILTER, "__alias__", "__key_properties__", _SOURCE})
#: What an expression can use besides the fields of its row.
VARIABLES = frozenset(
    {"_", "record", "config", "fake", "self", "__stream_name__", "__original_stream_name__"}
)
FUNCTIONS = frozenset(
    {"bool", "datetime", "float", "int", "json", "md5", "rand", "randint", "sha256", "str"}
)
_ROW = ("_", "record")
_GLOB = frozenset("*?[")
# How alike two names have to be so that one is taken for a slip of the other.
_SLIP = 0.8


class StreamMapNames:
    """What is wrong, or odd, with the names in the stream maps.

    Args:
        maps: The setting ``stream_maps``; None where it is not given.
        fields: Of each stream that is read, what the catalog or the org has.
        unread: Other streams that there are.
        org: Returns the names of all objects of the org; asked only where nothing else knows a
            name.

    Attributes:
        missing: What there is not, each as a part of a sentence.
        slips: A sentence for each new field whose name is nearly that of another.
        idle: Streams that there are and that are not read, and what a pattern does not match.
        empty: Streams for which there is a map with nothing in it.
    """

    def __init__(
        self,
        maps: Mapping[str, _Map] | None,
        *,
        fields: Mapping[str, Collection[str]],
        unread: Collection[str] = (),
        org: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._fields, self._unread, self._org = fields, unread, org
        self.missing: list[str] = []
        self.slips: list[str] = []
        self.idle: list[str] = []
        self.empty = [] if maps is None or maps else ["any stream"]
        for name, content in (maps or {}).items():
            if not name.startswith("__"):
                self._look_at(name, content)

    def warnings(self) -> Iterator[str]:
        """Yield a sentence for what is odd.

        Raises:
            SettingsError: The maps name what does not exist.
        """
        if self.missing:
            raise SettingsError(
                f"The setting stream_maps names what does not exist: {'; '.join(self.missing)}.",
                hint="Names count as they are spelled, upper and lower case included. No row has "
                "been read yet.",
                code="unknown-name",
            )
        yield from self.slips
        if self.idle:
            names = ", ".join(self.idle)
            yield f"The setting stream_maps names what this run does not read: {names}."
        if self.empty:
            yield (
                f"The setting stream_maps has nothing for {', '.join(self.empty)}: no field is "
                'dropped or changed. Meltano loses null on the way; write "__NULL__" for it.'
            )

    def _look_at(self, name: str, content: _Map) -> None:
        stream_map = content if isinstance(content, dict) else {}
        if content == {}:
            self.empty.append(name)
        source = str(stream_map.get(_SOURCE, name))
        streams = [each for each in self._fields if fnmatchcase(each, source)]
        if not streams:
            self._look_for(source)
            return
        known = {field for each in streams for field in self._fields[each]}
        for field, value in stream_map.items():
            self._look_at_field(f"{source}.{field}", field, value, known, stream_map)

    def _look_for(self, source: str) -> None:
        is_there = any(fnmatchcase(each, source) for each in self._unread)
        folded = [each for each in self._fields if fnmatchcase(each.lower(), source.lower())]
        if folded and _GLOB & set(source):
            self.missing.append(f"{source}, which matches {folded[0]} but for upper and lower case")
        elif is_there or _GLOB & set(source) or source in (everything := self._org()):
            self.idle.append(source)
        else:
            known = {*self._fields, *self._unread, *everything}
            self.missing.append(f"the stream {source}{did_you_mean(source, known)}")

    def _look_at_field(
        self, place: str, field: str, value: object, known: set[str], others: Collection[str]
    ) -> None:
        if field in OPTIONS:
            if field == _FILTER and isinstance(value, str):
                self._look_at_expression(place, value, known, has_self=False)
        elif field.startswith("__") and closest(field, OPTIONS, _SLIP):
            self.missing.append(f"the option {place}{did_you_mean(field, OPTIONS)}")
        elif field in known or (value not in (None, _NULL) and self._is_new(field, known)):
            if value not in (None, _NULL) and isinstance(value, str):
                self._look_at_expression(place, value, known, has_self=field in known)
            if field not in known:
                self._look_for_slip(place, field, known, others)
        elif _GLOB & set(place) and not closest(field, known, _SLIP):
            self.idle.append(place)  # wherever there is one, as its user wants it
        else:
            self.missing.append(f"the field {place}{did_you_mean(field, known)}")

    @staticmethod
    def _is_new(field: str, known: set[str]) -> bool:
        # Databases fold case: such a field would be a second column of that name.
        return field.lower() not in {each.lower() for each in known}

    def _look_for_slip(
        self, place: str, field: str, known: set[str], others: Collection[str]
    ) -> None:
        near = closest(field, known, _SLIP)
        if near is not None and near not in others:
            self.slips.append(
                f"The setting stream_maps adds {place} and leaves {near} as it is: did you mean "
                f"{near}?"
            )

    def _look_at_expression(
        self, place: str, expression: str, known: set[str], *, has_self: bool
    ) -> None:
        builtin = {*VARIABLES, *FUNCTIONS} - ({"self"} if not has_self else set())
        for name in dict.fromkeys(_names_in(expression)):
            if name == "fake" and find_spec("faker") is None:
                self.missing.append(
                    f"fake in the expression of {place} (the package faker is not installed)"
                )
            elif name not in known and name not in builtin:
                self.missing.append(
                    f"{name} in the expression of {place}{did_you_mean(name, known)}"
                )


def misnamed(bookmarks: Collection[str], streams: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each bookmark whose name is that of a stream but for a slip.

    Args:
        bookmarks: Names in the state.
        streams: Those that are read.
    """
    without = set(streams) - set(bookmarks)
    for name in sorted(set(bookmarks) - set(streams)):
        near = closest(name, without, _SLIP)
        if near is not None:
            yield (
                f"The state has a bookmark of {name}, which is not read, and none of {near}: did "
                f"you mean {near}? It is read from its beginning, or from start_date."
            )


def _names_in(expression: str) -> Iterator[str]:
    """Yield the names that an expression can't do without."""
    nodes = list(ast.walk(ast.parse(expression).body[0]))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    yield from (node.id for node in names if node.id not in own)
    for node in nodes:
        field = _field_of_row(node)
        if isinstance(field, str):
            yield field


def _field_of_row(node: ast.AST) -> object:
    """Return the field in ``record['Field']`` or ``record.Field``; None of another node."""
    if isinstance(node, (ast.Subscript, ast.Attribute)):
        row = node.value
        if isinstance(row, ast.Name) and row.id in _ROW:
            if isinstance(node, ast.Attribute):
                return None if hasattr(dict, node.attr) else node.attr
            return node.slice.value if isinstance(node.slice, ast.Constant) else None
    return None
