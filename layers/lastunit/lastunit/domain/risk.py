"""Units at risk: what channels may still sell of a stocked SKU beyond what there is of it (promise 7)."""

from collections.abc import Iterable
from dataclasses import dataclass

from lastunit.domain.stock_view import SkuView


@dataclass(frozen=True, slots=True)
class Risk:
    """`available`: at all locations together. `exposed`: units of the SKU that channels may still sell on what they
    were told, whatever their mode and sync are now, kits by their recipe.
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
    at: str


@dataclass(frozen=True, slots=True)
class Total:
    """`most`: the SKUs with most units at risk, in this order."""

    units: int
    skus: int
    most: tuple[AtRisk, ...]


def risk(view: SkuView, kits: Iterable[SkuView]) -> Risk:
    """Of a stocked SKU. `kits`: those that contain it. A kit itself owns nothing that could be at risk."""
    sku = view.item.sku
    exposed = sum(
        listing.exposure.units * one.item.parts.get(sku, 0) for one in (view, *kits) for listing in one.listings
    )
    return Risk(view.available, exposed)


def total(rows: Iterable[AtRisk], most: int) -> Total:
    found = sorted(rows, key=lambda row: (-row.units, row.sku))
    return Total(sum(row.units for row in found), len(found), tuple(found[:most]))
