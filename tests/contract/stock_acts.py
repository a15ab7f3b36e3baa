"""What people, channels and workers do to the catalogue, stock and orders."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lastunit.domain.channel import Channel
from lastunit.domain.events.business_events import BusinessEvent
from lastunit.domain.events.ledger import LevelEntry, MovementKind
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.commit_groups import CommitGroup, commit_group
from lastunit.domain.orders.order import Allocation, Line, Order, PickedUnits, Shipment
from lastunit.domain.orders.states import OrderReason as OrderReason
from lastunit.domain.orders.states import State
from lastunit.domain.review import ExceptionKind as ExceptionKind
from lastunit.domain.review import ExceptionRecord, ReviewKind
from lastunit.domain.stock.catalogue import Alias, Sku, Status
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Bin, BinKind, Place, Transfer
from lastunit.domain.stock.replenishment import ReplenishmentTask, TaskKind
from tests.contract.hub import RecordedHub
from tests.contract.shop import BINS, CHANNELS, LOCATIONS, SKUS, Acts


def _sku(hub: RecordedHub, rng: random.Random) -> Any:
    name = rng.choice((*SKUS, "set", "new"))
    recipe = {sku: rng.randint(1, 2) for sku in SKUS[:2]} if name == "set" or rng.random() < 0.2 else {}
    status, low = rng.choice(list(Status)), None if recipe else rng.choice((None, 3))
    before = hub.book.items([name]).get(name)
    return hub.catalogue.put_sku(
        Sku(
            sku=name,
            status=status,
            recipe={part: units for part, units in recipe.items() if part != name},
            low_stock=low,
        ),
        rng.choice((before, before, None)),
    )


def _channel(hub: RecordedHub, rng: random.Random) -> Any:
    name = rng.choice(CHANNELS)
    before, revision = hub.settings.channel(name), hub.catalogue.revision()
    version = (before.version if before else 0) + rng.choice((1, 1, 2))
    channel = Channel(
        name=name, kind="generic", version=version, buffer=rng.randint(0, 3), locations=frozenset(LOCATIONS[:1])
    )
    hub.catalogue.put_channel(channel, revision - rng.choice((0, 0, 1)), hub.clock.now())
    return hub.catalogue.versions(name, 2), hub.settings.channels(), hub.settings.locations()


def _alias(hub: RecordedHub, rng: random.Random) -> Any:
    channel, name, sku = (
        rng.choice(CHANNELS),
        rng.choice((*SKUS, "tee", "mug")),
        rng.choice((*SKUS, "gone")),
    )
    before = {alias.name: alias for alias in hub.settings.aliases(channel, [name])}.get(name)
    expected = rng.choice((before, before, None))
    if rng.random() < 0.5:
        return hub.catalogue.put_listing(channel, Alias(name, sku, name), {"id": name}, expected, {"cap": 5})
    return hub.catalogue.put_alias(channel, Alias(name, sku, "shirt"), expected)


def _receive(hub: RecordedHub, rng: random.Random) -> Any:
    operation = f"receive-{rng.randint(1, 9)}"
    bin = rng.choice((None, None, *BINS))
    adjustment = Adjustment(
        operation=operation,
        reason=AdjustmentReason.RECEIVE,
        sku=rng.choice((*SKUS, "set", "gone")),
        location=rng.choice((*LOCATIONS, "X")),
        delta=rng.randint(1, 6),
        bin=bin,
    )
    return hub.movements.move(adjustment, hub.clock.now())


def _damage(hub: RecordedHub, rng: random.Random) -> Any:
    operation, bin = f"damage-{rng.randint(1, 9)}", rng.choice((None, *BINS))
    adjustment = Adjustment(
        operation=operation,
        reason=AdjustmentReason.DAMAGE,
        sku=rng.choice(SKUS),
        location=rng.choice(LOCATIONS),
        delta=-rng.randint(1, 9),
        bin=bin,
    )
    return hub.movements.move(adjustment, hub.clock.now())


def _transfer(hub: RecordedHub, rng: random.Random) -> Any:
    source = Place(rng.choice(LOCATIONS), rng.choice((None, None, *BINS)))
    destination = Place(rng.choice(LOCATIONS), rng.choice((*BINS, None)))
    operation = f"transfer-{rng.randint(1, 12)}"
    return hub.movements.move(
        Transfer(
            operation=operation,
            sku=rng.choice(SKUS),
            quantity=rng.randint(1, 4),
            source=source,
            destination=destination,
        ),
        hub.clock.now(),
    )


def _bin(hub: RecordedHub, rng: random.Random) -> Any:
    kind = rng.choice(list(BinKind))
    mark = rng.choice((None, 5)) if kind is BinKind.PICKING else None
    bin = Bin(name=rng.choice(BINS), kind=kind, mark=mark)
    return hub.movements.put_bin(rng.choice((*SKUS, "set")), rng.choice((*LOCATIONS, "X")), bin)


def _place_orders(hub: RecordedHub, rng: random.Random) -> Any:
    orders = {order.order_id: order for order in (_new_order(hub, rng) for _ in range(rng.randint(1, 3)))}
    return _commit(hub, rng, [OrderChange(before=None, after=order) for order in orders.values()])


def _new_order(hub: RecordedHub, rng: random.Random) -> Order:
    sku, units = rng.choice(SKUS), rng.randint(1, 6)
    line = Line(line_id="1", names=(sku,), quantity=units, listing=sku, sku=sku, parts={sku: 1})
    channel, number, at = rng.choice(CHANNELS), str(rng.randint(1, 9)), hub.clock.now()
    if rng.random() < 0.3:
        state = rng.choice((State.EXCEPTION, State.REQUESTED))
        waits: Any = {"reason": OrderReason.UNKNOWN_SKU, "waiting_since": at, "decide_by": at, "queued_at": at}
        return Order(
            channel=channel,
            external_id=number,
            state=state,
            revision="1",
            fingerprints=("f",),
            lines=(line,),
            **waits,
        )
    held = (Allocation(line_id="1", sku=sku, location=rng.choice(LOCATIONS), quantity=units, rule="R2"),)
    return Order(
        channel=channel,
        external_id=number,
        state=State.RESERVED,
        revision="1",
        fingerprints=("f",),
        lines=(line,),
        allocations=held,
        placed_at=at,
    )


def _change_orders(hub: RecordedHub, rng: random.Random) -> Any:
    wanted = sorted({f"{rng.choice(CHANNELS)}:{rng.randint(1, 9)}" for _ in range(3)})
    found = hub.book.orders(wanted)
    changes = [_changed(found[one], rng) for one in wanted if one in found]
    return _commit(hub, rng, changes) if changes else found


def _changed(order: Order, rng: random.Random) -> OrderChange:
    known = replace(order, rev=order.rev - 1) if order.rev > 1 and rng.random() < 0.2 else order
    if rng.random() < 0.5 or not order.allocations:
        return OrderChange(
            before=known,
            after=replace(order, state=State.CANCELLED, allocations=(), queued_at=None, decide_by=None),
        )
    took = tuple(
        PickedUnits(
            line_id=one.line_id,
            sku=one.sku,
            location=one.location,
            quantity=one.quantity,
            bins={"A": 1} if rng.random() < 0.3 else {},
        )
        for one in order.allocations
    )
    parcel = Shipment(shipment_id=f"parcel-{order.rev}", lines={"1": order.lines[0].quantity}, picked=took)
    return OrderChange(
        before=known,
        after=replace(order, state=State.SHIPPED, allocations=(), shipments=(*order.shipments, parcel)),
    )


def _commit(hub: RecordedHub, rng: random.Random, changes: list[OrderChange]) -> Any:
    commit, whole = f"commit-{rng.randint(1, 10**9)}", commit_group(changes)
    hub.book.commit(commit, _disturbed(whole, rng), hub.clock.now())
    if rng.random() < 0.1:
        hub.book.commit(commit, whole, hub.clock.now())  # Its answer was lost, and it is sent again.
    return hub.book.orders(change.after.order_id for change in changes)


def _disturbed(whole: CommitGroup, rng: random.Random) -> CommitGroup:
    """Sometimes with a listing that does not exist, and the room of a SKU counted."""
    listings = dict(whole.listings)
    if rng.random() < 0.1:
        listings[ListingKey("shirt", "web", "gone")] = 1
    return replace(whole, listings=listings, skus_losing_room=frozenset({"cap"} if rng.random() < 0.2 else ()))


def _look_at_stock(hub: RecordedHub, rng: random.Random) -> Any:
    keys = [LevelKey(sku, location) for sku in (*SKUS, "gone") for location in LOCATIONS]
    queues = [hub.book.queue_for(sku, rng.randint(1, 3)) for sku in SKUS]
    due = hub.book.due("decision", hub.clock.now(), 3)
    waiting = {order.order_id for order in hub.book.waiting_for("web", SKUS)}
    return hub.book.levels(keys), hub.book.items((*SKUS, "set")), queues, due, waiting


def _exception(hub: RecordedHub, rng: random.Random) -> Any:
    exception_id, at = f"e{rng.randint(1, 3)}", hub.clock.now().isoformat()
    if rng.random() < 0.5:
        hub.exceptions.record(
            ExceptionRecord(
                exception_id=exception_id,
                kind=ExceptionKind.UNREADABLE_ORDER,
                channel="web",
                cause="odd",
                at=at,
                payload='{"a": 1}',
            )
        )
        return hub.exceptions.review(ReviewKind.EXCEPTION, 5)
    hub.exceptions.resolve(exception_id, "me", at, tried_again=rng.random() < 0.5)
    return hub.exceptions.message(exception_id)


def _task(hub: RecordedHub, rng: random.Random) -> Any:
    sku, seq, at = rng.choice(SKUS), rng.randint(1, 9), hub.clock.now().isoformat()
    if rng.random() < 0.6:
        task = ReplenishmentTask(
            sku=sku,
            location="M",
            kind=rng.choice(list(TaskKind)),
            quantity=3,
            take_from=rng.choice((None, "B")),
            put_into="A",
        )
        hub.tasks.open(task, seq, at)
    else:
        hub.tasks.close(sku, "M", seq)
    return hub.exceptions.review(ReviewKind.REPLENISH, 5)


def _low(hub: RecordedHub, rng: random.Random) -> Any:
    sku, at = rng.choice(SKUS), hub.clock.now().isoformat()
    if rng.random() < 0.5:
        hub.tasks.keep_low(
            BusinessEvent(event_id="a", type="sku.low", at=at, data={"sku": sku, "available": 1, "low_stock": 3})
        )
    else:
        hub.tasks.clear_low(sku)
    low = hub.exceptions.review(ReviewKind.LOW_STOCK, 5)
    return low, [hub.tasks.is_low(one) for one in SKUS]


def _ledger(hub: RecordedHub, rng: random.Random) -> Any:
    seq, at = rng.randint(1, 4), "2026-01-01T00:00:00+00:00"
    return hub.ledger.write(
        LevelEntry(
            sku="shirt",
            location="M",
            seq=seq,
            kind=MovementKind.ALLOCATED,
            on_hand=1,
            available=1,
            reserved=0,
            on_hand_after=seq,
            available_after=seq,
            reserved_after=0,
            cause="orders c",
            at=at,
            bins={"A": 1},
        )
    )


def _past(hub: RecordedHub, rng: random.Random) -> Any:
    orders, whole = hub.past_orders.since(hub.clock.now() - timedelta(minutes=rng.randint(1, 60)), 50, 9.0)
    return sorted(orders, key=lambda order: order.order_id), whole


ACTS: Acts = (
    (_sku, 3),
    (_channel, 2),
    (_alias, 3),
    (_receive, 3),
    (_damage, 2),
    (_transfer, 3),
    (_bin, 5),
    (_place_orders, 6),
    (_change_orders, 6),
    (_look_at_stock, 2),
    (_exception, 3),
    (_task, 2),
    (_low, 1),
    (_ledger, 1),
    (_past, 1),
)
