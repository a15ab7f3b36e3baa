"""The order store in memory, with the conditions of the one in DynamoDB."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, auto

from lastunit.domain.errors import OutcomeUnknown, Unwritable
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.commit_groups import ITEMS_MAX, CommitGroup, CommitRefused
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import reserved_units
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Level, Movement, level_after


class Mishap(Enum):
    LOST_BEFORE = auto()  # no answer, and nothing happened
    LOST_AFTER = auto()  # no answer, yet it took effect
    CONFLICT = auto()  # another transaction was under way on the same items


@dataclass(slots=True)
class FakeOrderStore:
    """A stock book in memory with the conditions of the one in DynamoDB.

    `mishaps` befall the next commits, one each. `rivals` write between our read and our next commit, one each.
    `poisoned` orders can never be written. More than `crowd` orders in one group conflict.
    """

    stock: dict[LevelKey, Level] = field(default_factory=dict)
    skus: dict[str, Sku] = field(default_factory=dict)
    rows: dict[str, Order] = field(default_factory=dict)
    sales: dict[ListingKey, int] = field(default_factory=dict)
    queue: dict[tuple[str, datetime, str], int] = field(default_factory=dict)
    mishaps: list[Mishap | None] = field(default_factory=list)
    rivals: list[Callable[[], None]] = field(default_factory=list)
    unwritable: frozenset[str] = frozenset()
    conflict_above: int = ITEMS_MAX
    attempts: list[CommitGroup] = field(default_factory=list)
    written: list[CommitGroup] = field(default_factory=list)

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        return {key: self.rows[key] for key in order_ids if key in self.rows}

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        return {sku: self.skus[sku] for sku in skus if sku in self.skus}

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        return {key: self.stock[key] for key in keys if key in self.stock}

    def waiting_for(self, channel: str, names: Iterable[str] | None) -> list[Order]:
        wanted = None if names is None else set(names)
        return [
            order
            for order in self.rows.values()
            if order.channel == channel
            and order.reason is OrderReason.UNKNOWN_SKU
            and (wanted is None or any(wanted & set(line.names) for line in order.lines))
        ]

    def queue_for(self, sku: str, most: int) -> list[str]:
        return [order_id for wanted, _, order_id in sorted(self.queue) if wanted == sku][:most]

    def awaiting_units(self) -> list[Order]:
        return [order for order in self.rows.values() if order.queued_at and order.state is not State.EXCEPTION]

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        ends = {
            order.order_id: end
            for order in self.rows.values()
            if (end := order.decide_by if clock == "decision" else order.pay_by) and end <= before
        }
        return sorted(ends, key=lambda order_id: ends[order_id])[:most]

    def commit(self, commit_id: str, group: CommitGroup, at: datetime) -> None:
        self.attempts.append(group)
        if self.rivals:
            self.rivals.pop(0)()
        mishap = self.mishaps.pop(0) if self.mishaps else None
        if mishap is Mishap.LOST_BEFORE:
            raise OutcomeUnknown(commit_id)
        if mishap is Mishap.CONFLICT or len(group.changes) > self.conflict_above:
            raise CommitRefused({}, {}, frozenset(), contended=True)
        if group.size > ITEMS_MAX or any(change.after.order_id in self.unwritable for change in group.changes):
            raise Unwritable(commit_id)
        self._write(commit_id, group, at)
        if mishap is Mishap.LOST_AFTER:
            raise OutcomeUnknown(commit_id)

    def _write(self, commit_id: str, group: CommitGroup, at: datetime) -> None:
        refusal = self._refusal(group)
        if any(order and order.commit_id == commit_id for order in refusal.orders.values()):
            return
        if refusal.orders or refusal.levels or refusal.listings:
            raise refusal
        self.written.append(group)
        for change in group.changes:
            rev = change.before.rev + 1 if change.before else 1
            row = replace(change.after, rev=rev, commit_id=commit_id, changed_at=at)
            self.rows[row.order_id] = row
        for key, movement in group.levels.items():
            sku, location = key
            level = level_after(self.stock.get(key) or Level(sku=sku, location=location), movement)
            self.stock[key] = replace(level, seq=level.seq + 1, cause=f"orders {commit_id}")
        for listing, units in group.listings.items():
            self.sales[listing] += units
        self.queue |= {(entry.sku, entry.queued_at, entry.order_id): entry.units for entry in group.queue_added}
        for entry in group.queue_removed:
            self.queue.pop((entry.sku, entry.queued_at, entry.order_id), None)

    def _refusal(self, group: CommitGroup) -> CommitRefused:
        return CommitRefused(
            {
                change.after.order_id: self.rows.get(change.after.order_id)
                for change in group.changes
                if not self._is_expected(change)
            },
            {key: self.stock.get(key) for key, movement in group.levels.items() if not self._has(movement)},
            frozenset(set(group.listed) - self.sales.keys()),
            contended=False,
        )

    def _is_expected(self, change: OrderChange) -> bool:
        row = self.rows.get(change.after.order_id)
        return (row.rev if row else None) == (change.before.rev if change.before else None)

    def _has(self, movement: Movement) -> bool:
        """What is not there cannot be promised, given back, or taken from a bin. What comes needs nothing."""
        level = self.stock.get(movement.key) or Level(sku=movement.sku, location=movement.location)
        return (
            (movement.available >= 0 or level.available >= -movement.available)
            and (movement.reserved >= 0 or level.reserved >= -movement.reserved)
            and all(
                name in level.bins and level.bins[name].on_hand >= -units for name, units in movement.bins.items()
            )
        )


def broken_promises(stock: Mapping[LevelKey, Level], orders: Iterable[Order]) -> list[str]:
    """Promises 1 and 2 of the design, level by level."""
    held = Counter[LevelKey]()
    for order in orders:
        held += reserved_units(order)
    return [
        f"{key}: {level}, {held[key]} allocated"
        for key, level in stock.items()
        if level.on_hand != level.available + level.reserved
        or level.on_hand != level.unplaced + sum(bin.on_hand for bin in level.bins.values())
        or min(level.on_hand, level.available, level.reserved) < 0
        or level.reserved != held[key]
    ] + [f"{key}: no such level" for key in held.keys() - stock.keys()]
