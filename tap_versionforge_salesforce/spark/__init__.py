"""Apache Spark: the data source `salesforce`, whose executors download result pages themselves.

It stands on pyspark 4.1 or newer, which the extra `spark` brings where the cluster does not::

    from tap_versionforge_salesforce.spark import SalesforceDataSource

    spark.dataSource.register(SalesforceDataSource)
    opportunities = spark.read.format("salesforce").options(**settings).load("Opportunity")
"""

from __future__ import annotations

try:
    from pyspark.sql.datasource import Filter as _Filter  # noqa: F401  there since 4.1
except ImportError:
    _MESSAGE = (
        "The Spark data source needs pyspark 4.1 or newer, which is not installed. "
        'pip install "tap-versionforge-salesforce[spark]" brings it.'
    )
    raise ImportError(_MESSAGE) from None

from tap_versionforge_salesforce.spark.data_source import SalesforceDataSource

__all__ = ["SalesforceDataSource"]
