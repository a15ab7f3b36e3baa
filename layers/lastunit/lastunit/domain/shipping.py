"""Auto depletion: what leaves, leaves the allocated location's picking bin (`requirements.md` 1.1).

The goods are gone when we hear of it, so a shipment is never refused: what cannot be booked is kept with the order
as pending, and the order waits for a person.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lastunit.domain.facts import Shipment, ShippedLine
from lastunit.domain.levels import Level, LevelKey, Movement, after
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import (
    Allocation,
    Backorder,
    Change,
    Line,
    Order,
    Parcel,
    Taken,
    difference,
    open_lines,
    resting,
    shipped,
    withdraw,
)
from lastunit.domain.world import Outcome, Step, World

AllocationKey = tuple[str, str, str]
"""(line id, SKU, location)."""

OF_SHIPPING = frozenset(
    {
        Reason.SHIPMENT_BEFORE_ORDER,
        Reason.SHIPPED_UNCOVERED,
        Reason.SHIPPED_UNKNOWN_LINE,
    }
)
"""Exceptions that end when the shipment is booked after all."""

LEFT_ALL_THE_SAME = frozenset({Reason.CANCELLED_AFTER_SHIPPING, Reason.SHIPPED_AFTER_CANCEL})
"""Cancelled although units have left: as final as any other cancel."""


class CannotBook(Exception):
    """This shipment does not fit what is stored. Nothing of it is booked."""

    def __init__(self, reason: Reason, details: Mapping[str, str]) -> None:
        super().__init__(reason.value)
        self.reason, self.details = reason, details


def ship(order: Order | None, shipment: Shipment, world: World) -> Step:
    """The shipment's parcel, booked once by its id; or its void, which gives back what it took."""
    if order is None:
        return _before_its_order(shipment)
    known = next((parcel for parcel in order.parcels if parcel.shipment_id == shipment.shipment_id), None)
    waits = any(pending.shipment_id == shipment.shipment_id for pending in order.pending)
    if shipment.voided:
        return _void(order, known, shipment, world)
    if known or waits:
        return Outcome.DUPLICATE, None
    waiting = replace(order, pending=(*order.pending, shipment))
    if order.state is State.RECORDED:
        return Outcome.UPDATED, Change(order, waiting)  # Import is off: it deducts nothing until that is confirmed.
    return book_pending(order, waiting, world)


def book_pending(before: Order | None, order: Order, world: World) -> Step:
    """Book what waits, oldest first; `before` is what is stored. What still does not fit keeps waiting, visibly."""
    booked, problems = order, list[CannotBook]()
    for shipment in order.pending:
        try:
            booked = _book(before, booked, shipment, world)
        except CannotBook as problem:
            problems.append(problem)
    after = _held(booked, problems[0]) if problems else booked
    return Outcome(after.state.value), Change(before, after)


def _held(order: Order, problem: CannotBook) -> Order:
    """Waiting for a person; an earlier cause is the one to mend first."""
    if order.state is State.EXCEPTION and order.reason is not None:
        return order
    reason = Reason.SHIPPED_AFTER_CANCEL if _is_over(order) else problem.reason
    queued_at = order.queued_at if order.backorders else None
    held = replace(order, state=State.EXCEPTION, reason=reason, details=problem.details)
    return replace(held, decide_by=None, queued_at=queued_at)


def unbooked(order: Order) -> Order:
    """An order known by its shipments alone, now that it has come: they are booked anew, on its own lines."""
    names = {line.line_id: line.names for line in order.lines}
    again = tuple(
        Shipment(
            order.channel,
            order.external_id,
            parcel.shipment_id,
            tuple(ShippedLine(units, line_id, names[line_id]) for line_id, units in parcel.lines.items()),
            shipped_at=parcel.shipped_at,
        )
        for parcel in order.parcels
        if not parcel.voided
    )
    voided = tuple(parcel for parcel in order.parcels if parcel.voided)
    return replace(order, lines=(), allocations=(), parcels=voided, pending=(*again, *order.pending))


def _before_its_order(shipment: Shipment) -> Step:
    """Kept until the order comes; then both take effect together. Until then a person can see it."""
    stub = Order(
        shipment.channel,
        shipment.external_id,
        State.EXCEPTION,
        "",
        parcels=(Parcel(shipment.shipment_id, {}, voided=True),) if shipment.voided else (),
        pending=() if shipment.voided else (shipment,),
        reason=Reason.SHIPMENT_BEFORE_ORDER,
        details={"shipment_id": shipment.shipment_id},
    )
    return Outcome.EXCEPTION, Change(None, stub)


