"""An order as the hub keeps it: its state, its lines, and the units promised to it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lastunit.domain.levels import LevelKey
from lastunit.domain.routing import Take
from lastunit.domain.snapshots import Snapshot, SnapshotLine

LEVELS_MAX = 90  # One transaction holds 100 items: the order row, its levels, and room for listings.
FINGERPRINTS_MAX = 8


class State(StrEnum):
    RESERVED = "reserved"  # every unit is promised from a location
    REQUESTED = "requested"  # stock cannot cover it: a person must accept or decline, nothing is taken
    REFUSED = "refused"  # answered "no" to the own store; no order came into being there
    EXCEPTION = "exception"  # a person must look at it; what it held before stays held
    CANCELLED = "cancelled"  # nothing is promised any more; also the tombstone of a cancel before its order


class Reason(StrEnum):
    """Why an order is not simply reserved."""

    SHORTAGE = "shortage"
    UNKNOWN_SKU = "unknown_sku"
    DRAFT_SKU = "draft_sku"
    TOO_MANY_LEVELS = "too_many_levels"
    EDIT_SHORT = "edit_short"
    CANCELLED_BY_CHANNEL = "cancelled_by_channel"
    CANCELLED_BEFORE_ORDER = "cancelled_before_order"
    NOTHING_TO_DELIVER = "nothing_to_deliver"


WAITING = frozenset({State.REQUESTED, State.EXCEPTION})
"""States that wait for a person."""


@dataclass(frozen=True, slots=True)
class Line:
    """`names`: what the channel calls it; `listing`: the one it is told numbers by; `sku`: ours, None if unknown.

    `parts`: stocked SKUs in one unit, as the recipe stood when the order came (`field-bugs.md` class 18).
    """

    line_id: str
    names: tuple[str, ...]
    quantity: int
    listing: str | None = None
    sku: str | None = None
    parts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allocation:
    """Units of a line promised from one location. `sku` is a stocked SKU: a kit's line has one per component."""

    line_id: str
    sku: str
    location: str
    quantity: int
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """How the order was routed and what was seen then, so that anyone can ask why (`field-bugs.md` 18)."""

    policy: str
    candidates: tuple[str, ...]
    saw: Mapping[str, Mapping[str, int]]
    shortage: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """`revision` and `fingerprints` order the channel's own versions; `rev` counts the hub's writes of this row.

    `commit` is the transaction that last changed it: finding one's own id there means the write took effect.
    """

    channel: str
    external_id: str
    state: State
    revision: str
    fingerprints: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    reason: Reason | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    decision: Decision | None = None
    restocked: bool = False
    location: str | None = None
    placed_at: str | None = None
    rev: int = 0
    commit: str = ""
    changed_at: str = ""

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
            lines,
            location=self.location,
            placed_at=self.placed_at,
        )


def order_id(channel: str, external_id: str) -> str:
    """One text for `(channel, external_id)`. Channel names hold no colon, so the first one divides."""
    return f"{channel}:{external_id}"


def demand(lines: Iterable[Line]) -> dict[str, int]:
    """SKU → units, all lines and kits summed, because one transaction may touch a level only once."""
    total = Counter[str]()
    for line in lines:
        for sku, units in line.parts.items():
            total[sku] += units * line.quantity
    return {sku: units for sku, units in sorted(total.items()) if units}


def allocate(lines: Iterable[Line], takes: Iterable[Take]) -> tuple[Allocation, ...]:
    """Spread what was taken per SKU over the lines, first line first. Σ allocations = Σ takes."""
    pool: dict[str, list[Take]] = {}
    for take in takes:
        pool.setdefault(take.sku, []).append(take)
    return tuple(
        allocation
        for line in lines
        for sku, units in sorted(line.parts.items())
        for allocation in _fill(line.line_id, sku, units * line.quantity, pool.get(sku, []))
    )


def _fill(line_id: str, sku: str, units: int, takes: list[Take]) -> Iterable[Allocation]:
    while units and takes:
        take = takes.pop(0)
        part = min(units, take.quantity)
        units -= part
        if part < take.quantity:
            takes.insert(0, Take(sku, take.location, take.quantity - part, take.rule))
        yield Allocation(line_id, sku, take.location, part, take.rule)


def promised(order: Order | None) -> Counter[LevelKey]:
    """(SKU, location) → units this order holds there."""
    units = Counter[LevelKey]()
    for allocation in order.allocations if order else ():
        units[allocation.sku, allocation.location] += allocation.quantity
    return units


def sold_on_channel(order: Order | None) -> Counter[tuple[str, str]]:
    """(SKU, listing name) → units by which the channel has lowered its own number for this order."""
    units = Counter[tuple[str, str]]()
    if order is None or order.state is State.REFUSED or order.restocked:
        return units
    for line in order.lines:
        if line.sku and line.listing:
            units[line.sku, line.listing] += line.quantity
    return units


@dataclass(frozen=True, slots=True)
class Change:
    """One order's step from `before` (None: new) to `after`, and with it the units it takes or gives back."""

    before: Order | None
    after: Order

    def levels(self) -> dict[LevelKey, int]:
        """(SKU, location) → units more (or, negative, fewer) that this order holds there. Zeros left out."""
        return _difference(promised(self.after), promised(self.before))

    def listings(self) -> dict[tuple[str, str], int]:
        """(SKU, listing name) → units more (or fewer) that the channel has sold by its own count."""
        return _difference(sold_on_channel(self.after), sold_on_channel(self.before))


def _difference[Key](after: Counter[Key], before: Counter[Key]) -> dict[Key, int]:
    return {key: after[key] - before[key] for key in after | before if after[key] != before[key]}
