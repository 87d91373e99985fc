"""The user's settings, read once and checked once."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.settings.definitions import DEFAULT_OBJECTS, SETTINGS, Settings
from tap_versionforge_salesforce.settings.naming import (
    ALIASES,
    resolve_aliases,
    unknown_settings,
    unknown_variables,
)
from tests.support.values import MY_DOMAIN, config, instant, settings_of, some_examples

if TYPE_CHECKING:
    from tap_versionforge_salesforce.settings.declaring import Setting

DEFAULTS: dict[str, object] = {
    "private_key": None,
    "private_key_passphrase": None,
    "certificate_path": None,
    "client_secret": None,
    "refresh_token": None,
    "refresh_token_path": None,
    "access_token": None,
    "jwt_audience": "https://login.salesforce.com",
    "api_version": "68.0",
    "objects": DEFAULT_OBJECTS,
    "filters": None,
    "replication_keys": None,
    "soql_streams": None,
    "soql_nested": False,
    "describe_streams": False,
    "start_date": None,
    "backfill": None,
    "number_format": "number",
    "api_mode": "auto",
    "bulk_threshold": 10_000,
    "include_deleted": True,
    "lookback_seconds": 600,
    "quota_warning_threshold": 1_000,
    "quota_reserve": 0,
    "bulk_page_rows": 50_000,
    "parallel_downloads": 4,
    "composite_queries": True,
    "changed_parents_only": False,
    "max_parallel_jobs": 10,
    "max_api_calls": None,
    "keep_jobs": False,
    "discovery_cache": "true",
    "reconcile_every_hours": None,
    "reconcile_store": None,
    "reconcile_fields": None,
    "reconcile_max_deleted_percent": 20,
    "deletions": "stream",
    "spool_dir": None,
    "spool_megabytes": 400,
    "report_path": None,
    "ca_bundle": None,
    "user_agent": None,
    "job_timeout_seconds": 14_400,
    "request_timeout_seconds": 300,
}
GIVEN = {"instance_url", "client_id", "username", "private_key_path"}
BY_NAME = {setting.name: setting for setting in SETTINGS}
INTEGERS = [setting for setting in SETTINGS if setting.kind == "integer"]
BOOLEANS = [setting for setting in SETTINGS if setting.kind == "boolean"]
TEXTS = [setting for setting in SETTINGS if setting.kind == "string"]
OPTIONAL = [setting for setting in SETTINGS if setting.name not in GIVEN]
SECRET = "a-very-secret-value"  # noqa: S105  that no message may have


def refused(**changes: object) -> SettingsError:
    """Return the error that a config with these changes leads to."""
    with pytest.raises(SettingsError) as caught:
        settings_of(**changes)
    return caught.value


def named(setting: Setting) -> str:
    return setting.name


# Defaults


def test_variables_that_are_no_settings() -> None:
    """A slip in the environment would be silent, were it not told."""
    prefix = "TAP_VERSIONFORGE_SALESFORCE_"
    known = [setting.name for setting in SETTINGS]
    names = ["BULK_TRESHOLD", "OBJECTS", "PRIVATEKEY", "_SELECT"]
    environment = dict.fromkeys([*(prefix + name for name in names), "HOME"], "x")
    (warning,) = unknown_variables(environment, prefix, known)
    assert warning == (
        f"The environment variable {prefix}BULK_TRESHOLD is unknown and does nothing; did you mean "
        f"{prefix}BULK_THRESHOLD?"
    )


def test_a_config_that_is_not_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The likeliest slip: it is there, and nobody has said so."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        Settings.from_config({})
    assert caught.value.hint.endswith("add --config config.json.")
    assert "is in this folder" not in refused(instance_url=None).hint


def test_a_variable_that_is_not_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has set it need not be told how."""
    monkeypatch.setenv("TAP_VERSIONFORGE_SALESFORCE_USERNAME", "x")
    given = {name: value for name, value in config().items() if name != "username"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_config(given)
    assert "is set, but not read: add --config=ENV" in caught.value.hint


def test_every_setting_is_in_these_tests() -> None:
    """A new setting needs a line in the table of defaults above."""
    assert set(BY_NAME) == set(DEFAULTS) | GIVEN


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items(), ids=list(DEFAULTS))
def test_defaults(name: str, default: object) -> None:
    """What is left out has the default of the documentation."""
    assert getattr(settings_of(), name) == default


