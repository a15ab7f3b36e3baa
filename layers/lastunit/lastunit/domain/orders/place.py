"""Placing: reserve all that is open of an order, or make visible why that cannot be done.

Nothing is written here; the use case writes what is decided, under the condition that what was read still holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lastunit.domain.orders.allocation import (
    allocate,
    available_with_own,
    keep_allocations,
    route_available,
    routing_decision,
)
from lastunit.domain.orders.cancel import (
    after_cancel,
    cancel,
    cancel_before_order,
    is_cancelled_for_good,
    is_undone_cancel,
    newly_cancelled_lines,
)
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.commit_groups import LEVELS_MAX, written_items
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome, changed
from lastunit.domain.orders.deadlines import settle_payment
from lastunit.domain.orders.depletion import deplete_pending, rebook_shipments
from lastunit.domain.orders.exceptions import TOO_MANY_LEVELS, find_obstacle, hold_for_person
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.placement import Placement
from lastunit.domain.orders.requests import resolve_shortage
from lastunit.domain.orders.revisions import lines_of_snapshot, same_lines, undecided, with_revision
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import (
    backordered_units,
    demand,
    open_lines,
    release_all,
    reserved_units,
    settled_state,
    shipped,
)
from lastunit.domain.stock.routing import RoutedUnits, route

SETTLED = frozenset({*State} - {State.REFUSED, State.EXCEPTION, State.CANCELLED})
"""States that a newer revision with the same lines leaves as they are; in any other, placing is tried again."""


def apply_snapshot(
    order: Order | None, snapshot: OrderSnapshot, context: DecisionContext, instant: bool
) -> Decided:
    """The order's next step after a snapshot of its channel. `instant`: the caller waits and may be refused.

    A cancel, of the order or of a line, wins whatever its revision where its channel never undoes one; else the
    highest revision wins. Any other snapshot older than what is stored is stale.
    """
    if order is None and snapshot.cancelled:
        return cancel_before_order(snapshot, context)
    if order is None:
        return place(None, snapshot, context, instant)
    if is_undone_cancel(order, snapshot):
        return place(order, snapshot, context, instant)
    if is_cancelled_for_good(order):
        return after_cancel(order, snapshot, context)
    if snapshot.cancelled and (snapshot.cancel_is_final or snapshot.revision >= order.revision):
        return cancel(order, snapshot)
    if snapshot.revision < order.revision:
        return _apply_stale(order, snapshot, context, instant)
    if snapshot.revision == order.revision and snapshot.fingerprint in order.fingerprints:
        return Decided(Outcome.DUPLICATE)
    return _update(order, snapshot, context, instant)


def _apply_stale(order: Order, snapshot: OrderSnapshot, context: DecisionContext, instant: bool) -> Decided:
    """Of an older snapshot only what no later one takes back counts: lines cancelled for good, and the payment.

    eBay's order says when lines were cancelled and not which, so what it shows is dated before that. A version that
    says nothing of a payment does not deny it.
    """
    cancels = newly_cancelled_lines(order, snapshot)
    is_paid_now = bool(snapshot.paid) and not order.paid
    if not cancels and not is_paid_now:
        return Decided(Outcome.STALE)
    return _update(order, replace(cancels or order.snapshot(), paid=snapshot.paid), context, instant)


def _update(order: Order, snapshot: OrderSnapshot, context: DecisionContext, instant: bool) -> Decided:
    """An edit or a payment. An order that was not paid in time is tried again by a payment only (rule 1.4-6)."""
    paid_now = bool(snapshot.paid) and not order.paid
    if order.reason is OrderReason.UNPAID_IN_TIME and not paid_now:
        lines = lines_of_snapshot(order, snapshot, context)
        return changed(order, replace(with_revision(order, snapshot), lines=lines), Outcome.UPDATED)
    if order.state in SETTLED and same_lines(order, snapshot):
        after = with_revision(order, snapshot)
        return changed(order, settle_payment(after) if paid_now else after, Outcome.UPDATED)
    return place(order, snapshot, context, instant)


def place(
    order: Order | None,
    snapshot: OrderSnapshot,
    context: DecisionContext,
    instant: bool = False,
    confirmed: bool = False,
) -> Decided:
    """Reserve all that is open or nothing. A shortage becomes visible, never a negative number, never a lost order.

    `confirmed`: a person applies an order that arrived while import was off.
    """
    known = rebook_shipments(order) if order and not order.revision and snapshot.revision else order
    base = replace(undecided(known, snapshot), lines=lines_of_snapshot(known, snapshot, context))
    placement = Placement(before=order, base=base, context=context, instant=instant)
    if not instant and not confirmed and _is_only_recorded(order, context):
        recorded = replace(base, state=State.RECORDED, reason=OrderReason.IMPORT_OFF)
        return placement.becomes(recorded)
    obstacle = find_obstacle(base, context)
    if obstacle:
        return hold_for_person(placement, obstacle)
    wanted = demand(open_lines(base))
    if not wanted:
        return _nothing_open(placement)
    return _reserve_or_resolve(placement, wanted)


def _reserve_or_resolve(placement: Placement, wanted: Mapping[str, int]) -> Decided:
    """Route what the allocations kept from before do not cover; reserve it, or resolve the shortage."""
    base, context = placement.base, placement.context
    kept, missing = keep_allocations(base, wanted)
    available = available_with_own(placement.before, base, context)
    plan = route(context.channel.policy, missing, context.candidates(), available, base.location)
    routed = replace(placement, base=replace(base, routing=routing_decision(context, wanted, plan)))
    if not plan.shortage:
        return _reserve(routed, (*kept, *plan.routed))
    if _is_accepted_backorder(base, plan.shortage):
        return _reserve(routed, (*kept, *route_available(missing, base, context)))
    return resolve_shortage(routed, plan.shortage)


def _is_accepted_backorder(base: Order, shortage: Mapping[str, int]) -> bool:
    """A person accepted before that at least so many units are backordered."""
    backordered = backordered_units(base)
    return all(units <= backordered[sku] for sku, units in shortage.items())


def _reserve(placement: Placement, routed: Sequence[RoutedUnits]) -> Decided:
    """Allocate the routed units to the open lines; what they do not cover is backordered."""
    base = placement.base
    allocations, backorders = allocate(open_lines(base), routed)
    queued_at = base.queued_at if backorders else None
    allocated = replace(base, allocations=allocations, backorders=backorders, decide_by=None, queued_at=queued_at)
    after = replace(allocated, state=settled_state(allocated))
    change = OrderChange(before=placement.before, after=after)
    # An edit touches the levels it leaves as well, and a cancel must be able to release everything at once.
    if max(len(reserved_units(after)), written_items(change)) > LEVELS_MAX:
        return hold_for_person(placement, TOO_MANY_LEVELS)
    return deplete_pending(placement.before, after, placement.context)


def _is_only_recorded(order: Order | None, context: DecisionContext) -> bool:
    """Import of the channel is off, or was when the order came: it deducts nothing until confirmed (rule 1.2-5)."""
    recorded = order is not None and order.state is State.RECORDED
    return recorded or (not context.channel.import_orders and _holds_nothing(order))


def _holds_nothing(order: Order | None) -> bool:
    """The order is new, or has neither allocations nor picked units."""
    if order is None or order.state not in (State.RECORDED, State.EXCEPTION):
        return order is None
    return not order.allocations and not any(shipment.picked for shipment in order.shipments)


def _nothing_open(placement: Placement) -> Decided:
    """All units of the lines are shipped or declined, need no stock, or an edit took every line out."""
    done = release_all(placement.base)
    reason = None if shipped(done).total() else OrderReason.NOTHING_TO_DELIVER
    after = replace(done, state=settled_state(done), reason=reason)
    return deplete_pending(placement.before, after, placement.context)
