"""Use case: how many units are at risk, of one SKU or in all, and what keeps escrowed listings low."""

from dataclasses import dataclass

from lastunit.domain.channel import Mode
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.escrow import blockers
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.listings.units_at_risk import SkuRisk, TotalRisk, risk, total
from lastunit.ports.listings import Listings, Risks
from lastunit.ports.settings import Settings
from lastunit.use_cases.listings.shared_pool import ReadPool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowUnitsAtRisk:
    listings: Listings
    settings: Settings
    risks: Risks
    read_pool: ReadPool

    def of(self, view: SkuView) -> SkuRisk | None:
        """None: a kit owns no units that could be at risk; its components do."""
        if view.item.is_kit:
            return None
        return risk(view, [kit for name in view.kits if (kit := self.listings.view(name))])

    def blockers(self, view: SkuView) -> dict[ListingKey, list[ListingKey]]:
        """Escrowed listing → others that keep escrowed ones low, because what they may sell does not fall."""
        channels = {name: self.settings.channel(name) for name in {one.channel for one in view.listings}}
        modes = {name: channel.mode for name, channel in channels.items() if channel}
        escrowed = [one.key for one in view.listings if modes.get(one.channel) is Mode.ESCROW]
        if not escrowed:
            return {}
        pool = self.read_pool.read(view.item.sku)
        found = blockers(tuple(pool.shares.values()), pool.units)
        return {key: [other for other in found if other != key] for key in escrowed}

    def total(self, most: int) -> TotalRisk:
        return total(self.risks.all(), most)
