"""Which path is answered by what, and what a request must bring to be let in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from werkzeug.routing import Map, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local_org.exchange import Answer
    from tests.local_org.org import LocalOrg


class Gate(Enum):
    """How a path is guarded."""

    OPEN = "no token is looked at here"
    API = "needs a version, a token, and counts as a call"


@dataclass(frozen=True)
class Route:
    """Where a path leads."""

    handler: Callable[..., Answer]
    gate: Gate


def build(org: LocalOrg) -> Map:
    """All paths of the org."""
    root = "/services/data/v<version>"
    job = f"{root}/jobs/query/<job_id>"
    api: dict[tuple[str, str], Callable[..., Answer]] = {
        ("GET", root): org.rest.resources,
        ("GET", f"{root}/limits"): org.rest.limits,
        ("GET", f"{root}/limits/recordCount"): org.rest.record_count,
        ("GET", f"{root}/sobjects"): org.rest.describe_global,
        ("GET", f"{root}/sobjects/<name>"): org.rest.basic_information,
        ("GET", f"{root}/sobjects/<name>/describe"): org.rest.describe,
        ("GET", f"{root}/sobjects/<name>/updated"): org.replication.updated,
        ("GET", f"{root}/sobjects/<name>/deleted"): org.replication.deleted,
        ("GET", f"{root}/query"): org.query.query,
        ("GET", f"{root}/queryAll"): org.query.query_all,
        ("GET", f"{root}/query/<locator>"): org.query.more,
        ("GET", f"{root}/queryAll/<locator>"): org.query.more,
        ("POST", f"{root}/composite"): org.composite.composite,
        ("POST", f"{root}/composite/batch"): org.composite.batch,
        ("POST", f"{root}/jobs/query"): org.bulk.create,
        ("GET", f"{root}/jobs/query"): org.bulk.list,
        ("GET", job): org.bulk.show,
        ("PATCH", job): org.bulk.change,
        ("DELETE", job): org.bulk.delete,
        ("GET", f"{job}/results"): org.results.page,
        ("GET", f"{job}/resultPages"): org.results.pages,
        ("GET", f"{job}/resultpages"): org.results.pages,
    }
    opened: dict[tuple[str, str], Callable[..., Answer]] = {
        ("GET", "/services/data"): org.rest.versions,
        ("GET", "/services/oauth2/userinfo"): org.oauth.userinfo,
        ("POST", "/services/oauth2/userinfo"): org.oauth.userinfo,
        ("GET", "/id/<organization>/<user>"): org.oauth.identity,
        ("GET", "/local-org/journal"): org.control.journal,
        ("POST", "/local-org/change"): org.control.change,
    }
    rules = [
        Rule(path, methods=[method], endpoint=Route(handler, gate))
        for gate, table in ((Gate.API, api), (Gate.OPEN, opened))
        for (method, path), handler in table.items()
    ]
    # The token endpoint refuses other methods in its own words.
    rules.append(Rule("/services/oauth2/token", endpoint=Route(org.oauth.token, Gate.OPEN)))
    return Map(rules, strict_slashes=False, merge_slashes=False)
