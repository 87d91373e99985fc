"""The setting ``soql_streams``: queries of the user's own, each a stream."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import SettingsError, wrong_setting
from tap_versionforge_salesforce.salesforce.support.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tap_versionforge_salesforce.salesforce.soql.selects import Select

SETTING = "soql_streams"
EXAMPLE = (
    '{"won_deals": {"soql": "SELECT Id, Amount, Account.Name, SystemModstamp FROM Opportunity '
    'WHERE IsWon = true", "replication_key": "SystemModstamp"}}'
)

# A leading underscore is that of what the tap or a target adds.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_SOQL, _REPLICATION_KEY, _KEY_PROPERTIES = "soql", "replication_key", "key_properties"
_KNOWN = (_SOQL, _REPLICATION_KEY, _KEY_PROPERTIES)


@dataclass(frozen=True, slots=True)
class SoqlStream:
    """A query of the user's own.

    Attributes:
        name: The stream's.
        soql: The whole SELECT.
        replication_key: The field to read it incrementally by; None to read it whole each time.
        key_properties: The properties that tell its rows apart; None for ``Id``, if it is selected.
    """

    name: str
    soql: str
    replication_key: str | None = None
    key_properties: tuple[str, ...] | None = None

    @property
    def what(self) -> str:
        """Return how messages call the setting."""
        return _what(self.name)


def parsed_soql_streams(given: Mapping[str, Mapping[str, object]]) -> tuple[SoqlStream, ...]:
    """Return the streams that a setting asks for, in its order.

    Args:
        given: What is said of each, by its name.

    Raises:
        SettingsError: Something in it is not as it has to be.
    """
    found: dict[str, SoqlStream] = {}
    for text, said in given.items():
        name = text.strip()
        if not _NAME.fullmatch(name):
            raise wrong_setting(
                SETTING,
                f"has a stream called {text!r}",
                "A name has letters, digits and underscores only, and does not begin with an "
                "underscore.",
            )
        if name.lower() in found:
            raise wrong_setting(
                SETTING,
                f"has two streams called {name}",
                "Upper and lower case make no difference: give each a name of its own.",
            )
        found[name.lower()] = _stream(name, said)
    return tuple(found.values())


def _stream(name: str, said: Mapping[str, object]) -> SoqlStream:
    for member in said:
        if member not in _KNOWN:
            raise wrong_setting(
                SETTING,
                f"has {member!r} for {name}, which means nothing{did_you_mean(member, _KNOWN)}",
                f"A stream has {_SOQL} and, if wanted, {_REPLICATION_KEY} and {_KEY_PROPERTIES}.",
            )
    soql, key, keys = (said.get(member) for member in _KNOWN)
    if not isinstance(soql, str):
        raise _wrong(name, "has no text in soql", f"Write it as {EXAMPLE}.")
    if key is not None and not isinstance(key, str):
        raise _wrong(name, f"has no text in {_REPLICATION_KEY}", "It is the name of one field.")
    if keys is not None and not (
        isinstance(keys, (list, tuple)) and all(isinstance(each, str) for each in keys)
    ):
        raise _wrong(name, f"has no list of names in {_KEY_PROPERTIES}", 'Write it as ["Id"].')
    wanted = None if keys is None else tuple(each.strip() for each in keys)
    return SoqlStream(name, soql, (key or "").strip() or None, wanted)


def check_soql_streams(
    given: Mapping[str, Mapping[str, object]], objects: Collection[str], api_mode: str
) -> None:
    """See that queries can be read, as far as that can be told without the org.

    Args:
        given: The setting.
        objects: The setting of that name.
        api_mode: The setting of that name.

    Raises:
        SettingsError: One is no SOQL, or none that can be read in that way; or it is called as an
            object is.
    """
    named = {name.lower() for name in objects}
    for stream in parsed_soql_streams(given):
        select = select_of(stream)
        check_name(stream, {*named, select.sobject.lower()})
        if select.is_count:
            raise _wrong(
                stream.name, "selects COUNT(), which has no rows", "Write COUNT(Id) in its place."
            )
        if select.only_rest and api_mode == "bulk":
            raise _wrong(
                stream.name,
                f"can't be read with api_mode bulk, for {select.only_rest}",
                "Set api_mode to auto or rest.",
            )
        if stream.replication_key is not None and not select.is_plain:
            raise _wrong(
                stream.name,
                f"has the replication_key {stream.replication_key}, and its query has more than "
                "fields and WHERE, so that it can only be read whole",
                "Leave replication_key out; or take functions, USING SCOPE, and what follows WHERE "
                "out of the query.",
            )


def check_name(stream: SoqlStream, objects: Collection[str]) -> None:
    """See that a stream is not called as an object is.

    Args:
        stream: The stream.
        objects: Names of objects, in lower case.

    Raises:
        SettingsError: It is.
    """
    if stream.name.lower() in objects:
        raise wrong_setting(
            SETTING,
            f"has a stream called {stream.name}, as an object is",
            "A target would have one table of both: give it a name of its own.",
        )


def queries_among(
    selected: Iterable[str], streams: Iterable[SoqlStream]
) -> tuple[tuple[SoqlStream, ...], list[str]]:
    """Return the queries that a catalog selects, called as it calls them, and what else it selects.

    Args:
        selected: The names of the streams that it selects.
        streams: All queries that there are.
    """
    by_name = {stream.name.lower(): stream for stream in streams}
    queries, others = [], []
    for name in selected:
        stream = by_name.get(name.lower())
        if stream is None:
            others.append(name)
        else:
            queries.append(replace(stream, name=name))
    return tuple(queries), others


def select_of(stream: SoqlStream) -> Select:
    """Return what a stream's query says.

    Raises:
        SettingsError: It is no SOQL.
    """
    # Not at the top: who has no query does not wait for a grammar.
    from tap_versionforge_salesforce.salesforce.soql.reading import parsed_select  # noqa: PLC0415

    return parsed_select(stream.soql, stream.what)


def _wrong(name: str, problem: str, hint: str) -> SettingsError:
    return SettingsError(f"{_what(name)} {problem}.", hint=hint)


def _what(name: str) -> str:
    return f"The setting {SETTING}, for {name},"
