"""Generations are kept as they were, or told to be broken; what differs between two is found."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.salesforce.frames.frame import Frame
from tap_versionforge_salesforce.salesforce.reconcile.comparison import Differences, compared
from tap_versionforge_salesforce.salesforce.reconcile.confirmed import Confirmed
from tap_versionforge_salesforce.salesforce.reconcile.emitted_rows import EmittedRows
from tap_versionforge_salesforce.salesforce.reconcile.folder import (
    BrokenStoreError,
    StoreFolder,
    open_store,
)
from tap_versionforge_salesforce.salesforce.reconcile.generation import Generation, Meaning
from tap_versionforge_salesforce.salesforce.reconcile.store import GenerationStore
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import SCHEMA, swept_rows
from tests.support.values import few_examples, instant, some_examples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

NOON_TEXT = "2026-11-23T12:00:00Z"
NOON = instant(NOON_TEXT)
ORG = "00DHs0000000001MAA"
FIELDS = ("Discount__c", "Total__c")
MEANING = Meaning(org=ORG, sobject="Account", fields=FIELDS, stamp="SystemModstamp")
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VALUES = st.none() | st.text(alphabet="12:-", max_size=3)


@dataclass(frozen=True)
class Row:
    """What an org holds of one row."""

    stamp: int
    is_deleted: bool
    values: tuple[str | None, ...]


ROWS = st.builds(Row, st.integers(1, 3), st.booleans(), st.tuples(VALUES, VALUES))
IDS = st.text(alphabet=DIGITS, min_size=2, max_size=2).map(lambda end: f"001Hs00000000{end}AAA")
TABLES = st.dictionaries(IDS, ROWS, max_size=24)


def page(rows: Mapping[str, Row]) -> pl.DataFrame:
    table = pl.DataFrame(
        [
            (*row.values, f"2026-11-0{row.stamp}T12:00:00.000000Z", row.is_deleted, row_id)
            for row_id, row in rows.items()
        ],
        schema={
            **dict.fromkeys((*FIELDS, "SystemModstamp"), pl.String),
            "IsDeleted": pl.Boolean,
            "Id": pl.String,
        },
        orient="row",
    )
    return swept_rows(Frame(table), fields=FIELDS, stamp="SystemModstamp")


def pages(rows: Mapping[str, Row], size: int) -> Iterable[pl.DataFrame]:
    names = list(rows)
    for start in range(0, len(names), size):
        yield page({name: rows[name] for name in names[start : start + size]})


def store_in(url: object, *, rows_at_once: int = 1_000) -> GenerationStore:
    return GenerationStore(StoreFolder(str(url)), sobject="Account", rows_at_once=rows_at_once)


def kept(
    store: GenerationStore,
    tables: Iterable[pl.DataFrame],
    *,
    hour: int = 0,
    meaning: Meaning = MEANING,
    expected_rows: int | None = None,
) -> Generation:
    writer = store.begin(meaning, taken_at=NOON + timedelta(hours=hour))
    for table in tables:
        writer.add(table, expected_rows=expected_rows)
    return writer.finish()


def short(ids: Iterable[str]) -> list[str]:
    return sorted(row_id[:15] for row_id in ids)


def all_in(store: GenerationStore) -> list[Generation]:
    return [store.generation(name) for name in store.names()]


def different(
    store: GenerationStore, before: Generation, now: Generation, emitted: EmittedRows | None = None
) -> list[Differences]:
    nothing = EmittedRows(
        StoreFolder(f"memory://{uuid4()}"), sobject="Account", confirmed=Confirmed(), run="a"
    )
    return list(compared(store, before, now, emitted or nothing, spool_dir=None))


def found(
    store: GenerationStore, before: Generation, now: Generation, emitted: EmittedRows | None = None
) -> dict[str, list[str]]:
    kinds = ("gone", "appeared", "moved", "stale", "unsure")
    parts = different(store, before, now, emitted)
    return {
        kind: sorted(row_id for each in parts for row_id in getattr(each, kind)["id"])
        for kind in kinds
    }


# What differs


@given(
    before=TABLES,
    now=TABLES,
    size=st.integers(1, 9),
    at_once=st.lists(st.sampled_from([1, 2, 5, 100]), min_size=2, max_size=2),
    expected=st.sampled_from([None, 1, 30, 10**6]),
)
@few_examples
def test_what_differs_is_found(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[str, Row],
    now: dict[str, Row],
    size: int,
    at_once: Sequence[int],
    expected: int | None,
) -> None:
    """Whatever the pages, and whatever the partitions of the one and the other."""
    folder = tmp_path_factory.mktemp("store")
    first, second = (store_in(folder, rows_at_once=rows) for rows in at_once)
    earlier = kept(first, pages(before, size), expected_rows=expected)
    later = kept(second, pages(now, size), hour=1)
    both = before.keys() & now.keys()
    moved = {row_id for row_id in both if before[row_id].stamp != now[row_id].stamp}
    assert all_in(second) == [earlier, later]
    assert found(second, earlier, later) == {
        "gone": short(before.keys() - now.keys()),
        "appeared": short(now.keys() - before.keys()),
        "moved": short(moved),
        "stale": short(row_id for row_id in both - moved if before[row_id] != now[row_id]),
        "unsure": [],
    }


def test_what_is_gone_is_as_it_was_last_seen(tmp_path: Path) -> None:
    """Whether it was in the recycle bin, for one."""
    store = store_in(tmp_path)
    earlier = kept(store, [page({"001Hs0000000001AAA": Row(2, is_deleted=True, values=("", ""))})])
    later = kept(store, [], hour=1)
    (part,) = different(store, earlier, later)
    stamp, seen_at = (
        instant(text).replace(tzinfo=None) for text in ("2026-11-02T12:00:00Z", NOON_TEXT)
    )
    assert part.gone.drop("digest", "is_gone").rows() == [
        ("001Hs0000000001", stamp, True, seen_at, True)
    ]
    assert part.appeared.schema == SCHEMA


def test_of_a_row_that_is_read_again_the_later_one_counts(tmp_path: Path) -> None:
    """A cursor that expired is gone on with from a row before."""
    store = store_in(tmp_path, rows_at_once=1)
    row_id = "001Hs0000000001AAA"
    old, new = (Row(1, is_deleted=False, values=(value, None)) for value in "ab")
    earlier = kept(store, [page({row_id: new})])
    later = kept(store, [page({row_id: old}), page({row_id: new})], hour=1)
    assert sum(map(len, found(store, earlier, later).values())) == 0


def meaning(**other: object) -> Meaning:
    return msgspec.structs.replace(MEANING, **other)


@pytest.mark.parametrize(
    "other",
    [
        {"org": "00Dother"},
        {"sobject": "Contact"},
        {"condition": "A = 1"},
        {"include_deleted": False},
        {"stamp": "LastModifiedDate"},
    ],
)
def test_which_rows_they_are_has_a_name(other: dict[str, object]) -> None:
    """Rows that nobody asked for have not gone."""
    assert meaning(**other).of_rows != MEANING.of_rows
    assert meaning(**other).of_values == MEANING.of_values


def test_digests_of_other_values_are_not_compared(tmp_path: Path) -> None:
    """The rows are."""
    store = store_in(tmp_path)
    one, two = "001Hs0000000001AAA", "001Hs0000000002AAA"
    row = Row(1, is_deleted=False, values=("a", "b"))
    earlier = kept(store, [page({one: row, two: row})])
    other = Row(1, is_deleted=False, values=("a", "c"))
    later = kept(store, [page({two: other})], hour=1, meaning=meaning(fields=FIELDS[:1]))
    assert later.meaning.of_rows == earlier.meaning.of_rows
    parts = found(store, earlier, later)
    assert [kind for kind, ids in parts.items() if ids] == ["gone"]


# Digests


@given(st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=2))
@some_examples
def test_only_the_same_values_have_the_same_digest(values: list[tuple[str | None, ...]]) -> None:
    """However they are put together."""
    rows = {f"001Hs000000000{n}AAA": Row(1, False, each) for n, each in enumerate(values)}  # noqa: FBT003
    first, second = page(rows)["digest"]
    assert (first == second) == (values[0] == values[1])
    assert len(first) == 16


def test_rows_of_which_no_field_is_swept_have_no_digest() -> None:
    """Their Ids and stamps are compared."""
    frame = Frame(pl.DataFrame({"Id": ["001Hs0000000001AAA"]}))
    (row,) = swept_rows(frame, fields=(), stamp=None).rows()
    assert row == ("001Hs0000000001", None, None, None)


# What is there, and what is not


def test_a_generation_is_there_once_it_is_whole(tmp_path: Path) -> None:
    """What a run that was killed has left behind is none, and goes when it is made again."""
    store = store_in(tmp_path, rows_at_once=1)
    row = Row(1, is_deleted=False, values=("a", "b"))
    before = kept(store, [])
    for hour in (1, 2):
        writer = store.begin(MEANING, taken_at=NOON + timedelta(hours=hour))
        writer.add(page({"001Hs0000000001AAA": row}))
        assert all_in(store) == [before]
        assert len(list(tmp_path.rglob("*.parquet"))) == 1
    again = kept(store, [], hour=2)
    assert all_in(store) == [before, again]
    assert list(tmp_path.rglob("*.parquet")) == []


def test_a_folder_may_be_called_like_a_pattern(tmp_path: Path) -> None:
    """It is none."""
    store = store_in(tmp_path / "[prod] *")
    generation = kept(store, [])
    assert all_in(store) == [generation]


def test_two_of_one_second_are_two(tmp_path: Path) -> None:
    """The server's clock has whole seconds, and a baseline is not lost for one that is begun."""
    store = store_in(tmp_path)
    first = kept(store, [])
    store.begin(MEANING, taken_at=NOON).abandon()
    assert all_in(store) == [first]
    second = kept(store, [])
    assert all_in(store) == [first, second]


