"""One request before it is sent, and what went wrong with a try of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from typing_extensions import override

from tap_versionforge_salesforce.salesforce.http.retry import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_versionforge_salesforce.errors import TapError

Api = Literal["REST", "Bulk"]


class Access(enum.Enum):
    """As whom a request is sent, and who counts it."""

    USER = "with the user's token; it counts against the org's daily API calls"
    UNCOUNTED = "with the user's token; Salesforce does not count it"
    PUBLIC = "without a token; Salesforce does not count it"
    SIGN_IN = "for a token: a refusal is an answer for the caller, not an error"

    @property
    def has_token(self) -> bool:
        """Tell whether the access token is sent."""
        return self in (Access.USER, Access.UNCOUNTED)


class Sink(Protocol):
    """Takes the body of an answer as it comes."""

    @property
    def size(self) -> int:
        """Return how many bytes it has taken."""

    def begin(self) -> None:
        """Be empty: the body comes from its first byte on."""

    def write(self, block: bytes, /) -> None:
        """Take the next bytes.

        Raises:
            OSError: They can't be written.
        """

    def flush(self) -> None:
        """Have all bytes where they belong.

        Raises:
            OSError: They can't be written.
        """


class Form(dict[str, str]):
    """A body that is sent as a form. It may hold secrets, and is not shown."""

    @override
    def __repr__(self) -> str:
        return "Form(hidden)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, before it is sent.

    Attributes:
        method: HTTP method.
        path: Path on the org's own host; never a whole URL.
        params: Query parameters.
        body: Sent as JSON, or as a `Form`.
        headers: Added to those of every request.
        expects: What a success carries. ``rows`` is JSON that can be large, and that its reader
            proves: only its end is looked at here. So it is with the ``parts`` of a composite
            request, each of which may have failed.
        sink: Where the body of a success goes, packed as it came; emptied before each attempt.
            None: in memory, unpacked.
        access: As whom it is sent.
        budget: How long to try.
        when_in_doubt: Called after each try that got no proper answer and that Salesforce may have
            acted upon all the same.
    """

    method: str = "GET"
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    expects: Literal["json", "rows", "parts", "csv", "nothing"] = "json"
    sink: Sink | None = None
    access: Access = Access.USER
    budget: Budget = field(default_factory=Budget)
    when_in_doubt: Callable[[], None] | None = None

    @property
    def api(self) -> Api:
        """Return which API it belongs to."""
        return "Bulk" if "/jobs/" in self.path else "REST"


class TransientError(Exception):
    """Something that another try may mend.

    Args:
        kind: What happened; without what differs from case to case.
        error: What it becomes when it does not pass.
        wait_seconds: Until the next try, as the answer says; None where it says nothing.
        is_in_doubt: Salesforce may have acted upon it.
        was_sent: The request has left this machine.
    """

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
