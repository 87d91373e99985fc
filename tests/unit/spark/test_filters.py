"""Which filters of Spark's Salesforce is asked for, and that none of them loses a row."""

from __future__ import annotations

import datetime as dt
import operator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.engine.selection import Selection, Wanted, selection_of
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.describe import SObject, sobject_from_describe
from tap_versionforge_salesforce.salesforce.objects.soql import Query
from tests.local_org.conditions.clock import Clock
from tests.local_org.store.store import Store
from tests.support.spark import NO_PYSPARK
from tests.support.values import few_examples

spark = pytest.importorskip("pyspark.sql.datasource", reason=NO_PYSPARK)
pushed = pytest.importorskip("tap_versionforge_salesforce.spark.filters").pushed

UTC = dt.timezone.utc
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=UTC)
# Served without what is finer than a second.
CREATED = [NOON + dt.timedelta(seconds=seconds) for seconds in (-1, 0, 1)]
DAYS = [None, dt.date(2026, 2, 28), dt.date(2026, 3, 1), dt.date(2026, 3, 2)]
NUMBERS = [None, Decimal("-1.5"), Decimal(0), Decimal("0.1"), Decimal("1234567.89")]
WHOLE = [None, -1, 0, 7, 2_000_000]
TEXTS = [
    *(
        "a",
        "A",
        "ab",
        "a%",
        "a%b",
        "a_b",
        "axb",
        "it's",
        'say "so"',
        "back\\slash",
        "Ä",
        "ä",
        "ab c",
    ),
    *("ab c", " a", "%", "_", "100%", "null", "é", "e\u0301", "ﬁ", "🙂"),
]
COLUMNS: dict[str, list[Any]] = {
    "Name": TEXTS,
    "Phone": [*TEXTS[:8], None],
    "IsPartner": [True, False],
    "NumberOfEmployees": WHOLE,
    "AnnualRevenue": NUMBERS,
    "LastActivityDate": DAYS,
    "CreatedDate": CREATED,
}
ORDERED = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqual": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqual": operator.le,
}
ROWS = 40
ID = Column("Id", Kind.TEXT, is_filterable=True)
Accounts = tuple[dict[str, dict[str, Any]], Selection]


@pytest.fixture(scope="module")
def store() -> Store:
    made = Store(Clock())
    rows = [
        {name: values[number * step % len(values)] for step, (name, values) in columns}
        for number in range(ROWS)
        for columns in [list(enumerate(COLUMNS.items(), start=1))]
    ]
    for row in rows:
        made.insert("Account", [row])
    return made


@pytest.fixture(scope="module")
def account(store: Store) -> SObject:
    return sobject_from_describe(store.sobjects["Account"].describe("68.0"))


@pytest.fixture(scope="module")
def accounts(store: Store, account: SObject) -> Accounts:
    return {str(row["Id"]): row for row in store.rows("Account")}, selection(account)


def nothing_else(_: str) -> None:
    """Return no other object, to which no condition leads here."""


def selection(sobject: SObject, *text_fields: str) -> Selection:
    plain = selection_of(sobject, Wanted(), nothing_else)
    texts = selection_of(sobject, Wanted(text_fields=text_fields), nothing_else)
    return Selection(plain.query, texts.columns)


def holds(each: Any, row: dict[str, Any]) -> bool | None:  # noqa: ANN401  pyspark may not be there
    """Whether Spark keeps a row; None is SQL's null, of which it keeps none."""
    if isinstance(each, spark.Not):
        inner = holds(each.child, row)
        return None if inner is None else not inner
    value = row[each.attribute[0]]
    if isinstance(each, (spark.IsNull, spark.IsNotNull)):
        return (value is None) == isinstance(each, spark.IsNull)
    if isinstance(each, spark.EqualNullSafe):
        return bool(value == each.value)
    return None if value is None else compared(each, value)


def compared(each: Any, value: Any) -> bool | None:  # noqa: ANN401  as above
    if isinstance(each, spark.In):
        return value in each.value or (None if None in each.value else False)
    if isinstance(each, spark.StringStartsWith):
        return None if each.value is None else str(value).startswith(each.value)
    if each.value is None:
        return None
    return bool(ORDERED.get(type(each).__name__, operator.eq)(value, each.value))


