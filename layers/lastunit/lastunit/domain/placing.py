"""What becomes of an order when its channel says something about it. Pure: it decides, the use case writes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from lastunit.domain.allocating import allocate
from lastunit.domain.catalogue import Status
from lastunit.domain.groups import writes
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import (
    FINGERPRINTS_MAX,
    LEVELS_MAX,
    Change,
    Decision,
    Line,
    Order,
    demand,
    difference,
    open_lines,
    promised,
    resting,
    shipped,
    wants,
    withdraw,
)
from lastunit.domain.routing import Available, Demand, Plan, Take, route
from lastunit.domain.shipping import LEFT_ALL_THE_SAME, book_pending, unbooked
from lastunit.domain.snapshots import Snapshot, SnapshotLine
from lastunit.domain.world import Outcome, Step, World

SETTLED = frozenset({*State} - {State.REFUSED, State.EXCEPTION, State.CANCELLED})
"""States that a newer revision of the same lines leaves alone; any other is worth another try."""

DECLINED_HERE = frozenset({Reason.DECLINED, Reason.UNDECIDED_IN_TIME})
REVIVABLE = frozenset({Reason.NOTHING_TO_DELIVER, Reason.UNPAID_IN_TIME})
"""Cancelled by us, not by the channel: the order may come back."""


def tell(order: Order | None, snapshot: Snapshot, world: World, instant: bool) -> Step:
    """The order's next step. `instant`: the caller can still be told no.

    A cancel wins whatever its revision, because it is final everywhere, be it of the order or of a line; an order
    that was only edited down to nothing can be edited up again, and one that was paid too late is tried again.
    """
    if order is None:
        return _tombstone(snapshot, world) if snapshot.cancelled else place(None, snapshot, world, instant)
    if order.reason in LEFT_ALL_THE_SAME or (order.state is State.CANCELLED and order.reason not in REVIVABLE):
        if not order.lines and not snapshot.cancelled:
            return _name_what_left(order, snapshot, world)
        return _put_back(order, snapshot) if snapshot.cancelled else _heard(order, snapshot, world)
    if snapshot.cancelled:
        return _cancel(order, snapshot)
    if snapshot.revision < order.revision:
        return _end_lines(order, snapshot, world, instant)
    if snapshot.revision == order.revision and snapshot.fingerprint in order.fingerprints:
        return Outcome.DUPLICATE, None
    return _update(order, snapshot, world, instant)


def _end_lines(order: Order, snapshot: Snapshot, world: World, instant: bool) -> Step:
    """An older version is news in one thing only: what it calls cancelled for good is so in every later one.

    eBay's order says when lines were cancelled and not which, so that what it shows is dated before that.
    """
    ended = {line.line_id for line in order.lines if line.quantity} & set(snapshot.cancelled_lines)
    if not ended:
        return Outcome.STALE, None
    return _update(order, replace(order.snapshot(), cancelled_lines=tuple(sorted(ended))), world, instant)


def _update(order: Order, snapshot: Snapshot, world: World, instant: bool) -> Step:
    paid_now = bool(snapshot.paid) and not order.paid
    if order.reason is Reason.UNPAID_IN_TIME and not paid_now:
        return Outcome.UPDATED, Change(order, _seen(order, snapshot))
    if order.state in SETTLED and _same_lines(order, snapshot):
        after = _seen(order, snapshot)
        return Outcome.UPDATED, Change(order, settle_payment(after) if paid_now else after)
    return place(order, snapshot, world, instant)


def settle_payment(order: Order) -> Order:
    """The order, paid: what waited for the money is ready now."""
    paid = replace(order, paid=True, pay_by=None)
    return replace(paid, state=resting(paid)) if order.state is State.AWAITING_PAYMENT else paid


def _tombstone(snapshot: Snapshot, world: World) -> Step:
    """A cancel before its order: remembered, so that the order takes nothing when it comes.

    Its channel has sold it all the same, and shows fewer units unless it put them back.
    """
    order = replace(_blank(None, snapshot), lines=_lines(None, snapshot, world), restocked=snapshot.restocked)
    after = replace(order, state=State.CANCELLED, reason=Reason.CANCELLED_BEFORE_ORDER)
    return Outcome.CANCELLED, Change(None, after)


def _cancel(order: Order, snapshot: Snapshot) -> Step:
    """Everything that has not left is given back. What has left comes back by a return, or not at all."""
    if order.pending:
        return _cancel_unbooked(order, snapshot)
    gone = bool(shipped(order).total())
    after = replace(
        withdraw(_seen(order, snapshot)),
        state=State.SHIPPED if gone else State.CANCELLED,
        reason=Reason.CANCELLED_AFTER_SHIPPING if gone else Reason.CANCELLED_BY_CHANNEL,
        restocked=snapshot.restocked or order.state is State.REFUSED,  # A refused order was never sold there.
    )
    return (Outcome.CANCELLED, Change(order, after)) if after != order else (Outcome.DUPLICATE, None)


def _heard(order: Order, snapshot: Snapshot, world: World) -> Step:
    """What is edited there after a person declined it here changes what its channel has sold, and nothing else."""
    if order.reason not in DECLINED_HERE or snapshot.revision <= order.revision:
        return Outcome.DUPLICATE, None
    after = replace(_seen(order, snapshot), lines=_lines(order, snapshot, world))
    return Outcome.UPDATED, Change(order, after)


def _put_back(order: Order, snapshot: Snapshot) -> Step:
    """It takes nothing any more; but its channel may hear of that later than we, and restock it then."""
    if not snapshot.restocked or order.restocked or order.state is not State.CANCELLED:
        return Outcome.DUPLICATE, None
    return Outcome.CANCELLED, Change(order, replace(_seen(order, snapshot), restocked=True))


def _cancel_unbooked(order: Order, snapshot: Snapshot) -> Step:
    """Units have left that could not be booked yet: they must stay visible."""
    parcels = {"shipments": ", ".join(one.shipment_id for one in order.pending)}
    after = replace(
        withdraw(_seen(order, snapshot)),
        state=State.EXCEPTION,
        reason=Reason.SHIPPED_AFTER_CANCEL,
        details=parcels,
        restocked=snapshot.restocked,
    )
    return Outcome.EXCEPTION, Change(order, after)


def _name_what_left(order: Order, snapshot: Snapshot, world: World) -> Step:
    """The lines of a cancelled order take nothing, but say what the parcels held that left all the same."""
    return book_pending(order, replace(_seen(order, snapshot), lines=_lines(order, snapshot, world)), world)


def settle(order: Order, world: World) -> Step:
    """A person has seen to what left after the cancel: what still waits is booked, else the order is done."""
    if order.pending:
        return book_pending(order, replace(order, lines=_lines(order, order.snapshot(), world)), world)
    gone = bool(shipped(order).total())
    state = State.SHIPPED if gone else State.CANCELLED
    reason = Reason.CANCELLED_AFTER_SHIPPING if gone else Reason.CANCELLED_BY_CHANNEL
    return Outcome(state.value), Change(order, replace(order, state=state, reason=reason, details={}))


def forget(order: Order) -> Step:
    """All that is known of it is a shipment that never left. Should the order come after all, it may."""
    after = replace(withdraw(order), state=State.CANCELLED, reason=Reason.NOTHING_TO_DELIVER)
    return Outcome.CANCELLED, Change(order, after)


def _same_lines(order: Order, snapshot: Snapshot) -> bool:
    ours = {line.line_id: (line.names, line.quantity) for line in order.lines if line.quantity}
    wanted = [line for line in snapshot.lines if line.line_id not in _ended_lines(order, snapshot)]
    theirs = {line.line_id: (line.names, line.quantity) for line in wanted if line.quantity}
    return ours == theirs


def _seen(order: Order, snapshot: Snapshot) -> Order:
    """The order with the snapshot's revision noted. Two contents of one revision are both remembered."""
    if snapshot.revision < order.revision:
        return order
    known = order.fingerprints if snapshot.revision == order.revision else ()
    marks = tuple(dict.fromkeys((*known, snapshot.fingerprint)))[-FINGERPRINTS_MAX:]
    return replace(order, revision=snapshot.revision, fingerprints=marks)


