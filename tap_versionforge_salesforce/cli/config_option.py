"""The option `--config` of a subcommand, which may stand before its name as well."""

from __future__ import annotations

import click
from singer_sdk.plugin_base import _ConfigInput

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
