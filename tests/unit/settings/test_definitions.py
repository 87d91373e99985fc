"""The list of settings is fit to be shown and to be checked against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_versionforge_salesforce.settings.definitions import DEFAULT_OBJECTS, SETTINGS

if TYPE_CHECKING:
    from tap_versionforge_salesforce.settings.declaring import Setting

PYTHON_KINDS = {"string": str, "integer": int, "boolean": bool, "array": tuple}


def test_names_are_unique() -> None:
    """No setting is described twice."""
    names = [setting.name for setting in SETTINGS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_can_be_shown(setting: Setting) -> None:
    """A setting has a short title for a form and whole sentences that say what it does."""
    assert 0 < len(setting.title) <= 40
    assert setting.description.endswith(".")
    assert "  " not in setting.description


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_default_would_be_accepted(setting: Setting) -> None:
    """A default has the kind and lies within the bounds that the user's own value must have."""
    if setting.default is None:
        return
    assert not setting.required
    assert type(setting.default) is PYTHON_KINDS[setting.kind]
    if setting.kind == "integer":
        assert isinstance(setting.default, int)
        assert setting.minimum <= setting.default <= setting.maximum
    if setting.options:
        assert setting.default in setting.options


def test_secrets_are_marked() -> None:
    """What must not be shown is marked, and nothing else is."""
    assert {setting.name for setting in SETTINGS if setting.secret} == {
        "access_token",
        "client_id",
        "client_secret",
        "private_key",
        "private_key_passphrase",
        "refresh_token",
    }


def test_required_settings() -> None:
    """An org has to be named; how its user signs in can be given in more than one way."""
    assert {setting.name for setting in SETTINGS if setting.required} == {"instance_url"}


def test_default_objects() -> None:
    """The objects of the mission: CRM core and the four kinds of line items."""
    assert DEFAULT_OBJECTS == (
        "Account",
        "Contact",
        "Contract",
        "Opportunity",
        "User",
        "OpportunityLineItem",
        "QuoteLineItem",
        "OrderItem",
        "ContractLineItem",
    )