@pytest.mark.parametrize("setting", OPTIONAL, ids=named)
@pytest.mark.parametrize("nothing", [None, "", "  \n"], ids=["null", "empty", "blanks"])
def test_an_empty_value_is_the_default(setting: Setting, nothing: object) -> None:
    """Null, or a text with nothing in it, is a setting that was left out."""
    assert settings_of(**{setting.name: nothing}) == settings_of()


def test_settings_can_not_be_changed() -> None:
    """What was checked stays as it was checked."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings_of().username = "other"  # type: ignore[misc]


# What is required


@pytest.mark.parametrize("name", ["instance_url", "client_id", "username"])
@pytest.mark.parametrize(
    ("value", "state"),
    [
        pytest.param(None, "is missing", id="null"),
        pytest.param("", "is empty", id="empty"),
        pytest.param(" \t", "is empty", id="blanks"),
    ],
)
def test_required_settings_have_to_be_given(name: str, value: object, state: str) -> None:
    """A required setting that is missing or empty is told by name, with the ways to give it."""
    error = refused(**{name: value})
    assert error.message == f"The setting {name} {state}."
    assert f"TAP_VERSIONFORGE_SALESFORCE_{name.upper()}" in error.hint
    assert "config.json" in error.hint
    assert error.code == "missing-setting"
    assert error.exit_code == 2


def test_left_out_altogether() -> None:
    """An empty config is told about like any other."""
    with pytest.raises(SettingsError, match="The setting instance_url is missing"):
        Settings.from_config({})


@pytest.mark.parametrize("nothing", [None, "", " "], ids=["null", "empty", "blank"])
def test_a_key_has_to_be_given(nothing: str | None) -> None:
    """Without a key both settings that could hold it are named."""
    error = refused(private_key_path=nothing, private_key=nothing)
    assert "Neither the setting private_key nor private_key_path" in error.message
    assert error.code == "missing-setting"


def test_only_one_key_may_be_given() -> None:
    """Two keys contradict each other, and neither is shown."""
    error = refused(private_key=SECRET)
    assert error.message == "The settings private_key and private_key_path are both given."
    assert error.hint == "Keep one of them."


def test_a_key_beside_an_empty_path() -> None:
    """A form that leaves the other field empty gives one key."""
    assert settings_of(private_key=SECRET, private_key_path="").private_key == SECRET


# What needs another setting


def test_reconciling_needs_a_store() -> None:
    """Before anything is asked of anybody."""
    error = refused(reconcile_every_hours=24)
    assert error.message == (
        "The setting reconcile_every_hours is given, and reconcile_store is not."
    )
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [("s3://bucket/store", "s3://bucket/store"), ("store", str(Path.cwd() / "store"))],
)
def test_a_store_is_a_folder_or_a_url(text: str, expected: str) -> None:
    """A folder counts from where the tap runs."""
    assert settings_of(reconcile_store=text).reconcile_store == expected


def test_fields_by_object() -> None:
    """As lists of names."""
    given = {"Opportunity": ["Age__c", "-AgeInDays"]}
    assert settings_of(reconcile_fields=given).reconcile_fields == {
        "Opportunity": ("Age__c", "-AgeInDays")
    }


@pytest.mark.parametrize(
    "value", ["Opportunity", ["Age__c"], {"Opportunity": "Age__c"}, {"A": [1]}]
)
def test_fields_of_another_form_are_refused(value: object) -> None:
    """With an example."""
    error = refused(reconcile_fields=value)
    assert error.message == (
        "The setting reconcile_fields must have a list of names for each object."
    )
    assert '{"Opportunity": ' in error.hint


# Kinds and bounds


@pytest.mark.parametrize("setting", INTEGERS, ids=named)
def test_smallest_and_largest_numbers_are_taken(setting: Setting) -> None:
    """The bounds themselves are values."""
    for bound in (setting.minimum, setting.maximum):
        given = {setting.name: bound, "reconcile_store": "store"}
        assert getattr(settings_of(**given), setting.name) == bound


@pytest.mark.parametrize("setting", INTEGERS, ids=named)
def test_numbers_out_of_bounds_are_refused(setting: Setting) -> None:
    """A number below or above is told together with the bound."""
    for number, bound in (
        (setting.minimum - 1, f"smallest value is {setting.minimum}"),
        (-(10**30), f"smallest value is {setting.minimum}"),
        (setting.maximum + 1, f"largest value is {setting.maximum}"),
        (10**30, f"largest value is {setting.maximum}"),
    ):
        error = refused(**{setting.name: number})
        assert error.message == f"The setting {setting.name} can't be {number}."
        assert bound in error.hint


@pytest.mark.parametrize("setting", INTEGERS, ids=named)
@pytest.mark.parametrize(
    "value",
    ["many", "10", 1.5, 10.0, True, [], {}],
    ids=["word", "digits", "fraction", "float", "boolean", "list", "object"],
)
def test_what_is_no_whole_number_is_refused(setting: Setting, value: object) -> None:
    """A number setting takes whole numbers only, and never a boolean for 1."""
    error = refused(**{setting.name: value})
    assert error.message == f"The setting {setting.name} must be a whole number."


@pytest.mark.parametrize("setting", BOOLEANS, ids=named)
@pytest.mark.parametrize("value", [True, False])
def test_booleans_are_taken(setting: Setting, *, value: bool) -> None:
    """True and false are what they are."""
    assert getattr(settings_of(**{setting.name: value}), setting.name) is value


@pytest.mark.parametrize("setting", BOOLEANS, ids=named)
@pytest.mark.parametrize("value", ["true", "no", 0, 1, []], ids=repr)
def test_what_is_no_boolean_is_refused(setting: Setting, value: object) -> None:
    """Nothing is taken for true or false that is neither."""
    error = refused(**{setting.name: value})
    assert error.message == f"The setting {setting.name} must be true or false."


@pytest.mark.parametrize(
    ("name", "value", "is_meant"),
    [
        ("composite_queries", "false", True),
        ("composite_queries", "No", False),
        ("composite_queries", "maybe", False),
        ("composite_queries", 0, False),
        ("bulk_threshold", "10", True),
        ("bulk_threshold", "ten", False),
        ("bulk_threshold", [], False),
    ],
)
def test_what_would_do_without_quotes_is_told(name: str, value: object, *, is_meant: bool) -> None:
    """A text that looks like the value is not one."""
    assert ("stands without quotes" in refused(**{name: value}).hint) is is_meant


@pytest.mark.parametrize("value", [False, "false", "FALSE ", "off", "No", 0, "0"], ids=repr)
def test_whatever_people_write_for_false_is_no_folder(value: object) -> None:
    """And so for true."""
    assert settings_of(discovery_cache=value).cache_folder is None
    opposite = settings_of(discovery_cache={"off": "on", "No": "yes"}.get(str(value), "1"))
    assert opposite.discovery_cache == "true"


@pytest.mark.parametrize("setting", TEXTS, ids=named)
@pytest.mark.parametrize("value", [["a"], {"a": 1}, True], ids=["list", "object", "boolean"])
def test_what_is_no_text_is_refused(setting: Setting, value: object) -> None:
    """A text setting is told by name when something else is given."""
    if value is True and setting.is_switch:
        assert settings_of(**{setting.name: value}).discovery_cache == "true"
        return
    changes: dict[str, object] = {setting.name: value}
    if setting.name == "private_key":
        changes["private_key_path"] = None
    error = refused(**changes)
    assert error.message.startswith(f"The setting {setting.name} ")


@pytest.mark.parametrize("setting", TEXTS, ids=named)
def test_a_number_is_no_text(setting: Setting) -> None:
    """Only a version may be written as a number."""
    if setting.name == "api_version":
        return
    error = refused(**{setting.name: 5})
    assert error.message == f"The setting {setting.name} must be text."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(pytest.param(n, "value", id=n) for n in ("username", "client_id", "user_agent")),
        pytest.param("api_mode", "auto", id="one of several"),
        pytest.param("spool_dir", "/tmp/value", id="path"),  # noqa: S108  nothing is put there
    ],
)
def test_blanks_around_texts_are_dropped(name: str, value: str) -> None:
    """A line break that was copied along changes nothing."""
    assert getattr(settings_of(**{name: f"  {value} \n"}), name) == value


PATHS = ["private_key_path", "spool_dir", "report_path", "ca_bundle"]


@pytest.mark.parametrize("name", PATHS)
def test_paths_from_the_home_folder(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No shell has expanded what stands in a config file."""
    monkeypatch.setenv("HOME", "/home/somebody")
    assert getattr(settings_of(**{name: "~/thing"}), name) == "/home/somebody/thing"


