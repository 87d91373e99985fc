"""The only place that sends: timeouts, retries, token renewal and quota, once for everybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Literal

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from typing_extensions import override
from urllib3.exceptions import HTTPError

from tap_versionforge_salesforce.errors import RequestTimeoutError, TapError, UnavailableError
from tap_versionforge_salesforce.salesforce.auth.authenticator import (
    TOKEN_PATH,
    Bearer,
    TokenAnswer,
)
from tap_versionforge_salesforce.salesforce.auth.sign_in_errors import UNKNOWN, explain
from tap_versionforge_salesforce.salesforce.http import quota as quota_of
from tap_versionforge_salesforce.salesforce.http.connection_errors import (
    check_proxy,
    connection_error,
    is_retryable,
    was_sent,
)
from tap_versionforge_salesforce.salesforce.http.responses import (
    Response,
    http_date,
    not_salesforce_error,
    refusal_error,
    shown,
    transient_error,
)
from tap_versionforge_salesforce.salesforce.http.retry import (
    SHORT_BUDGET,
    SIGN_IN_BUDGET,
    Budget,
    Verdict,
    backoff_seconds,
    classify,
    retry_after_seconds,
    shorter,
)
from tap_versionforge_salesforce.salesforce.support.spool import writing_to_spool

if TYPE_CHECKING:
    import logging
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.auth.authenticator import Authenticator, Token
    from tap_versionforge_salesforce.salesforce.http.options import HttpOptions
    from tap_versionforge_salesforce.salesforce.support.clock import Clock
    from tap_versionforge_salesforce.salesforce.support.interruption import Interruption
    from tap_versionforge_salesforce.salesforce.support.retry_log import RetryLog

_CONNECT_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 1 << 20
# A page of 25 MB, packed, has to come at 15 kB a second.
_TIMEOUTS_OF_A_BODY = 6
# Unpacked and in memory; the largest pages and describes have a hundredth of it.
_LARGEST_BODY_BYTES = 1 << 30


Api = Literal["REST", "Bulk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, before it is sent.

    Attributes:
        method: HTTP method.
        path: Path on the org's own host; never a whole URL.
        params: Query parameters.
        body: Sent as JSON.
        form: Sent as a form.
        headers: Added to the session's own.
        expects: What a success carries. ``rows`` is JSON that can be large, and that its reader
            proves: only its end is looked at here.
        sink: Where the body of a success goes, packed as it came; emptied before each attempt.
            None: in memory, unpacked.
        authorized: Send the access token.
        counted: It counts against the org's daily API calls.
        timeout_retries: How often a try that took too long is repeated, where there is another way
            out or a repetition leaves something behind; None for as long as the budget lasts.
        final_refusals: False where a refusal is an answer for the caller, not an error.
        budget: How long to try.
        timeout_seconds: Longest wait for this answer, where that is less than the setting's.
        when_in_doubt: Called after each try that got no proper answer and that Salesforce may have
            acted upon all the same.
    """

    method: str = "GET"
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    expects: Literal["json", "rows", "csv", "nothing"] = "json"
    sink: IO[bytes] | None = None
    authorized: bool = True
    counted: bool = True
    timeout_retries: int | None = None
    final_refusals: bool = True
    budget: Budget = field(default_factory=Budget)
    timeout_seconds: float | None = None
    when_in_doubt: Callable[[], None] | None = None

    @property
    def api(self) -> Api:
        """Return which API it belongs to."""
        return "Bulk" if "/jobs/" in self.path else "REST"


class _TransientError(Exception):
    """Something that another try may mend; `error` is what it becomes when it does not."""

    def __init__(
        self,
        kind: str,
        error: TapError,
        *,
        wait_seconds: float | None = None,
        is_in_doubt: bool = True,
        was_sent: bool = True,
    ) -> None:
        super().__init__(error.message)
        self.kind = kind
        self.error = error
        self.wait_seconds = wait_seconds
        self.is_in_doubt = is_in_doubt
        self.was_sent = was_sent


