"""What Salesforce would serve: describes, and rows as CSV of Bulk API 2.0 and as JSON of REST.

All rows of a page differ: Parquet would make little of repetitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from typing import TYPE_CHECKING

import polars as pl

from tests.bench.spellings import REGULAR, SPELLINGS, Shares

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VERSION = "68.0"
REST_PAGE_ROWS = 2_000
BULK_PAGE_ROWS = 50_000
# Of CSV, unpacked: 50,000 rows of 40 columns.
_VALUES_OF_A_BULK_PAGE = 2_000_000
# One in so many is empty.
_EMPTY = 20
# Shares are of so many.
_WHOLE = 1_000
_SOBJECTS = f"/services/data/v{VERSION}/sobjects"
_FIRST_SECOND, _SECONDS = 1_672_531_200, 90_000_000

# Of 25 columns 16 are text, 2 amounts and 1 whole numbers; the first few have of everything.
_KINDS = (
    *("string", "string", "currency", "picklist", "boolean", "string", "date", "string"),
    *("reference", "datetime", "string", "string", "int", "phone", "string", "string"),
    *("boolean", "picklist", "string", "date", "string", "percent", "string", "datetime"),
    "string",
)
_WORDS = (
    *("Aker", "Basel", "Cedar", "Delta", "Ember", "Fjord", "Grove"),
    *("Harbor", "Indigo", "Juniper", "Karst", "Lumen", "Meadow", "Nordic"),
    *("Ochre", "Prairie", "Quarry", "Ridge", "Sable", "Tundra", "Umber"),
    *("Valley", "Willow", "Yarrow", "Zephyr", "Atlas", "Bright", "Copper"),
    *("Drift", "Eastern", "Field", "Garnet", "Hollow", "Island", "Jasper"),
    *("Keystone", "Linden", "Marble", "Northern", "Orchard", "Pine", "Quartz"),
    *("Zürich", "O'Hara", '"Best"'),
)
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
_TO_BE_ESCAPED = (
    'says "no"',
    "one line\nanother",
    "C:\\deals\r\n",
    "Größe 10 €",
    "東京 \U0001f600",
)
_CHOICES = ("Closed Won after review", "Open for negotiation", "Proposal/Price Quote", "New lead")


@dataclass(frozen=True)
class Field:
    """One field of the object.

    Attributes:
        name: API name.
        kind: ``type`` in the describe.
        nillable: It may be empty.
    """

    name: str
    kind: str
    nillable: bool


@cache
def fields(columns: int, owner: str = "") -> tuple[Field, ...]:
    """Return so many fields, in the order of the describe; the owner is in the names."""
    fixed = (Field("Id", "id", nillable=False), Field("SystemModstamp", "datetime", nillable=False))
    others = islice(cycle(_KINDS), columns - len(fixed))
    return (
        *fixed,
        *(
            Field(f"{kind.title()}_{n:03d}{owner}__c", kind, nillable=True)
            for n, kind in enumerate(others)
        ),
    )


def select_columns(columns: int, owner: str = "") -> tuple[Field, ...]:
    """Return the fields in the order that the tap asks for them: ``Id`` last."""
    first, *others = fields(columns, owner)
    return (*others, first)


def describe(name: str, columns: int, owner: str = "") -> dict[str, object]:
    """Return the describe of an object, with the keys that say something."""
    return {
        "name": name,
        "label": name.removesuffix("__c"),
        "queryable": True,
        "fields": [
            {
                "name": field.name,
                "label": field.name.removesuffix("__c").replace("_", " "),
                "type": field.kind,
                "nillable": field.nillable,
                "filterable": True,
                "sortable": True,
                "compoundFieldName": None,
            }
            for field in fields(columns, owner)
        ],
    }


def bulk_page_rows(columns: int) -> int:
    """Return how many rows a Bulk page has: all pages are about as large, but for narrow rows."""
    return min(BULK_PAGE_ROWS, _VALUES_OF_A_BULK_PAGE // columns)


def rows(columns: int, count: int, spelled: str = REGULAR) -> pl.DataFrame:
    """Return rows with their values as texts, null where they are empty; the same each time.

    Args:
        columns: How many fields they have.
        count: Of them.
        spelled: One of `SPELLINGS`.
    """
    shares = SPELLINGS[spelled]
    index = pl.DataFrame({"index": pl.int_range(count, dtype=pl.UInt64, eager=True)})
    return index.select(
        _values(field, seed, shares).alias(field.name)
        for seed, field in enumerate(select_columns(columns))
    )


def csv_page(table: pl.DataFrame) -> bytes:
    """Return a page of Bulk API 2.0: every value quoted, nothing for null."""
    return table.write_csv(quote_style="always").encode()


def records(table: pl.DataFrame) -> bytes:
    """Return the records of a page of REST, as JSON."""
    members = [
        pl.concat_str(pl.lit(f',"{name}":'), _in_json(name).fill_null("null"))
        for name in table.columns
    ]
    url = pl.concat_str(pl.lit(f'"url":"/services/data/v{VERSION}/sobjects/Thing__c/'), "Id")
    kind = pl.lit('{"attributes":{"type":"Thing__c",')
    record = pl.concat_str(kind, url, pl.lit('"}'), *members, pl.lit("}"))
    return str(table.select(record.str.join(",")).item()).encode()


def _in_json(name: str) -> pl.Expr:
    value = pl.col(name)
    if name.startswith(("Boolean", "Currency", "Int", "Percent")):
        return value
    if name.startswith(("Datetime", "SystemModstamp")):
        value = value.str.replace("Z", "+0000", literal=True)
    for character, escaped in _ESCAPED.items():
        value = value.str.replace_all(character, escaped, literal=True)
    return pl.concat_str(pl.lit('"'), value, pl.lit('"'))


def _values(field: Field, seed: int, shares: Shares) -> pl.Expr:
    index = pl.col("index")
    if field.kind == "id":
        return _key(index)  # no two rows have one
    chance = index.hash(seed)
    values = _MADE.get(field.kind, _text)(chance)
    for part, others in _others(field.kind, chance, shares):
        # Of a hash of its own, so that no share meets always the same rows.
        values = (
            pl.when(index.hash(seed + 2_000) % _WHOLE < int(part * _WHOLE))
            .then(others)
            .otherwise(values)
        )
    if not field.nillable:
        return values
    return pl.when(index.hash(seed + 1_000) % _EMPTY != 0).then(values)


def _digits(chance: pl.Expr, count: int) -> pl.Expr:
    return (chance % int(10**count)).cast(pl.String).str.zfill(count)


def _one_of(texts: Sequence[str], chance: pl.Expr) -> pl.Expr:
    return pl.lit(pl.Series(texts)).gather(chance % len(texts))


def _text(chance: pl.Expr) -> pl.Expr:
    many = len(_WORDS)
    words = [_one_of(_WORDS, chance // many**place) for place in range(3)]
    return pl.concat_str(*words, _digits(chance // many**3, 5), separator=" ")


def _choice(chance: pl.Expr) -> pl.Expr:
    return _one_of(_CHOICES, chance)


def _boolean(chance: pl.Expr) -> pl.Expr:
    return _one_of(("true", "false"), chance)


def _key(chance: pl.Expr) -> pl.Expr:
    return pl.format("a0X5g00000{}", _digits(chance, 8))


def _phone(chance: pl.Expr) -> pl.Expr:
    return pl.format("+1 ({}) 555-{}", _digits(chance // 10_000, 3), _digits(chance, 4))


def _others(kind: str, chance: pl.Expr, shares: Shares) -> list[tuple[float, pl.Expr]]:
    """Return how values of a kind are spelled besides, and how many; the last one counts."""
    if kind in {"currency", "percent"}:
        large = pl.format("1.{}7E8", _whole(chance))
        odd = pl.when(chance % 2 == 0).then(pl.format("{}.50", _whole(chance)))
        return [
            (shares.exponents, large),
            (shares.odd, odd.otherwise(_whole(chance).cast(pl.String))),
        ]
    if kind == "int":
        pointed = pl.format("{}.0", _whole(chance))
        return [(shares.points, pointed), (shares.odd, pointed)]
    if kind == "date":
        return [(shares.odd, pl.lit("0987-06-05"))]
    if kind == "datetime":
        return [(shares.odd, _moment(chance, "%Y-%m-%dT%H:%M:%SZ"))]
    if kind == "string":
        escaped = pl.concat_str(_text(chance), _one_of(_TO_BE_ESCAPED, chance), separator=" ")
        return [(shares.escaped, escaped)]
    return []


def _whole(chance: pl.Expr) -> pl.Expr:
    return chance // 900 % 10_000_000 + 1


def _integer(chance: pl.Expr) -> pl.Expr:
    return _whole(chance).cast(pl.String)


def _number(chance: pl.Expr) -> pl.Expr:
    return pl.format("{}.{}5", _whole(chance), _digits(chance, 1))


def _date(chance: pl.Expr) -> pl.Expr:
    return _moment(chance, "%Y-%m-%d")


def _datetime(chance: pl.Expr) -> pl.Expr:
    return _moment(chance, "%Y-%m-%dT%H:%M:%S.000Z")


def _moment(chance: pl.Expr, form: str) -> pl.Expr:
    seconds = (chance % _SECONDS).cast(pl.Int64) + _FIRST_SECOND
    return pl.from_epoch(seconds, time_unit="s").dt.strftime(form)


_MADE: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    **dict.fromkeys(("id", "reference"), _key),
    **dict.fromkeys(("currency", "percent"), _number),
    "int": _integer,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "phone": _phone,
    "picklist": _choice,
}
