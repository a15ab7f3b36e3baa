"""Auto depletion: a reported shipment depletes stock at once, without any act of a user (rules 1.1-1, 1.1-2).

The goods are gone when the report arrives, so a shipment is never refused: one that cannot be booked is kept with
the order as pending, and the order waits for a person (rule 1.1-11).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lastunit.domain.keys import AllocationKey
from lastunit.domain.orders.context import Decided, DecisionContext, changed
from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.no_stock import goods, takes_no_part
from lastunit.domain.orders.order import Allocation, Backorder, Line, Order, PickedUnits, Shipment
from lastunit.domain.orders.parcels import is_voided, reported_before, without
from lastunit.domain.orders.picking import CannotBook, Picking
from lastunit.domain.orders.states import SHIPPED_THOUGH_CANCELLED, OrderReason, State
from lastunit.domain.orders.units import release_all, settled_state, shipped, unallocated

OF_SHIPPING = frozenset(
    {
        OrderReason.SHIPMENT_BEFORE_ORDER,
        OrderReason.SHIPPED_UNCOVERED,
        OrderReason.SHIPPED_UNKNOWN_LINE,
        OrderReason.SHIPPED_BEYOND_ORDER,
    }
)
"""Exceptions that end when the shipment is booked after all."""


def deplete_pending(
    before: Order | None, order: Order, context: DecisionContext, *, confirmed: str | None = None
) -> Decided:
    """Deplete what the pending shipments took, oldest first. What cannot be booked stays pending, visibly.

    `before` is what is stored, `order` its next version. `confirmed`: the shipment whose units have left, a person
    says, though they are beyond the order.
    """
    booked, problems = order, list[CannotBook]()
    for shipment in order.pending_shipments:
        try:
            booked, surplus = _deplete(before, booked, shipment, context, shipment.shipment_id == confirmed)
        except CannotBook as problem:
            problems.append(problem)
        else:
            problems += [_beyond(surplus)] if surplus else []
    return changed(before, _hold_for_person(booked, problems[0]) if problems else booked)


def _deplete(
    before: Order | None, order: Order, notice: ShipmentNotice, context: DecisionContext, beyond_order: bool
) -> tuple[Order, tuple[ShippedLine, ...]]:
    """The order with the shipment booked, and what of it is beyond the order: that stays pending.

    Its units leave the level and the allocations, those of a kit's line as components (rule 1.1-15). Raises
    CannotBook.
    """
    reported, known = _goods_of(order, notice, context), reported_before(order, notice)
    new = without([(_sku(order, line, context), line) for line in reported], known) if known else reported
    lines, surplus = _lines_shipped(order, () if is_voided(order, notice) else new, context)
    if beyond_order or expects_no_shipment(order):
        lines, surplus = _with_surplus(order, lines, surplus, context), ()
    parts = {line.line_id: line.parts for line in order.lines}
    picking = Picking(before, order, context)
    for line_id, quantity in lines.items():
        for sku, units in sorted(parts[line_id].items()):
            picking.take(line_id, sku, units * quantity, notice.location)
    booked = replace(
        order,
        shipments=_with_report(order, notice, lines, tuple(picking.picked.values()), context),
        allocations=_remaining(order.allocations, picking.allocated),
        pending_shipments=_still_pending(order, notice, surplus),
    )
    if not lines:
        return booked, surplus
    if expects_no_shipment(order):
        return replace(booked, state=State.EXCEPTION, reason=OrderReason.SHIPPED_AFTER_CANCEL), surplus
    return _with_state_after_shipping(booked), surplus


def _with_report(
    order: Order,
    notice: ShipmentNotice,
    lines: Mapping[str, int],
    picked: tuple[PickedUnits, ...],
    context: DecisionContext,
) -> tuple[Shipment, ...]:
    """The shipments with this one; what was beyond the order joins what was booked of it before."""
    reported = Counter[str]()
    for line in _goods_of(order, notice, context) if notice.tracking else ():
        reported[_sku(order, line, context)] += line.quantity
    known = next((one for one in order.shipments if one.shipment_id == notice.shipment_id), None)
    booked = Shipment(
        shipment_id=notice.shipment_id,
        lines=dict(Counter(known.lines if known else {}) + Counter(lines)),
        picked=(*(known.picked if known else ()), *picked),
        shipped_at=notice.shipped_at,
        tracking=notice.tracking,
        reporter=notice.reporter,
        reported=dict(known.reported if known else reported),
    )
    return (*(one for one in order.shipments if one is not known), booked)


def _still_pending(
    order: Order, notice: ShipmentNotice, surplus: tuple[ShippedLine, ...]
) -> tuple[ShipmentNotice, ...]:
    rest = (replace(notice, lines=surplus),) if surplus else ()
    return (*(one for one in order.pending_shipments if one.shipment_id != notice.shipment_id), *rest)


def _beyond(surplus: Sequence[ShippedLine]) -> CannotBook:
    names = " and ".join(line.line_id or " or ".join(line.names) for line in surplus)
    details = {"line": names, "units": str(sum(line.quantity for line in surplus))}
    return CannotBook(OrderReason.SHIPPED_BEYOND_ORDER, details)


def expects_no_shipment(order: Order) -> bool:
    """Cancelled or refused. An order that was only edited down to nothing may be edited up again."""
    cancelled = order.state is State.CANCELLED and order.reason is not OrderReason.NOTHING_TO_DELIVER
    return cancelled or order.state is State.REFUSED or order.reason in SHIPPED_THOUGH_CANCELLED


def rebook_shipments(order: Order) -> Order:
    """An order that was known by its shipments alone, and has come: they are pending again, for its own lines."""
    names = {line.line_id: line.names for line in order.lines}
    again = tuple(
        ShipmentNotice(
            channel=order.channel,
            external_id=order.external_id,
            shipment_id=shipment.shipment_id,
            lines=tuple(ShippedLine(units, line_id, names[line_id]) for line_id, units in shipment.lines.items()),
            shipped_at=shipment.shipped_at,
            tracking=shipment.tracking,
            reporter=shipment.reporter,
        )
        for shipment in order.shipments
        if shipment.lines and not shipment.voided
    )
    # Of another report of the same parcel only its id is kept, so that it is not taken for what came before.
    kept = tuple(
        shipment if shipment.voided else replace(shipment, reported={})
        for shipment in order.shipments
        if shipment.voided or not shipment.lines
    )
    return replace(
        order, lines=(), allocations=(), shipments=kept, pending_shipments=(*again, *order.pending_shipments)
    )


def _hold_for_person(order: Order, problem: CannotBook) -> Order:
    """An exception; when the order is one already, its earlier reason is the one to mend first.

    But for units beyond the order, which a person has just said left: what keeps them now is the news.
    """
    if order.state is State.EXCEPTION and order.reason not in (None, OrderReason.SHIPPED_BEYOND_ORDER):
        return order
    reason = OrderReason.SHIPPED_AFTER_CANCEL if expects_no_shipment(order) else problem.reason
    queued_at = order.queued_at if order.backorders else None
    waiting = replace(order, state=State.EXCEPTION, reason=reason, details=problem.details)
    return replace(waiting, decide_by=None, queued_at=queued_at)


def _with_state_after_shipping(order: Order) -> Order:
    """Shipped when no line is open any more; else the state that what is left gives it."""
    left = shipped(order)
    if all(left[line.line_id] >= line.accepted for line in goods(order)):
        return replace(release_all(order), state=State.SHIPPED, reason=None)
    rest = replace(order, backorders=tuple(_remaining_backorders(order)))
    if order.state is State.REQUESTED or (order.state is State.EXCEPTION and order.reason not in OF_SHIPPING):
        return rest
    if unallocated(rest):  # Depleted without an allocation: stock was never asked for the rest.
        return rest
    return replace(rest, state=settled_state(rest), reason=None, details={})


def _remaining_backorders(order: Order) -> Iterable[Backorder]:
    """The backorders, less units that left without having been allocated first."""
    wanted = unallocated(replace(order, backorders=()))
    for one in order.backorders:
        units = min(one.quantity, wanted[one.line_id, one.sku])
        if units:
            wanted[one.line_id, one.sku] -= units
            yield replace(one, quantity=units)


def _remaining(allocations: Sequence[Allocation], left: Mapping[AllocationKey, int]) -> tuple[Allocation, ...]:
    """The allocations cut down to the units that picking left of them."""
    rest, kept = dict(left), list[Allocation]()
    for allocation in allocations:
        key = AllocationKey(allocation.line_id, allocation.sku, allocation.location)
        part = min(allocation.quantity, rest.get(key, 0))
        if part:
            rest[key] -= part
            kept.append(replace(allocation, quantity=part))
    return tuple(kept)


def _lines_shipped(
    order: Order, lines: Iterable[ShippedLine], context: DecisionContext
) -> tuple[Counter[str], tuple[ShippedLine, ...]]:
    """Line id → units of the line that left, and what is beyond the order. Raises CannotBook for an unknown line.

    Lines of one SKU count as shipped one after the other, first one that waits for just as many units.
    """
    units, left, surplus = Counter[str](), shipped(order), list[ShippedLine]()
    for line in lines:
        fits, rest = _fitting(order, line, context), line.quantity
        waiting = {one.line_id: one.accepted - left[one.line_id] - units[one.line_id] for one in fits}
        for one in sorted(fits, key=lambda one: waiting[one.line_id] < line.quantity):
            part = max(0, min(rest, waiting[one.line_id]))
            units[one.line_id] += part
            rest -= part
        if rest:
            surplus.append(replace(line, quantity=rest))
    return +units, tuple(surplus)


def _with_surplus(
    order: Order, lines: Counter[str], surplus: Iterable[ShippedLine], context: DecisionContext
) -> Counter[str]:
    """All that is reported: the goods are gone, whatever the order says."""
    units = Counter(lines)
    for line in surplus:
        units[_fitting(order, line, context)[0].line_id] += line.quantity
    return units


def _goods_of(order: Order, notice: ShipmentNotice, context: DecisionContext) -> tuple[ShippedLine, ...]:
    """Without lines that need no stock: nothing leaves for them."""
    return tuple(one for one in notice.lines if not takes_no_part(order, one.line_id, one.names, context))


def _sku(order: Order, line: ShippedLine, context: DecisionContext) -> str:
    return _fitting(order, line, context)[0].sku or ""


def _fitting(order: Order, line: ShippedLine, context: DecisionContext) -> list[Line]:
    """The order's lines that a shipped line may mean: by its id, else by any of its names, else by our SKU.

    Raises CannotBook where there is none.
    """
    known = [one for one in order.lines if one.sku is not None]
    by_id = [one for one in known if one.line_id == line.line_id]
    by_name = [one for one in known if set(one.names) & set(line.names)]
    skus = {context.names[name].sku for name in line.names if name in context.names}
    fits = by_id or by_name or [one for one in known if one.sku in skus]
    if not fits:
        raise CannotBook(OrderReason.SHIPPED_UNKNOWN_LINE, {"line": line.line_id or " or ".join(line.names)})
    return fits
