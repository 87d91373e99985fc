"""Whatever is written: a tree's own text is read back, and all else ends in a sentence."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.objects.soql import text_literal
from tap_versionforge_salesforce.salesforce.soql.literals import (
    COUNTED_DATE_LITERALS,
    DATE_LITERALS,
)
from tap_versionforge_salesforce.salesforce.soql.reading import parsed_condition, parsed_select
from tap_versionforge_salesforce.salesforce.soql.tree import (
    Call,
    Comparison,
    Junction,
    Membership,
    Not,
    Path,
    SemiJoin,
    SubSelect,
    Term,
    Value,
)
from tests.local_org.soql.parser import parse

WHAT = "The option --where"
_WHOLE = "SELECT Id FROM Account WHERE {}"
_NAMES = st.from_regex(r"[A-Z][A-Za-z0-9]{0,8}(_[a-z]+){0,2}(__[cr])?", fullmatch=True).filter(
    lambda name: name.lower() not in {"and", "from", "in", "like", "not", "null", "or", "where"}
)
_PATHS = st.builds(Path, st.lists(_NAMES, min_size=1, max_size=4).map(tuple))
_CALLS = st.builds(
    Call,
    st.sampled_from(["CALENDAR_YEAR", "DAY_ONLY", "WEEK_IN_YEAR", "toLabel"]),
    st.tuples(_PATHS),
)
_LEFTS = _PATHS | _CALLS
_TEXTS = st.builds(Value, st.just("string"), st.text(max_size=20).map(text_literal))
_NUMBERS = st.decimals(-(10**18), 10**18, places=3).map(str) | st.integers().map(str)
_DAYS = st.dates(date(1700, 1, 1), date(4000, 12, 31)).map(str)
_VALUES = st.one_of(
    _TEXTS,
    st.builds(Value, st.just("number"), _NUMBERS),
    st.builds(Value, st.just("boolean"), st.sampled_from(["true", "false"])),
    st.just(Value("null", "null")),
    st.builds(Value, st.just("date"), _DAYS),
    st.builds(Value, st.just("date literal"), st.sampled_from(sorted(DATE_LITERALS))),
    st.builds(
        lambda name, number: Value("date literal", f"{name}:{number}"),
        st.sampled_from(sorted(COUNTED_DATE_LITERALS)),
        st.integers(0, 9999),
    ),
    st.builds(Value, st.just("currency"), st.from_regex(r"[A-Z]{3}[0-9]{1,6}", fullmatch=True)),
)
_LEAVES = st.one_of(
    st.builds(Comparison, _LEFTS, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), _VALUES),
    st.builds(Comparison, _LEFTS, st.just("LIKE"), _TEXTS),
    st.builds(
        Membership,
        _LEFTS,
        st.sampled_from(["IN", "NOT IN"]),
        st.lists(_VALUES, min_size=1, max_size=3).map(tuple),
    ),
    st.builds(
        Membership,
        _PATHS,
        st.sampled_from(["INCLUDES", "EXCLUDES"]),
        st.lists(_TEXTS, min_size=1, max_size=3).map(tuple),
    ),
)


def _terms(leaves: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(
                Junction,
                st.sampled_from(["AND", "OR"]),
                st.lists(inner, min_size=2, max_size=3).map(tuple),
            ),
        ),
        max_leaves=8,
    )


_SEMI_JOINS = st.builds(
    SemiJoin,
    _PATHS,
    st.sampled_from(["IN", "NOT IN"]),
    st.builds(SubSelect, _PATHS, _NAMES, st.none() | _terms(_LEAVES)),
)
# Near to SOQL, so that much of it is read, or is until its last word.
_PIECES = st.sampled_from(
    [
        *("Name", "Account.Name", "a", "=", "!=", "<", ">=", "LIKE", "IN", "NOT", "AND", "OR"),
        *("(", ")", ",", "'x'", "'", "\\", '"', "5", "-5e3", "2026-01-31", "TODAY", "null"),
        *("LAST_N_DAYS:3", "SELECT", "FROM", "WHERE", "GROUP", "BY", "ORDER", "LIMIT", "true"),
        *("COUNT", "(Id)", "()", "HAVING", "OFFSET", "FOR", "--", ";", ":x", ".", "*", "é", "\0"),
        *("DISTANCE", "INCLUDES", "USD5", "TYPEOF", "FIELDS(ALL)", " ", "\n"),
    ]
)
_COMPARISONS = st.tuples(
    st.sampled_from(["Name", "Account.Name", "a", "NOT a", "(a", "Count"]),
    st.sampled_from(["=", "!=", "<>", "LIKE", "IN", "NOT IN", "NOT", ""]),
    st.sampled_from(["'x'", "5", "1.5e3", "-2", "TODAY", "('x', 5)", "(SELECT Id FROM B)", "5)"]),
    st.sampled_from(["AND", "OR", "AND NOT", "LIMIT 5", "ORDER BY a", ";", "", ""]),
).map(" ".join)
_ANY_TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(_PIECES, max_size=25).map(" ".join),
    st.lists(_COMPARISONS, min_size=1, max_size=4).map(" ".join),
)


@given(_terms(_LEAVES | _SEMI_JOINS))
@settings(max_examples=40, deadline=None)
def test_what_is_written_out_is_read_back(term: Term) -> None:
    """The same tree, whatever its texts hold, and at the end of a query as well."""
    assert parsed_condition(term.soql, WHAT).term == term
    select = parsed_select(f"{_WHOLE.format(term.soql)} LIMIT 5", WHAT)
    assert select.where is not None
    assert select.where.term == term


@given(_ANY_TEXTS)
@settings(deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """With one kind of error, and what is read can be read again between brackets."""
    with suppress(SettingsError):
        condition = parsed_condition(text, WHAT)
        both = parsed_condition(f"Id != null AND ({condition.text})", WHAT)
        assert condition.paths == both.paths[1:]
    with suppress(SettingsError):
        select = parsed_select(f"SELECT {text}", WHAT)
        assert parsed_select(select.text_with("Id != null"), WHAT).items == select.items


@given(_ANY_TEXTS)
@settings(deadline=None)
def test_what_the_local_org_can_not_read_is_refused(text: str) -> None:
    """Two grammars that know nothing of each other; the local org's lacks some of SOQL."""
    try:
        condition = parsed_condition(text, WHAT)
    except SettingsError:
        return
    calls = {path.function for path in condition.paths} - {None}
    if not calls and "INCLUDES" not in condition.text and "USD5" not in condition.text:
        parse(_WHOLE.format(text))
        parse(_WHOLE.format(f"Id != null AND ({condition.text})"))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 49_000 + "a = 1" + ")" * 49_000,
        "(NOT " * 15_000 + "a = 1" + ")" * 15_000,
        "F(" * 30_000 + "a" + ")" * 30_000 + " = 1",
        "NOT " * 25_000 + "a = 1",
        "a" * 100_000,
        "a." * 50_000,
        "'" * 99_999,
        ("x" * 33_000 + " ") * 3,
        "a = 1 AND " * 10_000,
        "a IN (" + "1," * 49_000 + ")",
    ],
    ids=[
        *("brackets", "NOTs in brackets", "functions", "NOTs", "a name", "a path", "quotes"),
        *("long words", "terms", "values"),
    ],
)
def test_what_is_deep_or_long_ends_in_a_sentence(text: str) -> None:
    """No stack overflows over it, and nothing that grows with its square is done."""
    with pytest.raises(SettingsError):
        parsed_condition(text, WHAT)
    with pytest.raises(SettingsError):
        parsed_select(text, WHAT)


def test_a_long_list_is_read() -> None:
    """As many Ids as a query can hold."""
    ids = ", ".join(f"'{number:018}'" for number in range(4_000))
    assert len(parsed_condition(f"Id IN ({ids})", WHAT).text) > 80_000
