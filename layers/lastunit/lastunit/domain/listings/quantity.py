"""What a channel may show of a SKU by its settings (promise 6): the one rule, and all that it depends on.

Every number starts here: a push, what the API shows, a rehearsal, the increases that are counted, and the limits of
escrow. On its way to the channel a push subtracts sales that are not imported yet (`PendingPush.quantity`); in
escrow the plan (`domain/listings/escrow.py`) decides, and the rule is its limit.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.sharing import exclusive_units
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.stock.catalogue import Location, Sku, Status
from lastunit.domain.stock.levels import Level

LevelsOf = Callable[[str], Sequence[Level]]
"""SKU → its levels at all locations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityRule:
    """All that the number of a listing depends on, beside the listing and its own channel."""

    items: Mapping[str, Sku]
    """SKU → the listing's item and its components; one that is unknown is missing."""
    levels_of: LevelsOf
    locations: Sequence[Location]
    channels: Collection[Channel] = ()
    """Those whose settings an exclusive channel's part depends on; a channel of another mode needs none."""

    @classmethod
    def of_views(
        cls, views: Mapping[str, SkuView], locations: Sequence[Location], channels: Collection[Channel]
    ) -> Self:
        """`views`: SKU → view, of the listings' items and their components."""
        items = {sku: view.item for sku, view in views.items()}
        return cls(items=items, levels_of=lambda sku: views[sku].levels, locations=locations, channels=channels)

    def quantity(self, listing: Listing, channel: Channel) -> int:
        """Units that its channel may show of the listing; 0 while its SKU or a component is unknown."""
        item = self.items.get(listing.sku)
        if item is None or any(part not in self.items for part in item.parts):
            return 0
        parts = {part: self.items[part] for part in item.parts}
        own = listing.settings_of(channel)
        return shown(own, item, parts, self.levels_of, self.locations, self.channels)


def shown(
    channel: Channel,
    item: Sku,
    parts: Mapping[str, Sku],
    levels: LevelsOf,
    ranked: Sequence[Location],
    channels: Iterable[Channel] = (),
) -> int:
    """min(cap, floor(share × max(0, Σ available over the channel's locations − buffer))); docs/design.md section 7.

    A kit counts by its scarcest component, a draft (or a kit with a draft inside) as 0. Less than the channel's
    `minimum` is shown as 0, and so is everything on a channel that is paused. An exclusive channel's part depends
    on those of the other `channels`.
    """
    if channel.paused or any(sku.status is Status.DRAFT for sku in (item, *parts.values())):
        return 0
    open_at = {place.name for place in ranked if not place.blacked_out and channel.may_use(place.name)}
    pool = min(
        sum(level.available for level in levels(sku) if level.location in open_at) // units
        for sku, units in item.parts.items()
    )
    number = _share(channel, channels, pool)
    number = number if channel.cap is None else min(channel.cap, number)
    return number if number >= channel.minimum else 0


def _share(channel: Channel, channels: Iterable[Channel], pool: int) -> int:
    if channel.mode is Mode.EXCLUSIVE:
        return exclusive_units(channel, channels, pool)
    return channel.share_percent * max(0, pool - channel.buffer) // 100
