"""Which columns a query names."""

from __future__ import annotations

import pytest

from tap_versionforge_salesforce.salesforce.frames.json_rows import _decoder
from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind, select_columns

ID = Column("Id", Kind.TEXT)
NAME = Column("Name", Kind.TEXT)
CITY = Column("BillingCity", Kind.TEXT)
LATITUDE = Column("BillingLatitude", Kind.NUMBER)
ADDRESS = Column("BillingAddress", Kind.COMPOUND, (("city", CITY), ("latitude", LATITUDE)))


@pytest.mark.parametrize(
    ("selected", "named"),
    [
        pytest.param((ID, NAME), ("Name", "Id"), id="Id goes last"),
        pytest.param((NAME,), ("Name", "Id"), id="Id is added"),
        pytest.param((ID,), ("Id",), id="Id alone"),
        pytest.param((), ("Id",), id="nothing"),
        pytest.param(
            (ID, ADDRESS, NAME),
            ("BillingCity", "BillingLatitude", "Name", "Id"),
            id="parts for a compound",
        ),
        pytest.param(
            (LATITUDE, ADDRESS, CITY),
            ("BillingLatitude", "BillingCity", "Id"),
            id="each once",
        ),
    ],
)
def test_query_names_each_column_once_and_id_last(
    selected: tuple[Column, ...], named: tuple[str, ...]
) -> None:
    """A query names parts instead of compounds, no field twice, and ends with Id."""
    assert tuple(column.name for column in select_columns(selected)) == named


def test_parts_keep_their_kind() -> None:
    """A latitude is a number whether it is selected itself or as a part."""
    assert select_columns((ADDRESS,))[1].kind is Kind.NUMBER


def test_what_is_remembered_of_columns_does_not_grow_with_the_objects() -> None:
    """A thousand objects take no more memory than the few that are read at a time."""
    for n in range(50):
        columns = (Column("Id", Kind.TEXT), Column(f"Field{n}__c", Kind.NUMBER))
        _decoder(columns)
    assert _decoder.cache_info().currsize <= 10


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        pytest.param((), ("BillingCity", "BillingLatitude", "Name"), id="none"),
        pytest.param(("BillingCity",), ("BillingLatitude", "Name", "BillingCity"), id="another"),
        pytest.param(("Key",), ("BillingCity", "BillingLatitude", "Name"), id="not selected"),
    ],
)
def test_rows_without_ids(keys: tuple[str, ...], named: tuple[str, ...]) -> None:
    """Id is not queried where rows have none; the key that they have goes last."""
    assert tuple(column.name for column in select_columns((ADDRESS, NAME), keys)) == named


def test_property_is_named_as_the_catalog_has_it() -> None:
    """The org's name is that of the column, and the catalog's that of the property."""
    assert NAME.property_name == "Name"
    assert Column("Name", Kind.TEXT, alias="NAME").property_name == "NAME"