@pytest.mark.parametrize("name", PATHS)
def test_a_relative_path_says_from_where_it_counts(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an environment variable it counts from the working folder; messages have it whole."""
    monkeypatch.chdir(tmp_path)
    assert getattr(settings_of(**{name: "sub/thing"}), name) == str(tmp_path / "sub" / "thing")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("~no-such-user/thing", id="home of nobody"),
        pytest.param("-----BEGIN PRIVATE KEY-----", id="the key itself"),
        pytest.param("MIIE//" * 300, id="the key itself in base64"),
    ],
)
def test_what_is_no_path_stays(value: str) -> None:
    """It is told where it would be read, as what it is."""
    assert settings_of(private_key_path=value).private_key_path == value


def test_the_sdk_sees_settings_as_they_are_meant() -> None:
    """It checks and uses some of them itself."""
    settings = settings_of(
        api_mode=" rest ", start_date=" 2024-01-31 ", spool_dir="/a/../b ", discovery_cache=False
    )
    assert settings.for_sdk() == {
        "api_version": "68.0",
        "api_mode": "rest",
        "start_date": "2024-01-31T00:00:00.000Z",
        "spool_dir": "/a/../b",
        "discovery_cache": "false",
        "number_format": "number",
    }


def test_a_passphrase_is_used_as_it_is() -> None:
    """Blanks around a passphrase belong to it."""
    phrase = " a b "
    assert settings_of(private_key_passphrase=phrase).private_key_passphrase == phrase


@pytest.mark.parametrize(
    "value", ["a\r\nX-Header: b", "caf\u00e9", "\U0001f642", "a\x00b"], ids=ascii
)
def test_user_agent_has_to_fit_a_header(value: str) -> None:
    """What no header can carry, or what would be a second header, is refused."""
    assert refused(user_agent=value).message == "The setting user_agent can't be sent in a header."


@given(
    st.sampled_from(SETTINGS),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    ),
)
@some_examples
def test_no_value_is_a_crash(setting: Setting, value: object) -> None:
    """Any JSON in any setting is either taken or refused in one line that names the setting."""
    try:
        settings_of(**{setting.name: value})
    except SettingsError as error:
        assert "private_key" in error.message or setting.name in error.message  # noqa: PT017
        assert error.hint  # noqa: PT017


# Single settings


def test_instance_url_is_checked() -> None:
    """The host is looked at before anything is sent."""
    assert settings_of(instance_url=f"{MY_DOMAIN}/").instance_url == MY_DOMAIN
    assert "evil.example" in refused(instance_url="https://evil.example").message


def test_audience_is_derived_unless_given() -> None:
    """The audience follows from the host, and a given one is known to be given."""
    derived = settings_of(instance_url="https://x--uat.sandbox.my.salesforce.com")
    assert derived.jwt_audience == "https://test.salesforce.com"
    assert derived.jwt_audience_derived
    chosen = settings_of(jwt_audience="https://test.salesforce.com/")
    assert chosen.jwt_audience == "https://test.salesforce.com"
    assert not chosen.jwt_audience_derived


@pytest.mark.parametrize(
    ("value", "version"),
    [
        pytest.param("68.0", "68.0", id="text"),
        pytest.param("v66.0", "66.0", id="with v"),
        pytest.param("61", "61.0", id="no decimals"),
        pytest.param(62.0, "62.0", id="float"),
        pytest.param(63, "63.0", id="integer"),
        pytest.param("50.0", "50.0", id="lowest"),
        pytest.param("100.0", "100.0", id="three digits"),
    ],
)
def test_api_version_spellings(value: object, version: str) -> None:
    """A version is taken in every spelling that JSON and people have for it."""
    assert settings_of(api_version=value).api_version == version


@pytest.mark.parametrize("value", ["latest", "68.5", "6", "v", "68.0.0", "49.0", 20, 68.5])
def test_api_versions_that_can_not_be(value: object) -> None:
    """What is no version, or too old a one, is refused."""
    assert refused(api_version=value).message == f"The setting api_version can't be '{value}'."


@pytest.mark.parametrize("mode", ["auto", "rest", "bulk"])
def test_api_modes(mode: str) -> None:
    """The three modes are taken."""
    assert settings_of(api_mode=mode).api_mode == mode


@pytest.mark.parametrize("mode", ["soap", "REST", "bulk2"])
def test_unknown_api_modes(mode: str) -> None:
    """Another mode is refused, and the three are named."""
    error = refused(api_mode=mode)
    assert error.message == f"The setting api_mode can't be '{mode}'."
    assert error.hint == "It is auto, rest or bulk."


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        pytest.param("2024-01-31", "2024-01-31T00:00:00Z", id="date"),
        pytest.param("2024-01-31T10:00:00+02:00", "2024-01-31T08:00:00Z", id="with a zone"),
    ],
)
def test_start_date_is_an_instant(text: str, canonical: str) -> None:
    """start_date is read once, in UTC."""
    assert settings_of(start_date=text).start_date == instant(canonical)


@pytest.mark.parametrize("text", ["yesterday", "31.01.2024", "2024-13-01", "0001-01-01T00:00+10"])
def test_start_date_that_is_no_date(text: str) -> None:
    """What is no date is told with an example of one."""
    error = refused(start_date=text)
    assert error.message.startswith("The setting start_date is no date: ")
    assert "2024-01-31" in error.hint


def test_objects_are_read_in_order_and_once() -> None:
    """Names are stripped, and one that is given twice counts once."""
    given_names = ["Account", " Contact ", "Account", "*__c", "Opp?rtunity*", "ns__X__c"]
    settings = settings_of(objects=given_names)
    assert settings.objects == ("Account", "Contact", "*__c", "Opp?rtunity*", "ns__X__c")
    assert not settings.objects_are_default


def test_objects_left_to_the_default() -> None:
    """Only a choice of the user's own makes a missing object an error."""
    assert settings_of().objects_are_default
    assert settings_of(objects=None).objects_are_default


@pytest.mark.parametrize(
    "name", ["", "Opportunity Line Item", "Account;", "x'", "a-b", "1x", "[ab]", "Account.Name"]
)
def test_what_is_no_object_name_is_refused(name: str) -> None:
    """A label, or anything that could change a query, is refused by name."""
    error = refused(objects=["Account", name])
    assert error.message == (f"The setting objects holds {name!r}, which is no object's API name.")


@pytest.mark.parametrize("value", ["Account", "Account,Contact", [1], [None], {"Account": 1}, 5])
def test_objects_that_are_no_list(value: object) -> None:
    """Objects are a list of names, and the message shows one."""
    error = refused(objects=value)
    assert error.message == "The setting objects must be a list of names."
    assert '["Account", "Opportunity"]' in error.hint


def test_no_objects_at_all() -> None:
    """An empty list would extract nothing and say nothing."""
    assert refused(objects=[]).message == "The setting objects is empty."


# Aliases


@pytest.mark.parametrize(("alias", "name"), ALIASES.items(), ids=list(ALIASES))
class TestAliases:
    """Names under which the same settings are known elsewhere."""

    def test_alias_serves_for_the_setting(self, alias: str, name: str) -> None:
        """A credential that was copied from there works as it is."""
        assert resolve_aliases({alias: "x"}) == {name: "x"}

    def test_same_value_twice_is_one(self, alias: str, name: str) -> None:
        """Two names with one value don't contradict each other."""
        assert resolve_aliases({alias: "x", name: "x"}) == {name: "x"}

    @pytest.mark.parametrize("nothing", [None, ""], ids=["null", "empty"])
    def test_empty_beside_a_value_is_nothing(
        self, alias: str, name: str, nothing: str | None
    ) -> None:
        """An empty spelling beside a full one contradicts nothing, whichever is empty."""
        assert resolve_aliases({alias: nothing, name: "x"}) == {name: "x"}
        assert resolve_aliases({alias: "x", name: nothing}) == {name: "x"}

    def test_contradiction_is_told_without_the_values(self, alias: str, name: str) -> None:
        """Two values for one setting are refused, both names told and neither value."""
        with pytest.raises(SettingsError) as caught:
            resolve_aliases({alias: SECRET, name: f"{SECRET}-other"})
        error = caught.value
        assert error.message == (
            f"The settings {name} and {alias} mean the same, but have different values."
        )
        assert error.hint == f"Keep {name} and remove {alias}."


def test_a_credential_of_the_original_connector_works() -> None:
    """Its four names are enough."""
    settings = Settings.from_config(
        {
            "instanceUrl": MY_DOMAIN,
            "clientId": "consumer-key",
            "username": "tap@example.com",
            "privateKey": "key",
        }
    )
    assert (settings.instance_url, settings.client_id) == (MY_DOMAIN, "consumer-key")
    assert settings.private_key == "key"


def test_aliases_leave_the_config_alone() -> None:
    """The user's own dict is not written to."""
    given_config = {"instanceUrl": MY_DOMAIN}
    resolve_aliases(given_config)
    assert given_config == {"instanceUrl": MY_DOMAIN}


# Unknown settings


def test_known_settings_give_no_warning() -> None:
    """The whole list, and what the SDK adds, is known."""
    assert unknown_settings(dict.fromkeys(BY_NAME), [*BY_NAME, "stream_maps"]) == []


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        pytest.param("bulk_treshold", "did you mean bulk_threshold?", id="misspelt"),
        pytest.param("instance", "did you mean instance_url?", id="short"),
        pytest.param("zzz", "--about lists all settings.", id="like nothing"),
    ],
)
def test_unknown_settings_are_told(name: str, advice: str) -> None:
    """A setting that does nothing is told, with the one that was probably meant."""
    assert unknown_settings({name: 1, "username": "x"}, BY_NAME) == [
        f"The setting {name} is unknown and does nothing; {advice}"
    ]


