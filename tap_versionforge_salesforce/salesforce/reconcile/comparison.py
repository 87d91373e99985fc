"""What a target holds, as far as its state says, against what the org holds now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from tap_versionforge_salesforce.salesforce.reconcile.emitted_rows import known
from tap_versionforge_salesforce.salesforce.reconcile.folder import BrokenStoreError, StoreFolder
from tap_versionforge_salesforce.salesforce.reconcile.store import GenerationStore
from tap_versionforge_salesforce.salesforce.reconcile.swept_rows import SCHEMA, is_before, latest
from tap_versionforge_salesforce.salesforce.support.spool import spool_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from tap_versionforge_salesforce.salesforce.reconcile.emitted_rows import EmittedRows
    from tap_versionforge_salesforce.salesforce.reconcile.generation import Generation


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs, in one partition of the rows.

    Attributes:
        living: How many rows there were outside of the recycle bin.
        gone: Rows that are not there any more, as they were last seen.
        appeared: Rows that were not there before.
        moved: Rows whose stamp is another.
        stale: Rows with the same stamp and other values, or that are in the recycle bin now.
        unsure: Rows that a run has written which died: nobody knows whether the target has them.
    """

    living: int
    gone: pl.DataFrame
    appeared: pl.DataFrame
    moved: pl.DataFrame
    stale: pl.DataFrame
    unsure: pl.DataFrame

    def only_stale(self) -> Differences:
        """Return it as if nothing else differed."""
        return replace(
            self,
            gone=self.gone.clear(),
            appeared=self.appeared.clear(),
            moved=self.moved.clear(),
            unsure=self.unsure.clear(),
        )


def compared(
    store: GenerationStore,
    before: Generation | None,
    now: Generation,
    emitted: EmittedRows,
    *,
    of_earlier_lives: Sequence[Generation] = (),
    are_others_certain: bool = False,
    spool_dir: str | None,
) -> Generator[Differences, None, None]:
    """Yield what differs, partition by partition, in bounded memory.

    Args:
        store: Of both generations, whose rows are those of the same query.
        before: The earlier one; None where all has been written since the stream's beginning.
        of_earlier_lives: Those from before that: the target may still hold their rows.
        now: The later one.
        emitted: What has been written since the earlier one.
        are_others_certain: As for `EmittedRows.tables`.
        spool_dir: Where that waits in partitions; None for the system's temporary folder.

    Raises:
        BrokenStoreError: Something is not as it was written.
    """
    there = [*of_earlier_lives, now, *([] if before is None else [before])]
    partitions = min(each.partitions for each in there)
    with spool_folder(spool_dir) as folder:
        spool = GenerationStore(
            StoreFolder(folder, is_spool=True),
            sobject=now.meaning.sobject,
            rows_at_once=store.rows_at_once,
        )
        writer = spool.begin(now.meaning, taken_at=now.taken_at, partitions=partitions)
        for table in emitted.tables(now, before, are_others_certain=are_others_certain):
            writer.add(table)
        since = writer.finish()
        for partition in range(partitions):
            earlier = [
                _perhaps_held(store, each, partition, partitions) for each in of_earlier_lives
            ]
            tables = [*earlier, _held_before(store, before, now, partition, partitions)]
            if since.rows:
                tables.append(spool.rows(since, partition, partitions))
            whole = latest(tables)
            # What was told as gone is gone; nobody knows of what a dead run has told.
            whole = whole.filter(~(pl.col("is_gone") & pl.col("is_certain")))
            part = differences(whole, store.rows(now, partition, partitions))
            if earlier:
                # They were there, whatever has become of the target: to see none of them any more
                # may well be a permission that was lost.
                were_there = pl.col("id").is_in(pl.concat(earlier)["id"].implode())
                gone = part.gone.with_columns(is_certain=pl.col("is_certain") | were_there)
                part = replace(part, gone=gone)
            yield part


def _held_before(
    store: GenerationStore,
    before: Generation | None,
    now: Generation,
    partition: int,
    partitions: int,
) -> pl.DataFrame:
    if before is None:
        return known(pl.DataFrame(schema=SCHEMA), seen_at=now.taken_at, is_certain=True)
    rows = store.rows(before, partition, partitions)
    if before.meaning.of_values != now.meaning.of_values:
        rows = rows.with_columns(digest=pl.lit(None, pl.Binary))
    is_certain: bool | pl.Expr = True
    if before.written.closed_until is not None:
        # Rows behind it were left to the next window, which may not have found them.
        is_certain = is_before(before.written.closed_until)
    return known(rows, seen_at=before.taken_at, is_certain=is_certain)


def _perhaps_held(
    store: GenerationStore, earlier: Generation, partition: int, partitions: int
) -> pl.DataFrame:
    try:
        rows = store.rows(earlier, partition, partitions)
    except BrokenStoreError:
        # That may be why the stream was begun anew.
        rows = pl.DataFrame(schema=SCHEMA)
    unknown = rows.with_columns(digest=pl.lit(None, pl.Binary))
    return known(unknown, seen_at=earlier.taken_at, is_certain=False)


def differences(before: pl.DataFrame, now: pl.DataFrame) -> Differences:
    """Compare two tables.

    Args:
        before: Rows as `known` returns them, each Id once.
        now: A table of `swept_rows.SCHEMA`, each Id once.
    """
    both = now.join(before, on="id", how="inner", suffix="_before")
    is_certain = pl.col("is_certain")
    has_moved = is_certain & pl.col("stamp").ne_missing(pl.col("stamp_before"))
    # What one of them does not know is no difference.
    differs = pl.any_horizontal(
        pl.col(name).ne(pl.col(f"{name}_before")).fill_null(value=False)
        for name in ("is_deleted", "digest")
    )
    return Differences(
        living=before.filter(_is_living()).height,
        gone=_missing(before, now, both),
        appeared=_missing(now, before, both),
        moved=both.filter(has_moved).select(now.columns),
        stale=both.filter(is_certain & ~has_moved & differs).select(now.columns),
        unsure=both.filter(~is_certain).select(now.columns),
    )


def _missing(rows: pl.DataFrame, others: pl.DataFrame, both: pl.DataFrame) -> pl.DataFrame:
    """Return those that the others lack: mostly none, which the number of both tells."""
    return rows.clear() if rows.height == both.height else rows.join(others, on="id", how="anti")


def certainly_living(rows: pl.DataFrame) -> int:
    """Return how many rows were certainly there, outside of the recycle bin.

    What an earlier life of the stream has written, or a run that died, says nothing of what the
    user may see.
    """
    return rows.filter(_is_living() & pl.col("is_certain")).height


def _is_living() -> pl.Expr:
    return pl.col("is_deleted").ne_missing(pl.lit(value=True))
