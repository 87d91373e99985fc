"""What can go wrong, sorted by what to do next.

    TapError
    ├── SettingsError            2  change a setting, the key, the catalog or the state
    │   └── RedirectedError
    ├── SignInError              3  change something in Setup
    │   └── SessionRefusedError
    ├── QuotaError               4  wait, or raise the allowance; the next run goes on
    │   └── JobsUsedUpError
    ├── UnavailableError         5  run again later
    │   ├── RequestTimeoutError
    │   ├── OddAnswerError
    │   └── JobNotEndedError        JobQueuedError, JobTimeoutError
    ├── IncompleteError          6  run again; the bookmark has not moved
    ├── RefusedError             7  this stream failed, the others are complete
    │   ├── UnknownObjectError
    │   └── JobEndedBadlyError      JobFailedError, JobAbortedError
    ├── SomeStreamsFailedError   7  the summary of such a run; 6 where all failures are
    │                               IncompleteError, 4 where all are QuotaError, that of all
    │                               failures where nothing at all could be read
    └── OutputError              1  mend what stdout leads to

The numbers are the exit codes of the command line.
This module imports nothing from the package.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self


class Remedy(enum.Enum):
    """What may help, for which each front end has its own settings: the hint says it in general."""

    FIELD = "leave the field out"
    FEWER_COLUMNS = "select fewer columns"
    FEWER_ROWS = "read fewer rows"
    WHOLE = "read the object without a window"
    OBJECT = "leave the object out"
    REST = "read by REST"
    BULK = "read by Bulk API 2.0"
    EITHER_API = "let either API serve"
    MORE_TIME = "wait longer for the job"


class TapError(Exception):
    """Everything that the tap tells a user about.

    Args:
        message: What happened, in one sentence that names the setting, object or field.
            Never a secret, and never a whole response body.
        hint: What to do about it.
        code: A stable name in kebab case, for documentation and machines.
    """

    exit_code: int = 1
    default_code: ClassVar[str] = "unexpected"

    def __init__(self, message: str, *, hint: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        #: What may help; see `Remedy`.
        self.remedies: tuple[Remedy, ...] = ()

    def offering(self, *remedies: Remedy) -> Self:
        """Say what may help, in place of what was said before; return the error."""
        self.remedies = remedies
        return self

    def advise(self, text: str) -> None:
        """Add to the hint what the remedies are called where the user is; they are told then."""
        if text:
            self.hint = f"{self.hint} {text}"
        self.remedies = ()

    def name_stream(self, name: str) -> None:
        """Have the message begin with the stream whose error it is, unless it names it already."""
        # Not CaseComment, nor Case__c, for Case.
        if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", self.message):
            self.message = f"{name}: {self.message}"
            self.args = (self.message,)

    def without_frames(self) -> Self:
        """Let go of where it was raised, and of the rows that are in hand there; return it."""
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self

    def reworded(self, message: str, *, hint: str | None = None) -> Self:
        """Return the same error with another message, and with another hint if there is one."""
        other = self.__class__.__new__(self.__class__, message)
        vars(other).update(vars(self), message=message)
        other.hint = self.hint if hint is None else hint
        return other


class SettingsError(TapError):
    """A setting, the key, the catalog or the state can't be used as it is."""

    exit_code = 2
    default_code = "invalid-setting"


class RedirectedError(SettingsError):
    """The host of instance_url sends elsewhere."""

    default_code = "instance-url-redirects"


def wrong_setting(name: str, problem: str, hint: str) -> SettingsError:
    """Return the error of one setting.

    Args:
        name: The setting.
        problem: Goes on from "The setting NAME", without the full stop.
        hint: What to do about it.
    """
    return SettingsError(f"The setting {name} {problem}.", hint=hint)


class SignInError(TapError):
    """Salesforce refused to sign the user in, or ended the session for good."""

    exit_code = 3
    default_code = "sign-in-failed"


class SessionRefusedError(SignInError):
    """Salesforce does not accept the session, not even one that is new, or has no API."""

    default_code = "session-refused"


class QuotaError(TapError):
    """The org's or the user's own allowance of API calls is used up."""

    exit_code = 4
    default_code = "daily-limit-exceeded"


