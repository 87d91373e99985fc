"""What several of these tests need."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st

from tap_versionforge_salesforce.salesforce.support.timestamps import parse_instant
from tap_versionforge_salesforce.settings.definitions import Settings

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

ROOT = Path(__file__).resolve().parents[2]
MY_DOMAIN = "https://example.my.salesforce.com"

few_examples = settings(max_examples=25, deadline=None)
some_examples = settings(max_examples=60, deadline=None)


def config(**changes: object) -> dict[str, object]:
    """Return the config of a user who gave what is required, with changes."""
    required: dict[str, object] = {
        "instance_url": MY_DOMAIN,
        "client_id": "consumer-key",
        "username": "tap@example.com",
        "private_key_path": "private_key.pem",
    }
    return required | changes


def settings_of(**changes: object) -> Settings:
    return Settings.from_config(config(**changes))


def instant(text: str) -> datetime:
    return parse_instant(text)


def instants(
    first: datetime = datetime(1701, 1, 1),  # noqa: DTZ001  as hypothesis takes its bounds
    last: datetime = datetime(3999, 12, 31),  # noqa: DTZ001
) -> SearchStrategy[datetime]:
    """Instants that Salesforce can hold: with milliseconds, in UTC."""
    found = st.datetimes(first, last, timezones=st.just(timezone.utc))
    return found.map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
