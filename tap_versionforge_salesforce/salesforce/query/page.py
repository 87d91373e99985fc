"""What the paginator yields and the stream writes: some rows, and what is safe behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        job: The Bulk job with which a later run can go on behind these rows.
        is_served: Salesforce has served them; False of no rows that only say something.
    """

    frame: Frame
    arrived: datetime
    starts_page: bool = True
    ends_page: bool = True
    checkpoint: datetime | None = None
    takes_back: bool = False
    job: JobCheckpoint | None = None
    is_served: bool = True
