"""Allocation: from routed units per SKU to the lines of an order, and what an edit keeps of it."""

from collections.abc import Iterable, Mapping

from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import DecisionContext
from lastunit.domain.orders.order import Allocation, Backorder, Line, Order, RoutingDecision
from lastunit.domain.orders.stock_effects import stock_delta
from lastunit.domain.orders.units import reserved_units
from lastunit.domain.stock.routing import Available, Demand, RoutedUnits, RoutingPlan, route


def allocate(
    lines: Iterable[tuple[Line, int]], routed: Iterable[RoutedUnits]
) -> tuple[tuple[Allocation, ...], tuple[Backorder, ...]]:
    """Assign routed units to the lines, first line first; units of a line that are not covered are backordered.

    `lines`: each line with its open units.
    """
    pool: dict[str, list[RoutedUnits]] = {}
    for units in routed:
        pool.setdefault(units.sku, []).append(units)
    allocations, backorders = list[Allocation](), list[Backorder]()
    for line, quantity in lines:
        for sku, units_each in sorted(line.parts.items()):
            wanted = units_each * quantity
            filled = list(_fill(line.line_id, sku, wanted, pool.get(sku, [])))
            allocations += filled
            missing = wanted - sum(allocation.quantity for allocation in filled)
            if missing:
                backorders.append(Backorder(line.line_id, sku, missing))
    return tuple(allocations), tuple(backorders)


def _fill(line_id: str, sku: str, wanted: int, pool: list[RoutedUnits]) -> Iterable[Allocation]:
    """Take up to `wanted` units out of the pool, location after location."""
    while wanted and pool:
        units = pool.pop(0)
        part = min(wanted, units.quantity)
        wanted -= part
        if part < units.quantity:
            rest = units.quantity - part
            pool.insert(0, RoutedUnits(sku=sku, location=units.location, quantity=rest, rule=units.rule))
        yield Allocation(line_id=line_id, sku=sku, location=units.location, quantity=part, rule=units.rule)


def available_with_own(before: Order | None, base: Order, context: DecisionContext) -> Available:
    """What may be reserved, including what the order itself releases by this step."""
    released = stock_delta(before, base)

    def available(sku: str, location: str) -> int:
        own = released.get(LevelKey(sku, location))
        return context.available(sku, location) + (own.available if own else 0)

    return available


def route_available(wanted: Demand, order: Order, context: DecisionContext) -> tuple[RoutedUnits, ...]:
    """Route as much of the demand as is available now, all candidates together."""
    candidates = context.candidates()
    there = {sku: sum(context.available(sku, at) for at in candidates) for sku in wanted}
    coverable = {sku: part for sku, units in wanted.items() if (part := min(units, max(0, there[sku])))}
    return route(context.channel.policy, coverable, candidates, context.available, order.location).routed


def keep_allocations(order: Order, wanted: Mapping[str, int]) -> tuple[tuple[RoutedUnits, ...], dict[str, int]]:
    """What an edit keeps of the order's allocations, and the demand beyond them.

    Where an edit wants fewer units, the allocations made last are released first.
    """
    missing, kept = dict(wanted), list[RoutedUnits]()
    rules = {(allocation.sku, allocation.location): allocation.rule for allocation in order.allocations}
    for (sku, location), units in reserved_units(order).items():
        part = min(units, missing.get(sku, 0))
        if part:
            kept.append(RoutedUnits(sku=sku, location=location, quantity=part, rule=rules[sku, location]))
            missing[sku] -= part
    return tuple(kept), {sku: units for sku, units in missing.items() if units}


def routing_decision(context: DecisionContext, wanted: Mapping[str, int], plan: RoutingPlan) -> RoutingDecision:
    """How and on what stock the order was routed, to be kept with it (rule 1.2-7)."""
    candidates = context.candidates()
    saw = {sku: {at: units for at in candidates if (units := context.available(sku, at))} for sku in wanted}
    return RoutingDecision(
        policy=context.channel.policy.value, candidates=candidates, saw=saw, shortage=plan.shortage or {}
    )
