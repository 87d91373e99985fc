"""Fields of parents in objects of their own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind, nested

# A relationship and a field never have one name.
relationships = st.lists(st.sampled_from(("Account", "Owner", "Parent__r")), max_size=4)
fields = st.sampled_from(("Id", "Name", "Amount__c"))
paths = st.lists(st.tuples(relationships, fields), min_size=1, unique_by=str)


@given(paths)
def test_each_field_is_found_by_the_way_that_its_name_tells(
    paths: list[tuple[list[str], str]],
) -> None:
    """None is lost or comes twice, and each object stands where its first field stood."""
    names = [".".join([*before, field]) for before, field in paths]
    columns = nested(Column(name, Kind.TEXT) for name in names)
    for before, field in paths:
        members = {column.name: column for column in columns}
        for name in before:
            members = dict(members[name].parts)
        assert members[field] == Column(".".join([*before, field]), Kind.TEXT)
    queried = [part.name for column in columns for part in column.queried]
    assert sorted(queried) == sorted(names)
    tops = [column.name for column in columns]
    assert tops == list(dict.fromkeys(name.partition(".")[0] for name in names))