def _void(order: Order, known: Parcel | None, shipment: Shipment, world: World) -> Step:
    """The units lie in their bin again, and what was promised of them is promised again."""
    if known and known.voided:
        return Outcome.DUPLICATE, None
    voided = replace(known or Parcel(shipment.shipment_id, {}), voided=True)
    others = tuple(parcel for parcel in order.parcels if parcel.shipment_id != shipment.shipment_id)
    pending = tuple(one for one in order.pending if one.shipment_id != shipment.shipment_id)
    base = replace(order, parcels=(*others, voided), pending=pending)
    if _comes_back(base):
        return _contradiction(order, shipment)
    if known is None or order.state in (State.CANCELLED, State.REQUESTED):
        return Outcome.UPDATED, Change(order, base)
    if order.reason in LEFT_ALL_THE_SAME:
        return _void_of_cancelled(order, base)
    whole = replace(base, allocations=(*base.allocations, *_promised_again(base, voided)))
    if whole.pending:
        return book_pending(order, whole, world)  # What came before the void may have waited for these very units.
    state = order.state if order.state is State.EXCEPTION else resting(whole)
    return Outcome(state.value), Change(order, replace(whole, state=state))


def _comes_back(order: Order) -> bool:
    """Returns hold more units than have left."""
    left, coming = shipped(order), Counter[str]()
    for one in order.returns:
        coming.update(one.lines)
    return any(units > left[line_id] for line_id, units in coming.items())


def _contradiction(order: Order, shipment: Shipment) -> Step:
    """Voided means it never left: then its return would bring the same units a second time."""
    reason = Reason.SHIPPED_AFTER_CANCEL if _is_over(order) else Reason.VOIDED_AFTER_RETURN
    details = {"shipment_id": shipment.shipment_id}
    after = replace(order, state=State.EXCEPTION, reason=reason, details=details)
    return (Outcome.EXCEPTION, Change(order, after)) if after != order else (Outcome.DUPLICATE, None)


def _void_of_cancelled(order: Order, base: Order) -> Step:
    """The units are free; when nothing has left after all, the order is simply cancelled."""
    if order.state is State.EXCEPTION or shipped(base).total():
        return Outcome.UPDATED, Change(order, base)
    after = replace(base, state=State.CANCELLED, reason=Reason.CANCELLED_BY_CHANNEL)
    return Outcome.CANCELLED, Change(order, after)


def _promised_again(order: Order, voided: Parcel) -> Iterable[Allocation]:
    """What the parcel took lies there again, so the units that its lines still want are sure to be had."""
    wanted = _uncovered(order)
    for taken in voided.took:
        units = min(taken.quantity, wanted[taken.line_id, taken.sku])
        if units:
            wanted[taken.line_id, taken.sku] -= units
            yield Allocation(taken.line_id, taken.sku, taken.location, units, "the shipment was voided")


def _uncovered(order: Order) -> Counter[tuple[str, str]]:
    """(line id, SKU) → units that are open, and neither promised nor awaited."""
    wanted = Counter[tuple[str, str]]()
    for line, quantity in open_lines(order):
        for sku, units in line.parts.items():
            wanted[line.line_id, sku] += units * quantity
    covered: tuple[Allocation | Backorder, ...] = (*order.allocations, *order.backorders)
    for one in covered:
        wanted[one.line_id, one.sku] -= one.quantity
    return +wanted


class _Picking:
    """Taking the units of one parcel: what is still promised, and what each level still holds, as it goes on."""

    def __init__(self, before: Order | None, order: Order, world: World) -> None:
        self._world, self._moved = world, difference(before, order)
        self._levels: dict[LevelKey, Level] = {}
        self.left = Counter[AllocationKey]()
        self.took: dict[AllocationKey, Taken] = {}
        for held in order.allocations:
            self.left[held.line_id, held.sku, held.location] += held.quantity

    def take(self, line_id: str, sku: str, units: int, location: str | None) -> None:
        """Promised units first, those promised elsewhere move; more than was promised must be to spare."""
        places = [at for (line, held, at), rest in self.left.items() if (line, held) == (line_id, sku) and rest]
        here = [at for at in places if location in (None, at)]
        for place in here:
            units -= self._pick(line_id, sku, units, place, promised_at=place)
        for place in (at for at in places if at not in here):
            units -= self._pick(line_id, sku, units, location or place, promised_at=place)
        if units:
            self._pick(line_id, sku, units, location or self._first_with(sku, units), promised_at=None)

    def _pick(self, line_id: str, sku: str, wanted: int, location: str, *, promised_at: str | None) -> int:
        """How many were taken: as many as are promised there, or all that are wanted when nothing is."""
        units = wanted if promised_at is None else min(wanted, self.left[line_id, sku, promised_at])
        if promised_at is not None:
            self.left[line_id, sku, promised_at] -= units
            self._apply(Movement(sku, promised_at, available=units, reserved=-units))
        level = self._level(sku, location)
        if level.available < units:
            details = {"sku": sku, "location": location, "available": str(level.available), "left": str(units)}
            raise CannotBook(Reason.SHIPPED_UNCOVERED, details)
        bins = _from_picking_bin(level, units)
        self._apply(Movement(sku, location, on_hand=-units, available=-units, bins=_negative(bins)))
        taken = Taken(line_id, sku, location, units, bins)
        key = line_id, sku, location
        self.took[key] = _plus(self.took[key], taken) if key in self.took else taken
        return units

    def _first_with(self, sku: str, units: int) -> str:
        candidates = self._world.candidates()
        place = next((at for at in candidates if self._level(sku, at).available >= units), None)
        if place is None:
            raise CannotBook(Reason.SHIPPED_UNCOVERED, {"sku": sku, "left": str(units)})
        return place

    def _level(self, sku: str, location: str) -> Level:
        key = sku, location
        if key not in self._levels:
            found = self._world.level(sku, location)
            self._levels[key] = after(found, self._moved[key]) if key in self._moved else found
        return self._levels[key]

    def _apply(self, movement: Movement) -> None:
        self._levels[movement.key] = after(self._level(*movement.key), movement)


