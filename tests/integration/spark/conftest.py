"""Spark as its users have it: a driver, and two executors that are processes of their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.harness import OrgClock
from tests.support.spark import missing, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.local_org import LocalOrg

# Of a JVM that lives for a minute: what its second compiler gains takes longer than that.
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

# Five result pages.
ROWS = 110


@pytest.fixture
def rows(org: LocalOrg) -> list[str]:
    return org.store.seed("Account", ROWS)


@pytest.fixture
def options(org: LocalOrg) -> Callable[..., dict[str, str]]:
    """Options of a read, as Spark hands them to the data source; by Bulk, 25 rows a page."""
    org.settings.result_page_rows = 25
    # Executors have no other clock than the machine's.
    org.settings.job_transition = "immediate"

    def made(**changes: str) -> dict[str, str]:
        return {
            "instanceUrl": org.url,
            "clientId": org.client_id,
            "username": org.username,
            "privateKey": org.private_key_pem,
            "apiMode": "bulk",
        } | changes

    return made


@pytest.fixture
def clock(org: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> OrgClock:
    """The clock of what is read in this process; a cluster has the machine's."""
    from tap_versionforge_salesforce.spark import session  # noqa: PLC0415  pyspark may not be there

    made = OrgClock(org)
    monkeypatch.setattr(session, "Clock", lambda: made)
    return made


class Cluster:
    """A session of Spark, and what it has written.

    Args:
        session: The session.
        folder: Where its event log is, which is all that its UI can show.
    """

    def __init__(self, session: Any, folder: Path) -> None:  # noqa: ANN401  pyspark may not be there
        self.session = session
        self._folder = folder

    @property
    def work(self) -> Path:
        """Return the folder of what the executors write."""
        return Path(os.environ["SPARK_HOME"], "work", self.session.sparkContext.applicationId)

    def read(self, sobject: str, options: dict[str, str]) -> Any:  # noqa: ANN401  as above
        return self.session.read.format("salesforce").options(**options).load(sobject)

    def written(self) -> str:
        """Return what UI and logs of the executors show."""
        files = [*self._folder.rglob("*"), *self.work.rglob("std*")]
        return "\n".join(path.read_text("utf-8", "replace") for path in files if path.is_file())

    def executors(self) -> list[int]:
        """Return the processes of its executors."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:  # it has ended
                continue
            is_executor = any(word.endswith(b"CoarseGrainedExecutorBackend") for word in words)
            if is_executor and self.session.sparkContext.applicationId.encode() in words:
                found.append(int(path.parent.name))
        return found


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if reason := missing():
        if os.environ.get("REQUIRE_SPARK"):
            pytest.fail(reason)
        pytest.skip(f"{reason} (REQUIRE_SPARK=1 makes this a failure)")
    from tap_versionforge_salesforce.spark import SalesforceDataSource  # noqa: PLC0415  may not be there

    folder = tmp_path_factory.mktemp("spark")
    events = folder / "events"
    events.mkdir()
    settings = {
        "spark.driver.extraJavaOptions": SHORT_LIVED,
        "spark.executor.extraJavaOptions": SHORT_LIVED,
        "spark.driver.memory": "512m",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": events.as_uri(),
        "spark.log.level": "ERROR",
        "spark.sql.python.filterPushdown.enabled": "true",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    with session("local-cluster[2,1,1024]", folder, settings) as made:
        made.dataSource.register(SalesforceDataSource)
        yield Cluster(made, events)
