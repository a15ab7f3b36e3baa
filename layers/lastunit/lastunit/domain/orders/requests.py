"""Why an order becomes a request: stock cannot cover it, and it is neither an edit nor refused (rule 1.4-3)."""

from collections.abc import Mapping
from dataclasses import replace

from lastunit.domain.orders.commit_groups import LEVELS_MAX
from lastunit.domain.orders.context import Decided, Outcome
from lastunit.domain.orders.deadlines import decision_deadline
from lastunit.domain.orders.depletion import deplete_pending
from lastunit.domain.orders.exceptions import TOO_MANY_LEVELS, hold_for_person
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.placement import Placement
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import awaited_units, shipped

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
    if before and (base.allocations or base.backorders or shipped(before)):
        return hold_for_person(placement, (OrderReason.EDIT_SHORT, details))
    if placement.can_be_refused and not placement.context.channel.takes_requests:
        refused = replace(base, state=State.REFUSED, reason=OrderReason.SHORTAGE, details=details)
        return placement.becomes(refused, Outcome.REFUSED)
    request = _open_request(placement, details)
    # A request takes a place in the queue of every SKU; its answer gives them up and takes as many levels.
    if 2 * len(awaited_units(request)) > LEVELS_MAX:
        return hold_for_person(placement, TOO_MANY_LEVELS)
    return deplete_pending(before, request, placement.context)


def _open_request(placement: Placement, details: Mapping[str, str]) -> Order:
    """A request reserves nothing (rule 1.4-12). An edit keeps its deadline and its place in the queue."""
    before, context = placement.before, placement.context
    running = before if before is not None and before.state is State.REQUESTED else None
    return replace(
        placement.base,
        state=State.REQUESTED,
        reason=OrderReason.SHORTAGE,
        details=details,
        decide_by=running.decide_by if running else decision_deadline(context),
        queued_at=running.queued_at if running else context.now,
        on_request=context.channel.takes_requests,
    )
