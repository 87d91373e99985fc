"""A script that reads is stopped by Ctrl-C, as Python's user expects it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.local_org.conditions import faults
from tests.support import processes

if TYPE_CHECKING:
    from tests.local_org import LocalOrg

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
