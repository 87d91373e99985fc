"""What goes into the org comes out of the tap: every type, by both APIs, to the last byte."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tests.integration.salesforce.frames.test_parity import read_by_both, record_lines
from tests.local_org.conditions import faults
from tests.local_org.objects.object_notation import read_object
from tests.support.catalogs import select_fields, set_selected
from tests.support.fidelity import AMOUNTS_AS_TEXTS, CASES, LONGEST, NUL, UNKNOWN_TYPE, Case
from tests.support.harness import OrgClock, TapRunner, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

    from tests.local_org import LocalOrg
    from tests.local_org.objects.sobjects import SObject
    from tests.support.harness import Run

APIS = ("rest", "bulk")
STREAM = "Everything__c"
YESTERDAY = datetime.now(timezone.utc) - timedelta(days=1)
TOLD = re.compile(
    rf"WARNING.*\b{STREAM}\.(\w+): ([\d,]+) values? (?:is|are) (.*)\. "
    r"The first is (.*) of row (\w+)\."
)
SIZES = {
    "string": "string 80",
    "textarea": f"textarea {LONGEST}",
    "currency": "currency 18,2",
    "percent": "percent 5,2",
    "double": "double 18,15",
    "int": "int 9",
    "long": "long 18",
}
PART_TYPES = {"Latitude": "double", "Longitude": "double", "Street": "textarea"}


def everything(*field_lines: str) -> SObject:
    """Return an object with these fields besides those that all objects have."""
    head = f"name: {STREAM}\nlabel: Everything, Everything\nprefix: a99\n\nId | id | Record ID"
    return read_object("\n".join([head, "@deleted", "@audit", *field_lines]))


def field_line(name: str, kind: str, words: str = "") -> str:
    return f"{name} | {SIZES.get(kind, kind)} | {name} | {words}"


def part_lines(names: Mapping[str, str], compound: str) -> list[str]:
    return [
        field_line(name, PART_TYPES.get(part, "string"), f"in {compound}")
        for part, name in names.items()
    ]


# The cases of docs/fidelity.md


@dataclass(frozen=True)
class Column:
    """A case in a column of its own.

    Attributes:
        case: The case.
        name: The field's name.
        cells: What is served of each stored field: its JSON, and its text in CSV.
        lines: The fields as the local org's objects are written.
    """

    case: Case
    name: str
    cells: dict[str, tuple[str, str]]
    lines: list[str]

    @classmethod
    def of(cls, number: int, case: Case) -> Column:
        stem = f"C{number:03}"
        name = f"{stem}Address" if case.type == "address" else f"{stem}__c"
        own = field_line(name, case.type)
        if isinstance(case.rest, str):
            bulk = "" if case.bulk is None else str(case.bulk)
            return cls(case, name, {name: (case.rest, bulk)}, [own])
        assert not isinstance(case.bulk, (str, type(None)))
        spelled = f"{stem}%s" if case.type == "address" else f"{stem}__%s__s"
        names = {part: spelled % part for part in case.rest}
        cells = {names[part]: (case.rest[part], case.bulk[part]) for part in names}
        return cls(case, name, cells, [*part_lines(names, name), own])

    def served_by(self, api: str) -> bool:
        return api == "rest" or self.case.bulk is not None

    def expected(self, api: str) -> str | None:
        by_bulk = self.case.record_by_bulk if api == "bulk" else None
        return by_bulk or self.case.record

    @property
    def odd_field(self) -> str:
        """The field that the log names: of a compound field, its first part."""
        return next(iter(self.cells))

    def odd_text(self, api: str) -> str:
        """Return the value as the log shows it, on one line."""
        rest, bulk = self.cells[self.odd_field]
        text = bulk
        if api == "rest":
            text = json.loads(rest) if rest.startswith('"') else rest
        return text.encode("unicode_escape").decode()


COLUMNS = [Column.of(number, case) for number, case in enumerate(CASES)]
SERVED = [(api, column) for api in APIS for column in COLUMNS if column.served_by(api)]


def name_of(value: object) -> str:
    return f"{value.case.type} {value.case.what}" if isinstance(value, Column) else str(value)


def in_json(body: bytes, row_id: str) -> bytes:
    """Put the cases into one row of a REST page, exactly as they are spelled."""
    page = json.loads(body)
    (row,) = [record for record in page["records"] if record["Id"] == row_id]
    spelled = {name: cell[0] for column in COLUMNS for name, cell in column.cells.items()}
    row |= {name: f"<{name}>" for name in spelled.keys() & row.keys()}
    text = json.dumps(page)
    for name, value in spelled.items():
        text = text.replace(f'"<{name}>"', value)
    return text.encode()


def in_csv(body: bytes, row_id: str) -> bytes:
    """Put the cases into one row of a Bulk page."""
    head, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
    (row,) = [row for row in rows if row[-1] == row_id]
    for column in COLUMNS:
        for name, (_, value) in column.cells.items():
            if name in head:
                row[head.index(name)] = value
    lines = ('","'.join(value.replace('"', '""') for value in row) for row in (head, *rows))
    return "".join(f'"{line}"\n' for line in lines).encode()


@dataclass(frozen=True)
class PartitionRead:
    """A run over the cases, which stand in the second of three rows.

    Attributes:
        run: The run.
        row_id: Id of that row.
        texts: The text of each property in each record, by Id and name.
    """

    run: Run
    row_id: str
    texts: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def readings(
    running_org: LocalOrg, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, PartitionRead]]:
    """Every case, read once by each API."""
    running_org.reset()
    with pytest.MonkeyPatch.context() as patch:
        clock = OrgClock(running_org)
        patch.setattr(TapVersionForgeSalesforce, "clock", clock)
        tap = TapRunner(running_org, clock, tmp_path_factory.mktemp("fidelity"))
        running_org.store.add_object(everything(*(line for c in COLUMNS for line in c.lines)))
        ids = running_org.store.insert(STREAM, [{}] * 3, stamp=YESTERDAY)
        yield {api: read_cases(running_org, tap, api, ids[1]) for api in APIS}


def read_cases(org: LocalOrg, tap: TapRunner, api: str, row_id: str) -> PartitionRead:
    path, put = {"rest": ("GET /queryAll*", in_json), "bulk": ("*/results", in_csv)}[api]
    org.faults.add(path, faults.replace_body(lambda body: put(body, row_id)))
    catalog = tap.discover(objects=[STREAM])
    for column in COLUMNS:
        set_selected(catalog, STREAM, column.name, selected=column.served_by(api))
    run = tap.sync(api_mode=api, catalog=catalog)
    assert run.exit_code == 0, run.log
    return PartitionRead(run, row_id, {i: members(text) for i, text in record_lines(run).items()})


def members(text: str) -> dict[str, str]:
    """Return the text of each member of a JSON object."""
    decode, found, at = json.JSONDecoder().raw_decode, {}, 0
    while text[at] != "}":
        name, start = decode(text, at + 1)
        _, at = decode(text, start + 1)
        found[name] = text[start + 1 : at]
    return found


@pytest.mark.parametrize(("api", "column"), SERVED, ids=name_of)
def test_record_holds_what_the_table_says(
    readings: dict[str, PartitionRead], api: str, column: Column
) -> None:
    """Each value of docs/fidelity.md, served as it says there, is in the record as it says."""
    reading = readings[api]
    assert reading.texts[reading.row_id].get(column.name) == column.expected(api)


@pytest.mark.parametrize("api", APIS)
def test_the_log_tells_what_the_table_says(readings: dict[str, PartitionRead], api: str) -> None:
    """Each value that could not be kept costs one warning, with Id and value; no other does."""
    reading = readings[api]
    expected = {
        (column.odd_field, "1", column.case.told, column.odd_text(api), reading.row_id)
        for column in COLUMNS
        if column.served_by(api) and column.case.told not in {None, NUL}
    }
    told = [match.groups() for match in TOLD.finditer(reading.run.log)]
    assert set(told) == expected
    assert len(told) == len(expected)


@pytest.mark.parametrize("api", APIS)
def test_all_nul_characters_are_counted_in_one_line(
    readings: dict[str, PartitionRead], api: str
) -> None:
    """How many there were and where they stood is told, without a warning."""
    nul = [column for column in COLUMNS if column.case.told == NUL]
    count = sum(value.count("\x00") for c in nul for _, value in c.cells.values())
    (line,) = [line for line in readings[api].run.log.splitlines() if "NUL" in line]
    assert "INFO" in line
    assert f" {count} NUL characters were removed" in line
    assert f"they stood in {', '.join(c.name for c in nul)}." in line


@pytest.mark.parametrize("api", APIS)
def test_one_warning_for_each_field_of_unknown_type(
    readings: dict[str, PartitionRead], api: str
) -> None:
    """A type that the tap does not know is read as text, and told."""
    log = readings[api].run.log
    for column in COLUMNS:
        told = log.count(f"{STREAM}.{column.name} has the type {UNKNOWN_TYPE}, which")
        assert told == (column.case.type == UNKNOWN_TYPE), column.name


@pytest.mark.parametrize("api", APIS)
def test_rows_beside_them_are_untouched(readings: dict[str, PartitionRead], api: str) -> None:
    """What is odd in one row changes nothing in the others."""
    reading = readings[api]
    others = [texts for row_id, texts in reading.texts.items() if row_id != reading.row_id]
    assert len(others) == 2
    for texts in others:
        empty = "false", "null"
        assert {texts[c.name] for c in COLUMNS if c.name in texts} <= set(empty)


@pytest.mark.parametrize("api", APIS)
def test_every_record_is_valid_by_its_schema(readings: dict[str, PartitionRead], api: str) -> None:
    """Types and formats hold, so that no target stops at a value."""
    run = readings[api].run
    (message,) = run.messages_of("SCHEMA")
    validator = Draft7Validator(message["schema"])
    formats = {
        name: schema["format"]
        for name, schema in message["schema"]["properties"].items()
        if "format" in schema
    }
    broken = []
    for record in run.records(STREAM):
        validator.validate(record)
        broken += [
            record[name]
            for name, form in formats.items()
            if record[name] is not None and not has_format(form, record[name])
        ]
    assert broken == []


def has_format(form: str, text: str) -> bool:
    try:
        if form == "date":
            date.fromisoformat(text)
        else:
            datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


# Rows of every type


NASTY = '",\r\n\t\x00\\;|\x1a\x7f\x85\u2028\u2029\ufeff \U0001f600\u0301'
TEXTS = st.text(
    st.sampled_from(NASTY) | st.characters(exclude_categories=["Cs"]), max_size=20
) | st.sampled_from(["null", "NaN", "007", '","', '"\n"', "\ufeff\ufeff", " ", "\\n", "a\r\n"])
DIGITS = st.integers(-(10**18) + 1, 10**18 - 1)
SPELLED: SearchStrategy[str] = st.one_of(
    st.builds(
        lambda digits, places: f"{Decimal(digits).scaleb(-places):f}", DIGITS, st.integers(0, 18)
    ),
    st.builds(
        lambda digits, places: f"{Decimal(digits).scaleb(-places):E}", DIGITS, st.integers(0, 18)
    ),
    st.sampled_from(["0", "-0", "-0.0", "0E-18", "12.50", "9.5E8", "NaN", "Infinity", "-Infinity"]),
)
WHOLE: SearchStrategy[str] = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.integers(-(10**9), 10**9).map(lambda number: f"{number}.0"),
    st.sampled_from(["7.0", "-0", "1.2E3", "7.5", "NaN", str(2**63)]),
)
VALUES: dict[str, SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "int": WHOLE,
    "long": WHOLE,
    "double": SPELLED,
    "currency": SPELLED,
    "percent": SPELLED,
    "date": st.dates(date(1700, 1, 1), date(4000, 12, 31)),
    "datetime": st.datetimes(
        datetime(1700, 1, 1),  # noqa: DTZ001  as hypothesis takes its bounds
        datetime(4000, 12, 31, 23, 59, 59),  # noqa: DTZ001
        timezones=st.just(timezone.utc),
    ).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)),
    "time": st.times().map(lambda at: f"{at:%H:%M:%S}.{at.microsecond // 1000:03}Z"),
    # Numbers are left out: here alone the APIs' own spellings come through.
    "anyType": TEXTS | st.booleans(),
}
ADDRESS = {part: f"Work{part}" for part in ("Street", "City", "Country", "Latitude", "Longitude")}
PLACE = {part: f"Place__{part}__s" for part in ("Latitude", "Longitude")}
TYPES = sorted({case.type for case in CASES} - {"address", "location", "base64", "json"})
FIELDS = {f"{kind.title()}__c": kind for kind in TYPES} | {
    name: PART_TYPES.get(part, "string")
    for names in (ADDRESS, PLACE)
    for part, name in names.items()
}
OBJECT = everything(
    *(field_line(f"{kind.title()}__c", kind) for kind in TYPES),
    *part_lines(ADDRESS, "WorkAddress"),
    field_line("WorkAddress", "address"),
    *part_lines(PLACE, "Place__c"),
    field_line("Place__c", "location"),
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {name: st.none() | VALUES.get(kind, TEXTS) for name, kind in FIELDS.items()}
    ),
    min_size=1,
    max_size=30,
)


def promised(kind: str, value: object) -> object:
    """Return what is to come back for a value of the org's."""
    if isinstance(value, str):
        return promised_of_text(kind, value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"
    if isinstance(value, date):
        return value.isoformat()
    return str(value).lower() if kind == "anyType" and value is not None else value


def promised_of_text(kind: str, text: str) -> object:
    if kind in {"double", "currency", "percent"}:
        return Decimal(text) if Decimal(text).is_finite() else None
    if kind in {"int", "long"}:
        number = Decimal(text)
        is_whole = number.is_finite() and number == int(number) and -(2**63) <= number < 2**63
        return int(number) if is_whole else None
    return text.replace("\x00", "") or None


def promised_row(row: Mapping[str, object]) -> dict[str, object]:
    values = {name: promised(kind, row[name]) for name, kind in FIELDS.items()}
    for compound, names in (("WorkAddress", ADDRESS), ("Place__c", PLACE)):
        parts = {part[0].lower() + part[1:]: values[name] for part, name in names.items()}
        is_empty = all(value is None for value in parts.values())
        values[compound] = None if is_empty else parts
    return values


def exactly(value: object) -> object:
    """Return the value with its type: 7 is no 7.0."""
    if isinstance(value, dict):
        return {name: exactly(member) for name, member in value.items()}
    return type(value), value


few_runs = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)


