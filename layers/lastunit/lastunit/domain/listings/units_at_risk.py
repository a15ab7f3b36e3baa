"""Units at risk: what channels may still sell of a stocked SKU beyond what there is of it (promise 7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lastunit.domain.listings.sku_view import SkuView


@dataclass(frozen=True, slots=True)
class SkuRisk:
    """`available`: at all locations together. `exposed`: units of the SKU that channels may still sell on what was
    pushed to them, whatever their mode and sync are now, kits by their recipe.
    """

    available: int
    exposed: int

    @property
    def units(self) -> int:
        return max(0, self.exposed - self.available)


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A SKU with units at risk, so many since `at`."""

    sku: str
    units: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TotalRisk:
    """`most`: the SKUs with most units at risk, in this order."""

    units: int
    skus: int
    most: tuple[AtRisk, ...]


def risk(view: SkuView, kits: Iterable[SkuView]) -> SkuRisk:
    """Of a stocked SKU. `kits`: those that contain it. A kit itself owns nothing that could be at risk."""
    sku = view.item.sku
    exposed = sum(
        listing.exposure.units * one.item.parts.get(sku, 0) for one in (view, *kits) for listing in one.listings
    )
    return SkuRisk(view.available, exposed)


def total(rows: Iterable[AtRisk], most: int) -> TotalRisk:
    found = sorted(rows, key=lambda row: (-row.units, row.sku))
    return TotalRisk(sum(row.units for row in found), len(found), tuple(found[:most]))
