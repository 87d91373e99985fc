"""Connections to one host: a request is sent once, and its answer read, within its time."""

from __future__ import annotations

import io
from itertools import chain
from typing import TYPE_CHECKING

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from typing_extensions import override
from urllib3.exceptions import HTTPError

from tap_versionforge_salesforce.errors import RequestTimeoutError, UnavailableError
from tap_versionforge_salesforce.salesforce.auth.authenticator import Bearer
from tap_versionforge_salesforce.salesforce.http.call import Form, TransientError
from tap_versionforge_salesforce.salesforce.http.connection_errors import (
    check_proxy,
    connection_error,
    is_retryable,
    was_sent,
)
from tap_versionforge_salesforce.salesforce.http.responses import Response, http_date
from tap_versionforge_salesforce.salesforce.support.gzip_stream import BrokenGzipError, unpacked
from tap_versionforge_salesforce.salesforce.support.spool import writing_to_spool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_versionforge_salesforce.salesforce.auth.authenticator import Token
    from tap_versionforge_salesforce.salesforce.http.call import Call
    from tap_versionforge_salesforce.salesforce.http.options import HttpOptions
    from tap_versionforge_salesforce.salesforce.http.quota import Quota
    from tap_versionforge_salesforce.salesforce.support.interruption import Interruption

_CONNECT_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 1 << 20
# A page of 25 MB, packed, has to come at 15 kB a second.
_TIMEOUTS_OF_A_BODY = 6
# Unpacked and in memory; the largest pages and describes have a hundredth of it.
_LARGEST_BODY_BYTES = 1 << 30


class _Session(requests.Session):
    """Keeps connections open, and follows no redirect."""

    @override
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return no address: requests would look into one that it need not follow, and trip."""


class Connections:
    """Sends to one host, each request once; what is asked for often uses a connection again.

    Args:
        host: Its scheme and host.
        options: Timeouts, private CA, user agent.
        quota: Counts what is received.
        interruption: Signals are taken while waiting here; its watch ends what trickles for ever.

    Raises:
        SettingsError: The proxy on the way to the host can't be used.
    """

    def __init__(
        self, host: str, *, options: HttpOptions, quota: Quota, interruption: Interruption
    ) -> None:
        self._session = _Session()
        self._session.headers.update({"User-Agent": options.user_agent, "Accept-Encoding": "gzip"})
        adapter = HTTPAdapter(pool_maxsize=options.connections)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._host = host
        # Given with each request, since requests takes REQUESTS_CA_BUNDLE before its session's.
        # None: that variable, or else what the library trusts.
        self._ca_bundle = options.ca_bundle
        self._seconds = float(options.request_timeout_seconds)
        self._quota = quota
        self._interruption = interruption
        check_proxy(host)

    def exchange(self, call: Call, token: Token | None) -> Response:
        """Send a request once, and read its answer.

        Args:
            call: The request.
            token: Goes with it; None for none.

        Raises:
            TransientError: No whole answer came, and another try may bring one.
            UnavailableError: No answer can come.
        """
        form = call.body if isinstance(call.body, Form) else None
        try:
            with (
                self._interruption.waiting(lambda: f"the answer to {call.method} {call.path}"),
                self._session.request(
                    call.method,
                    f"{self._host}{call.path}",
                    params=call.params,
                    json=call.body if form is None else None,
                    data=form,
                    headers=dict(call.headers),
                    auth=Bearer(token),
                    timeout=(_CONNECT_TIMEOUT_SECONDS, self._timeout_seconds(call)),
                    verify=self._ca_bundle,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                body = self._read_in_time(response, call)
        except (requests.RequestException, HTTPError) as error:
            raise self._no_answer(call, error) from None
        return Response(
            status=response.status_code,
            headers=CaseInsensitiveDict(response.headers),
            body=body,
            date=http_date(response.headers.get("Date")),
            received_bytes=response.raw.tell(),
        )

    def _read_in_time(self, response: requests.Response, call: Call) -> bytes:
        """Read the body, each piece of which has a timeout of its own, within one for them all."""
        body, seconds = b"", self._timeout_seconds(call) * _TIMEOUTS_OF_A_BODY
        failure: Exception | None = None
        with self._interruption.watch.limited(seconds, lambda: _broken_off(response)) as wait:
            try:
                body = self._read(response, call)
            except Exception as error:  # noqa: BLE001  what a connection that was shut raises is anybody's guess
                failure = error
        # Not before here: who ends the reading may be at it when the reading fails of it.
        if wait.is_ended:
            raise self._passing(
                RequestTimeoutError(
                    f"{self._host} did not send the whole answer to {call.method} {call.path} "
                    f"within {seconds:,.0f} seconds.",
                    hint="Run again later; request_timeout_seconds allows more time.",
                )
            )
        if failure is not None:
            raise failure
        return body

    def _read(self, response: requests.Response, call: Call) -> bytes:
        if call.sink is None or not response.ok:
            # It hands out what it has, of which pieces that are joined would be a second copy.
            body = io.BytesIO()
            for chunk in _blocks(response):
                body.write(chunk)
                if body.tell() > _LARGEST_BODY_BYTES:
                    raise self._too_large(call)
            self._quota.receive(response.raw.tell())
            return body.getvalue()
        call.sink.begin()
        for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
            with writing_to_spool():
                call.sink.write(chunk)
        with writing_to_spool():
            call.sink.flush()
        self._quota.receive(call.sink.size)
        return b""

    def _too_large(self, call: Call) -> UnavailableError:
        return UnavailableError(
            f"The answer to {call.method} {call.path} has more than {_LARGEST_BODY_BYTES:,} bytes.",
            hint="No answer of Salesforce is that large; a proxy may have changed it.",
            code="answer-too-large",
        )

    def _timeout_seconds(self, call: Call) -> float:
        return min(self._seconds, call.budget.timeout_seconds or self._seconds)

    def _no_answer(
        self, call: Call, error: requests.RequestException | HTTPError
    ) -> TransientError | UnavailableError:
        told = connection_error(
            error,
            host=self._host,
            asked=f"{call.method} {call.path}",
            timeout_seconds=self._timeout_seconds(call),
        )
        return self._passing(told, was_sent=was_sent(error)) if is_retryable(error) else told

    def _passing(self, told: UnavailableError, *, was_sent: bool = True) -> TransientError:
        is_timeout = isinstance(told, RequestTimeoutError)
        # Without what differs from case to case.
        kind = f"{self._host} did not answer in time" if is_timeout else told.message
        return TransientError(
            kind.partition(" (")[0], told, is_in_doubt=was_sent, was_sent=was_sent
        )


def _blocks(response: requests.Response) -> Iterator[bytes]:
    """Yield the body unpacked, by large blocks: requests unpacks ten thousand bytes at a time.

    Raises:
        RequestException: It can't be unpacked, or did not come whole.
        HTTPError: It did not come whole.
    """
    if response.headers.get("Content-Encoding", "").lower() != "gzip":
        yield from response.iter_content(_CHUNK_BYTES)
        return
    blocks = filter(None, response.raw.stream(_CHUNK_BYTES, decode_content=False))
    # An answer without a body has nothing that could be whole.
    if first := next(blocks, None):
        try:
            yield from unpacked(chain([first], blocks), _CHUNK_BYTES)
        except BrokenGzipError as error:
            raise requests.exceptions.ContentDecodingError(error) from None


def _broken_off(response: requests.Response) -> bool:
    """Have whoever reads the answer in another thread read no more of it, if it is not over."""
    try:
        response.raw.shutdown()
    except (OSError, RuntimeError, ValueError):  # closed, given back, or nothing to be shut
        return False
    return True
