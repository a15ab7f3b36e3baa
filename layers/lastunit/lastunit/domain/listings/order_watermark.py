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
UNIMPORTED_MAX = (
    50  # More at once are no odd orders: the channel's interface has changed, and reading on is no use.
)


@dataclass(frozen=True, slots=True)
class Unended:
    """A reading that did not come to the end of the list: all that was changed before `reached` is applied.

    `number` is that of the poll that began it, which is all that its end will prove.
    """

    number: int
    reached: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a channel's list of orders was read."""

    begun: int = 0
    """Polls so far."""
    done: int = 0
    """Everything before the poll of this number began is imported."""
    cursor: datetime | None = None
    """The latest change that a finished reading saw, in the channel's own time; before there was one, from where
    the first poll looked."""
    unended: Unended | None = None
    unimported: Mapping[str, datetime] = field(default_factory=dict)
    """Exceptions of orders that could not be imported → from where the list must be read to meet them again."""
    found: int = 0
    """Changes that no webhook had brought."""
    polled_at: datetime | None = None
    last_error: str | None = None
    saved: str | None = None
    """Names the write that left it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReading:
    """One poll's way through the list, from `since` on. Its end proves `number`."""

    number: int
    since: datetime
    unimported: Mapping[str, datetime]
    reached: datetime | None = None

    @property
    def at(self) -> datetime:
        """From where the list must be read to meet its next page again."""
        return self.reached or self.since

    def applied(self, latest: datetime | None, unimported: Iterable[str], now: datetime) -> "PollReading":
        """One page further. The pages are in the order of the changes, so all before `latest` is applied.

        A change dated later than now would hide everything until then, so it moves nothing beyond now.
        """
        reached = min(max(self.at, latest.astimezone(UTC)), now) if latest else self.reached
        return replace(self, reached=reached, unimported={**dict.fromkeys(unimported, self.at), **self.unimported})


def begin(position: Position, waiting: Iterable[str], now: datetime) -> PollReading:
    """Go on where the last poll was interrupted, or a little before where it ended.

    `waiting`: exceptions that still wait for a person. Where one was resolved the list is read again.
    """
    kept = set(waiting)
    again = [since for exception_id, since in position.unimported.items() if exception_id not in kept]
    if position.unended and not again:
        return PollReading(
            number=position.unended.number, since=position.unended.reached, unimported=position.unimported
        )
    since = position.cursor - OVERLAP if position.cursor else now - FIRST_LOOK
    unimported = {
        exception_id: since for exception_id, since in position.unimported.items() if exception_id in kept
    }
    return PollReading(number=position.begun, since=min(since, *again) if again else since, unimported=unimported)


def interrupted(before: Position, reading: PollReading, now: datetime, error: str | None = None) -> Position:
    """Nothing more is proved, but what was read need not be read again.

    What a first poll failed to read, the next one must still look for, however late it comes.
    """
    cursor = before.cursor or reading.since
    after = replace(before, cursor=cursor, polled_at=now, last_error=error)
    if reading.reached is None:
        return replace(after, unimported={**reading.unimported, **before.unimported})
    return replace(after, unended=Unended(reading.number, reading.reached), unimported=reading.unimported)


def ended(before: Position, reading: PollReading, now: datetime) -> Position:
    """The end of the list was reached."""
    cursor = max(at for at in (before.cursor, reading.at) if at)
    after = replace(before, cursor=cursor, unended=None, unimported=reading.unimported, polled_at=now)
    if reading.unimported:
        waiting = f"{len(reading.unimported)} orders could not be imported; resolve their exceptions"
        return replace(after, last_error=waiting)
    return replace(after, done=reading.number, last_error=None)
