"""The shop in which the adapters act: its names, and what is there before the first act."""

import random
from collections.abc import Callable
from typing import Any

from lastunit.domain.channel import Channel
from lastunit.domain.listings.push_protocol import Limits
from lastunit.domain.stock.catalogue import Alias, Location, Sku
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Bin, BinKind
from tests.contract.hub import RecordedHub

SKUS, LOCATIONS, CHANNELS = ("shirt", "cap", "hat"), ("M", "N"), ("web", "shop")
BINS, WORKERS, SLOTS = ("A", "B", "row 1.2"), ("worker-1", "worker-2"), ("03:30", "04:30")
LIMITS = Limits(1.0, 3)

Act = Callable[[RecordedHub, random.Random], Any]
"""Makes seeded choices, right and wrong ones."""

Acts = tuple[tuple[Act, int], ...]
"""Each with how often it is done."""


def open_shop(hub: RecordedHub) -> None:
    """So that most acts find something to act on."""
    for rank, location in enumerate(LOCATIONS, 1):
        hub.catalogue.put_location(Location(location, rank))
    for channel in CHANNELS:
        hub.catalogue.put_channel(
            Channel(name=channel, kind="generic", version=1), hub.catalogue.revision(), hub.clock.now()
        )
    for sku in SKUS:
        hub.catalogue.put_sku(Sku(sku=sku), None)
        for channel in CHANNELS:
            hub.catalogue.put_listing(channel, Alias(sku, sku, sku), {"id": sku}, None)
        for location in LOCATIONS:
            receive = Adjustment(
                operation=f"receive-{sku}-{location}",
                reason=AdjustmentReason.RECEIVE,
                sku=sku,
                location=location,
                delta=12,
            )
            hub.movements.move(receive, hub.clock.now())
        hub.movements.put_bin(sku, "M", Bin(name="A", kind=BinKind.PICKING))
