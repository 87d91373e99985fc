"""Why nothing came, told without what must not be told."""

from __future__ import annotations

import http.client
import socket

import pytest
import requests

from tap_versionforge_salesforce.salesforce.http.connection_errors import connection_error, was_sent
from tap_versionforge_salesforce.salesforce.support.redaction import redact, remember_secrets

SECRET = "3MVG9" + "aB" * 40


@pytest.mark.parametrize("before", [0, 120, 150, 170, 190])
def test_a_secret_where_the_cause_is_cut_is_hidden_whole(before: int) -> None:
    """A server can say what it likes in the place of a status line."""
    remember_secrets(SECRET)
    line = http.client.BadStatusLine("y" * before + " client_id=" + SECRET)
    error = requests.ConnectionError("Connection aborted.")
    error.__cause__ = line
    told = connection_error(error, host="https://x", asked="GET /q", timeout_seconds=3)
    assert "aBaB" not in redact(told.message)
    assert "MVG9" not in redact(told.message)


def caused_by(cause: Exception) -> requests.ConnectionError:
    error = requests.ConnectionError("x")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        pytest.param(caused_by(ConnectionRefusedError()), False, id="refused"),
        pytest.param(caused_by(socket.gaierror(-2, "unknown")), False, id="no such host"),
        pytest.param(requests.ConnectTimeout(), False, id="no connection"),
        pytest.param(caused_by(ConnectionResetError()), True, id="reset"),
        pytest.param(requests.ReadTimeout(), True, id="no answer"),
    ],
)
def test_what_was_never_sent_is_no_call(error: Exception, *, sent: bool) -> None:
    """And can have left nothing behind."""
    assert was_sent(error) is sent


def test_a_handshake_that_takes_too_long_is_no_slow_answer() -> None:
    """Whoever speaks no TLS waits for more: request_timeout_seconds would change nothing."""
    error = requests.ReadTimeout("Read timed out. (read timeout=30)")
    # As urllib3 tells it of a server that waits for more.
    error.__cause__ = TimeoutError("_ssl.c:989: The handshake operation timed out")
    told = connection_error(error, host="https://x", asked="GET /q", timeout_seconds=600)
    assert "https://x can't be reached" in told.message
    assert "600" not in told.message
    assert "instance_url" in told.hint
    assert "may speak no TLS" in told.hint
