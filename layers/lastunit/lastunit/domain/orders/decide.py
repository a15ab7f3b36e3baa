"""The one way in: every order input, from a channel, a person or a clock, becomes the order's next step here."""

from dataclasses import replace

from lastunit.domain.errors import NotFound
from lastunit.domain.keys import OrderKey
from lastunit.domain.orders.backorders import stock_arrived
from lastunit.domain.orders.cancel import close_stub, settle_after_cancel
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome, changed
from lastunit.domain.orders.deadlines import check_deadlines, settle_payment
from lastunit.domain.orders.inbound import (
    ConfirmOrder,
    ConfirmShipment,
    DeadlineCheck,
    DecideRequest,
    OrderInput,
    PaymentReceived,
    RetryOrder,
    ReturnAnnounced,
    ReturnInspected,
    ReturnReceived,
    ShipmentNotice,
    StockArrived,
)
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.place import apply_snapshot, place
from lastunit.domain.orders.request_decisions import decide_request
from lastunit.domain.orders.returns import announce_return, inspect_return, receive_return
from lastunit.domain.orders.shipments import confirm_shipment, ship
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.orders.states import WAITING, OrderReason, State


def decide(
    order: Order | None, order_input: OrderInput, context: DecisionContext, *, instant: bool = False
) -> Decided:
    """What `order_input` makes of the stored order; None: there is none yet. `instant`: the caller may be refused.

    Raises NotFound, Conflict or InvalidInput for what a person asks and cannot be.
    """
    decided = _next(order, order_input, context, instant)
    change = decided.change
    if change is None:
        return decided
    after = _with_waiting_since(change.before, change.after, context)
    return replace(decided, change=replace(change, after=after))


def _next(order: Order | None, order_input: OrderInput, context: DecisionContext, instant: bool) -> Decided:  # noqa: C901 - a table of inputs
    if isinstance(order_input, OrderSnapshot):
        return apply_snapshot(order, order_input, context, instant)
    if isinstance(order_input, ShipmentNotice):
        return ship(order, order_input, context)
    if order is None:
        raise NotFound("order", str(OrderKey(order_input.channel, order_input.external_id)))
    match order_input:
        case RetryOrder():
            return _retry(order, context)
        case ConfirmOrder():
            return _confirm(order, context)
        case ConfirmShipment():
            return confirm_shipment(order, order_input, context)
        case DecideRequest():
            return decide_request(order, order_input, context)
        case PaymentReceived():
            return _receive_payment(order, context)
        case DeadlineCheck():
            return check_deadlines(order, context)
        case StockArrived():
            return stock_arrived(order, context)
        case ReturnAnnounced():
            return announce_return(order, order_input)
        case ReturnReceived():
            return receive_return(order, order_input, context)
        case ReturnInspected():
            return inspect_return(order, order_input, context)


def _retry(order: Order, context: DecisionContext) -> Decided:
    """Try an exception again as it is stored: the channel may have said more since the retry was asked for."""
    if order.state is not State.EXCEPTION:
        return Decided(Outcome.DUPLICATE)
    if order.reason is OrderReason.SHIPPED_AFTER_CANCEL:
        return settle_after_cancel(order, context)  # A cancelled order reserves nothing again.
    if not order.lines and not order.pending_shipments:
        return close_stub(order)
    return place(order, order.snapshot(), context, confirmed=True)


def _confirm(order: Order, context: DecisionContext) -> Decided:
    """Apply an order that was only recorded because import was off (rule 1.2-14)."""
    if order.state is not State.RECORDED:
        return Decided(Outcome.DUPLICATE)
    return place(order, order.snapshot(), context, confirmed=True)


def _receive_payment(order: Order, context: DecisionContext) -> Decided:
    """Paid in time, the order is ready to ship; paid too late, it is placed again, or is owed a refund."""
    if order.reason is OrderReason.UNPAID_IN_TIME and order.state is State.CANCELLED:
        return place(replace(order, paid=True), replace(order.snapshot(), paid=True), context)
    return Decided(Outcome.DUPLICATE) if order.paid else changed(order, settle_payment(order))


def _with_waiting_since(before: Order | None, after: Order, context: DecisionContext) -> Order:
    """Since when a person is awaited: from the first moment, however often the order changes meanwhile."""
    if after.state not in WAITING:
        return replace(after, waiting_since=None)
    was_waiting = before is not None and before.state in WAITING and before.waiting_since is not None
    return after if was_waiting else replace(after, waiting_since=context.now)
