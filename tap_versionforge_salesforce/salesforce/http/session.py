"""A request is sent until it is answered for good: retries, token renewal, quota, for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import RequestTimeoutError, TapError, UnavailableError
from tap_versionforge_salesforce.salesforce.auth.authenticator import TOKEN_PATH, TokenAnswer
from tap_versionforge_salesforce.salesforce.auth.sign_in_errors import UNKNOWN, explain
from tap_versionforge_salesforce.salesforce.http.call import Access, Api, Call, Form, TransientError
from tap_versionforge_salesforce.salesforce.http.connections import Connections
from tap_versionforge_salesforce.salesforce.http.quota import Quota, from_header
from tap_versionforge_salesforce.salesforce.http.responses import (
    Response,
    not_salesforce_error,
    refusal_error,
    shown,
    transient_error,
)
from tap_versionforge_salesforce.salesforce.http.retry import (
    SHORT_BUDGET,
    SIGN_IN_BUDGET,
    Verdict,
    backoff_seconds,
    classify,
    retry_after_seconds,
)
from tap_versionforge_salesforce.salesforce.support.background import in_background
from tap_versionforge_salesforce.salesforce.support.events import Remark

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.auth.authenticator import Authenticator, Token
    from tap_versionforge_salesforce.salesforce.http.options import HttpOptions
    from tap_versionforge_salesforce.salesforce.support.clock import Clock
    from tap_versionforge_salesforce.salesforce.support.events import Events
    from tap_versionforge_salesforce.salesforce.support.interruption import Interruption
    from tap_versionforge_salesforce.salesforce.support.retry_log import RetryLog


class SalesforceSession:
    """Sends every request of a run to the one org it belongs to.

    Args:
        host: Scheme and host of the org.
        options: Timeouts, private CA, user agent.
        authenticator: Who signs in.
        quota: Counts calls and knows what is left.
        clock: For waiting and for ``Retry-After`` dates.
        interruption: Signals are taken while waiting here; its watch ends what trickles for ever.
        retry_log: Where it is told what was tried again.
        events: Where it is told that the session has ended.
    """

    def __init__(
        self,
        *,
        host: str,
        options: HttpOptions,
        authenticator: Authenticator,
        quota: Quota,
        clock: Clock,
        interruption: Interruption,
        retry_log: RetryLog,
        events: Events,
    ) -> None:
        self._connections = Connections(
            host, options=options, quota=quota, interruption=interruption
        )
        self.authenticator = authenticator
        self.quota = quota
        #: Tries in vain have ended a stream, and no request to that API has succeeded since.
        self.doubtful_apis: set[Api] = set()
        #: The server's clock in its latest answer to an authorized request.
        self.server_date: datetime | None = None
        self._host = host
        self._clock = clock
        self._interruption = interruption
        self._retry_log = retry_log
        self._events = events
        self._answer_ahead: Future[Response] | None = None

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
        budget = call.budget.at_most(SHORT_BUDGET) if is_doubtful else call.budget
        timeouts = 0
        for attempt, wait_seconds in enumerate(backoff_seconds(budget), start=1):
            began = self._clock.monotonic()
            try:
                reply = self._attempt(call)
            except TransientError as transient:
                # Salesforce may be at it all the same.
                if transient.is_in_doubt and call.when_in_doubt is not None:
                    call.when_in_doubt()
                timeouts += isinstance(transient.error, RequestTimeoutError)
                if budget.timeout_retries is not None and timeouts > budget.timeout_retries:
                    raise transient.error from None
                pause = wait_seconds if transient.wait_seconds is None else transient.wait_seconds
                now = self._clock.monotonic()
                if attempt >= budget.tries or now - started + pause > budget.seconds:
                    raise transient.error from None
                self._retry_log.record(
                    transient.kind,
                    f"{transient.error.message} Trying again in {pause:.1f} seconds (try "
                    f"{attempt + 1} of {budget.tries}).",
                    seconds=now - began + pause,
                    calls=int(call.access is Access.USER and transient.was_sent),
                )
                self.pause(pause)
            else:
                # What is asked for without a token says nothing of the data, nor does an answer
                # in which all parts may have failed.
                if call.access.has_token and call.expects != "parts":
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

    def waiting(self, what: Callable[[], str]) -> AbstractContextManager[None]:
        """Allow a signal to end the run while the block waits for another thread's request.

        Args:
            what: Is waited for; goes on from "Waiting for".
        """
        return self._interruption.waiting(what)

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
        reply = self.call(_of_grant(form))
        body = reply.json()
        if not isinstance(body, Mapping):
            raise not_salesforce_error(self._host, reply)
        return TokenAnswer(body=body, date=reply.date)

    def post_grant_ahead(self, form: Mapping[str, str]) -> None:
        """Send what the first `post_grant` would send; that one then waits for this answer."""
        call = _of_grant(form)
        self._answer_ahead = in_background(lambda: self._connections.exchange(call, None))

    def _attempt(self, call: Call) -> Response:
        token = self.token() if call.access.has_token else None
        reply, verdict = self._judged(call, token)
        if verdict is Verdict.SESSION_ENDED and token is not None:
            renewed = self.authenticator.renew(token, self)
            self._events.tell(Remark(None, "The session had ended; signed in again."))
            reply, verdict = self._judged(call, renewed)
        if verdict is Verdict.ACCEPTED:
            return reply
        asked = f"{call.method} {call.path}"
        if verdict is Verdict.TRANSIENT:
            wait = retry_after_seconds(reply.headers.get("Retry-After"), self._clock.now())
            error = self._trouble(call, asked, reply)
            raise TransientError(
                f"Salesforce answered with {shown(reply)}",
                error,
                wait_seconds=wait,
                is_in_doubt=reply.ok or reply.status >= 500,  # noqa: PLR2004
            )
        if call.access is Access.SIGN_IN and not reply.is_redirect:
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
        if call.access is not Access.SIGN_IN:
            return transient_error(asked, reply)
        if reply.ok:
            return not_salesforce_error(self._host, reply)
        error, description = reply.error()
        # What passes is the same however somebody signs in, which is not known here.
        problem = explain(error, description, None)
        if problem is UNKNOWN:
            return transient_error(asked, reply)
        message = f"{problem.cause} (Salesforce said {error}: {description})"
        return UnavailableError(message, hint=problem.fix, code=problem.code)

    def _judged(self, call: Call, token: Token | None) -> tuple[Response, Verdict]:
        reply = self._once(call, token)
        code, reason = ("", "") if reply.ok else reply.error()
        return reply, classify(reply.status, code, reason, readable=_readable(call, reply))

    def _once(self, call: Call, token: Token | None) -> Response:
        if call.access is not Access.USER:
            return self._exchange(call, token)
        self.quota.spend()
        allowance = None
        try:
            reply = self._exchange(call, token)
            allowance = from_header(reply.headers.get("Sforce-Limit-Info"))
        finally:
            self.quota.answered(allowance)
        return reply

    def _exchange(self, call: Call, token: Token | None) -> Response:
        reply = self._answer(call, token)
        if token is not None and reply.status != 401 and reply.date is not None:  # noqa: PLR2004
            self.server_date = reply.date
        return reply

    def _answer(self, call: Call, token: Token | None) -> Response:
        if call.access is not Access.SIGN_IN or self._answer_ahead is None:
            return self._connections.exchange(call, token)
        answer, self._answer_ahead = self._answer_ahead, None
        with self._interruption.waiting(lambda: f"the answer to {call.method} {call.path}"):
            return answer.result()


def _of_grant(form: Mapping[str, str]) -> Call:
    return Call(
        method="POST",
        path=TOKEN_PATH,
        body=Form(form),
        access=Access.SIGN_IN,
        budget=SIGN_IN_BUDGET,
    )


def _readable(call: Call, reply: Response) -> bool:
    if call.expects == "nothing":
        return True
    content_type = "json" if call.expects in ("rows", "parts") else call.expects
    if content_type not in reply.headers.get("Content-Type", content_type):
        return False
    if call.expects == "json":
        return reply.json() is not None
    return call.sink is not None or reply.body.rstrip()[-1:] in (b"}", b"]")
