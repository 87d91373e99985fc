"""Who reads in Python is not left alone with a wait: it is said, limited, and ended by Ctrl-C."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.engine.org import Org
from tap_versionforge_salesforce.errors import RequestTimeoutError
from tests.local_org.conditions import faults
from tests.support import processes
from tests.support.waits import LateAnswer, trickling

if TYPE_CHECKING:
    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock

SCRIPT = """
import json, sys
from tap_versionforge_salesforce import Org

with Org(**json.load(sys.stdin), api_mode="bulk") as org:
    print("reading", flush=True)
    for page in org.read("Account"):
        print(page.height, flush=True)
"""


def test_ctrl_c(org: LocalOrg) -> None:
    """While a job is waited for: it ends at once, and the job is not left behind."""
    org.store.seed("Account", 5)
    org.settings.job_transition = "never"
    is_waiting = threading.Event()
    org.faults.add("GET /jobs/query/750*", faults.before(is_waiting.set), times=None)
    process = processes.start(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(org.config()).encode())
    process.stdin.close()
    process.stdin = None
    assert is_waiting.wait(20)
    process.send_signal(signal.SIGINT)
    try:
        _, stderr = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail("it goes on")
    assert process.returncode in (-signal.SIGINT, 130, 1), stderr
    assert b"KeyboardInterrupt" in stderr
    assert org.jobs.all() == []


@pytest.mark.parametrize(
    ("request_", "api_mode", "said"),
    [
        pytest.param("GET /query*", "rest", "Waiting for a page of Account", id="page"),
        pytest.param("GET /jobs/query/*", "bulk", "Waiting for Bulk job 750", id="job"),
    ],
)
def test_what_takes_a_minute_is_said(
    org: LocalOrg,
    clock: OrgClock,
    caplog: pytest.LogCaptureFixture,
    request_: str,
    api_mode: str,
    said: str,
) -> None:
    """To the logger that has what happens meanwhile."""
    rows = org.store.seed("Account", 3)
    caplog.set_level(logging.INFO, "tap_versionforge_salesforce")
    late = LateAnswer(clock, caplog, said)
    org.faults.add(request_, late)
    with Org(**org.config(), api_mode=api_mode) as connected:
        found = connected.read("Account", fields=["Id"]).collect()
    assert sorted(found["Id"]) == sorted(rows)
    assert late.found == [True]
    assert "for 1 minute now." in caplog.text


def test_a_body_that_trickles_for_ever_is_given_up(org: LocalOrg, clock: OrgClock) -> None:
    """In a thread of one's own, too, where nothing is said of waits."""
    org.store.seed("Account", 3)
    org.faults.add("GET /query*", trickling(clock), times=None)
    told: list[RequestTimeoutError] = []

    def read() -> None:
        with Org(**org.config(), api_mode="rest") as connected:
            try:
                connected.read("Account").collect()
            except RequestTimeoutError as error:
                told.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(60)
    assert ["did not send the whole answer" in each.message for each in told] == [True]