def test_a_description_that_is_half_written_is_none(tmp_path: Path) -> None:
    """The run was killed while it wrote that."""
    store = store_in(tmp_path)
    first = kept(store, [])
    (mark,) = tmp_path.rglob("generation.json")
    mark.rename(mark.with_name("generation.json.unfinished"))
    assert all_in(store) == []
    again = kept(store, [], hour=1)
    assert all_in(store) == [again] != [first]


def test_what_another_run_has_removed_is_not_taken_for_whole(tmp_path: Path) -> None:
    """The run that has lost its files fails, and the store is as before."""
    store = store_in(tmp_path, rows_at_once=1)
    before = kept(store, [])
    writer = store.begin(MEANING, taken_at=NOON + timedelta(hours=1))
    writer.add(page({"001Hs0000000001AAA": Row(1, is_deleted=False, values=("a", "b"))}))
    other = kept(store, [], hour=2)
    with pytest.raises(BrokenStoreError, match="it is missing"):
        writer.finish()
    assert all_in(store) == [before, other]


def test_what_is_abandoned_or_removed_is_gone(tmp_path: Path) -> None:
    """With all its files."""
    store = store_in(tmp_path, rows_at_once=1)
    tables = [page({"001Hs0000000001AAA": Row(1, is_deleted=False, values=("a", "b"))})]
    store.remove(kept(store, tables).name)
    writer = store.begin(MEANING, taken_at=NOON + timedelta(hours=1))
    writer.add(tables[0])
    writer.abandon()
    assert all_in(store) == []
    assert list(tmp_path.rglob("*.*")) == []


