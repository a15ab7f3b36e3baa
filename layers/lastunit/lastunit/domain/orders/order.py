"""An order as the hub keeps it: the value Order and its parts.

What it does to stock follows from this value alone (`stock_effects.py`): allocations reserve units, shipments
deplete them, returns restock them. All instants are aware datetimes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from lastunit.domain.keys import OrderKey
from lastunit.domain.orders.inbound import ShipmentNotice
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One position of an order: units of one listing."""

    line_id: str  # the channel's own id of the line
    names: tuple[str, ...]  # what the channel calls the SKU, most specific first
    quantity: int  # units that the channel wants now, after edits
    listing: str | None = None  # the name under which the channel is told numbers of it
    sku: str | None = None  # ours; None: no name of it is known
    parts: Mapping[str, int] = field(default_factory=dict)  # stocked SKU → units in one, as the recipe stood
    declined: int = 0  # of `quantity`: units that a person declined
    cancelled: int = 0  # units that the channel cancelled for good and did not put back on its shelf
    no_stock: bool = False  # it needs none: a tip, a gift card, a fee

    @property
    def accepted(self) -> int:
        """Units that are to be delivered."""
        return max(0, self.quantity - self.declined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Units of a line that are reserved at one location. A kit's line has an allocation for each component.

    `sku` is a stocked SKU; `rule` says why this location was chosen.
    """

    line_id: str
    sku: str
    location: str
    quantity: int
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Backorder:
    """Units of a line that were accepted and wait for arriving stock; `sku` is a stocked SKU."""

    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedUnits:
    """Units of a stocked SKU that a shipment took from one location, or that a return brought back there.

    `bins`: bin → units; the rest is unplaced.
    """

    line_id: str
    sku: str
    location: str
    quantity: int
    bins: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """A report of a parcel. `lines`: line id → units of the line. A voided shipment depletes nothing.

    `lines` lacks what another system has reported of the same parcel before. `reported` has all: SKU → units, of a
    parcel with a tracking number.
    """

    shipment_id: str
    lines: Mapping[str, int]
    picked: tuple[PickedUnits, ...] = ()
    voided: bool = False
    shipped_at: datetime | None = None
    tracking: tuple[str, ...] = ()  # digests of its tracking numbers
    reporter: str = ""  # the channel that reported it; empty: a person
    reported: Mapping[str, int] = field(default_factory=dict)


class ReturnState(StrEnum):
    """How far a return has come."""

    ANNOUNCED = "announced"  # the units are on their way
    RECEIVED = "received"  # some of them lie at a location; what was not inspected is no stock yet
    INSPECTED = "inspected"  # all of them are accounted for, and what was found sellable is stock again


@dataclass(frozen=True, slots=True)
class Condition:
    """Units that came back: those that can be sold again, those that cannot, those that did not arrive."""

    sellable: int = 0
    damaged: int = 0
    missing: int = 0

    @property
    def units(self) -> int:
        return self.sellable + self.damaged + self.missing


@dataclass(frozen=True, slots=True)
class Inspection(Condition):
    """What was found of one returned line: in units of the line, or of a kit by its components."""

    components: Mapping[str, Condition] = field(default_factory=dict)  # stocked SKU → its own units


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnArrival:
    """One parcel of a return that was received. What was missing in an earlier one may come in a later one."""

    arrival_id: str
    location: str
    lines: Mapping[str, int]  # line id → units of the line
    found: Mapping[str, Inspection] | None = None  # line id → what the inspection found; None: not inspected yet
    restocked: tuple[PickedUnits, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Goods on their way back. Only what an inspection finds sellable becomes stock, where it was received.

    `location`, `found` and `restocked` are those of all its arrivals together.
    """

    return_id: str
    lines: Mapping[str, int]  # line id → units of the line
    state: ReturnState = ReturnState.ANNOUNCED
    location: str | None = None  # where it was received first
    found: Mapping[str, Inspection] = field(default_factory=dict)  # line id → what the inspection found
    restocked: tuple[PickedUnits, ...] = ()  # the sellable units, in stock again
    arrivals: tuple[ReturnArrival, ...] = ()  # empty where nothing arrived, or all of it in one parcel
    corrections: Mapping[str, str] = field(default_factory=dict)  # id of a correction → tells its contents apart


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingDecision:
    """How the order was routed and what was seen then, so that anyone can ask why (rule 1.2-7).

    `saw`: SKU → location → units that were available; `shortage`: SKU → units that were missing.
    """

    policy: str
    candidates: tuple[str, ...]
    saw: Mapping[str, Mapping[str, int]]
    shortage: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDecision:
    """Who decided a request, how and when. `lines`: line id → units accepted, of lines not accepted whole."""

    accepted: bool
    by: str
    at: datetime
    lines: Mapping[str, int] = field(default_factory=dict)
    supply: Supply | None = None  # as the person said; None: as settings say
    location: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order of a channel, as its row stands. `(channel, external_id)` names it for good."""

    channel: str
    external_id: str  # the channel's own id
    state: State
    revision: str  # the channel's own version, sorts as text; empty: only shipments are known
    fingerprints: tuple[str, ...] = ()  # contents of this revision that were applied
    lines: tuple[Line, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    backorders: tuple[Backorder, ...] = ()
    shipments: tuple[Shipment, ...] = ()  # booked, or voided
    pending_shipments: tuple[ShipmentNotice, ...] = ()  # reported, and not booked yet
    returns: tuple[Return, ...] = ()
    reason: OrderReason | None = None  # why it is not simply reserved or shipped
    details: Mapping[str, str] = field(default_factory=dict)  # of the reason, for the person who looks at it
    routing: RoutingDecision | None = None
    request_decision: RequestDecision | None = None
    paid: bool = False
    decide_by: datetime | None = None  # decision deadline, while it runs
    pay_by: datetime | None = None  # payment deadline, while it runs
    escalated: bool = False  # undecided in time, and handed to somebody else
    reminded: bool = False  # the merchant was reminded of the deadline that runs
    queued_at: datetime | None = None  # its place in the queues of the SKUs it waits for
    restocked: bool = False  # cancelled, and its channel put the units back on its own shelf
    cancel_is_final: bool = True  # cancelled, and no later version brings it back
    location: str | None = None  # a place that the order itself names
    placed_at: datetime | None = None  # when the buyer placed it, where the channel says
    rev: int = 0  # counts the writes of this row; each write expects the one before
    commit_id: str = ""  # the transaction that wrote it: finding one's own id here, the write took effect
    changed_at: datetime | None = None  # when it was written; None: not yet
    waiting_since: datetime | None = None  # since when a person is awaited
    brought_in: tuple[PickedUnits, ...] = ()  # units that came into stock when a request was accepted
    on_request: bool = False  # its channel takes orders for more than it shows: a request sold nothing yet

    @property
    def order_id(self) -> str:
        return str(OrderKey(self.channel, self.external_id))

    @property
    def version(self) -> str:
        """Names what the channel said last; empty where it said nothing yet."""
        return self.fingerprints[-1] if self.fingerprints else ""

    def snapshot(self) -> OrderSnapshot:
        """What the channel said last, for placing the order again: a retry, a confirmation, or arriving stock."""
        lines = tuple(SnapshotLine(line.line_id, line.names, line.quantity, line.no_stock) for line in self.lines)
        return OrderSnapshot(
            channel=self.channel,
            external_id=self.external_id,
            revision=self.revision,
            lines=lines or self._lines_of_shipments(),
            location=self.location,
            placed_at=self.placed_at,
            paid=self.paid or None,
        )

    def _lines_of_shipments(self) -> tuple[SnapshotLine, ...]:
        """The lines of an order that never came, as its shipments name them."""
        units, names = Counter[str](), dict[str, tuple[str, ...]]()
        for line in (line for shipment in self.pending_shipments for line in shipment.lines):
            key = line.line_id or " or ".join(line.names)
            units[key] += line.quantity
            names[key] = line.names or (key,)
        return tuple(SnapshotLine(key, names[key], quantity) for key, quantity in units.items())


def names_of(order: Order) -> Iterable[str]:
    """Every name its channel uses for what was ordered, or shipped and not booked yet."""
    yield from (name for line in order.lines for name in line.names)
    yield from (name for shipment in order.pending_shipments for line in shipment.lines for name in line.names)
