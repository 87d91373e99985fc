"""Whether there is what the tests of the Spark data source need."""

from __future__ import annotations

import importlib.util
import shutil

NO_PYSPARK = "pyspark is not installed: `make pytest` brings it where there is a java"
_NO_JAVA = "there is no java, which Spark runs on; Debian's is in default-jre-headless"


def missing() -> str | None:
    """Return why no cluster can be started; None where one can."""
    if importlib.util.find_spec("pyspark") is None:
        return NO_PYSPARK
    return _NO_JAVA if shutil.which("java") is None else None
