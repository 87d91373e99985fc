"""What `check` says of each object: whether it can be read, and what has changed about it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.cli.check.steps import Finding, Status
from tap_versionforge_salesforce.errors import RefusedError, TapError
from tap_versionforge_salesforce.salesforce.http.composite import MOST_QUERIES
from tap_versionforge_salesforce.salesforce.http.refusals import wants_filter
from tap_versionforge_salesforce.salesforce.query.small_queries import SmallQuery, answers_of
from tap_versionforge_salesforce.salesforce.support.wording import counted
from tap_versionforge_salesforce.settings.soql_streams import queries_among
from tap_versionforge_salesforce.singer.catalog_drift import Drift, drift_of
from tap_versionforge_salesforce.singer.described_queries import DescribedQueries
from tap_versionforge_salesforce.singer.discovery import (
    describe_selected,
    discover,
    names_in_org,
)
from tap_versionforge_salesforce.singer.events import OWN_STREAMS
from tap_versionforge_salesforce.singer.named_objects import (
    check_objects,
    idle_names,
    of_settings,
)
from tap_versionforge_salesforce.singer.packed_catalog import selected_in
from tap_versionforge_salesforce.singer.reconciled_streams import idle_fields
from tap_versionforge_salesforce.singer.wanted_rows import check_filter, check_key, condition_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from singer_sdk.singerlib import Catalog

    from tap_versionforge_salesforce.salesforce.http.responses import Response
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.settings.soql_streams import SoqlStream
    from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

_MOST_NAMES = 3
_HIDDEN = (
    "Setup > Field Accessibility shows what the user may see; a new catalog, by --discover, has "
    "the columns of today."
)

_NOT_IN_QUERY = "A new catalog, by --discover, has the columns of the query as it is now."


class Objects:
    """Looks at the objects that a run would read.

    Args:
        tap: The tap.
        catalog: What is selected; None for the setting ``objects``.
    """

    def __init__(self, tap: TapVersionForgeSalesforce, catalog: Catalog | None) -> None:
        self._tap = tap
        self._run = tap.run
        self._catalog = catalog
        self._unreadable: Mapping[str, str] = {}
        self._queries = tap.settings.query_streams
        self.sobjects: Sequence[SObject] = ()
        self.undescribed: Mapping[str, TapError] = {}

    def describe(self) -> Finding:
        """Have the objects described, together."""
        if self._catalog is None:
            discovered = discover(self._run, self._tap.logger)
            self.sobjects, self._unreadable = discovered.sobjects, discovered.unreadable
        else:
            selected = [name for name in selected_in(self._catalog) if name not in OWN_STREAMS]
            self._queries, names = queries_among(selected, self._queries)
            self.sobjects = describe_selected(self._run, names, self._tap.logger)
        self.undescribed = self._run.failures
        self._run.close_describes()
        fields = sum(len(sobject.columns) for sobject in self.sobjects)
        wanted = len(self.sobjects) + len(self.undescribed)
        of_all = f"{len(self.sobjects):,} of " if self.undescribed else ""
        objects = f"{of_all}{counted(wanted, 'object')}"
        calls = counted(self._calls, "API call")
        return Finding(
            f"{objects} with {counted(fields, 'field')}; a look at one row of each takes {calls}"
        )

    @property
    def _calls(self) -> int:
        """Return how many calls the looks at a row take, at the least."""
        by_parents = sum(query.parent is not None for query in map(self._query, self.sobjects))
        others = len(self.sobjects) - by_parents
        size = MOST_QUERIES if self._run.settings.composite_queries else 1
        return by_parents + -(-others // size)

    def looks(self) -> Iterator[tuple[str, Callable[[], Finding]]]:
        """Yield the name of each step, and the look for it; each is made before the next one."""
        if self._run.settings.reconcile_fields:
            yield "reconcile_fields", self._reconcile_fields
        for setting, names in of_settings(self._run.settings):
            yield setting, partial(self._by_object, setting, names)
        if self._unreadable:
            yield "left out", self._left_out
        for name, error in self.undescribed.items():
            yield name, partial(_fail, error)
        queries = {sobject.name: self._query(sobject) for sobject in self.sobjects}
        asked = [
            SmallQuery(query.text(ordered=False), deleted=query.all_rows)
            for query in queries.values()
            if query.parent is None
        ]
        together = self._run.settings.composite_queries
        answers = answers_of(self._run.org, asked, are_together=together)
        for sobject in self.sobjects:
            yield sobject.name, partial(self._one, sobject, queries[sobject.name], answers)
        described = DescribedQueries(self._run, self.sobjects, may_be_old=False)
        for stream in self._queries:
            yield stream.name, partial(self._query_stream, described, stream)

    def _query_stream(self, described: DescribedQueries, stream: SoqlStream) -> Finding:
        found = described.described(stream)
        drift = self._drift(stream.name, found.sobject, is_of_query=True)
        facts = _facts(found.sobject, drift) | {"soql": stream.soql}
        key = found.replication_key
        how = f"incremental by {key}" if key else "read whole each time"
        if found.query.only_rest:
            how += f", by REST, for {found.query.only_rest}"
        columns = counted(len(found.query.columns), "column")
        told = f"a query of {found.sobject.name} with {columns}; {how}"
        if not found.query.given:
            has_rows = self._has_rows(replace(found.query, limit=1))
            told = f"{told}; {'readable' if has_rows else 'readable, no rows seen'}"
            facts |= {"rows_seen": has_rows}
        if drift is None or not (drift.told_gone or drift.retyped):
            return Finding(told, facts=facts)
        return Finding(f"{told}; {_changed(drift)}", Status.WARNING, _NOT_IN_QUERY, facts)

    def _one(
        self, sobject: SObject, query: Query, answers: Iterator[Response | TapError]
    ) -> Finding:
        try:
            has_rows = self._has_rows(query) if query.parent else _has_row(next(answers))
        except RefusedError as error:
            if not wants_filter(error.reason):
                raise
            return _wants_filter(sobject, error)
        key = sobject.replication_key
        how = f"incremental by {key}" if key else "full table, it has no replication key"
        if query.parent is not None:
            how += f", by REST and the Ids of each {query.parent.sobject}"
        found = f"{'readable' if has_rows else 'readable, no rows seen'}; {how}"
        drift = self._drift(sobject.name, sobject)
        facts = _facts(sobject, drift) | {"rows_seen": has_rows}
        if drift is None or not (drift.told_gone or drift.retyped):
            return Finding(found, facts=facts)
        return Finding(f"{found}; {_changed(drift)}", Status.WARNING, _HIDDEN, facts)

    def _query(self, sobject: SObject) -> Query:
        # Not at the top: it brings polars, which --help, --version and --about do without.
        from tap_versionforge_salesforce.salesforce.objects.soql import query_of  # noqa: PLC0415

        include_deleted = self._run.settings.include_deleted
        return replace(
            query_of(sobject, (sobject.one_column,), include_deleted=include_deleted),
            condition=condition_of(self._run, sobject),
            limit=1,
        )

    def _has_rows(self, query: Query) -> bool:
        # Not at the top, as above.
        from tap_versionforge_salesforce.salesforce.query.read import read  # noqa: PLC0415

        pages = read(self._run.org, query, self._run.query_options)
        return any(page.frame.height for page in pages)

    def _drift(self, name: str, sobject: SObject, *, is_of_query: bool = False) -> Drift | None:
        """Return what has changed since the catalog was made; None where there is none."""
        entry = None if self._catalog is None else self._catalog.get(name)
        if entry is None:
            return None
        properties = entry.schema.to_dict().get("properties", {})
        mask = entry.metadata.resolve_selection()
        selected = [name for name in properties if mask[("properties", name)]]
        numbers_are_texts = self._run.settings.numbers_are_texts
        drift = drift_of(properties, selected, sobject, numbers_are_texts=numbers_are_texts)
        return replace(drift, is_of_query=is_of_query)

    def _left_out(self) -> Finding:
        by_reason: dict[str, list[str]] = {}
        for name, reason in self._unreadable.items():
            by_reason.setdefault(reason, []).append(name)
        told = "; ".join(f"{reason} ({_some(names)})" for reason, names in by_reason.items())
        found = f"{counted(len(self._unreadable), 'object')} that only a pattern names: {told}"
        return Finding(found, Status.SKIPPED, facts={"left_out_objects": dict(self._unreadable)})

    def _reconcile_fields(self) -> Finding:
        named = self._run.settings.reconcile_fields or {}
        columns = {sobject.name: sobject.columns for sobject in self.sobjects}
        idle = " ".join(idle_fields(named, columns))
        if not idle:
            return Finding(f"all fields of {counted(len(named), 'object')} are there")
        return Finding(idle, Status.WARNING, "Change reconcile_fields.")

    def _by_object(self, setting: str, names: Collection[str]) -> Finding:
        read = [sobject.name for sobject in self.sobjects]
        check_objects(self._run.settings, read, partial(names_in_org, self._run))
        idle = idle_names(setting, names, read)
        if told := " ".join(idle):
            return Finding(told, Status.WARNING, f"Change {setting}.")
        for sobject in self.sobjects:
            check_filter(self._run, sobject)
            check_key(self._run, sobject)
        return Finding(f"can be done for {counted(len(names), 'object')}")


def _has_row(answer: Response | TapError) -> bool:
    if isinstance(answer, TapError):
        raise answer
    content = answer.json()
    return isinstance(content, dict) and bool(content.get("records"))


def _wants_filter(sobject: SObject, error: RefusedError) -> Finding:
    return Finding(
        "Salesforce answers only queries with a filter of its own, so no run can read it whole",
        Status.WARNING,
        "Give it a condition in filters, take it out of objects, or deselect it in the catalog: "
        "its stream would fail.",
        _facts(sobject, None) | {"rows_seen": None, "reason": error.reason},
    )


def _facts(sobject: SObject, drift: Drift | None) -> dict[str, object]:
    return {
        "object": sobject.name,
        "columns": len(sobject.columns),
        "replication_key": sobject.replication_key,
        "hidden_columns": None if drift is None else list(drift.told_gone),
        "retyped_columns": None if drift is None else list(drift.retyped),
        "added_columns": None if drift is None else list(drift.added),
    }


def _changed(drift: Drift) -> str:
    parts = []
    if gone := drift.told_gone:
        parts.append(f"{_columns(gone)} of the catalog hidden or gone: {_some(gone)}")
    if drift.retyped:
        parts.append(f"{_columns(drift.retyped)} of another type: {_some(drift.retyped)}")
    return "; ".join(parts)


def _columns(names: Collection[str]) -> str:
    return counted(len(names), "column")


def _some(names: Collection[str]) -> str:
    shown, more = list(names)[:_MOST_NAMES], len(names) - _MOST_NAMES
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _fail(error: TapError) -> Finding:
    raise error