@few_runs
@given(rows=ROWS, page=st.integers(2, 30))
def test_rows_of_every_type_come_back_as_they_went_in(
    org: LocalOrg, tap: TapRunner, rows: Sequence[Mapping[str, object]], page: int
) -> None:
    """Whatever rows hold and however pages cut them: the same bytes by both APIs, and all right."""
    org.reset()
    org.settings.page_rows = org.settings.bulk_page_rows = page
    org.store.add_object(OBJECT)
    ids = org.store.insert(STREAM, rows, stamp=YESTERDAY)
    catalog = tap.discover(objects=[STREAM])
    set_selected(catalog, STREAM, "WorkAddress", "Place__c", selected=True)
    rest, bulk = read_by_both(tap, catalog=catalog)
    assert record_lines(rest) == record_lines(bulk)
    records = {record["Id"]: record for record in rest.records(STREAM)}
    assert len(records) == len(rows)
    for row_id, row in zip(ids, rows, strict=True):
        expected = promised_row(row)
        found = {name: records[row_id][name] for name in expected}
        assert exactly(found) == exactly(expected)


@few_runs
@given(
    rows=ROWS,
    page=st.integers(2, 12),
    selection=st.lists(st.sampled_from([*FIELDS, "WorkAddress", "Place__c"]), unique=True),
    method=st.sampled_from(["INCREMENTAL", "FULL_TABLE"]),
    api_mode=st.sampled_from(APIS),
)
def test_both_lanes_say_the_same_of_any_rows_and_selection(
    org: LocalOrg,
    tap: TapRunner,
    rows: Sequence[Mapping[str, object]],
    page: int,
    selection: Sequence[str],
    method: str,
    api_mode: str,
) -> None:
    """Ready lines and the SDK's own records: equal messages, in the same order, whole runs."""
    org.reset()
    org.settings.page_rows = org.settings.bulk_page_rows = page
    org.store.add_object(OBJECT)
    org.store.insert(STREAM, rows, stamp=YESTERDAY)
    catalog = select_fields(tap.discover(objects=[STREAM]), STREAM, *selection)
    catalog["streams"][0]["replication_method"] = method
    org.clock.freeze(YESTERDAY + timedelta(days=1))
    fast = tap.sync(catalog=catalog, api_mode=api_mode)
    org.clock.freeze(YESTERDAY + timedelta(days=1))
    slow = tap.sync(catalog=catalog, api_mode=api_mode, stream_maps={STREAM: {}})
    assert fast.exit_code == slow.exit_code == 0, fast.log + slow.log
    assert len(fast.records(STREAM)) == len(rows)
    assert said(fast) == said(slow)


