"""What Spark asks of a read that ends: which filters to push, which parts there are, their rows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pyspark.sql.datasource import DataSourceReader
from typing_extensions import override

from tap_versionforge_salesforce.engine.objects import described
from tap_versionforge_salesforce.engine.selection import Wanted, selection_of
from tap_versionforge_salesforce.errors import RefusedError, UnknownObjectError
from tap_versionforge_salesforce.settings.connecting import query_options_of
from tap_versionforge_salesforce.spark.filters import pushed
from tap_versionforge_salesforce.spark.parts import batches_of
from tap_versionforge_salesforce.spark.planning import plan_of
from tap_versionforge_salesforce.spark.schema import check_schema
from tap_versionforge_salesforce.spark.session import LOGGER, connected, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from pyspark.sql.datasource import Filter, InputPartition
    from pyspark.sql.types import StructType

    from tap_versionforge_salesforce.engine.selection import Selection
    from tap_versionforge_salesforce.salesforce.objects.describe import SObject
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.spark.options import Options


def selected(org: Org, options: Options, fields: Iterable[str] | None) -> Selection:
    """Return what is read of the object that the options name.

    Args:
        org: Whose it is.
        options: Of the read.
        fields: API names; None for all but compound ones.

    Raises:
        SettingsError: It has no such field, or the condition is none.
        RefusedError: It can't be read at all.
    """
    describes: dict[str, SObject] = {}

    def describe_of(name: str) -> SObject | None:
        if name not in describes:
            with suppress(UnknownObjectError):
                describes[name] = org.describe(name)
        return describes.get(name)

    sobject = describes[options.sobject] = described(org, options.sobject)
    wanted = Wanted(
        fields=None if fields is None else tuple(fields),
        where=options.where,
        text_fields=options.text_fields,
        include_deleted=options.settings().include_deleted,
    )
    return selection_of(sobject, wanted, describe_of)


def selected_for(schema: StructType, options: Options) -> Selection:
    """Return what is read for a DataFrame of a schema, for which the org is asked.

    Args:
        schema: Of the plan.
        options: Of the read.

    Raises:
        SettingsError: It is not the schema of the object.
        TapError: The org can't be asked.
    """
    with connected(options.settings()) as org:
        selection = selected(org, options, schema.fieldNames())
    check_schema(schema, selection.columns)
    return selection


class SalesforceReader(DataSourceReader):
    """Reads an object, or a part of it, once.

    Args:
        schema: Of the DataFrame.
        options: Of the read.

    Raises:
        TapError: The org can't be asked for the object, or has another schema.
    """

    def __init__(self, schema: StructType, options: Options) -> None:
        self._options = options.shared()
        with told():
            self._selection = selected_for(schema, options)
        self._conditions: list[str] = []

    @override
    def partitions(self) -> list[InputPartition]:
        """Return what each task reads.

        Raises:
            TapError: The rows can't be had.
        """
        settings = self._options.settings()
        query, options = self._selection.query, query_options_of(settings)
        terms = [term for term in (query.condition, *self._conditions) if term]
        narrowed = replace(query, condition=" AND ".join(terms))
        ranges, threshold = self._options.partitions, settings.quota_warning_threshold
        with told(), connected(settings) as org:
            try:
                return plan_of(org, narrowed, options, ranges, warn_below=threshold).parts
            except RefusedError as error:
                if narrowed == query:
                    raise
                LOGGER.warning("Nothing is filtered by Salesforce: %s", error.message)
            return plan_of(org, query, options, ranges, warn_below=threshold).parts

    @override
    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a part, on an executor.

        Raises:
            TapError: They can't be had or proven: Spark runs the task again.
        """
        return batches_of(partition, self._selection, self._options)


class PushingReader(SalesforceReader):
    """Has Salesforce filter what Spark would, where somebody has asked for that.

    Spark (4.1 to 4.3) keeps the plan of the last filter that was pushed from a DataFrame, and reads
    by it whatever else is made of the same DataFrame, so that rows are missing there. So nothing
    is pushed unless somebody says that each DataFrame is read once.
    """

    @override
    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:
        """Take filters; return those that Spark has to see to.

        Args:
            filters: All of which a row has to fulfil.
        """
        self._conditions, left = pushed(filters, self._selection)
        return left