def _blank(order: Order | None, snapshot: Snapshot) -> Order:
    """The row before anything is decided on this snapshot; what the order held so far stays held."""
    fresh = Order(snapshot.channel, snapshot.external_id, State.EXCEPTION, snapshot.revision)
    # Our own row told again is no version of the channel's.
    told = order if order and order.lines and snapshot == order.snapshot() else _seen(order or fresh, snapshot)
    base = replace(told, location=snapshot.location, details={}, reason=None)
    paid = base.paid or bool(snapshot.paid)
    pay_by = None if paid else base.pay_by  # Or the clock would cancel what was paid and edited in one breath.
    return replace(base, placed_at=base.placed_at or snapshot.placed_at, decision=None, paid=paid, pay_by=pay_by)


def place(
    order: Order | None, snapshot: Snapshot, world: World, instant: bool = False, confirmed: bool = False
) -> Step:
    """Reserve all that is open or nothing. What cannot be reserved becomes visible, never negative and never lost.

    `confirmed`: a person wants it applied although it came while import was off.
    """
    seen = unbooked(order) if order and not order.revision and snapshot.revision else order
    base = replace(_blank(seen, snapshot), lines=_lines(seen, snapshot, world))
    if not instant and not confirmed and _is_only_recorded(order, world):
        after = replace(base, state=State.RECORDED, reason=Reason.IMPORT_OFF)
        return Outcome.RECORDED, Change(order, after)
    obstacle = _obstacle(base.lines, world)
    if obstacle:
        return hold(order, base, obstacle, world, instant)
    wanted = demand(open_lines(base))
    if not wanted:
        return _nothing_open(order, base, world)
    kept, missing = _keep(base, wanted)
    available = _available(order, base, world)
    plan = route(world.channel.policy, missing, world.candidates(), available, snapshot.location)
    base = replace(base, decision=decision(world, wanted, plan))
    if not plan.shortage:
        return _reserve(order, base, (*kept, *plan.takes), world, instant)
    if _is_awaited(base, plan.shortage):  # A person accepted that this much waits.
        part = as_far_as_possible(missing, base, world)
        return _reserve(order, base, (*kept, *part), world, instant)
    return _short(order, base, plan.shortage, world, instant)


