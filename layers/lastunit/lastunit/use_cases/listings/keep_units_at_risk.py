"""Use case: which SKUs have units at risk, kept as stock and listings change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lastunit.domain.events.row_changes import ListingChanged, RowChange, SkuChanged
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.listings.units_at_risk import risk
from lastunit.domain.stock.level_changed import LevelChanged
from lastunit.ports.listings import Listings, Risks
from lastunit.ports.system import Clock

LOOKS_MAX = 3  # Times a SKU is looked at again because its row had to be changed.

Showing = Sequence[SkuView]
"""A SKU, and after it the kits that contain it; empty: no such SKU."""


def showing(listings: Listings, sku: str) -> Showing:
    view = listings.view(sku)
    if view is None:
        return ()
    return (view, *(kit for name in view.kits if (kit := listings.view(name))))


@dataclass(frozen=True, slots=True)
class KeepUnitsAtRisk:
    """Keeps a row for every SKU with units at risk, so that the total is there at any time.

    What a change of stock costs: nothing but one small read for each changed SKU, whose views have been read to ask
    for its pushes; a write and a second look only when its units at risk have changed. A change of exposure alone
    reads the views of its SKU and kits as well: about twice for each push of a listing.
    """

    listings: Listings
    risks: Risks
    clock: Clock

    def keep(self, events: Iterable[RowChange], shown: Mapping[str, Showing]) -> None:
        """`shown`: what is read already. An event that comes late is no harm: it keeps what is true now."""
        open_ = self._stocked({sku for event in events for sku in _touched(event)}, shown)
        for _ in range(LOOKS_MAX):
            if not open_:
                return
            units = {sku: risk(views[0], views[1:]).units for sku, views in open_.items() if views}
            # Another may have kept something newer since these views were read: whoever writes looks once more.
            open_ = {sku: showing(self.listings, sku) for sku in self.risks.keep(units, self.clock.now())}

    def _stocked(self, skus: Iterable[str], shown: Mapping[str, Showing]) -> dict[str, Showing]:
        """Those SKUs, with the components of kits in their place."""
        found = {sku: shown[sku] if sku in shown else showing(self.listings, sku) for sku in sorted(skus)}
        parts = {part for views in found.values() if views for part in views[0].item.parts}
        return {part: found[part] if part in found else showing(self.listings, part) for part in sorted(parts)}


def _touched(event: RowChange) -> Iterable[str]:
    """SKUs that channels may sell more or fewer of, or of which there is more or less."""
    match event:
        case LevelChanged(before, after) if (before.available if before else 0) != after.available:
            return (after.sku,)
        case ListingChanged(before, after) if (before.exposure.units if before else 0) != after.exposure.units:
            return (after.sku,)
        case SkuChanged(before, after) if before and before.recipe != after.recipe:
            return (*before.parts, *after.parts)
    return ()
