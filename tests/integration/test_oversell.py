"""Many workers, few units: the last one is sold once. And a book with the classic bug, which must oversell."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from lastunit.change_orders import ChangeOrders, Incoming
from lastunit.domain.catalogue import Sku
from lastunit.domain.groups import Group
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Order
from lastunit.domain.snapshots import Snapshot
from lastunit.ports import StockBook
from tests.dynamo import Store
from tests.fakes import sold, told

WORKERS, UNITS = 8, 20
SHIRT: LevelKey = ("shirt", "M")


@dataclass(slots=True)
class Meeting:
    """A book whose workers all have read before the first of them writes: the worst moment, every time."""

    book: StockBook
    barrier: threading.Barrier
    met: bool = field(default=False)

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        return self.book.orders(order_ids)

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        return self.book.items(skus)

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        return self.book.levels(keys)

    def waiting_for(self, channel: str, names: Iterable[str]) -> list[Order]:
        return self.book.waiting_for(channel, names)

    def queue_for(self, sku: str, most: int) -> list[str]:
        return self.book.queue_for(sku, most)

    def awaiting_units(self) -> list[Order]:
        return self.book.awaiting_units()

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        return self.book.due(clock, before, most)

    def commit(self, commit_id: str, group: Group, at: datetime) -> None:
        if not self.met:
            self.met = True
            self.barrier.wait(timeout=30)
        self.book.commit(commit_id, group, at)


@dataclass(slots=True)
class RacyBook:
    """The bug: the check is in the program, and the write only repeats what the program computed."""

    store: Store
    barrier: threading.Barrier

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        return self.store.book.orders(order_ids)

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        return self.store.book.items(skus)

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        return self.store.book.levels(keys)

    def waiting_for(self, channel: str, names: Iterable[str]) -> list[Order]:
        return self.store.book.waiting_for(channel, names)

    def queue_for(self, sku: str, most: int) -> list[str]:
        return self.store.book.queue_for(sku, most)

    def awaiting_units(self) -> list[Order]:
        return self.store.book.awaiting_units()

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        return self.store.book.due(clock, before, most)

    def commit(self, commit_id: str, group: Group, at: datetime) -> None:
        read = self.store.book.levels(group.levels)
        assert all(read[key].available >= -one.available for key, one in group.levels.items())
        self.barrier.wait(timeout=30)
        self.store.book.commit(commit_id, Group(group.changes), at)
        for (sku, location), movement in group.levels.items():
            level = read[sku, location]
            self.store.client.update_item(
                TableName=self.store.tables.stock,
                Key={"pk": {"S": f"SKU#{sku}"}, "sk": {"S": f"AT#{location}"}},
                UpdateExpression="SET available = :available, reserved = :reserved",
                ExpressionAttributeValues={
                    ":available": {"N": str(level.available + movement.available)},
                    ":reserved": {"N": str(level.reserved + movement.reserved)},
                },
            )


def at_once(workers: Iterable[ChangeOrders], batches: Iterable[list[list[Snapshot]]]) -> Counter[str]:
    """Each worker places its batches one after the other, all workers at the same time."""

    def work(change: ChangeOrders, own: list[list[Snapshot]]) -> list[str]:
        answers = [change([Incoming(str(at), one) for at, one in enumerate(batch)]) for batch in own]
        return [told(answer) for one in answers for answer in one.values()]

    with ThreadPoolExecutor(WORKERS) as pool:
        return Counter(outcome for outcomes in pool.map(work, workers, batches) for outcome in outcomes)


def orders_of(units: int) -> list[list[list[Snapshot]]]:
    """One batch with one order for each worker."""
    return [[[sold({"shirt": units}, f"w{worker}")]] for worker in range(WORKERS)]


def promised_units(store: Store) -> int:
    reserved = [order for order in store.orders().values() if order.state is State.RESERVED]
    return sum(held.quantity for order in reserved for held in order.allocations)


def meet(store: Store, book: Callable[[threading.Barrier], StockBook]) -> Counter[str]:
    """Eight workers read 20 units, each finds enough for an order of 5, and only then does any of them write."""
    barrier = threading.Barrier(WORKERS)
    store.fill({SHIRT: UNITS})
    return at_once([store.change_orders(book=book(barrier)) for _ in range(WORKERS)], orders_of(5))


def test_workers_that_all_read_before_any_wrote_sell_exactly_what_there_is(store: Store) -> None:
    outcomes = meet(store, lambda barrier: Meeting(store.book, barrier))

    level = store.levels()[SHIRT]
    assert {"reserved": 4, "requested": 4} == outcomes
    assert ((0, UNITS), UNITS) == ((level.available, level.reserved), promised_units(store))
    assert [] == store.broken_promises()


def test_a_book_that_reads_and_then_writes_without_a_condition_oversells(store: Store) -> None:
    """The proof that the test above can fail."""
    outcomes = meet(store, lambda barrier: RacyBook(store, barrier))

    level = store.levels()[SHIRT]
    assert ({"reserved": 8}, 2 * UNITS) == (outcomes, promised_units(store))
    assert (15, 5) == (level.available, level.reserved)
    assert store.broken_promises()


def test_many_small_orders_at_once_sell_exactly_what_there_is(store: Store) -> None:
    store.fill({SHIRT: UNITS})
    batches = [[[sold({"shirt": 1}, f"{worker}-{number}")] for number in range(5)] for worker in range(WORKERS)]

    outcomes = at_once([store.change_orders() for _ in range(WORKERS)], batches)

    level = store.levels()[SHIRT]
    assert {"reserved": UNITS, "requested": 20} == outcomes
    assert ((0, UNITS), UNITS) == ((level.available, level.reserved), promised_units(store))
    assert [] == store.broken_promises()


def test_groups_at_once_with_every_order_delivered_to_two_workers_sell_each_once(store: Store) -> None:
    store.fill({SHIRT: UNITS, ("shirt", "L"): 3})
    half = [[sold({"shirt": 1}, f"{number}") for number in range(start, start + 8)] for start in range(0, 32, 8)]
    batches, barrier = [[batch] for batch in (*half, *half)], threading.Barrier(WORKERS)

    outcomes = at_once([store.change_orders(book=Meeting(store.book, barrier)) for _ in range(WORKERS)], batches)

    assert {"reserved": UNITS + 3, "requested": 9, "duplicate": 32} == outcomes
    assert (UNITS + 3, []) == (promised_units(store), store.broken_promises())
