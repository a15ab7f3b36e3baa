"""What a decision about an order may look at, and what it may come to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.levels import Level
from lastunit.domain.orders import Change


class Outcome(StrEnum):
    """What one fact came to."""

    RECORDED = "recorded"
    RESERVED = "reserved"
    PROMISED = "promised"
    AWAITING_PAYMENT = "awaiting_payment"
    REQUESTED = "requested"
    REFUSED = "refused"
    EXCEPTION = "exception"
    CANCELLED = "cancelled"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    UPDATED = "updated"  # noted, and no stock was changed
    DUPLICATE = "duplicate"
    STALE = "stale"  # older than what is stored


@dataclass(frozen=True, slots=True)
class World:
    """`names`: what the channel's SKU names stand for; `items`: every SKU named; `level`: as it stands now."""

    channel: Channel
    locations: Sequence[Location]
    names: Mapping[str, Alias]
    items: Mapping[str, Sku]
    level: Callable[[str, str], Level]
    now: datetime

    def available(self, sku: str, location: str) -> int:
        return self.level(sku, location).available

    def candidates(self) -> tuple[str, ...]:
        """The locations that take part, first choice first."""
        ranked = sorted(self.locations, key=lambda place: (place.rank, place.name))
        return tuple(place.name for place in ranked if not place.blacked_out and self.channel.may_use(place.name))


Step = tuple[Outcome, Change | None]
"""None as change: nothing is to be written."""
