"""Many workers, few units: the last one is sold once. And a book with the classic bug, which must oversell."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.commit_groups import CommitGroup
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Level
from lastunit.ports.orders import OrderStore
from lastunit.use_cases.orders.change_orders import ChangeOrders, Incoming
from tests.support.aws.dynamo import HubStore
from tests.support.orders.inputs import sold
from tests.support.orders.order_shop import outcome_name

WORKERS, UNITS = 8, 20
SHIRT: LevelKey = LevelKey("shirt", "M")


@dataclass(slots=True)
class MeetingOrderStore:
    """A book whose workers all have read before the first of them writes: the worst moment, every time."""

    order_store: OrderStore
    barrier: threading.Barrier
    met: bool = field(default=False)

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        return self.order_store.orders(order_ids)

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        return self.order_store.items(skus)

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        return self.order_store.levels(keys)

    def waiting_for(self, channel: str, names: Iterable[str] | None) -> list[Order]:
        return self.order_store.waiting_for(channel, names)

    def queue_for(self, sku: str, most: int) -> list[str]:
        return self.order_store.queue_for(sku, most)

    def awaiting_units(self) -> list[Order]:
        return self.order_store.awaiting_units()

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        return self.order_store.due(clock, before, most)

    def commit(self, commit_id: str, group: CommitGroup, at: datetime) -> None:
        if not self.met:
            self.met = True
            self.barrier.wait(timeout=30)
        self.order_store.commit(commit_id, group, at)


@dataclass(slots=True)
class RacingOrderStore:
    """The bug: the check is in the program, and the write only repeats what the program computed."""

    store: HubStore
    barrier: threading.Barrier

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        return self.store.order_store.orders(order_ids)

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        return self.store.order_store.items(skus)

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        return self.store.order_store.levels(keys)

    def waiting_for(self, channel: str, names: Iterable[str] | None) -> list[Order]:
        return self.store.order_store.waiting_for(channel, names)

    def queue_for(self, sku: str, most: int) -> list[str]:
        return self.store.order_store.queue_for(sku, most)

    def awaiting_units(self) -> list[Order]:
        return self.store.order_store.awaiting_units()

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        return self.store.order_store.due(clock, before, most)

    def commit(self, commit_id: str, group: CommitGroup, at: datetime) -> None:
        read = self.store.order_store.levels(group.levels)
        assert all(read[key].available >= -one.available for key, one in group.levels.items())
        self.barrier.wait(timeout=30)
        self.store.order_store.commit(commit_id, CommitGroup(changes=group.changes), at)
        for (sku, location), movement in group.levels.items():
            level = read[LevelKey(sku, location)]
            self.store.client.update_item(
                TableName=self.store.tables.stock,
                Key={"pk": {"S": f"SKU#{sku}"}, "sk": {"S": f"AT#{location}"}},
                UpdateExpression="SET available = :available, reserved = :reserved",
                ExpressionAttributeValues={
                    ":available": {"N": str(level.available + movement.available)},
                    ":reserved": {"N": str(level.reserved + movement.reserved)},
                },
            )


def at_once(workers: Iterable[ChangeOrders], batches: Iterable[list[list[OrderSnapshot]]]) -> Counter[str]:
    """Each worker places its batches one after the other, all workers at the same time."""

    def work(change: ChangeOrders, own: list[list[OrderSnapshot]]) -> list[str]:
        answers = [change.apply([Incoming(str(at), one) for at, one in enumerate(batch)]) for batch in own]
        return [outcome_name(answer) for one in answers for answer in one.values()]

    with ThreadPoolExecutor(WORKERS) as pool:
        return Counter(outcome for outcomes in pool.map(work, workers, batches) for outcome in outcomes)


def orders_of(units: int) -> list[list[list[OrderSnapshot]]]:
    """One batch with one order for each worker."""
    return [[[sold({"shirt": units}, f"w{worker}")]] for worker in range(WORKERS)]


def promised_units(store: HubStore) -> int:
    reserved = [order for order in store.orders().values() if order.state is State.RESERVED]
    return sum(held.quantity for order in reserved for held in order.allocations)


def meet(store: HubStore, order_store: Callable[[threading.Barrier], OrderStore]) -> Counter[str]:
    """Eight workers read 20 units, each finds enough for an order of 5, and only then does any of them write."""
    barrier = threading.Barrier(WORKERS)
    store.fill({SHIRT: UNITS})
    return at_once([store.change_orders(order_store=order_store(barrier)) for _ in range(WORKERS)], orders_of(5))


def test_workers_that_all_read_before_any_wrote_sell_exactly_what_there_is(store: HubStore) -> None:
    outcomes = meet(store, lambda barrier: MeetingOrderStore(store.order_store, barrier))

    level = store.levels()[SHIRT]
    assert {"reserved": 4, "requested": 4} == outcomes
    assert ((0, UNITS), UNITS) == ((level.available, level.reserved), promised_units(store))
    assert [] == store.broken_promises()


def test_a_book_that_reads_and_then_writes_without_a_condition_oversells(store: HubStore) -> None:
    """The proof that the test above can fail."""
    outcomes = meet(store, lambda barrier: RacingOrderStore(store, barrier))

    level = store.levels()[SHIRT]
    assert ({"reserved": 8}, 2 * UNITS) == (outcomes, promised_units(store))
    assert (15, 5) == (level.available, level.reserved)
    assert store.broken_promises()


def test_many_small_orders_at_once_sell_exactly_what_there_is(store: HubStore) -> None:
    store.fill({SHIRT: UNITS})
    batches = [[[sold({"shirt": 1}, f"{worker}-{number}")] for number in range(5)] for worker in range(WORKERS)]

    outcomes = at_once([store.change_orders() for _ in range(WORKERS)], batches)

    level = store.levels()[SHIRT]
    assert {"reserved": UNITS, "requested": 20} == outcomes
    assert ((0, UNITS), UNITS) == ((level.available, level.reserved), promised_units(store))
    assert [] == store.broken_promises()


def test_groups_at_once_with_every_order_delivered_to_two_workers_sell_each_once(store: HubStore) -> None:
    store.fill({SHIRT: UNITS, LevelKey("shirt", "L"): 3})
    half = [[sold({"shirt": 1}, f"{number}") for number in range(start, start + 8)] for start in range(0, 32, 8)]
    batches, barrier = [[batch] for batch in (*half, *half)], threading.Barrier(WORKERS)

    outcomes = at_once(
        [store.change_orders(order_store=MeetingOrderStore(store.order_store, barrier)) for _ in range(WORKERS)],
        batches,
    )

    assert {"reserved": UNITS + 3, "requested": 9, "duplicate": 32} == outcomes
    assert (UNITS + 3, []) == (promised_units(store), store.broken_promises())
