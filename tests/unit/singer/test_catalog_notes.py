"""What a catalog selects in a place where nobody looks for it."""

from __future__ import annotations

from typing import Any

import pytest

from tap_versionforge_salesforce.singer.catalog_notes import CatalogNotes

ADDRESS = ["properties", "BillingAddress"]
CITY = [*ADDRESS, "properties", "city"]


def entry(
    *metadata: tuple[list[str], dict[str, Any]], selected: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the entry of a stream; `selected` goes into its schema."""
    schema = {"properties": {"Name": {"type": "string"}, "BillingAddress": {"type": "object"}}}
    items = [{"breadcrumb": place, "metadata": said} for place, said in metadata]
    return {"tap_stream_id": "Account", "schema": schema | (selected or {}), "metadata": items}


def notes_of(entry: dict[str, Any]) -> list[str]:
    notes = CatalogNotes()
    notes.look_at(entry)
    return list(notes.sentences())


@pytest.mark.parametrize(
    "parent", [{"selected": False}, {"selected-by-default": False}], ids=["said", "by default"]
)
def test_members_of_a_field_that_is_not_selected(parent: dict[str, Any]) -> None:
    """A member comes only with the whole."""
    found = entry((ADDRESS, parent), (CITY, {"inclusion": "automatic", "selected": True}))
    (note,) = notes_of(found)
    assert note.startswith("The catalog selects city in Account.BillingAddress, but not")


def test_selection_inside_of_a_schema() -> None:
    """The oldest catalogs had it there."""
    (note,) = notes_of(entry(([], {}), selected={"selected": True}))
    assert "`selected` outside of the metadata of Account, which changes nothing" in note
    in_field = {"properties": {"Name": {"type": "string", "selected": False}}}
    assert len(notes_of(entry(selected=in_field))) == 1


@pytest.mark.parametrize("selected", [True, False])
def test_what_the_metadata_say_as_well_is_not_told(*, selected: bool) -> None:
    """Meltano writes both."""
    found = entry(
        ([], {"selected": selected}),
        (["properties", "Name"], {"selected": selected}),
        selected={
            "selected": selected,
            "properties": {"Name": {"type": "string", "selected": selected}},
        },
    )
    assert notes_of(found | {"selected": selected}) == []


def test_a_field_that_the_schema_does_not_have() -> None:
    """Metadata alone bring no field."""
    (note,) = notes_of(entry((["properties", "Nmae"], {"selected": True})))
    assert note.startswith("The catalog selects Nmae of Account, which are not in its schema")


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(entry(), id="nothing said"),
        pytest.param(entry((CITY, {"selected": True})), id="the whole comes by default"),
        pytest.param(
            entry((ADDRESS, {"selected": True}), (CITY, {"selected": True})), id="the whole"
        ),
        pytest.param(
            entry((ADDRESS, {"selected": False}), (CITY, {"inclusion": "automatic"})), id="no one"
        ),
        pytest.param(
            entry(([], {"selected": False}), selected={"selected": True}), id="not the stream"
        ),
        pytest.param(entry((["properties", "Id"], {"selected": True})), id="the Id"),
    ],
)
def test_what_is_as_it_seems_is_not_told(found: dict[str, Any]) -> None:
    """A catalog of the tap's own, edited by Meltano or by hand, says nothing."""
    assert notes_of(found) == []


def test_a_field_that_is_left_out_by_a_name_it_does_not_have() -> None:
    """Its values would come as if nobody had said so."""
    (note,) = notes_of(entry((["properties", "Nmae"], {"selected": False})))
    assert note.startswith("The catalog deselects Nmae (did you mean Name?) of Account")


def test_members_of_a_field_that_meltano_leaves_out() -> None:
    """It marks all that is automatic as selected: nobody has asked for them alone."""
    street = [*ADDRESS, "properties", "street"]
    automatic = {"inclusion": "automatic", "selected": True}
    whole = (ADDRESS, {"selected": False})
    assert notes_of(entry(whole, (CITY, automatic), (street, automatic))) == []
    not_all = (street, {"inclusion": "automatic"})
    assert len(notes_of(entry(whole, (CITY, automatic), not_all))) == 1


def test_two_replication_keys() -> None:
    """One of them is what counts."""
    given = entry(([], {"replication-key": "LastModifiedDate"}))
    (note,) = notes_of(given | {"replication_key": "SystemModstamp"})
    assert "two replication keys of Account: SystemModstamp, by which it is read" in note
    assert notes_of(given | {"replication_key": "LastModifiedDate"}) == []
    assert notes_of(given) == []


def test_selection_of_a_stream_beside_its_metadata() -> None:
    """As inside of its schema."""
    assert len(notes_of(entry(([], {})) | {"selected": False})) == 1
