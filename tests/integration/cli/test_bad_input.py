"""What users get wrong: one sentence with the setting and the fix, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import SETTINGS_PREFIX
from tests.support.told import GONE, assert_told, config_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org import LocalOrg
    from tests.support.harness import TapRunner

# Settings

SETTINGS = [
    pytest.param({"instance_url": GONE}, ["instance_url is missing", "My Domain"], id="no URL"),
    pytest.param({"instance_url": None}, ["instance_url is missing"], id="null URL"),
    pytest.param({"instance_url": ""}, ["instance_url is empty"], id="empty URL"),
    pytest.param({"instance_url": "  "}, ["instance_url is empty"], id="blank URL"),
    pytest.param({"client_id": GONE}, ["client_id is missing", "CLIENT_ID"], id="no client_id"),
    pytest.param({"client_id": ""}, ["client_id is empty"], id="empty client_id"),
    pytest.param(
        {"username": GONE}, ["username is missing", "not the user's e-mail"], id="no user"
    ),
    pytest.param({"username": ""}, ["username is empty"], id="empty user"),
    pytest.param(
        {"username": GONE, "private_key": GONE, "client_secret": ""},
        ["username is missing, and client_secret is there and empty", "variable may not be set"],
        id="empty secret",
    ),
    pytest.param(
        {"private_key": GONE, "client_secret": " "},
        ["Neither", "client_secret is there and empty"],
        id="blank secret",
    ),
    pytest.param(
        {"private_key": GONE, "client_secret": "", "refresh_token": "5Aep861"},
        ["refresh_token is given, and client_secret is empty"],
        id="empty secret of a token",
    ),
    pytest.param({"private_key": GONE}, ["Neither", "private_key_path"], id="no key"),
    pytest.param({"private_key": ""}, ["Neither", "private_key_path"], id="empty key"),
    pytest.param(
        {"private_key_path": "key.pem"},
        ["private_key and private_key_path are both given", "Keep one"],
        id="two keys",
    ),
    pytest.param(
        {"instanceUrl": "https://other.my.salesforce.com"},
        ["instance_url and instanceUrl mean the same", "remove instanceUrl"],
        id="doubled instance_url",
    ),
    pytest.param({"clientId": "other"}, ["client_id and clientId"], id="doubled client_id"),
    pytest.param({"privateKey": "other"}, ["private_key and privateKey"], id="doubled private_key"),
    pytest.param(
        {
            "login_url": "https://test.salesforce.com",
            "jwt_audience": "https://login.salesforce.com",
        },
        ["jwt_audience and login_url"],
        id="doubled audience",
    ),
    pytest.param(
        {"api_mode": "fast"}, ["api_mode can't be 'fast'", "auto, rest or bulk"], id="mode"
    ),
    pytest.param({"api_mode": 1}, ["api_mode must be text"], id="mode that is a number"),
    pytest.param(
        {"bulk_threshold": -1},
        ["bulk_threshold can't be -1", "smallest value is 0", "default is 10000"],
        id="negative bulk_threshold",
    ),
    pytest.param({"lookback_seconds": -1}, ["lookback_seconds can't be -1"], id="lookback"),
    pytest.param({"quota_reserve": -1}, ["quota_reserve can't be -1"], id="reserve"),
    pytest.param({"quota_warning_threshold": -5}, ["can't be -5"], id="warning threshold"),
    pytest.param({"bulk_page_rows": 0}, ["bulk_page_rows can't be 0"], id="no rows a page"),
    pytest.param({"max_api_calls": 0}, ["max_api_calls can't be 0"], id="no calls at all"),
    pytest.param({"job_timeout_seconds": 0}, ["can't be 0"], id="no time for a job"),
    pytest.param(
        {"request_timeout_seconds": 10**12},
        ["request_timeout_seconds can't be", "largest value"],
        id="timeout that no socket takes",
    ),
    pytest.param({"bulk_threshold": 1.5}, ["must be a whole number", "1.5 is none"], id="fraction"),
    pytest.param({"bulk_threshold": "10"}, ["must be a whole number"], id="number as text"),
    pytest.param({"bulk_threshold": True}, ["must be a whole number"], id="boolean for a number"),
    pytest.param({"include_deleted": "yes"}, ["must be true or false"], id="text for a boolean"),
    pytest.param({"include_deleted": 1}, ["must be true or false"], id="number for a boolean"),
    pytest.param({"username": 5}, ["username must be text"], id="number for text"),
    pytest.param({"username": ["a"]}, ["username must be text"], id="list for text"),
    pytest.param({"private_key": {"pem": "x"}}, ["private_key must be text"], id="object for text"),
    pytest.param({"objects": "Account"}, ["objects must be a list"], id="text for a list"),
    pytest.param({"objects": [1]}, ["objects must be a list"], id="list of numbers"),
    pytest.param({"objects": []}, ["objects is empty"], id="no objects"),
    pytest.param({"objects": [""]}, ["objects holds ''"], id="empty object"),
    pytest.param({"objects": ["Account; DROP"]}, ["'Account; DROP'", "API name"], id="no name"),
    pytest.param({"start_date": "yesterday"}, ["start_date", "2024-01-31"], id="no date"),
    pytest.param({"start_date": "2024-13-01"}, ["start_date"], id="month 13"),
    pytest.param({"start_date": "01/02/2024"}, ["start_date"], id="American date"),
    pytest.param({"start_date": "1600-01-01"}, ["start_date", "1700"], id="before all dates"),
    pytest.param({"start_date": "0001-01-01T00:00:00+14:00"}, ["start_date"], id="year 0"),
    pytest.param({"start_date": 20240131}, ["start_date must be text"], id="date as a number"),
    pytest.param({"api_version": "latest"}, ["api_version can't be 'latest'"], id="no version"),
    pytest.param({"api_version": "20.0"}, ["api_version", "lowest version"], id="too old"),
    pytest.param({"jwt_audience": "test"}, ["jwt_audience can't be 'test'"], id="no audience"),
    pytest.param({"jwt_audience": "https://[x"}, ["jwt_audience"], id="audience, half a URL"),
    pytest.param({"user_agent": "a\nb"}, ["user_agent", "ASCII"], id="user agent of two lines"),
    pytest.param({"user_agent": "täp"}, ["user_agent", "ASCII"], id="user agent not ASCII"),
    pytest.param({"ca_bundle": "nowhere.pem"}, ["ca_bundle", "nowhere.pem"], id="no CA bundle"),
    pytest.param({"spool_dir": "nowhere"}, ["spool_dir", "nowhere"], id="no spool folder"),
    pytest.param({"stream_maps": "x"}, ["stream_maps"], id="stream_maps as text"),
    pytest.param({"stream_maps": {"__else__": "x"}}, ["stream_maps", "null"], id="__else__"),
    pytest.param({"flattening_enabled": True}, ["flattening_max_depth"], id="flattening, no depth"),
]


@pytest.mark.parametrize(("changes", "words"), SETTINGS)
def test_setting_is_named_with_its_fix(
    org: LocalOrg, tap: TapRunner, changes: dict[str, Any], words: list[str]
) -> None:
    """Missing, empty, doubled, contradictory or of the wrong kind: told before any request."""
    run = tap.command("--config", config_file(org, tap, changes))
    assert_told(run, *words)
    assert org.journal.calls() == []


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        pytest.param({"x": "1/0"}, "ZeroDivisionError", id="value"),
        pytest.param({"x": "int('x')"}, "ValueError", id="function"),
        pytest.param({"__filter__": "Id - 1"}, "TypeError", id="filter"),
    ],
)
def test_stream_map_that_fails_on_a_row(
    org: LocalOrg, tap: TapRunner, expression: dict[str, str], reason: str
) -> None:
    """The stream, the row and the reason are named; the bookmark stays where it was."""
    (row,) = org.store.seed("Account", 1, hurt=False)
    run = tap.sync(objects=["Account"], stream_maps={"Account": expression})
    assert run.exit_code == 2
    assert f"The stream map of Account fails on the row {row}" in run.log
    assert reason in run.log
    assert run.log.rstrip().endswith("[stream-map-failed]")
    assert "Traceback" not in run.log
    assert run.bookmark("Account") is None


@pytest.mark.parametrize("command", ["--discover", "--test", "--test=schema"])
def test_every_command_tells_it(org: LocalOrg, tap: TapRunner, command: str) -> None:
    """Settings are checked whichever way the tap is started."""
    path = config_file(org, tap, {"api_mode": "fast"})
    assert_told(tap.command("--config", path, command), "api_mode can't be 'fast'")
    assert org.journal.calls() == []


def test_no_config_at_all(org: LocalOrg, tap: TapRunner) -> None:
    """The first setting that is missing is named, and the ways to give it."""
    assert_told(tap.command(), "instance_url is missing", "config.json", "meltano config set")
    assert org.journal.calls() == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"clientId": "", "instanceUrl": None}, id="empty alias"),
        pytest.param({"jwt_audience": "", "start_date": "", "objects": ""}, id="empty settings"),
        pytest.param({"api_version": 68}, id="version as a number"),
        pytest.param({"api_version": 68.0}, id="version as a fraction"),
        pytest.param({"username": " integration@local-org.example\n"}, id="blanks around it"),
        pytest.param({"api_mode": " auto ", "start_date": " 2024-01-01 "}, id="blanks around all"),
        pytest.param({"spool_dir": " ", "report_path": " "}, id="blanks alone"),
    ],
)
def test_harmless_spellings_work(org: LocalOrg, tap: TapRunner, changes: dict[str, Any]) -> None:
    """What can only mean one thing is understood."""
    run = tap.command("--config", config_file(org, tap, changes), "--discover")
    assert run.exit_code == 0, run.log


def test_aliases_of_the_original_connector_work(org: LocalOrg, tap: TapRunner) -> None:
    """A credential copied from there signs in as it is."""
    given = org.config()
    old = {
        "instanceUrl": given["instance_url"],
        "clientId": given["client_id"],
        "username": given["username"],
        "privateKey": given["private_key"],
    }
    run = tap.command("--config", tap.file("config.json", old), "--discover")
    assert run.exit_code == 0, run.log


def test_unknown_setting_is_a_warning(org: LocalOrg, tap: TapRunner) -> None:
    """A misspelt setting does nothing, and that is said, with the name that was meant."""
    run = tap.command("--config", config_file(org, tap, {"bulk_treshold": 5}), "--discover")
    assert run.exit_code == 0
    assert "bulk_treshold is unknown and does nothing; did you mean bulk_threshold?" in run.log


# Stream maps


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        pytest.param({"Acount": {"Phone": None}}, ["Acount", "did you mean Account?"], id="stream"),
        pytest.param({"Account": {"Phonee": None}}, ["Account.Phonee", "mean Phone?"], id="field"),
        pytest.param({"account": None}, ["account (did you mean Account?)"], id="case"),
        pytest.param({"Account": {"x": "md5(Fone)"}}, ["Fone", "Account.x"], id="expression"),
    ],
)
@pytest.mark.parametrize("command", [[], ["--test"]], ids=["sync", "test"])
def test_stream_map_for_what_does_not_exist(
    org: LocalOrg, tap: TapRunner, maps: dict[str, Any], words: list[str], command: list[str]
) -> None:
    """What was to be hidden would come in clear: told before any row is read."""
    org.store.seed("Account", 1, hurt=False)
    run = tap.command("--config", tap.config(objects=["Account"], stream_maps=maps), *command)
    assert_told(run, "stream_maps names what does not exist", *words, code="unknown-name")
    assert org.journal.soql() == []


def test_stream_map_for_what_is_not_read(org: LocalOrg, tap: TapRunner) -> None:
    """An object of the org that this run leaves out is no mistake, but it is said."""
    (row_id,) = org.store.seed("Account", 1, hurt=False)
    catalog = tap.discover(objects=["Account", "Contact"])
    for item in catalog["streams"][1]["metadata"]:
        if item["breadcrumb"] == []:
            item["metadata"]["selected"] = False
    maps = {"Account": {"Phone": None, "Fax2": "Fax"}, "Contact": None, "User": {"Nope": None}}
    run = tap.sync(catalog=catalog, stream_maps=maps)
    assert run.exit_code == 0, run.log
    assert run.ids("Account") == [row_id]
    assert "Phone" not in run.records("Account")[0]
    assert "stream_maps names what this run does not read: Contact, User." in run.log
    assert "adds Account.Fax2 and leaves Fax as it is: did you mean Fax?" in run.log


# Hosts


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("https://example.com", ["'example.com'", "My Domain"], id="another host"),
        pytest.param("https://salesforce.com", ["'salesforce.com'"], id="the domain alone"),
        pytest.param("https://a.my.salesforce.com.evil.com", ["evil.com"], id="in front"),
        pytest.param("https://evilsalesforce.com", ["evilsalesforce.com"], id="no dot between"),
        pytest.param("https://a.my.salesforce.com@evil.com", ["evil.com"], id="as user name"),
        pytest.param("http://127.0.0.1@evil.com", ["evil.com"], id="loopback as user name"),
        pytest.param("https://evil.com\\.my.salesforce.com", ["instance_url"], id="backslash"),
        pytest.param("http://evil.com\\@127.0.0.1", ["instance_url"], id="backslash, loopback"),
        pytest.param("https://evil.com#.my.salesforce.com", ["evil.com"], id="fragment"),
        pytest.param("https://evil.com%2f.my.salesforce.com", ["instance_url"], id="escape"),
        pytest.param("https://a b.my.salesforce.com", ["instance_url"], id="blank inside"),
        pytest.param("http://a.my.salesforce.com", ["plain https"], id="plain http"),
        pytest.param("https://me:hunter2@a.my.salesforce.com", ["plain https"], id="password"),
        pytest.param("http://me:hunter2@127.0.0.1", ["a host and a port"], id="loopback, password"),
        pytest.param("ftp://a.my.salesforce.com", ["plain https"], id="ftp"),
        pytest.param("ftp://127.0.0.1", ["instance_url", "http"], id="ftp on loopback"),
        pytest.param("https://a.my.salesforce.com:8443", ["plain https"], id="port"),
        pytest.param("https://a.my.salesforce.com:x", ["instance_url"], id="port that is none"),
        pytest.param("http://localhost:x", ["instance_url"], id="loopback port that is none"),
        pytest.param("http://[::1", ["instance_url"], id="half a bracket"),
        pytest.param(
            "https://acme.lightning.force.com/lightning/page/home",
            ["https://acme.my.salesforce.com"],
            id="Lightning",
        ),
        pytest.param(
            "https://acme--uat.sandbox.lightning.force.com",
            ["https://acme--uat.sandbox.my.salesforce.com"],
            id="Lightning of a sandbox",
        ),
        pytest.param(
            "https://acme.my.salesforce-setup.com/lightning/setup/SetupOneHome/home",
            ["https://acme.my.salesforce.com"],
            id="Setup",
        ),
        pytest.param("https://login.salesforce.com", ["jwt_audience"], id="login host"),
        pytest.param("https://test.salesforce.com", ["jwt_audience"], id="sandbox login host"),
    ],
)
def test_host_is_refused_before_anything_is_sent(
    org: LocalOrg, tap: TapRunner, url: str, words: list[str]
) -> None:
    """Whoever receives an assertion can replay it: no other host than Salesforce's gets one."""
    run = tap.command("--config", config_file(org, tap, {"instance_url": url}))
    assert_told(run, "instance_url", *words)
    assert "hunter2" not in run.log
    assert org.journal.calls() == []


