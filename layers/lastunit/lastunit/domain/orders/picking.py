"""Which location and which bin the units of a shipment are taken from.

The location: where the shipment says it left, else where the units are allocated. The bin: the picking bin of the
SKU there (rules 1.1-3, 1.1-4), never a storage bin (rule 1.1-6). That a SKU has only one picking bin at a location
(rules 1.1-5, 1.1-16) is a condition of the write that adds a bin, in `adapters/dynamodb/movements.py`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from lastunit.domain.keys import AllocationKey, LevelKey
from lastunit.domain.orders.context import DecisionContext
from lastunit.domain.orders.order import Order, PickedUnits
from lastunit.domain.orders.states import OrderReason
from lastunit.domain.orders.stock_effects import stock_delta
from lastunit.domain.stock.levels import Level, Movement, level_after


class CannotBook(Exception):
    """The shipment does not fit what is stored: nothing of it is booked."""

    def __init__(self, reason: OrderReason, details: Mapping[str, str]) -> None:
        super().__init__(reason.value)
        self.reason, self.details = reason, details


class Picking:
    """Takes the units of one shipment, line after line, and remembers what each level still holds meanwhile.

    `allocated`: units of each allocation that are not taken yet; `picked`: what was taken.
    """

    def __init__(self, before: Order | None, order: Order, context: DecisionContext) -> None:
        self._context, self._moved = context, stock_delta(before, order)
        self._levels: dict[LevelKey, Level] = {}
        self.allocated = Counter[AllocationKey]()
        self.picked: dict[AllocationKey, PickedUnits] = {}
        for one in order.allocations:
            self.allocated[AllocationKey(one.line_id, one.sku, one.location)] += one.quantity

    def take(self, line_id: str, sku: str, units: int, location: str | None) -> None:
        """Take allocated units first, those allocated at `location` before others; the rest must be available.

        Units that left from another location than they are allocated at are released there and depleted here.
        Raises CannotBook when a location holds fewer units than left.
        """
        open_keys = [key for key, rest in self.allocated.items() if key[:2] == (line_id, sku) and rest]
        here = [key for key in open_keys if location in (None, key.location)]
        for key in here:
            units -= self._pick_allocated(key, units, at=key.location)
        for key in open_keys:
            if key not in here:
                units -= self._pick_allocated(key, units, at=location or key.location)
        if units:
            self._pick(line_id, sku, units, location or self._first_with(sku, units))

    def _pick_allocated(self, key: AllocationKey, wanted: int, *, at: str) -> int:
        """Release as many of the wanted units as are allocated, and pick them. Returns how many."""
        units = min(wanted, self.allocated[key])
        self.allocated[key] -= units
        self._apply(Movement(sku=key.sku, location=key.location, available=units, reserved=-units))
        self._pick(key.line_id, key.sku, units, at)
        return units

    def _pick(self, line_id: str, sku: str, units: int, location: str) -> None:
        """Deplete the location's picking bin by units that are available there."""
        level = self._level(sku, location)
        if level.available < units:
            details = {"sku": sku, "location": location, "available": str(level.available), "left": str(units)}
            raise CannotBook(OrderReason.SHIPPED_UNCOVERED, details)
        bins = _from_picking_bin(level, units)
        self._apply(Movement(sku=sku, location=location, on_hand=-units, available=-units, bins=_negative(bins)))
        picked = PickedUnits(line_id=line_id, sku=sku, location=location, quantity=units, bins=bins)
        key = AllocationKey(line_id, sku, location)
        self.picked[key] = _plus(self.picked[key], picked) if key in self.picked else picked

    def _first_with(self, sku: str, units: int) -> str:
        """The first candidate location that has so many units available."""
        candidates = self._context.candidates()
        place = next((at for at in candidates if self._level(sku, at).available >= units), None)
        if place is None:
            raise CannotBook(OrderReason.SHIPPED_UNCOVERED, {"sku": sku, "left": str(units)})
        return place

    def _level(self, sku: str, location: str) -> Level:
        key = LevelKey(sku, location)
        if key not in self._levels:
            found = self._context.level(sku, location)
            self._levels[key] = level_after(found, self._moved[key]) if key in self._moved else found
        return self._levels[key]

    def _apply(self, movement: Movement) -> None:
        self._levels[movement.key] = level_after(self._level(*movement.key), movement)


def _from_picking_bin(level: Level, units: int) -> dict[str, int]:
    """Bin → units. A short picking bin gives what it has (rule 1.1-12); the rest is taken from what is unplaced,
    which may fall below zero."""
    name = level.picking_bin
    part = min(units, max(0, level.bins[name].on_hand)) if name else 0
    return {name: part} if name and part else {}


def _negative(bins: Mapping[str, int]) -> dict[str, int]:
    return {name: -units for name, units in bins.items()}


def _plus(first: PickedUnits, second: PickedUnits) -> PickedUnits:
    bins = Counter(first.bins) + Counter(second.bins)
    return replace(first, quantity=first.quantity + second.quantity, bins=dict(bins))
