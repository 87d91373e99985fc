"""Columns that are new to a stream get their values, also in rows that have not moved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import outages
from tests.local_org.objects.fields import Field
from tests.support.catalogs import set_selected
from tests.support.pipeline import LAST_WEEK, NAME, TOTAL, Pipeline, report

if TYPE_CHECKING:
    from tests.local_org import LocalOrg

SCORE = "Score__c"
_SCORE = Field(
    name=SCORE, type="double", label="Score", precision=18, scale=2, filterable=True, nillable=True
)
UNCACHED: dict[str, Any] = {"discovery_cache": "false"}


@pytest.fixture
def scored(org: LocalOrg, ids: list[str]) -> list[str]:
    """Rows of which five have a score, which the user may not see yet."""
    org.store.add_field(NAME, _SCORE)
    for n, row_id in enumerate(ids[:5]):
        org.store.update(NAME, [row_id], {SCORE: str(n)}, touch=False)
    org.store.hide_field(NAME, SCORE)
    return ids


def scores(pipeline: Pipeline) -> dict[str, object]:
    """Return the scores that the target has; None where it has none."""
    return {row_id: row.get(SCORE) for row_id, row in pipeline.target.rows[NAME].items()}


def scores_in(org: LocalOrg) -> dict[str, object]:
    return {str(row["Id"]): row[SCORE] for row in org.store.rows(NAME)}


@pytest.mark.parametrize("api_mode", ["rest", "bulk"])
def test_a_field_that_is_shown_gets_its_values(
    org: LocalOrg, pipeline: Pipeline, scored: list[str], api_mode: str
) -> None:
    """The rows that have one are read again, once."""
    pipeline.sync(**UNCACHED, api_mode=api_mode)
    assert set(scores(pipeline).values()) == {None}
    org.store.show_field(NAME, SCORE)
    org.clock.advance(3_600)
    run = pipeline.sync(**UNCACHED, api_mode=api_mode)
    assert sorted(run.ids(NAME)) == sorted(scored[:5])
    assert report(run)["read_again"] == 5
    assert f"{NAME} was read without {SCORE} before: rows that have a value there are" in run.log
    assert scores(pipeline) == scores_in(org)
    assert pipeline.sync(**UNCACHED, api_mode=api_mode).ids(NAME) == []


@pytest.mark.parametrize(
    "field", [replace(_SCORE, filterable=False), replace(_SCORE, type="boolean", nillable=False)]
)
def test_all_rows_come_again_where_no_condition_tells_which(
    org: LocalOrg, pipeline: Pipeline, ids: list[str], field: Field
) -> None:
    """A text of many lines can't stand in a condition, and a checkbox has a value in each row."""
    pipeline.sync(**UNCACHED)
    org.store.add_field(NAME, field)
    org.clock.advance(3_600)
    run = pipeline.sync(**UNCACHED)
    assert sorted(run.ids(NAME)) == sorted(ids)
    assert f"{NAME} was read without {SCORE} before: its rows are read again." in run.log
    pipeline.assert_equal()


def test_a_column_that_is_selected_again_is_read_whole(
    org: LocalOrg, pipeline: Pipeline, scored: list[str]
) -> None:
    """The target has values of it from before, and some of them are empty by now."""
    org.store.show_field(NAME, SCORE)
    catalog = pipeline.tap.discover(
        objects=[NAME], reconcile_every_hours=0, reconcile_store=str(pipeline.store), **UNCACHED
    )
    pipeline.sync(catalog=catalog)
    pipeline.sync(catalog=set_selected(catalog, NAME, SCORE, TOTAL, selected=False))
    org.store.update(NAME, scored[:2], {SCORE: None})
    org.clock.advance(3_600)
    pipeline.sync(catalog=catalog)
    run = pipeline.sync(catalog=set_selected(catalog, NAME, SCORE, selected=True))
    assert sorted(run.ids(NAME)) == sorted(scored)
    assert scores(pipeline) == scores_in(org)


def test_a_run_that_fails_meanwhile_is_made_up_for(
    org: LocalOrg, pipeline: Pipeline, scored: list[str]
) -> None:
    """The state still names the sweep of before."""
    pipeline.sync(**UNCACHED)
    org.store.show_field(NAME, SCORE)
    org.clock.advance(3_600)
    org.faults.add(
        lambda call: f"{SCORE} != null" in call.query.get("q", ""),
        outages.unknown_exception(),
        times=None,
    )
    pipeline.sync(**UNCACHED, api_mode="rest", exit_code=5)
    org.faults.clear()
    assert sorted(pipeline.sync(**UNCACHED).ids(NAME)) == sorted(scored[:5])
    assert scores(pipeline) == scores_in(org)


def test_rows_from_before_start_date_stay_out(
    org: LocalOrg, pipeline: Pipeline, scored: list[str]
) -> None:
    """They are none of the stream's."""
    org.store.insert(NAME, [{SCORE: "1"}], stamp=LAST_WEEK.replace(year=LAST_WEEK.year - 1))
    begin: dict[str, Any] = {"start_date": f"{LAST_WEEK:%Y-%m-%dT00:00:00Z}", **UNCACHED}
    pipeline.sync(**begin)
    org.store.show_field(NAME, SCORE)
    org.clock.advance(3_600)
    assert sorted(pipeline.sync(**begin).ids(NAME)) == sorted(scored[:5])


def test_what_was_never_reconciled_has_no_columns_to_miss(
    org: LocalOrg, pipeline: Pipeline, scored: list[str]
) -> None:
    """Its first sweep is the beginning."""
    pipeline.sync(**UNCACHED, reconcile_every_hours=None, reconcile_store=None)
    org.store.show_field(NAME, SCORE)
    org.clock.advance(3_600)
    assert pipeline.sync(**UNCACHED).ids(NAME) == []
    assert scored
