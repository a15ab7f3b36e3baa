"""A person's answer to a request: accept it, a part of it, or decline it (rules 1.4-3 to 1.4-8)."""

from dataclasses import replace

from lastunit.domain.errors import Conflict, InvalidInput
from lastunit.domain.orders.allocation import allocate, keep_allocations, route_available, routing_decision
from lastunit.domain.orders.cancel import cancelled_for
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.commit_groups import LEVELS_MAX, written_items
from lastunit.domain.orders.context import Decided, DecisionContext, Outcome, changed
from lastunit.domain.orders.deadlines import payment_deadline
from lastunit.domain.orders.inbound import DecideRequest
from lastunit.domain.orders.order import Line, Order, RequestDecision
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.supply import arrived, bring_in
from lastunit.domain.orders.units import demand, open_lines, settled_state
from lastunit.domain.stock.routing import RoutingPlan


def decide_request(order: Order, given: DecideRequest, context: DecisionContext) -> Decided:
    """Accept or decline. The first decision that is written wins; the same one again is a duplicate.

    Raises Conflict when the order does not await a decision (any more) or is not as it was seen, InvalidInput for
    lines it does not have.
    """
    if order.state is not State.REQUESTED:
        return _too_late(order, given)
    if given.version not in (None, order.version):
        lines = {line.line_id: line.quantity for line in order.lines}
        raise Conflict("the order has changed since you looked at it", version=order.version, lines=lines)
    decision = RequestDecision(
        accepted=given.accept,
        by=given.by,
        at=context.now,
        lines=dict(given.lines),
        supply=given.supply,
        location=given.location,
    )
    decided = replace(order, request_decision=decision)
    if not given.accept:
        return changed(order, cancelled_for(decided, OrderReason.DECLINED))
    return _accept(order, replace(decided, lines=_accepted_lines(order, given)), context)


def _too_late(order: Order, given: DecideRequest) -> Decided:
    """Raises Conflict with who decided and when, or with the reason that ended the request, such as a deadline."""
    known = order.request_decision
    if known and _is_same(known, given):
        return Decided(Outcome.DUPLICATE)
    details: dict[str, object] = {"decided_by": known.by, "decided_at": known.at} if known else {}
    details |= {"cause": order.reason.value} if order.reason else {}
    raise Conflict("the order does not await a decision", state=order.state.value, **details)


def _is_same(known: RequestDecision, given: DecideRequest) -> bool:
    asked = (given.accept, given.by, given.lines, given.supply, given.location)
    return (known.accepted, known.by, known.lines, known.supply, known.location) == asked


def _accepted_lines(order: Order, given: DecideRequest) -> tuple[Line, ...]:
    """Each line is judged by itself (rule 1.4-16); one that is not named is accepted whole."""
    unknown = sorted(given.lines.keys() - {line.line_id for line in order.lines})
    if unknown:
        raise InvalidInput("lines", f"{unknown} are no lines of this order")
    return tuple(_accepted_line(line, given.lines.get(line.line_id, line.quantity)) for line in order.lines)


def _accepted_line(line: Line, accepted: int) -> Line:
    if not 0 <= accepted <= line.quantity:
        raise InvalidInput(f"lines.{line.line_id}", f"must be 0 to {line.quantity}, got {accepted}")
    return replace(line, declined=line.quantity - accepted)


def _accept(order: Order, accepted: Order, context: DecisionContext) -> Decided:
    """Reserve what is available, bring in what is said to be there, backorder the rest (rule 1.4-12).

    `accepted`: the order with the decision noted. The payment deadline starts now (rule 1.4-13). Raises Conflict
    when one transaction cannot hold the levels and queue entries.
    """
    wanted = demand(open_lines(accepted))
    if not wanted:
        return changed(order, cancelled_for(accepted, OrderReason.DECLINED))
    kept, missing = keep_allocations(accepted, wanted)
    routed = (*kept, *route_available(missing, accepted, context))
    brought = bring_in(accepted, wanted, routed, context)
    allocations, backorders = allocate(open_lines(accepted), (*routed, *brought))
    allocated = replace(
        accepted,
        allocations=allocations,
        backorders=backorders,
        brought_in=(*order.brought_in, *map(arrived, brought)),
        routing=routing_decision(context, wanted, RoutingPlan(routed)),
        reason=None,
        details={},
        decide_by=None,
        pay_by=None if order.paid else payment_deadline(context),
        reminded=False,
        queued_at=context.now if backorders else None,
    )
    after = replace(allocated, state=settled_state(allocated))
    writes = written_items(OrderChange(before=order, after=after))
    if writes > LEVELS_MAX:
        raise Conflict(f"at most {LEVELS_MAX} levels and queues at once: accept a part", writes=writes)
    return changed(order, after)
