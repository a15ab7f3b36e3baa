"""A SKU or kit: its settings, its stock by location, and where it is listed."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, StrictBool

from functions.api.schemas.common import Answer, Body, SkuName
from functions.api.schemas.listings import ListingOut
from lastunit.domain.listings.sku_view import SkuView
from lastunit.domain.listings.units_at_risk import SkuRisk
from lastunit.domain.stock.catalogue import RECIPE_QUANTITY_MAX, Status, Supply
from lastunit.domain.stock.levels import QUANTITY_MAX, Bin, BinKind, Level


class SkuIn(Body):
    """`recipe` (component SKU → units) makes it a kit. With fewer available than `low_stock` it is announced.

    `tracked` false: it needs no stock. Left out, a new SKU is tracked, and another stays as it is. `supply`: what
    accepting a request says of its missing units; null: as its channel is set.
    """

    status: Status = Status.ACTIVE
    recipe: dict[SkuName, Annotated[int, Field(strict=True, ge=1, le=RECIPE_QUANTITY_MAX)]] = Field(
        default_factory=dict
    )
    low_stock: Annotated[int, Field(strict=True, ge=1, le=QUANTITY_MAX)] | None = None
    tracked: StrictBool | None = None
    supply: Supply | None = None


class BinIn(Body):
    """A picking bin with fewer units than `mark` gets a replenishment task."""

    kind: BinKind
    mark: Annotated[int, Field(strict=True, ge=0, le=QUANTITY_MAX)] | None = None


class BinOut(Answer):
    """A place inside a location."""

    kind: BinKind
    on_hand: int
    mark: int | None

    @classmethod
    def of(cls, bin: Bin) -> "BinOut":
        return cls(kind=bin.kind, on_hand=bin.on_hand, mark=bin.mark)


class LevelOut(Answer):
    """The stock of the SKU at one location; `bins` by their names."""

    location: str
    on_hand: int
    reserved: int
    available: int
    unplaced: int
    bins: dict[str, BinOut]

    @classmethod
    def of(cls, level: Level) -> "LevelOut":
        return cls(
            location=level.location,
            on_hand=level.on_hand,
            reserved=level.reserved,
            available=level.available,
            unplaced=level.unplaced,
            bins={name: BinOut.of(bin) for name, bin in level.bins.items()},
        )


class SkuOut(Answer):
    """A SKU or kit. `available`: at all locations together. `exposure`: what channels may still sell of it.

    Both are null for a kit, which owns no stock, and so is `units_at_risk`, by which exposure exceeds what is
    available. `kits`: those that contain the SKU.
    """

    sku: str
    status: Status
    recipe: dict[str, int]
    low_stock: int | None
    tracked: bool
    supply: Supply | None
    kits: list[str]
    levels: list[LevelOut]
    available: int | None
    exposure: int | None
    units_at_risk: int | None
    listings: list[ListingOut]

    @classmethod
    def of(cls, view: SkuView, risk: SkuRisk | None, listings: Iterable[ListingOut]) -> "SkuOut":
        return cls(
            sku=view.item.sku,
            status=view.item.status,
            recipe=dict(view.item.recipe),
            low_stock=view.item.low_stock,
            tracked=view.item.tracked,
            supply=view.item.supply,
            kits=list(view.kits),
            levels=[LevelOut.of(level) for level in view.levels],
            available=risk.available if risk else None,
            exposure=risk.exposed if risk else None,
            units_at_risk=risk.units if risk else None,
            listings=list(listings),
        )
