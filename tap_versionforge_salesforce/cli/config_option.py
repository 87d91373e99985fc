"""Options of a subcommand that may stand before its name as well, as Meltano puts them."""

from __future__ import annotations

import click
from singer_sdk.plugin_base import _ConfigInput

from tap_versionforge_salesforce.settings.naming import resolve_aliases, unknown_settings
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce

config_option = click.option(
    "--config",
    multiple=True,
    default=(),
    callback=TapVersionForgeSalesforce.cb_config,
    help="Configuration file location or 'ENV' to use environment variables.",
)


def merged_config(context: click.Context, config: _ConfigInput) -> _ConfigInput:
    """Return the config given before a subcommand with that given behind it, which counts more."""
    above = context.parent.params.get("config") if context.parent else None
    if not isinstance(above, _ConfigInput):
        return config
    return _ConfigInput(
        config={**above.config, **config.config}, parse_env=above.parse_env or config.parse_env
    )


def option_above(context: click.Context, name: str, given: str | None) -> str | None:
    """Return what an option is given as: behind a subcommand, or else before it.

    Args:
        context: Of the subcommand.
        name: Of the option, without its dashes.
        given: Behind the subcommand.
    """
    if given is not None or context.parent is None:
        return given
    above = context.parent.params.get(name)
    return None if above is None else str(above)


def settings_in(config: _ConfigInput) -> dict[str, object]:
    """Return the settings that a config has, with those of the environment where it names it.

    What is none is warned of.

    Args:
        config: Of `merged_config`.

    Raises:
        SettingsError: A variable can't be read.
    """
    tap = TapVersionForgeSalesforce
    variables = tap._env_var_config if config.parse_env else {}  # noqa: SLF001  the SDK has no other way
    given = {**config.config, **variables}
    tap.append_builtin_config(tap.config_jsonschema)
    for warning in unknown_settings(resolve_aliases(given), tap.config_jsonschema["properties"]):
        tap.logger.warning("%s", warning)
    return given
