"""Use case: look at a SKU, and at what each of its listings should show. Push, API and console all ask here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lastunit.domain.catalogue import Location
from lastunit.domain.channels import Channel
from lastunit.domain.errors import NotFound
from lastunit.domain.exposure import Listing, shown
from lastunit.domain.stock_view import SkuView
from lastunit.ports import Listings, Settings

Find = Callable[[str], SkuView | None]


def number(channel: Channel, view: SkuView, find: Find, locations: Sequence[Location]) -> int:
    """What the channel may show of this SKU or kit now. `find` looks up its components."""
    parts = {sku: found for sku in view.item.recipe if (found := find(sku))} or {view.item.sku: view}
    items = {sku: found.item for sku, found in parts.items()}
    return shown(channel, view.item, items, lambda sku: parts[sku].levels if sku in parts else (), locations)


@dataclass(frozen=True, slots=True)
class ShowStock:
    listings: Listings
    settings: Settings

    def view(self, sku: str) -> SkuView:
        found = self.listings.view(sku)
        if found is None:
            raise NotFound("sku", sku)
        return found

    def numbers(self, view: SkuView) -> list[tuple[Listing, int]]:
        """Each listing with the number it should show now; those of removed channels are left out."""
        locations = self.settings.locations()
        channels = {name: self.settings.channel(name) for name in {one.channel for one in view.listings}}
        return [
            (listing, number(channel, view, self.listings.view, locations))
            for listing in view.listings
            if (channel := channels[listing.channel])
        ]
