"""`check` and `--test`: every step from the settings to a row, and where it stops."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tap_versionforge_salesforce.settings.definitions import DEFAULT_OBJECTS
from tests.local_org.answers import errors
from tests.local_org.answers.refusals import TOKEN_ERRORS
from tests.local_org.conditions import faults, outages
from tests.support import certificates, keys, processes
from tests.support.catalogs import select_streams
from tests.support.check_report import STEPS, check, closing, lines, with_pair
from tests.support.harness import parse
from tests.support.terminals import COLOURS, on_terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local_org import LocalOrg
    from tests.support.harness import OrgClock, Run, TapRunner

NAME = "tap-versionforge-salesforce"
NO_REPLICATION_KEY = "TabDefinition"

TWO = ["Account", "Contact"]


# What is shown


def test_steps_come_in_the_order_of_an_extraction(org: LocalOrg, tap: TapRunner) -> None:
    """One line for each step, then one for each object, and exit code 0."""
    org.store.seed("Account", 2, hurt=False)
    run = check(tap)
    assert run.exit_code == 0, run.stdout
    assert list(lines(run)) == [*STEPS, *DEFAULT_OBJECTS]
    assert not any(found.startswith("FAIL") for found in lines(run).values())
    assert "WARNING" not in run.stdout + run.log


def test_quiet_leaves_the_report(tap: TapRunner) -> None:
    """The log is empty where nothing is wrong, and has its lines again in the next command."""
    config = ("--config", tap.config(objects=["Account"], api_version="68.0"))
    quiet, usual = tap.command("--quiet", "check", *config), tap.command("check", *config)
    assert (quiet.exit_code, quiet.log) == (0, "")
    assert lines(quiet).keys() == lines(usual).keys()
    assert tap.command("--quiet", *config).log == ""
    assert "INFO" in tap.command(*config).log


def test_lines_say_what_was_found(org: LocalOrg, tap: TapRunner) -> None:
    """The org, the fingerprint, versions, who signed in, the allowances, and each object."""
    org.settings.versions = [60, 61, 68]
    org.limits.calls.remaining = 9_000
    org.store.seed("Account", 2, hurt=False)
    found = lines(check(tap, objects=TWO))
    public = org.identity.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert found["settings"] == f"{org.username} at {org.url}"
    assert found["audience"] == "https://login.salesforce.com, as instance_url has it"
    assert found["key"] == (
        f"RSA, 2048 bits, SHA-256 of the public key {hashlib.sha256(public).hexdigest()}"
    )
    assert found["token"].startswith("signed in")
    assert found["API versions"] == "the org has 60.0 to 68.0; using 68.0"
    assert found["identity"] == (
        f"Integration User <{org.username}>, "
        f"user {org.identity.user_id}, org {org.identity.organization_id}"
    )
    assert found["limits"] == (
        "8,999 of 15,000 daily API calls left; 10,000 of 10,000 daily Bulk 2.0 query jobs left"
    )
    fields = sum(len(org.store.sobjects[name].fields) for name in TWO)
    assert found["describe"] == (
        f"2 objects with {fields:,} fields; a look at one row of each takes 1 API call"
    )
    assert found["Account"] == "readable; incremental by SystemModstamp"
    assert found["Contact"] == ("readable, no rows seen; incremental by SystemModstamp")


def test_object_without_replication_key(tap: TapRunner) -> None:
    """What will be read whole each time is said beforehand."""
    found = lines(check(tap, objects=[NO_REPLICATION_KEY]))
    assert found[NO_REPLICATION_KEY].endswith("full table, it has no replication key")


def test_newest_version_serves_for_one_the_org_lacks(org: LocalOrg, tap: TapRunner) -> None:
    """The version that will be used is in the line, and in the paths of all that follows."""
    org.settings.versions = [55, 56]
    run = check(tap, objects=["Account"])
    assert lines(run)["API versions"] == "the org has 55.0 to 56.0; using 56.0"
    assert "does not have API version 68.0" in run.log
    assert len(org.journal.calls("/services/data/v56.0/queryAll")) == 1


def test_a_name_can_not_steer_the_terminal(org: LocalOrg, tap: TapRunner) -> None:
    """Whatever somebody is called in the org: it neither erases nor makes a line of its own."""

    def named(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "name": "Eve\x1b[2J\nok    x"}).encode()

    org.faults.add("*/userinfo", faults.replace_body(named), times=None)
    settings = tap.config(objects=["Account"])
    lines_of = tap.command("check", "--config", settings).stdout
    screen = on_terminal(["check", "--config", settings], 200, COLOURS)
    for shown in (lines_of, screen):
        assert "Eve?[2J ok x <" in " ".join(shown.split())
        assert "\x1b[2J" not in shown


def test_scopes_are_told(org: LocalOrg, tap: TapRunner) -> None:
    """The scopes of the token, where Salesforce names them."""

    def with_scope(body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "scope": "api web"}).encode()

    org.faults.add("POST /services/oauth2/token", faults.replace_body(with_scope))
    assert lines(check(tap, objects=["Account"]))["token"] == "signed in, scopes: api web"  # noqa: S105  no password


def test_identity_without_the_scope_id(org: LocalOrg, tap: TapRunner) -> None:
    """Names need the scope id, which extracting does not: the ids alone are no failure."""
    org.faults.add("*/userinfo", faults.answer(403, b"Bad_OAuth_Token"))
    run = check(tap, objects=["Account"])
    assert run.exit_code == 0
    assert lines(run)["identity"] == (
        f"user {org.identity.user_id}, org {org.identity.organization_id}"
    )


def test_limits_refused_is_told_but_no_failure(org: LocalOrg, tap: TapRunner) -> None:
    """The permission that is missing is named, and the steps behind it go on."""
    org.settings.view_setup = False
    run = check(tap, objects=["Account"])
    assert run.exit_code == 0
    assert lines(run)["limits"].startswith("skip can't be read: HTTP 403, INSUFFICIENT_ACCESS")
    assert "View Setup and Configuration" in lines(run)["limits"]
    assert list(lines(run))[-1] == "Account"


def test_low_quota_shows_the_warning(org: LocalOrg, tap: TapRunner) -> None:
    """Fewer calls left than quota_warning_threshold: the numbers and what to do."""
    org.limits.calls.remaining = 501
    run = check(tap, objects=["Account"])
    assert run.exit_code == 0
    assert lines(run)["limits"].startswith("warn 500 of 15,000 daily API calls left; ")
    told = lines(run)["what to do"]
    assert told.startswith("Only 500 of the org's 15,000 daily API calls remain")
    assert "warned below 1,000" in told


def test_quota_at_the_threshold_shows_none(org: LocalOrg, tap: TapRunner) -> None:
    """As many calls as the threshold are enough."""
    org.limits.calls.remaining = 501
    run = check(tap, objects=["Account"], quota_warning_threshold=500)
    assert lines(run)["limits"].startswith("500 of ")


def test_nothing_is_extracted(org: LocalOrg, tap: TapRunner) -> None:
    """One row of Id alone is asked of each object, by REST, and none is printed."""
    (account,) = org.store.seed("Account", 1, hurt=False)
    run = check(tap, objects=TWO, api_mode="bulk")
    (_, permissions), *looks = org.journal.soql()
    assert "FROM UserPermissionAccess" in permissions
    assert looks == [
        ("rest", "SELECT Id FROM Account LIMIT 1"),
        ("rest", "SELECT Id FROM Contact LIMIT 1"),
    ]
    assert org.jobs.all() == []
    assert account not in run.stdout


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["lines", "json"])
def test_nothing_secret_is_shown(org: LocalOrg, tap: TapRunner, options: list[str]) -> None:
    """Neither the key, its passphrase, the consumer key nor the token is in the output."""
    pem = keys.encrypted(org.private_key_pem)
    key = {"private_key": pem, "private_key_passphrase": keys.PASSPHRASE}
    run = check(tap, *options, objects=["Account"], **key)
    assert run.exit_code == 0, run.stdout
    tokens = [
        entry.headers.get("Authorization", "").partition(" ")[2] for entry in org.journal.calls()
    ]
    secrets = [org.client_id, keys.PASSPHRASE, *pem.splitlines()[1:-1], *filter(None, tokens)]
    assert [secret for secret in secrets if secret in run.stdout + run.log] == []


# Ways to call it


def test_config_stands_before_or_behind(tap: TapRunner) -> None:
    """`check --config FILE` and `--config FILE check` do the same."""
    path = tap.config(objects=["Account"])
    behind = tap.command("check", "--config", path)
    before = tap.command("--config", path, "check")
    assert (before.exit_code, behind.exit_code) == (0, 0)
    assert list(lines(before)) == list(lines(behind)) == [*STEPS, "Account"]


def test_configs_are_merged(org: LocalOrg, tap: TapRunner) -> None:
    """Several --config add up, and the one behind the subcommand has the last word."""
    whole = tap.file("whole.json", org.config(objects=["Contact"]))
    part = tap.file("part.json", {"objects": ["Account"]})
    run = tap.command("--config", whole, "check", "--config", part)
    assert list(lines(run)) == [*STEPS, "Account"]


@pytest.fixture
def _in_environment(org: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in org.config(objects='["Account"]').items():
        monkeypatch.setenv(f"TAP_VERSIONFORGE_SALESFORCE_{name.upper()}", value)


@pytest.mark.usefixtures("_in_environment")
def test_environment_serves_as_config(tap: TapRunner) -> None:
    """`--config ENV` reads the variables of the tap."""
    run = tap.command("check", "--config", "ENV")
    assert run.exit_code == 0, run.stdout
    assert list(lines(run)) == [*STEPS, "Account"]


def test_catalog_limits_the_objects(tap: TapRunner) -> None:
    """--catalog looks at what the catalog selects, whatever the setting objects names."""
    catalog = tap.discover(objects=["Account", "Contact", "User"])
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"] == []:
                item["metadata"]["selected"] = entry["tap_stream_id"] != "Contact"
    run = check(tap, "--catalog", tap.file("catalog.json", catalog), objects=["Opportunity"])
    assert run.exit_code == 0, run.stdout
    assert list(lines(run)) == [*STEPS, "Account", "User"]


def test_catalog_with_an_object_that_is_gone(org: LocalOrg, tap: TapRunner) -> None:
    """An object that the catalog selects and the org lacks fails by its name."""
    catalog = tap.discover(objects=TWO)
    org.store.remove_object("Contact")
    run = check(tap, "--catalog", tap.file("catalog.json", catalog))
    assert run.exit_code == 7
    assert "FAIL Contact can't be described" in lines(run)["Contact"]
    assert lines(run)["Account"].startswith("readable")


@pytest.mark.parametrize("option", ["--catalog", "--config"])
def test_json_of_a_file_that_can_not_be_read(tap: TapRunner, option: str) -> None:
    """Machines get their object even where the check's own inputs are the trouble."""
    run = check(tap, "--json", option, str(tap.folder / "nowhere.json"), objects=["Account"])
    assert run.exit_code == 2
    report = json.loads(run.stdout)
    assert report["ok"] is False
    (step,) = report["steps"]
    assert "nowhere.json" in step["found"]
    assert step["hint"]