def test_unknown_settings_do_not_stop_a_run() -> None:
    """A setting of another version of the tap is passed over."""
    assert settings_of(some_day=1) == settings_of()


# Secrets


def test_secrets_are_not_in_the_repr() -> None:
    """Settings can be logged."""
    settings = Settings.from_config(
        config(
            client_id=f"{SECRET}-1",
            private_key=f"{SECRET}-2",
            private_key_path=None,
            private_key_passphrase=f"{SECRET}-3",
        )
    )
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


@pytest.mark.parametrize("setting", [s for s in SETTINGS if s.secret], ids=named)
@pytest.mark.parametrize(
    "wrap", [lambda s: [s], lambda s: {"key": s}, lambda s: (s,)], ids=["list", "object", "tuple"]
)
def test_secrets_are_not_in_messages(setting: Setting, wrap: object) -> None:
    """A secret of the wrong kind is refused without being shown."""
    assert callable(wrap)
    error = refused(**{setting.name: wrap(SECRET)})
    assert SECRET not in f"{error.message} {error.hint}"


# Other taps


@pytest.mark.parametrize(
    "domain",
    [
        *("acme.my", "ACME.my.salesforce.com", " acme.my "),
        *("https://acme.my.salesforce.com", "https://acme.my.salesforce.com/home"),
    ],
)
def test_a_domain_of_another_tap_is_an_instance_url(domain: str) -> None:
    """What stands in front of .salesforce.com there."""
    given = {**config(), "domain": domain}
    del given["instance_url"]
    assert Settings.from_config(given).instance_url == "https://acme.my.salesforce.com"


