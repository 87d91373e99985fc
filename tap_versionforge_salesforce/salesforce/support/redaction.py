"""What must never be shown, taken out of what is shown."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORMATTER = logging.Formatter()
_MASK = "[hidden]"
# Every encoding has it.
_UNPRINTABLE = "?"
_PATTERNS = (
    # An access token: the 15-character org id, an exclamation mark, and what must stay secret.
    re.compile(r"00D\w{12}(?:!|%21)\S+"),
    re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL
    ),
    re.compile(r"(?:(?<=assertion=)|(?<=assertion%3D))[^&\s]+"),
    # As a form has them, also where that stands in a URL; and as Salesforce spells one.
    re.compile(r"(?<=(?:client_secret|refresh_token)=)[^&\s]+"),
    re.compile(r"(?<=(?:client_secret|refresh_token)%3D)[^&\s]+"),
    re.compile(r"5Aep861[\w.]{20,}"),
    # User and password in the URL of a proxy.
    re.compile(r"(?<=://)[^\s/@]*:[^\s/@]*(?=@)"),
    # "JWT Bearer Flow" may be told.
    re.compile(r"(?:(?<=Bearer )|(?<=Bearer%20)|(?<=Bearer\+))\S{8,}"),
)
# What a compact JWS can be a part of: the assertion, and access tokens where the org issues them as
# JWT. Not one pattern, which would go through a long text once for each place it may begin at.
_WORD = re.compile(r"[\w.-]+")
_JWS_START, _JWS_DOTS = "eyJ", 2
_SHORTEST_SECRET = 4
_LONGEST_SAID = 500
# What every record has; all else is what a line was logged with as `extra`.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class Secrets:
    """What is to be hidden.

    Attributes:
        longest_first: A shorter one may be a part of a longer one.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self.longest_first: tuple[str, ...] = ()

    def add(self, values: Iterable[str]) -> None:
        """Have these hidden from now on."""
        # Not sorted for each line of the log: a process that goes on for days has many tokens.
        if new := set(values) - self._known:
            self._known |= new
            self.longest_first = tuple(sorted(self._known, key=len, reverse=True))


_secrets = Secrets()


def remember_secrets(*values: str | None) -> None:
    """Have these values hidden wherever they would be shown from now on, also as a part of a URL.

    Values of fewer than four characters are left alone: hiding them would only tell where they
    are.
    """
    for value in values:
        if value is not None and len(value) >= _SHORTEST_SECRET:
            in_url = (form(value, safe="", errors="replace") for form in (quote, quote_plus))
            _secrets.add((value, *in_url))


def redact(text: str) -> str:
    """Return the text with every secret in it hidden."""
    for secret in _secrets.longest_first:
        text = text.replace(secret, _MASK)
    for pattern in _PATTERNS:
        text = pattern.sub(_MASK, text)
    return _WORD.sub(_without_jws, text) if _JWS_START in text else text


def _without_jws(word: re.Match[str]) -> str:
    start = word[0].find(_JWS_START)
    if start < 0 or word[0].count(".", start) < _JWS_DOTS:
        return word[0]
    return word[0][:start] + _MASK


def one_line(said: object, *, longest: int = _LONGEST_SAID) -> str:
    """Return what somebody else says as a message can hold it.

    Args:
        said: By Salesforce, or by whatever is on the way to it.
        longest: In characters.

    Returns:
        One line without a secret, and without what would steer a terminal.
    """
    # Hidden before it is cut: half a secret looks like none.
    return " ".join(printable(redact(str(said))).split())[:longest]


def printable(text: str) -> str:
    """Return the text as one line without a character that would steer a terminal.

    Names and values are whatever somebody has typed into the org.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else " " if each.isspace() else _UNPRINTABLE for each in text
    )


class RedactingFilter(logging.Filter):
    """Takes secrets out of every log record that passes its handler."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record where it holds a secret; let everything pass."""
        message = record.getMessage()
        safe = redact(message)
        if safe != message:
            record.msg, record.args = safe, None
        for name, value in list(vars(record).items()):
            # Structured formatters write them as they are.
            if name not in _USUAL and isinstance(value, str):
                setattr(record, name, redact(value))
        if record.exc_info and record.exc_info[0] is not None:
            trace = _FORMATTER.formatException(record.exc_info)
            if (safe_trace := redact(trace)) != trace:
                # Some formatters, such as the SDK's structured one, ask the exception itself.
                record.msg, record.args = f"{safe}\n{safe_trace}", None
                record.exc_info = record.exc_text = None
        return True


def redact_logs() -> None:
    """Have each handler of the log hide secrets, also those that a file of the user's has set up.

    Filters of loggers would not do: they see nothing of what comes from the loggers below them.
    """
    for handler in all_handlers():
        if not any(isinstance(known, RedactingFilter) for known in handler.filters):
            handler.addFilter(RedactingFilter())


def all_handlers() -> set[logging.Handler]:
    """Return the handlers of all loggers."""
    known = logging.getLogger().manager.loggerDict.values()
    loggers = [logging.getLogger(), *(each for each in known if isinstance(each, logging.Logger))]
    return {handler for logger in loggers for handler in logger.handlers}
