"""What a state says of the reconciliation of one stream: what its target has confirmed."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import msgspec


class Place(NamedTuple):
    """Where rows stand among those that were written one after the other.

    Attributes:
        number: Counted through from the stream's beginning; 0 for before the first.
        run: That has written them; empty for before the first.
    """

    number: int
    run: str


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What the target holds, by the names that it has in the store.

    Attributes:
        generation: The sweep that it was made equal to last; empty before the first.
        emitted: The number of the last rows that have been written; 0 before the first.
        run: The run that has written them; each says behind which ones it has begun.
        has_gap: Rows have been written that are not in the store.
    """

    # It becomes part of a path.
    generation: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z+-]*$")] = ""
    emitted: Annotated[int, msgspec.Meta(ge=0)] = 0
    run: str = ""
    has_gap: bool = False

    @classmethod
    def from_state(cls, content: object) -> Confirmed:
        """Read what `to_state` has made.

        Raises:
            ValueError: It is something else.
        """
        return msgspec.convert(content, cls)

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return dict(msgspec.to_builtins(self))

    @property
    def last(self) -> Place:
        """Return where the last rows stand that have been written."""
        return Place(self.emitted, self.run)

    def with_emitted(self, last: Place) -> Confirmed:
        """Return it with further rows."""
        return msgspec.structs.replace(self, emitted=last.number, run=last.run)

    def with_gap(self) -> Confirmed:
        """Return it where rows have been written that are not in the store."""
        return msgspec.structs.replace(self, has_gap=True)
