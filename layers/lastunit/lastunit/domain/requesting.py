"""Requests: a person accepts or declines, the buyer pays, and two clocks run (`requirements.md` 1.4)."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

from lastunit.domain.allocating import allocate
from lastunit.domain.errors import Conflict, InvalidInput
from lastunit.domain.facts import Answer
from lastunit.domain.groups import writes
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import (
    LEVELS_MAX,
    Allocation,
    Change,
    Line,
    Order,
    Verdict,
    demand,
    open_lines,
    resting,
    shipped,
    withdraw,
)
from lastunit.domain.placing import as_far_as_possible, deadline, decision, place, settle_payment
from lastunit.domain.routing import Plan, Take
from lastunit.domain.world import Outcome, Step, World

REMIND_MINUTES = 60


def answer(order: Order, given: Answer, world: World) -> Step:
    """One decision per request: the first one in the write wins, the same one again is a repeat."""
    if order.state is not State.REQUESTED:
        return _too_late(order, given)
    verdict = Verdict(given.accept, given.by, world.now.isoformat(), dict(given.lines))
    if not given.accept:
        return Outcome.CANCELLED, Change(order, _closed(replace(order, verdict=verdict), Reason.DECLINED))
    return _accept(replace(order, verdict=verdict, lines=_accepted_lines(order, given)), order, world)


def _too_late(order: Order, given: Answer) -> Step:
    verdict = order.verdict
    if verdict and (verdict.accepted, verdict.by, verdict.lines) == (given.accept, given.by, given.lines):
        return Outcome.DUPLICATE, None
    decided = {"decided_by": verdict.by, "decided_at": verdict.at} if verdict else {}
    decided |= {"cause": order.reason.value} if order.reason else {}  # Without a verdict: which clock it was.
    raise Conflict("the order does not await a decision", state=order.state.value, **decided)


def _accepted_lines(order: Order, given: Answer) -> tuple[Line, ...]:
    unknown = sorted(given.lines.keys() - {line.line_id for line in order.lines})
    if unknown:
        raise InvalidInput("lines", f"{unknown} are no lines of this order")
    return tuple(_judged(line, given.lines.get(line.line_id, line.quantity)) for line in order.lines)


def _judged(line: Line, accepted: int) -> Line:
    if not 0 <= accepted <= line.quantity:
        raise InvalidInput(f"lines.{line.line_id}", f"must be 0 to {line.quantity}, got {accepted}")
    return replace(line, declined=line.quantity - accepted)


def _accept(accepted: Order, order: Order, world: World) -> Step:
    """What exists is reserved, the rest is promised: first come, first served (rule 12)."""
    wanted = demand(open_lines(accepted))
    if not wanted:
        return Outcome.CANCELLED, Change(order, _closed(accepted, Reason.DECLINED))
    takes = as_far_as_possible(wanted, accepted, world)
    allocations, backorders = allocate(open_lines(accepted), takes)
    pay_by = None if order.paid else deadline(world, world.channel.payment_minutes)
    held = replace(
        accepted,
        allocations=allocations,
        backorders=backorders,
        decision=decision(world, wanted, Plan(takes)),
        reason=None,
        details={},
        decide_by=None,
        pay_by=pay_by,
        reminded=False,
        queued_at=world.now.isoformat() if backorders else None,
    )
    after = replace(held, state=resting(held))
    change = Change(order, after)
    if writes(change) > LEVELS_MAX:
        raise Conflict(f"at most {LEVELS_MAX} levels and queues at once: accept a part", writes=writes(change))
    return Outcome(after.state.value), change


def _closed(order: Order, reason: Reason) -> Order:
    return replace(withdraw(order), state=State.CANCELLED, reason=reason)


def pay(order: Order, world: World) -> Step:
    """Paid in time makes it ready to ship; paid too late is tried again, and is a refund when nothing is left."""
    if order.reason is Reason.UNPAID_IN_TIME and order.state is State.CANCELLED:
        return place(replace(order, paid=True), replace(order.snapshot(), paid=True), world)
    if order.paid:
        return Outcome.DUPLICATE, None
    after = settle_payment(order)
    return Outcome(after.state.value), Change(order, after)


def tick(order: Order, world: World) -> Step:
    """A clock that has run out decides; one that is near its end is told once. Early ticks change nothing."""
    now = world.now
    if order.state is State.REQUESTED and _over(order.decide_by, now):
        if world.channel.escalates:
            return Outcome.UPDATED, Change(order, replace(order, escalated=True, decide_by=None))
        return Outcome.CANCELLED, Change(order, _closed(order, Reason.UNDECIDED_IN_TIME))
    if _holds_unpaid(order) and _over(order.pay_by, now):
        return Outcome.CANCELLED, Change(order, _closed(order, Reason.UNPAID_IN_TIME))
    if not order.reminded and _over(order.decide_by or order.pay_by, now + timedelta(minutes=REMIND_MINUTES)):
        return Outcome.UPDATED, Change(order, replace(order, reminded=True))
    return Outcome.DUPLICATE, None


def _holds_unpaid(order: Order) -> bool:
    """Also one that waits for a person; but what has left cannot be given back by a clock."""
    waits = order.state is State.EXCEPTION and not order.pending and not shipped(order).total()
    return waits or order.state is State.AWAITING_PAYMENT


def _over(deadline_at: str | None, now: datetime) -> bool:
    return deadline_at is not None and datetime.fromisoformat(deadline_at) <= now


def arrive(order: Order, world: World) -> Step:
    """Units came: promises are filled as far as they reach; a request is tried again if the channel says so."""
    if order.state is State.REQUESTED:
        if not world.channel.reevaluates:
            return Outcome.DUPLICATE, None
        outcome, change = place(order, order.snapshot(), world)
        return (
            (outcome, change) if change and change.after.state is not State.REQUESTED else (Outcome.DUPLICATE, None)
        )
    missing = Counter[str]()
    for backorder in order.backorders:
        missing[backorder.sku] += backorder.quantity
    takes = as_far_as_possible(missing, order, world)
    if not takes:
        return Outcome.DUPLICATE, None
    return _fill(order, takes)


def _fill(order: Order, takes: tuple[Take, ...]) -> Step:
    """Hand the takes to the backorders, in their order."""
    waiting, allocations = list(order.backorders), list(order.allocations)
    for take in takes:
        units = take.quantity
        for place_in_row, backorder in enumerate(waiting):
            part = min(units, backorder.quantity) if backorder.sku == take.sku else 0
            if part:
                allocations.append(Allocation(backorder.line_id, take.sku, take.location, part, "stock arrived"))
                waiting[place_in_row] = replace(backorder, quantity=backorder.quantity - part)
                units -= part
    left = tuple(backorder for backorder in waiting if backorder.quantity)
    held = replace(
        order, allocations=tuple(allocations), backorders=left, queued_at=order.queued_at if left else None
    )
    after = held if order.state is State.EXCEPTION else replace(held, state=resting(held))
    return Outcome(after.state.value), Change(order, after)
