"""What an answer of Salesforce says, and the error that a refusal becomes."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import (
    QuotaError,
    RedirectedError,
    RefusedError,
    Remedy,
    SessionRefusedError,
    SettingsError,
    SignInError,
    TapError,
    UnavailableError,
)
from tap_versionforge_salesforce.salesforce.http.refusals import (
    QUERY_TOO_LONG,
    Advice,
    known_advice,
)
from tap_versionforge_salesforce.salesforce.support.redaction import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# An escape of JSON for half of a character; of a whole one, which has two, as well.
_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")
# Those of the same kind, one after the other, so that what belongs together stays together.
_ESCAPES = re.compile(
    rb"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_REDIRECTS = range(300, 400)
_UNAUTHORIZED = 401
_TOO_LONG = (414, 431)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, its body read to the end.

    Attributes:
        status: HTTP status.
        headers: Names in any case.
        body: The body, decompressed; empty where it went into a sink.
        date: The server's clock; None where the answer has none.
        received_bytes: Of the body, packed as it came; None of a part of another answer.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    date: datetime | None
    received_bytes: int | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the status is that of a success."""
        return self.status < _REDIRECTS.start

    @property
    def is_redirect(self) -> bool:
        """Tell whether the answer sends the caller to another address."""
        return self.status in _REDIRECTS

    def json(self) -> object:
        """Return the body as JSON; None where it is none."""
        try:
            content: object = json.loads(self.body)
            if _HALF_CHARACTER.search(self.body):
                # No address, message or file can hold half a character.
                text = json.dumps(content, ensure_ascii=False)
                whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
                content = json.loads(whole)
        except (ValueError, RecursionError):
            return None
        return content

    def error(self) -> tuple[str, str]:
        """Return Salesforce's errorCode and message, each empty where the body has none.

        A proxy may repeat the request in them: secrets are hidden.
        """
        return error_in(self.json())


def without_half_characters(body: bytes) -> bytes:
    """Return JSON in which each half of a character is U+FFFD, which stands for what is broken."""
    if not _HALF_CHARACTER.search(body):
        return body
    return _ESCAPES.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)


def error_in(content: object) -> tuple[str, str]:
    """Return errorCode and message in the JSON of an answer, or of one part of a composite."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        return "", ""
    code = first.get("errorCode") or first.get("error") or first.get("exceptionCode") or ""
    reason = first.get("message") or first.get("error_description") or first.get("exceptionMessage")
    return one_line(code), one_line(reason or "")


def shown(reply: Response) -> str:
    """Return status and errorCode of an answer, for people; its kind where it has no errorCode."""
    return f"HTTP {reply.status} ({reply.error()[0] or _kind(reply)})"


def transient_error(asked: str, reply: Response) -> UnavailableError:
    """Return the error that passing trouble becomes when it does not pass.

    Args:
        asked: Method and path of the request.
        reply: The last answer.
    """
    return UnavailableError(
        f"Salesforce answered {asked} with {shown(reply)}.",
        hint="Run again later; https://status.salesforce.com tells about incidents.",
        code="salesforce-busy",
    )


def not_salesforce_error(host: str, reply: Response) -> SignInError:
    """Return the error of a token endpoint that does not answer in its JSON.

    Args:
        host: Scheme and host of instance_url.
        reply: The answer.
    """
    return SignInError(
        f"{host} does not answer as Salesforce does: HTTP {reply.status}, "
        f"{one_line(reply.headers.get('Content-Type', 'no content type'))} from its token "
        "endpoint.",
        hint="Check instance_url: Setup > My Domain shows the right one. A proxy or a "
        "maintenance page gives the same picture.",
        code="not-salesforce",
    )


def refusal_error(
    asked: str,
    reply: Response,
    *,
    is_daily_limit: bool = False,
    is_session_ended: bool = False,
    own_url: str = "",
) -> TapError:
    """Return the error that a final refusal becomes.

    Args:
        asked: Method and path of the request.
        reply: The answer.
        is_daily_limit: The day's API calls are used up.
        is_session_ended: A new session has ended at once, too.
        own_url: The org's own address, as its sign-in names it; empty where that is instance_url,
            or where nobody has named it.
    """
    error_code, reason = reply.error()
    said = f"{error_code}: {reason}" if error_code else _kind(reply)
    if is_daily_limit:
        message = f"The org's daily API calls are used up (Salesforce said {said})."
        return QuotaError(
            message,
            hint="Run again when the rolling 24 hours have freed calls (Setup > Company "
            "Information shows the usage).",
            code="daily-limit-exceeded",
        )
    if error_code == "URL_NOT_RESET" or reason.startswith("Destination URL not reset"):
        named = f"{own_url}, which its sign-in names" if own_url else "the My Domain URL"
        message = f"The host of instance_url does not serve this org's data (it said {said})."
        return SettingsError(
            message,
            hint=f"Set instance_url to {named}; Setup > My Domain shows it.",
            code="instance-url-not-reset",
        )
    if reply.status == _UNAUTHORIZED or is_session_ended or error_code == "INVALID_SESSION_ID":
        message = f"Salesforce does not accept the session (Salesforce said {said})."
        return SessionRefusedError(
            message,
            hint="Setup > the app's policies: the app has to be approved for the API (API Access "
            "Control, 'Approve Uninstalled Connected Apps'), and the session must not be "
            "restricted to other addresses.",
        )
    if error_code in ("API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"):
        message = f"The API is switched off (Salesforce said {said})."
        return SessionRefusedError(
            message,
            hint="Setup > Profiles (or Permission Sets) > System Permissions: tick API Enabled. "
            "Some editions have no API at all.",
            code="api-disabled",
        )
    if reply.is_redirect:
        location = one_line(reply.headers.get("Location", "?"))
        message = f"The host of instance_url redirects {asked} to {location}."
        return RedirectedError(
            message,
            hint="Set instance_url to the My Domain URL that Setup > My Domain shows.",
        )
    hint, remedies = _advice(reply.status, error_code, reason)
    return RefusedError(
        f"Salesforce refused {asked} with HTTP {reply.status} ({said}).",
        hint=hint,
        status=reply.status,
        error_code=error_code,
        reason=reason,
    ).offering(*remedies)


def _kind(reply: Response) -> str:
    return one_line(reply.headers.get("Content-Type", "an empty body").partition(";")[0])


def _advice(status: int, error_code: str, reason: str) -> Advice:
    if status in _TOO_LONG:
        return QUERY_TOO_LONG
    if advice := known_advice(error_code, reason):
        return advice
    if error_code == "QUERY_TIMEOUT":
        hint = "Bulk API 2.0 gives a query more time; with fewer rows it takes less."
        return Advice(hint, (Remedy.BULK, Remedy.FEWER_ROWS))
    if error_code == "UNSUPPORTED_API_VERSION":
        return Advice("Set api_version to one that the org has; the command check lists them.")
    if not error_code:
        hint = "Something on the way, such as a proxy, may have answered instead; run again."
        return Advice(hint)
    return Advice("The message says what Salesforce does not accept.")


def http_date(value: str | None) -> datetime | None:
    """Return the instant of a Date header, in UTC; None where there is no sense in it."""
    if value is None:
        return None
    with contextlib.suppress(ValueError, OverflowError):
        instant = parsedate_to_datetime(value)
        if instant.tzinfo is None:  # no zone, or -0000, which is UTC as well
            instant = instant.replace(tzinfo=timezone.utc)
        return instant.astimezone(timezone.utc)
    return None
