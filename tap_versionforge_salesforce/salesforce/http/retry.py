"""Which answers are worth another try, how long to wait before it, and when to give up."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from tap_versionforge_salesforce.errors import IncompleteError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.support.retry_log import RetryLog

T = TypeVar("T")

# Seen from Salesforce or the proxies before it as passing trouble: 406 comes empty, 420 is the
# page of Salesforce Edge while an org is moved.
_PASSING_STATUSES = frozenset({406, 408, 420, 429, 500, 502, 503, 504})
_TRIES_PER_PAGE = 3
_SECONDS = re.compile(r"[0-9]{1,9}")
_PASSING_ERROR_CODES = frozenset(
    # The last one is the token endpoint's, with the description "retry your request".
    {"SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "TXN_SECURITY_METERING_ERROR", "unknown_error"}
)
# The second is Bulk API's of before, whose words come through here and there.
_SESSION_CODES = frozenset({"INVALID_SESSION_ID", "InvalidSessionId"})
_SESSION_ENDED = ("session expired or invalid", "invalid session id")
# These two come with the same code but a new token changes nothing about them.
_SESSION_BLOCKED = ("not valid for use with", "not attached to agent")
_DAILY = "totalrequests limit exceeded"
# ConcurrentRequests, ConcurrentPerOrgLongTxn, ... of which some come with other codes too. Not
# anywhere in a message: that may quote a query.
_CONCURRENT = re.compile(r"(unabletoprocess\W+)?concurrent\w*\b.*\blimit\b")
# Of two sign-ins with one refresh token at a moment Salesforce serves one.
_SIGN_IN_BUSY = "token request is already being processed"
# With these it is somebody on the way, or the moment, that has enough; never the day.
_STATUSES_OF_A_MOMENT = (429, 503)


class Verdict(enum.Enum):
    """What an answer means for the request."""

    ACCEPTED = "accepted"
    TRANSIENT = "passing"
    SESSION_ENDED = "session ended"
    DAILY_LIMIT = "daily limit"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a request may be tried.

    Attributes:
        tries: Most attempts.
        seconds: No further attempt is made once this much time has passed since the first.
        longest_wait_seconds: Upper end of the growing wait between two attempts.
        timeout_seconds: Longest wait for one answer, where that is less than the setting's.
        timeout_retries: How often an attempt that took too long is repeated, where there is another
            way out or a repetition leaves something behind; None for as often as any other.
    """

    tries: int = 8
    seconds: float = 600.0
    longest_wait_seconds: float = 60.0
    timeout_seconds: float | None = None
    timeout_retries: int | None = None

    def at_most(self, other: Budget) -> Budget:
        """Return it with no more attempts than another one, and then with its times for them."""
        if self.tries <= other.tries:
            return self
        waits = other.longest_wait_seconds
        return replace(self, tries=other.tries, seconds=other.seconds, longest_wait_seconds=waits)


#: For the sign-in: a wrong host should be told in seconds, not in minutes.
SIGN_IN_BUDGET = Budget(tries=4, seconds=60.0, longest_wait_seconds=8.0)
#: Where others have tried in vain.
SHORT_BUDGET = Budget(tries=3, seconds=60.0, longest_wait_seconds=4.0)
#: For what is done early, and again when it is needed.
EARLY_BUDGET = replace(SHORT_BUDGET, timeout_retries=0)
#: For cleaning up, for which no run waits.
CLEANUP_BUDGET = Budget(tries=1, timeout_seconds=10.0)
#: For what only gives advice: the run goes on without it.
ADVICE_BUDGET = Budget(tries=2, seconds=30.0, longest_wait_seconds=2.0, timeout_seconds=20.0)
#: For one object's describe: it may be that object's trouble, and others wait.
DESCRIBE_BUDGET = Budget(tries=8, seconds=180.0, timeout_seconds=60.0)
#: For one of a thousand objects, of which nobody has asked for this one by its name.
GLANCE_BUDGET = Budget(tries=3, seconds=8.0, longest_wait_seconds=4.0, timeout_seconds=20.0)
#: For one of a thousand objects, once others have not come.
HASTY_BUDGET = Budget(tries=1, timeout_seconds=10.0)
#: For many requests in one: they can be sent one by one instead.
COMPOSITE_BUDGET = Budget(
    tries=3, seconds=60.0, longest_wait_seconds=8.0, timeout_seconds=60.0, timeout_retries=0
)

