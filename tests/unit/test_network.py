"""Why nothing came, told without what must not be told."""

from __future__ import annotations

import http.client

import pytest
import requests

from tap_versionforge_salesforce.network import no_answer
from tap_versionforge_salesforce.redaction import redact, remember_secrets

SECRET = "3MVG9" + "aB" * 40


@pytest.mark.parametrize("before", [0, 120, 150, 170, 190])
def test_a_secret_where_the_cause_is_cut_is_hidden_whole(before: int) -> None:
    """A server can say what it likes in the place of a status line."""
    remember_secrets(SECRET)
    line = http.client.BadStatusLine("y" * before + " client_id=" + SECRET)
    error = requests.ConnectionError("Connection aborted.")
    error.__cause__ = line
    told = no_answer(error, host="https://x", asked="GET /q", timeout_seconds=3)
    assert "aBaB" not in redact(told.message)
    assert "MVG9" not in redact(told.message)
