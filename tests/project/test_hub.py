"""meltano-plugin.yml is what MeltanoHub would take, and what `meltano add` takes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from tests.demo.meltano import MELTANO
from tests.support import processes

if TYPE_CHECKING:
    from pathlib import Path

DEFINITION = processes.ROOT / "meltano-plugin.yml"
SCHEMAS = processes.ROOT / "tests" / "support" / "hub_schemas"
NAME = "tap-versionforge-salesforce"


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    """Return what the Hub's own check makes of its schemas."""
    schemas = [json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")]
    by_id = {schema["$id"]: Resource.from_contents(schema, DRAFT7) for schema in schemas}
    registry: Registry[Any] = Registry().with_resources(by_id.items())
    return Draft7Validator(by_id["extractors.schema.json"].contents, registry=registry)


def test_the_hub_takes_it(definition: dict[str, Any], validator: Draft7Validator) -> None:
    """It holds against the schema of the Hub, whose linter wants its keys in order, too."""
    assert [error.message for error in validator.iter_errors(definition)] == []
    assert list(definition) == sorted(definition)
    assert [s["name"] for s in definition["settings"] if list(s) != sorted(s)] == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"qualty": "gold"}, id="a key that it does not know"),
        pytest.param({"quality": "perfect"}, id="a quality that it does not give"),
        pytest.param({"capabilities": ["magic"]}, id="a capability that there is not"),
        pytest.param({"settings": [{"name": "a", "kind": "text"}]}, id="a kind that there is not"),
        pytest.param({"supported_python_versions": [3.1]}, id="a version that is a number"),
    ],
)
def test_the_hub_refuses_what_it_does_not_know(
    definition: dict[str, Any], validator: Draft7Validator, change: dict[str, Any]
) -> None:
    """Each of its schemas is really asked."""
    assert not validator.is_valid(definition | change)


def test_a_project_of_ones_own_can_add_it(definition: dict[str, Any], tmp_path: Path) -> None:
    """`meltano add --from-ref` puts the plugin with all its settings into meltano.yml."""
    project = tmp_path / "meltano.yml"
    project.write_text("send_anonymous_usage_stats: false\nproject_id: own\n", encoding="utf-8")
    add = ["add", "--no-install", "--from-ref", str(DEFINITION), NAME]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    processes.run([MELTANO, *add], cwd=tmp_path, env=environment)
    (plugin,) = yaml.safe_load(project.read_text(encoding="utf-8"))["plugins"]["extractors"]

    shared = plugin.keys() & definition.keys()
    assert {key: plugin[key] for key in shared} == {key: definition[key] for key in shared}
    assert shared >= {"name", "pip_url", "capabilities", "settings", "settings_group_validation"}
