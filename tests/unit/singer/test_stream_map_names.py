"""Which streams and fields the stream maps name."""

from __future__ import annotations

from typing import Any

import pytest
from singer_sdk import mapper

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.singer import stream_map_names
from tap_versionforge_salesforce.singer.stream_map_names import (
    FUNCTIONS,
    OPTIONS,
    StreamMapNames,
    misnamed,
)

FIELDS = {
    "Account": {"Id", "Name", "Phone", "BillingAddress"},
    "Contact": {"Id", "Name", "Email"},
}
UNREAD = ["User"]
ORG = ["Account", "Case", "Contact", "User"]


def names(maps: dict[str, Any] | None) -> StreamMapNames:
    return StreamMapNames(maps, fields=FIELDS, unread=UNREAD, org=lambda: ORG)


@pytest.mark.parametrize(
    ("maps", "missing"),
    [
        pytest.param({"Acount": {}}, "the stream Acount (did you mean Account?)", id="stream"),
        pytest.param({"account": None}, "the stream account (did you mean Account?)", id="case"),
        pytest.param({"Usr": {}}, "the stream Usr (did you mean User?)", id="unread stream"),
        pytest.param({"Zzz__c": {}}, "the stream Zzz__c", id="nothing like it"),
        pytest.param(
            {"New": {"__source__": "Acount"}}, "the stream Acount (did you mean", id="source"
        ),
        pytest.param(
            {"Account": {"Phonee": None}}, "the field Account.Phonee (did you mean Phone?)", id="n"
        ),
        pytest.param({"Account": {"Phonee": "__NULL__"}}, "the field Account.Phonee", id="NULL"),
        pytest.param({"Account": {"phone": None}}, "the field Account.phone (did", id="case, null"),
        pytest.param(
            {"Account": {"phone": "md5(Phone)"}}, "the field Account.phone (did", id="case, new"
        ),
        pytest.param(
            {"Account": {"BillingAddress__city": None}},
            "the field Account.BillingAddress__city (did you mean BillingAddress?)",
            id="flattened",
        ),
        pytest.param(
            {"Account": {"__filtr__": "1"}},
            "the option Account.__filtr__ (did you mean __filter__?)",
            id="option",
        ),
        pytest.param({"*": {"Emial": None}}, "the field *.Emial (did you mean Email", id="pattern"),
        pytest.param(
            {"Account": {"Phone": "md5(Phonee)"}},
            "Phonee in the expression of Account.Phone (did you mean Phone?)",
            id="expression",
        ),
        pytest.param(
            {"Account": {"Hash": "sha265(Phone)"}},
            "sha265 in the expression of Account.Hash",
            id="function",
        ),
        pytest.param({"Account": {"Hash": "md5(self)"}}, "self in the expression", id="self"),
        pytest.param({"Account": {"A": "record['Phonee']"}}, "Phonee in the expr", id="record[]"),
        pytest.param({"Account": {"A": "_.Phonee"}}, "Phonee in the expression", id="_."),
        pytest.param(
            {"Account": {"__filter__": "Fone == ''"}}, "Fone in the expression of", id="filter"
        ),
    ],
)
def test_what_does_not_exist_is_told(maps: dict[str, Any], missing: str) -> None:
    """With what was meant, where something is like it."""
    with pytest.raises(SettingsError) as caught:
        list(names(maps).warnings())
    assert f"does not exist: {missing}" in caught.value.message
    assert caught.value.code == "unknown-name"


def test_all_that_is_missing_is_told_at_once() -> None:
    """Nobody wants to mend one name a run."""
    with pytest.raises(SettingsError) as caught:
        list(names({"Acount": {}, "Contact": {"Fax": None, "E": "md5(Emial)"}}).warnings())
    told = caught.value.message
    assert [word for word in ("Acount", "Contact.Fax", "Emial") if word not in told] == []


