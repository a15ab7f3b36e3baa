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
from lastunit.domain.orders.order import Allocation, Backorder, Line, Order, Shipment
from lastunit.domain.orders.picking import CannotBook, Picking
from lastunit.domain.orders.states import SHIPPED_THOUGH_CANCELLED, OrderReason, State
from lastunit.domain.orders.units import release_all, settled_state, shipped, unallocated

OF_SHIPPING = frozenset(
    {
        OrderReason.SHIPMENT_BEFORE_ORDER,
        OrderReason.SHIPPED_UNCOVERED,
        OrderReason.SHIPPED_UNKNOWN_LINE,
    }
)
"""Exceptions that end when the shipment is booked after all."""


def deplete_pending(before: Order | None, order: Order, context: DecisionContext) -> Decided:
    """Deplete what the pending shipments took, oldest first. What cannot be booked stays pending, visibly.

    `before` is what is stored, `order` its next version.
    """
    booked, problems = order, list[CannotBook]()
    for shipment in order.pending_shipments:
        try:
            booked = _deplete(before, booked, shipment, context)
        except CannotBook as problem:
            problems.append(problem)
    return changed(before, _hold_for_person(booked, problems[0]) if problems else booked)


def _deplete(before: Order | None, order: Order, shipment: ShipmentNotice, context: DecisionContext) -> Order:
    """The order with the shipment booked: its units leave the level and the allocations. Raises CannotBook.

    A kit's line depletes its components (rule 1.1-15).
    """
    lines = _lines_shipped(order, shipment.lines, context)
    parts = {line.line_id: line.parts for line in order.lines}
    picking = Picking(before, order, context)
    for line_id, quantity in lines.items():
        for sku, units in sorted(parts[line_id].items()):
            picking.take(line_id, sku, units * quantity, shipment.location)
    booked = replace(
        order,
        shipments=(
            *order.shipments,
            Shipment(
                shipment_id=shipment.shipment_id,
                lines=dict(lines),
                picked=tuple(picking.picked.values()),
                shipped_at=shipment.shipped_at,
            ),
        ),
        allocations=_remaining(order.allocations, picking.allocated),
        pending_shipments=tuple(one for one in order.pending_shipments if one.shipment_id != shipment.shipment_id),
    )
    if expects_no_shipment(order):
        return replace(booked, state=State.EXCEPTION, reason=OrderReason.SHIPPED_AFTER_CANCEL)
    return _with_state_after_shipping(booked)


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
        )
        for shipment in order.shipments
        if not shipment.voided
    )
    voided = tuple(shipment for shipment in order.shipments if shipment.voided)
    return replace(
        order, lines=(), allocations=(), shipments=voided, pending_shipments=(*again, *order.pending_shipments)
    )


def _hold_for_person(order: Order, problem: CannotBook) -> Order:
    """An exception; when the order is one already, its earlier reason is the one to mend first."""
    if order.state is State.EXCEPTION and order.reason is not None:
        return order
    reason = OrderReason.SHIPPED_AFTER_CANCEL if expects_no_shipment(order) else problem.reason
    queued_at = order.queued_at if order.backorders else None
    waiting = replace(order, state=State.EXCEPTION, reason=reason, details=problem.details)
    return replace(waiting, decide_by=None, queued_at=queued_at)


def _with_state_after_shipping(order: Order) -> Order:
    """Shipped when no line is open any more; else the state that what is left gives it."""
    left = shipped(order)
    if all(left[line.line_id] >= line.accepted for line in order.lines):
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


def _lines_shipped(order: Order, lines: Iterable[ShippedLine], context: DecisionContext) -> Counter[str]:
    """Line id → units of the line that left. Raises CannotBook for a line that the order does not have.

    Of two lines with one SKU, the one that still waits for so many units counts as shipped.
    """
    units, left = Counter[str](), shipped(order)
    for line in lines:
        fits = _fitting(order, line, context)
        if not fits:
            raise CannotBook(OrderReason.SHIPPED_UNKNOWN_LINE, {"line": line.line_id or " or ".join(line.names)})
        waiting = [one for one in fits if one.accepted - left[one.line_id] - units[one.line_id] >= line.quantity]
        units[(waiting or fits)[0].line_id] += line.quantity
    return units


def _fitting(order: Order, line: ShippedLine, context: DecisionContext) -> list[Line]:
    """The order's lines that a shipped line may mean: by its id, else by any of its names, else by our SKU."""
    known = [one for one in order.lines if one.sku is not None]
    by_id = [one for one in known if one.line_id == line.line_id]
    by_name = [one for one in known if set(one.names) & set(line.names)]
    skus = {context.names[name].sku for name in line.names if name in context.names}
    return by_id or by_name or [one for one in known if one.sku in skus]
