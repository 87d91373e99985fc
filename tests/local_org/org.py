"""The org itself: its parts put together, started, stopped and reset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.local_org.answers.bulk import Bulk
from tests.local_org.answers.composite import Composite
from tests.local_org.answers.identity import Identity
from tests.local_org.answers.jobs import Jobs
from tests.local_org.answers.limits import Limits
from tests.local_org.answers.oauth import OAuth
from tests.local_org.answers.query import Query
from tests.local_org.answers.replication import Replication
from tests.local_org.answers.rest import Rest
from tests.local_org.answers.results import Results
from tests.local_org.answers.tokens import Tokens
from tests.local_org.conditions.clock import Clock
from tests.local_org.conditions.control import Control
from tests.local_org.conditions.faults import Faults
from tests.local_org.conditions.journal import Journal
from tests.local_org.conditions.settings import Settings
from tests.local_org.exchange import html_answer
from tests.local_org.front import Front
from tests.local_org.server import OrgServer
from tests.local_org.store.store import Store

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from typing_extensions import Self

    from tests.local_org.exchange import Answer, Call


class LocalOrg:
    """A Salesforce org on loopback.

    Use it as a context manager, or `start()` and `stop()` it. `reset()` makes it new for the next
    test and keeps the port. With `tls`, it is reached by https only.
    """

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._port = port
        self._tls = tls
        self._server: OrgServer | None = None
        self._resets = 0
        self.crashes: list[BaseException] = []
        self.clock = Clock()
        self.settings = Settings()
        self.journal = Journal()
        self.faults = Faults()
        self.identity = Identity()
        self.limits = Limits(self.clock, self.settings)
        self.tokens = Tokens(self.clock, self.settings, self.identity.organization_id)
        self.store = Store(self.clock)
        self.jobs = Jobs(
            store=self.store,
            settings=self.settings,
            clock=self.clock,
            limits=self.limits,
            user_id=self.identity.user_id,
        )
        self.oauth = OAuth(
            clock=self.clock, settings=self.settings, tokens=self.tokens, identity=self.identity
        )
        self.rest = Rest(
            store=self.store,
            limits=self.limits,
            settings=self.settings,
            clock=self.clock,
            identity=self.identity,
        )
        self.replication = Replication(store=self.store, clock=self.clock)
        self.query = Query(store=self.store, settings=self.settings, clock=self.clock)
        self.composite = Composite(self.settings)
        self.bulk = Bulk(self.jobs, self.settings)
        self.results = Results(self.jobs, self.settings)
        self.control = Control(self.store, self.journal)
        self._front = Front(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens; the `instance_url` of a config."""
        return self.identity.url

    @property
    def client_id(self) -> str:
        """The consumer key of the registered app."""
        return self.identity.client_id

    @property
    def username(self) -> str:
        """The user who may sign in."""
        return self.identity.username

    @property
    def private_key_pem(self) -> str:
        """The key whose public half is registered."""
        return self.identity.private_key_pem

    def start(self) -> Self:
        """Listen; when this returns, requests are answered."""
        if self._server is None:
            self._server = OrgServer(self, self._port, self._tls)
            self.identity.url = self._server.url
            self._server.start()
        return self

    def stop(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def reset(self) -> None:
        """As new: no rows, no tokens, no jobs, no faults, real time, default behaviour."""
        self._resets += 1
        self.crashes.clear()
        self.settings.reset()
        self.identity.certificate = b""
        self.clock.reset()
        self.faults.clear()
        self.journal.clear()
        self.limits.reset()
        self.tokens.reset()
        self.oauth.reset()
        self.rest.reset()
        self.query.reset()
        self.jobs.reset()
        self.store.reset()

    def config(self, **overrides: object) -> dict[str, Any]:
        """A tap config that signs in here."""
        return {
            "instance_url": self.url,
            "client_id": self.client_id,
            "username": self.username,
            "private_key": self.private_key_pem,
            # Another org at this address would have other objects.
            "discovery_cache": "false",
            **overrides,
        }

    def expire_tokens(self) -> None:
        """End every session, as an administrator can."""
        self.tokens.expire()

    def expire_cursors(self) -> None:
        """Make every open query locator invalid."""
        self.query.reset()

    def answer(self, call: Call) -> Answer:
        """Answer one request; the server calls this."""
        resets = self._resets
        try:
            return self._front.answer(call)
        except Exception:
            if self._resets == resets:
                raise
            # Of a program that was killed: its rows went away while they were read.
            return html_answer(503, "<html><body><h1>The org was reset.</h1></body></html>")
