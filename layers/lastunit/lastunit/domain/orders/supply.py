"""Supply: whether the missing units of an accepted request are there ("I have it") or still to come."""

from collections import Counter
from collections.abc import Iterable, Mapping

from lastunit.domain.errors import InvalidInput, MissingReference
from lastunit.domain.orders.context import DecisionContext
from lastunit.domain.orders.order import Order, PickedUnits, RequestDecision
from lastunit.domain.stock.catalogue import Supply
from lastunit.domain.stock.routing import RoutedUnits

BROUGHT_IN = "brought in by the decision"
"""The rule noted with an allocation of units that are there because a person says so."""


def bring_in(
    order: Order, wanted: Mapping[str, int], routed: Iterable[RoutedUnits], context: DecisionContext
) -> tuple[RoutedUnits, ...]:
    """The missing units that the decision noted in `order` says are there, and where. Raises InvalidInput."""
    decision = order.request_decision
    missing = Counter(dict(wanted))
    for units in routed:
        missing[units.sku] -= units.quantity
    there = {sku: units for sku, units in (+missing).items() if _supply(sku, decision, context) is Supply.ON_HAND}
    location = _location(order, decision, context) if there or (decision and decision.location) else ""
    return tuple(
        RoutedUnits(sku=sku, location=location, quantity=units, rule=BROUGHT_IN)
        for sku, units in sorted(there.items())
    )


def arrived(units: RoutedUnits) -> PickedUnits:
    """As the order keeps it: nobody said in which bin they lie, so they are unplaced."""
    return PickedUnits(line_id="", sku=units.sku, location=units.location, quantity=units.quantity)


def _supply(sku: str, decision: RequestDecision | None, context: DecisionContext) -> Supply:
    item = context.items.get(sku)
    said = decision.supply if decision else None
    return said or (item.supply if item else None) or context.channel.supply


def _location(order: Order, decision: RequestDecision | None, context: DecisionContext) -> str:
    """Where a person said, else where the order or its channel is at home, else the first choice."""
    candidates = context.candidates()
    named = decision.location if decision else None
    if named is not None and named not in {place.name for place in context.locations}:
        raise MissingReference("location", named)
    if named is not None and named not in candidates:
        raise InvalidInput("location", f"{named!r} serves no orders of this channel", "name one that does")
    preferred = (named, order.location, context.channel.default_location, *candidates)
    found = next((place for place in preferred if place in candidates), None)
    if found is None:
        raise InvalidInput("location", "no location serves orders of this channel", "open one, or backorder")
    return found