def test_trailing_slash_and_path_are_fine(org: LocalOrg, tap: TapRunner) -> None:
    """Only scheme and host of the URL count."""
    for url in (f"{org.url}/", f"{org.url}/some/page?x=1"):
        tap.discover(objects=["Account"], instance_url=url)
    assert {entry.path for entry in org.journal.calls("*/token")} == {"/services/oauth2/token"}


# Objects


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        pytest.param(["Acount"], ["Acount", "Did you mean Account for Acount?"], id="misspelt"),
        pytest.param(["Invoice"], ["Did you mean Invoice__c for Invoice?"], id="without __c"),
        pytest.param(["Account", "Zzz__c"], ["Zzz__c", "Object Manager"], id="nothing like it"),
        pytest.param(["Zzz*"], ["Zzz*", "matches no object"], id="pattern"),
    ],
)
def test_unknown_object(
    org: LocalOrg, tap: TapRunner, objects: list[str], words: list[str]
) -> None:
    """An object that the user named and the org lacks is an error, with what was meant."""
    run = tap.command("--config", tap.config(objects=objects))
    assert_told(run, "objects", *words, code="unknown-object")
    assert org.journal.soql() == []


# Environment


@pytest.fixture
def environment(org: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what sets variables of the tap; a config that signs in is set already."""

    def put(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"{SETTINGS_PREFIX}{name.upper()}", value)

    put(**org.config(objects='["Account"]'))
    return put


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("bulk_threshold", "many", ["'many'"], id="no number"),
        pytest.param("bulk_threshold", "1.5", ["'1.5'"], id="no whole number"),
        pytest.param("include_deleted", "maybe", ["'maybe'"], id="no boolean"),
        pytest.param("stream_maps", "{x", ["STREAM_MAPS"], id="no JSON"),
        pytest.param("flattening_max_depth", "x", ["FLATTENING_MAX_DEPTH"], id="of the SDK"),
    ],
)
def test_variable_that_can_not_be_read(
    org: LocalOrg,
    tap: TapRunner,
    environment: Callable[..., None],
    *,
    name: str,
    value: str,
    words: list[str],
) -> None:
    """The variable is named, whole, for it is what the user set."""
    environment(**{name: value})
    for command in ((), ("--discover",), ("--test",)):
        run = tap.command("--config=ENV", *command)
        assert_told(run, f"{SETTINGS_PREFIX}{name.upper()} can't be read", *words)
    assert org.journal.calls() == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("username", "", ["username is empty"], id="empty"),
        pytest.param("bulk_threshold", "-1", ["bulk_threshold can't be -1"], id="negative"),
        pytest.param("api_mode", "fast", ["api_mode can't be 'fast'"], id="mode"),
        pytest.param("start_date", "soon", ["start_date"], id="no date"),
        pytest.param("objects", '"Account"', ["objects must be a list"], id="no list"),
        pytest.param("objects", "[Account", ["objects"], id="half a list"),
        pytest.param("private_key_path", "x.pem", ["both given"], id="two keys"),
    ],
)
def test_variable_with_a_wrong_value(
    org: LocalOrg,
    tap: TapRunner,
    environment: Callable[..., None],
    *,
    name: str,
    value: str,
    words: list[str],
) -> None:
    """The same sentences as for config.json."""
    environment(**{name: value})
    run = tap.command("--config=ENV")
    assert_told(run, *words)
    assert org.journal.calls() == []


def test_empty_variables_are_left_out(
    org: LocalOrg, tap: TapRunner, environment: Callable[..., None]
) -> None:
    """A .env that names a setting without a value changes nothing: deleted rows still come."""
    environment(bulk_threshold="", include_deleted="", objects="", start_date="", stream_maps="")
    run = tap.command("--config=ENV", "--config", tap.file("part.json", {"objects": ["Account"]}))
    assert run.exit_code == 0, run.log
    assert len(org.journal.calls("/queryAll")) == 1
    assert org.journal.calls("/query") == []


# The command line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["frobnicate"], "No such command 'frobnicate'", id="subcommand"),
        pytest.param(["--frobnicate"], "No such option '--frobnicate'", id="option"),
        pytest.param(["--properties", "c.json"], "In its place: --catalog", id="of older taps"),
        pytest.param(["check", "--frobnicate"], "No such option '--frobnicate'", id="of check"),
        pytest.param(["check", "Account"], "unexpected extra argument", id="argument"),
        pytest.param(["--config"], "requires an argument", id="option without value"),
        pytest.param(["--about", "--format=yaml"], "'yaml' is not one of", id="format"),
    ],
)
def test_command_line_that_is_none(
    org: LocalOrg, tap: TapRunner, arguments: list[str], words: str
) -> None:
    """An unknown subcommand or option is told with the way to the help."""
    run = tap.command(*arguments)
    assert run.exit_code == 2
    assert run.stdout == ""
    assert words in run.log.strip().splitlines()[-1].replace('"', "'")
    assert "Traceback" not in run.log
    assert org.journal.calls() == []
