"""What the paginator yields and the stream writes: some rows, and what is safe behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_versionforge_salesforce.errors import IncompleteError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_versionforge_salesforce.salesforce.frames.frame import Frame
    from tap_versionforge_salesforce.salesforce.query.job_checkpoint import JobCheckpoint


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and what is safe to remember once they are written.

    Attributes:
        frame: The rows.
        arrived: When they were here, by this machine's clock.
        starts_page: They are the first of the page that Salesforce served. They come again where
            the page was not whole.
        ends_page: They are the last of it, and it is whole.
        checkpoint: Every row of the window up to here has been served; None where a page says
            nothing of the kind.
        takes_back: The checkpoints before it may have passed rows that did not come, and no later
            run is to go on with the Bulk job before it.
        may_repeat: Rows that have changed meanwhile may come again behind it, at their new place.
        job: The Bulk job with which a later run can go on behind these rows.
        is_served: Salesforce has served them; False of no rows that only say something.
    """

    frame: Frame
    arrived: datetime
    starts_page: bool = True
    ends_page: bool = True
    checkpoint: datetime | None = None
    takes_back: bool = False
    may_repeat: bool = False
    job: JobCheckpoint | None = None
    is_served: bool = True


def ids_in(pages: Iterable[Page], sobject: str) -> list[str]:
    """Return the Ids of the rows of some pages, each once: what is read again comes twice.

    Args:
        pages: Their rows have a column ``Id``.
        sobject: Of which object they are.

    Raises:
        IncompleteError: A row has none.
    """
    ids = dict.fromkeys(row_id for page in pages for row_id in page.frame.table["Id"])
    if None in ids:
        message = f"Salesforce answered with rows of {sobject} that have no Id."
        raise IncompleteError(message, hint="Run again.")
    return list(ids)