def _from_picking_bin(level: Level, units: int) -> dict[str, int]:
    """Never from storage. A short picking bin gives what it has; the rest is unplaced, below zero if need be."""
    name = level.picking_bin
    part = min(units, max(0, level.bins[name].on_hand)) if name else 0
    return {name: part} if name and part else {}


def _negative(bins: Mapping[str, int]) -> dict[str, int]:
    return {name: -units for name, units in bins.items()}


def _book(before: Order | None, order: Order, shipment: Shipment, world: World) -> Order:
    lines, parts = _resolve(order, shipment.lines, world), {line.line_id: line.parts for line in order.lines}
    picking = _Picking(before, order, world)
    for line_id, quantity in lines.items():
        for sku, units in sorted(parts[line_id].items()):
            picking.take(line_id, sku, units * quantity, shipment.location)
    parcel = Parcel(shipment.shipment_id, dict(lines), tuple(picking.took.values()), shipped_at=shipment.shipped_at)
    booked = replace(
        order,
        parcels=(*order.parcels, parcel),
        allocations=_remaining(order.allocations, picking.left),
        pending=tuple(one for one in order.pending if one.shipment_id != shipment.shipment_id),
    )
    if _is_over(order):
        return replace(booked, state=State.EXCEPTION, reason=Reason.SHIPPED_AFTER_CANCEL)
    return _standing(booked)


def _is_over(order: Order) -> bool:
    """Nothing should have left any more. One that was only edited down to nothing may yet want something."""
    cancelled = order.state is State.CANCELLED and order.reason is not Reason.NOTHING_TO_DELIVER
    return cancelled or order.state is State.REFUSED or order.reason in LEFT_ALL_THE_SAME


def _standing(order: Order) -> Order:
    """Shipped when nothing is open any more; else what it was, less what has left."""
    left = shipped(order)
    if all(left[line.line_id] >= line.accepted for line in order.lines):
        return replace(withdraw(order), state=State.SHIPPED, reason=None)
    rest = replace(order, backorders=tuple(_awaited(order)))
    if order.state is State.REQUESTED or (order.state is State.EXCEPTION and order.reason not in OF_SHIPPING):
        return rest
    if _uncovered(rest):  # Booked without a promise: whether there is enough for the rest was never asked.
        return rest
    return replace(rest, state=resting(rest), reason=None, details={})


def _awaited(order: Order) -> Iterable[Backorder]:
    """The backorders, less what left without having been promised first."""
    wanted = _uncovered(replace(order, backorders=()))
    for one in order.backorders:
        units = min(one.quantity, wanted[one.line_id, one.sku])
        if units:
            wanted[one.line_id, one.sku] -= units
            yield replace(one, quantity=units)


def _resolve(order: Order, lines: Iterable[ShippedLine], world: World) -> Counter[str]:
    """Line id → units."""
    units, left = Counter[str](), shipped(order)
    for line in lines:
        fits = _fitting(order, line, world)
        if not fits:
            raise CannotBook(Reason.SHIPPED_UNKNOWN_LINE, {"line": line.line_id or " or ".join(line.names)})
        # Of two lines with one SKU, the one that still waits for so many units.
        waiting = [one for one in fits if one.accepted - left[one.line_id] - units[one.line_id] >= line.quantity]
        units[(waiting or fits)[0].line_id] += line.quantity
    return units


def _fitting(order: Order, line: ShippedLine, world: World) -> list[Line]:
    """By the line's id; else by any of its names; else by our SKU."""
    known = [one for one in order.lines if one.sku is not None]
    by_id = [one for one in known if one.line_id == line.line_id]
    by_name = [one for one in known if set(one.names) & set(line.names)]
    skus = {world.names[name].sku for name in line.names if name in world.names}
    return by_id or by_name or [one for one in known if one.sku in skus]


def _remaining(allocations: Sequence[Allocation], left: Mapping[AllocationKey, int]) -> tuple[Allocation, ...]:
    rest, kept = dict(left), list[Allocation]()
    for held in allocations:
        key = held.line_id, held.sku, held.location
        part = min(held.quantity, rest.get(key, 0))
        if part:
            rest[key] -= part
            kept.append(replace(held, quantity=part))
    return tuple(kept)


def _plus(first: Taken, second: Taken) -> Taken:
    bins = Counter(first.bins) + Counter(second.bins)
    return replace(first, quantity=first.quantity + second.quantity, bins=dict(bins))
