"""How far a channel's list of orders was read, and what that proves (the watermark of `docs/escrow.md`).

Clocks are wrong, so the watermark is a number. Every poll takes one before its first request; a poll that read the
list to its end and applied all of it proves that what was sold before it took its number is imported. An order
that cannot be imported has taken units that nobody counts, so nothing is proved while one is held for a person.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

OVERLAP = timedelta(minutes=10)  # Of two readings: a change may become visible some time after its own timestamp.
FIRST_LOOK = timedelta(days=1)
HELD_MAX = 50  # More at once are no odd orders: the channel's interface has changed, and reading on is no use.


@dataclass(frozen=True, slots=True)
class Unended:
    """A reading that did not come to the end of the list: all that was changed before `reached` is applied.

    `number` is that of the poll that began it, which is all that its end will prove.
    """

    number: int
    reached: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """`begun` polls so far; by the finished ones everything before number `done` began is imported.

    `cursor`: the latest change that a finished reading saw, in the channel's own time; before there was one, from
    where the first poll looked. `held`: exceptions of orders
    that could not be imported → from where the list must be read to meet the order again. `found`: changes that no
    webhook had told. `saved` names the write that left it so.
    """

    begun: int = 0
    done: int = 0
    cursor: datetime | None = None
    unended: Unended | None = None
    held: Mapping[str, datetime] = field(default_factory=dict)
    found: int = 0
    polled_at: str | None = None
    last_error: str | None = None
    saved: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One poll's way through the list, from `since` on. Its end proves `number`."""

    number: int
    since: datetime
    held: Mapping[str, datetime]
    reached: datetime | None = None

    @property
    def at(self) -> datetime:
        """From where the list must be read to meet its next page again."""
        return self.reached or self.since

    def applied(self, latest: datetime | None, held: Iterable[str], now: datetime) -> "Reading":
        """One page further. The pages are in the order of the changes, so all before `latest` is applied.

        A change dated later than now would hide everything until then, so it moves nothing beyond now.
        """
        reached = min(max(self.at, latest.astimezone(UTC)), now) if latest else self.reached
        return replace(self, reached=reached, held={**dict.fromkeys(held, self.at), **self.held})


def begin(position: Position, waiting: Iterable[str], now: datetime) -> Reading:
    """Go on where the last poll was interrupted, or a little before where it ended.

    `waiting`: exceptions that still wait for a person. Where one was resolved the list is read again.
    """
    kept = set(waiting)
    again = [since for exception_id, since in position.held.items() if exception_id not in kept]
    if position.unended and not again:
        return Reading(position.unended.number, position.unended.reached, position.held)
    since = position.cursor - OVERLAP if position.cursor else now - FIRST_LOOK
    held = {exception_id: since for exception_id, since in position.held.items() if exception_id in kept}
    return Reading(position.begun, min(since, *again) if again else since, held)


def interrupted(before: Position, reading: Reading, now: datetime, error: str | None = None) -> Position:
    """Nothing more is proved, but what was read need not be read again.

    What a first poll failed to read, the next one must still look for, however late it comes.
    """
    cursor = before.cursor or reading.since
    after = replace(before, cursor=cursor, polled_at=now.isoformat(), last_error=error)
    if reading.reached is None:
        return replace(after, held={**reading.held, **before.held})
    return replace(after, unended=Unended(reading.number, reading.reached), held=reading.held)


def ended(before: Position, reading: Reading, now: datetime) -> Position:
    """The end of the list was reached."""
    cursor = max(at for at in (before.cursor, reading.at) if at)
    after = replace(before, cursor=cursor, unended=None, held=reading.held, polled_at=now.isoformat())
    if reading.held:
        waiting = f"{len(reading.held)} orders could not be imported; resolve their exceptions"
        return replace(after, last_error=waiting)
    return replace(after, done=reading.number, last_error=None)
