"""All that may be said about an order: by its channel, a shipping platform, a person or a clock.

Each input is whole, so that the same one again is harmless. The whole order at one revision is in `snapshot.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lastunit.domain.errors import UnreadableOrder
from lastunit.domain.orders.snapshot import LINES_MAX, OrderSnapshot, check_names, check_quantity
from lastunit.domain.stock.catalogue import Supply

PROBLEMS_SHOWN_MAX = 5  # The rest is found by reading again, once these are solved.


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """Units of one line that left. `line_id` where the source knows it, else `names` (most specific first).

    Raises UnreadableOrder.
    """

    quantity: int
    line_id: str | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_quantity("shipment.lines.quantity", self.quantity, least=1)
        check_names("shipment.lines", self.line_id or "", *self.names)
        if not self.line_id and not self.names:
            raise UnreadableOrder("shipment.lines", "a line names neither a line id nor a SKU")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentNotice:
    """The report that a parcel left, or that its label was voided before it did. Raises UnreadableOrder."""

    channel: str  # of the order, whoever reports the shipment
    external_id: str  # the order, as its channel names it
    shipment_id: str  # unique per order
    lines: tuple[ShippedLine, ...]  # empty only when voided
    location: str | None = None  # where it left from, where the source says so
    shipped_at: datetime | None = None
    voided: bool = False
    tracking: tuple[str, ...] = ()  # `parcels.tracking_digests`
    reporter: str = ""  # the channel that reports it; empty: a person

    def __post_init__(self) -> None:
        if not self.external_id:
            raise UnreadableOrder("shipment.order", "is missing")
        if not self.shipment_id:
            raise UnreadableOrder("shipment.shipment_id", "is missing")
        check_names("shipment", self.external_id, self.shipment_id)
        if not self.lines and not self.voided:
            raise UnreadableOrder("shipment.lines", "a shipment holds at least one line")
        if len(self.lines) > LINES_MAX:
            raise UnreadableOrder("shipment.lines", f"{len(self.lines)} lines, at most {LINES_MAX}")


@dataclass(frozen=True, slots=True)
class KnownOrderInput:
    """An input that concerns an order which is known already."""

    channel: str
    external_id: str


@dataclass(frozen=True, slots=True)
class RetryOrder(KnownOrderInput):
    """Try an exception again: its cause is gone, or a person wants it."""


@dataclass(frozen=True, slots=True)
class ConfirmOrder(KnownOrderInput):
    """Apply an order that was recorded while import was off."""


@dataclass(frozen=True, slots=True)
class ConfirmShipment(KnownOrderInput):
    """A person says that units which a shipment reports beyond the order have left."""

    shipment_id: str


@dataclass(frozen=True, slots=True)
class StockArrived(KnownOrderInput):
    """Units arrived or were released that the order may be waiting for."""


@dataclass(frozen=True, slots=True)
class PaymentReceived(KnownOrderInput):
    """The buyer has paid."""


@dataclass(frozen=True, slots=True)
class DeadlineCheck(KnownOrderInput):
    """Look at the order's deadlines: one may have passed, or be near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideRequest(KnownOrderInput):
    """A person's answer to a request. `lines`: line id → units accepted, for lines that are not accepted whole.

    `version`: of the order as the person saw it; None: whatever it is now.
    `supply`: where the missing units come from, and `location`: where they are, both as settings say if None.
    """

    accept: bool
    by: str
    lines: Mapping[str, int] = field(default_factory=dict)
    version: str | None = None
    supply: Supply | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAnnounced(KnownOrderInput):
    """Goods are on their way back. `lines`: line id → units of the line; in a correction 0 takes a line out.

    `correction`: its id, where the lines take the place of those that were announced.
    """

    return_id: str
    lines: Mapping[str, int]
    correction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnReceived(KnownOrderInput):
    """Goods lie at a location; they are no stock before they are inspected.

    `arrival_id` tells the parcels of one return apart. `lines`: what was in this one; None: all that was still due.
    """

    return_id: str
    location: str
    arrival_id: str = ""
    lines: Mapping[str, int] | None = None
    correction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnInspected(KnownOrderInput):
    """What was found. `lines`: line id → units (sellable, damaged, missing); sellable ones go into `bin` or stay
    unplaced. `components`: line id → component of a kit → its units, for lines not counted as a whole."""

    return_id: str
    lines: Mapping[str, tuple[int, int, int]]
    bin: str | None = None
    components: Mapping[str, Mapping[str, tuple[int, int, int]]] = field(default_factory=dict)
    arrival_id: str = ""
    correction: str = ""


ChannelEvent = OrderSnapshot | ShipmentNotice
"""What channels and shipping platforms report."""


class PartlyUnreadable(UnreadableOrder):
    """Some of what one notification speaks of cannot be understood; its `events` can, and are to be applied."""

    def __init__(self, problems: Sequence[UnreadableOrder], events: Sequence[ChannelEvent]) -> None:
        shown = "; ".join(map(str, problems[:PROBLEMS_SHOWN_MAX]))
        super().__init__(f"{len(problems)} of {len(problems) + len(events)} records", shown)
        self.problems, self.events = tuple(problems), tuple(events)


OrderInput = (
    ChannelEvent
    | RetryOrder
    | ConfirmOrder
    | ConfirmShipment
    | StockArrived
    | PaymentReceived
    | DeadlineCheck
    | DecideRequest
    | ReturnAnnounced
    | ReturnReceived
    | ReturnInspected
)
