"""An order as the hub keeps it, and its effect on stock.

What an order does to stock follows from its row alone: units promised (allocations), units that left (parcels) and
units that came back (returns). A change of stock is always the difference between two versions of a row, so that a
release can never be computed from anything but what was reserved (`field-bugs.md` 7, 8).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from lastunit.domain.facts import Shipment
from lastunit.domain.levels import LevelKey, Movement, total
from lastunit.domain.lifecycle import Reason, State, allowed
from lastunit.domain.snapshots import Snapshot, SnapshotLine

LEVELS_MAX = 90  # One transaction holds 100 items: the order row, its levels, and room for listings.
FINGERPRINTS_MAX = 8
OWING = frozenset({State.EXCEPTION, State.RECORDED})


@dataclass(frozen=True, slots=True)
class Line:
    """`names`: what the channel calls it; `listing`: the one it is told numbers by; `sku`: ours, None if unknown.

    `quantity` is what the channel wants now, `declined` what of it a person declined. `parts`: stocked SKUs in one
    unit, as the recipe stood when the order came (`field-bugs.md` class 18). `cancelled`: units that the channel
    cancelled for good and did not put back on its shelf.
    """

    line_id: str
    names: tuple[str, ...]
    quantity: int
    listing: str | None = None
    sku: str | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    declined: int = 0
    cancelled: int = 0

    @property
    def accepted(self) -> int:
        return max(0, self.quantity - self.declined)


@dataclass(frozen=True, slots=True)
class Allocation:
    """Units of a line promised from one location. `sku` is a stocked SKU: a kit's line has one per component."""

    line_id: str
    sku: str
    location: str
    quantity: int
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Backorder:
    """Units of a line that were accepted and wait for arriving stock."""

    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Units of a stocked SKU that left one location, `bins` (bin → units) naming the bins they came from."""

    line_id: str
    sku: str
    location: str
    quantity: int
    bins: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One shipment: `lines` (line id → units of the line) and what it `took`. A voided one took nothing."""

    shipment_id: str
    lines: Mapping[str, int]
    took: tuple[Taken, ...] = ()
    voided: bool = False
    shipped_at: str | None = None


class ReturnState(StrEnum):
    ANNOUNCED = "announced"
    RECEIVED = "received"
    INSPECTED = "inspected"


@dataclass(frozen=True, slots=True)
class Inspection:
    """Of one line: what of the returned units can be sold again, and what cannot."""

    sellable: int = 0
    damaged: int = 0
    missing: int = 0

    @property
    def units(self) -> int:
        return self.sellable + self.damaged + self.missing


