"""Refusals of a sign-in with a client secret, and the page in Setup that mends them.

The texts on the left are Salesforce's own (Salesforce help, "OAuth 2.0 Client Credentials Flow for
Server-to-Server Integration", "OAuth 2.0 Refresh Token Flow for Renewed Sessions" and "OAuth 2.0
Authorization Errors", and what integrations report).
"""

from __future__ import annotations

from functools import partial

from tap_versionforge_salesforce.salesforce.auth.sign_in_problem import (
    APP_PAGE,
    BY_SECRET,
    Flow,
    SignInProblem,
)

_OF_APP = frozenset({Flow.CLIENT_CREDENTIALS})
_OF_TOKEN = frozenset({Flow.REFRESH_TOKEN})
_flow_off = partial(
    SignInProblem,
    code="client-credentials-off",
    cause="The app does not offer the client credentials flow.",
    fix=f"{APP_PAGE} > the app > OAuth settings: enable the Client Credentials Flow; then "
    "Policies: name the integration user as Run As.",
    flows=_OF_APP,
)
_no_scope = partial(
    SignInProblem,
    code="no-api-scope",
    cause="The app has no scope that the client credentials flow can give.",
    fix=f"{APP_PAGE} > the app > OAuth settings: add the scope 'Manage user data via APIs (api)'.",
    flows=_OF_APP,
)
_refresh_off = partial(
    SignInProblem,
    code="refresh-token-off",
    cause="The app does not offer the refresh token flow.",
    fix=f"{APP_PAGE} > the app > OAuth settings: add the scopes 'Manage user data via APIs (api)' "
    "and 'Perform requests at any time (refresh_token, offline_access)'. Then have the app "
    "approved anew, for a refresh token with these scopes.",
    flows=_OF_TOKEN,
)
_wrong_secret = partial(
    SignInProblem,
    code="invalid-client-secret",
    cause="Salesforce does not accept client_secret as that of the app.",
    fix=f"Copy the Consumer Secret into client_secret from {APP_PAGE} > the app > Consumer Key and "
    "Secret; it may have been rotated there. A new one can take ten minutes to work.",
    flows=BY_SECRET,
)

SECRET_PROBLEMS = (
    SignInProblem(
        "invalid_grant",
        r"no client credentials user enabled",
        "no-run-as-user",
        "The app's policies name no user for the client credentials flow.",
        f"{APP_PAGE} > the app > Policies: enable the Client Credentials Flow and name the "
        "integration user, who has to be active, as Run As.",
        _OF_APP,
    ),
    SignInProblem(
        "invalid_grant",
        r"request not supported on this domain",
        "wrong-sign-in-domain",
        "The client credentials flow is served by the org's My Domain only.",
        "Set instance_url to the Current My Domain URL in Setup > My Domain.",
        _OF_APP,
    ),
    _flow_off("invalid_grant", r"client credentials flow|grant type not supported"),
    _flow_off("unsupported_grant_type", r""),
    _flow_off("unauthorized_client", r""),
    _no_scope("invalid_grant", r"no valid scope"),
    _no_scope("invalid_scope", r""),
    SignInProblem(
        "invalid_grant",
        r"expired access/refresh token|expired authorization code",
        "refresh-token-ended",
        "Salesforce does not know the refresh token any more.",
        "Have the app approved anew, and give the new refresh token. One ends when it is revoked "
        "(Setup > Connected Apps OAuth Usage), when it has not been used for as long as the app's "
        "Refresh Token Policy says, when the user has approved the app more than four times since; "
        "and, where the app rotates refresh tokens, when it is used twice, by whomever. Each "
        "program needs one of its own.",
        _OF_TOKEN,
    ),
    _refresh_off("unsupported_grant_type", r""),
    _refresh_off("unauthorized_client", r""),
    _refresh_off("invalid_scope", r""),
    _wrong_secret("invalid_client", r""),
    _wrong_secret("invalid_grant", r"invalid client credentials"),
    SignInProblem(
        "invalid_grant",
        r"hasn'?t approved this consumer",
        "user-not-approved",
        "The user has not approved the app.",
        f"{APP_PAGE} > the app > Policies: see whom Permitted Users lets in; then have the app "
        "approved anew.",
        BY_SECRET,
    ),
    SignInProblem(
        "invalid_grant",
        r"authentication failure|invalid user credentials",
        "authentication-failure",
        "Salesforce does not accept the app and its user together, and says no more.",
        "Setup > Login History of the user names the reason. Check client_id, client_secret and "
        "that instance_url is the org which they belong to.",
        BY_SECRET,
    ),
    SignInProblem(
        "invalid_grant",
        r"",
        "invalid-grant",
        "Salesforce does not accept this sign-in.",
        "Setup > Login History of the user names the reason. Check client_id, client_secret and "
        "that instance_url is the org which they belong to.",
        BY_SECRET,
    ),
)
