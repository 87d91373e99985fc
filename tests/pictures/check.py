"""The report of `check` as a terminal shows it: of a real run against the local org."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.local_org import LocalOrg
from tests.pictures.terminal_picture import terminal_picture
from tests.support import processes
from tests.support.terminals import COLOURS, on_terminal

_COLUMNS = 88
_CONFIG, _CATALOG = "config.json", "catalog.json"


def draw() -> str:
    """Return the picture: the default objects, a permission that is missing, and a hidden column.

    The org's port and key are others each time.
    """
    title = "tap-versionforge-salesforce check"
    return terminal_picture(_shown(), columns=_COLUMNS, title=title, name="check")


def _shown() -> str:
    """Run the installed tap at a terminal, and return what it shows."""
    with LocalOrg() as org, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / _CONFIG).write_text(json.dumps(org.config(discovery_cache=False)))
        config = ["--config", _CONFIG]
        catalog = processes.run([processes.TAP, *config, "--discover"], cwd=folder).stdout
        (folder / _CATALOG).write_text(catalog)
        for each in json.loads(catalog)["streams"]:
            org.store.seed(each["tap_stream_id"], 2, hurt=False)
        org.store.hide_field("Opportunity", "Amount")
        org.settings.view_setup = False
        arguments = ["check", *config, "--catalog", _CATALOG]
        return on_terminal(arguments, _COLUMNS, COLOURS, folder=folder)
