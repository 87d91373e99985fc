"""Whether a run showed what it has to keep to itself."""

from __future__ import annotations

import base64
import gzip
import json
import re
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, quote_plus

from tests.support import keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.local_org import LocalOrg

_TOKEN_PATH = "/services/oauth2/token"  # noqa: S105  a path
# Of a secret that is cut to fit into a message, some part shall still be known.
_PART = 32
# Shorter texts are no key, token or assertion, but for Ids of rows, of which there are many.
_SHORTEST = 20
# All that a form of a secret can consist of, but for the passphrase, which has blanks.
_SUSPICIOUS = re.compile(rf"[\w+/=%.!~-]{{{_SHORTEST},}}", re.ASCII)

#: What the errors of this process said, whether or not somebody logged them; filled by a fixture.
raised: list[str] = []


@cache
def forms(secret: str) -> tuple[str, ...]:
    """Return how a secret looks as it is, in a URL, and inside of what is in base64."""
    data = secret.encode()
    found = {secret, quote(secret, safe=""), quote_plus(secret, safe="")}
    for skipped in range(3):  # base64 takes three bytes at a time, from wherever it begins
        whole = data[skipped : skipped + (len(data) - skipped) // 3 * 3]
        found |= {base64.b64encode(whole).decode(), base64.urlsafe_b64encode(whole).decode()}
    return tuple(sorted(found))


def _parts(secret: str) -> Iterator[str]:
    for start in range(0, max(1, len(secret) - _PART + 1), _PART):
        yield secret[start : start + _PART]


@cache
def _key_lines(text: str) -> tuple[str, ...]:
    lines = text.replace("\\n", "\n").splitlines()
    bodies = [line.strip() for line in lines if "KEY-----" not in line]
    return tuple(part for body in bodies if len(body) > _SHORTEST for part in _parts(body))


def of_settings(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what of a config is secret, each with its kind."""
    texts = [str(settings.get("private_key") or "")]
    # Some give the key itself for the path.
    path = str(settings.get("private_key_path") or "")
    texts.append(path if "\n" in path else _text(Path(path)))
    for part in (part for text in texts for part in _key_lines(text)):
        yield "private key", part
    passphrase = settings.get("private_key_passphrase")
    if isinstance(passphrase, str) and len(passphrase) >= _SHORTEST:
        yield "passphrase", passphrase
    for kind, name in (("client secret", "client_secret"), ("refresh token", "refresh_token")):
        for part in _parts(str(settings.get(name) or "")):
            yield kind, part


def config_in(arguments: Iterable[object]) -> dict[str, Any]:
    """Return the settings in the files that a command line names."""
    given, found = list(map(str, arguments)), dict[str, Any]()
    for option, path in pairwise(given):
        if option == "--config":
            with suppress(OSError, ValueError, TypeError, RecursionError):
                found |= json.loads(Path(path).read_text(encoding="utf-8"))
    return found


def of_org(org: LocalOrg) -> Iterator[tuple[str, str]]:
    """Yield what is secret of an org and of all that was sent to it since it was reset."""
    yield "consumer key", org.client_id[:_PART]
    yield from _of_app(org)
    yield "passphrase", keys.PASSPHRASE
    for part in _key_lines(org.private_key_pem):
        yield "private key", part
    for token in {*org.tokens.issued, *_sent_tokens(org)}:
        # What stands before the exclamation mark is the id of the org.
        for part in _parts(token.rpartition("!")[2]):
            yield "access token", part
    for assertion in sent_assertions(org):
        for part in _parts(assertion.rpartition(".")[2]):
            yield "assertion", part


def _of_app(org: LocalOrg) -> Iterator[tuple[str, str]]:
    for part in _parts(org.identity.client_secret):
        yield "client secret", part
    for token in org.oauth.by_secret.given:
        # All of them begin alike.
        for part in _parts(token.removeprefix("5Aep861")):
            yield "refresh token", part


def _sent_tokens(org: LocalOrg) -> Iterator[str]:
    for entry in list(org.journal.entries):
        yield entry.call.headers.get("Authorization", "").rpartition(" ")[2]


def sent_assertions(org: LocalOrg) -> Iterator[str]:
    """Yield every assertion that was sent to an org since it was reset."""
    for entry in list(org.journal.entries):
        if entry.call.target.startswith(_TOKEN_PATH):
            yield from parse_qs(entry.body).get("assertion", [])


def shown(secrets: Iterable[tuple[str, str]], text: str) -> set[str]:
    """Return which kinds of secrets a text shows, in whatever form."""
    # The one search that goes through all of the text: most of it is rows.
    suspicious = "\n".join(_SUSPICIOUS.findall(text))
    return {
        kind
        for kind, secret in set(secrets)
        if len(secret) >= _SHORTEST
        and any(form in (text if kind == "passphrase" else suspicious) for form in forms(secret))
    }


class Watch:
    """What a run had to keep to itself, and what it wrote.

    Args:
        org: The one that it asks.
        settings: Its config; empty where it has none.
        folder: Where its files are.
    """

    def __init__(self, org: LocalOrg, settings: Mapping[str, Any], folder: Path) -> None:
        self._org = org
        self._settings = settings
        self._folder = folder
        self._before = self._files()
        raised.clear()

    def assert_nothing_shown(self, **texts: str) -> None:
        """Fail where the texts, the errors or the files written since show a secret.

        The secret itself is not shown, and neither is the text around it.
        """
        secrets = [*of_org(self._org), *of_settings(self._settings)]
        written = {
            path.name: _text(path)
            for path, seen in self._files().items()
            if self._before.get(path) != seen
        }
        places = {**texts, "an error": "\n".join(raised), **written}
        leaks = {place: shown(secrets, text) for place, text in places.items()}
        # Where the tap has to keep it.
        leaks.get(Path(self._settings.get("refresh_token_path") or "").name, set()).discard(
            "refresh token"
        )
        found = [
            f"{place} shows the {kind}" for place, kinds in leaks.items() for kind in sorted(kinds)
        ]
        assert not found, "; ".join(found)

    def _files(self) -> dict[Path, tuple[int, int]]:
        found = {}
        for path in self._folder.rglob("*"):
            with suppress(OSError):
                if path.is_file():
                    stat = path.stat()
                    found[path] = (stat.st_mtime_ns, stat.st_size)
        return found


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except (OSError, ValueError):  # it is gone, may not be read, or is no path
        return ""
    if path.suffix == ".gz":
        with suppress(OSError, EOFError):
            data = gzip.decompress(data)
    return data.decode("latin-1")
