"""Rows of every type come out of the engine as they went into the org, or not at all."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.engine.org import Org
from tap_versionforge_salesforce.errors import SettingsError
from tests.integration.salesforce.frames.test_fidelity import (
    APIS,
    FIELDS,
    OBJECT,
    ROWS,
    STREAM,
    YESTERDAY,
    few_runs,
    promised_row,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock

NUMBERS = ("double", "currency", "percent", "int", "long")
COMPOUNDS = ("WorkAddress", "Place__c")


def typed(kind: str, value: object) -> object:
    """Return what a column of the engine's holds for what the record of the tap holds."""
    if not isinstance(value, str):
        return value
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "datetime":
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return time.fromisoformat(value.removesuffix("Z")) if kind == "time" else value


def held(row: Mapping[str, object]) -> dict[str, object]:
    """Return a row without the numbers that no column of their type can hold."""
    promised = promised_row(row)
    lost = [n for n, kind in FIELDS.items() if kind in NUMBERS and promised[n] is None]
    return {**row, **dict.fromkeys(lost)}


@few_runs
@given(drawn=ROWS, page=st.integers(2, 30), api=st.sampled_from(APIS))
def test_values_are_the_orgs(
    org: LocalOrg, clock: OrgClock, drawn: Sequence[Mapping[str, object]], page: int, api: str
) -> None:
    """Of the types that their columns have, however pages cut them."""
    del clock
    org.reset()
    org.settings.page_rows = org.settings.bulk_page_rows = page
    org.store.add_object(OBJECT)
    rows = [held(row) for row in drawn]
    ids = org.store.insert(STREAM, rows, stamp=YESTERDAY)
    with Org(**org.config(), api_mode=api) as connected:
        table = connected.read(STREAM, fields=[*FIELDS, *COMPOUNDS, "Id"]).collect()
    found = {row["Id"]: row for row in table.to_dicts()}
    assert len(found) == len(rows)
    for row_id, row in zip(ids, rows, strict=True):
        promised = promised_row(row)
        expected = {name: typed(FIELDS.get(name, ""), value) for name, value in promised.items()}
        assert {name: found[row_id][name] for name in expected} == expected
    for name, kind in FIELDS.items():
        assert table.schema[name] == pl.Decimal(38, 18) or kind not in NUMBERS[:3]


@few_runs
@given(
    value=st.sampled_from(["NaN", "Infinity", "1E30", "7.5", "1E-19"]), api=st.sampled_from(APIS)
)
def test_what_no_column_can_hold(org: LocalOrg, clock: OrgClock, value: str, api: str) -> None:
    """Ends the read by name, by either API, and is there as text."""
    del clock
    org.reset()
    org.store.add_object(OBJECT)
    name = "Int__c" if value == "7.5" else "Double__c"
    org.store.insert(STREAM, [{name: "1"}, {name: value}], stamp=YESTERDAY)
    with Org(**org.config(), api_mode=api) as connected:
        with pytest.raises(SettingsError, match=f"{name} has a value that its type can't hold"):
            connected.read(STREAM, fields=[name]).collect()
        texts = connected.read(STREAM, fields=[name], text_fields=[name]).collect()[name]
    # What is a number is spelled as the tap spells it, and the rest as it is served.
    held = {"1E30": f"1{'0' * 30}.0", "1E-19": f"0.{'0' * 18}1"}
    assert set(texts) == {"1" if value == "7.5" else "1.0", held.get(value, value)}
