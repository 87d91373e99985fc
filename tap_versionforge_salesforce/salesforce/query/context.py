"""The context in which one query is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.salesforce.support.events import Remark

if TYPE_CHECKING:
    from tap_versionforge_salesforce.salesforce.objects.soql import Query
    from tap_versionforge_salesforce.salesforce.org import Org
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
    """

    org: Org
    query: Query
    options: QueryOptions
    turn: Turn

    def remark(self, text: str, *, is_warning: bool = False) -> None:
        """Tell people something about it."""
        self.org.events.tell(Remark(self.query.sobject, text, is_warning))
