"""REST: versions, limits, record counts and describes."""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from tests.local_org.answers import errors
from tests.local_org.answers.encode import dump_json
from tests.local_org.conditions.clock import http_date
from tests.local_org.exchange import Answer, json_answer

if TYPE_CHECKING:
    from tests.local_org.answers.identity import Identity
    from tests.local_org.answers.limits import Limits
    from tests.local_org.conditions.clock import Clock
    from tests.local_org.conditions.settings import Settings
    from tests.local_org.exchange import Call
    from tests.local_org.objects.sobjects import SObject
    from tests.local_org.store.store import Store

_RETIRED_BELOW = 31
_DEPRECATED_BELOW = 41
_FIRST_DESCRIBED = datetime(2024, 1, 1, tzinfo=timezone.utc)
_SEASONS = ("Spring", "Summer", "Winter")


def version_label(version: int) -> str:
    """The release a version belongs to: three a year, 68 is Winter '27."""
    season = _SEASONS[(version - 66) % 3]
    year = 26 + (version - 66) // 3 + (season == "Winter")
    return f"{season} '{year % 100:02d}"


def check_version(settings: Settings, version: str) -> None:
    """Accept a version of a path, or say that it is unknown or retired."""
    number = version.removesuffix(".0")
    if not number.isdigit() or version == number:
        raise errors.not_found()
    if int(number) in settings.versions:
        return
    if int(number) < _RETIRED_BELOW:
        raise errors.unsupported_api_version()
    raise errors.not_found()


def deprecation_warning(version: str) -> dict[str, str]:
    """The Warning header of versions that are about to go."""
    if int(version.removesuffix(".0")) >= _DEPRECATED_BELOW:
        return {}
    text = "This API version is deprecated and will be removed by Summer '28."
    return {"Warning": f'299 - "{text}"'}


class LastChanges:
    """When each describe last changed, for Last-Modified and If-Modified-Since."""

    def __init__(self, clock: Clock, first: datetime = _FIRST_DESCRIBED) -> None:
        self._clock = clock
        self._first = first
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[str, datetime]] = {}

    def anew(self) -> LastChanges:
        """Those of another org, later than all of this one: who keeps them is not misled."""
        last = max((changed for _, changed in self._seen.values()), default=self._first)
        return LastChanges(self._clock, last + timedelta(seconds=1))

    def of(self, name: str, digest: str) -> datetime:
        """When the content of this name became what it is now."""
        with self._lock:
            known = self._seen.get(name)
            if known is None:
                self._seen[name] = (digest, self._first)
            elif known[0] != digest:
                # HTTP dates have whole seconds: a second change within one must still be seen.
                later = max(self._clock.now(), known[1] + timedelta(seconds=1))
                self._seen[name] = (digest, later.replace(microsecond=0))
            return self._seen[name][1]


class Rest:
    """Everything under /services/data that is neither a query nor a job."""

    def __init__(
        self,
        *,
        store: Store,
        limits: Limits,
        settings: Settings,
        clock: Clock,
        identity: Identity,
    ) -> None:
        self._store = store
        self._identity = identity
        self._limits = limits
        self._settings = settings
        self._clock = clock
        self._changes = LastChanges(clock)

    def reset(self) -> None:
        """Forget when the describes changed."""
        self._changes = self._changes.anew()

    def versions(self, _call: Call) -> Answer:
        """GET /services/data."""
        return json_answer(
            [
                {
                    "label": version_label(version),
                    "url": f"/services/data/v{version}.0",
                    "version": f"{version}.0",
                }
                for version in sorted(self._settings.versions)
            ]
        )

    def resources(self, call: Call) -> Answer:
        """GET /services/data/vNN.N."""
        root = f"/services/data/v{call.version}"
        names = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")
        urls = {name: f"{root}/{name}" for name in names}
        return json_answer({"identity": self._identity.id_url, **urls})

    def limits(self, _call: Call) -> Answer:
        """GET /limits."""
        self._require_view_setup()
        return json_answer(self._limits.describe())

    def record_count(self, call: Call) -> Answer:
        """GET /limits/recordCount: approximate, and silent about what it does not know."""
        self._require_view_setup()
        asked = [name.strip() for name in call.query.get("sObjects", "").split(",") if name.strip()]
        known = {name.lower(): name for name in self._store.sobjects}
        names = [known[name.lower()] for name in asked if name.lower() in known]
        if not asked:
            names = list(known.values())
        counts = [
            {"count": self._approximate(name), "name": name}
            for name in names
            if name not in self._settings.record_count_omits
        ]
        return json_answer({"sObjects": counts})

    def describe_global(self, call: Call) -> Answer:
        """GET /sobjects."""
        sobjects = self._store.sobjects.values()
        content = {
            "encoding": "UTF-8",
            "maxBatchSize": 200,
            "sobjects": [sobject.global_entry(call.version) for sobject in sobjects],
        }
        return self._conditional(call, "", content)

    def describe(self, call: Call, name: str) -> Answer:
        """GET /sobjects/{name}/describe."""
        return self._conditional(call, name, self._sobject(name).describe(call.version))

    def basic_information(self, call: Call, name: str) -> Answer:
        """GET /sobjects/{name}."""
        entry = self._sobject(name).global_entry(call.version)
        return json_answer({"objectDescribe": entry, "recentItems": []})

    def _sobject(self, name: str) -> SObject:
        by_lower = {known.lower(): known for known in self._store.sobjects}
        if name.lower() not in by_lower:
            raise errors.not_found()
        return self._store.sobjects[by_lower[name.lower()]]

    def _approximate(self, name: str) -> int:
        return round(self._store.count(name) * self._settings.record_count_factor)

    def _require_view_setup(self) -> None:
        if not self._settings.view_setup:
            raise errors.insufficient_access()

    def _conditional(self, call: Call, name: str, content: dict[str, Any]) -> Answer:
        body = dump_json(content)
        digest = hashlib.sha256(body).hexdigest()
        changed = self._changes.of(f"v{call.version}/{name}", digest)
        headers = {"Last-Modified": http_date(changed), "ETag": f'"{digest[:8]}"'}
        if _is_unchanged(call.headers.get("If-Modified-Since"), changed):
            answer = Answer(304)
            answer.headers.extend(headers)
            return answer
        answer = json_answer(None, headers=headers)
        answer.body = body
        return answer


def _is_unchanged(since: str | None, changed: datetime) -> bool:
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return changed <= moment
