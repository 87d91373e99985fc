"""What no stamp tells of is known from the describe, a table, and the user."""

from __future__ import annotations

import pytest

from tap_versionforge_salesforce.salesforce.objects.columns import Column, Kind
from tap_versionforge_salesforce.salesforce.objects.describe import sobject_from_describe
from tap_versionforge_salesforce.salesforce.reconcile.swept_fields import swept_fields
from tests.local_org.objects.object_notation import read_object

PLAIN = Column("Name", Kind.TEXT)
TOTAL = Column("Total__c", Kind.NUMBER, is_calculated=True)
STATUS = Column("Status", Kind.TEXT)
AGE = Column("AgeInDays", Kind.INTEGER)
PLACE = Column("Place__Latitude__s", Kind.NUMBER, is_calculated=True)
WHERE = Column("Place__c", Kind.COMPOUND, (("latitude", PLACE),))
DRAWING = Column("Drawing__c", Kind.UNSUPPORTED, is_calculated=True)


@pytest.mark.parametrize(
    ("sobject", "named", "expected"),
    [
        pytest.param("Account", (), ["Place__Latitude__s", "Total__c"], id="formulas"),
        pytest.param("contract", (), ["Place__Latitude__s", "Status", "Total__c"], id="by date"),
        pytest.param("Opportunity", (), ["AgeInDays", "Place__Latitude__s", "Total__c"], id="days"),
        pytest.param("Account", ("name",), ["Name", "Place__Latitude__s", "Total__c"], id="named"),
        pytest.param("Account", ("-total__C",), ["Place__Latitude__s"], id="left out"),
        pytest.param("Account", ("Name", "-Name", "-Nobody"), ["Place__Latitude__s", "Total__c"]),
    ],
)
def test_swept_fields(sobject: str, named: tuple[str, ...], expected: list[str]) -> None:
    """Sorted, each once, and nothing that a query can't name."""
    columns = (TOTAL, PLAIN, STATUS, AGE, WHERE, DRAWING, PLACE)
    found = swept_fields(sobject, columns, stamp="SystemModstamp", named=named)
    assert [column.name for column in found] == expected


def test_what_another_stamp_says_nothing_of_is_swept() -> None:
    """LastModifiedDate stays where the system itself changes a row."""
    columns = (Column("SystemModstamp", Kind.DATETIME), Column("LastModifiedDate", Kind.DATETIME))
    (found,) = swept_fields("Account", columns, stamp="LastModifiedDate")
    assert found.name == "SystemModstamp"


def test_a_describe_says_which_fields_are_calculated() -> None:
    """By ``calculated``."""
    described = read_object("name: Thing__c\nlabel: Thing\n\nId | id | Id").describe("68.0")
    described["fields"] = [
        {"name": "Id", "type": "id"},
        {"name": "Plain__c", "type": "double", "calculated": False},
        {"name": "Sum__c", "type": "double", "calculated": True},
    ]
    columns = sobject_from_describe(described).columns
    assert [column.name for column in columns if column.is_calculated] == ["Sum__c"]
