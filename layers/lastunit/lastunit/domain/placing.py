"""What becomes of an order when its channel says something about it. Pure: it decides, the use case writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lastunit.domain.catalogue import Alias, Location, Sku, Status
from lastunit.domain.channels import Channel
from lastunit.domain.orders import (
    FINGERPRINTS_MAX,
    LEVELS_MAX,
    Change,
    Decision,
    Line,
    Order,
    Reason,
    State,
    allocate,
    demand,
    promised,
)
from lastunit.domain.routing import Available, Plan, Take, route
from lastunit.domain.snapshots import Snapshot, SnapshotLine


class Outcome(StrEnum):
    """What one notification came to."""

    RESERVED = "reserved"
    REQUESTED = "requested"
    REFUSED = "refused"
    EXCEPTION = "exception"
    CANCELLED = "cancelled"
    UPDATED = "updated"  # a newer revision that changes no stock
    DUPLICATE = "duplicate"
    STALE = "stale"  # older than what is stored


@dataclass(frozen=True, slots=True)
class World:
    """What a decision may look at. `names` maps the channel's SKU names to ours; `items` holds every SKU named."""

    channel: Channel
    locations: Sequence[Location]
    names: Mapping[str, Alias]
    items: Mapping[str, Sku]
    available: Available

    def candidates(self) -> tuple[str, ...]:
        """The locations that take part, first choice first."""
        ranked = sorted(self.locations, key=lambda place: (place.rank, place.name))
        return tuple(place.name for place in ranked if not place.blacked_out and self.channel.may_use(place.name))


Step = tuple[Outcome, Change | None]

SETTLED = frozenset({State.RESERVED, State.REQUESTED})
"""States that a newer revision of the same lines leaves alone; any other is worth another try."""


def decide(order: Order | None, snapshot: Snapshot, world: World, *, instant: bool, retry: bool = False) -> Step:
    """The order's next step. `instant`: the caller can still be told no; `retry`: an exception was resolved.

    None as change: nothing is to be written. A cancel wins whatever its revision, because it is final everywhere;
    an order that was only edited down to nothing can be edited up again.
    """
    if order is None:
        return _tombstone(snapshot) if snapshot.cancelled else _place(None, snapshot, world, instant)
    if order.state is State.CANCELLED and order.reason is not Reason.NOTHING_TO_DELIVER:
        return Outcome.DUPLICATE, None
    if snapshot.cancelled:
        return _cancel(order, snapshot)
    if retry:  # What is stored counts: the channel may have said more since the retry was asked for.
        waits = order.state is State.EXCEPTION
        return _place(order, order.snapshot(), world, instant) if waits else (Outcome.DUPLICATE, None)
    if snapshot.revision < order.revision:
        return Outcome.STALE, None
    if snapshot.revision == order.revision and snapshot.fingerprint in order.fingerprints:
        return Outcome.DUPLICATE, None
    if order.state in SETTLED and _same_lines(order, snapshot):
        return Outcome.UPDATED, Change(order, _seen(order, snapshot))
    return _place(order, snapshot, world, instant)


def _tombstone(snapshot: Snapshot) -> Step:
    """A cancel before its order: remembered, so that the order takes nothing when it comes."""
    order = _blank(None, snapshot)
    after = replace(order, state=State.CANCELLED, reason=Reason.CANCELLED_BEFORE_ORDER, restocked=True)
    return Outcome.CANCELLED, Change(None, after)


def _cancel(order: Order, snapshot: Snapshot) -> Step:
    after = replace(
        _seen(order, snapshot),
        state=State.CANCELLED,
        reason=Reason.CANCELLED_BY_CHANNEL,
        details={},
        allocations=(),
        restocked=snapshot.restocked or order.state is State.REFUSED,  # A refused order was never sold there.
    )
    return Outcome.CANCELLED, Change(order, after)


def _same_lines(order: Order, snapshot: Snapshot) -> bool:
    ours = {line.line_id: (line.names, line.quantity) for line in order.lines if line.quantity}
    theirs = {line.line_id: (line.names, line.quantity) for line in snapshot.lines if line.quantity}
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
    base = replace(_seen(order or fresh, snapshot), location=snapshot.location, details={}, reason=None)
    return replace(base, placed_at=base.placed_at or snapshot.placed_at, decision=None)


