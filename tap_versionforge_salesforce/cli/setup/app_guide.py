"""What to click in Salesforce, with the links of the very org and what is to be pasted there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What an app is called, by the answer that chooses it.
APPS = {
    "external": "A new External Client App (what Salesforce wants for new integrations)",
    "connected": "A Connected App that the org has already",
    "ready": "It is there already, with this certificate in it",
}
#: The app's own address is never called in this flow; the form wants one.
CALLBACK_URL = "https://login.salesforce.com"
_SCOPES = (
    "Manage user data via APIs (api)",
    "Perform requests at any time (refresh_token, offline_access)",
)
_EXTERNAL_APPS, _APPS, _USERS = "ManageExternalClientApplication", "NavigationMenus", "ManageUsers"


def steps(app: str, instance_url: str, certificate: Path | None) -> Iterator[str]:
    """Yield what to do for an app of a kind, step by step.

    Args:
        app: Of `APPS`.
        instance_url: The org's, without a trailing slash.
        certificate: That is to be uploaded; None where only its key is known.
    """
    file = str(certificate or "the certificate of your key")
    scopes = "\n".join(f"  {scope}" for scope in _SCOPES)
    if app == "external":
        yield f"Open {_page(instance_url, _EXTERNAL_APPS)}"
        yield (
            "New External Client App: name it, such as Salesforce tap, give a contact e-mail, and "
            "set Distribution State to Local."
        )
        yield f"API (Enable OAuth Settings) > Enable OAuth. Callback URL:\n  {CALLBACK_URL}"
        yield f"Choose these two scopes:\n{scopes}"
        yield f"Flow Enablement > Enable JWT Bearer Flow, and upload:\n  {file}"
        yield "Create."
        yield (
            "Policies > Edit > OAuth Policies: Permitted Users = Admin approved users are "
            "pre-authorized. App Policies: add a profile or permission set of the integration user."
        )
        yield "Settings > OAuth Settings > Consumer Key and Secret: copy the consumer key."
    elif app == "connected":
        yield f"Open {_page(instance_url, _APPS)}"
        yield f"In the row of the app: Edit. Enable OAuth Settings, Callback URL:\n  {CALLBACK_URL}"
        yield f"Use digital signatures: tick it, and upload:\n  {file}"
        yield f"Choose these two scopes:\n{scopes}"
        yield "Save."
        yield (
            "Manage > Edit Policies: Permitted Users = Admin approved users are pre-authorized. "
            "Then Manage Profiles or Manage Permission Sets: add one of the integration user."
        )
        yield "View > Manage Consumer Details: copy the consumer key."
    yield f"The username of the integration user is in {_page(instance_url, _USERS)}"


def _page(instance_url: str, name: str) -> str:
    return f"{instance_url}/lightning/setup/{name}/home"