@pytest.mark.parametrize("works", [True, False], ids=["works", "fails"])
def test_json_has_the_same_steps(org: LocalOrg, tap: TapRunner, *, works: bool) -> None:
    """--json prints one object: ok, and a step for each line with hint and code."""
    org.settings.user_approved = works
    text, machine = check(tap, objects=["Account"]), check(tap, "--json", objects=["Account"])
    report = json.loads(machine.stdout)
    assert machine.exit_code == text.exit_code == (0 if works else 3)
    assert report["ok"] is works
    steps = report["steps"]
    assert [step["name"] for step in steps] == [n for n in lines(text) if n != "what to do"]
    assert [step["status"] for step in steps][:-1] == ["ok"] * (len(steps) - 1)
    assert set(steps[-1]) == {"group", "name", "status", "found", "hint", "code", "address"}
    if works:
        assert {(step["hint"], step["code"]) for step in steps} == {("", "")}
    else:
        assert steps[-1]["code"] == "user-not-approved"
        assert steps[-1]["address"] == "docs/troubleshooting.md#user-not-approved"
        told = f"{steps[-1]['hint']} See {steps[-1]['address']} [user-not-approved]"
        assert told == lines(text)["what to do"]


# What it says at the end


def test_at_the_end_it_says_what_comes_next(tap: TapRunner) -> None:
    """Discovery, with the config that was looked at, and the catalog beside that config."""
    config = tap.config(objects=["Account"])
    behind = tap.command("check", "--config", config)
    before = tap.command(f"--config={config}", "check")
    assert closing(behind) == [
        "Everything works. Next:",
        f"  {NAME} --config {config} --discover > {tap.folder / 'catalog.json'}",
    ]
    assert closing(before) == closing(behind)


