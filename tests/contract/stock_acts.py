"""What people, channels and workers do to the catalogue, stock and orders."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lastunit.domain.announcing import Announcement
from lastunit.domain.catalogue import Alias, Sku, Status
from lastunit.domain.channels import Channel
from lastunit.domain.exceptions import ExceptionRecord
from lastunit.domain.exceptions import Kind as ExceptionKind
from lastunit.domain.groups import Group, group
from lastunit.domain.ledger import LevelEntry
from lastunit.domain.levels import Adjustment, Bin, BinKind, Place, Reason, Transfer
from lastunit.domain.lifecycle import Reason as OrderReason
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Allocation, Change, Line, Order, Parcel, Taken
from lastunit.domain.replenishing import Task, TaskKind
from tests.contract.hub import Hub
from tests.contract.shop import BINS, CHANNELS, LOCATIONS, SKUS, Acts


def _sku(hub: Hub, chance: random.Random) -> Any:
    name = chance.choice((*SKUS, "set", "new"))
    recipe = {sku: chance.randint(1, 2) for sku in SKUS[:2]} if name == "set" or chance.random() < 0.2 else {}
    status, low = chance.choice(list(Status)), None if recipe else chance.choice((None, 3))
    before = hub.book.items([name]).get(name)
    return hub.catalogue.put_sku(
        Sku(name, status, {part: units for part, units in recipe.items() if part != name}, low),
        chance.choice((before, before, None)),
    )


def _channel(hub: Hub, chance: random.Random) -> Any:
    name = chance.choice(CHANNELS)
    before, revision = hub.settings.channel(name), hub.catalogue.revision()
    version = (before.version if before else 0) + chance.choice((1, 1, 2))
    channel = Channel(
        name, "generic", version=version, buffer=chance.randint(0, 3), locations=frozenset(LOCATIONS[:1])
    )
    hub.catalogue.put_channel(channel, revision - chance.choice((0, 0, 1)), hub.clock.now())
    return hub.catalogue.versions(name, 2), hub.settings.channels(), hub.settings.locations()


def _alias(hub: Hub, chance: random.Random) -> Any:
    channel, name, sku = (
        chance.choice(CHANNELS),
        chance.choice((*SKUS, "tee", "mug")),
        chance.choice((*SKUS, "gone")),
    )
    before = {alias.name: alias for alias in hub.settings.aliases(channel, [name])}.get(name)
    expected = chance.choice((before, before, None))
    if chance.random() < 0.5:
        return hub.catalogue.put_listing(channel, Alias(name, sku, name), {"id": name}, expected, {"cap": 5})
    return hub.catalogue.put_alias(channel, Alias(name, sku, "shirt"), expected)


def _receive(hub: Hub, chance: random.Random) -> Any:
    operation = f"receive-{chance.randint(1, 9)}"
    bin = chance.choice((None, None, *BINS))
    adjustment = Adjustment(
        operation,
        Reason.RECEIVE,
        chance.choice((*SKUS, "set", "gone")),
        chance.choice((*LOCATIONS, "X")),
        chance.randint(1, 6),
        bin,
    )
    return hub.movements.move(adjustment, hub.clock.now())


def _damage(hub: Hub, chance: random.Random) -> Any:
    operation, bin = f"damage-{chance.randint(1, 9)}", chance.choice((None, *BINS))
    adjustment = Adjustment(
        operation, Reason.DAMAGE, chance.choice(SKUS), chance.choice(LOCATIONS), -chance.randint(1, 9), bin
    )
    return hub.movements.move(adjustment, hub.clock.now())


def _transfer(hub: Hub, chance: random.Random) -> Any:
    source = Place(chance.choice(LOCATIONS), chance.choice((None, None, *BINS)))
    destination = Place(chance.choice(LOCATIONS), chance.choice((*BINS, None)))
    operation = f"transfer-{chance.randint(1, 12)}"
    return hub.movements.move(
        Transfer(operation, chance.choice(SKUS), chance.randint(1, 4), source, destination), hub.clock.now()
    )


def _bin(hub: Hub, chance: random.Random) -> Any:
    kind = chance.choice(list(BinKind))
    mark = chance.choice((None, 5)) if kind is BinKind.PICKING else None
    bin = Bin(chance.choice(BINS), kind, mark=mark)
    return hub.movements.put_bin(chance.choice((*SKUS, "set")), chance.choice((*LOCATIONS, "X")), bin)


def _place_orders(hub: Hub, chance: random.Random) -> Any:
    orders = {order.order_id: order for order in (_new_order(hub, chance) for _ in range(chance.randint(1, 3)))}
    return _commit(hub, chance, [Change(None, order) for order in orders.values()])


def _new_order(hub: Hub, chance: random.Random) -> Order:
    sku, units = chance.choice(SKUS), chance.randint(1, 6)
    line = Line("1", (sku,), units, sku, sku, {sku: 1})
    channel, number, at = chance.choice(CHANNELS), str(chance.randint(1, 9)), hub.clock.now().isoformat()
    if chance.random() < 0.3:
        state = chance.choice((State.EXCEPTION, State.REQUESTED))
        waits: Any = {"reason": OrderReason.UNKNOWN_SKU, "waiting_since": at, "decide_by": at, "queued_at": at}
        return Order(channel, number, state, "1", ("f",), (line,), **waits)
    held = (Allocation("1", sku, chance.choice(LOCATIONS), units, "R2"),)
    return Order(channel, number, State.RESERVED, "1", ("f",), (line,), held, placed_at=at)


def _change_orders(hub: Hub, chance: random.Random) -> Any:
    wanted = sorted({f"{chance.choice(CHANNELS)}:{chance.randint(1, 9)}" for _ in range(3)})
    found = hub.book.orders(wanted)
    changes = [_changed(found[one], chance) for one in wanted if one in found]
    return _commit(hub, chance, changes) if changes else found


def _changed(order: Order, chance: random.Random) -> Change:
    known = replace(order, rev=order.rev - 1) if order.rev > 1 and chance.random() < 0.2 else order
    if chance.random() < 0.5 or not order.allocations:
        return Change(known, replace(order, state=State.CANCELLED, allocations=(), queued_at=None, decide_by=None))
    took = tuple(
        Taken(one.line_id, one.sku, one.location, one.quantity, {"A": 1} if chance.random() < 0.3 else {})
        for one in order.allocations
    )
    parcel = Parcel(f"parcel-{order.rev}", {"1": order.lines[0].quantity}, took)
    return Change(known, replace(order, state=State.SHIPPED, allocations=(), parcels=(*order.parcels, parcel)))


def _commit(hub: Hub, chance: random.Random, changes: list[Change]) -> Any:
    commit, whole = f"commit-{chance.randint(1, 10**9)}", group(changes)
    hub.book.commit(commit, _disturbed(whole, chance), hub.clock.now())
    if chance.random() < 0.1:
        hub.book.commit(commit, whole, hub.clock.now())  # Its answer was lost, and it is sent again.
    return hub.book.orders(change.after.order_id for change in changes)


def _disturbed(whole: Group, chance: random.Random) -> Group:
    """Sometimes with a listing that does not exist, and the room of a SKU counted."""
    listings = dict(whole.listings)
    if chance.random() < 0.1:
        listings["shirt", "web", "gone"] = 1
    return replace(whole, listings=listings, grown=frozenset({"cap"} if chance.random() < 0.2 else ()))


def _look_at_stock(hub: Hub, chance: random.Random) -> Any:
    keys = [(sku, location) for sku in (*SKUS, "gone") for location in LOCATIONS]
    queues = [hub.book.queue_for(sku, chance.randint(1, 3)) for sku in SKUS]
    due = hub.book.due("decision", hub.clock.now(), 3)
    waiting = {order.order_id for order in hub.book.waiting_for("web", SKUS)}
    return hub.book.levels(keys), hub.book.items((*SKUS, "set")), queues, due, waiting


def _exception(hub: Hub, chance: random.Random) -> Any:
    exception_id, at = f"e{chance.randint(1, 3)}", hub.clock.now().isoformat()
    if chance.random() < 0.5:
        hub.exceptions.record(
            ExceptionRecord(exception_id, ExceptionKind.UNREADABLE_ORDER, "web", "odd", at, '{"a": 1}')
        )
        return hub.exceptions.waiting("exception", 5)
    return hub.exceptions.resolve(exception_id, "me", at, tried_again=chance.random() < 0.5)


def _task(hub: Hub, chance: random.Random) -> Any:
    sku, seq, at = chance.choice(SKUS), chance.randint(1, 9), hub.clock.now().isoformat()
    if chance.random() < 0.6:
        task = Task(sku, "M", chance.choice(list(TaskKind)), 3, chance.choice((None, "B")), "A")
        hub.tasks.open(task, seq, at)
    else:
        hub.tasks.close(sku, "M", seq)
    return hub.exceptions.waiting("replenish", 5)


def _low(hub: Hub, chance: random.Random) -> Any:
    sku, at = chance.choice(SKUS), hub.clock.now().isoformat()
    if chance.random() < 0.5:
        hub.tasks.keep_low(Announcement("a", "sku.low", at, {"sku": sku, "available": 1, "low_stock": 3}))
    else:
        hub.tasks.clear_low(sku)
    return [hub.tasks.is_low(one) for one in SKUS]


def _ledger(hub: Hub, chance: random.Random) -> Any:
    seq, at = chance.randint(1, 4), "2026-01-01T00:00:00+00:00"
    return hub.ledger.write(LevelEntry("shirt", "M", seq, 1, 1, 0, seq, seq, 0, "orders c", at, {"A": 1}))


def _past(hub: Hub, chance: random.Random) -> Any:
    orders, whole = hub.past_orders.since(hub.clock.now() - timedelta(minutes=chance.randint(1, 60)), 50, 9.0)
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