def values_of(name: str) -> st.SearchStrategy[Any]:
    known = st.sampled_from([value for value in COLUMNS[name] if value is not None])
    others: dict[str, st.SearchStrategy[Any]] = {
        "NumberOfEmployees": st.integers(-(2**40), 2**40),
        "AnnualRevenue": st.decimals(-(10**12), 10**12, places=4),
        "LastActivityDate": st.dates(),
        "CreatedDate": st.datetimes(
            dt.datetime(2026, 3, 1, 11, 59, 58),  # noqa: DTZ001  hypothesis adds the zone
            dt.datetime(2026, 3, 1, 12, 0, 2),  # noqa: DTZ001  as above
            timezones=st.just(UTC),
        ),
        "IsPartner": st.booleans(),
    }
    return known | others.get(name, st.text(max_size=6))


def kinds_of(name: str) -> list[str]:
    of_texts = ["StringStartsWith"] if name in ("Name", "Phone") else []
    return ["EqualTo", "EqualNullSafe", *of_texts, *([] if name == "IsPartner" else ORDERED)]


@st.composite
def filters(draw: st.DrawFn) -> Any:  # noqa: ANN401  as above
    name = draw(st.sampled_from(sorted(COLUMNS)))
    path, value = (name,), values_of(name)
    kind = getattr(spark, draw(st.sampled_from([*kinds_of(name), "In", "IsNull", "IsNotNull"])))
    if kind in (spark.IsNull, spark.IsNotNull):
        made = kind(path)
    elif kind is spark.In:
        made = kind(path, tuple(draw(st.lists(value | st.none(), max_size=3))))
    else:
        made = kind(path, draw(value))
    return spark.Not(made) if draw(st.booleans()) else made


def found(store: Store, conditions: list[str]) -> set[str]:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    result = store.run(f"SELECT Id FROM Account{where}", all_rows=True)  # noqa: S608  what is tested
    return {str(row[0]) for row in store.fetch(result, 0, ROWS)}


def assert_same_rows(store: Store, accounts: Accounts, wanted: list[Any]) -> None:
    rows, read = accounts
    conditions, left = pushed(wanted, read)
    kept = {row_id for row_id, row in rows.items() if all(holds(each, row) for each in wanted)}
    served = found(store, conditions)
    assert kept <= served, conditions
    by_spark = {row_id for row_id in served if all(holds(each, rows[row_id]) for each in left)}
    assert by_spark == kept, conditions


@pytest.mark.parametrize("name", COLUMNS)
def test_no_row_is_lost_by_a_filter(store: Store, accounts: Accounts, name: str) -> None:
    """What Salesforce leaves out, Spark would have; where Spark looks no more, also the reverse."""
    for value in COLUMNS[name]:
        made = [getattr(spark, kind)((name,), value) for kind in kinds_of(name)]
        made += [spark.In((name,), (value, other, None)) for other in COLUMNS[name][-3:]]
        for each in made:
            assert_same_rows(store, accounts, [each])
            assert_same_rows(store, accounts, [spark.Not(each)])


def test_texts_of_formulas() -> None:
    """Are left to Spark: a link is served as HTML, and compared as something else."""
    columns = (Column("Link__c", Kind.TEXT, is_calculated=True, is_filterable=True), ID)
    path = ("Link__c",)
    asked = [spark.EqualTo(path, "x"), spark.StringStartsWith(path, "x"), spark.IsNotNull(path)]
    assert pushed(asked, Selection(Query("Thing__c", columns), columns)) == ([], asked)


def test_null_and_not_null(store: Store, accounts: Accounts) -> None:
    """No row is both, and neither is left out for being the weaker of the two."""
    path = ("NumberOfEmployees",)
    assert_same_rows(store, accounts, [spark.IsNotNull(path), spark.IsNull(path)])