def test_behind_a_catalog_comes_the_extraction(tap: TapRunner) -> None:
    """Who has a catalog needs a target now; a name with a blank is quoted."""
    catalog = tap.file("my catalog.json", tap.discover(objects=["Account"]))
    run = check(tap, "--catalog", catalog, objects=["Account"])
    config = tap.folder / "config.json"
    assert closing(run)[1] == f"  {NAME} --config {config} --catalog '{catalog}' | target-jsonl"


@pytest.mark.usefixtures("_in_environment")
def test_settings_from_the_environment_stay_there(tap: TapRunner) -> None:
    """The next command reads the same variables."""
    run = tap.command("check", "--config", "ENV")
    assert closing(run)[1] == f"  {NAME} --config ENV --discover > catalog.json"


def test_below_meltano_the_next_command_is_meltanos(org: LocalOrg, tap: TapRunner) -> None:
    """Meltano's own copy of the settings is gone by then."""
    folder = tap.folder / ".meltano" / "run"
    folder.mkdir(parents=True)
    config = tap.file(".meltano/run/tap.config.json", org.config(objects=["Account"]))
    run = tap.command("--config", config, "check")
    assert closing(run)[1] == f"  meltano run {NAME} target-jsonl"


def test_behind_a_failure_it_says_so(org: LocalOrg, tap: TapRunner) -> None:
    """The last line of a check that failed sends nobody on."""
    org.settings.user_approved = False
    assert closing(check(tap)) == ["Mend this, then run check again."]


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_lines_fit_the_terminal(org: LocalOrg, tap: TapRunner, columns: int) -> None:
    """No line is longer, and no word is broken; what is copied stays in one line."""
    org.limits.calls.remaining = 15_000
    shown = on_terminal(["check", "--config", tap.config(objects=TWO)], columns)
    steps, _, end = shown.partition("\n\n")
    assert max(map(len, steps.splitlines())) <= columns
    org.limits.calls.remaining = 15_000
    run = check(tap, objects=TWO)
    whole = run.stdout.partition("\n\n")[0]
    (fingerprint,) = re.findall(r"\b\w{64}\b", whole)
    groups = " ".join(fingerprint[start : start + 16] for start in range(0, 64, 16))
    assert steps.split() == whole.replace(fingerprint, groups).split()
    assert end.splitlines() == closing(run)


