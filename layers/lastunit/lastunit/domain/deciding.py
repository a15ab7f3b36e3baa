"""The one way in: whatever is said about an order, by whomever, becomes its next step here."""

from dataclasses import replace

from lastunit.domain.errors import NotFound
from lastunit.domain.facts import (
    Answer,
    Arrival,
    Confirm,
    Fact,
    Payment,
    Retry,
    ReturnAnnounced,
    ReturnInspected,
    ReturnReceived,
    Shipment,
    Tick,
)
from lastunit.domain.lifecycle import WAITING, Reason, State
from lastunit.domain.orders import Order, order_id
from lastunit.domain.placing import forget, place, settle, tell
from lastunit.domain.requesting import answer, arrive, pay, tick
from lastunit.domain.returning import announce, inspect, receive
from lastunit.domain.shipping import ship
from lastunit.domain.snapshots import Snapshot
from lastunit.domain.world import Outcome, Step, World


def decide(order: Order | None, fact: Fact, world: World, *, instant: bool = False) -> Step:
    """What `fact` makes of the order. Raises NotFound, Conflict or InvalidInput for a person's impossible wish."""
    outcome, change = _next(order, fact, world, instant)
    if change is None:
        return outcome, None
    return outcome, replace(change, after=_waiting(change.before, change.after, world))


def _next(order: Order | None, fact: Fact, world: World, instant: bool) -> Step:  # noqa: C901 - a table of facts
    if isinstance(fact, Snapshot):
        return tell(order, fact, world, instant)
    if isinstance(fact, Shipment):
        return ship(order, fact, world)
    if order is None:
        raise NotFound("order", order_id(fact.channel, fact.external_id))
    match fact:
        case Retry():
            return _again(order, world) if order.state is State.EXCEPTION else (Outcome.DUPLICATE, None)
        case Confirm():
            recorded = order.state is State.RECORDED
            return place(order, order.snapshot(), world, confirmed=True) if recorded else (Outcome.DUPLICATE, None)
        case Answer():
            return answer(order, fact, world)
        case Payment():
            return pay(order, world)
        case Tick():
            return tick(order, world)
        case Arrival():
            return arrive(order, world)
        case ReturnAnnounced():
            return announce(order, fact)
        case ReturnReceived():
            return receive(order, fact, world)
        case ReturnInspected():
            return inspect(order, fact, world)


def _again(order: Order, world: World) -> Step:
    """What is stored counts: the channel may have said more since the retry was asked for."""
    if order.reason is Reason.SHIPPED_AFTER_CANCEL:
        return settle(order, world)  # A cancelled order takes nothing again.
    if not order.lines and not order.pending:
        return forget(order)
    return place(order, order.snapshot(), world, confirmed=True)


def _waiting(before: Order | None, after: Order, world: World) -> Order:
    """Since when a person is awaited: from the first moment, however often the order is looked at again."""
    if after.state not in WAITING:
        return replace(after, waiting_since=None)
    awaited = before is not None and before.state in WAITING and before.waiting_since is not None
    return after if awaited else replace(after, waiting_since=world.now.isoformat())
