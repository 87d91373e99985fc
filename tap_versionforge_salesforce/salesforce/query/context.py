"""The context in which one query is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.support.events import Remark

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
    from tap_versionforge_salesforce.salesforce.query.composite_queries import CompositeQueries
    from tap_versionforge_salesforce.salesforce.query.coverage import Coverage
    from tap_versionforge_salesforce.salesforce.query.download_queue import Turn
    from tap_versionforge_salesforce.salesforce.query.options import QueryOptions


@dataclass(frozen=True, slots=True)
class ReadContext:
    """The context in which one query is read.

    Attributes:
        org: Whose rows they are.
        query: The SELECT, its range included.
        options: How it is read.
        turn: Its place in the queue of downloads.
        composites: Asks for what several queries begin with; None where there is one query.
        coverage: To be known before the query is sent: how far the changes of its object are
            committed. None where nobody wants to know.
    """

    org: Org
    query: Query
    options: QueryOptions
    turn: Turn
    composites: CompositeQueries | None = None
    coverage: Coverage | None = None

    def wait_until_covered(self) -> None:
        """Ask for the coverage, if nobody has, and wait until it is known."""
        if self.composites is None or self.coverage is None:
            return
        self.composites.ask_coverage(self.coverage)
        self.composites.send()
        what = f"how far changes of {self.query.sobject} are committed"
        with self.org.interruption.waiting(lambda: what):
            self.coverage.wait()

    def remark(self, text: str, *, is_warning: bool = False) -> None:
        """Tell people something about it."""
        self.org.events.tell(Remark(self.query.title, text, is_warning))
