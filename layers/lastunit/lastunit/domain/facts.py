"""What channels and shipping platforms tell about orders: each fact whole, so that hearing it twice is harmless."""

from dataclasses import dataclass

from lastunit.domain.errors import UnreadableOrder
from lastunit.domain.snapshots import LINES_MAX, QUANTITY_MAX, Snapshot


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """Units of one line that left. `line_id` where the source knows it, else `names` (most specific first)."""

    quantity: int
    line_id: str | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.quantity <= QUANTITY_MAX:
            raise UnreadableOrder("shipment.lines.quantity", f"must be 1 to {QUANTITY_MAX}, got {self.quantity}")
        if not self.line_id and not self.names:
            raise UnreadableOrder("shipment.lines", "a line names neither a line id nor a SKU")


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel that left, or (`voided`) whose label was cancelled before it did.

    `channel` and `external_id` name the order as its channel does, whoever tells of the shipment. `location`: where
    it left from, when the source says so. `shipment_id` is unique per order.
    """

    channel: str
    external_id: str
    shipment_id: str
    lines: tuple[ShippedLine, ...]
    location: str | None = None
    shipped_at: str | None = None
    voided: bool = False

    def __post_init__(self) -> None:
        if not self.external_id:
            raise UnreadableOrder("shipment.order", "is missing")
        if not self.shipment_id:
            raise UnreadableOrder("shipment.shipment_id", "is missing")
        if not self.lines and not self.voided:
            raise UnreadableOrder("shipment.lines", "a shipment holds at least one line")
        if len(self.lines) > LINES_MAX:
            raise UnreadableOrder("shipment.lines", f"{len(self.lines)} lines, at most {LINES_MAX}")


Fact = Snapshot | Shipment
