"""A catalog that takes little memory says what the SDK's own says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib import Catalog
from singer_sdk.singerlib.catalog import Metadata

from tap_versionforge_salesforce.singer.input_files import with_id
from tap_versionforge_salesforce.singer.packed_catalog import (
    PlainMetadata,
    catalog_at,
    catalog_text,
)
from tests.support.values import some_examples

if TYPE_CHECKING:
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy

TEXTS = st.text(max_size=5)
VALUES: SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS, lambda each: st.lists(each, max_size=2)
)
SCHEMAS: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", ["null", "integer"], []]),
        "title": TEXTS,
        "default": VALUES,
        "x-odd": VALUES,
        "format": st.sampled_from(["date", "date-time"]),
    },
)
OWN_INCLUSIONS = [each.value for each in Metadata.InclusionType]
INCLUSIONS = st.sampled_from(["available", "automatic", "unsupported", "odd", None, ["list"]])


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a stream's entry as a user may have changed it."""
    properties = draw(st.dictionaries(TEXTS, SCHEMAS, max_size=4))
    places = [[], *(["properties", name] for name in properties)]
    return {
        "tap_stream_id": draw(st.sampled_from(["Account", "Contact"])),
        "schema": draw(SCHEMAS) | {"properties": properties},
        "key_properties": draw(st.sampled_from([[], ["Id"]])),
        "metadata": [
            {"breadcrumb": place, "metadata": {"inclusion": draw(INCLUSIONS), "selected": True}}
            for place in draw(st.permutations(places))
        ],
    }


@given(st.lists(entries(), max_size=3, unique_by=lambda each: each["tap_stream_id"].lower()))
@some_examples
def test_it_says_what_was_handed_in(
    tmp_path_factory: pytest.TempPathFactory, streams: list[dict[str, Any]]
) -> None:
    """Schemas and metadata are those that the SDK would have read, in the same order."""
    expected = Catalog.from_dict({"streams": [with_id(each) for each in streams]})
    path = tmp_path_factory.mktemp("catalog") / "catalog.json"
    path.write_text(json.dumps({"streams": streams}))
    found = catalog_at(str(path))
    assert json.dumps(found.to_dict()) == json.dumps(expected.to_dict())


@given(st.lists(entries(), max_size=3))
@some_examples
def test_it_is_written_for_people_and_for_programs(streams: list[dict[str, Any]]) -> None:
    """Entry by entry it is the text of the whole, whose letters stand in any encoding."""
    text = "".join(catalog_text(streams))
    assert json.loads(text) == {"streams": streams}
    assert text.isascii()
    assert _indents(text) == _indents(json.dumps({"streams": streams}, indent=2) + "\n")


def _indents(text: str) -> list[int]:
    return [len(line) - len(line.lstrip(" ")) for line in text.split("\n")]


@given(entries())
@some_examples
def test_plain_metadata_is_what_the_sdk_would_say(entry: dict[str, Any]) -> None:
    """Whatever the user has changed in it."""
    metadata = Catalog.from_dict({"streams": [with_id(entry)]}).streams[0].metadata
    for number, each in enumerate(metadata.values()):
        if each.inclusion in OWN_INCLUSIONS:
            # As in a stream that has no catalog.
            each.inclusion, each.selected = Metadata.InclusionType(each.inclusion), None
            each.selected_by_default = (None, False, True)[number % 3]
    found, expected = PlainMetadata(metadata).to_list(), metadata.to_list()
    assert found == expected
    assert json.dumps(found) == json.dumps(expected)


@pytest.mark.parametrize("text", ['{"tap_stream_id": "Account", "schema": {}}', "{}"])
def test_a_stream_alone_is_no_catalog(tmp_path: Path, text: str) -> None:
    """What is made of an entry is not taken for the catalog."""
    path = tmp_path / "entry.json"
    path.write_text(text)
    with pytest.raises(Exception, match=r"entry\.json has no list of streams"):
        catalog_at(str(path))
