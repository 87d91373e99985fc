"""What a catalog selects in a place where nobody looks for it."""

from __future__ import annotations

from typing import Any

import pytest

from tap_versionforge_salesforce.catalog_notes import unread_selections

ADDRESS = ["properties", "BillingAddress"]
CITY = [*ADDRESS, "properties", "city"]


def catalog(
    *metadata: tuple[list[str], dict[str, Any]], selected: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return a catalog of one stream; `selected` goes into its schema."""
    schema = {"properties": {"Name": {"type": "string"}, "BillingAddress": {"type": "object"}}}
    items = [{"breadcrumb": place, "metadata": said} for place, said in metadata]
    entry = {"tap_stream_id": "Account", "schema": schema | (selected or {}), "metadata": items}
    return {"streams": [entry]}


@pytest.mark.parametrize(
    "parent", [{"selected": False}, {"selected-by-default": False}], ids=["said", "by default"]
)
def test_members_of_a_field_that_is_not_selected(parent: dict[str, Any]) -> None:
    """A member comes only with the whole."""
    found = catalog((ADDRESS, parent), (CITY, {"inclusion": "automatic", "selected": True}))
    (note,) = unread_selections(found)
    assert note.startswith("The catalog selects city in Account.BillingAddress, but not")


def test_selection_inside_of_a_schema() -> None:
    """The oldest catalogs had it there."""
    (note,) = unread_selections(catalog(([], {}), selected={"selected": True}))
    assert "`selected` inside the schema of Account, which changes nothing" in note
    in_field = {"properties": {"Name": {"type": "string", "selected": False}}}
    assert len(list(unread_selections(catalog(selected=in_field)))) == 1


def test_a_field_that_the_schema_does_not_have() -> None:
    """Metadata alone bring no field."""
    (note,) = unread_selections(catalog((["properties", "Nmae"], {"selected": True})))
    assert note.startswith("The catalog selects Nmae of Account, which are not in its schema")


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(catalog(), id="nothing said"),
        pytest.param(catalog((CITY, {"selected": True})), id="the whole comes by default"),
        pytest.param(
            catalog((ADDRESS, {"selected": True}), (CITY, {"selected": True})), id="the whole"
        ),
        pytest.param(
            catalog((ADDRESS, {"selected": False}), (CITY, {"inclusion": "automatic"})), id="no one"
        ),
        pytest.param(
            catalog(([], {"selected": False}), selected={"selected": True}), id="not the stream"
        ),
        pytest.param(catalog((["properties", "Id"], {"selected": True})), id="the Id"),
        pytest.param(catalog((["properties", "X"], {"selected": False})), id="not wanted"),
    ],
)
def test_what_is_as_it_seems_is_not_told(found: dict[str, Any]) -> None:
    """A catalog of the tap's own, edited by Meltano or by hand, says nothing."""
    assert list(unread_selections(found)) == []
