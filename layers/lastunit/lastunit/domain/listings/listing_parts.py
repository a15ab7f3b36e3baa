"""The parts of a listing: what its channel acknowledged, what is under way, and what was read last."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.push_protocol import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The number that the channel confirmed last, in its answer to a push or when it was read."""

    quantity: int
    """Units that the channel showed."""
    sold: int = 0
    """`Listing.sold` as far as `quantity` is lowered by it; ahead of it while such sales are not imported."""
    restocked: int = 0
    """`Increments.restocked_by_channel` as far as nothing of it may explain a number that is too low."""
    at: datetime | None = None
    """When the last confirmed push left; None: the number was only read."""
    version: str | None = None
    """The channel's version of this number, where it numbers its changes."""


@dataclass(frozen=True, slots=True)
class IncrementInFlight:
    """An increase under way: `units` more, `added_to` the number that was read first where one was read."""

    units: int
    added_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """A request under way: the channel may show its number, or not yet, or never."""

    quantity: int
    """Units that the channel shows once it has applied the request."""
    sold: int = 0
    """`Listing.sold` as far as `quantity` is lowered by it."""
    sent_at: datetime
    """When the request left."""
    increment: IncrementInFlight | None = None
    """The increase that led to `quantity`; None: a whole number was computed and sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReading:
    """What the channel was found to show last, by a reading or by its answer to a push."""

    quantity: int | None = None
    """Units that it showed for certain; None: an older request or a later push makes the number say nothing."""
    poll: int = 0
    """The channel's last poll begun at that moment; one with a higher number has asked later."""
    restocked: int = 0
    """`Increments.restocked_by_channel` at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRate:
    """The recent sales of a listing, older sales counting less."""

    thousandths: int
    """Thousandths of a unit, as of `at`."""
    sold: int
    """`Listing.sold` as far as it is counted in `thousandths`."""
    at: datetime


@dataclass(frozen=True, slots=True)
class DailyRevisions:
    """How often a listing was changed on its last day of changes; some channels allow only so many."""

    day: date
    count: int


@dataclass(frozen=True, slots=True)
class LastError:
    """Why the last push did not succeed, and when."""

    failure: Failure
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CountedLevel:
    """A level as the increases counted so far left it."""

    seq: int
    available: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Increments:
    """Increases of a listing's number, for a channel that is sent increases only (rules 1.5-2, 1.5-14).

    All units count from the beginning of time.
    """

    counted_increase: int = 0
    """What the channel's rule made of all increases of the levels."""
    deducted_restock: int = 0
    """The part of them that the channel put on its shelf itself."""
    restocked_by_channel: int = 0
    """All units that the channel ever put back on its shelf, sold again or not."""
    sent: int = 0
    """What it was sent, as far as the outcome is known or overtaken by a whole number."""
    counted_levels: Mapping[LevelKey, CountedLevel] = field(default_factory=dict)
    """The levels that `counted_increase` stands at; empty: counting has not begun."""
    rev: int = 0
    """How often the counted part was written."""

    @property
    def due(self) -> int:
        """Units that are still to be sent."""
        return max(0, self.counted_increase - self.deducted_restock - self.sent)
