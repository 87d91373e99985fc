"""Conditions that users write: what is read, and in which sentence something is refused."""

from __future__ import annotations

import sys

import pytest

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.soql.conditions import FieldUse
from tap_versionforge_salesforce.salesforce.soql.reading import parsed_condition
from tests.support import processes
from tests.support.soql_texts import CONDITIONS, MORE_CONDITIONS

WHAT = "The option --where"
ALL_CONDITIONS = {**CONDITIONS, **MORE_CONDITIONS}


def refused(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parsed_condition(text, WHAT)
    error = caught.value
    assert error.code == "invalid-soql"
    assert error.message.startswith(f"{WHAT} ")
    assert error.message.count("\n") == error.hint.count("\n") == 0
    return f"{error.message.removeprefix(f'{WHAT} ')} {error.hint}"


@pytest.mark.parametrize("text", ALL_CONDITIONS.values(), ids=ALL_CONDITIONS)
def test_what_salesforce_reads_is_read(text: str) -> None:
    """And comes in one spelling, which says the same."""
    condition = parsed_condition(text, WHAT)
    again = parsed_condition(condition.text, WHAT)
    assert again.term == condition.term
    assert again.text == condition.text
    assert not set(condition.text) & set("\r\n\t")


def test_one_spelling_whatever_blanks_and_case() -> None:
    """Who writes a filter in another way has not changed it."""
    written = "iswon=TRUE and(  closedate=last_n_days:30 or  name in ('a','b') )"
    assert parsed_condition(written, WHAT).text == (
        "iswon = true AND (closedate = LAST_N_DAYS:30 OR name IN ('a', 'b'))"
    )


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("1.5e3", "1500"),
        ("+2.50", "2.50"),
        ("-.5E-2", "-0.005"),
        ("100000000000000000000", "1" + "0" * 20),
    ],
)
def test_numbers_are_sent_without_exponents(written: str, plain: str) -> None:
    """Exactly, for not every reader of SOQL knows them."""
    assert parsed_condition(f"Amount = {written}", WHAT).text == f"Amount = {plain}"