class _Connections(requests.Session):
    """Keeps connections open, and follows no redirect."""

    @override
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return no address: requests would look into one that it need not follow, and trip."""


class SalesforceSession:
    """Sends every request of a run to the one org it belongs to.

    Args:
        host: Scheme and host of the org.
        options: Timeouts, private CA, user agent.
        authenticator: Who signs in.
        quota: Counts calls and knows what is left.
        clock: For waiting and for ``Retry-After`` dates.
        logger: Where retries are told.
        interruption: Signals are taken while waiting here; its watch ends what trickles for ever.
        retry_log: Where it is told what was tried again.
    """

    def __init__(
        self,
        *,
        host: str,
        options: HttpOptions,
        authenticator: Authenticator,
        quota: quota_of.Quota,
        clock: Clock,
        logger: logging.Logger,
        interruption: Interruption,
        retry_log: RetryLog,
    ) -> None:
        self._connections = _Connections()
        self._connections.headers.update(
            {"User-Agent": options.user_agent, "Accept-Encoding": "gzip"}
        )
        adapter = HTTPAdapter(pool_maxsize=options.connections)
        self._connections.mount("https://", adapter)
        self._connections.mount("http://", adapter)
        self.authenticator = authenticator
        self.quota = quota
        #: Tries in vain have ended a stream, and no request to that API has succeeded since.
        self.doubtful_apis: set[Api] = set()
        #: The server's clock in its latest answer to an authorized request.
        self.server_date: datetime | None = None
        self._host = host
        # Given with each request, since requests takes REQUESTS_CA_BUNDLE before its session's.
        # None: that variable, or else what the library trusts.
        self._ca_bundle = options.ca_bundle
        self._timeout = (_CONNECT_TIMEOUT_SECONDS, float(options.request_timeout_seconds))
        self._clock = clock
        self._logger = logger
        self._interruption = interruption
        self._retry_log = retry_log
        check_proxy(self._host)

    def call(self, call: Call) -> Response:
        """Send a request until it is answered for good.

        Raises:
            QuotaError: The daily calls, or those this run may make, are used up.
            RefusedError: Salesforce refused for good.
            SignInError: The session can't be had or renewed.
            UnavailableError: No proper answer within the budget.
        """
        started = self._clock.monotonic()
        is_doubtful = call.api in self.doubtful_apis
        budget = shorter(call.budget, SHORT_BUDGET) if is_doubtful else call.budget
        timeouts = 0
        for attempt, wait_seconds in enumerate(backoff_seconds(budget), start=1):
            began = self._clock.monotonic()
            try:
                reply = self._attempt(call)
            except _TransientError as trouble:
                # Salesforce may be at it all the same.
                if trouble.is_in_doubt and call.when_in_doubt is not None:
                    call.when_in_doubt()
                timeouts += isinstance(trouble.error, RequestTimeoutError)
                if call.timeout_retries is not None and timeouts > call.timeout_retries:
                    raise trouble.error from None
                pause = wait_seconds if trouble.wait_seconds is None else trouble.wait_seconds
                now = self._clock.monotonic()
                if attempt >= budget.tries or now - started + pause > budget.seconds:
                    raise trouble.error from None
                self._retry_log.record(
                    trouble.kind,
                    f"{trouble.error.message} Trying again in {pause:.1f} seconds (try "
                    f"{attempt + 1} of {budget.tries}).",
                    seconds=now - began + pause,
                    calls=int(call.counted and trouble.was_sent),
                )
                self.pause(pause)
            else:
                # What is asked for without a token says nothing of the data.
                if call.authorized:
                    self.doubtful_apis.discard(call.api)
                return reply
        raise AssertionError  # pragma: no cover  waits never end

    def doubt(self) -> None:
        """Try what follows for less, until something comes of it; each API for itself."""
        self.doubtful_apis = {"REST", "Bulk"}

    def pause(self, seconds: float) -> None:
        """Wait, ready to be interrupted."""
        with self._interruption.waiting():
            self._clock.sleep(seconds)

    def token(self) -> Token:
        """Return the access token, signing in if need be.

        Raises:
            SignInError: Salesforce refused.
            UnavailableError: The host can't be reached.
        """
        return self.authenticator.token(self)

    def post_grant(self, form: Mapping[str, str]) -> TokenAnswer:
        """Post to the token endpoint of the org's My Domain.

        Raises:
            SignInError: The host does not answer as Salesforce does.
            UnavailableError: It can't be reached, or asks for another try again and again.
        """
        reply = self.call(
            Call(
                method="POST",
                path=TOKEN_PATH,
                form=form,
                authorized=False,
                counted=False,
                final_refusals=False,
                budget=SIGN_IN_BUDGET,
            )
        )
        body = reply.json()
        if not isinstance(body, Mapping):
            raise not_salesforce_error(self._host, reply)
        return TokenAnswer(body=body, date=reply.date)

    def _attempt(self, call: Call) -> Response:
        token = self.token() if call.authorized else None
        reply, verdict = self._judged(call, token)
        if verdict is Verdict.SESSION_ENDED and token is not None:
            self._logger.info("The session has ended; signing in again.")
            reply, verdict = self._judged(call, self.authenticator.renew(token, self))
        if verdict is Verdict.ACCEPTED:
            return reply
        asked = f"{call.method} {call.path}"
        if verdict is Verdict.TRANSIENT:
            wait = retry_after_seconds(reply.headers.get("Retry-After"), self._clock.now())
            error = self._trouble(call, asked, reply)
            raise _TransientError(
                f"Salesforce answered with {shown(reply)}",
                error,
                wait_seconds=wait,
                is_in_doubt=reply.ok or reply.status >= 500,  # noqa: PLR2004
            )
        if not call.final_refusals and not reply.is_redirect:
            return reply
        own_url = self.authenticator.own_url
        raise refusal_error(
            asked,
            reply,
            is_daily_limit=verdict is Verdict.DAILY_LIMIT,
            is_session_ended=verdict is Verdict.SESSION_ENDED,
            own_url="" if own_url == self._host else own_url,
        )

    def _trouble(self, call: Call, asked: str, reply: Response) -> TapError:
        if call.final_refusals:
            return transient_error(asked, reply)
        if reply.ok:
            return not_salesforce_error(self._host, reply)
        error, description = reply.error()
        problem = explain(error, description)
        if problem is UNKNOWN:
            return transient_error(asked, reply)
        message = f"{problem.cause} (Salesforce said {error}: {description})"
        return UnavailableError(message, hint=problem.fix, code=problem.code)

    def _judged(self, call: Call, token: Token | None) -> tuple[Response, Verdict]:
        reply = self._once(call, token)
        code, reason = ("", "") if reply.ok else reply.error()
        return reply, classify(reply.status, code, reason, readable=_readable(call, reply))

    def _once(self, call: Call, token: Token | None) -> Response:
        if not call.counted:
            return self._exchanged(call, token)
        self.quota.spend()
        allowance = None
        try:
            reply = self._exchanged(call, token)
            allowance = quota_of.from_header(reply.headers.get("Sforce-Limit-Info"))
        finally:
            self.quota.answered(allowance)
        return reply

    def _exchanged(self, call: Call, token: Token | None) -> Response:
        try:
            with (
                self._interruption.waiting(lambda: f"the answer to {call.method} {call.path}"),
                self._connections.request(
                    call.method,
                    f"{self._host}{call.path}",
                    params=call.params,
                    json=call.body,
                    data=call.form,
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
        reply = Response(
            status=response.status_code,
            headers=CaseInsensitiveDict(response.headers),
            body=body,
            date=http_date(response.headers.get("Date")),
        )
        if token is not None and reply.status != 401 and reply.date is not None:  # noqa: PLR2004
            self.server_date = reply.date
        return reply

    def _read_in_time(self, response: requests.Response, call: Call) -> bytes:
        """Read the body, each piece of which has a timeout of its own, within one for them all."""
        body, seconds = b"", self._timeout_seconds(call) * _TIMEOUTS_OF_A_BODY
        failure: Exception | None = None
        with self._interruption.watch.limited(seconds, lambda: _broken_off(response)) as reading:
            try:
                body = self._read(response, call)
            except Exception as error:  # noqa: BLE001  what a connection that was shut raises is anybody's guess
                failure = error
        # Not before here: who ends the reading may be at it when the reading fails of it.
        if reading.is_ended:
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
            # By large blocks: requests itself unpacks ten thousand bytes at a time.
            chunks, size = list[bytes](), 0
            for chunk in response.iter_content(_CHUNK_BYTES):
                chunks.append(chunk)
                size += len(chunk)
                if size > _LARGEST_BODY_BYTES:
                    raise self._too_large(call)
            self.quota.receive(response.raw.tell())
            return b"".join(chunks)
        call.sink.seek(0)
        call.sink.truncate()
        for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
            with writing_to_spool():
                call.sink.write(chunk)
        with writing_to_spool():
            call.sink.flush()
        self.quota.receive(call.sink.tell())
        return b""

    def _too_large(self, call: Call) -> UnavailableError:
        return UnavailableError(
            f"The answer to {call.method} {call.path} has more than {_LARGEST_BODY_BYTES:,} bytes.",
            hint="No answer of Salesforce is that large; a proxy may have changed it.",
            code="answer-too-large",
        )

    def _timeout_seconds(self, call: Call) -> float:
        return min(self._timeout[1], call.timeout_seconds or self._timeout[1])

    def _no_answer(
        self, call: Call, error: requests.RequestException | HTTPError
    ) -> _TransientError | UnavailableError:
        told = connection_error(
            error,
            host=self._host,
            asked=f"{call.method} {call.path}",
            timeout_seconds=self._timeout_seconds(call),
        )
        return self._passing(told, was_sent=was_sent(error)) if is_retryable(error) else told

    def _passing(self, told: UnavailableError, *, was_sent: bool = True) -> _TransientError:
        is_timeout = isinstance(told, RequestTimeoutError)
        # Without what differs from case to case.
        kind = f"{self._host} did not answer in time" if is_timeout else told.message
        return _TransientError(
            kind.partition(" (")[0], told, is_in_doubt=was_sent, was_sent=was_sent
        )


def _broken_off(response: requests.Response) -> bool:
    """Have whoever reads the answer in another thread read no more of it, if it is not over."""
    try:
        response.raw.shutdown()
    except (OSError, RuntimeError, ValueError):  # closed, given back, or nothing to be shut
        return False
    return True


def _readable(call: Call, reply: Response) -> bool:
    if call.expects == "nothing":
        return True
    content_type = "json" if call.expects == "rows" else call.expects
    if content_type not in reply.headers.get("Content-Type", content_type):
        return False
    if call.expects == "json":
        return reply.json() is not None
    return call.sink is not None or reply.body.rstrip()[-1:] in (b"}", b"]")
