"""What the tables' streams say: changes of rows, in the order they happened per row, each possibly twice."""

from dataclasses import dataclass

from lastunit.domain.listings.listing import Listing
from lastunit.domain.orders.order import Order
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.level_changed import LevelChanged


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


RowChange = QueueJoined | LevelChanged | SkuChanged | ListingChanged | OrderChanged