def _place(order: Order | None, snapshot: Snapshot, world: World, instant: bool) -> Step:
    """Reserve all of it or nothing. What cannot be reserved becomes visible, never negative and never lost."""
    lines = tuple(_resolve(line, world) for line in snapshot.lines)
    base = replace(_blank(order, snapshot), lines=lines)
    obstacle = _obstacle(lines, world)
    if obstacle:
        return _hold(order, base, obstacle, instant)
    wanted = demand(lines)
    if not wanted:
        after = replace(base, state=State.CANCELLED, reason=Reason.NOTHING_TO_DELIVER, allocations=())
        return Outcome.CANCELLED, Change(order, after)
    kept, missing = _keep(order, wanted)
    plan = route(world.channel.policy, missing, world.candidates(), world.available, snapshot.location)
    base = replace(base, decision=_decision(world, wanted, plan))
    if plan.shortage:
        return _short(order, base, plan.shortage, world, instant)
    after = replace(base, state=State.RESERVED, allocations=allocate(lines, (*kept, *plan.takes)))
    change = Change(order, after)
    # An edit touches the levels it leaves as well, and a cancel must be able to give everything back at once.
    if max(len(promised(after)), len(change.levels())) > LEVELS_MAX:
        return _hold(order, base, (Reason.TOO_MANY_LEVELS, {"levels_max": str(LEVELS_MAX)}), instant)
    return Outcome.RESERVED, change


def _resolve(line: SnapshotLine, world: World) -> Line:
    alias = next((world.names[name] for name in line.names if name in world.names), None)
    if alias is None:
        return Line(line.line_id, line.names, line.quantity)
    item = world.items[alias.sku]
    return Line(line.line_id, line.names, line.quantity, alias.listing, item.sku, item.parts)


Obstacle = tuple[Reason, Mapping[str, str]]


def _obstacle(lines: Sequence[Line], world: World) -> Obstacle | None:
    wanted = [line for line in lines if line.quantity]
    unknown = [line for line in wanted if line.sku is None]
    if unknown:
        return Reason.UNKNOWN_SKU, {"names": ", ".join(" or ".join(line.names) for line in unknown)}
    skus = {sku for line in wanted for sku in (line.sku, *line.parts) if sku is not None}
    drafts = sorted(sku for sku in skus if world.items[sku].status is Status.DRAFT)
    return (Reason.DRAFT_SKU, {"skus": ", ".join(drafts)}) if drafts else None


def _can_be_told_no(order: Order | None, instant: bool) -> bool:
    """An order that exists on its channel exists whatever we think of it."""
    return instant and (order is None or order.state is State.REFUSED)


def _hold(order: Order | None, base: Order, obstacle: Obstacle, instant: bool) -> Step:
    reason, details = obstacle
    state = State.REFUSED if _can_be_told_no(order, instant) else State.EXCEPTION
    return Outcome(state.value), Change(order, replace(base, state=state, reason=reason, details=details))


def _short(order: Order | None, base: Order, shortage: Mapping[str, int], world: World, instant: bool) -> Step:
    details = {sku: str(units) for sku, units in shortage.items()}
    if base.allocations:  # An edit that cannot be covered: what was promised before stays promised.
        return _hold(order, base, (Reason.EDIT_SHORT, details), instant)
    refuse = _can_be_told_no(order, instant) and not world.channel.takes_requests
    state = State.REFUSED if refuse else State.REQUESTED
    return Outcome(state.value), Change(order, replace(base, state=state, reason=Reason.SHORTAGE, details=details))


def _keep(order: Order | None, wanted: Mapping[str, int]) -> tuple[tuple[Take, ...], dict[str, int]]:
    """What of the present allocations an edit keeps, and the demand beyond them; last places go first."""
    missing, kept = dict(wanted), list[Take]()
    rules = {(held.sku, held.location): held.rule for held in order.allocations} if order else {}
    for (sku, location), units in promised(order).items():
        part = min(units, missing.get(sku, 0))
        if part:
            kept.append(Take(sku, location, part, rules[sku, location]))
            missing[sku] -= part
    return tuple(kept), {sku: units for sku, units in missing.items() if units}


def _decision(world: World, wanted: Mapping[str, int], plan: Plan) -> Decision:
    candidates = world.candidates()
    saw = {sku: {at: units for at in candidates if (units := world.available(sku, at))} for sku in wanted}
    return Decision(world.channel.policy.value, candidates, saw, plan.shortage or {})
