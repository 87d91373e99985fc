"""Errors are sorted by what to do next."""

from __future__ import annotations

import re

import pytest

from tap_versionforge_salesforce import errors as exceptions
from tap_versionforge_salesforce.errors import (
    IncompleteError,
    JobFailedError,
    JobsUsedUpError,
    QuotaError,
    RedirectedError,
    RefusedError,
    SessionRefusedError,
    SettingsError,
    SignInError,
    SomeStreamsFailedError,
    TapError,
    UnavailableError,
    UnknownObjectError,
    wrong_setting,
)

KINDS = [
    kind
    for kind in vars(exceptions).values()
    if isinstance(kind, type) and issubclass(kind, TapError)
]


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        pytest.param(TapError, 1, id="unexpected"),
        pytest.param(SettingsError, 2, id="settings"),
        pytest.param(SignInError, 3, id="sign-in"),
        pytest.param(QuotaError, 4, id="quota"),
        pytest.param(UnavailableError, 5, id="unavailable"),
        pytest.param(IncompleteError, 6, id="incomplete"),
        pytest.param(RefusedError, 7, id="refused"),
        pytest.param(UnknownObjectError, 7, id="unknown object"),
    ],
)
def test_exit_codes(kind: type[TapError], exit_code: int) -> None:
    """Each kind of error has the exit code of the documentation, a sentence and a hint."""
    error = kind("What happened.", hint="What to do.")
    assert (error.exit_code, error.code) == (exit_code, kind.default_code)
    assert (str(error), error.message, error.hint) == (
        "What happened.",
        "What happened.",
        "What to do.",
    )


def test_kinds_have_codes_of_their_own() -> None:
    """No two kinds share a code, and each is in kebab case; what only sorts kinds has none."""
    codes = [kind.default_code for kind in KINDS if "default_code" in vars(kind)]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_other_words() -> None:
    """An error in other words is what it was, and the old one has its own still."""
    error = JobFailedError("Failed.", hint="Look.", error_code="X", reason="no", status=1)
    other = error.reworded("Failed. And so.")
    assert isinstance(other, JobFailedError)
    assert (str(other), other.message, other.hint) == ("Failed. And so.",) * 2 + ("Look.",)
    assert (other.error_code, other.reason, other.status) == ("X", "no", 1)
    assert other.code == "bulk-job-failed"
    assert error.reworded("Failed.", hint="Wait.").hint == "Wait."
    assert (str(error), error.message, error.hint) == ("Failed.", "Failed.", "Look.")


def test_a_code_can_be_more_precise() -> None:
    """One kind has many reasons."""
    assert SettingsError("x", hint="y", code="missing-setting").code == "missing-setting"


def test_refusals_carry_what_salesforce_said() -> None:
    """Status, errorCode and message of the answer are at hand."""
    error = RefusedError("x", hint="y", status=400, error_code="INVALID_FIELD", reason="No such")
    assert (error.status, error.error_code, error.reason) == (400, "INVALID_FIELD", "No such")


def test_one_setting_is_named() -> None:
    """An error of a setting is a sentence that begins with its name."""
    error = wrong_setting("objects", "is empty", "Name one.")
    assert error.message == "The setting objects is empty."
    assert error.hint == "Name one."
    assert error.exit_code == 2


def failures(**errors: TapError) -> SomeStreamsFailedError:
    return SomeStreamsFailedError(errors)


def test_failed_streams_are_told_together() -> None:
    """Each failed stream is named with its reason and what to do."""
    error = failures(
        Account=RefusedError("Account is refused.", hint="Ask."),
        Contact=IncompleteError("Contact is cut.", hint="Again."),
    )
    assert error.message.startswith("2 of the selected streams failed; the others are complete. ")
    assert "Account: Account is refused. (Ask.)" in error.message
    assert "Contact: Contact is cut. (Again.)" in error.message


@pytest.mark.parametrize(
    ("errors", "others", "exit_code"),
    [
        pytest.param([IncompleteError], 1, 6, id="one"),
        pytest.param([IncompleteError, IncompleteError], 1, 6, id="two of a kind"),
        pytest.param([RefusedError, UnknownObjectError], 1, 7, id="two that agree"),
        pytest.param([IncompleteError, RefusedError], 0, 7, id="two that don't"),
        pytest.param([UnavailableError], 1, 7, id="unavailable, while another was served"),
        pytest.param([UnavailableError, UnavailableError], 0, 5, id="nothing was served"),
        pytest.param([JobsUsedUpError], 1, 4, id="no jobs, while small ones were served"),
        pytest.param([SessionRefusedError], 1, 7, id="one is refused the session"),
        pytest.param([SessionRefusedError], 0, 3, id="all are"),
        pytest.param([RedirectedError], 1, 7, id="one is sent elsewhere"),
        pytest.param([RedirectedError, RedirectedError], 0, 2, id="all are sent elsewhere"),
    ],
)
def test_exit_code_of_several_failures(
    errors: list[type[TapError]], others: int, exit_code: int
) -> None:
    """Failures that agree keep their exit code; others are 7."""
    found = {f"Stream{n}": kind("x", hint="y") for n, kind in enumerate(errors)}
    error = SomeStreamsFailedError(found, others=others)
    assert error.exit_code == exit_code
    assert ("the others are complete" in error.message) is bool(others)


def test_a_message_names_its_stream_once() -> None:
    """Whether it did so by itself or not."""
    named, unnamed = RefusedError("Account is gone.", hint="x"), RefusedError("HTTP 500", hint="x")
    for error in (named, unnamed, unnamed):
        error.name_stream("Account")
    assert (str(named), str(unnamed)) == ("Account is gone.", "Account: HTTP 500")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("CaseComment can't be read.", id="another object"),
        pytest.param("The field Case__c is gone.", id="a field"),
        pytest.param("MyCase is gone.", id="its end"),
    ],
)
def test_a_longer_name_names_no_stream(message: str) -> None:
    """What only holds the letters of a stream's name is about something else."""
    error = RefusedError(message, hint="x")
    error.name_stream("Case")
    assert str(error) == f"Case: {message}"


def test_failures_are_a_copy() -> None:
    """What is told does not change later."""
    found: dict[str, TapError] = {"Account": RefusedError("x", hint="y")}
    error = SomeStreamsFailedError(found)
    found.clear()
    assert list(error.failures) == ["Account"]