@dataclass(frozen=True, slots=True)
class Return:
    """Goods on their way back. Only what an inspection finds sellable becomes stock, where it was received."""

    return_id: str
    lines: Mapping[str, int]
    state: ReturnState = ReturnState.ANNOUNCED
    location: str | None = None
    found: Mapping[str, Inspection] = field(default_factory=dict)
    restocked: tuple[Taken, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """How the order was routed and what was seen then, so that anyone can ask why (`field-bugs.md` 18)."""

    policy: str
    candidates: tuple[str, ...]
    saw: Mapping[str, Mapping[str, int]]
    shortage: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who decided a request, how and when. `lines`: the units accepted of lines that were not judged whole."""

    accepted: bool
    by: str
    at: str
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """`revision` and `fingerprints` order the channel's own versions; `rev` counts the hub's writes of this row.

    `commit` is the transaction that last changed it: finding one's own id there means the write took effect.
    `decide_by` and `pay_by` are its running clocks; `queued_at` gives its place among those who wait for stock.
    `pending`: shipments that could not be booked yet. `waiting_since`: how long a person has been awaited.
    `on_request`: its channel takes orders for more than it shows, so nobody has been sold anything yet.
    """

    channel: str
    external_id: str
    state: State
    revision: str
    fingerprints: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    backorders: tuple[Backorder, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    pending: tuple[Shipment, ...] = ()
    returns: tuple[Return, ...] = ()
    reason: Reason | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    decision: Decision | None = None
    verdict: Verdict | None = None
    paid: bool = False
    decide_by: str | None = None
    pay_by: str | None = None
    escalated: bool = False
    reminded: bool = False
    queued_at: str | None = None
    restocked: bool = False
    location: str | None = None
    placed_at: str | None = None
    rev: int = 0
    commit: str = ""
    changed_at: str = ""
    waiting_since: str | None = None
    on_request: bool = False

    @property
    def order_id(self) -> str:
        return order_id(self.channel, self.external_id)

    def snapshot(self) -> Snapshot:
        """What the channel said last, for trying again after an exception was resolved."""
        lines = tuple(SnapshotLine(line.line_id, line.names, line.quantity) for line in self.lines)
        return Snapshot(
            self.channel,
            self.external_id,
            self.revision,
            lines or self._lines_of_shipments(),
            location=self.location,
            placed_at=self.placed_at,
            paid=self.paid or None,
        )

    def _lines_of_shipments(self) -> tuple[SnapshotLine, ...]:
        """Of an order never seen, its shipments tell at least what has left."""
        units, names = Counter[str](), dict[str, tuple[str, ...]]()
        for line in (line for shipment in self.pending for line in shipment.lines):
            key = line.line_id or " or ".join(line.names)
            units[key] += line.quantity
            names[key] = line.names or (key,)
        return tuple(SnapshotLine(key, names[key], quantity) for key, quantity in units.items())


def order_id(channel: str, external_id: str) -> str:
    """One text for `(channel, external_id)`. Channel names hold no colon, so the first one divides."""
    return f"{channel}:{external_id}"


def names_of(order: Order) -> Iterable[str]:
    """Every name its channel uses for what was ordered, or shipped and not booked yet."""
    yield from (name for line in order.lines for name in line.names)
    yield from (name for shipment in order.pending for line in shipment.lines for name in line.names)


def shipped(order: Order) -> Counter[str]:
    """Line id → units of the line that left and were not voided."""
    units = Counter[str]()
    for parcel in order.parcels:
        if not parcel.voided:
            units.update(parcel.lines)
    return units


def open_lines(order: Order) -> tuple[tuple[Line, int], ...]:
    """Each line with the units that are accepted and have not left."""
    left = shipped(order)
    return tuple((line, max(0, line.accepted - left[line.line_id])) for line in order.lines)


def demand(lines: Iterable[tuple[Line, int]]) -> dict[str, int]:
    """SKU → units, all lines and kits summed, because one transaction may touch a level only once."""
    total_units = Counter[str]()
    for line, quantity in lines:
        for sku, units in line.parts.items():
            total_units[sku] += units * quantity
    return {sku: units for sku, units in sorted(total_units.items()) if units}


def promised(order: Order | None) -> Counter[LevelKey]:
    """(SKU, location) → units this order holds there."""
    units = Counter[LevelKey]()
    for allocation in order.allocations if order else ():
        units[allocation.sku, allocation.location] += allocation.quantity
    return units


def effect(order: Order | None) -> dict[LevelKey, Movement]:
    """All that this order does to stock, as it stands."""
    if order is None:
        return {}
    held = [
        Movement(sku, location, available=-units, reserved=units)
        for (sku, location), units in promised(order).items()
    ]
    left = [taken for parcel in order.parcels if not parcel.voided for taken in parcel.took]
    back = [taken for one in order.returns for taken in one.restocked]
    moved = [_moved(taken, -1) for taken in left] + [_moved(taken, 1) for taken in back]
    return total([*held, *moved])


def difference(before: Order | None, after: Order) -> dict[LevelKey, Movement]:
    """What moves at each level when one version of an order takes the place of another."""
    undone = [movement.reversed() for movement in effect(before).values()]
    return total([*effect(after).values(), *undone])


def _moved(taken: Taken, sign: int) -> Movement:
    units = sign * taken.quantity
    bins = {name: sign * part for name, part in taken.bins.items()}
    return Movement(taken.sku, taken.location, on_hand=units, available=units, bins=bins)


def sold_on_channel(order: Order | None) -> Counter[tuple[str, str]]:
    """(SKU, listing name) → units by which the channel has lowered its own number for this order."""
    units = Counter[tuple[str, str]]()
    if order is None or order.state is State.REFUSED or order.restocked:
        return units
    for line in order.lines:
        if line.sku and line.listing:
            units[line.sku, line.listing] += line.quantity + line.cancelled
    return units


def regrown(before: Order | None, after: Order) -> Counter[tuple[str, str]]:
    """(SKU, listing name) → units that the channel put back on its own shelf between two versions of an order."""
    fallen = sold_on_channel(before) - sold_on_channel(after)
    # Sold and put back before anybody told us of either.
    unheard = before is None and after.restocked
    return fallen if not unheard else sold_on_channel(replace(after, restocked=False))


def owed_on_channel(order: Order | None) -> Counter[tuple[str, str]]:
    """(SKU, listing name) → units its channel has sold, or somebody accepted, and that no stock was promised for.

    They are promised when units arrive, so nobody else may be told that he can sell those.
    """
    units = Counter[tuple[str, str]]()
    if order is None:
        return units
    waits = order.state in OWING or (order.state is State.REQUESTED and not order.on_request)
    promised_lines = {allocation.line_id for allocation in order.allocations}
    for line, quantity in open_lines(order):
        if line.sku and line.listing and quantity:
            whole = waits and line.line_id not in promised_lines
            units[line.sku, line.listing] += quantity if whole else _awaited(order, line)
    return +units


def _awaited(order: Order, line: Line) -> int:
    """Units of the line that lack a part which is backordered."""
    lacking = [one for one in order.backorders if one.line_id == line.line_id]
    return max((-(-one.quantity // line.parts[one.sku]) for one in lacking), default=0)


def wants(order: Order | None) -> dict[str, int]:
    """SKU → units this order waits for: backordered, or asked for by an open request."""
    if order is None or order.queued_at is None:
        return {}
    if order.state is State.REQUESTED:
        return demand(open_lines(order))
    units = Counter[str]()
    for backorder in order.backorders:
        units[backorder.sku] += backorder.quantity
    return dict(units)


def resting(order: Order) -> State:
    """The state of an order all of whose units are promised, awaited or gone."""
    gone = bool(shipped(order).total())
    if not order.allocations and not order.backorders:
        return State.SHIPPED if gone else State.CANCELLED
    if order.pay_by is not None:
        return State.AWAITING_PAYMENT
    if gone:
        return State.PARTLY_SHIPPED
    return State.PROMISED if order.backorders else State.RESERVED


def withdraw(order: Order) -> Order:
    """The order with nothing promised, awaited or running any more."""
    return replace(order, allocations=(), backorders=(), details={}, decide_by=None, pay_by=None, queued_at=None)


@dataclass(frozen=True, slots=True)
class Change:
    """One order's step from `before` (None: new) to `after`, and with it the units it takes or gives back.

    `through`: the states in between, where several facts told together are one step; `regrown`: what the channel
    put back on its shelf at any of these facts, also if another took it again.
    """

    before: Order | None
    after: Order
    through: tuple[State, ...] = ()
    regrown: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        state = self.before.state if self.before else None
        for following in (*self.through, self.after.state):
            if not allowed(state, following):
                raise ValueError(f"{self.after.order_id}: no way leads from {state} to {following}")
            state = following

    def levels(self) -> dict[LevelKey, Movement]:
        """What this step moves at each level. Levels it leaves alone are left out."""
        return difference(self.before, self.after)

    def listings(self) -> dict[tuple[str, str], int]:
        """(SKU, listing name) → units more (or fewer) that the channel has sold by its own count."""
        return _risen(sold_on_channel(self.before), sold_on_channel(self.after))

    def owed(self) -> dict[tuple[str, str], int]:
        """(SKU, listing name) → units more (or fewer) that are sold and not promised."""
        return _risen(owed_on_channel(self.before), owed_on_channel(self.after))


def _risen[Key](before: Counter[Key], after: Counter[Key]) -> dict[Key, int]:
    return {key: after[key] - before[key] for key in after | before if after[key] != before[key]}
