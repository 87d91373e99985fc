"""Every setting, described once: for the user, for Meltano, and for the checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DEFAULT_OBJECTS = (
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
API_MODES = ("auto", "rest", "bulk")
#: In characters. The base64 of a key that Salesforce takes is longer.
LONGEST_PATH = 1_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What a user is told about one setting.

    Attributes:
        name: Its name in config.json and meltano.yml.
        kind: Its JSON type.
        title: A few words for a form.
        description: What it does, in a sentence or two.
        default: The value when it is left out; None for none.
        required: It has to be given.
        secret: It is hidden wherever settings are shown.
        minimum: Smallest whole number allowed.
        maximum: Largest whole number allowed. Some clocks and sockets take no larger ones.
        options: The only values allowed.
        is_path: It names a file or folder of this machine.
    """

    name: str
    kind: Literal["string", "integer", "boolean", "array"]
    title: str
    description: str
    default: str | int | bool | tuple[str, ...] | None = None
    required: bool = False
    secret: bool = False
    minimum: int = 0
    maximum: int = 1_000_000_000
    options: tuple[str, ...] = ()
    is_path: bool = False


SETTINGS = (
    Setting(
        "instance_url",
        "string",
        "Instance URL",
        "My Domain URL of the org, such as https://yourorg.my.salesforce.com. Plain http is "
        "accepted for a loopback host only.",
        required=True,
    ),
    Setting(
        "client_id",
        "string",
        "Consumer key",
        "Consumer key of the External Client App (or Connected App) that the integration signs "
        "in through.",
        required=True,
        secret=True,
    ),
    Setting(
        "username",
        "string",
        "Username",
        "Username of the pre-authorised integration user. It looks like an e-mail address, but "
        "is not the user's e-mail.",
        required=True,
    ),
    Setting(
        "private_key",
        "string",
        "Private key",
        "RSA private key as PEM text, with real line breaks, with literal \\n, or base64-encoded "
        "(also from DER). Give either this or private_key_path.",
        secret=True,
    ),
    Setting(
        "private_key_path",
        "string",
        "Private key file",
        "Path of a PEM or DER file with the RSA private key. Give either this or private_key.",
        is_path=True,
    ),
    Setting(
        "private_key_passphrase",
        "string",
        "Private key passphrase",
        "Passphrase of the private key. Needed only when the key is encrypted.",
        secret=True,
    ),
    Setting(
        "jwt_audience",
        "string",
        "JWT audience",
        "Authorization server named in the signed assertion. Derived from instance_url when "
        "left out, https://test.salesforce.com for sandboxes and scratch orgs and "
        "https://login.salesforce.com for all others.",
    ),
    Setting(
        "api_version",
        "string",
        "API version",
        "Salesforce API version. The newest one that the org lists is used, with a warning, "
        "when it does not have this one.",
        default="68.0",
    ),
    Setting(
        "objects",
        "array",
        "Objects",
        "API names of the objects to discover; the wildcard * is allowed, as in *__c or "
        "Opportunity*. Upper and lower case do not matter. A default object that the org lacks is "
        "skipped, and so is what only a wildcard names and can't be read; one that you name and "
        "the org lacks is an error.",
        default=DEFAULT_OBJECTS,
    ),
    Setting(
        "start_date",
        "string",
        "Start date",
        "Rows last changed before this moment are left out. Without it, all history is extracted.",
    ),
    Setting(
        "api_mode",
        "string",
        "API mode",
        "auto picks the REST API or Bulk API 2.0 for each extraction by itself; rest and bulk "
        "force one of them.",
        default="auto",
        options=API_MODES,
    ),
    Setting(
        "bulk_threshold",
        "integer",
        "Bulk threshold",
        "Number of changed rows above which an incremental extraction in auto mode uses Bulk "
        "API 2.0.",
        default=10_000,
    ),
    Setting(
        "include_deleted",
        "boolean",
        "Include deleted rows",
        "Also extract rows in the recycle bin, marked by IsDeleted, so that deletions reach the "
        "target. Archived tasks and events come in any case.",
        default=True,
    ),
    Setting(
        "lookback_seconds",
        "integer",
        "Look-back",
        "Seconds before the bookmark that an incremental extraction reads again, for rows that "
        "Salesforce committed late.",
        default=600,
    ),
    Setting(
        "quota_warning_threshold",
        "integer",
        "Quota warning threshold",
        "Warn before an extraction when fewer daily API calls than this remain in the org.",
        default=1_000,
    ),
    Setting(
        "quota_reserve",
        "integer",
        "Quota reserve",
        "Daily API calls that are left to others. The run stops, resumable and with exit code "
        "4, rather than go below.",
        default=0,
    ),
    Setting(
        "bulk_page_rows",
        "integer",
        "Bulk page size",
        "Most rows of one Bulk API 2.0 result page where pages are downloaded one after the "
        "other. A job with more rows is downloaded in parallel pages, of the size that Salesforce "
        "chooses.",
        default=50_000,
        minimum=1,
    ),
    Setting(
        "parallel_downloads",
        "integer",
        "Parallel downloads",
        "Result pages of Bulk API 2.0 jobs that are downloaded at once, and streams whose first "
        "REST page is asked for early. 1 does all of it one after the other.",
        default=4,
        minimum=1,
    ),
    Setting(
        "max_parallel_jobs",
        "integer",
        "Parallel jobs",
        "Most Bulk API 2.0 jobs that one run has in the org at once, created before the turn of "
        "their streams.",
        default=10,
        minimum=1,
    ),
    Setting(
        "max_api_calls",
        "integer",
        "API call limit",
        "Most API calls that one run may make. When it is reached the run stops, resumable and "
        "with exit code 4. No limit when left out.",
        minimum=1,
    ),
    Setting(
        "keep_jobs",
        "boolean",
        "Keep Bulk jobs",
        "Leave finished Bulk API 2.0 jobs in the org instead of deleting them, for looking at "
        "them in Setup.",
        default=False,
    ),
    Setting(
        "spool_dir",
        "string",
        "Spool folder",
        "Folder where result pages wait until they are emitted. The system's temporary folder "
        "when left out.",
        is_path=True,
    ),
    Setting(
        "report_path",
        "string",
        "Run report",
        "File that gets the run report, one JSON object: per stream the API and why, rows, pages, "
        "calls, times, bookmarks, and what was proven. It is logged in any case.",
        is_path=True,
    ),
    Setting(
        "ca_bundle",
        "string",
        "CA bundle",
        "PEM file with the certificates of a private certificate authority. Proxies are taken "
        "from the usual environment variables.",
        is_path=True,
    ),
    Setting(
        "user_agent",
        "string",
        "User agent",
        "User-Agent header sent with every request. The tap's name and version when left out.",
    ),
    Setting(
        "job_timeout_seconds",
        "integer",
        "Bulk job timeout",
        "Longest wait, in seconds, for one Bulk API 2.0 job to complete. Then its rows are tried "
        "in two halves.",
        default=14_400,
        minimum=1,
    ),
    Setting(
        "request_timeout_seconds",
        "integer",
        "Request timeout",
        "Longest wait, in seconds, for an answer to one request. Keep it above the 120 seconds "
        "that Salesforce itself gives a query.",
        default=300,
        minimum=1,
        maximum=86_400,
    ),
)
