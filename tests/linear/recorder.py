"""Listens at the ports of stock: what was asked of every level, and what was answered when."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from lastunit.container import Hub
from lastunit.domain.errors import Conflict, Contention, InvalidInput, NotFound, Unwritable
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.commit_groups import CommitGroup, CommitRefused
from lastunit.domain.orders.order import Order
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Bin, Level, Movement, Operation, movements
from lastunit.ports.orders import OrderStore
from lastunit.ports.stock import Movements
from tests.linear.checker import Call
from tests.linear.levels import LevelChange, LevelState, Op, Seen


@dataclass(slots=True)
class CommitAttempt:
    """`done`: None while nobody knows, and for ever when the answer was lost or the worker died."""

    id: str
    changes: Mapping[LevelKey, LevelChange]
    invoked: int
    returned: int = 0
    done: bool | None = None


@dataclass(slots=True)
class Recorder:
    """`tick`: the next number of one counter for all clients.

    A counter orders any two moments, where clocks of a fine grain may still show the same; and it reads well. It is
    asked before a call begins and after it has ended, so what really came after another seems so as well.
    """

    tick: Callable[[], int] = field(default_factory=lambda: count(1).__next__)  # One step of C: threads share it.
    attempts: list[CommitAttempt] = field(default_factory=list)
    seen: list[tuple[LevelKey, Call[Op]]] = field(default_factory=list)

    def order_store(self, order_store: OrderStore) -> "RecordedOrderStore":
        return RecordedOrderStore(order_store, self)

    def movements(self, movements: Movements) -> "RecordedMovements":
        return RecordedMovements(movements, self)

    def listen(self, hub: Hub) -> Hub:
        """At the ports of a hub that has not been asked for anything yet."""
        stock = hub.adjust_stock
        parts = {"order_store": self.order_store(hub.order_store)}
        vars(hub).update(parts, adjust_stock=replace(stock, movements=self.movements(stock.movements)))
        return hub

    def begin(self, id: str, changes: Mapping[LevelKey, LevelChange]) -> CommitAttempt:
        attempt = CommitAttempt(id, changes, self.tick())
        self.attempts.append(attempt)
        return attempt

    def end(self, attempt: CommitAttempt, *, done: bool) -> None:
        attempt.returned, attempt.done = self.tick(), done

    def saw(self, key: LevelKey, seen: Seen, invoked: int, by: str) -> None:
        self.seen.append((key, Call[Op](seen, invoked, self.tick(), by)))

    def history(self) -> dict[LevelKey, list[Call[Op]]]:
        """Level → the calls that touched it."""
        levels: dict[LevelKey, list[Call[Op]]] = {}
        for key, call in [*self.seen, *self._writes()]:
            levels.setdefault(key, []).append(call)
        return levels

    def _writes(self) -> Iterable[tuple[LevelKey, Call[Op]]]:
        """One per id, however often it was asked: that is what the ports promise."""
        asked: dict[str, list[CommitAttempt]] = {}
        for attempt in self.attempts:
            if attempt.done is not False:
                asked.setdefault(attempt.id, []).append(attempt)
        for id, attempts in asked.items():
            invoked = min(attempt.invoked for attempt in attempts)
            returned = min((attempt.returned for attempt in attempts if attempt.done), default=None)
            for key, change in attempts[0].changes.items():
                yield key, Call[Op](change, invoked, returned, id)


@dataclass(frozen=True, slots=True)
class RecordedOrderStore:
    inner: OrderStore
    recorder: Recorder

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        return self.inner.orders(order_ids)

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        return self.inner.items(skus)

    def waiting_for(self, channel: str, names: Iterable[str] | None) -> list[Order]:
        return self.inner.waiting_for(channel, names)

    def queue_for(self, sku: str, most: int) -> list[str]:
        return self.inner.queue_for(sku, most)

    def awaiting_units(self) -> list[Order]:
        return self.inner.awaiting_units()

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        return self.inner.due(clock, before, most)

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        asked, invoked = list(keys), self.recorder.tick()
        found = self.inner.levels(asked)
        for key in dict.fromkeys(asked):
            self.recorder.saw(key, Seen(stock_of(found.get(key)).numbers), invoked, "levels")
        return found

    def commit(self, commit_id: str, group: CommitGroup, at: datetime) -> None:
        changes = {key: change_of(movement) for key, movement in group.levels.items()}
        attempt = self.recorder.begin(f"commit {commit_id}", changes)
        try:
            self.inner.commit(commit_id, group, at)
        except CommitRefused as refusal:
            self.recorder.end(attempt, done=False)
            for key, level in refusal.levels.items():
                # Of the other levels it says that nothing happened to them, and not why.
                seen = Seen(stock_of(level).numbers, changes[key])
                self.recorder.saw(key, seen, attempt.invoked, attempt.id)
            raise
        except Unwritable:
            self.recorder.end(attempt, done=False)
            raise
        self.recorder.end(attempt, done=True)


@dataclass(frozen=True, slots=True)
class RecordedMovements:
    inner: Movements
    recorder: Recorder

    def put_bin(self, sku: str, location: str, bin: Bin) -> None:
        self.inner.put_bin(sku, location, bin)

    def move(self, operation: Operation, at: datetime) -> bool:
        changes = {step.key: change_of(step, by_hand=True) for step in movements(operation)}
        attempt = self.recorder.begin(f"operation {operation.operation}", changes)
        try:
            now = self.inner.move(operation, at)
        except Conflict as refusal:
            self.recorder.end(attempt, done=False)
            if "wanted" in refusal.details:
                self._saw_refusal(attempt, refusal.details)
            raise
        except (Contention, InvalidInput, NotFound):
            self.recorder.end(attempt, done=False)
            raise
        self.recorder.end(attempt, done=True)
        return now

    def _saw_refusal(self, attempt: CommitAttempt, details: Mapping[str, object]) -> None:
        """Only what loses units can have too few of them. What a person is told is a part of the level's image."""
        told = ((name, details.get(name)) for name in ("available", "reserved", "unplaced"))
        numbers = tuple((name, units) for name, units in told if isinstance(units, int))
        for key, change in attempt.changes.items():
            if min(change.available, change.unplaced, *(units for _, units in change.bins)) < 0:
                self.recorder.saw(key, Seen(numbers, change), attempt.invoked, attempt.id)


def change_of(movement: Movement, *, by_hand: bool = False) -> LevelChange:
    bins = frozenset((name, units) for name, units in movement.bins.items() if units)
    return LevelChange(movement.reserved, movement.available, bins, by_hand)


def stock_of(level: Level | None) -> LevelState:
    """No level is a level that holds nothing."""
    if level is None:
        return LevelState()
    bins = frozenset((name, bin.on_hand) for name, bin in level.bins.items() if bin.on_hand)
    return LevelState(level.on_hand, level.reserved, level.available, level.unplaced, level.seq, bins)
