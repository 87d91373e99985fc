"""What must never be shown."""

from __future__ import annotations

import io
import logging
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.salesforce.support.redaction import (
    RedactingFilter,
    one_line,
    redact,
    remember_secrets,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCESS = "00DXX0000000001!ARsAQNvq.kO_7-x2"
ASSERTION = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrZXkifQ.c2lnbmF0dXJl-_"
KEY_BODY = "MIIEvQIBADANBgkqhkiG"
KEY = f"-----BEGIN PRIVATE KEY-----\n{KEY_BODY}\n{KEY_BODY}\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("shown", "secret"),
    [
        pytest.param(f"got {ACCESS} back", ACCESS[16:], id="access token"),
        pytest.param(f'{{"access_token":"{ACCESS}"}}', ACCESS[16:], id="access token in JSON"),
        pytest.param(f"Authorization: Bearer {'x' * 30}", "xxx", id="header"),
        pytest.param(f"to {ACCESS.replace('!', '%21')}", ACCESS[16:], id="access token in URL"),
        pytest.param(f"x%3D{ACCESS.replace('!', '%21')}", ACCESS[16:], id="behind a letter"),
        pytest.param(f"Authorization=Bearer+{'x' * 30}", "xxx", id="header in form"),
        pytest.param(f"Authorization%3A%20Bearer%20{'x' * 30}", "xxx", id="header in URL"),
        pytest.param(f"sent {ASSERTION}", "c2lnbmF0dXJl", id="assertion"),
        pytest.param(f"assertion%3D{ASSERTION}%26x", "c2lnbmF0dXJl", id="assertion in URL"),
        pytest.param(f"assertion%3D{'q' * 30}&x=1", "qqq", id="form in URL"),
        pytest.param(f"grant=a&assertion={'q' * 30}&x=1", "qqq", id="form"),
        pytest.param(f"id=a&client_secret={'q' * 30}&x=1", "qqq", id="client secret"),
        pytest.param(f"a%3Db%26client_secret%3D{'q' * 30}", "qqq", id="client secret in URL"),
        pytest.param(f"refresh_token={'q' * 30}", "qqq", id="refresh token"),
        pytest.param(f'{{"refresh_token":"5Aep861{"q" * 30}"}}', "qqq", id="refresh token in JSON"),
        pytest.param(f"key {KEY} end", KEY_BODY, id="key"),
        pytest.param(KEY.replace("PRIVATE", "RSA PRIVATE"), KEY_BODY, id="PKCS#1 key"),
        pytest.param(repr(KEY), KEY_BODY, id="key as repr"),
        pytest.param("via http://me:pa%40ss@proxy:3128", "pa%40ss", id="proxy"),
        pytest.param(KEY[:60], KEY_BODY[:10], id="key without its end"),
    ],
)
def test_known_shapes_are_hidden(shown: str, secret: str) -> None:
    """Tokens, assertions and keys are hidden by what they look like, remembered or not."""
    assert secret not in redact(shown)
    assert "[hidden]" in redact(shown)


def test_remembered_values_are_hidden_everywhere() -> None:
    """What was told to be secret is hidden in whatever text it stands."""
    remember_secrets("geheim", None)
    assert redact("geheim and ungeheimnisvoll") == "[hidden] and un[hidden]nisvoll"


@pytest.mark.parametrize(
    "secrets", list(permutations(("abcdef", "abcdefghijk", "defghi"))), ids=str
)
def test_secrets_within_secrets_leave_no_rest(secrets: tuple[str, ...]) -> None:
    """A secret that begins like another one is hidden whole."""
    remember_secrets(*secrets)
    assert redact("x abcdefghijk y") == "x [hidden] y"


def test_many_secrets_within_secrets_leave_no_rest() -> None:
    """So many that they are in the right order by no chance."""
    longest = "".join(map(chr, range(ord("a"), ord("z"))))
    remember_secrets(*(longest[:size] for size in range(4, len(longest) + 1)))
    assert redact(f"x {longest} y") == "x [hidden] y"


