"""What happens, as values, and who is told of it: the log, the report of a run, a display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class ApiChosen:
    """It is known which API serves the rows of a query; another one may have to, later.

    Attributes:
        sobject: Whose rows.
        api: ``REST API`` or ``Bulk API 2.0``.
        reason: Ends the sentence "... because ...".
    """

    sobject: str
    api: str
    reason: str


@dataclass(frozen=True, slots=True)
class RowsCounted:
    """It is known how many rows a query has, or about how many its object has.

    Attributes:
        sobject: Whose rows.
        rows: How many.
        is_estimate: It is the count of ``limits/recordCount``, which is approximate; else
            ``totalSize`` of the query.
    """

    sobject: str
    rows: int
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class JobCreated:
    """A Bulk job is in the org.

    Attributes:
        sobject: Whose rows it reads.
        job_id: The job's.
        address: Of its page in Setup.
    """

    sobject: str
    job_id: str
    address: str


@dataclass(frozen=True, slots=True)
class JobResumed:
    """A Bulk job of an earlier run is gone on with.

    Attributes:
        sobject: Whose rows it reads.
        job_id: The job's.
        address: Of its page in Setup.
        rows_before: That the earlier run has written of it.
    """

    sobject: str
    job_id: str
    address: str
    rows_before: int


@dataclass(frozen=True, slots=True)
class JobLookedAt:
    """A Bulk job has been looked at while it is waited for.

    Attributes:
        sobject: Whose rows it reads.
        job_id: The job's.
        state: As Salesforce calls it.
        rows: That Salesforce has found so far; None where it does not tell.
    """

    sobject: str
    job_id: str
    state: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class PageArrived:
    """A page of rows is here, and not yet written.

    Attributes:
        sobject: Whose rows.
        rows: How many, as Salesforce says; 0 for a page of a job that comes again.
        size: Of its body in bytes, packed as it came; None of a part of a composite answer.
    """

    sobject: str
    rows: int
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Retried:
    """Something went wrong that may pass, and is tried again.

    Attributes:
        kind: What happened; without what differs from case to case.
        text: The case and what is done about it, in one sentence.
        seconds: What it has cost of time: the attempt, and the wait for the next.
        calls: What it has cost of API calls.
    """

    kind: str
    text: str
    seconds: float = 0.0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that people may want to know, and no program.

    Attributes:
        sobject: Whose reading it is about; None for the org.
        text: One or more sentences.
        is_warning: Somebody may have to do something about it.
    """

    sobject: str | None
    text: str
    is_warning: bool = False


class Events:
    """Hands what happens to all who listen, in the thread in which it happens."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[object], object]] = []

    def listen(self, listener: Callable[[object], object]) -> None:
        """Have somebody told of everything from now on.

        Args:
            listener: Called with each event, in several threads at once. It raises nothing and
                does not take long: what happens waits for it.
        """
        self._listeners.append(listener)

    def tell(self, event: object) -> None:
        """Tell all listeners of an event, in the order in which they came."""
        for listener in self._listeners:
            listener(event)
