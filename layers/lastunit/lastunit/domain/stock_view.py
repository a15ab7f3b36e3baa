"""Everything the hub knows about one SKU at one moment."""

from dataclasses import dataclass

from lastunit.domain.catalogue import Sku
from lastunit.domain.exposure import Listing
from lastunit.domain.levels import Level


@dataclass(frozen=True, slots=True)
class SkuView:
    """`kits`: the kits that contain this SKU."""

    item: Sku
    levels: tuple[Level, ...] = ()
    listings: tuple[Listing, ...] = ()
    kits: tuple[str, ...] = ()

    def listing(self, channel: str, name: str) -> Listing | None:
        return next((one for one in self.listings if (one.channel, one.name) == (channel, name)), None)
