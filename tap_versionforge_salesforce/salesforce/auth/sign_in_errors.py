"""Why Salesforce refuses a sign-in, and the page in Setup that mends it.

The texts on the left are Salesforce's own (Salesforce help, "OAuth 2.0 JWT Bearer Flow" and
"OAuth authorization errors", and what integrations report).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.auth.secret_problems import SECRET_PROBLEMS
from tap_versionforge_salesforce.salesforce.auth.sign_in_problem import (
    APP_PAGE,
    BY_KEY,
    Flow,
    SignInProblem,
)
from tap_versionforge_salesforce.salesforce.support.redaction import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEMS = (
    SignInProblem(
        "unknown_error",
        r"retry your request",
        "sign-in-retry",
        "Salesforce could not sign the user in just now and asks for another try.",
        "Run again in a few minutes; https://status.salesforce.com tells about incidents.",
    ),
    SignInProblem(
        "invalid_grant",
        r"token request is already being processed",
        "sign-in-busy",
        "Somebody else is signing in with the same credentials at the same moment.",
        "Run again; and give each program a sign-in of its own.",
    ),
    SignInProblem(
        "invalid_grant",
        r"hasn'?t approved this consumer",
        "user-not-approved",
        "The user is not pre-authorised for the app.",
        f"{APP_PAGE} > the app > Policies: set Permitted Users to 'Admin approved users are "
        "pre-authorized' and add the user's profile or a permission set. The app needs the "
        "scopes api and refresh_token, offline_access. The username is the Username in "
        "Setup > Users, not the e-mail.",
        BY_KEY,
    ),
    SignInProblem(
        "invalid_grant",
        r"audience is invalid",
        "audience-invalid",
        "The assertion names the wrong authorization server for this user.",
        "Set jwt_audience to https://test.salesforce.com for a sandbox or scratch org and to "
        "https://login.salesforce.com for any other org; Setup > My Domain shows which it is.",
        BY_KEY,
    ),
    SignInProblem(
        "invalid_grant",
        r"expired authorization code|assertion.*expired|expired.*assertion",
        "assertion-expired",
        "Salesforce takes the assertion for expired.",
        "Set this machine's clock: an assertion is good for three minutes. Setup > Login History "
        "of the user shows the time at which Salesforce got it.",
        BY_KEY,
    ),
    SignInProblem(
        "invalid_grant",
        r"assertion",
        "invalid-assertion",
        "Salesforce can't verify the signature, or does not know the user named in it.",
        f"{APP_PAGE} > the app > OAuth settings: the uploaded certificate has to belong to this "
        "private key (`check` prints the key's fingerprint). Check that the username exists in "
        "this org: a sandbox's ends in the sandbox's name. A new certificate can take ten "
        "minutes to work.",
        BY_KEY,
    ),
    SignInProblem(
        "invalid_grant",
        r"ip restricted|invalid login hours",
        "ip-or-hours-restricted",
        "The user may not sign in from this address or at this hour.",
        "Setup > Profiles > the user's profile: Login IP Ranges and Login Hours; or the app's "
        "policy: IP Relaxation.",
    ),
    SignInProblem(
        "invalid_grant",
        r"locked|inactive|frozen",
        "user-locked",
        "The user is locked, frozen or inactive.",
        "Setup > Users > the user: Unlock, Unfreeze, or tick Active.",
    ),
    SignInProblem(
        "invalid_grant",
        r"authentication failure|invalid user credentials|invalid client credentials",
        "authentication-failure",
        "Salesforce does not accept the user and app together, and says no more.",
        "Setup > Login History of the user names the reason. Check username, client_id and that "
        "instance_url is the org which the user belongs to.",
        BY_KEY,
    ),
    SignInProblem(
        "invalid_grant",
        r"expired access/refresh token",
        "approval-withdrawn",
        "The user's approval of the app was withdrawn or has expired.",
        f"{APP_PAGE} > the app > Policies: pre-authorise the user again, and check the refresh "
        "token policy.",
        BY_KEY,
    ),
    SignInProblem(
        "invalid_grant",
        r"",
        "invalid-grant",
        "Salesforce does not accept this user with this app.",
        "Setup > Login History of the user names the reason; the usual ones are a user who is "
        f"not pre-authorised ({APP_PAGE} > Policies) and a certificate of another key.",
        BY_KEY,
    ),
    SignInProblem(
        "invalid_client_id",
        r"",
        "invalid-client-id",
        "The org has no app with this consumer key.",
        f"Copy the Consumer Key into client_id from {APP_PAGE} > the app > Consumer Key and "
        "Secret. A new app can take ten minutes to work.",
    ),
    SignInProblem(
        "invalid_client",
        r"app must be installed into org",
        "app-not-installed",
        "Salesforce blocks apps that are not installed in the org.",
        "Setup > Connected Apps OAuth Usage > the app > Install, which takes an administrator; an "
        "app that was made in this org itself counts as installed.",
    ),
    SignInProblem(
        "invalid_client",
        r"",
        "invalid-client",
        "Salesforce does not accept the app's credentials.",
        f"{APP_PAGE} > the app: compare the Consumer Key with client_id, and see that 'Use "
        "digital signatures' (or JWT Bearer Flow) is enabled with the certificate of this key.",
        BY_KEY,
    ),
    SignInProblem(
        "invalid_app_access",
        r"",
        "app-access-denied",
        "Only users approved by an admin may use the app, and this one is not among them.",
        f"{APP_PAGE} > the app > Policies: add the user's profile or a permission set, then "
        "Setup > Permission Sets > Manage Assignments.",
    ),
    SignInProblem(
        "app_not_found",
        r"",
        "app-not-found",
        "The app is not installed in the org that instance_url names.",
        f"Check instance_url, or create or install the app there ({APP_PAGE}). After a sandbox "
        "refresh it has to be installed again.",
    ),
    SignInProblem(
        "OAUTH_EC_APP_NOT_FOUND",
        r"",
        "app-not-found",
        "The app is not installed in the org that instance_url names.",
        f"Check instance_url, or create or install the app there ({APP_PAGE}).",
    ),
    SignInProblem(
        "inactive_user",
        r"",
        "inactive-user",
        "The user is deactivated or frozen.",
        "Setup > Users > the user: tick Active, or Unfreeze.",
    ),
    SignInProblem(
        "inactive_org",
        r"",
        "inactive-org",
        "The org is locked, closed or suspended.",
        "Ask Salesforce Support, or check instance_url (Setup > My Domain): a trial may have "
        "ended.",
    ),
    SignInProblem(
        "rate_limit_exceeded",
        r"",
        "too-many-sign-ins",
        "The user has signed in too often in the last hour.",
        "Wait an hour. A user of its own for the tap (Setup > Users) keeps other integrations "
        "from using up its sign-ins.",
    ),
    SignInProblem(
        "unsupported_grant_type",
        r"",
        "grant-type-off",
        "The app does not offer the JWT bearer flow.",
        f"{APP_PAGE} > the app > OAuth settings: enable JWT Bearer Flow (for a Connected App: "
        "Use digital signatures) and upload the certificate.",
        BY_KEY,
    ),
    SignInProblem(
        "invalid_request",
        r"",
        "sign-in-request-refused",
        "Salesforce did not understand the sign-in request.",
        "A proxy on the way may have changed it; Setup > Login History shows what arrived.",
    ),
    SignInProblem(
        "invalid_scope",
        r"",
        "invalid-scope",
        "The app lacks a scope that the sign-in needs.",
        f"{APP_PAGE} > the app > OAuth settings: add the scopes 'Manage user data via APIs "
        "(api)' and 'Perform requests at any time (refresh_token, offline_access)'.",
        BY_KEY,
    ),
    SignInProblem(
        "unauthorized_client",
        r"",
        "unauthorized-client",
        "The app may not use the JWT bearer flow.",
        f"{APP_PAGE} > the app > OAuth settings: enable JWT Bearer Flow and upload the "
        "certificate.",
        BY_KEY,
    ),
    *SECRET_PROBLEMS,
)

UNKNOWN = SignInProblem(
    "",
    r"",
    "sign-in-failed",
    "Salesforce refused the sign-in for a reason that the tap does not know.",
    "Setup > Login History of the user names the reason.",
)


def explain(error: str, description: str, flow: Flow | None = Flow.JWT_BEARER) -> SignInProblem:
    """Return what a refused sign-in means.

    Args:
        error: The ``error`` of the token endpoint's answer.
        description: Its ``error_description``.
        flow: How somebody has signed in; None where that is not known.
    """
    if re.search(r"login rate exceeded|number of logins exceeded", description, re.IGNORECASE):
        error = "rate_limit_exceeded"  # the text is known, but not each error it comes with
    elif error.startswith("redirect_uri_") or error == "unsupported_response_type":
        error = "invalid_request"  # of other ways to sign in, which the tap does not ask for
    return next((p for p in PROBLEMS if p.explains(error, description, flow)), UNKNOWN)


def explained(body: Mapping[str, object], flow: Flow) -> tuple[SignInProblem, str]:
    """Return what a refusal means, and what Salesforce has said, as a message has it.

    Args:
        body: Of the token endpoint's answer.
        flow: How somebody has signed in.
    """
    # A proxy may repeat what it was sent in its answer, or send a whole page.
    error = one_line(body.get("error", ""))
    description = one_line(body.get("error_description", ""))
    said = f" (Salesforce said {error}: {description})" if error else ""
    return explain(error, description, flow), said
