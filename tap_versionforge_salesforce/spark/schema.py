"""Columns → the types that Spark gives them, and Frames → Arrow batches of these."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
from pyspark.sql import types as spark_types

from tap_versionforge_salesforce.engine.rows import check_held
from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.frames.typed import TYPES, typed
from tap_versionforge_salesforce.salesforce.objects.columns import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.objects.columns import Column

# Spark has microseconds in its timestamps, and no time of day.
_POLARS = {**TYPES, Kind.DATETIME: pl.Datetime("us", "UTC"), Kind.TIME: pl.String()}
_DIGITS, _SCALE = 38, 18
_ARROW = {
    Kind.TEXT: pa.string(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.decimal128(_DIGITS, _SCALE),
    Kind.DATE: pa.date32(),
    Kind.DATETIME: pa.timestamp("us", tz="UTC"),
    Kind.TIME: pa.string(),
}
_BATCH_ROWS = 10_000


def spark_schema(columns: Sequence[Column]) -> spark_types.StructType:
    """Return the schema of a DataFrame, with label and help text as comments.

    Args:
        columns: That a row has.
    """
    return spark_types.StructType([_field(column) for column in columns])


def _field(column: Column) -> spark_types.StructField:
    texts = [text for text in (column.label, column.help_text) if text]
    metadata = {"comment": ": ".join(texts)} if texts else None
    return spark_types.StructField(column.property_name, _spark_type(column), metadata=metadata)


def _spark_type(column: Column) -> spark_types.DataType:
    if column.is_compound:
        members = [spark_types.StructField(n, _spark_type(part)) for n, part in column.parts]
        return spark_types.StructType(members)
    made: spark_types.DataType = {
        Kind.BOOLEAN: spark_types.BooleanType(),
        Kind.INTEGER: spark_types.LongType(),
        Kind.NUMBER: spark_types.DecimalType(_DIGITS, _SCALE),
        Kind.DATE: spark_types.DateType(),
        Kind.DATETIME: spark_types.TimestampType(),
    }.get(column.kind, spark_types.StringType())
    return made


def check_schema(asked: spark_types.StructType, columns: Sequence[Column]) -> None:
    """See that a schema that somebody gave is the one that the columns have.

    Args:
        asked: By the plan.
        columns: Of the names in it.

    Raises:
        SettingsError: It is another one.
    """
    if len(asked.fields) > len(columns):
        counts = Counter(name.lower() for name in asked.fieldNames())
        twice = [name for name in asked.fieldNames() if counts[name.lower()] > 1]
        raise SettingsError(
            f"The schema has one column twice: {', '.join(twice)}.",
            hint="Name each once; a DataFrame can have it twice by select afterwards.",
            code="invalid-option",
        )
    for field, column in zip(asked.fields, columns, strict=True):
        own = _field(column)
        if (field.name, field.dataType) != (own.name, own.dataType):
            raise SettingsError(
                f"The schema has {field.name} as {field.dataType.simpleString()}, which Salesforce "
                f"has as {own.name}, {own.dataType.simpleString()}.",
                hint="Leave the schema out and cast the column afterwards; textFields has a field "
                "read as text.",
                code="invalid-option",
            )


def _arrow_type(column: Column) -> pa.DataType:
    if column.is_compound:
        return pa.struct([pa.field(name, _arrow_type(part)) for name, part in column.parts])
    return _ARROW[column.kind]


def record_batches(
    frame: Frame, sobject: str, columns: Sequence[Column]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Frame as Arrow batches of the types that Spark was told.

    Args:
        frame: The rows.
        sobject: Of which object.
        columns: That a row has.

    Raises:
        SettingsError: A value does not fit the type of its column: nothing is rounded.
    """
    found = typed(frame, columns, _POLARS)
    check_held(
        sobject,
        (*frame.value_warnings, *found.value_warnings),
        'the option textFields="{}"',
        "fields",
    )
    names = [column.property_name for column in columns]
    schema = pa.schema([pa.field(n, _arrow_type(c)) for n, c in zip(names, columns, strict=True)])
    table = found.table.to_arrow(compat_level=pl.CompatLevel.oldest())
    yield from table.cast(schema).to_batches(max_chunksize=_BATCH_ROWS)
