"""The way of a request through the org: faults, size, route, version, token, allowance, answer."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from werkzeug.exceptions import MethodNotAllowed, NotFound

from tests.local_org.answers import errors
from tests.local_org.answers.rest import check_version, deprecation_warning
from tests.local_org.conditions.journal import Entry
from tests.local_org.exchange import Answer, html_answer, json_answer
from tests.local_org.routes import Gate, Route, build

if TYPE_CHECKING:
    from tests.local_org.exchange import Call
    from tests.local_org.org import LocalOrg

_GZIP_FROM = 256
_GZIP_LEVEL = 1


class Front:
    """Takes requests from the server and hands them to the part of the org that answers."""

    def __init__(self, org: LocalOrg) -> None:
        self._org = org
        self._routes = build(org).bind("127.0.0.1")

    def answer(self, call: Call) -> Answer:
        """Answer one request as it comes from outside."""
        org = self._org
        entry = Entry(call, org.clock.now())
        org.journal.add(entry)
        answer = org.faults.apply(call, lambda: self._outer(call, entry))
        answer.wire.delay_seconds += org.settings.latency_ms / 1_000
        entry.status = answer.status
        if org.settings.gzip and "gzip" in call.headers.get("Accept-Encoding", ""):
            _compress(answer)
        return answer

    def _outer(self, call: Call, entry: Entry) -> Answer:
        too_long = self._too_long(call)
        if too_long is not None:
            return html_answer(too_long, f"<html><body><h1>HTTP {too_long}</h1></body></html>")
        answer = self._serve(call, entry, counted=True)
        info = self._org.limits.info_header()
        versions = call.path == "/services/data"
        if info is not None and call.path.startswith("/services/data/") and not versions:
            answer.headers["Sforce-Limit-Info"] = info
        return answer

    def _serve(self, call: Call, entry: Entry, *, counted: bool) -> Answer:
        try:
            return self._dispatch(call, entry, counted=counted)
        except errors.SalesforceError as error:
            return json_answer(error.body(), error.status)

    def _dispatch(self, call: Call, entry: Entry, *, counted: bool) -> Answer:
        route, arguments = self._route(call)
        if route.gate is Gate.OPEN:
            return route.handler(call, **arguments)
        check_version(self._org.settings, arguments.pop("version"))
        self._org.tokens.check(call.headers.get("Authorization"))
        composite = self._org.composite
        # Of a batch the parts count, of a composite the whole.
        if counted and route.handler != composite.batch:
            self._org.limits.take_call()
            entry.counted += 1
        if route.handler in (composite.composite, composite.batch):
            return route.handler(call, lambda part, **how: self._part(part, entry, **how))
        answer = route.handler(call, **arguments)
        answer.headers.extend(deprecation_warning(call.version))
        return answer

    def _part(self, call: Call, outer: Entry, *, counted: bool) -> Answer:
        entry = Entry(call, outer.at)
        outer.parts.append(entry)
        answer = self._org.faults.apply(call, lambda: self._serve(call, entry, counted=counted))
        entry.status = answer.status
        outer.counted += entry.counted
        return answer

    def _route(self, call: Call) -> tuple[Route, dict[str, str]]:
        try:
            endpoint, arguments = self._routes.match(call.path, call.method)
        except MethodNotAllowed as error:
            allowed = ",".join(sorted(error.valid_methods or (), reverse=True))
            raise errors.method_not_allowed(call.method, allowed) from None
        except NotFound:
            raise errors.not_found() from None
        return endpoint, dict(arguments)

    def _too_long(self, call: Call) -> int | None:
        settings = self._org.settings
        uri = len(call.target)
        headers = sum(len(name) + len(value) + 4 for name, value in call.headers.items())
        if uri + headers <= settings.uri_limit:
            return None
        natural = 414 if uri > settings.uri_limit else 431
        return settings.uri_too_long_status or natural


def _compress(answer: Answer) -> None:
    if len(answer.body) < _GZIP_FROM:
        return
    ready = answer.ready
    if ready is not None and ready.packed is not None and answer.body is ready.plain:
        answer.body = ready.packed
    else:
        answer.body = gzip.compress(answer.body, _GZIP_LEVEL, mtime=0)
    answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