def test_a_terminal_has_groups_and_symbols_on_one_screen(org: LocalOrg, tap: TapRunner) -> None:
    """What is found is the same, and all of the default objects have room on 80 x 40."""
    org.store.seed("Account", 2, hurt=False)
    config = tap.config()
    shown = on_terminal(["check", "--config", config], 80, COLOURS)
    assert "\x1b[32m" in shown
    assert org.client_id not in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    screen, _, end = plain.partition("\n\n")
    assert len(plain.splitlines()) <= 40
    assert max(map(len, screen.splitlines())) <= 80
    groups = [line for line in screen.splitlines() if line[0] != " "]
    assert groups == ["Settings and key", "Sign-in", "Org and limits", "Permissions", "Objects"]
    names = re.findall(r"^ ✓ (.{19})", screen, re.MULTILINE)
    assert [name.strip() for name in names] == [
        *(n[:19] for n in STEPS),
        *(n[:19] for n in DEFAULT_OBJECTS),
    ]
    assert end.splitlines()[0] == "Everything works. Next:"
    assert end.splitlines()[1].strip() == closing(check(tap))[1].strip()


@pytest.mark.parametrize(
    "variables",
    [{"TERM": "xterm-256color", "NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}],
    ids=["NO_COLOR", "dumb", "none"],
)
def test_who_wants_no_colour_gets_lines(tap: TapRunner, variables: dict[str, str]) -> None:
    """As in a file: no symbol, and no escape sequence."""
    arguments = ["check", "--config", tap.config(objects=["Account"])]
    shown = on_terminal(arguments, 80, variables)
    assert shown.startswith("ok    settings ")
    assert shown.isascii()
    assert "\x1b" not in shown


def test_a_program_that_is_not_on_the_path_is_named_by_its_own(tap: TapRunner) -> None:
    """What comes next can be copied by whoever has called it by its path."""
    command: list[str | Path] = [
        processes.TAP,
        "check",
        "--config",
        tap.config(objects=["Account"]),
    ]
    done = processes.run(command, env=processes.environment(PATH="/nowhere"))
    assert f"\n  {processes.TAP} --config " in done.stdout


# Where it stops


@pytest.mark.parametrize(
    ("settings", "arrange", "step", "exit_code", "told"),
    [
        pytest.param(
            {"api_mode": "fast"}, None, "settings", 2, "api_mode can't be 'fast'", id="settings"
        ),
        pytest.param({"username": ""}, None, "settings", 2, "username is empty", id="missing"),
        pytest.param({"private_key": "x"}, None, "key", 2, "holds no PEM", id="key"),
        pytest.param(
            {},
            lambda org: setattr(org.settings, "token_error", TOKEN_ERRORS["client id"]),
            "token",
            3,
            "no app with this consumer key",
            id="token",
        ),
        pytest.param(
            {},
            lambda org: setattr(org.settings, "token_error", TOKEN_ERRORS["retry"]),
            "token",
            5,
            "unknown_error",
            id="token unavailable",
        ),
        pytest.param(
            {},
            lambda org: setattr(org.settings, "versions", []),
            "API versions",
            5,
            "lists no API versions",
            id="versions",
        ),
        pytest.param(
            {},
            lambda org: org.faults.add("*/userinfo", outages.session_not_for_rest(), times=None),
            "identity",
            3,
            "This session is not valid for use with the REST API",
            id="identity",
        ),
        pytest.param(
            {},
            lambda org: org.faults.add("*/limits", outages.api_disabled_for_user(), times=None),
            "limits",
            3,
            "API_CURRENTLY_DISABLED",
            id="limits",
        ),
        pytest.param(
            {"objects": ["Acount"]}, None, "describe", 2, "objects names Acount", id="describe"
        ),
        pytest.param(
            {"quota_warning_threshold": 0},
            lambda org: setattr(org.limits.calls, "remaining", 4),
            "Account",
            4,
            "daily API calls are used up",
            id="quota",
        ),
        pytest.param(
            {"max_api_calls": 4}, None, "Account", 4, "made the 4 API calls", id="max_api_calls"
        ),
        pytest.param(
            {},
            lambda org: org.faults.add(
                faults.querying("Account"), outages.url_not_reset(), times=None
            ),
            "Account",
            2,
            "URL_NOT_RESET",
            id="another host",
        ),
    ],
)
def test_first_failure_ends_it(
    org: LocalOrg,
    tap: TapRunner,
    *,
    settings: dict[str, object],
    arrange: Callable[[LocalOrg], None] | None,
    step: str,
    exit_code: int,
    told: str,
) -> None:
    """The failed step is the last line but its hint, and the exit code is that of the error."""
    if arrange is not None:
        arrange(org)
    run = check(tap, **{"objects": TWO, **settings})
    assert run.exit_code == exit_code, run.stdout
    everything = [*STEPS, *TWO]
    assert list(lines(run)) == [*everything[: everything.index(step) + 1], "what to do"]
    assert lines(run)[step].startswith("FAIL ")
    assert told in lines(run)[step]
    assert lines(run)["what to do"]
    assert "Traceback" not in run.log


def test_what_an_object_refuses_does_not_hide_the_others(org: LocalOrg, tap: TapRunner) -> None:
    """Each object has its line, and the exit code is that of the first that fails."""
    org.faults.add(
        faults.querying("Account"), outages.salesforce(errors.not_queryable("Account")), times=None
    )
    org.faults.add(faults.querying("Contact"), outages.unknown_exception(), times=None)
    run = check(tap, objects=[*TWO, "User"])
    assert run.exit_code == 7, run.stdout
    found = lines(run)
    assert "entity type Account does not support query" in found["Account"]
    assert "HTTP 500 (UNKNOWN_EXCEPTION)" in found["Contact"]
    assert found["User"].startswith("readable")
    report = json.loads(check(tap, "--json", objects=[*TWO, "User"]).stdout)
    assert [step["status"] for step in report["steps"]][-3:] == ["fail", "fail", "ok"]


@pytest.mark.parametrize("way", ["named", "selected"])
def test_what_can_not_be_described_does_not_hide_the_others(
    org: LocalOrg, tap: TapRunner, way: str
) -> None:
    """Each has a line with its own hint, and the others are looked at."""
    arguments = ["--catalog", tap.file("catalog.json", tap.discover(objects=[*TWO, "User"]))]
    org.settings.composite_refusal = (404, "NOT_FOUND", "no")
    for name in TWO:
        org.faults.add(f"/sobjects/{name}/describe", outages.unknown_exception(), times=None)
    run = check(tap, *(arguments if way == "selected" else []), objects=[*TWO, "User"])
    assert run.exit_code == 5, run.stdout
    found = lines(run)
    assert list(found) == [*STEPS, "Account", "what to do", "Contact", "User"]
    fields = len(org.store.sobjects["User"].fields)
    assert found["describe"] == (
        f"1 of 3 objects with {fields} fields; a look at one row of each takes 1 API call"
    )
    for name in TWO:
        assert found[name].startswith(f"FAIL {name} can't be described: ")
        assert "HTTP 500 (UNKNOWN_EXCEPTION)" in found[name]
    assert found["User"].startswith("readable")
    assert "No stream could be read" not in run.stdout
    assert "the failed streams go on from" not in run.stdout


def test_a_check_of_objects_that_can_not_be_described_ends_with_the_last(
    org: LocalOrg, tap: TapRunner
) -> None:
    """Where there is nothing to look at, every object still has its line."""
    org.settings.composite_refusal = (404, "NOT_FOUND", "no")
    org.faults.add("/sobjects/*/describe", outages.unknown_exception(), times=None)
    report = json.loads(check(tap, "--json", objects=[*TWO, "User"]).stdout)
    failed = [step for step in report["steps"] if step["status"] == "fail"]
    assert [step["name"] for step in failed] == [*TWO, "User"]
    assert {step["code"] for step in failed} == {"salesforce-busy"}


def test_an_org_that_answers_no_query_is_not_asked_for_each_object(
    org: LocalOrg, tap: TapRunner
) -> None:
    """Two objects in a row that fail as unavailable are enough."""
    org.faults.add("GET /query*", outages.unknown_exception(), times=None)
    run = check(tap, objects=[*TWO, "User"])
    assert run.exit_code == 5, run.stdout
    assert list(lines(run)) == [*STEPS, "Account", "what to do", "Contact"]


@pytest.mark.parametrize("path", ["/services/oauth2/userinfo", "*/limits"])
def test_what_is_only_advice_fails_no_check(
    org: LocalOrg, tap: TapRunner, clock: OrgClock, path: str
) -> None:
    """The line says what came, after two tries."""
    fault = org.faults.add(path, outages.server_unavailable(), times=None)
    run = check(tap, objects=["Account"])
    assert run.exit_code == 0, run.stdout
    assert fault.fired == 2
    assert sum(clock.slept) <= 2
    if "limits" in path:
        assert "HTTP 503 (SERVER_UNAVAILABLE)" in lines(run)["limits"]


def test_nothing_is_sent_before_settings_and_key_are_right(org: LocalOrg, tap: TapRunner) -> None:
    """What can be told without the network is told without it."""
    check(tap, api_mode="fast")
    check(tap, private_key=keys.short())
    assert org.journal.calls() == []


# --test of the SDK


def dry_run(tap: TapRunner, option: str = "--test", **settings: object) -> Run:
    run = tap.command("--config", tap.config(**settings), option)
    run.messages = parse(run.stdout)
    return run


@pytest.mark.parametrize("api_mode", ["auto", "rest", "bulk"])
def test_test_reads_one_record_of_each_stream(org: LocalOrg, tap: TapRunner, api_mode: str) -> None:
    """--test takes one row per stream by REST, never by a job, and goes no further."""
    for name in TWO:
        org.store.seed(name, 2_100, hurt=False)
    run = dry_run(tap, objects=[*TWO, "User"], api_mode=api_mode)
    assert run.exit_code == 0, run.log
    assert [m["stream"] for m in run.messages_of("SCHEMA")] == [*TWO, "User"]
    assert {name: len(run.records(name)) for name in [*TWO, "User"]} == {
        "Account": 1,
        "Contact": 1,
        "User": 0,
    }
    assert org.journal.calls("/jobs/*") == []
    assert org.journal.calls("/limits/recordCount") == []
    assert all(soql.endswith(" LIMIT 1") for _, soql in org.journal.soql())


def test_test_remembers_nothing(org: LocalOrg, tap: TapRunner) -> None:
    """A row that was only looked at moves no bookmark."""
    org.store.seed("Account", 3, hurt=False)
    run = dry_run(tap, objects=["Account"])
    assert run.bookmark("Account") is None


def test_test_lets_no_target_delete(org: LocalOrg, tap: TapRunner) -> None:
    """A FULL_TABLE stream sends no version: its one row is not the table."""
    org.store.seed(NO_REPLICATION_KEY, 3, hurt=False)
    run = dry_run(tap, objects=[NO_REPLICATION_KEY])
    assert run.exit_code == 0, run.log
    assert len(run.records(NO_REPLICATION_KEY)) == 1
    assert run.messages_of("ACTIVATE_VERSION") == []
    assert all("version" not in message for message in run.messages_of("RECORD"))


def test_test_schema_reads_no_rows(org: LocalOrg, tap: TapRunner) -> None:
    """--test=schema writes the SCHEMA messages and asks for no row."""
    run = dry_run(tap, "--test=schema", objects=TWO)
    assert run.exit_code == 0, run.log
    assert [m["stream"] for m in run.messages_of("SCHEMA")] == TWO
    assert {m["type"] for m in run.messages} == {"SCHEMA"}
    assert org.journal.soql() == []


def test_test_ends_with_the_error_of_a_stream(org: LocalOrg, tap: TapRunner) -> None:
    """One stream that is refused fails the test, and the others are tried."""
    org.store.seed("Contact", 1, hurt=False)
    refused = outages.salesforce(errors.not_queryable("Account"))
    org.faults.add(lambda call: "FROM Account" in call.query.get("q", ""), refused, times=None)
    run = dry_run(tap, objects=TWO)
    assert run.exit_code == 7
    assert len(run.records("Contact")) == 1
    assert "Account: " in run.log.splitlines()[-1]


@pytest.mark.parametrize("option", ["--test", "--test=schema"])
def test_test_tells_bad_settings(org: LocalOrg, tap: TapRunner, option: str) -> None:
    """The same sentences and exit codes as in a sync."""
    run = dry_run(tap, option, api_mode="fast")
    assert run.exit_code == 2
    assert "api_mode can't be 'fast'" in run.log
    assert run.stdout == ""
    assert org.journal.calls() == []


# The certificate and the clock


def test_the_end_of_the_certificate_is_told(
    org: LocalOrg, tap: TapRunner, pair: Path, clock: OrgClock
) -> None:
    """And in its last month, with a warning."""
    run = check(tap, **with_pair(pair))
    assert run.exit_code == 0, run.stdout
    ends = clock.now() + timedelta(days=31)
    assert lines(run)["certificate"] in {
        f"of this key, good until {ends:%Y-%m-%d}: {days} days" for days in (30, 31)
    }
    assert list(lines(run))[:4] == ["settings", "audience", "key", "certificate"]
    org.clock.advance(5 * 24 * 3_600)
    told = lines(check(tap, **with_pair(pair)))
    assert told["certificate"].startswith("warn of this key, good until ")
    assert told["what to do"].endswith("with tap-versionforge-salesforce keygen --renew.")


def test_a_certificate_that_is_no_good_is_told(org: LocalOrg, tap: TapRunner, pair: Path) -> None:
    """That of another key, one that has ended, and what is none."""
    tap.command("keygen", "--directory", str(pair), "--name", "other")
    (pair / "der.crt").write_bytes(
        x509.load_pem_x509_certificate(org.identity.certificate).public_bytes(Encoding.DER)
    )
    assert check(tap, **with_pair(pair, "der.crt")).exit_code == 0
    (pair / "none.crt").write_text("-----BEGIN CERTIFICATE-----\n", encoding="utf-8")
    (pair / "curve.crt").write_bytes(certificates.of_an_unknown_curve())
    for name, code, said in (
        ("other.crt", "certificate-of-another-key", "is that of another key than the one that"),
        ("none.crt", "certificate-unreadable", "names a file that holds no certificate: "),
        ("curve.crt", "certificate-unreadable", "the certificate of a key that is not known here"),
        ("salesforce-tap.key", "certificate-unreadable", "names a file that holds no certificate"),
        ("nowhere.crt", "certificate-unreadable", "(No such file or directory)"),
    ):
        run = check(tap, **with_pair(pair, name))
        assert run.exit_code == 2, name
        assert said in lines(run)["certificate"]
        assert f"[{code}]" in "".join(run.stdout.split("\n"))
    org.clock.advance(32 * 24 * 3_600)
    run = check(tap, **with_pair(pair))
    assert run.exit_code == 2
    assert "has ended on " in lines(run)["certificate"]
    assert "keygen --renew" in " ".join(run.stdout.split())


@pytest.mark.parametrize(
    ("ahead_seconds", "said"),
    [
        (0, "as Salesforce's, within 5 seconds"),
        (-40, "seconds behind Salesforce's"),
        (100, "seconds ahead of Salesforce's"),
    ],
)
def test_the_clock_is_compared(
    tap: TapRunner, clock: OrgClock, ahead_seconds: float, said: str
) -> None:
    """An assertion is good for three minutes by Salesforce's clock."""
    clock.ahead_seconds = ahead_seconds
    told = lines(check(tap, objects=["Account"]))
    assert said in told["clock"]
    assert told["clock"].startswith("warn ") == ("Set it (NTP)" in told.get("what to do", ""))
    assert told["clock"].startswith("warn ") == (ahead_seconds > 60)


# Reconciliation


def test_what_a_reconciling_run_would_refuse_is_told(tap: TapRunner, tmp_path: Path) -> None:
    """That the catalog lacks the stream of what is gone, and names that change nothing."""
    store = {"reconcile_every_hours": 24, "reconcile_store": str(tmp_path / "store")}
    catalog = tap.discover(objects=["Account"])
    file = tap.file("catalog.json", select_streams(catalog, "Account"))
    run = tap.command("check", "--config", tap.config(**store), "--catalog", file)
    assert run.exit_code == 2
    assert "the catalog does not select _deletions" in lines(run)["store"]
    catalog = tap.discover(objects=["Account"], **store)
    file = tap.file("catalog.json", select_streams(catalog, "Account", "_deletions"))
    named = {"Account": ["Credt_Score__c", "-Name"], "Acount": ["Name"]}
    config = tap.config(**store, reconcile_fields=named)
    run = tap.command("check", "--config", config, "--catalog", file)
    assert run.exit_code == 0, run.stdout
    assert lines(run)["store"].endswith("can be read and written; reconciled every 24 hours")
    told = lines(run)["reconcile_fields"]
    assert told.startswith("warn The setting reconcile_fields names of Account what is not read")
    assert "Credt_Score__c" in told
    assert "names Acount, which this run does not read (did you mean Account?)" in told


@pytest.mark.parametrize(
    ("hours", "said"), [(None, "no run with this config reconciles"), (0, "in each run")]
)
def test_how_often_it_is_reconciled_is_told(
    tap: TapRunner, tmp_path: Path, hours: int | None, said: str
) -> None:
    """And fields that are all there need no more than a line."""
    named = {"Account": ["Name"]}
    store = {"reconcile_every_hours": hours, "reconcile_store": str(tmp_path / "store")}
    found = lines(check(tap, objects=["Account"], **store, reconcile_fields=named))
    assert found["store"].endswith(said)
    assert found["reconcile_fields"] == "all fields of 1 object are there"
