"""Columns that are new to a stream get their values, also in rows that have not moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_org.conditions import faults, outages
from tests.local_org.objects.fields import Field
from tests.support.catalogs import metadata_of, set_selected
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


# Rows that were written without it


def test_a_field_that_was_hidden_between_two_sweeps(
    org: LocalOrg, pipeline: Pipeline, scored: list[str]
) -> None:
    """Rows that an hourly run has written meanwhile lack it."""
    org.store.show_field(NAME, SCORE)
    pipeline.sync(**UNCACHED)
    org.store.hide_field(NAME, SCORE)
    org.store.update(NAME, scored[:3], {"Description": "new"})
    org.clock.advance(3_600)
    assert sorted(pipeline.hourly(**UNCACHED).ids(NAME)) == sorted(scored[:3])
    org.store.show_field(NAME, SCORE)
    org.clock.advance(3_600)
    run = pipeline.sync(**UNCACHED)
    assert sorted(run.ids(NAME)) == sorted(scored[:3])
    assert report(run)["unsure"] == 3
    assert scores(pipeline) == scores_in(org)


def test_a_field_that_is_shown_before_the_first_sweep(
    org: LocalOrg, pipeline: Pipeline, scored: list[str]
) -> None:
    """No sweep says what the rows were written with; they do."""
    pipeline.hourly(**UNCACHED)
    org.store.show_field(NAME, SCORE)
    org.clock.advance(3_600)
    pipeline.sync(**UNCACHED)
    assert scores(pipeline) == scores_in(org)
    assert scored


def test_a_field_that_is_shown_in_the_middle_of_the_first_load(
    org: LocalOrg, pipeline: Pipeline, scored: list[str]
) -> None:
    """The load dies, and goes on with the field behind what it has written without it."""
    for n, row_id in enumerate(scored):
        stamp = LAST_WEEK + timedelta(minutes=n)
        org.store.update(NAME, [row_id], {SCORE: str(n)}, stamp=stamp)
    org.settings.page_rows = 7
    rest: dict[str, Any] = {**UNCACHED, "api_mode": "rest"}
    org.faults.add(
        lambda call: "/query/01g" in call.path, outages.unknown_exception(), times=None, skip=1
    )
    pipeline.sync(**rest, exit_code=5)
    org.faults.clear()
    assert 0 < len(pipeline.target.rows[NAME]) < len(scored)
    org.store.show_field(NAME, SCORE)
    org.clock.advance(3_600)
    pipeline.sync(**rest)
    assert scores(pipeline) == scores_in(org)


def test_a_catalog_of_its_own_for_the_hourly_run(
    org: LocalOrg, pipeline: Pipeline, scored: list[str]
) -> None:
    """What that writes without a column is read again with it."""
    org.store.show_field(NAME, SCORE)
    options: dict[str, Any] = {
        "objects": [NAME],
        "reconcile_every_hours": 0,
        "reconcile_store": str(pipeline.store),
    }
    whole = pipeline.tap.discover(**options, **UNCACHED)
    pipeline.sync(catalog=whole)
    org.store.update(NAME, scored[:2], {"Description": "new"})
    org.clock.advance(3_600)
    narrow = set_selected(pipeline.tap.discover(**options), NAME, SCORE, selected=False)
    assert sorted(pipeline.hourly(catalog=narrow).ids(NAME)) == sorted(scored[:2])
    org.clock.advance(3_600)
    pipeline.sync(catalog=whole)
    assert scores(pipeline) == scores_in(org)


def test_a_new_member_of_an_address(org: LocalOrg, pipeline: Pipeline) -> None:
    """A compound column has the name that it had."""
    name, place = "Account", {"BillingCity": "Wien", "BillingStreet": "Ring"}
    org.store.insert(name, [place, {}], stamp=LAST_WEEK)
    catalog = pipeline.tap.discover(
        objects=[name], reconcile_every_hours=0, reconcile_store=str(pipeline.store)
    )
    members = {each for each in metadata_of(catalog, name) if each.startswith("BillingAddress.")}
    set_selected(catalog, name, *members, selected=False)
    set_selected(catalog, name, "BillingAddress", "BillingAddress.city", selected=True)
    for member in members:
        metadata_of(catalog, name)[member]["inclusion"] = "available"
    pipeline.sync(catalog=catalog)
    org.clock.advance(3_600)
    run = pipeline.sync(catalog=set_selected(catalog, name, "BillingAddress.street", selected=True))
    found = [row["BillingAddress"] for row in pipeline.target.rows[name].values()]
    assert {"city": "Wien", "street": "Ring"} in found
    assert report(run, name)["read_again"] == 1


def test_what_changes_between_two_sweeps_of_one_night_is_found(
    org: LocalOrg, pipeline: Pipeline, ids: list[str]
) -> None:
    """With the fields of then and with those of now: the next night, if not in this one."""
    pipeline.sync(**UNCACHED)
    org.store.add_field(NAME, replace(_SCORE, calculated=True))
    org.clock.advance(3_600)
    sweeps: list[int] = []

    def change() -> None:
        sweeps.append(len(sweeps))
        org.store.update(NAME, ids[:3], {TOTAL: str(99 + len(sweeps))}, touch=False)
        org.store.hard_delete(NAME, ids[5 + len(sweeps) : 6 + len(sweeps)])
        org.store.insert(NAME, [{TOTAL: "1"}], stamp=LAST_WEEK)

    is_a_sweep = "SystemModstamp, IsDeleted, Id FROM"
    org.faults.add(
        lambda call: is_a_sweep in call.query.get("q", ""), faults.before(change), times=2
    )
    pipeline.sync(**UNCACHED)
    assert len(sweeps) == 2
    org.clock.advance(3_600)
    pipeline.sync(**UNCACHED)
    totals = {str(row["Id"]): row[TOTAL] for row in org.store.rows(NAME)}
    found = {row_id: row[TOTAL] for row_id, row in pipeline.target.rows[NAME].items()}
    assert found == totals