@given(wanted=st.lists(filters(), min_size=2, max_size=3))
@few_examples
def test_no_row_is_lost_by_several(store: Store, accounts: Accounts, wanted: list[Any]) -> None:
    """All of them hold of a row, whoever looks at which."""
    assert_same_rows(store, accounts, wanted)


@pytest.mark.parametrize(
    ("wanted", "condition", "is_left"),
    [
        (("EqualTo", "Name", "O'Neil"), r"Name = 'O\'Neil'", True),
        (("StringStartsWith", "Name", "50%_"), r"Name LIKE '50\%\_%'", True),
        (("In", "Phone", ("1", None, "2")), "(Phone = '1' OR Phone = '2')", True),
        (("EqualTo", "NumberOfEmployees", 7), "NumberOfEmployees = 7", False),
        (("LessThan", "LastActivityDate", DAYS[1]), "LastActivityDate < 2026-02-28", False),
        (("GreaterThan", "AnnualRevenue", NUMBERS[3]), "AnnualRevenue > 0.1", True),
        (("GreaterThan", "CreatedDate", NOON), "CreatedDate >= 2026-03-01T12:00:00.000Z", True),
        (
            ("LessThan", "CreatedDate", NOON.replace(microsecond=1)),
            "CreatedDate < 2026-03-01T12:00:01.000Z",
            True,
        ),
        (("EqualTo", "IsPartner", True), "IsPartner = true", False),
        (("EqualNullSafe", "Phone", None), "Phone = null", True),
    ],
    ids=str,
)
def test_what_is_asked_for(
    account: SObject, wanted: tuple[str, str, Any], condition: str, *, is_left: bool
) -> None:
    """In SOQL's own words, and left to Spark as well where these mean more."""
    kind, name, value = wanted
    each = getattr(spark, kind)((name,), value)
    assert pushed([each], selection(account)) == ([condition], [each] if is_left else [])


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("GreaterThan", "Name", "a"),
        ("EqualTo", "Name", ""),
        ("EqualTo", "Name", " a"),
        ("EqualTo", "Name", "a\nb"),
        ("EqualTo", "Name", "x" * 256),
        ("EqualTo", "Name", "\N{REPLACEMENT CHARACTER}"),
        ("StringStartsWith", "Name", "a\\"),
        ("StringContains", "Name", "a"),
        ("EqualTo", "NumberOfEmployees", 2**31),
        ("EqualTo", "AnnualRevenue", Decimal("0.1234567890123456")),
        ("EqualTo", "LastActivityDate", dt.date(1, 1, 1)),
        ("EqualTo", "Description", "a"),
        ("EqualTo", "BillingAddress", "a"),
    ],
)
def test_what_is_left_to_spark_alone(account: SObject, kind: str, name: str, value: object) -> None:
    """Where SOQL has another order, another text, or no such condition at all."""
    each = getattr(spark, kind)((name,), value)
    assert pushed([each], selection(account)) == ([], [each])


def test_a_number_kept_as_text_is_compared_as_text(account: SObject) -> None:
    """By Spark, for 10.0 is no 1e1 there."""
    each = spark.EqualTo(("AnnualRevenue",), "10.0")
    assert pushed([each], selection(account, "AnnualRevenue")) == ([], [each])


def test_a_comparison_says_that_there_is_a_value(account: SObject) -> None:
    """Which Spark asks for beside it; alone it is asked for."""
    there, equal = spark.IsNotNull(("Phone",)), spark.EqualTo(("Phone",), "1")
    assert pushed([there, equal], selection(account))[0] == ["Phone = '1'"]
    assert pushed([there], selection(account))[0] == ["Phone != null"]


@pytest.mark.parametrize("name", ["Sensor_Reading__b", "Shipment__x", "ContentDocumentLink"])
def test_what_has_rules_of_its_own_is_left_alone(store: Store, name: str) -> None:
    """Rows without Ids, rows that lie elsewhere, and those of a parent."""
    sobject = sobject_from_describe(store.sobjects[name].describe("68.0"))
    every = [spark.IsNotNull((column.name,)) for column in sobject.columns]
    assert pushed(every, selection(sobject)) == ([], every)
