"""What a state says of the reconciliation of one stream: what its target has confirmed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What the target holds, by the names that it has in the store.

    Attributes:
        generation: The sweep that it was made equal to last; empty before the first.
        emitted: The number of the last rows that have been written since.
        begins_after: The number of the last rows in the store that an earlier life of the stream
            has written: before its bookmark was taken out of the state, for one.
        has_gap: Rows have been written that are not in the store.
    """

    # It becomes part of a path.
    generation: Annotated[str, msgspec.Meta(pattern=r"^[0-9TZ+]*$")] = ""
    emitted: Annotated[int, msgspec.Meta(ge=0)] = 0
    begins_after: Annotated[int, msgspec.Meta(ge=0)] = 0
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

    def with_emitted(self, number: int) -> Confirmed:
        """Return it with further rows."""
        return msgspec.structs.replace(self, emitted=number)

    def with_gap(self) -> Confirmed:
        """Return it where rows have been written that are not in the store."""
        return msgspec.structs.replace(self, has_gap=True)
