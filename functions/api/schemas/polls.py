"""Polls: how far a channel's list of orders was read."""

from typing import Any

from functions.api.schemas.common import Answer, DateTime
from lastunit.domain.listings.order_watermark import Position


class PollOut(Answer):
    """How far it was read: so many polls were `begun`, and what was sold before number `watermark` is imported.

    `cursor`: the latest change that a finished poll saw, by the channel's clock. `found`: changes that no webhook
    had told. `unimported`: exceptions of orders that cannot be imported; the watermark stands still until then.
    """

    begun: int
    watermark: int
    cursor: DateTime | None
    found: int
    polled_at: DateTime | None
    last_error: str | None
    unimported: list[str]

    @classmethod
    def of(cls, position: Position) -> "PollOut":
        return cls(**_position(position))


class PolledOut(PollOut):
    """A poll that was asked for. `ended` false without an error: the backlog is long, and the next one goes on.

    `found_now`: changes that this poll found.
    """

    ended: bool
    found_now: int

    @classmethod
    def polled(cls, position: Position, *, ended: bool, found: int) -> "PolledOut":
        return cls(**_position(position), ended=ended, found_now=found)


def _position(position: Position) -> dict[str, Any]:
    return {
        "begun": position.begun,
        "watermark": position.done,
        "cursor": position.cursor,
        "found": position.found,
        "polled_at": position.polled_at,
        "last_error": position.last_error,
        "unimported": sorted(position.unimported),
    }
