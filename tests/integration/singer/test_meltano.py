"""meltano.yml, meltano-plugin.yml and .env.example say of each setting what the tap says."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests.support import processes

NAME = "tap-versionforge-salesforce"
PREFIX = "TAP_VERSIONFORGE_SALESFORCE_"
SETTINGS_OF_THE_SDK = re.compile("stream_map|faker|flattening|batch_config")
# Meltano has kinds that JSON Schema lacks; each is text to the tap.
KINDS_OF_TEXT = frozenset({"string", "file", "date_iso8601", "options"})


@pytest.fixture(scope="module")
def about() -> dict[str, Any]:
    shown = processes.run([processes.TAP, "--about", "--format=json"])
    parsed: dict[str, Any] = json.loads(shown.stdout)
    return parsed


@pytest.fixture(scope="module")
def properties(about: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = about["settings"]["properties"]
    return found


@pytest.fixture(scope="module")
def extractor() -> dict[str, Any]:
    project = yaml.safe_load((processes.ROOT / "meltano.yml").read_text(encoding="utf-8"))
    (plugin,) = project["plugins"]["extractors"]
    found: dict[str, Any] = plugin
    return found


@pytest.fixture(scope="module")
def settings(extractor: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {setting["name"]: setting for setting in extractor["settings"]}


def types_of(schema: dict[str, Any]) -> set[str]:
    types = schema.get("type", [])
    return set([types] if isinstance(types, str) else types) - {"null"}


def test_the_plugin_is_the_command(about: dict[str, Any], extractor: dict[str, Any]) -> None:
    """Name and capabilities are those that the tap reports."""
    assert extractor["name"] == about["name"] == NAME
    assert sorted(extractor["capabilities"]) == sorted(about["capabilities"])


def test_the_definition_for_other_projects_is_the_same_plugin(extractor: dict[str, Any]) -> None:
    """A project of one's own gets the repository's plugin, installed from the index by its name."""
    text = (processes.ROOT / "meltano-plugin.yml").read_text(encoding="utf-8")
    definition = yaml.safe_load(text)

    assert {name: definition[name] for name in extractor} == {**extractor, "pip_url": NAME}
    assert extractor["variant"] == "versionforge"


def test_all_settings_are_listed(
    settings: dict[str, dict[str, Any]], properties: dict[str, Any]
) -> None:
    """Meltano shows the settings that the tap has, all of them and no others."""
    assert sorted(settings) == sorted(properties)


def test_settings_are_described_alike(
    settings: dict[str, dict[str, Any]], properties: dict[str, Any]
) -> None:
    """A setting has one label and one description, wherever it is read."""
    in_meltano = {name: (s["label"], s["description"]) for name, s in settings.items()}
    in_the_tap = {name: (p["title"], p["description"]) for name, p in properties.items()}

    assert in_meltano == in_the_tap


def test_defaults_are_alike(
    settings: dict[str, dict[str, Any]], properties: dict[str, Any]
) -> None:
    """A default that Meltano passes on is the one that the tap would have used."""
    in_meltano = {name: s["value"] for name, s in settings.items() if "value" in s}
    in_the_tap = {name: p["default"] for name, p in properties.items() if "default" in p}

    assert in_meltano == in_the_tap


def test_kinds_are_alike(settings: dict[str, dict[str, Any]], properties: dict[str, Any]) -> None:
    """Meltano parses a value into the type that the tap expects."""
    kinds = {
        name: "string" if setting["kind"] in KINDS_OF_TEXT else setting["kind"]
        for name, setting in settings.items()
    }

    assert {name: {kind} for name, kind in kinds.items()} == {
        name: types_of(schema) for name, schema in properties.items()
    }


def test_the_same_settings_are_secret(
    settings: dict[str, dict[str, Any]], properties: dict[str, Any]
) -> None:
    """Meltano hides what the tap calls a secret, and nothing that a person wants to see."""
    secrets = {name for name, schema in properties.items() if schema.get("secret")}

    assert {name for name, s in settings.items() if s.get("sensitive")} == secrets
    assert secrets == {
        *("access_token", "client_id", "client_secret"),
        *("private_key", "private_key_passphrase", "refresh_token"),
    }


def test_options_are_alike(settings: dict[str, dict[str, Any]], properties: dict[str, Any]) -> None:
    """Meltano offers the values that the tap accepts."""
    offered = {
        name: [option["value"] for option in s["options"]]
        for name, s in settings.items()
        if "options" in s
    }

    assert offered == {name: p["enum"] for name, p in properties.items() if "enum" in p}


def test_each_way_to_sign_in_completes_the_required_settings(
    about: dict[str, Any], extractor: dict[str, Any]
) -> None:
    """Meltano accepts the key as text or as a path first, and then each of the other ways."""
    required = about["settings"]["required"]

    assert extractor["settings_group_validation"] == [
        [*required, "client_id", "username", "private_key"],
        [*required, "client_id", "username", "private_key_path"],
        [*required, "client_id", "client_secret"],
        [*required, "client_id", "client_secret", "refresh_token"],
        [*required, "client_id", "client_secret", "refresh_token_path"],
        [*required, "access_token"],
    ]


@dataclass(frozen=True)
class Example:
    """One setting in .env.example."""

    explanation: str
    is_active: bool
    value: str


@pytest.fixture(scope="module")
def examples() -> dict[str, Example]:
    text = (processes.ROOT / ".env.example").read_text(encoding="utf-8")
    found = {}
    for block in text.strip().split("\n\n")[1:]:
        *comment, line = block.splitlines()
        variable, _, value = line.removeprefix("# ").partition("=")
        assert variable.startswith(PREFIX), line
        explanation = " ".join(words.removeprefix("# ") for words in comment)
        name = variable.removeprefix(PREFIX).lower()
        found[name] = Example(explanation, not line.startswith("#"), value)
    return found


def as_variable(value: object) -> str:
    """Return a default as it is written into an environment file."""
    if isinstance(value, str):
        return value
    written = json.dumps(value)
    return f"'{written}'" if isinstance(value, list) else written


def test_the_example_environment_explains_every_setting_of_the_tap(
    examples: dict[str, Example], settings: dict[str, dict[str, Any]]
) -> None:
    """.env.example has the settings in order, with their descriptions, but for the SDK's own."""
    own = {
        name: setting["description"]
        for name, setting in settings.items()
        if not SETTINGS_OF_THE_SDK.match(name)
    }

    assert list(examples) == list(own)
    assert {name: example.explanation for name, example in examples.items()} == own


def test_the_example_environment_shows_the_defaults(
    examples: dict[str, Example], settings: dict[str, dict[str, Any]]
) -> None:
    """Removing a # from .env.example changes nothing where there is a default."""
    defaults = {name: as_variable(s["value"]) for name, s in settings.items() if "value" in s}

    assert {name: examples[name].value for name in defaults} == defaults
    assert all(example.value for example in examples.values())


def test_the_example_environment_asks_for_four_settings(examples: dict[str, Example]) -> None:
    """Whoever copies .env.example has to fill in what is required, and nothing else."""
    active = {name for name, example in examples.items() if example.is_active}

    assert active == {"instance_url", "client_id", "username", "private_key_path"}
