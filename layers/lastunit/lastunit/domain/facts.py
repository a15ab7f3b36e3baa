"""What channels and shipping platforms tell about orders: each fact whole, so that hearing it twice is harmless."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class OfOrder:
    """What concerns an order that is known already."""

    channel: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Retry(OfOrder):
    """The cause of an exception is gone, or a person wants it tried all the same."""


@dataclass(frozen=True, slots=True)
class Confirm(OfOrder):
    """An order recorded while import was off shall be applied now."""


@dataclass(frozen=True, slots=True)
class Arrival(OfOrder):
    """Units have come that this order may be waiting for."""


@dataclass(frozen=True, slots=True)
class Payment(OfOrder):
    """The buyer has paid."""


@dataclass(frozen=True, slots=True)
class Tick(OfOrder):
    """A clock of the order may have run out, or be near its end."""


@dataclass(frozen=True, slots=True)
class Answer(OfOrder):
    """A person's answer to a request. `lines`: line id → units accepted, for lines that are not accepted whole."""

    accept: bool
    by: str
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReturnAnnounced(OfOrder):
    return_id: str
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ReturnReceived(OfOrder):
    return_id: str
    location: str


@dataclass(frozen=True, slots=True)
class ReturnInspected(OfOrder):
    """`lines`: line id → (sellable, damaged, missing). Sellable units go into `bin`, or stay unplaced."""

    return_id: str
    lines: Mapping[str, tuple[int, int, int]]
    bin: str | None = None


Told = Snapshot | Shipment
"""What channels and shipping platforms say."""

Fact = (
    Told | Retry | Confirm | Arrival | Payment | Tick | Answer | ReturnAnnounced | ReturnReceived | ReturnInspected
)
