"""What the simulated eBay has listed, and the quantities that an update asks for."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.channels.ebay.wire import EbayRefusal, whole_number


@dataclass(slots=True)
class Item:
    """`auctioned` units are bound in an auction offer: the pool cannot be set below them."""

    sku: str
    listing_id: str
    offer_id: str
    pool: int
    offered: int | None
    location_key: str | None
    auctioned: int
    revisions: Counter[str] = field(default_factory=Counter)

    @property
    def shown(self) -> int:
        return self.pool if self.offered is None else min(self.pool, self.offered)

    def lower(self, quantity: int) -> None:
        self.pool -= quantity
        self.offered = None if self.offered is None else self.offered - quantity


def pool_of(entry: Mapping[str, Any], item: Item) -> int:
    availability = entry.get("shipToLocationAvailability")
    if availability is None:
        return item.pool
    for place in availability.get("availabilityDistributions", []):
        if place.get("merchantLocationKey") != item.location_key:
            raise EbayRefusal(400, 25709, "Invalid value for merchantLocationKey.", item.sku)
        whole_number(place, "quantity")
    return whole_number(availability, "quantity")


def offered_of(offer: Mapping[str, Any], item: Item) -> int:
    if offer.get("offerId") != item.offer_id:
        raise EbayRefusal(400, 25713, "This Offer is not available.", str(offer.get("offerId")))
    return whole_number(offer, "availableQuantity")