class JobsUsedUpError(QuotaError):
    """The day's Bulk jobs, or the storage of their results, are used up."""

    default_code = "bulk-jobs-used-up"


class UnavailableError(TapError):
    """Salesforce could not be reached or did not answer properly after all retries."""

    exit_code = 5
    default_code = "source-unavailable"


class RequestTimeoutError(UnavailableError):
    """An answer did not come, or not whole, in the time that it may take."""

    default_code = "request-timeout"


class OddAnswerError(UnavailableError):
    """An answer lacks what every such answer has.

    Args:
        asked: What was asked for; goes on from "Salesforce's answer to".
    """

    default_code = "odd-answer"

    def __init__(self, asked: str) -> None:
        super().__init__(
            f"Salesforce's answer to {asked} has another form than its documentation shows.",
            hint="Run again; a proxy may have changed the answer.",
        )


class JobNotEndedError(UnavailableError):
    """A Bulk job has not ended in the time that it may take."""


class JobQueuedError(JobNotEndedError):
    """It has not even begun: it stays in the org, and a later run can go on with it."""

    default_code = "bulk-job-queued"


class JobTimeoutError(JobNotEndedError):
    """It takes too long, and was taken out of the org."""

    default_code = "bulk-job-timeout"


class IncompleteError(TapError):
    """What was received is not what Salesforce counted."""

    exit_code = 6
    default_code = "incomplete-result"


class RefusedError(TapError):
    """Salesforce refused one request for good: the stream it belongs to fails.

    Args:
        message: As for `TapError`.
        hint: As for `TapError`.
        status: The HTTP status of the answer; 0 where there was none.
        error_code: Salesforce's own errorCode, such as ``INVALID_FIELD``.
        reason: Salesforce's own message, on one line.
        code: As for `TapError`.
    """

    exit_code = 7
    default_code = "request-refused"

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        status: int = 0,
        error_code: str = "",
        reason: str = "",
        code: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.status = status
        self.error_code = error_code
        self.reason = reason


class UnknownObjectError(RefusedError):
    """The org has no such object, or the user may not see it."""

    default_code = "unknown-object"


class JobEndedBadlyError(RefusedError):
    """A Bulk job has ended without rows."""


class JobFailedError(JobEndedBadlyError):
    """Salesforce could not process it."""

    default_code = "bulk-job-failed"


class JobAbortedError(JobEndedBadlyError):
    """Somebody has aborted it."""

    default_code = "bulk-job-aborted"


class SomeStreamsFailedError(TapError):
    """Some streams failed and the others were read to their end.

    Args:
        failures: The error of each failed stream, by stream name.
        others: How many streams were read to their end.
        what: What they are called where they are read.
    """

    default_code = "some-streams-failed"

    def __init__(
        self, failures: Mapping[str, TapError], *, others: int = 1, what: str = "stream"
    ) -> None:
        self.failures = dict(failures)
        codes = {error.exit_code for error in failures.values()}
        # What is wrong with the whole org is not so where it has served another stream.
        is_of_each = codes <= {QuotaError.exit_code} or codes <= {IncompleteError.exit_code}
        agree = len(codes) == 1 and (is_of_each or not others)
        self.exit_code = codes.pop() if agree else RefusedError.exit_code
        has_cause = self.exit_code < IncompleteError.exit_code
        lines = []
        for name, error in failures.items():
            named = error.message.startswith(f"{name}: ")
            lines.append(
                f"{'' if named else f'{name}: '}{error.message} ({error.hint}) [{error.code}]"
            )
        some = f"{len(lines)} of the selected {what}s failed; the others are complete. "
        super().__init__(
            (some if others else f"No {what} could be read to its end. ") + " | ".join(lines),
            hint="Mend what each line says and run again.",
            code=_common_code(failures) if has_cause else None,
        )


def _common_code(failures: Mapping[str, TapError]) -> str | None:
    codes = {error.code for error in failures.values()}
    return codes.pop() if len(codes) == 1 else None


class OutputError(TapError):
    """What the tap writes can't be taken by whatever is behind stdout."""

    exit_code = 1
    default_code = "output-failed"


class NoOutputError(OutputError):
    """There is nobody behind stdout, or not any more."""

    default_code = "output-closed"
