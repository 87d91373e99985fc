"""The SDK's standard tests for taps, against the local org."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_versionforge_salesforce.settings.definitions import DEFAULT_OBJECTS
from tap_versionforge_salesforce.singer.tap import TapVersionForgeSalesforce
from tests.local_org import LocalOrg
from tests.local_org.store import hurt

if TYPE_CHECKING:
    from collections.abc import Iterator

# As many as there are texts that hurt, and some that are plain.
ROWS = len(hurt.TEXTS) + 20


def started_org() -> LocalOrg:
    org = LocalOrg().start()
    for name in DEFAULT_OBJECTS:
        org.store.seed(name, ROWS)
    return org


def past_proxies(patch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        patch.setenv(name, "127.0.0.1")


# The SDK makes its tests from the streams, so the org is up before tests are collected.
ORG = started_org()
# For a session that runs none of them; stopping twice is no harm.
atexit.register(ORG.stop)
with pytest.MonkeyPatch.context() as during_discovery:
    past_proxies(during_discovery)
    TestTap = get_tap_test_class(
        TapVersionForgeSalesforce,
        config=ORG.config(),
        suite_config=SuiteConfig(max_records_limit=ROWS),
        parse_env_config=False,
    )


@pytest.fixture(scope="module", autouse=True)
def _org() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        past_proxies(patch)
        yield
    ORG.stop()
    assert ORG.crashes == []
