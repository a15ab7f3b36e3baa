"""Clients at work at once on a few scarce levels, through the use cases and the real adapters."""

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lastunit.adapters.movements import DynamoMovements
from lastunit.adapters.stock_book import DynamoStockBook
from lastunit.adjust import AdjustStock
from lastunit.change_orders import ChangeOrders, Incoming
from lastunit.domain.errors import LastunitError
from lastunit.domain.facts import Fact
from lastunit.domain.levels import Adjustment, BinKind, LevelKey, Operation, Place, Reason, Transfer
from tests.dynamo import Store
from tests.fakes import FixedClock, cancelled, left_us, sold, told
from tests.life import voided
from tests.linear.levels import History, Stock, check, check_sums
from tests.linear.recorder import Recorder, stock_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SKUS, PLACES = ("hat", "mug", "shirt"), ("M", "L")
LEVELS: dict[LevelKey, int] = {(sku, place): 25 for sku in SKUS for place in PLACES}
SHELVES: dict[LevelKey, dict[str, tuple[BinKind, int]]] = {
    ("shirt", "M"): {"P": (BinKind.PICKING, 4), "S": (BinKind.STORAGE, 4)},
}
ORDERS_SHARE = 0.7  # The other acts are a person's, on stock.
BATCH_MAX = 3
UNITS_MAX = 3


@dataclass(frozen=True, slots=True)
class Run:
    """`start` and `final`: what the levels held before and after. `outcomes`: what the clients were told."""

    history: History
    start: dict[LevelKey, Stock]
    final: dict[LevelKey, Stock]
    outcomes: Counter[str]

    def problems(self) -> list[str]:
        return [*check(self.history, self.start), *check_sums(self.history, self.start, self.final)]

    @property
    def calls(self) -> int:
        return sum(map(len, self.history.values()))

    @property
    def unanswered(self) -> int:
        return sum(call.returned is None for calls in self.history.values() for call in calls)


@dataclass(slots=True)
class Client:
    """`delivered`: what all clients were told of, to be told once more by any of them. `known`: its own orders."""

    name: str
    change_orders: ChangeOrders
    adjust_stock: AdjustStock
    delivered: list[list[Fact]]
    chance: random.Random
    acts: int = 0
    known: dict[str, dict[str, int]] = field(default_factory=dict)
    asked: list[Operation] = field(default_factory=list)

    def act(self) -> Counter[str]:
        self.acts += 1
        if self.chance.random() >= ORDERS_SHARE:
            return self._adjust()
        batch = self._batch()
        answers = self.change_orders([Incoming(str(at), fact) for at, fact in enumerate(batch)])
        return Counter(map(told, answers.values()))

    def _batch(self) -> list[Fact]:
        if self.delivered and self.chance.random() < 0.2:
            return self.chance.choice(self.delivered)
        batch = [self._fact(at) for at in range(self.chance.randint(1, BATCH_MAX))]
        self.delivered.append(batch)
        return batch

    def _fact(self, at: int) -> Fact:
        """A new order, or whatever may follow an earlier one. Later revisions sort after earlier ones."""
        revision, following = f"{self.acts:03}-{at}", self.chance.random()
        if not self.known or following < 0.5:
            external_id = f"{self.name}-{revision}"
            self.known[external_id] = self._units()
            return sold(self.known[external_id], external_id, revision=revision)
        external_id = self.chance.choice(sorted(self.known))
        if following < 0.6:
            return sold(self._units(), external_id, revision=revision)
        if following < 0.75:
            return cancelled(external_id, revision=revision)
        shipment_id = f"s{self.chance.randint(1, 2)}"
        if following < 0.95:
            return left_us(self.known[external_id], external_id, shipment_id=shipment_id)
        return voided(shipment_id, external_id)

    def _units(self) -> dict[str, int]:
        skus = self.chance.sample(SKUS, self.chance.randint(1, len(SKUS)))
        return {sku: self.chance.randint(1, UNITS_MAX) for sku in skus}

    def _adjust(self) -> Counter[str]:
        """Some acts are asked twice; whoever hears no answer or a refusal leaves it at that."""
        repeats = self.asked and self.chance.random() < 0.2
        operation = self.chance.choice(self.asked) if repeats else self._operation(f"{self.name}-{self.acts}")
        self.asked.append(operation)
        try:
            return Counter(["moved" if self.adjust_stock.move(operation) else "moved before"])
        except LastunitError as refusal:
            return Counter([type(refusal).__name__])

    def _operation(self, id: str) -> Operation:
        sku, units = self.chance.choice(SKUS), self.chance.randint(1, UNITS_MAX)
        source, destination = (Place(place, self._bin(sku, place)) for place in self.chance.sample(PLACES, 2))
        kind = self.chance.random()
        if kind < 0.4:
            return Transfer(id, sku, units, source, destination)
        if kind < 0.7:
            return Adjustment(id, Reason.RECEIVE, sku, source.location, units, source.bin)
        return Adjustment(id, Reason.CORRECT, sku, source.location, -units, source.bin)

    def _bin(self, sku: str, place: str) -> str | None:
        bins: list[str | None] = [None, *SHELVES.get((sku, place), ())]
        return self.chance.choice(bins)


def run(store: Store, clients: Sequence["DynamoDBClient"], *, turns: int = 160, seed: int = 1) -> Run:
    """Fills the empty store, then so many clients take turns all at once: whoever is ready takes the next one."""
    _fill(store)
    recorder, delivered, left = Recorder(), list[list[Fact]](), iter(range(turns))
    start = _stock(store)

    def work(number: int) -> Counter[str]:
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - reproducible
        client = Client(f"c{number}", *use_cases(store, clients[number], recorder), delivered, chance)
        return sum((client.act() for _ in left), Counter())

    with ThreadPoolExecutor(len(clients)) as pool:
        outcomes = sum(pool.map(work, range(len(clients))), Counter[str]())
    recorder.book(store.book).levels(LEVELS)
    return Run(recorder.history(), start, _stock(store), outcomes)


def use_cases(store: Store, client: "DynamoDBClient", recorder: Recorder) -> tuple[ChangeOrders, AdjustStock]:
    tables = store.tables
    book = recorder.book(DynamoStockBook(client, tables.stock, tables.orders))
    movements = recorder.movements(DynamoMovements(client, tables.stock, tables.ledger, tables.settings))
    return store.change_orders(client, book), AdjustStock(movements, FixedClock())


def _fill(store: Store) -> None:
    store.fill(LEVELS)
    for (sku, place), bins in SHELVES.items():
        store.shelve(sku, place, bins)


def _stock(store: Store) -> dict[LevelKey, Stock]:
    return {key: stock_of(level) for key, level in store.levels().items()}
