"""Settings in environment variables, and in a file ``.env`` where the tap is started."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import TRUTHY, parse_environment_config

from tap_versionforge_salesforce.errors import SettingsError
from tap_versionforge_salesforce.settings.naming import unknown_variables
from tap_versionforge_salesforce.singer.input_files import set_variables

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

_VARIABLES_FILE = ".env"
# What the SDK takes for true, and what can be meant by anything else.
_BOOLEANS = (*TRUTHY, "false", "0", "no", "off")


def from_environment(
    config_schema: Mapping[str, Any], prefix: str, logger: logging.Logger
) -> dict[str, Any]:
    """Return the settings that environment variables have.

    Args:
        config_schema: The JSON Schema of a config.
        prefix: Of the variables.
        logger: Where variables are told that are no settings.

    Raises:
        SettingsError: One can't be read as what it is to be.
    """
    found: dict[str, Any] = {}
    set_variables(_VARIABLES_FILE)
    properties = config_schema["properties"]
    for warning in unknown_variables(os.environ, prefix, properties):
        logger.warning("%s", warning)
    for name, schema in properties.items():
        variable = f"{prefix}{name.upper()}"
        text = os.environ.get(variable, "").strip()
        kinds = schema.get("type", [])
        # A variable that was left empty is a setting that was left out.
        if not text and "string" not in kinds:
            continue
        try:
            if "boolean" in kinds and text.lower() not in _BOOLEANS:
                raise ValueError(f"{text!r} is neither true nor false")  # noqa: TRY301
            # By itself the SDK looks for a file from its own installation upwards, and lets it
            # count more than the environment.
            found |= parse_environment_config({"properties": {name: schema}}, prefix, os.devnull)
        except ValueError as error:
            message = f"The environment variable {variable} can't be read ({error})."
            raise SettingsError(message, hint=str(schema.get("description", ""))) from None
    return found