# Sizes


@pytest.mark.parametrize(
    "text",
    ["x" * LONGEST, 'a"\r\n' * (LONGEST // 4), "\U0001f600" * (LONGEST // 2), "\u2028" * LONGEST],
    ids=["plain", "quotes and breaks", "emoji", "separators"],
)
def test_longest_texts(org: LocalOrg, tap: TapRunner, text: str) -> None:
    """131,072 characters of anything are whole, in several rows and in every page."""
    org.settings.page_rows = org.settings.bulk_page_rows = 2
    org.store.add_object(
        everything(field_line("Long__c", "textarea"), field_line("Name", "string"))
    )
    rows = [{"Long__c": text, "Name": str(n)} for n in range(3)]
    org.store.insert(STREAM, rows, stamp=YESTERDAY)
    rest, bulk = read_by_both(tap, objects=[STREAM])
    assert record_lines(rest) == record_lines(bulk)
    assert [record["Long__c"] for record in bulk.records(STREAM)] == [text] * 3


def test_800_columns(org: LocalOrg, tap: TapRunner) -> None:
    """As many fields as an object can have come in one record, each with its own value."""
    kinds = ("string", "currency", "int", "textarea")
    names = {f"F{n:03}__c": kinds[n % 4] for n in range(800)}
    org.store.add_object(everything(*(field_line(name, kind) for name, kind in names.items())))
    rows = [{name: str(n * 1000 + row) for n, name in enumerate(names)} for row in range(3)]
    ids = org.store.insert(STREAM, rows, stamp=YESTERDAY)
    rest, bulk = read_by_both(tap, objects=[STREAM])
    assert record_lines(rest) == record_lines(bulk)
    records = {record["Id"]: record for record in bulk.records(STREAM)}
    for row_id, row in zip(ids, rows, strict=True):
        assert {name: str(records[row_id][name]).removesuffix(".0") for name in names} == row


@pytest.mark.parametrize(("api", "path"), [("rest", "GET /queryAll*"), ("bulk", "*/results")])
def test_byte_order_mark_before_a_page(org: LocalOrg, tap: TapRunner, api: str, path: str) -> None:
    """A mark that belongs to the file is no part of its first value."""
    org.store.add_object(everything(field_line("Name", "string")))
    org.store.insert(STREAM, [{"Name": "\ufeffa"}, {"Name": "b"}], stamp=YESTERDAY)
    org.faults.add(path, faults.replace_body(lambda body: b"\xef\xbb\xbf" + body))
    run = tap.sync(objects=[STREAM], api_mode=api)
    assert run.exit_code == 0, run.log
    assert sorted(record["Name"] for record in run.records(STREAM)) == ["b", "\ufeffa"]


# For targets that make a number a double


def test_amounts_can_be_sent_as_texts(org: LocalOrg, tap: TapRunner) -> None:
    """The stream map that docs/fidelity.md names keeps every digit, and null."""
    amounts = ["1234567890123456.78", None, "1E-2"]
    org.store.insert("Opportunity", [{"Amount": a} for a in amounts], stamp=YESTERDAY)
    run = tap.sync(objects=["Opportunity"], stream_maps=AMOUNTS_AS_TEXTS)
    assert run.exit_code == 0, run.log
    found = [record["Amount"] for record in run.records("Opportunity")]
    assert found == ["1234567890123456.78", None, "0.01"]
    (message,) = run.messages_of("SCHEMA")
    assert message["schema"]["properties"]["Amount"]["type"] == ["string", "null"]


# What could not be kept


@pytest.mark.parametrize("api", APIS)
def test_oddities_are_told_once_per_column(org: LocalOrg, tap: TapRunner, api: str) -> None:
    """Many odd values on many pages cost one warning per column: how many, and the first."""
    org.settings.page_rows = org.settings.bulk_page_rows = 3
    good = {"Double__c": "1.5", "Int__c": "7", "Long__c": "-1"}
    odd: list[dict[str, str]] = [
        {"Double__c": "NaN"},
        {"Double__c": "Infinity", "Int__c": "7.5"},
        {"Double__c": "-Infinity", "Long__c": "9223372036854775808"},
        {"Double__c": "-Infinity", "Int__c": "NaN"},
        {"Double__c": "1E999"},
    ]
    rows = [{}, *odd, {}]
    org.store.add_object(OBJECT)
    ids = org.store.insert(STREAM, [good | row for row in rows], stamp=YESTERDAY)
    run = tap.sync(objects=[STREAM], api_mode=api)
    assert run.exit_code == 0, run.log
    records = {record["Id"]: record for record in run.records(STREAM)}
    for row_id, row in zip(ids, rows, strict=True):
        expected = {n: None if n in row else Decimal(text) for n, text in good.items()}
        assert {name: records[row_id][name] for name in good} == expected
    assert sorted(match.groups() for match in TOLD.finditer(run.log)) == [
        ("Double__c", "5", "no finite number, made null", "NaN", ids[1]),
        ("Int__c", "2", "no whole number, made null", "7.5", ids[2]),
        ("Long__c", "1", "no whole number, made null", "9223372036854775808", ids[3]),
    ]


@pytest.mark.parametrize("api", APIS)
def test_nul_characters_of_all_pages_are_one_line(org: LocalOrg, tap: TapRunner, api: str) -> None:
    """Every NUL of the extraction is counted, on whichever page and in whichever column."""
    org.settings.page_rows = org.settings.bulk_page_rows = 1
    names = {"a\x00b\x00": "ab", "\x00\x00\x00": None, "plain": "plain"}
    rows = [{"String__c": name, "Textarea__c": "\x00d"} for name in names]
    org.store.add_object(OBJECT)
    ids = org.store.insert(STREAM, rows, stamp=YESTERDAY)
    run = tap.sync(objects=[STREAM], api_mode=api)
    assert run.exit_code == 0, run.log
    records = {record["Id"]: record for record in run.records(STREAM)}
    assert [records[row_id]["String__c"] for row_id in ids] == list(names.values())
    assert {record["Textarea__c"] for record in records.values()} == {"d"}
    (line,) = [line for line in run.log.splitlines() if "NUL" in line]
    assert " 8 NUL characters" in line
    assert "String__c" in line
    assert "Textarea__c" in line
