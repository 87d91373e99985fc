"""Queries of ``soql_streams`` held against the describes: columns, keys, and how each is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    SettingsError,
    TapError,
    UnknownObjectError,
)
from tap_versionforge_salesforce.salesforce.objects.columns import Column, nested
from tap_versionforge_salesforce.salesforce.objects.describe import SObject, spelled_as
from tap_versionforge_salesforce.salesforce.objects.soql import Query, query_of
from tap_versionforge_salesforce.settings.soql_streams import check_name, select_of
from tap_versionforge_salesforce.singer.discovery import describe_one, note_failure

if TYPE_CHECKING:
    import logging
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.soql.selects import Select
    from tap_versionforge_salesforce.settings.soql_streams import SoqlStream
    from tap_versionforge_salesforce.singer.run import Run

_IS_DELETED = "IsDeleted"
# Of an object or field that is not there, or by which nobody can filter any more.
_GONE = frozenset({"unknown-field", "field-not-filterable"})


@dataclass(frozen=True, slots=True)
class DescribedQuery:
    """A query of the user's own, as a stream has to know it.

    Attributes:
        name: The stream's.
        sobject: The object behind its FROM, with the columns of the query and no others.
        query: For its rows, all of them, with all columns.
        condition: Which rows of the object, in SOQL; empty for all, and where the query is sent as
            it was written.
        keys: The properties that tell its rows apart; none where nothing does.
        replication_key: The field by which it is read incrementally; None where it is read whole.
    """

    name: str
    sobject: SObject
    query: Query
    condition: str
    keys: tuple[str, ...]
    replication_key: str | None

    def query_of(self, columns: tuple[Column, ...]) -> Query:
        """Return the query for some of its columns; where it is sent as it is, it has them all.

        Args:
            columns: Of `sobject`.
        """
        if self.query.given:
            return self.query
        selected = query_of(self.sobject, columns, include_deleted=not self.query.living)
        return replace(self.query, columns=selected.columns)


class DescribedQueries:
    """Holds queries against the describes; asks for each object once.

    Args:
        run: The run.
        known: Objects that are described already.
        may_be_old: What an earlier run knows will do.
    """

    def __init__(self, run: Run, known: Iterable[SObject], *, may_be_old: bool) -> None:
        self._run = run
        self._described: dict[str, SObject | None] = {each.name.lower(): each for each in known}
        self._may_be_old = may_be_old

    def of(self, streams: Sequence[SoqlStream], logger: logging.Logger) -> Iterator[DescribedQuery]:
        """Yield queries; one whose objects can't be described now fails its stream.

        So does one that names what the org lacks, where a catalog has the stream: when that was
        made it was there, and the other streams need not wait for whoever took it away.

        Args:
            streams: That are read.
            logger: Where people are told of it.

        Raises:
            SettingsError: One can't be read in that way, or names what the org lacks.
        """
        for stream in streams:
            try:
                yield self.described(stream)
            except TapError as error:
                is_gone = self._may_be_old and error.code in _GONE
                if isinstance(error, SettingsError) and not is_gone:
                    raise
                note_failure(self._run, stream.name, error, logger)

    def described(self, stream: SoqlStream) -> DescribedQuery:
        """Return a query.

        Raises:
            SettingsError: It names what the org lacks, or can't be read in that way.
            TapError: An object of it can't be described.
        """
        # Not at the top: who has no query does not wait for a grammar.
        from tap_versionforge_salesforce.salesforce.soql.answers import columns_of  # noqa: PLC0415
        from tap_versionforge_salesforce.salesforce.soql.checking import unknown_object  # noqa: PLC0415

        select = select_of(stream)
        sobject = self._describe(select.sobject)
        if sobject is None:
            raise unknown_object(select.sobject, stream.what)
        check_name(stream, [sobject.name.lower()])
        columns = columns_of(select, sobject, self._describe, stream.what)
        return _Described(self._run, stream, select, sobject, columns).query

    def _describe(self, name: str) -> SObject | None:
        folded = name.lower()
        if folded not in self._described:
            self._described[folded] = self._asked(name)
        return self._described[folded]

    def _asked(self, name: str) -> SObject | None:
        try:
            return describe_one(self._run, name, may_be_old=self._may_be_old)
        except UnknownObjectError:
            return None


def check_names(run: Run, objects: Collection[str]) -> None:
    """See that no stream is called as an object is.

    Args:
        run: The run.
        objects: Names of objects.

    Raises:
        SettingsError: One is.
    """
    folded = {name.lower() for name in objects}
    for stream in run.settings.query_streams:
        check_name(stream, folded)


@dataclass(frozen=True)
class _Described:
    """A query that names nothing which is not there.

    Attributes:
        run: The run.
        stream: What the setting says of it.
        select: The query.
        sobject: The object behind its FROM.
        columns: Of its answer.
    """

    run: Run
    stream: SoqlStream
    select: Select
    sobject: SObject
    columns: tuple[Column, ...]

    @property
    def query(self) -> DescribedQuery:
        sobject = replace(
            self.sobject,
            columns=self._properties,
            stamps=self._stamps,
            replication_key=self._replication_key,
        )
        where = self.select.where
        is_plain = self.select.is_plain
        return DescribedQuery(
            self.stream.name,
            sobject,
            self._plain_query if is_plain else self._given_query,
            condition="" if where is None or not is_plain else where.text,
            keys=self._keys,
            replication_key=self._replication_key,
        )

    @property
    def _plain_query(self) -> Query:
        query = query_of(self.sobject, self.columns, include_deleted=self._includes_deleted)
        condition = "" if self.select.where is None else f"({self.select.where.text})"
        return replace(query, condition=condition, stream=self.stream.name)

    @property
    def _given_query(self) -> Query:
        return Query(
            self.sobject.name,
            self.columns,
            all_rows=self._includes_deleted,
            given=self.select.text,
            only_rest=self.select.only_rest,
            stream=self.stream.name,
        )

    @property
    def _includes_deleted(self) -> bool:
        """Tell whether rows in the recycle bin come: only where they can be told from others.

        They can where the query has the field that tells them, or says itself which it wants.
        """
        names = [column.name for column in self.columns]
        is_told = _IS_DELETED in names and not self.select.is_aggregate
        return self.run.settings.include_deleted and (is_told or self._is_asked_for_deleted)

    @property
    def _is_asked_for_deleted(self) -> bool:
        where = self.select.where
        owners = ((), (self.sobject.name.lower(),))
        return where is not None and any(
            use.names[-1].lower() == _IS_DELETED.lower()
            and tuple(map(str.lower, use.names[:-1])) in owners
            for use in where.paths
        )

    @property
    def _properties(self) -> tuple[Column, ...]:
        return nested(self.columns) if self.run.settings.soql_nested else self.columns

    @cached_property
    def _stamps(self) -> dict[str, bool]:
        """Return the date-times of the object itself that are selected, where parts can be read."""
        selected = {column.name for column in self.columns}
        stamps = self.sobject.stamps if self.select.is_plain else {}
        return {name: is_nillable for name, is_nillable in stamps.items() if name in selected}

    @cached_property
    def _replication_key(self) -> str | None:
        wanted = self.stream.replication_key
        if wanted is None:
            return None
        key = spelled_as(wanted, self._stamps)
        if key is not None:
            return key
        stamps = ", ".join(self.sobject.stamps) or "none"
        if self.sobject.stamp(wanted) is not None:
            raise SettingsError(
                f"{self.stream.what} has the replication_key {wanted}, which its query does not "
                "select.",
                hint=f"Add {wanted} to the query.",
            )
        raise SettingsError(
            f"{self.stream.what} has the replication_key {wanted}, by which {self.sobject.name} "
            "can't be read incrementally.",
            hint="Its date-times that can be filtered and sorted by, no parent's being among "
            f"them, are: {stamps}.",
        )

    @property
    def _keys(self) -> tuple[str, ...]:
        names = [column.name for column in self._properties if not column.is_compound]
        wanted = self.stream.key_properties
        if wanted is None:
            return ("Id",) if "Id" in names else ()
        keys = []
        for each in wanted:
            key = spelled_as(each, names)
            if key is None:
                raise SettingsError(
                    f"{self.stream.what} has {each} in key_properties, which is no property of "
                    "its rows.",
                    hint=f"They have: {', '.join(names)}.",
                )
            keys.append(key)
        return tuple(dict.fromkeys(keys))
