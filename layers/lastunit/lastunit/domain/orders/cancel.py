"""Cancelling: by the channel, early, late, of lines, before the order came, after goods left, and for good.

A cancel releases what has not left, once (`units.release_all`), and wins whatever its revision. What has left comes
back by a return, or not at all. While a shipment of it is still to be booked, a cancel makes it an exception.
Lines that are cancelled for good are in `revisions.cancelled_line_ids`.
"""

from dataclasses import replace

from lastunit.domain.orders.context import Decided, DecisionContext, Outcome, changed
from lastunit.domain.orders.depletion import deplete_pending
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.revisions import lines_of_snapshot, undecided, with_revision
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.orders.states import SHIPPED_THOUGH_CANCELLED, OrderReason, State
from lastunit.domain.orders.units import release_all, shipped

DECLINED_HERE = frozenset({OrderReason.DECLINED, OrderReason.UNDECIDED_IN_TIME})
"""Cancelled by a person or by the decision deadline; on the channel the order may live on."""

CANCELLED_THERE = frozenset(
    {OrderReason.CANCELLED_BY_CHANNEL, OrderReason.CANCELLED_BEFORE_ORDER, OrderReason.CANCELLED_AFTER_SHIPPING}
)
"""Cancelled by the channel itself."""

REVIVABLE = frozenset({OrderReason.NOTHING_TO_DELIVER, OrderReason.UNPAID_IN_TIME})
"""Cancelled here, not by the channel: an edit or a late payment makes it an order again."""


def cancel(order: Order, snapshot: OrderSnapshot) -> Decided:
    """The channel cancelled the order: everything that has not left is released."""
    if order.pending_shipments:
        return _cancel_with_pending_shipments(order, snapshot)
    has_left = bool(shipped(order).total())
    after = replace(
        release_all(with_revision(order, snapshot)),
        state=State.SHIPPED if has_left else State.CANCELLED,
        reason=OrderReason.CANCELLED_AFTER_SHIPPING if has_left else OrderReason.CANCELLED_BY_CHANNEL,
        restocked=snapshot.restocked or order.state is State.REFUSED,  # A refused order was never sold there.
        cancel_is_final=snapshot.cancel_is_final,
    )
    return changed(order, after, Outcome.CANCELLED) if after != order else Decided(Outcome.DUPLICATE)


def _cancel_with_pending_shipments(order: Order, snapshot: OrderSnapshot) -> Decided:
    """Units have left that are not depleted yet: an exception keeps them visible."""
    after = replace(
        release_all(with_revision(order, snapshot)),
        state=State.EXCEPTION,
        reason=OrderReason.SHIPPED_AFTER_CANCEL,
        details={"shipments": ", ".join(one.shipment_id for one in order.pending_shipments)},
        restocked=snapshot.restocked,
    )
    return changed(order, after)


def cancel_before_order(snapshot: OrderSnapshot, context: DecisionContext) -> Decided:
    """A cancel that arrives before its order: kept, so that the order reserves nothing when it comes.

    Its channel sold the units, and shows so many fewer unless it put them back.
    """
    lines = lines_of_snapshot(None, snapshot, context)
    noted = undecided(None, snapshot)
    order = replace(noted, lines=lines, restocked=snapshot.restocked, cancel_is_final=snapshot.cancel_is_final)
    after = replace(order, state=State.CANCELLED, reason=OrderReason.CANCELLED_BEFORE_ORDER)
    return changed(None, after)


def cancelled_for(order: Order, reason: OrderReason) -> Order:
    """The order cancelled here, by a person or a deadline, with everything released."""
    return replace(release_all(order), state=State.CANCELLED, reason=reason)


def newly_cancelled_lines(order: Order, snapshot: OrderSnapshot) -> OrderSnapshot | None:
    """The stored snapshot plus the lines that an older one calls cancelled for good; None without a new one."""
    lines = {line.line_id for line in order.lines if line.quantity} & set(snapshot.cancelled_lines)
    return replace(order.snapshot(), cancelled_lines=tuple(sorted(lines))) if lines else None