def test_remembered_values_are_hidden_in_an_address() -> None:
    """A redirect may carry what was sent, as URLs spell it."""
    remember_secrets("open, sesame/ü")
    assert redact("?x=open%2C%20sesame%2F%C3%BC&y=open%2C+sesame%2F%C3%BC") == (
        "?x=[hidden]&y=[hidden]"
    )


def test_half_a_character_is_no_reason_to_forget_a_secret() -> None:
    """A config read with the wrong encoding can hold one."""
    remember_secrets("half\ud800character")
    assert redact("half\ud800character, half%3Fcharacter") == "[hidden], [hidden]"


@pytest.mark.parametrize("text", ["eyJhbGciOiJ9.eyJ9", "a.b.c.d", "see eyJ.x for it", "x.eyJhIn0"])
def test_what_only_begins_as_an_assertion_stays(text: str) -> None:
    """One has two dots behind its start."""
    assert redact(f"It said {text} twice") == f"It said {text} twice"


@pytest.mark.parametrize("text", ["eyJ-" * 500_000, "eyJa." * 400_000, "00D" * 700_000])
def test_long_texts_are_gone_through_once(text: str) -> None:
    """A page of two megabytes in place of an answer is no reason to stand still."""
    assert len(redact(text)) <= len(text)


def test_very_short_values_are_left_alone() -> None:
    """Hiding an `a` everywhere would only tell where it is; four characters are a secret."""
    remember_secrets("a", "abc", "", "wxyz")
    assert redact("a banana, abc, wxyz") == "a banana, abc, [hidden]"


def test_what_somebody_says_is_cut_to_a_line() -> None:
    """Of five hundred characters, its blanks made one, and hidden before it is cut."""
    remember_secrets("geheimnis")
    assert one_line("a  \n b\t" + "x" * 600) == "a b " + "x" * 496
    assert one_line("x" * 495 + "geheimnis") == "x" * 495 + "[hidd"
    assert one_line("abcdef", longest=3) == "abc"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Read 10 rows of Account in 2 s.", id="log line"),
        pytest.param("https://example.my.salesforce.com/services/data/v68.0/query", id="URL"),
        pytest.param("00DXX0000000001", id="org id alone"),
        pytest.param("Grüße 🙂\n\x00", id="any characters"),
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    """Nothing else is changed."""
    assert redact(text) == text


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(written: io.StringIO) -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.unit.redaction")
    handler = logging.StreamHandler(written)
    handler.addFilter(RedactingFilter())
    logger.addHandler(handler)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)


def test_log_arguments_are_hidden(logger: logging.Logger, written: io.StringIO) -> None:
    """A secret that comes in as an argument of the record is hidden."""
    logger.warning("token %s for %d rows", ACCESS, 3)
    assert written.getvalue() == "token [hidden] for 3 rows\n"


@pytest.mark.parametrize("secret", ["AAAA-secret", "zzzz-secret"])
def test_any_secret_in_a_record_is_hidden(
    logger: logging.Logger, written: io.StringIO, secret: str
) -> None:
    """Wherever in the alphabet it stands."""
    remember_secrets(secret)
    logger.warning("%s", secret)
    assert written.getvalue() == "[hidden]\n"


def test_log_tracebacks_are_hidden(logger: logging.Logger, written: io.StringIO) -> None:
    """A secret in an exception's text is hidden, and the traceback stays."""
    try:
        raise ValueError(ACCESS)  # noqa: TRY301  as anything might
    except ValueError:
        logger.exception("failed")
    assert ACCESS[16:] not in written.getvalue()
    assert "Traceback" in written.getvalue()


def test_harmless_records_pass(logger: logging.Logger, written: io.StringIO) -> None:
    """The filter lets everything through."""
    logger.warning("%s rows", 7)
    assert written.getvalue() == "7 rows\n"
