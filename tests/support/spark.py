"""Whether there is what the tests of the Spark data source need."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support import processes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NO_PYSPARK = "pyspark is not installed: `make pytest` brings it where there is a java"
_NO_JAVA = "there is no java, which Spark runs on; Debian's is in default-jre-headless"


def missing() -> str | None:
    """Return why no cluster can be started; None where one can."""
    if importlib.util.find_spec("pyspark") is None:
        return NO_PYSPARK
    return _NO_JAVA if shutil.which("java") is None else None


@contextlib.contextmanager
def session(master: str, folder: Path, settings: Mapping[str, str]) -> Iterator[Any]:
    """Start Spark, and stop it behind the block; nothing of it stays.

    Its executors have the environment that this process has now.
    """
    import pyspark  # noqa: PLC0415  may not be there
    from pyspark.sql import SparkSession  # noqa: PLC0415  as above

    home = Path(pyspark.__file__).parent
    before = dict(os.environ)
    for name in processes.strays():
        del os.environ[name]
    os.environ |= {
        # Its name may be that of another machine by now.
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_HOME": str(home),
        "PYSPARK_PYTHON": sys.executable,
        # Executors run in folders of their own.
        "PYTHONPATH": str(processes.ROOT),
    }
    builder = SparkSession.builder.master(master)
    places = {"local.dir": str(folder / "local"), "sql.warehouse.dir": str(folder / "warehouse")}
    for name, value in {**{f"spark.{k}": v for k, v in places.items()}, **settings}.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        made = builder.getOrCreate()
        work = home / "work" / made.sparkContext.applicationId
        try:
            yield made
        finally:
            made.stop()
            shutil.rmtree(work, ignore_errors=True)
            os.environ.clear()
            os.environ |= before
