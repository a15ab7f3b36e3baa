"""Why an order becomes a request: stock cannot cover it, and it is neither an edit nor refused (rule 1.4-3)."""

from collections.abc import Mapping
from dataclasses import replace

from lastunit.domain.orders.allocation import allocate, available_with_own
from lastunit.domain.orders.commit_groups import LEVELS_MAX
from lastunit.domain.orders.context import Decided, Outcome
from lastunit.domain.orders.deadlines import decision_deadline
from lastunit.domain.orders.depletion import deplete_pending
from lastunit.domain.orders.exceptions import TOO_MANY_LEVELS, hold_for_person
from lastunit.domain.orders.order import Allocation, Line, Order
from lastunit.domain.orders.placement import Placement
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import awaited_units, demand, open_lines, reserved_units, shipped
from lastunit.domain.stock.routing import route

UNPAID_OR_PAID_LATE = frozenset({OrderReason.UNPAID_IN_TIME, OrderReason.PAID_AFTER_EXPIRY})


def resolve_shortage(placement: Placement, shortage: Mapping[str, int]) -> Decided:
    """What becomes of an order that lacks `shortage` (SKU → units). The first that applies:

    1. paid after its payment deadline: an exception, for the buyer is owed a refund;
    2. an edit of an order that holds or shipped units: an exception that keeps what was reserved;
    3. an instant question of a store that takes no requests: refused;
    4. otherwise a request.
    """
    before, base = placement.before, placement.base
    details = {sku: str(units) for sku, units in shortage.items()}
    if before and before.reason in UNPAID_OR_PAID_LATE:
        as_order = replace(placement, instant=False)  # The buyer has paid: it cannot be refused.
        return hold_for_person(as_order, (OrderReason.PAID_AFTER_EXPIRY, details))
    is_request = before is not None and before.state is State.REQUESTED
    if before and not is_request and (base.allocations or base.backorders or shipped(before)):
        return hold_for_person(placement, (OrderReason.EDIT_SHORT, details))
    if placement.can_be_refused and not placement.context.channel.takes_requests:
        refused = replace(base, state=State.REFUSED, reason=OrderReason.SHORTAGE, details=details)
        return placement.becomes(refused, Outcome.REFUSED)
    request = _open_request(placement, details)
    # A request takes a place in the queue of every SKU; its answer gives them up and takes as many levels.
    if 2 * len(awaited_units(request)) + len(reserved_units(request)) > LEVELS_MAX:
        return hold_for_person(placement, TOO_MANY_LEVELS)
    return deplete_pending(before, request, placement.context)


def _open_request(placement: Placement, details: Mapping[str, str]) -> Order:
    """A request reserves nothing (rule 1.4-12), or only the lines that stock covers, as its channel is set.

    An edit keeps its deadline and its place in the queue.
    """
    before, context = placement.before, placement.context
    running = before if before is not None and before.state is State.REQUESTED else None
    return replace(
        placement.base,
        state=State.REQUESTED,
        allocations=_covered(placement) if context.channel.holds_covered_lines else (),
        reason=OrderReason.SHORTAGE,
        details=details,
        decide_by=running.decide_by if running else decision_deadline(context),
        queued_at=running.queued_at if running else context.now,
        on_request=context.channel.takes_requests,
    )


def _covered(placement: Placement) -> tuple[Allocation, ...]:
    """Allocations of the lines that stock covers whole, first line first (rule 1.4-16)."""
    base, context = replace(placement.base, allocations=()), placement.context
    candidates, available = context.candidates(), available_with_own(placement.before, base, context)
    wanted, left, lines = demand(open_lines(base)), dict[str, int](), list[tuple[Line, int]]()
    for sku in wanted:
        left[sku] = sum(max(0, available(sku, at)) for at in candidates)
    for line, units in open_lines(base):
        needs = demand([(line, units)])
        if needs and all(left[sku] >= part for sku, part in needs.items()):
            lines.append((line, units))
            left |= {sku: left[sku] - part for sku, part in needs.items()}
    plan = route(context.channel.policy, demand(lines), candidates, available, base.location)
    return allocate(lines, plan.routed)[0]