@pytest.mark.parametrize(
    "maps",
    [
        pytest.param(None, id="none"),
        pytest.param({"Account": None, "Contact": "__NULL__", "__else__": None}, id="removed"),
        pytest.param({"Account": {"Phone": None, "__else__": None}}, id="dropped"),
        pytest.param({"Account": {"Hash": "md5(Phone)"}}, id="new field"),
        pytest.param({"Account": {"Phone": "md5(self)"}}, id="self"),
        pytest.param({"Account": {"Phone2": "Phone", "Phone": None}}, id="instead of a field"),
        pytest.param({"Account": {"__alias__": "'x' + __stream_name__"}}, id="alias"),
        pytest.param({"Account": {"__key_properties__": ["Id"]}}, id="keys"),
        pytest.param({"New": {"__source__": "Account", "Phone": None}}, id="source"),
        pytest.param({"*": {"Email": None}}, id="a field of one of several"),
        pytest.param({"Con?act": {"Email": None}}, id="pattern"),
        pytest.param({"Account": {"A": "record.get('Anything', '')"}}, id="record.get"),
        pytest.param({"Account": {"A": "[x for x in Name if x]"}}, id="its own variable"),
        pytest.param({"Account": {"__loaded_at": "datetime.datetime.now()"}}, id="underscores"),
        pytest.param({"Account": {"A": "config['salt'] + _['Name']"}}, id="config"),
        pytest.param({"Account": {"A": "True if Name else None"}}, id="constants"),
    ],
)
def test_what_is_right_is_not_told(maps: dict[str, Any] | None) -> None:
    """The SDK's own vocabulary and new fields are no mistakes."""
    assert list(names(maps).warnings()) == []


@pytest.mark.parametrize(
    ("maps", "named"), [({}, "any stream"), ({"Account": {}}, "Account")], ids=["all", "one"]
)
def test_a_map_with_nothing_in_it_is_told(maps: dict[str, Any], named: str) -> None:
    """Meltano loses a null: what was to be dropped would come without a word."""
    (told,) = names(maps).warnings()
    assert told.startswith(f"The setting stream_maps has nothing for {named}: no field")
    assert '"__NULL__"' in told


def test_a_pattern_in_another_case_is_told() -> None:
    """The SDK would match nothing by it."""
    with pytest.raises(SettingsError, match=r"a\*, which matches Account but for upper and lower"):
        list(names({"a*": {"Phone": None}}).warnings())


def test_fake_values_need_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told before any row is read."""
    maps = {"Account": {"Phone": "fake.name()"}}
    monkeypatch.setattr(stream_map_names, "find_spec", lambda _: object())
    assert list(names(maps).warnings()) == []
    monkeypatch.setattr(stream_map_names, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="the package faker is not installed"):
        list(names(maps).warnings())


def test_a_new_field_that_is_nearly_another_is_told() -> None:
    """It may be meant as it is, so that it is no error."""
    (warning,) = names({"Account": {"Phonee": "md5(Phone)"}}).warnings()
    assert "adds Account.Phonee and leaves Phone as it is: did you mean Phone?" in warning


def test_what_is_not_read_is_told_in_one_line() -> None:
    """One config may serve several runs, each of some streams."""
    maps = {"User": {"Nope": None}, "Case": None, "Zzz*": None, "*": {"SSN__c": None}}
    (warning,) = names(maps).warnings()
    assert warning.endswith("names what this run does not read: User, Case, Zzz*, *.SSN__c.")


def test_the_org_is_asked_only_where_nothing_else_knows() -> None:
    """A call for each run would be paid by everybody."""
    maps: dict[str, Any] = {"Account": {"Phone": None}, "User": {}, "Zz*": {}}
    made = StreamMapNames(maps, fields=FIELDS, unread=UNREAD, org=lambda: pytest.fail("asked"))
    assert made.idle == ["User", "Zz*"]


def test_the_sdks_vocabulary_is_known() -> None:
    """What the SDK offers to expressions and maps is what is looked for."""
    functions = mapper.CustomStreamMap.functions.fget(None)  # type: ignore[attr-defined]
    assert set(functions) == FUNCTIONS
    named = {value for name, value in vars(mapper).items() if name.startswith("MAPPER_")}
    assert named == OPTIONS


@pytest.mark.parametrize(
    ("bookmarks", "told"),
    [
        pytest.param(["account"], ["account"], id="case"),
        pytest.param(["Acount"], ["Acount"], id="slip"),
        pytest.param(["Acount", "Account"], [], id="the right one is there, too"),
        pytest.param(["Opportunity"], [], id="of another stream"),
    ],
)
def test_a_bookmark_of_no_stream(bookmarks: list[str], told: list[str]) -> None:
    """Only one that was meant for a stream is told: a state may hold more than is read."""
    found = list(misnamed(bookmarks, ["Account"]))
    assert [each.split()[6] for each in found] == [f"{name}," for name in told]
    assert all("did you mean Account?" in each for each in found)
