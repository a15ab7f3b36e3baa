"""Backorders: accepted units that wait for arriving stock, and how they are filled, first come, first served.

The queue of each SKU is ordered by `queued_at`; the use case `offer_stock` asks the orders in that order.
"""

from dataclasses import replace

from lastunit.domain.orders.allocation import route_available
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome, changed
from lastunit.domain.orders.order import Allocation, Order
from lastunit.domain.orders.place import place
from lastunit.domain.orders.states import State
from lastunit.domain.orders.units import backordered_units, settled_state
from lastunit.domain.stock.routing import RoutedUnits

ARRIVED = "stock arrived"
"""The rule noted with an allocation that fills a backorder."""


def stock_arrived(order: Order, context: DecisionContext) -> Decided:
    """Units arrived that the order may be waiting for: its backorders are filled as far as the units go."""
    if order.state is State.REQUESTED:
        return _retry_request(order, context)
    routed = route_available(backordered_units(order), order, context)
    return changed(order, _fill(order, routed)) if routed else Decided(Outcome.DUPLICATE)


def _retry_request(order: Order, context: DecisionContext) -> Decided:
    """A request becomes an order by itself only where its channel says so (rule 1.4-15)."""
    if not context.channel.retry_requests_on_restock:
        return Decided(Outcome.DUPLICATE)
    decided = place(order, order.snapshot(), context)
    still_short = decided.change is None or decided.change.after.state is State.REQUESTED
    return Decided(Outcome.DUPLICATE) if still_short else decided


def _fill(order: Order, routed: tuple[RoutedUnits, ...]) -> Order:
    """Allocate the routed units to the backorders, first backorder first."""
    backorders, allocations = list(order.backorders), list(order.allocations)
    for units in routed:
        rest = units.quantity
        for index, backorder in enumerate(backorders):
            part = min(rest, backorder.quantity) if backorder.sku == units.sku else 0
            if not part:
                continue
            allocations.append(
                Allocation(
                    line_id=backorder.line_id,
                    sku=units.sku,
                    location=units.location,
                    quantity=part,
                    rule=ARRIVED,
                )
            )
            backorders[index] = replace(backorder, quantity=backorder.quantity - part)
            rest -= part
    left = tuple(backorder for backorder in backorders if backorder.quantity)
    queued_at = order.queued_at if left else None
    filled = replace(order, allocations=tuple(allocations), backorders=left, queued_at=queued_at)
    return filled if order.state is State.EXCEPTION else replace(filled, state=settled_state(filled))
