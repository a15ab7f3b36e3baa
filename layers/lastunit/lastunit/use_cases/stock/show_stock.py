"""Use case: look at a SKU, and at the number that each of its listings should show.

The API and rehearsals ask here. A push computes the same number by the same rule (`domain/listings/quantity.py`),
or in escrow by the same plan, but from rows that it has claimed, and less the sales that are not imported yet.
"""

from dataclasses import dataclass

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.errors import NotFound
from lastunit.domain.listings.listing import Listing
from lastunit.domain.listings.sku_view import SkuView
from lastunit.ports.listings import Listings
from lastunit.ports.settings import Settings
from lastunit.use_cases.listings.shared_pool import ReadPool, quantity_rule


@dataclass(frozen=True, slots=True)
class ShowStock:
    listings: Listings
    settings: Settings
    read_pool: ReadPool

    def view(self, sku: str) -> SkuView:
        found = self.listings.view(sku)
        if found is None:
            raise NotFound("sku", sku)
        return found

    def numbers(self, view: SkuView) -> list[tuple[Listing, int]]:
        """Each listing with the number it should show now; those of removed channels are left out."""
        channels = {name: self.settings.channel(name) for name in {one.channel for one in view.listings}}
        return [
            (listing, self._number(channel, listing, view))
            for listing in view.listings
            if (channel := channels[listing.channel])
        ]

    def _number(self, channel: Channel, listing: Listing, view: SkuView) -> int:
        if channel.mode is Mode.ESCROW:
            planned = self.read_pool.read(view.item.sku).number(listing.key)
            return planned if planned is not None else listing.expected_shown or 0
        views = {sku: found for sku in view.item.recipe if (found := self.listings.view(sku))} | {
            view.item.sku: view
        }
        return quantity_rule(self.settings, channel, views).quantity(listing, channel)
