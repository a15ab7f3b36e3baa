"""What the tables' streams tell: facts, in the order they happened per row, each possibly twice."""

from dataclasses import dataclass

from lastunit.domain.catalogue import Sku
from lastunit.domain.exposure import Listing
from lastunit.domain.levels import Level
from lastunit.domain.orders import Order


@dataclass(frozen=True, slots=True)
class LevelChanged:
    before: Level | None
    after: Level
    at: str


@dataclass(frozen=True, slots=True)
class SkuChanged:
    before: Sku | None
    after: Sku
    at: str = ""


@dataclass(frozen=True, slots=True)
class ListingChanged:
    before: Listing | None
    after: Listing


@dataclass(frozen=True, slots=True)
class OrderChanged:
    before: Order | None
    after: Order
    at: str


@dataclass(frozen=True, slots=True)
class QueueJoined:
    """An order waits for units of a SKU from now on."""

    sku: str


Event = QueueJoined | LevelChanged | SkuChanged | ListingChanged | OrderChanged
