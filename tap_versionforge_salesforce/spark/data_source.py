"""The data source, as Spark knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql.datasource import DataSource
from typing_extensions import override

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.spark.batch import PushingReader, SalesforceReader, selected
from tap_versionforge_salesforce.spark.options import options_of
from tap_versionforge_salesforce.spark.schema import spark_schema
from tap_versionforge_salesforce.spark.session import connected, told

if TYPE_CHECKING:
    from pyspark.sql.datasource import DataSourceReader, DataSourceStreamReader
    from pyspark.sql.types import StructType

    from tap_versionforge_salesforce.spark.options import Options


class SalesforceDataSource(DataSource):
    """An object of a Salesforce org as a DataFrame, by ``format("salesforce")``.

    Options are the settings of the tap, in camel or snake case, also from the environment
    (``TAP_VERSIONFORGE_SALESFORCE_…``), and `fields`, `where`,
    `textFields`, `partitions` and `pushFilters`.
    """

    @classmethod
    @override
    def name(cls) -> str:
        """Return what `format` takes."""
        return "salesforce"

    @override
    def schema(self) -> StructType:
        """Return the columns of the object that are read, as its describe has them.

        Raises:
            TapError: The org can't be asked for it, or an option can't be used.
        """
        with told():
            options = self._options()
            with connected(options.settings()) as org:
                return spark_schema(selected(org, options, options.fields).columns)

    @override
    def reader(self, schema: StructType) -> DataSourceReader:
        """Return who reads it once.

        Args:
            schema: Of the DataFrame.

        Raises:
            TapError: As `SalesforceReader`.
        """
        with told():
            options = self._options()
        made = PushingReader if options.push_filters else SalesforceReader
        return made(schema, options)

    @override
    def streamReader(self, schema: StructType) -> DataSourceStreamReader:
        """Return who reads what has changed of it, window by window, deleted rows too.

        Args:
            schema: Of the DataFrame.

        Raises:
            SettingsError: pyspark is too old, or nothing tells what has changed of the object.
            TapError: The org can't be asked for it.
        """
        with told():
            try:
                from tap_versionforge_salesforce.spark.stream import (  # noqa: PLC0415  not in 4.1
                    SalesforceStreamReader,
                )
            except ImportError:
                raise SettingsError(
                    "A stream from Salesforce needs pyspark 4.2 or newer, which tells it where to "
                    "end.",
                    hint="Install one, or read it with spark.read.",
                    code="not-installed",
                ) from None
            options = self._options(include_deleted=True)
        return SalesforceStreamReader(schema, options)

    def _options(self, *, include_deleted: bool = False) -> Options:
        return options_of(dict(self.options), include_deleted=include_deleted)