def test_the_fields_that_it_names() -> None:
    """Each with what it is compared by, and where; those of a semi-join are another object's."""
    text = (
        "Account.Name LIKE 'A%' AND (NOT DAY_ONLY(CreatedDate) = TODAY) AND Id IN (SELECT A FROM B)"
    )
    condition = parsed_condition(text, WHAT)
    assert condition.paths == (
        FieldUse(("Account", "Name"), "LIKE"),
        FieldUse(("CreatedDate",), "=", "DAY_ONLY"),
        FieldUse(("Id",), "IN"),
    )
    assert [text[use.position :].split(maxsplit=1)[0] for use in condition.paths] == [
        "Account.Name",
        "CreatedDate)",
        "Id",
    ]
    (select,) = condition.sub_selects
    assert (select.path.names, select.sobject, select.where) == (("A",), "B", None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty."),
        (" \n", "is empty."),
        ("WHERE IsWon = true", "begins with WHERE."),
        ("SELECT Id FROM Account", "holds a whole query."),
        ("IsWon = true ORDER BY Name", 'goes on behind the condition with "ORDER BY Name".'),
        ("IsWon = true LIMIT 5", 'with "LIMIT 5". ORDER BY, GROUP BY, LIMIT'),
        ("IsWon = true OFFSET 5", 'with "OFFSET 5".'),
        ("IsWon = true GROUP BY Name", 'with "GROUP BY Name".'),
        ("IsWon = true FOR UPDATE", 'with "FOR UPDATE".'),
        ("ORDER BY Name", "begins with ORDER."),
        ("IsWon = true;", 'has a semicolon at ";".'),
        ("IsWon = true -- all", 'has a comment at "-- all".'),
        ("IsWon = /* all */ true", 'has a comment at "/* all */ true".'),
        ("Name = 'x", 'has a text without its closing quote at "\'x".'),
        ('Name = "x"', "A text stands in single quotes."),
        ("(IsWon = true", 'has a bracket that is never closed, at "(IsWon = true".'),
        ("IsWon = true) OR (IsWon = false", "closes a bracket that is not open, at "),
        ("a = 1 AND b = 2 OR c = 3", 'AND, OR or NOT beside another of them at "OR c = 3". Add'),
        ("a = 1 OR b = 2 AND c = 3", 'at "AND c = 3". Add brackets'),
        ("a = 1 AND NOT b = 2", 'at "NOT b = 2". Add brackets'),
        ("NOT a = 1 AND b = 2", 'at "AND b = 2". Add brackets'),
        ("a = 1 AND", 'ends too early, behind "a = 1 AND". A name has to follow.'),
        ("a", 'ends too early, behind "a". An operator'),
        ("a =", 'ends too early, behind "a =". A value has to follow.'),
        ("a == 1", 'has == at "== 1".'),
        ("a = b", "compares with b, which is no value. A text stands in single quotes"),
        ("a = TODAYS", "holds TODAYS, which is no date literal. Did you mean TODAY?"),
        ("a = LAST_N_DAYS", "without its number. Write LAST_N_DAYS:7"),
        ("a = LAST_DAYS:3", "Did you mean LAST_N_DAYS?"),
        ("a = 2026-02-30", "holds 2026-02-30, which is no date."),
        ("a = 1500-01-01", "holds 1500-01-01, which is no date."),
        ("a = 2026-02-03T25:00:00Z", "holds 2026-02-03T25:00:00Z, which is no date."),
        ("a = 2026-02-03T24:00:00Z", "which is no date."),
        ("a = 2026-1-023T10:00:00Z", "which is no date."),
        ("a = 10:61:00.000Z", "holds 10:61:00.000Z, which is no date."),
        ("a = 2026-02-03T10:00:00+25:00", "which is no date."),
        ("a = 1e101", "holds 1e101, which is too long a number."),
        ("a = 1e-99999999999999999999", "which is too long a number."),
        ("a = " + "9" * 101, "which is too long a number."),
        ("a = :name", 'has an Apex variable at ":name".'),
        ("a IN ()", 'has no value at ")".'),
        ("a IN 5", 'can\'t be read at "5". An opening bracket'),
        ("a LIKE 5", "compares a LIKE 5, which is no text."),
        (r"a = 'C:\x'", r"has the unknown escape \x in 'C:\x'."),
        (r"a = '10\%'", r"has the unknown escape \% in"),
        ("a = '" + "x" * 4001 + "'", "has a text of more than 4,000 characters."),
        ("a INCLUDES (5)", "has 5 behind INCLUDES, which is no text."),
        ("a LIKE ('x')", "has no value"),
        ("COUNT(Id) > 1", "calls COUNT, which can't stand in a condition."),
        ("CALENDAR_YEARS(a) = 1", "(did you mean CALENDAR_YEAR?)."),
        ("CALENDAR_YEAR(a, b) = 1", "It is written CALENDAR_YEAR(Field)."),
        ("DISTANCE(a, b, 'km') = 5", "It is compared with a number, by < or >."),
        ("DISTANCE(GEOLOCATION(1, 2), b, 'km') < 5", "It is written DISTANCE(Location__c,"),
        ("DISTANCE(a, b, 'yd') < 5", "It is written DISTANCE(Location__c,"),
        ("a INCLUDES (SELECT Id FROM B)", "has a SELECT behind a INCLUDES."),
        ("DAY_ONLY(a) IN (SELECT Id FROM B)", "has a SELECT behind DAY_ONLY(a) IN."),
        ("a IN (SELECT Id FROM B LIMIT 5)", 'goes on behind the condition with "LIMIT 5)".'),
        (
            "a IN (SELECT Id FROM B WHERE c IN (SELECT Id FROM D))",
            "has a SELECT within the SELECT behind a IN.",
        ),
        ("ä = 1", 'can\'t be read at "ä = 1".'),
        ("(" * 101 + "a = 1" + ")" * 101, "more than 100 brackets inside each other."),
        ("a = '" + "x" * 100_000 + "'", "has more than 100,000 characters."),
    ],
)
def test_what_is_none_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    """It names the setting, quotes the place on one line, and says what to write."""
    assert sentence in refused(text)


def test_a_long_text_is_quoted_in_part() -> None:
    """On one line, without what a terminal would act on."""
    told = refused("IsWon = true LIMIT\n\x1b[2J" + "5" * 500)
    assert '"LIMIT [2J55' in told
    assert "…" in told
    assert len(told) < 250


def test_who_writes_no_soql_does_not_wait_for_its_grammar() -> None:
    """What reads it is imported with the first text only."""
    code = (
        "import sys; from tap_versionforge_salesforce.salesforce.soql import answers, reading; "
        "assert 'lark' not in sys.modules; reading.parsed_condition('Id != null', 'The setting'); "
        "assert 'lark' in sys.modules"
    )
    processes.run([sys.executable, "-c", code])
