"""Every setting, declared once: for the user, for Meltano, for the checks and for the run.

The JSON Schema of ``--about`` and the frozen `Settings` object both come from here, and nothing
below the tap sees the config dict.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  likewise
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  the kind of a setting is read from its type
from pathlib import Path

from tap_versionforge_salesforce.salesforce.api_version import API_VERSION
from tap_versionforge_salesforce.salesforce.auth.credentials import Credentials
from tap_versionforge_salesforce.salesforce.auth.hosts import (
    checked_audience,
    checked_instance_url,
    derived_audience,
)
from tap_versionforge_salesforce.salesforce.support.timestamps import format_instant
from tap_versionforge_salesforce.settings.backfills import EXAMPLE, Backfill, parsed_backfills
from tap_versionforge_salesforce.settings.checking import checked_kinds
from tap_versionforge_salesforce.settings.declaring import declared, settings_of
from tap_versionforge_salesforce.settings.naming import resolve_aliases, told_as_given
from tap_versionforge_salesforce.settings.sign_in import AnySignIn, check_sign_in, sign_in_of
from tap_versionforge_salesforce.settings.soql_streams import EXAMPLE as SOQL_EXAMPLE
from tap_versionforge_salesforce.settings.soql_streams import (
    SoqlStream,
    check_soql_streams,
    parsed_soql_streams,
)
from tap_versionforge_salesforce.settings.values import (
    check_store,
    checked_api_version,
    checked_filters,
    checked_keys,
    checked_objects,
    checked_start_date,
)

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
DELETIONS = ("stream", "tombstones", "both")
NUMBER_FORMATS = ("number", "singer.decimal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The checked settings of one run; each field is the setting of that name.

    Attributes that are no settings:
        jwt_audience_derived: The audience was not given but concluded from the host.
        objects_are_default: The user did not choose the objects.
    """

    jwt_audience_derived: bool
    objects_are_default: bool
    instance_url: str = declared(
        "Instance URL",
        "My Domain URL of the org, such as https://yourorg.my.salesforce.com; Setup > My Domain "
        "shows it. Plain http is accepted for a loopback host only.",
        required=True,
    )
    client_id: str | None = declared(
        "Consumer key",
        "Consumer key of the External Client App (or Connected App) that the integration signs "
        "in through.",
        secret=True,
    )
    username: str | None = declared(
        "Username",
        "Username of the pre-authorised integration user. It looks like an e-mail address, but "
        "is not the user's e-mail.",
    )
    private_key: str | None = declared(
        "Private key",
        "RSA private key as PEM text, with real line breaks, with literal \\n, or base64-encoded "
        "(also from DER). Give either this or private_key_path.",
        secret=True,
    )
    private_key_path: str | None = declared(
        "Private key file",
        "Path of a PEM or DER file with the RSA private key. Give either this or private_key.",
        is_path=True,
    )
    private_key_passphrase: str | None = declared(
        "Private key passphrase",
        "Passphrase of the private key. Needed only when the key is encrypted.",
        secret=True,
    )
    certificate_path: str | None = declared(
        "Certificate file",
        "Path of the certificate that was uploaded to the app. Only check reads it: it warns "
        "before the certificate ends, and tells where it is that of another key.",
        is_path=True,
    )
    client_secret: str | None = declared(
        "Consumer secret",
        "Consumer secret of the app, for those who can't have a key: in place of username and the "
        "key. Alone it signs in as the user whom the app's policies name (OAuth client "
        "credentials), with a refresh token as whoever has approved the app.",
        secret=True,
    )
    refresh_token: str | None = declared(
        "Refresh token",
        "Refresh token of somebody who has approved the app; needs client_secret. Where the app "
        "rotates refresh tokens, it is good for one sign-in: refresh_token_path keeps the next "
        "one. Give either this or refresh_token_path.",
        secret=True,
    )
    refresh_token_path: str | None = declared(
        "Refresh token file",
        "Path of a file that holds the refresh token and nothing else; needs client_secret. Where "
        "the app rotates refresh tokens, the next one is written there, so that its folder has to "
        "be writable. Give either this or refresh_token.",
        is_path=True,
    )
    access_token: str | None = declared(
        "Access token",
        "Access token of a user who is signed in already, for a first look before there is an "
        "app: in place of client_id, username and the key. It is never renewed, so a run ends "
        "when its session does.",
        secret=True,
    )
    jwt_audience: str = declared(
        "JWT audience",
        "Authorization server named in the signed assertion. Derived from instance_url when "
        "left out, https://test.salesforce.com for sandboxes and scratch orgs and "
        "https://login.salesforce.com for all others.",
    )
    api_version: str = declared(
        "API version",
        "Salesforce API version. The newest one that the org lists is used, with a warning, "
        "when it does not have this one.",
        default=API_VERSION,
    )
    objects: tuple[str, ...] = declared(
        "Objects",
        "API names of the objects to discover; the wildcards * and ? are allowed, as in *__c "
        "or Opportunity*. Upper and lower case do not matter. A default object that the org lacks "
        "is skipped; what only a wildcard names and can't be read is left out, or listed in the "
        "catalog as unsupported; one that you name and the org lacks is an error.",
        default=DEFAULT_OBJECTS,
    )
    filters: Mapping[str, str] | None = declared(
        "Filters",
        "Which rows of an object are read: a condition in SOQL by its API name, as it stands "
        "behind WHERE. A row that no longer meets it stays in the target as it was. Where a filter "
        "changes, what it newly lets in from before the bookmark comes only without a state.",
        example='{"Opportunity": "IsWon = true AND Amount > 1000"}',
    )
    replication_keys: Mapping[str, str] | None = declared(
        "Replication keys",
        "By which date-time an object is read incrementally, by its API name, in place of "
        "SystemModstamp. What changes without moving that field is missed.",
        example='{"Opportunity": "LastModifiedDate"}',
    )
    soql_streams: Mapping[str, Mapping[str, object]] | None = declared(
        "SOQL streams",
        "Queries of your own, by the names of their streams: soql is the SELECT, replication_key "
        "a date-time of it to read it incrementally by, key_properties what tells its rows apart "
        "(Id, where it is selected). Objects are read beside them.",
        example=SOQL_EXAMPLE,
    )
    soql_nested: bool = declared(
        "Nested parents",
        "Fields of parents come in objects of their own in soql_streams, Account with Name in it, "
        "in place of a property called Account.Name.",
        default=False,
    )
    describe_streams: bool = declared(
        "Streams of describes",
        "Offer streams of what the describes of the run's objects say: _objects, _fields with "
        "labels, help texts and formulas, and _picklist_values. They take no API call, and are "
        "read whole each time.",
        default=False,
    )
    start_date: datetime | None = declared(  # noqa: RUF009  it makes a field
        "Start date",
        "Rows last changed before this moment are left out. Without it, all history is extracted. "
        "A bookmark in the state counts more.",
    )
    backfill: tuple[str, ...] | None = declared(
        "Backfill",
        "Ranges that the run reads again, and nothing else, such as "
        f"{EXAMPLE}, by the date-time that the object is read by; the end is not included. No "
        "bookmark moves.",
        example=f'["{EXAMPLE}"]',
    )
    number_format: str = declared(
        "Number format",
        "How numbers with decimals are sent: number is a number of JSON, of which many targets "
        "keep 15 digits; singer.decimal is a text with the format x-singer.decimal, which nobody "
        "rounds. Whole numbers are numbers either way.",
        default="number",
        options=NUMBER_FORMATS,
    )
    api_mode: str = declared(
        "API mode",
        "auto picks the REST API or Bulk API 2.0 for each extraction by itself; rest and bulk "
        "force one of them.",
        default="auto",
        options=API_MODES,
    )
    bulk_threshold: int = declared(
        "Bulk threshold",
        "Number of changed rows above which an incremental extraction in auto mode uses Bulk "
        "API 2.0.",
        default=10000,
    )
    include_deleted: bool = declared(
        "Include deleted rows",
        "Also extract rows in the recycle bin, marked by IsDeleted, so that deletions reach the "
        "target. Archived tasks and events come in any case.",
        default=True,
    )
    lookback_seconds: int = declared(
        "Look-back",
        "Seconds before the bookmark that an incremental extraction reads again, for rows that "
        "Salesforce committed late.",
        default=600,
    )
    quota_warning_threshold: int = declared(
        "Quota warning threshold",
        "Warn before an extraction when fewer daily API calls than this remain in the org.",
        default=1000,
    )
    quota_reserve: int = declared(
        "Quota reserve",
        "Daily API calls that are left to others. The run stops, resumable and with exit code "
        "4, rather than go below.",
        default=0,
    )
    bulk_page_rows: int = declared(
        "Bulk page size",
        "Most rows of one Bulk API 2.0 result page where pages are downloaded one after the "
        "other. A job with more rows is downloaded in parallel pages, of the size that Salesforce "
        "chooses.",
        default=50000,
        minimum=1,
    )
    parallel_downloads: int = declared(
        "Parallel downloads",
        "Result pages of Bulk API 2.0 jobs that are downloaded at once, and streams whose first "
        "REST page is asked for early, each by itself (composite_queries brings up to ten). 1 does "
        "all of it one after the other.",
        default=4,
        minimum=1,
    )
    composite_queries: bool = declared(
        "Composite queries",
        "Ask for the first pages of incremental streams together, five to a composite request that "
        "counts as one API call, and with them for transactions that are still running, which no "
        "bookmark passes then. Rows are the same either way.",
        default=True,
    )
    changed_parents_only: bool = declared(
        "Changed parents only",
        "Ask for ContentDocumentLink, ContentFolderItem and ContentFolderMember, which Salesforce "
        "answers only by the Ids of a parent, by those parents alone that have changed since the "
        "bookmark. It saves calls, and misses what is new of a parent that has not changed.",
        default=False,
    )
    max_parallel_jobs: int = declared(
        "Parallel jobs",
        "Most Bulk API 2.0 jobs that one run has in the org at once, created before the turn of "
        "their streams.",
        default=10,
        minimum=1,
    )
    max_api_calls: int | None = declared(
        "API call limit",
        "Most API calls that one run may make. When it is reached the run stops, resumable and "
        "with exit code 4. No limit when left out.",
        minimum=1,
    )
    keep_jobs: bool = declared(
        "Keep Bulk jobs",
        "Leave finished Bulk API 2.0 jobs in the org instead of deleting them, for looking at "
        "them in Setup.",
        default=False,
    )
    discovery_cache: str = declared(
        "Discovery cache",
        "Keep what describes have told, so that the next run asks only for what has changed. True "
        "keeps it in the user's cache folder, a path in another one, false nowhere.",
        default="true",
        is_path=True,
        is_switch=True,
    )
    reconcile_every_hours: int | None = declared(
        "Reconcile every so many hours",
        "Compare what the org holds with what the target was given, stream by stream, when that "
        "was last done so many hours ago, and emit what differs: rows deleted for good, formulas, "
        "rows shared or committed late. 0 does it in this run. Left out, it is not done.",
    )
    reconcile_store: str | None = declared(
        "Reconciliation store",
        "Folder, or URL of one such as s3://bucket/folder, where it is kept what was swept and "
        "what was emitted since; needed with reconcile_every_hours. Set it in all runs of one "
        "state, and use it for no other.",
        is_path=True,
        is_url=True,
    )
    reconcile_fields: Mapping[str, tuple[str, ...]] | None = declared(
        "Reconciled fields",
        "Fields by object that change without moving a row's stamp, beside formulas and what is "
        "known to move by date. A leading - leaves one out: an age in days differs every night.",
    )
    reconcile_max_deleted_percent: int = declared(
        "Most deleted rows",
        "Where more of an object's rows than this share of them in the store are gone at once, "
        "that is taken for a lost permission: nothing is told as deleted, and the stream fails.",
        default=20,
        maximum=100,
    )
    deletions: str = declared(
        "Deletions",
        "How rows that reconciliation finds gone are told: stream is a stream _deletions with "
        "their Ids, tombstones are records of their own stream with _sdc_deleted_at, both is both.",
        default="stream",
        options=DELETIONS,
    )
    spool_dir: str | None = declared(
        "Spool folder",
        "Folder where result pages wait until they are emitted. The system's temporary folder "
        "when left out.",
        is_path=True,
    )
    spool_megabytes: int = declared(
        "Most megabytes of the spool",
        "Most megabytes that the result pages of a run have in the spool folder, all streams "
        "together: further pages wait until the target has taken those before them. A single page "
        "that is larger comes all the same, with none beside it.",
        default=400,
        minimum=1,
    )
    report_path: str | None = declared(
        "Run report",
        "File that gets the run report, one JSON object: per stream the API and why, rows, pages, "
        "calls, times, bookmarks, and what was proven. A log has it in any case; a terminal shows "
        "the same as a table.",
        is_path=True,
    )
    ca_bundle: str | None = declared(
        "CA bundle",
        "PEM file with the certificates of a private certificate authority. Proxies are taken "
        "from the usual environment variables.",
        is_path=True,
    )
    user_agent: str | None = declared(
        "User agent",
        "User-Agent header sent with every request. The tap's name and version when left out.",
    )
    job_timeout_seconds: int = declared(
        "Bulk job timeout",
        "Longest wait, in seconds, for one Bulk API 2.0 job to complete. Then its rows are tried "
        "in two halves.",
        default=14400,
        minimum=1,
    )
    request_timeout_seconds: int = declared(
        "Request timeout",
        "Longest wait, in seconds, for an answer to one request. Keep it above the 120 seconds "
        "that Salesforce itself gives a query.",
        default=300,
        minimum=1,
        maximum=86400,
    )

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Settings:
        """Read and check the user's config, aliases included.

        Args:
            config: As given: config.json and environment merged.

        Raises:
            SettingsError: A setting is missing, empty, of the wrong kind, or contradicts another.
        """
        with told_as_given(config):
            return cls._from_config(config)

    @classmethod
    def _from_config(cls, config: Mapping[str, object]) -> Settings:
        told = resolve_aliases(config)
        given = checked_kinds(SETTINGS, told)
        check_sign_in(given, told, SETTINGS)
        check_store(given)
        parsed_backfills(given.get("backfill", ()))
        instance_url = checked_instance_url(str(given.pop("instance_url")))
        audience = given.pop("jwt_audience", None)
        start_date = given.pop("start_date", None)
        queries = given.get("soql_streams")
        objects = checked_objects(given.pop("objects"), may_be_none=bool(queries))
        filters, keys = given.pop("filters", None), given.pop("replication_keys", None)
        check_soql_streams(queries or {}, objects, given["api_mode"])
        return cls(
            instance_url=instance_url,
            jwt_audience=checked_audience(audience) if audience else derived_audience(instance_url),
            jwt_audience_derived=not audience,
            objects=objects,
            objects_are_default=objects == DEFAULT_OBJECTS,
            filters=None if filters is None else checked_filters(filters),
            replication_keys=None if keys is None else checked_keys(keys),
            start_date=None if start_date is None else checked_start_date(str(start_date)),
            api_version=checked_api_version(str(given.pop("api_version"))),
            **given,
        )

    @property
    def cache_folder(self) -> Path | None:
        """Return where describes are kept; None for nowhere."""
        # Of a token nobody knows whose it is, and each user may see other fields.
        if self.discovery_cache == "false" or self.access_token is not None:
            return None
        if self.discovery_cache == "true":
            # Not before the sign-in is sent.
            from platformdirs import user_cache_path  # noqa: PLC0415

            return user_cache_path("tap-versionforge-salesforce", appauthor=False)
        return Path(self.discovery_cache)

    def reconciled_fields(self, sobject: str) -> tuple[str, ...]:
        """Return what is named in ``reconcile_fields`` of an object, in whatever case."""
        named = self.reconcile_fields or {}
        by_object = {name.lower(): fields for name, fields in named.items()}
        return by_object.get(sobject.lower(), ())

    def filter(self, sobject: str) -> str:
        """Return the condition that ``filters`` has for an object, in whatever case; or nothing."""
        by_object = {name.lower(): text for name, text in (self.filters or {}).items()}
        return by_object.get(sobject.lower(), "")

    @property
    def backfills(self) -> tuple[Backfill, ...]:
        """Return the ranges that are all that the run reads; none where it reads as usual."""
        return parsed_backfills(self.backfill or ())

    @property
    def query_streams(self) -> tuple[SoqlStream, ...]:
        """Return the queries of ``soql_streams``."""
        return parsed_soql_streams(self.soql_streams or {})

    def wanted_key(self, sobject: str) -> str | None:
        """Return what ``replication_keys`` has for an object, in whatever case; None for none."""
        by_object = {name.lower(): key for name, key in (self.replication_keys or {}).items()}
        return by_object.get(sobject.lower())

    @property
    def numbers_are_texts(self) -> bool:
        """Tell whether numbers with decimals are sent as texts."""
        return self.number_format != "number"

    @property
    def is_reconciling(self) -> bool:
        """Tell whether streams are reconciled that have not been for long enough."""
        return self.reconcile_every_hours is not None

    @property
    def has_deletions_stream(self) -> bool:
        """Tell whether rows that are gone are told in a stream of their own."""
        return self.is_reconciling and self.deletions != "tombstones"

    @property
    def has_tombstones(self) -> bool:
        """Tell whether rows that are gone are told in their own streams."""
        # In runs between two reconciliations as well: a target has one schema of a table.
        return self.reconcile_store is not None and self.deletions != "stream"

    @property
    def sign_in(self) -> AnySignIn:
        """Return who signs in, and how."""
        return sign_in_of(self)

    @property
    def known_user(self) -> str | None:
        """Return the username that is signed in; None where only Salesforce knows it."""
        return None if self.client_secret is not None else self.username

    @property
    def credentials(self) -> Credentials:
        """Return what a sign-in with a key needs of them."""
        return Credentials(
            instance_url=self.instance_url,
            client_id=self.client_id or "",
            username=self.username or "",
            audience=self.jwt_audience,
            is_audience_derived=self.jwt_audience_derived,
            private_key=self.private_key,
            private_key_path=self.private_key_path,
            private_key_passphrase=self.private_key_passphrase,
        )

    def for_sdk(self) -> dict[str, object]:
        """Return the settings that the SDK checks or uses as well, spelled as they are meant."""
        found: dict[str, object] = {
            "api_version": self.api_version,
            "api_mode": self.api_mode,
            "discovery_cache": self.discovery_cache,
            "number_format": self.number_format,
        }
        if self.start_date is not None:
            found["start_date"] = format_instant(self.start_date)
        if self.backfill is not None:
            found["backfill"] = list(self.backfill)
        return found | ({} if self.spool_dir is None else {"spool_dir": self.spool_dir})


SETTINGS = settings_of(Settings)
#: Which rows the tap's streams have; elsewhere each read says which it wants.
OF_STREAMS = frozenset({"filters", "replication_keys", "soql_streams", "soql_nested", "backfill"})
