"""What a decision about an order may look at, and what it comes to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lastunit.domain.channel import Channel
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.order import Order
from lastunit.domain.stock.catalogue import Alias, Location, Sku
from lastunit.domain.stock.levels import Level


class Outcome(StrEnum):
    """What one order input came to. Most are the state the order is in afterwards."""

    RECORDED = "recorded"
    RESERVED = "reserved"
    BACKORDERED = "backordered"
    AWAITING_PAYMENT = "awaiting_payment"
    REQUESTED = "requested"
    REFUSED = "refused"
    EXCEPTION = "exception"
    CANCELLED = "cancelled"
    PARTLY_SHIPPED = "partly_shipped"
    SHIPPED = "shipped"
    UPDATED = "updated"  # the row changes, the order's state and its units do not follow from the input
    DUPLICATE = "duplicate"  # applied before, or without effect: nothing is written
    STALE = "stale"  # older than what is stored: nothing is written


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionContext:
    """All that a decision may look at. It is read before, and each commit checks that it still holds."""

    channel: Channel  # the order's channel with its settings
    locations: Sequence[Location]  # every location there is
    names: Mapping[str, Alias]  # what the channel's names for SKUs stand for; unknown names are absent
    items: Mapping[str, Sku]  # every SKU named, with its components
    level: Callable[[str, str], Level]  # (SKU, location) → its level as it stands now
    now: datetime  # aware, UTC

    def available(self, sku: str, location: str) -> int:
        """Units of the SKU that may still be reserved at the location."""
        return self.level(sku, location).available

    def candidates(self) -> tuple[str, ...]:
        """The locations that may serve the channel's orders, by rank; blacked out ones serve none."""
        ranked = sorted(self.locations, key=lambda place: (place.rank, place.name))
        return tuple(place.name for place in ranked if not place.blacked_out and self.channel.may_use(place.name))


@dataclass(frozen=True, slots=True)
class Decided:
    """What one order input came to, and the change to write. Without a change the stored row stays as it is."""

    outcome: Outcome
    change: OrderChange | None = None


def changed(before: Order | None, after: Order, outcome: Outcome | None = None) -> Decided:
    """The change from `before` to `after`; its outcome is the new state unless another is given."""
    return Decided(outcome or Outcome(after.state.value), OrderChange(before=before, after=after))
