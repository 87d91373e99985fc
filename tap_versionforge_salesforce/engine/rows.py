"""The rows of one query: DataFrames with real types, page by page, or Arrow batches."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NoReturn

import polars as pl
from typing_extensions import override

from tap_versionforge_salesforce.errors import OddAnswerError, RefusedError, SettingsError
from tap_versionforge_salesforce.salesforce.frames.frame import Frame
from tap_versionforge_salesforce.salesforce.frames.typed import schema_of, typed
from tap_versionforge_salesforce.salesforce.frames.value_warnings import (
    HALF_CHARACTERS,
    NUL_REMOVED,
    ValueWarnings,
)
from tap_versionforge_salesforce.salesforce.query.api_choice import reason_to_use_bulk

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Generator, Iterable, Iterator

    import pyarrow as pa

    from tap_versionforge_salesforce.engine.selection import Selection
    from tap_versionforge_salesforce.salesforce.frames.value_warnings import ValueWarning
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org

# Of what no text can hold in JSON or a database nothing is lost that anybody could use.
_HARMLESS = (NUL_REMOVED, HALF_CHARACTERS)
# How a column is read as text, and where it is named.
_WORDS_OF_A_READ = ("text_fields=[{!r}]", "fields")
_WORDS_OF_A_QUERY = ("text_fields of read()", "the query")
_COUNTED_IN_PARTS = (
    "Count it in parts, such as by ranges of CreatedDate in its WHERE, and add them up; objects() "
    "has about how many rows each object has."
)


class Rows:
    """The rows of one query; each iteration reads them anew.

    Args:
        selection: What is read.
        frames: Begins to read, and yields whole pages.
        logger: Where it is told what was odd about values.
    """

    def __init__(
        self,
        selection: Selection,
        frames: Callable[[], Generator[Frame, None, None]],
        logger: logging.Logger,
    ) -> None:
        self._selection = selection
        self._frames = frames
        self._logger = logger

    @override
    def __repr__(self) -> str:
        """Return the query that it reads."""
        return f"Rows({self.soql!r})"

    @override
    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: they come through the session of an `Org`.

        Raises:
            SettingsError: Always.
        """
        raise SettingsError(
            "The rows of an Org can't be handed to another process.",
            hint="Hand over what they are, such as DataFrames, or read them there.",
            code="invalid-argument",
        )

    @property
    def soql(self) -> str:
        """Return the SELECT."""
        return self._selection.query.text(ordered=False)

    @property
    def schema(self) -> pl.Schema:
        """Return the types of the columns, known before anything is read."""
        return pl.Schema(schema_of(self._selection.columns))

    def __iter__(self) -> Generator[pl.DataFrame, None, None]:
        """Yield a DataFrame a page; where there is no row, one that is empty.

        Numbers are ``Decimal(38, 18)``, exactly as served; dates, times and instants (in UTC)
        have their types, compound fields are structs.

        Raises:
            SettingsError: A value does not fit the type of its column: nothing is rounded.
            IncompleteError: The rows can't be proven complete.
            TapError: As its class says.
        """
        selection = self._selection
        warnings = ValueWarnings(selection.query.sobject)
        words = _WORDS_OF_A_QUERY if selection.query.given else _WORDS_OF_A_READ
        with closing(self._frames()) as frames:
            for frame in frames:
                found = typed(frame, selection.columns)
                odd = (*frame.value_warnings, *found.value_warnings)
                check_held(selection.query.sobject, odd, *words)
                warnings.record(odd)
                yield found.table
        warnings.log_summary(self._logger)

    def collect(self) -> pl.DataFrame:
        """Return all rows in one DataFrame, which has to have room in memory.

        Raises:
            TapError: As iterating over them.
        """
        return pl.concat(self)

    def to_arrow(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows as Arrow record batches; one without rows where there are none.

        Raises:
            SettingsError: pyarrow is not installed.
            TapError: As iterating over them.
        """
        try:
            import pyarrow as pa  # noqa: PLC0415  wanted by few, and large
        except ImportError:
            raise SettingsError(
                "to_arrow() needs pyarrow, which is not installed.",
                hint='pip install "tap-versionforge-salesforce[arrow]" brings it.',
                code="not-installed",
            ) from None

        def batches() -> Iterator[pa.RecordBatch]:
            with closing(iter(self)) as pages:
                for page in pages:
                    # With views of texts not every reader of Arrow can do something.
                    table = page.to_arrow(compat_level=pl.CompatLevel.oldest())
                    nothing = pa.RecordBatch.from_pylist([], schema=table.schema)
                    yield from table.to_batches() or [nothing]

        return batches()


def counted(org: Org, query: Query) -> Frame:
    """Return the one row of ``SELECT COUNT()``, whose answer has none.

    Raises:
        OddAnswerError: It has no number either.
        TapError: As its class says.
    """
    try:
        content = org.client.query(query.text(ordered=False), deleted=query.all_rows).json()
    except RefusedError as error:
        # What takes long or is large by REST is for Bulk API 2.0 otherwise, which counts nothing.
        if reason_to_use_bulk(error) is None:
            raise
        raise error.reworded(error.message, hint=_COUNTED_IN_PARTS).offering() from None
    rows = content.get("totalSize") if isinstance(content, dict) else None
    if not isinstance(rows, int):
        asked = "a count"
        raise OddAnswerError(asked)
    return Frame(pl.DataFrame({query.columns[0].name: [rows]}))


def check_held(sobject: str, odd: Iterable[ValueWarning], as_text: str, fields: str) -> None:
    """See that every value is held by the type of its column.

    Args:
        sobject: Whose rows they are.
        odd: What was odd about their values.
        as_text: How a column is read as text, with a place for its name.
        fields: Where the columns are named.

    Raises:
        SettingsError: One is not.
    """
    for each in odd:
        if each.problem in _HARMLESS:
            continue
        raise SettingsError(
            f"{sobject}.{each.column} has a value that its type can't hold: {each.value} of row "
            f"{each.record_id} ({each.problem}).",
            hint=f"Read it as text, with {as_text.format(each.column)}, or leave it out of "
            f"{fields}.",
            code="value-not-held",
        )