def _available(order: Order | None, base: Order, world: World) -> Available:
    """What may be promised, with what the order itself gives back by this step."""
    back = difference(order, base)
    return lambda sku, at: world.available(sku, at) + (back[sku, at].available if (sku, at) in back else 0)


def _is_awaited(base: Order, shortage: Mapping[str, int]) -> bool:
    awaited = Counter[str]()
    for backorder in base.backorders:
        awaited[backorder.sku] += backorder.quantity
    return all(units <= awaited[sku] for sku, units in shortage.items())


def as_far_as_possible(wanted: Demand, order: Order, world: World) -> tuple[Take, ...]:
    """What of the demand can be had now."""
    candidates = world.candidates()
    there = {sku: sum(world.available(sku, at) for at in candidates) for sku in wanted}
    coverable = {sku: part for sku, units in wanted.items() if (part := min(units, max(0, there[sku])))}
    return route(world.channel.policy, coverable, candidates, world.available, order.location).takes


def _reserve(order: Order | None, base: Order, takes: Sequence[Take], world: World, instant: bool) -> Step:
    allocations, backorders = allocate(open_lines(base), takes)
    queued_at = base.queued_at if backorders else None
    held = replace(base, allocations=allocations, backorders=backorders, decide_by=None, queued_at=queued_at)
    after = replace(held, state=resting(held))
    change = Change(order, after)
    # An edit touches the levels it leaves as well, and a cancel must be able to give everything back at once.
    if max(len(promised(after)), writes(change)) > LEVELS_MAX:
        return hold(order, base, TOO_MANY_LEVELS, world, instant)
    return book_pending(order, after, world)


def _is_only_recorded(order: Order | None, world: World) -> bool:
    """Import is off, or was when the order came: then somebody confirms it."""
    recorded = order is not None and order.state is State.RECORDED
    return recorded or (not world.channel.imports and _nothing_done(order))


def _nothing_done(order: Order | None) -> bool:
    """Nothing was promised or shipped for it so far."""
    if order is None or order.state not in (State.RECORDED, State.EXCEPTION):
        return order is None
    return not order.allocations and not any(parcel.took for parcel in order.parcels)


def _nothing_open(order: Order | None, base: Order, world: World) -> Step:
    """Everything the channel still wants has left, or it wants nothing any more."""
    done = withdraw(base)
    state = State.SHIPPED if shipped(base).total() else State.CANCELLED
    reason = None if state is State.SHIPPED else Reason.NOTHING_TO_DELIVER
    return book_pending(order, replace(done, state=state, reason=reason), world)


def _lines(order: Order | None, snapshot: Snapshot, world: World) -> tuple[Line, ...]:
    """The snapshot's lines; of a line we know, what was declined and shipped stays as it was.

    A line that has left the order but not us is kept at 0, so that its parcels still find it.
    """
    known = {line.line_id: line for line in order.lines} if order else {}
    ended = _ended_lines(order, snapshot)
    lines = [
        _ended(line, known.get(line.line_id)) if line.line_id in ended else line
        for line in (_resolve(told, known.get(told.line_id), world) for told in snapshot.lines)
    ]
    gone = known.keys() - {line.line_id for line in lines}
    moved = shipped(order) if order else {}
    return (*lines, *(replace(known[key], quantity=0) for key in sorted(gone) if moved.get(key)))


def _ended_lines(order: Order | None, snapshot: Snapshot) -> set[str]:
    """Lines cancelled for good, by this snapshot or one before: no later list of the channel's revives them."""
    before = {line.line_id for line in order.lines if line.cancelled} if order else set()
    return before | set(snapshot.cancelled_lines)


def _ended(line: Line, known: Line | None) -> Line:
    """Nobody wants its units any more; that its channel is short of them is remembered."""
    return replace(line, quantity=0, declined=0, cancelled=max(line.quantity, known.cancelled if known else 0))


