"""Clients at work at once on a few scarce levels, through the use cases and the real adapters."""

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lastunit.adapters.dynamodb.movements import DynamoMovements
from lastunit.adapters.dynamodb.order_store import DynamoOrderStore
from lastunit.domain.errors import LastunitError
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.inbound import OrderInput
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, BinKind, Operation, Place, Transfer
from lastunit.use_cases.orders.change_orders import ChangeOrders, Incoming
from lastunit.use_cases.stock.adjust_stock import AdjustStock
from tests.linear.levels import History, LevelState, check, check_sums
from tests.linear.recorder import Recorder, stock_of
from tests.support.aws.dynamo import HubStore
from tests.support.clock import FakeClock
from tests.support.orders.inputs import cancelled, shipment_notice, sold, voided
from tests.support.orders.order_shop import outcome_name

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SKUS, PLACES = ("hat", "mug", "shirt"), ("M", "L")
LEVELS: dict[LevelKey, int] = {LevelKey(sku, place): 25 for sku in SKUS for place in PLACES}
SHELVES: dict[LevelKey, dict[str, tuple[BinKind, int]]] = {
    LevelKey("shirt", "M"): {"P": (BinKind.PICKING, 4), "S": (BinKind.STORAGE, 4)},
}
ORDERS_SHARE = 0.7  # The other acts are a person's, on stock.
BATCH_MAX = 3
UNITS_MAX = 3


@dataclass(frozen=True, slots=True)
class Run:
    """`start` and `final`: what the levels held before and after. `outcomes`: what the clients were told."""

    history: History
    start: dict[LevelKey, LevelState]
    final: dict[LevelKey, LevelState]
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
class RunClient:
    """`delivered`: what all clients were told of, to be told once more by any of them. `known`: its own orders."""

    name: str
    change_orders: ChangeOrders
    adjust_stock: AdjustStock
    delivered: list[list[OrderInput]]
    rng: random.Random
    acts: int = 0
    known: dict[str, dict[str, int]] = field(default_factory=dict)
    asked: list[Operation] = field(default_factory=list)

    def act(self) -> Counter[str]:
        self.acts += 1
        if self.rng.random() >= ORDERS_SHARE:
            return self._adjust()
        batch = self._batch()
        answers = self.change_orders.apply([Incoming(str(at), fact) for at, fact in enumerate(batch)])
        return Counter(map(outcome_name, answers.values()))

    def _batch(self) -> list[OrderInput]:
        if self.delivered and self.rng.random() < 0.2:
            return self.rng.choice(self.delivered)
        batch = [self._fact(at) for at in range(self.rng.randint(1, BATCH_MAX))]
        self.delivered.append(batch)
        return batch

    def _fact(self, at: int) -> OrderInput:
        """A new order, or whatever may follow an earlier one. Later revisions sort after earlier ones."""
        revision, following = f"{self.acts:03}-{at}", self.rng.random()
        if not self.known or following < 0.5:
            external_id = f"{self.name}-{revision}"
            self.known[external_id] = self._units()
            return sold(self.known[external_id], external_id, revision=revision)
        external_id = self.rng.choice(sorted(self.known))
        if following < 0.6:
            return sold(self._units(), external_id, revision=revision)
        if following < 0.75:
            return cancelled(external_id, revision=revision)
        shipment_id = f"s{self.rng.randint(1, 2)}"
        if following < 0.95:
            return shipment_notice(self.known[external_id], external_id, shipment_id=shipment_id)
        return voided(shipment_id, external_id)

    def _units(self) -> dict[str, int]:
        skus = self.rng.sample(SKUS, self.rng.randint(1, len(SKUS)))
        return {sku: self.rng.randint(1, UNITS_MAX) for sku in skus}

    def _adjust(self) -> Counter[str]:
        """Some acts are asked twice; whoever hears no answer or a refusal leaves it at that."""
        repeats = self.asked and self.rng.random() < 0.2
        operation = self.rng.choice(self.asked) if repeats else self._operation(f"{self.name}-{self.acts}")
        self.asked.append(operation)
        try:
            return Counter(["moved" if self.adjust_stock.move(operation) else "moved before"])
        except LastunitError as refusal:
            return Counter([type(refusal).__name__])

    def _operation(self, id: str) -> Operation:
        sku, units = self.rng.choice(SKUS), self.rng.randint(1, UNITS_MAX)
        source, destination = (Place(place, self._bin(sku, place)) for place in self.rng.sample(PLACES, 2))
        kind = self.rng.random()
        if kind < 0.4:
            return Transfer(operation=id, sku=sku, quantity=units, source=source, destination=destination)
        if kind < 0.7:
            return Adjustment(
                operation=id,
                reason=AdjustmentReason.RECEIVE,
                sku=sku,
                location=source.location,
                delta=units,
                bin=source.bin,
            )
        return Adjustment(
            operation=id,
            reason=AdjustmentReason.CORRECT,
            sku=sku,
            location=source.location,
            delta=-units,
            bin=source.bin,
        )

    def _bin(self, sku: str, place: str) -> str | None:
        bins: list[str | None] = [None, *SHELVES.get(LevelKey(sku, place), ())]
        return self.rng.choice(bins)


def run(store: HubStore, clients: Sequence["DynamoDBClient"], *, turns: int = 160, seed: int = 1) -> Run:
    """Fills the empty store, then so many clients take turns all at once: whoever is ready takes the next one."""
    _fill(store)
    recorder, delivered, left = Recorder(), list[list[OrderInput]](), iter(range(turns))
    start = _stock(store)

    def work(number: int) -> Counter[str]:
        rng = random.Random(f"{seed} {number}")  # noqa: S311 - reproducible
        client = RunClient(f"c{number}", *use_cases(store, clients[number], recorder), delivered, rng)
        return sum((client.act() for _ in left), Counter())

    with ThreadPoolExecutor(len(clients)) as pool:
        outcomes = sum(pool.map(work, range(len(clients))), Counter[str]())
    recorder.order_store(store.order_store).levels(LEVELS)
    return Run(recorder.history(), start, _stock(store), outcomes)


def use_cases(store: HubStore, client: "DynamoDBClient", recorder: Recorder) -> tuple[ChangeOrders, AdjustStock]:
    tables = store.tables
    order_store = recorder.order_store(DynamoOrderStore(client, tables.stock, tables.orders))
    movements = recorder.movements(DynamoMovements(client, tables.stock, tables.ledger, tables.settings))
    return store.change_orders(client, order_store), AdjustStock(movements, FakeClock())


def _fill(store: HubStore) -> None:
    store.fill(LEVELS)
    for (sku, place), bins in SHELVES.items():
        store.shelve(sku, place, bins)


def _stock(store: HubStore) -> dict[LevelKey, LevelState]:
    return {key: stock_of(level) for key, level in store.levels().items()}