@pytest.mark.parametrize(
    ("domain", "problem"),
    [
        pytest.param("https://acme.lightning.force.com", "is the address of a page", id="page"),
        pytest.param("https://evil.example.com", "names 'evil.example.com'", id="elsewhere"),
        pytest.param("acme@my", "must be plain https", id="no name"),
        pytest.param("https://login.salesforce.com", "is login, which serves", id="no org's"),
    ],
)
def test_a_domain_that_is_none_is_told_by_its_name(domain: str, problem: str) -> None:
    """Nobody has written instance_url."""
    assert refused(domain=domain, instance_url=None).message.startswith(
        f"The setting domain {problem}"
    )


@pytest.mark.parametrize("alias", ALIASES)
def test_a_setting_is_told_as_it_was_written(alias: str) -> None:
    """With the name that it has here."""
    name = ALIASES[alias]
    error = refused(**{name: None, alias: ["\x00"] if name == "objects" else [5]})
    assert error.message.startswith(f"The setting {alias} (here {name}) ")


def test_a_config_of_another_tap_is_told_where_to_read() -> None:
    """What is missing there is found in Setup."""
    error = refused(instance_url=None, is_sandbox=False)
    assert error.message == "The setting instance_url is missing."
    assert "Setup > My Domain shows it" in error.hint
    assert "docs/how-to/migrating.md" in error.hint
    assert "migrating" not in refused(instance_url=None).hint


@pytest.mark.parametrize("name", ["quota_percent_per_run", "quota_percent_total"])
def test_a_share_of_the_calls_has_others_in_its_place(name: str) -> None:
    """Of singer-io's tap."""
    (warning,) = unknown_settings({name: 80}, BY_NAME)
    assert f"{name} of other taps does nothing here; in its place: " in warning