def _resolve(line: SnapshotLine, known: Line | None, world: World) -> Line:
    if known is not None and known.sku is not None and known.names == line.names:
        # The recipe as it stood when the order came, and what a person declined, are not asked again.
        return replace(known, quantity=line.quantity, declined=min(known.declined, line.quantity))
    alias = next((world.names[name] for name in line.names if name in world.names), None)
    if alias is None:
        return Line(line.line_id, line.names, line.quantity)
    item = world.items[alias.sku]
    return Line(line.line_id, line.names, line.quantity, alias.listing, item.sku, item.parts)


Obstacle = tuple[Reason, Mapping[str, str]]

TOO_MANY_LEVELS: Obstacle = (Reason.TOO_MANY_LEVELS, {"levels_max": str(LEVELS_MAX)})


def _obstacle(lines: Sequence[Line], world: World) -> Obstacle | None:
    wanted = [line for line in lines if line.quantity]
    unknown = [line for line in wanted if line.sku is None]
    if unknown:
        return Reason.UNKNOWN_SKU, {"names": ", ".join(" or ".join(line.names) for line in unknown)}
    skus = {sku for line in wanted for sku in (line.sku, *line.parts) if sku is not None}
    drafts = sorted(sku for sku in skus if sku in world.items and world.items[sku].status is Status.DRAFT)
    return (Reason.DRAFT_SKU, {"skus": ", ".join(drafts)}) if drafts else None


def _can_be_told_no(order: Order | None, instant: bool) -> bool:
    """An order that exists on its channel exists whatever we think of it."""
    return instant and (order is None or order.state is State.REFUSED)


def hold(order: Order | None, base: Order, obstacle: Obstacle, world: World, instant: bool = False) -> Step:
    """For a person to see. What is known to have left leaves stock all the same."""
    reason, details = obstacle
    state = State.REFUSED if _can_be_told_no(order, instant) else State.EXCEPTION
    queued_at = base.queued_at if base.backorders else None  # What was accepted goes on waiting for its units.
    after = replace(base, state=state, reason=reason, details=details, decide_by=None, queued_at=queued_at)
    return book_pending(order, after, world)


def _short(order: Order | None, base: Order, shortage: Mapping[str, int], world: World, instant: bool) -> Step:
    details = {sku: str(units) for sku, units in shortage.items()}
    if order and order.reason in (Reason.UNPAID_IN_TIME, Reason.PAID_AFTER_EXPIRY):
        return hold(order, base, (Reason.PAID_AFTER_EXPIRY, details), world)
    # An uncovered edit: what was promised stays promised, and what has left is no question any more.
    if order and (base.allocations or base.backorders or shipped(order)):
        return hold(order, base, (Reason.EDIT_SHORT, details), world, instant)
    if _can_be_told_no(order, instant) and not world.channel.takes_requests:
        after = replace(base, state=State.REFUSED, reason=Reason.SHORTAGE, details=details)
        return Outcome.REFUSED, Change(order, after)
    change = Change(order, _ask(order, replace(base, details=details), world))
    # A request takes a place in the queue of every SKU; its answer gives them up and takes as many levels.
    if 2 * len(wants(change.after)) > LEVELS_MAX:
        return hold(order, base, TOO_MANY_LEVELS, world, instant)
    return book_pending(order, change.after, world)


def _ask(order: Order | None, base: Order, world: World) -> Order:
    """A request: nothing is taken while nobody has decided, and the decision's clock runs from the first day."""
    running = order is not None and order.state is State.REQUESTED
    decide_by = order.decide_by if running and order else deadline(world, world.channel.decision_minutes)
    queued_at = order.queued_at if running and order else world.now.isoformat()
    on_request = world.channel.takes_requests
    asked = replace(base, decide_by=decide_by, queued_at=queued_at, on_request=on_request)
    return replace(asked, state=State.REQUESTED, reason=Reason.SHORTAGE)


def deadline(world: World, minutes: int | None) -> str | None:
    return None if minutes is None else (world.now + timedelta(minutes=minutes)).isoformat()


def _keep(order: Order, wanted: Mapping[str, int]) -> tuple[tuple[Take, ...], dict[str, int]]:
    """What of the present allocations an edit keeps, and the demand beyond them; last places go first."""
    missing, kept = dict(wanted), list[Take]()
    rules = {(held.sku, held.location): held.rule for held in order.allocations}
    for (sku, location), units in promised(order).items():
        part = min(units, missing.get(sku, 0))
        if part:
            kept.append(Take(sku, location, part, rules[sku, location]))
            missing[sku] -= part
    return tuple(kept), {sku: units for sku, units in missing.items() if units}


def decision(world: World, wanted: Mapping[str, int], plan: Plan) -> Decision:
    candidates = world.candidates()
    saw = {sku: {at: units for at in candidates if (units := world.available(sku, at))} for sku in wanted}
    return Decision(world.channel.policy.value, candidates, saw, plan.shortage or {})