#: For several queries in one, of which Salesforce gives each 120 seconds.
QUERIES_BUDGET = replace(COMPOSITE_BUDGET, timeout_seconds=150.0)


def classify(status: int, error_code: str, reason: str, *, readable: bool) -> Verdict:
    """Return what an answer means.

    Args:
        status: HTTP status.
        error_code: Salesforce's errorCode; empty where the body has none.
        reason: Salesforce's message.
        readable: The body has the form that was asked for. A 200 with a maintenance page is
            passing trouble, not an answer.
    """
    if status < 300:  # noqa: PLR2004
        return Verdict.ACCEPTED if readable else Verdict.TRANSIENT
    # Proxies and composite requests change the status; what Salesforce says itself comes through.
    said = reason.lower()
    if error_code in _SESSION_CODES or said.startswith(_SESSION_ENDED):
        is_blocked = any(words in said for words in _SESSION_BLOCKED)
        return Verdict.REFUSED if is_blocked else Verdict.SESSION_ENDED
    is_busy = _CONCURRENT.match(said) is not None or said.startswith(_SIGN_IN_BUSY)
    if is_busy or error_code in _PASSING_ERROR_CODES:
        return Verdict.TRANSIENT
    if error_code == "REQUEST_LIMIT_EXCEEDED" or said.startswith(_DAILY):
        return _of_a_limit(status, said)
    if error_code == "QUERY_TIMEOUT":
        return Verdict.REFUSED
    return Verdict.TRANSIENT if status in _PASSING_STATUSES else Verdict.REFUSED


def _of_a_limit(status: int, said: str) -> Verdict:
    if "concurrent" in said:
        return Verdict.TRANSIENT
    is_momentary = status in _STATUSES_OF_A_MOMENT and not said.startswith(_DAILY)
    return Verdict.TRANSIENT if is_momentary else Verdict.DAILY_LIMIT


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header, in seconds or as a date; None where there is no sense in it.

    Args:
        value: The header.
        now: The instant that a date is relative to.
    """
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return float(value)
    try:
        instant = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=timezone.utc)
    return max(0.0, (instant - now).total_seconds())


def backoff_seconds(budget: Budget) -> Generator[float, None, None]:
    """Yield the seconds to wait before each further attempt: doubling, with full jitter."""
    # It brings asyncio, and most runs wait for nothing.
    import backoff  # noqa: PLC0415

    growing = backoff.expo(base=2, factor=1, max_value=budget.longest_wait_seconds)
    growing.send(None)
    for seconds in growing:
        yield backoff.full_jitter(seconds)


def refetch_incomplete(read: Callable[[], Iterable[T]], retry_log: RetryLog) -> Iterator[T]:
    """Yield what a function reads, all of it once more where it turns out not to be whole.

    Args:
        read: Fetches and decodes one page, which can be fetched any number of times.
        retry_log: Where another fetch is told.

    Raises:
        IncompleteError: It was not whole the last time either.
    """
    for _ in range(_TRIES_PER_PAGE - 1):
        try:
            yield from read()
        except IncompleteError as error:
            retry_log.record("A page was not whole", f"{error.message} Fetching it again.", calls=1)
        else:
            return
    yield from read()


def poll_intervals(
    first: float, longest: float, factor: float = 1.5
) -> Generator[float, None, None]:
    """Yield the seconds to wait between two looks at something that takes its time."""
    seconds = first
    while True:
        yield seconds
        seconds = min(longest, seconds * factor)
