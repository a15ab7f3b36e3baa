"""Units of an order: open, reserved, shipped, awaited, and the state that follows from them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.order import Allocation, Backorder, Line, Order
from lastunit.domain.orders.states import State


def shipped(order: Order) -> Counter[str]:
    """Line id → units of the line in shipments that were not voided."""
    units = Counter[str]()
    for shipment in order.shipments:
        if not shipment.voided:
            units.update(shipment.lines)
    return units


def returning(order: Order) -> Counter[str]:
    """Line id → units of the line in returns, in whatever state."""
    units = Counter[str]()
    for one in order.returns:
        units.update(one.lines)
    return units


def open_lines(order: Order) -> tuple[tuple[Line, int], ...]:
    """Each line with its units that are accepted and not shipped."""
    left = shipped(order)
    return tuple((line, max(0, line.accepted - left[line.line_id])) for line in order.lines)


def demand(lines: Iterable[tuple[Line, int]]) -> dict[str, int]:
    """Stocked SKU → units, kits exploded and lines summed: one transaction may touch a level only once."""
    total_units = Counter[str]()
    for line, quantity in lines:
        for sku, units in line.parts.items():
            total_units[sku] += units * quantity
    return {sku: units for sku, units in sorted(total_units.items()) if units}


def reserved_units(order: Order | None) -> Counter[LevelKey]:
    """Level → units that the order's allocations reserve there."""
    units = Counter[LevelKey]()
    for allocation in order.allocations if order else ():
        units[LevelKey(allocation.sku, allocation.location)] += allocation.quantity
    return units


def backordered_units(order: Order) -> Counter[str]:
    """SKU → units that were accepted and wait for arriving stock."""
    units = Counter[str]()
    for backorder in order.backorders:
        units[backorder.sku] += backorder.quantity
    return units


def awaited_units(order: Order | None) -> dict[str, int]:
    """SKU → units the order waits for in a queue: its backorders, or all of a request that is open and not held."""
    if order is None or order.queued_at is None:
        return {}
    if order.state is State.REQUESTED:
        allocated = Counter[str]()
        for allocation in order.allocations:
            allocated[allocation.sku] += allocation.quantity
        return {
            sku: units - allocated[sku]
            for sku, units in demand(open_lines(order)).items()
            if units > allocated[sku]
        }
    return dict(backordered_units(order))


def unallocated(order: Order) -> Counter[tuple[str, str]]:
    """(line id, SKU) → open units that are neither allocated nor backordered."""
    units = Counter[tuple[str, str]]()
    for line, quantity in open_lines(order):
        for sku, units_each in line.parts.items():
            units[line.line_id, sku] += units_each * quantity
    covered: tuple[Allocation | Backorder, ...] = (*order.allocations, *order.backorders)
    for one in covered:
        units[one.line_id, one.sku] -= one.quantity
    return +units


def settled_state(order: Order) -> State:
    """The state of an order all of whose units are reserved, backordered or shipped."""
    has_shipped = bool(shipped(order).total())
    if not order.allocations and not order.backorders:
        needs_no_stock = any(line.no_stock and line.accepted for line in order.lines)
        return State.SHIPPED if has_shipped or needs_no_stock else State.CANCELLED
    if order.pay_by is not None:
        return State.AWAITING_PAYMENT
    if has_shipped:
        return State.PARTLY_SHIPPED
    return State.BACKORDERED if order.backorders else State.RESERVED


def release_all(order: Order) -> Order:
    """The order with every allocation and backorder released, outside every queue and without a deadline."""
    return replace(order, allocations=(), backorders=(), details={}, decide_by=None, pay_by=None, queued_at=None)
