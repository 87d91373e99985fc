"""How this org behaves: every switch a test can turn."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

PRODUCTION_AUDIENCE = "https://login.salesforce.com"
SANDBOX_AUDIENCE = "https://test.salesforce.com"


@dataclass
class SignInSettings:
    """The token endpoint and the tokens it gives out."""

    sandbox: bool = False
    """A sandbox accepts the sandbox audience and refuses production's, as the real ones do."""
    audiences: set[str] | None = None
    """Accepted `aud` values; None follows `sandbox`."""
    strict_expiry: bool = True
    """Refuse an `exp` more than three minutes ahead, or not a whole number of seconds.

    The documentation asks for this and the real service is lenient; lenient also takes strings and
    milliseconds.
    """
    replay_check: bool = True
    """Refuse a `jti` seen before."""
    token_error: tuple[str, str] | None = None
    """(error, error_description) for the next sign-ins, whatever they send."""
    token_error_times: int | None = None
    """How often `token_error` is answered; None is always."""
    token_idle_seconds: float = 7200
    same_token_while_alive: bool = False
    """A second sign-in gets the live token again, as is often seen."""
    token_instance_url: str | None = None
    """`instance_url` of the token response, when it should not be the org's own."""
    user_approved: bool = True
    user_active: bool = True
    app_installed: bool = True
    client_credentials_flow: bool = True
    """Whether the app offers it."""
    run_as_user: bool = True
    """Whether the app's policies name the user of that flow."""
    rotate_refresh_tokens: bool = False
    """Each refresh token is good once, and who sends one again ends them all."""


@dataclass
class RestSettings:
    """Versions, limits, describes and queries."""

    versions: list[int] = field(default_factory=lambda: list(range(41, 69)))
    """What the org lists and serves. Under 31: retired (410). Up to 40: a Warning header."""
    view_setup: bool = True
    """Whether the user may see /limits and /limits/recordCount."""
    permissions: dict[str, bool] = field(
        default_factory=lambda: {
            "ApiEnabled": True,
            "ManageDataIntegrations": False,
            "ViewAllData": True,
        }
    )
    """What else UserPermissionAccess says that the user may do."""
    record_count_factor: float = 1.0
    """How far recordCount is off."""
    record_count_omits: set[str] = field(default_factory=set)
    limit_info: Literal["plain", "per-app", "absent"] = "plain"
    composite_refusal: tuple[int, str, str] | None = None
    """(status, code, message) for /composite, where an org or proxy does not serve it."""
    uri_limit: int = 16_384
    uri_too_long_status: int | None = None
    """None: 414 for the URI alone, 431 for URI and headers together."""
    page_rows: int = 2_000
    """Most rows of one query page."""
    batch_size_hint: Literal["obey", "ignore"] = "obey"
    page_sizes: Callable[[int], int] | None = None
    """Rows of the page that starts at this offset: the server's own mind about page sizes."""
    long_text_page_rows: int = 200
    """Most rows of a page with two or more long custom text fields."""
    cursor_seconds: float = 2 * 86_400
    gzip: bool = True


@dataclass
class BulkSettings:
    """Bulk API 2.0 query jobs."""

    job_transition: Literal["immediate", "after_polls", "time", "never"] = "after_polls"
    job_polls: int = 1
    """after_polls: how many polls see InProgress."""
    job_seconds: float = 60.0
    """time: seconds of the org's clock from create to the end."""
    job_outcome: Literal["JobComplete", "Failed", "Aborted"] = "JobComplete"
    job_error: str = (
        "InvalidBatch : Failed to process query: "
        "OPERATION_TOO_LARGE: exceeded 100000 distinct who/what's"
    )
    job_max_rows: int | None = None
    """A job with more rows than this is too large: it does not complete."""
    job_too_large: Literal["Failed", "InProgress"] = "Failed"
    """How a job ends that is too large; InProgress: it never does."""
    job_lifetime_seconds: float = 7 * 86_400
    job_counters: bool = True
    """False: numberRecordsProcessed is absent until the job is complete."""
    job_count_off_by: int = 0
    """How far numberRecordsProcessed of a complete job is from the rows there are."""
    pk_chunking_field: bool = True
    """Whether isPkChunkingSupported is in the job's description."""
    early_results_status: Literal[400, 204] = 400
    """Answer to a results call before the job is complete."""
    default_max_records: int = 100_000
    """Rows of a result page when the request has no maxRecords."""
    bulk_page_rows: int | None = None
    """Most rows of one result page, whatever maxRecords asks."""
    result_page_rows: int = 10_000
    """Rows of one page that resultPages lists."""
    result_pages_key: Literal["nextRecordsUrl", "nextRecordUrl"] = "nextRecordsUrl"
    result_pages_path: Literal["resultPages", "resultpages"] = "resultpages"
    result_pages_first_locator: bool = True
    """False: the first page's resultUrl has no locator."""
    result_pages_locator_header: Literal["next", "null"] = "next"
    """Sforce-Locator of a page that was listed for parallel download."""
    result_pages_version: int = 58
    """The API version that has resultPages first."""


@dataclass
class Settings(BulkSettings, RestSettings, SignInSettings):
    """All switches of the org in one place; `reset()` turns them back."""

    latency_ms: float = 0.0
    """Added to every answer, as a distance would."""

    def reset(self) -> None:
        """Back to the defaults."""
        fresh = Settings()
        for switch in fields(self):
            setattr(self, switch.name, getattr(fresh, switch.name))
