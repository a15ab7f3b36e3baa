"""Everything the hub knows about one SKU at one moment."""

from dataclasses import dataclass

from lastunit.domain.listings.listing import Listing
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuView:
    """`kits`: the kits that contain this SKU. `is_awaited`: orders wait for units of it. `grants`: how often room
    was granted to one of its listings.
    """

    item: Sku
    levels: tuple[Level, ...] = ()
    listings: tuple[Listing, ...] = ()
    kits: tuple[str, ...] = ()
    is_awaited: bool = False
    grants: int = 0

    @property
    def available(self) -> int:
        """At all locations together, those that are blacked out included."""
        return sum(level.available for level in self.levels)

    def listing(self, channel: str, name: str) -> Listing | None:
        return next((one for one in self.listings if (one.channel, one.name) == (channel, name)), None)
