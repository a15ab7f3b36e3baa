"""Use case: look at a SKU, and at what each of its listings should show. Push, API and console all ask here."""

from dataclasses import dataclass

from lastunit.domain.channels import Channel, Mode
from lastunit.domain.errors import NotFound
from lastunit.domain.exposure import Listing
from lastunit.domain.stock_view import SkuView
from lastunit.pool import ReadPool, looked_up, rivals, rule_number
from lastunit.ports import Settings
from lastunit.sync_ports import Listings


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
            planned = self.read_pool(view.item.sku).number(listing.key)
            return planned if planned is not None else listing.believed or 0
        views = {sku: found for sku in view.item.recipe if (found := self.listings.view(sku))} | {
            view.item.sku: view
        }
        places, others = self.settings.locations(), rivals(self.settings, channel)
        return rule_number(listing.terms(channel), listing.sku, *looked_up(views), places, others)
