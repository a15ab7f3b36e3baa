"""The two deadlines of an order: how long they are, when they start, remind and run out.

Their lengths are settings of the channel, in minutes: `decision_minutes` and `payment_minutes`; None: no deadline.
The decision deadline starts when the request is opened, the payment deadline when it is accepted (rule 1.4-13). The
order's row decides what a deadline does: a check that comes early, late or twice changes nothing by itself.
`requests` and `request_decisions` start them; the schedule `expire_orders` finds those that are due and has
them checked.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from lastunit.domain.orders.cancel import cancelled_for
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome, changed
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import settled_state, shipped

REMIND_MINUTES = 60  # How long before a deadline the merchant is reminded, once.


def decision_deadline(context: DecisionContext) -> datetime | None:
    """Until when a request that is opened now must be accepted or declined."""
    return _after(context, context.channel.decision_minutes)


def payment_deadline(context: DecisionContext) -> datetime | None:
    """Until when an order that is accepted now must be paid."""
    return _after(context, context.channel.payment_minutes)


def _after(context: DecisionContext, minutes: int | None) -> datetime | None:
    return None if minutes is None else context.now + timedelta(minutes=minutes)


def check_deadlines(order: Order, context: DecisionContext) -> Decided:
    """End what has run out, remind of what is near its end, else change nothing."""
    now = context.now
    if order.state is State.REQUESTED and _is_past(order.decide_by, now):
        return _end_undecided(order, context)
    if _holds_unpaid(order) and _is_past(order.pay_by, now):
        return changed(order, cancelled_for(order, OrderReason.UNPAID_IN_TIME))  # Rule 1.4-6.
    if not order.reminded and _is_past(order.decide_by or order.pay_by, now + timedelta(minutes=REMIND_MINUTES)):
        return changed(order, replace(order, reminded=True), Outcome.UPDATED)
    return Decided(Outcome.DUPLICATE)


def _end_undecided(order: Order, context: DecisionContext) -> Decided:
    """Cancelled (rule 1.4-7), or handed to somebody else where the channel is set to escalate."""
    if context.channel.escalate_undecided:
        return changed(order, replace(order, escalated=True, decide_by=None), Outcome.UPDATED)
    return changed(order, cancelled_for(order, OrderReason.UNDECIDED_IN_TIME))


def settle_payment(order: Order) -> Order:
    """The order, paid: its payment deadline ends, and what waited only for the money is ready."""
    paid = replace(order, paid=True, pay_by=None)
    return replace(paid, state=settled_state(paid)) if order.state is State.AWAITING_PAYMENT else paid


def _holds_unpaid(order: Order) -> bool:
    """It holds units for a payment. So does an exception, unless units left: no deadline brings those back."""
    waits = order.state is State.EXCEPTION and not order.pending_shipments and not shipped(order).total()
    return waits or order.state is State.AWAITING_PAYMENT


def _is_past(deadline_at: datetime | None, now: datetime) -> bool:
    return deadline_at is not None and deadline_at <= now
