"""What an order does to the numbers that its channel counts itself: sold, put back, sold and not allocated.

The counts are kept per (SKU, listing name) and added to the listing with each commit.
"""

from collections import Counter
from dataclasses import replace

from lastunit.domain.orders.order import Line, Order
from lastunit.domain.orders.states import State
from lastunit.domain.orders.units import open_lines

UNALLOCATED_STATES = frozenset({State.EXCEPTION, State.RECORDED})
"""States in which a line without an allocation has been sold by its channel all the same."""


def sold_on_channel(order: Order | None) -> Counter[tuple[str, str]]:
    """(SKU, listing name) → units by which the channel has lowered its own number for this order."""
    units = Counter[tuple[str, str]]()
    if order is None or order.state is State.REFUSED or order.restocked:
        return units
    for line in order.lines:
        if line.sku and line.listing:
            units[line.sku, line.listing] += line.quantity + line.cancelled
    return units


def restocked_by_channel(before: Order | None, after: Order) -> Counter[tuple[str, str]]:
    """(SKU, listing name) → units that the channel put back on its own shelf between two versions of an order."""
    fallen = sold_on_channel(before) - sold_on_channel(after)
    # An order first heard of when it was cancelled was sold and put back before either was imported.
    is_new = before is None and after.restocked
    return sold_on_channel(replace(after, restocked=False)) if is_new else fallen


def sold_unallocated(order: Order | None) -> Counter[tuple[str, str]]:
    """(SKU, listing name) → units its channel sold, or a person accepted, that no stock is reserved for yet.

    Arriving units go to them first, so no channel is told that it may sell those.
    """
    units = Counter[tuple[str, str]]()
    if order is None:
        return units
    waits = order.state in UNALLOCATED_STATES or (order.state is State.REQUESTED and not order.on_request)
    allocated_lines = {allocation.line_id for allocation in order.allocations}
    for line, quantity in open_lines(order):
        if line.sku and line.listing and quantity:
            whole = waits and line.line_id not in allocated_lines
            units[line.sku, line.listing] += quantity if whole else _backordered(order, line)
    return +units


def _backordered(order: Order, line: Line) -> int:
    """Units of the line that lack a component which is backordered."""
    lacking = [one for one in order.backorders if one.line_id == line.line_id]
    return max((-(-one.quantity // line.parts[one.sku]) for one in lacking), default=0)