def test_any_fsspec_url_will_do() -> None:
    """Here one without folders."""
    store = store_in(f"memory://{uuid4()}")
    row = Row(1, is_deleted=False, values=("a", "b"))
    earlier = kept(store, [page({"001Hs0000000001AAA": row})])
    assert all_in(store) == [earlier]
    assert store.rows(earlier, 0, 1).height == earlier.rows == 1


def test_files_are_their_owners_only(tmp_path: Path) -> None:
    """Digests tell nothing, but Ids are nobody else's."""
    store = store_in(tmp_path)
    kept(store, [page({"001Hs0000000001AAA": Row(1, is_deleted=False, values=("a", "b"))})])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


# What is wrong with a store


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def turn_a_bit(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])


BREAKS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a truncated file": ("*.parquet", truncate, "it is not of the size it was written in"),
    "a file too few": ("*.parquet", Path.unlink, "it is missing"),
    "another bit": ("*.parquet", turn_a_bit, "its bytes are not those that were written"),
    "half a description": ("generation.json", truncate, "it does not describe a generation"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_store_is_told(tmp_path: Path, name: str) -> None:
    """With the file, and before anything is made of it."""
    pattern, hurt, problem = BREAKS[name]
    store = store_in(tmp_path)
    row = Row(1, is_deleted=False, values=("a", "b"))
    generation = kept(store, [page({"001Hs0000000001AAA": row})])
    (path,) = tmp_path.rglob(pattern)
    hurt(path)
    with pytest.raises(BrokenStoreError) as caught:
        store.rows(store.generation(generation.name), 0, 1)
    assert f"{generation.name}/{path.name} is broken ({problem})" in str(caught.value)
    assert "can't be used for Account" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_store_of_another_format_is_told(tmp_path: Path) -> None:
    """A later version wrote it."""
    store = store_in(tmp_path)
    generation = kept(store, [])
    (mark,) = tmp_path.rglob("generation.json")
    mark.write_text(mark.read_text("utf-8").replace('"format":3', '"format":4'), "utf-8")
    with pytest.raises(BrokenStoreError, match="it is of format 4"):
        store.generation(generation.name)


def test_the_store_of_another_org_is_told(tmp_path: Path) -> None:
    """Its rows would all be gone."""
    open_store(str(tmp_path), ORG)
    assert open_store(str(tmp_path), ORG).url == str(tmp_path)
    with pytest.raises(SettingsError, match=f"that of the org {ORG}, and this is 00Dother") as told:
        open_store(str(tmp_path), "00Dother")
    assert "a store of its own" in told.value.hint


def test_a_folder_of_something_else_is_told(tmp_path: Path) -> None:
    """Whatever its store.json is for."""
    (tmp_path / "store.json").write_text("[]", encoding="utf-8")
    with pytest.raises(SettingsError, match="does not say whose rows it keeps"):
        open_store(str(tmp_path), ORG)


def test_a_store_that_can_not_be_used_is_told(tmp_path: Path) -> None:
    """As a setting that is wrong."""
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(SettingsError, match=r"file can't be used \("):
        kept(store_in(place), [])
    with pytest.raises(SettingsError, match=r"nosuch://a can't be used \(Protocol not known"):
        store_in("nosuch://a")