def is_cancelled_for_good(order: Order) -> bool:
    """Cancelled by its channel or declined here: no snapshot makes it reserve stock again."""
    is_over = order.state is State.CANCELLED and order.reason not in REVIVABLE
    return is_over or order.reason in SHIPPED_THOUGH_CANCELLED


def is_undone_cancel(order: Order, snapshot: OrderSnapshot) -> bool:
    """A channel that may undo a cancel brings the order back by a later revision.

    A cancel that has no revision, as by the API, is final: a version that was on its way meanwhile may come later.
    """
    undoes = not order.cancel_is_final and not snapshot.cancelled and snapshot.revision > order.revision
    return undoes and order.reason in CANCELLED_THERE and order.state is not State.EXCEPTION


def after_cancel(order: Order, snapshot: OrderSnapshot, context: DecisionContext) -> Decided:
    """What a snapshot may still change of an order that is cancelled for good."""
    if snapshot.cancelled:
        return _record_channel_restock(order, snapshot)
    if not order.lines:
        return _deplete_early_shipments(order, snapshot, context)
    return _note_edit_after_decline(order, snapshot, context)


def _record_channel_restock(order: Order, snapshot: OrderSnapshot) -> Decided:
    """The channel put the units of the cancelled order back on its shelf, later than it cancelled."""
    if not snapshot.restocked or order.restocked or order.state is not State.CANCELLED:
        # Cancelled once more: what undid the first cancel, and comes later, is older than this one.
        is_later = not snapshot.cancel_is_final and snapshot.revision > order.revision
        return changed(order, with_revision(order, snapshot)) if is_later else Decided(Outcome.DUPLICATE)
    return changed(order, replace(with_revision(order, snapshot), restocked=True))


def _note_edit_after_decline(order: Order, snapshot: OrderSnapshot, context: DecisionContext) -> Decided:
    """An edit on the channel after a person declined here: it changes what the channel sold, and nothing else."""
    if order.reason not in DECLINED_HERE or snapshot.revision <= order.revision:
        return Decided(Outcome.DUPLICATE)
    lines = lines_of_snapshot(order, snapshot, context)
    return changed(order, replace(with_revision(order, snapshot), lines=lines), Outcome.UPDATED)


def _deplete_early_shipments(order: Order, snapshot: OrderSnapshot, context: DecisionContext) -> Decided:
    """The cancelled order's lines arrive at last: they reserve nothing, but say what its shipments held."""
    lines = lines_of_snapshot(order, snapshot, context)
    return deplete_pending(order, replace(with_revision(order, snapshot), lines=lines), context)


def settle_after_cancel(order: Order, context: DecisionContext) -> Decided:
    """A retry of a cancelled order whose units left: pending shipments are depleted, else it is done."""
    if order.pending_shipments:
        lines = lines_of_snapshot(order, order.snapshot(), context)
        return deplete_pending(order, replace(order, lines=lines), context)
    has_left = bool(shipped(order).total())
    reason = OrderReason.CANCELLED_AFTER_SHIPPING if has_left else OrderReason.CANCELLED_BY_CHANNEL
    state = State.SHIPPED if has_left else State.CANCELLED
    return changed(order, replace(order, state=state, reason=reason, details={}))


def void_of_cancelled(order: Order, base: Order) -> Decided:
    """A shipment of a cancelled order is voided: its units are available. `base` is the order without it.

    When nothing has left any more, the order is simply cancelled.
    """
    if order.state is State.EXCEPTION or shipped(base).total():
        return changed(order, base, Outcome.UPDATED)
    return changed(order, replace(base, state=State.CANCELLED, reason=OrderReason.CANCELLED_BY_CHANNEL))


def close_stub(order: Order) -> Decided:
    """Of the order only a shipment was known, and that was voided. Should the order come, it is placed as usual."""
    return changed(order, cancelled_for(order, OrderReason.NOTHING_TO_DELIVER))
