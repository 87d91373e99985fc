"""Why the token endpoint says no, in Salesforce's words."""

from __future__ import annotations

TOKEN_ERRORS: dict[str, tuple[str, str]] = {
    "not approved": ("invalid_grant", "user hasn't approved this consumer"),
    "audience": ("invalid_grant", "audience is invalid"),
    "assertion": ("invalid_grant", "invalid assertion"),
    "assertion type": ("invalid_grant", "invalid assertion type"),
    "expired": ("invalid_grant", "expired authorization code"),
    "authentication failure": ("invalid_grant", "authentication failure"),
    "ip restricted": ("invalid_grant", "ip restricted or invalid login hours"),
    "expired token": ("invalid_grant", "expired access/refresh token"),
    "user locked": ("invalid_grant", "user is locked"),
    "client id": ("invalid_client_id", "client identifier invalid"),
    "client": ("invalid_client", "invalid client credentials"),
    "app access": ("invalid_app_access", "user is not admin approved to access this app"),
    "app not found": ("app_not_found", "External client app is not installed in this org"),
    "inactive user": ("inactive_user", "user is inactive"),
    "inactive org": ("inactive_org", "org is locked, closed, or suspended"),
    "too many logins": ("rate_limit_exceeded", "number of logins exceeded"),
    "login rate": ("rate_limit_exceeded", "login rate exceeded"),
    "retry": ("unknown_error", "retry your request"),
    "grant type": ("unsupported_grant_type", "grant type not supported"),
    "no assertion": ("invalid_request", "missing required parameter: assertion"),
    "no grant type": ("invalid_request", "missing required parameter: grant_type"),
    "method": ("invalid_request", "must use HTTP POST"),
    "must be installed": ("invalid_client", "app must be installed into org"),
    "busy": ("invalid_grant", "token request is already being processed"),
    "no run as user": ("invalid_grant", "no client credentials user enabled"),
    "other domain": ("invalid_grant", "request not supported on this domain"),
    "flow off": ("invalid_grant", "client credentials flow not enabled"),
}
"""Every row of the token endpoint's error table, by a short name."""


class SignInRefusedError(Exception):
    """The token endpoint says no."""

    def __init__(self, reason: str | tuple[str, str]) -> None:
        self.error, self.description = TOKEN_ERRORS[reason] if isinstance(reason, str) else reason
        super().__init__(self.description)
