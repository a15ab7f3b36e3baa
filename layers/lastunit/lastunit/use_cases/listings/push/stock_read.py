"""The stock that a push of listings without escrow computes its numbers from, read at once."""

from collections.abc import Collection
from dataclasses import dataclass

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.quantity import QuantityRule
from lastunit.domain.stock.levels import Level
from lastunit.ports.settings import Settings
from lastunit.ports.stock import StockReader
from lastunit.use_cases.listings.shared_pool import sharing_channels


@dataclass(frozen=True, slots=True)
class StockRead:
    """What there was of the SKUs of some listings of one channel."""

    channel: Channel
    rule: QuantityRule

    def has(self, row: Listing) -> bool:
        """The listing's SKU exists."""
        return row.sku in self.rule.items

    def quantity(self, row: Listing) -> int:
        """What the listing may show now by its channel's settings."""
        return self.rule.quantity(row, self.channel)

    def levels(self, row: Listing) -> list[Level]:
        """Of the SKU, or of a kit's components."""
        item = self.rule.items.get(row.sku)
        return [level for part in (item.parts if item else ()) for level in self.rule.levels_of(part)]


def read_stock(stock: StockReader, settings: Settings, channel: Channel, rows: Collection[Listing]) -> StockRead:
    items = stock.items({row.sku for row in rows})
    items |= stock.items({part for item in items.values() for part in item.parts} - items.keys())
    locations = settings.locations()
    stocked = {part for item in items.values() for part in item.parts}
    levels = stock.levels(LevelKey(sku, place.name) for sku in stocked for place in locations)
    of_sku: dict[str, list[Level]] = {sku: [] for sku in stocked}
    for (sku, _), level in levels.items():
        of_sku[sku].append(level)
    rule = QuantityRule(
        items=items,
        levels_of=of_sku.__getitem__,
        locations=locations,
        channels=sharing_channels(settings, channel),
    )
    return StockRead(channel, rule)
