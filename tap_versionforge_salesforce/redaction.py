"""What must never be shown, taken out of what is shown."""

from __future__ import annotations

import logging
import re

from typing_extensions import override

_FORMATTER = logging.Formatter()
_MASK = "[hidden]"
_PATTERNS = (
    # A compact JWS: the assertion, and access tokens where the org issues them as JWT.
    re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*"),
    # An access token: the 15-character org id, an exclamation mark, and what must stay secret.
    re.compile(r"\b00D\w{12}!\S+"),
    re.compile(
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL
    ),
    re.compile(r"(?<=assertion=)[^&\s]+"),
    # User and password in the URL of a proxy.
    re.compile(r"(?<=://)[^\s/@]*:[^\s/@]*(?=@)"),
    # "JWT Bearer Flow" may be told.
    re.compile(r"(?<=Bearer )\S{8,}"),
)
_SHORTEST_SECRET = 4
_secrets: set[str] = set()


def remember_secrets(*values: str | None) -> None:
    """Have these values hidden wherever they would be shown from now on.

    Values of fewer than four characters are left alone: hiding them would only tell where they
    are.
    """
    for value in values:
        if value is not None and len(value) >= _SHORTEST_SECRET:
            _secrets.add(value)


def redact(text: str) -> str:
    """Return the text with every secret in it hidden."""
    # The longest first: a shorter one may be a part of it.
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, _MASK)
    for pattern in _PATTERNS:
        text = pattern.sub(_MASK, text)
    return text


class RedactingFilter(logging.Filter):
    """Takes secrets out of every log record that passes its handler."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record where it holds a secret; let everything pass."""
        message = record.getMessage()
        safe = redact(message)
        if safe != message:
            record.msg, record.args = safe, None
        if record.exc_info and record.exc_info[0] is not None:
            trace = _FORMATTER.formatException(record.exc_info)
            if (safe_trace := redact(trace)) != trace:
                # Some formatters, such as the SDK's structured one, ask the exception itself.
                record.msg, record.args = f"{safe}\n{safe_trace}", None
                record.exc_info = record.exc_text = None
        return True
