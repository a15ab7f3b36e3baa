"""Hand-written stand-ins for the ports, and short ways to say what a shop holds and what a channel sold."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from itertools import count

from lastunit.change_orders import Answers, Changed, ChangeOrders, Incoming
from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.commits import CommitRefused
from lastunit.domain.errors import OutcomeUnknown, Unwritable
from lastunit.domain.facts import Fact, Retry, Shipment, ShippedLine
from lastunit.domain.groups import ITEMS_MAX, Group, ListingKey
from lastunit.domain.levels import Level, LevelKey, Movement, after
from lastunit.domain.lifecycle import Reason, State
from lastunit.domain.orders import Change, Order, promised
from lastunit.domain.snapshots import Snapshot, SnapshotLine

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)

Units = Mapping[str, int] | Sequence[tuple[str, int]]
"""SKU name → units, one line each; pairs where one name stands on several lines."""


def lines(units: Units) -> tuple[SnapshotLine, ...]:
    pairs = units.items() if isinstance(units, Mapping) else units
    return tuple(SnapshotLine(str(at), (name,), quantity) for at, (name, quantity) in enumerate(pairs, 1))


def sold(
    units: Units,
    external_id: str = "1",
    *,
    channel: str = "web",
    revision: str = "1",
    location: str | None = None,
) -> Snapshot:
    return Snapshot(channel, external_id, revision, lines(units), location=location, placed_at="2026-11-21")


def cancelled(
    external_id: str = "1", *, channel: str = "web", revision: str = "2", restocked: bool = False
) -> Snapshot:
    return Snapshot(channel, external_id, revision, (), cancelled=True, restocked=restocked)


def again(external_id: str = "1", *, channel: str = "web") -> Retry:
    return Retry(channel, external_id)


def left_us(
    units: Mapping[str, int], external_id: str = "1", *, shipment_id: str = "s1", channel: str = "web"
) -> Shipment:
    """A parcel with so many units of each SKU name."""
    shipped = tuple(ShippedLine(quantity, names=(name,)) for name, quantity in units.items())
    return Shipment(channel, external_id, shipment_id, shipped)


def one_after_another[Item, Result](do: Callable[[Item], Result], each: Iterable[Item], most: int) -> list[Result]:
    """Side by side, for tests without threads."""
    return [do(one) for one in each]


@dataclass(slots=True)
class FixedClock:
    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def pass_minutes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)


@dataclass(slots=True)
class FakeSettings:
    accounts: dict[str, Channel]
    places: tuple[Location, ...]
    known: dict[str, list[Alias]] = field(default_factory=dict)

    def channel(self, name: str) -> Channel | None:
        return self.accounts.get(name)

    def channels(self) -> tuple[str, ...]:
        return tuple(self.accounts)

    def locations(self) -> tuple[Location, ...]:
        return self.places

    def aliases(self, channel: str, names: Iterable[str]) -> tuple[Alias, ...]:
        asked = set(names)
        return tuple(alias for alias in self.known.get(channel, ()) if alias.name in asked)


class Mishap(Enum):
    LOST_BEFORE = auto()  # no answer, and nothing happened
    LOST_AFTER = auto()  # no answer, yet it took effect
    CONFLICT = auto()  # another transaction was under way on the same items


@dataclass(slots=True)
class FakeBook:
    """A stock book in memory with the conditions of the one in DynamoDB.

    `mishaps` befall the next commits, one each. `rivals` write between our read and our next commit, one each.
    `poisoned` orders can never be written. More than `crowd` orders in one group conflict.
    """

    stock: dict[LevelKey, Level] = field(default_factory=dict)
    skus: dict[str, Sku] = field(default_factory=dict)
    rows: dict[str, Order] = field(default_factory=dict)
    sales: dict[ListingKey, int] = field(default_factory=dict)
    wants: dict[tuple[str, str, str], int] = field(default_factory=dict)
    mishaps: list[Mishap | None] = field(default_factory=list)
    rivals: list[Callable[[], None]] = field(default_factory=list)
    poisoned: frozenset[str] = frozenset()
    crowd: int = ITEMS_MAX
    attempts: list[Group] = field(default_factory=list)
    written: list[Group] = field(default_factory=list)

    def orders(self, order_ids: Iterable[str]) -> dict[str, Order]:
        return {key: self.rows[key] for key in order_ids if key in self.rows}

    def items(self, skus: Iterable[str]) -> dict[str, Sku]:
        return {sku: self.skus[sku] for sku in skus if sku in self.skus}

    def levels(self, keys: Iterable[LevelKey]) -> dict[LevelKey, Level]:
        return {key: self.stock[key] for key in keys if key in self.stock}

    def waiting_for(self, channel: str, names: Iterable[str]) -> list[Order]:
        wanted = set(names)
        return [
            order
            for order in self.rows.values()
            if order.channel == channel
            and order.reason is Reason.UNKNOWN_SKU
            and any(wanted & set(line.names) for line in order.lines)
        ]

    def queue_for(self, sku: str, most: int) -> list[str]:
        return [order_id for wanted, _, order_id in sorted(self.wants) if wanted == sku][:most]

    def awaiting_units(self) -> list[Order]:
        return [order for order in self.rows.values() if order.queued_at and order.state is not State.EXCEPTION]

    def due(self, clock: str, before: datetime, most: int) -> list[str]:
        ends = {
            order.order_id: end
            for order in self.rows.values()
            if (end := order.decide_by if clock == "decision" else order.pay_by) and end <= before.isoformat()
        }
        return sorted(ends, key=lambda order_id: ends[order_id])[:most]

    def commit(self, commit_id: str, group: Group, at: datetime) -> None:
        self.attempts.append(group)
        if self.rivals:
            self.rivals.pop(0)()
        mishap = self.mishaps.pop(0) if self.mishaps else None
        if mishap is Mishap.LOST_BEFORE:
            raise OutcomeUnknown(commit_id)
        if mishap is Mishap.CONFLICT or len(group.changes) > self.crowd:
            raise CommitRefused({}, {}, frozenset(), contended=True)
        if group.size > ITEMS_MAX or any(change.after.order_id in self.poisoned for change in group.changes):
            raise Unwritable(commit_id)
        self._write(commit_id, group, at)
        if mishap is Mishap.LOST_AFTER:
            raise OutcomeUnknown(commit_id)

    def _write(self, commit_id: str, group: Group, at: datetime) -> None:
        refusal = self._refusal(group)
        if any(order and order.commit == commit_id for order in refusal.orders.values()):
            return
        if refusal.orders or refusal.levels or refusal.listings:
            raise refusal
        self.written.append(group)
        for change in group.changes:
            rev = change.before.rev + 1 if change.before else 1
            row = replace(change.after, rev=rev, commit=commit_id, changed_at=at.isoformat())
            self.rows[row.order_id] = row
        for key, movement in group.levels.items():
            level = after(self.stock.get(key) or Level(*key), movement)
            self.stock[key] = replace(level, seq=level.seq + 1, cause=f"orders {commit_id}")
        for listing, units in group.listings.items():
            self.sales[listing] += units
        self.wants |= {(want.sku, want.queued_at, want.order_id): want.units for want in group.wanted}
        for want in group.unwanted:
            self.wants.pop((want.sku, want.queued_at, want.order_id), None)

    def _refusal(self, group: Group) -> CommitRefused:
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

    def _is_expected(self, change: Change) -> bool:
        row = self.rows.get(change.after.order_id)
        return (row.rev if row else None) == (change.before.rev if change.before else None)

    def _has(self, movement: Movement) -> bool:
        """What is not there cannot be promised, given back, or taken from a bin. What comes needs nothing."""
        level = self.stock.get(movement.key) or Level(*movement.key)
        return (
            (movement.available >= 0 or level.available >= -movement.available)
            and (movement.reserved >= 0 or level.reserved >= -movement.reserved)
            and all(
                name in level.bins and level.bins[name].on_hand >= -units for name, units in movement.bins.items()
            )
        )


@dataclass(slots=True)
class Shop:
    """Levels (SKU, location) → units, and everything needed to sell them on the channel `web`."""

    levels: Mapping[LevelKey, int]
    kits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    channel: Channel = field(default_factory=lambda: Channel("web", "generic"))
    aliases: list[Alias] = field(default_factory=list)
    book: FakeBook = field(init=False)
    settings: FakeSettings = field(init=False)
    clock: FixedClock = field(init=False, default_factory=FixedClock)
    pauses: list[int] = field(init=False, default_factory=list)
    ids: "count[int]" = field(init=False, default_factory=count)

    def __post_init__(self) -> None:
        places = dict.fromkeys(location for _, location in self.levels)
        self.book = FakeBook(
            {(sku, at): stocked(sku, at, units) for (sku, at), units in self.levels.items()},
            {sku: Sku(sku) for sku, _ in self.levels} | {kit: Sku(kit, recipe=of) for kit, of in self.kits.items()},
        )
        ranked = tuple(Location(name, rank) for rank, name in enumerate(places, 1))
        self.settings = FakeSettings({self.channel.name: self.channel}, ranked, {self.channel.name: self.aliases})
        for listing in {*self.book.skus, *(alias.listing for alias in self.aliases)}:
            target = next((alias.sku for alias in self.aliases if alias.listing == listing), listing)
            self.book.sales[target, self.channel.name, listing] = 0

    @property
    def change_orders(self) -> ChangeOrders:
        return ChangeOrders(self.book, self.settings, self.clock, lambda: f"c{next(self.ids)}", self.pauses.append)

    def tell(self, *facts: Fact, instant: bool = False) -> list[str]:
        """What came of each fact: its outcome, or the name of the error that kept it from being decided."""
        answers = self.answer(*facts, instant=instant)
        return [told(answers[str(at)]) for at in range(len(facts))]

    def answer(self, *facts: Fact, instant: bool = False) -> Answers:
        return self.change_orders([Incoming(str(at), fact, instant) for at, fact in enumerate(facts)])

    def left(self) -> dict[LevelKey, int]:
        return {key: level.available for key, level in self.book.stock.items()}

    def order(self, external_id: str = "1") -> Order:
        return self.book.rows[f"{self.channel.name}:{external_id}"]

    def broken_promises(self) -> list[str]:
        return broken_promises(self.book.stock, self.book.rows.values())


def promises(units: Mapping[LevelKey, int]) -> dict[LevelKey, Movement]:
    """Units promised at each level; below zero: given back."""
    return {(sku, at): Movement(sku, at, available=-part, reserved=part) for (sku, at), part in units.items()}


def stocked(sku: str, location: str, units: int) -> Level:
    return Level(sku, location, on_hand=units, available=units, unplaced=units)


def told(answer: Changed | Exception) -> str:
    return answer.outcome.value if isinstance(answer, Changed) else type(answer).__name__


def broken_promises(stock: Mapping[LevelKey, Level], orders: Iterable[Order]) -> list[str]:
    """Promises 1 and 2 of the design, level by level."""
    held = Counter[LevelKey]()
    for order in orders:
        held += promised(order)
    return [
        f"{key}: {level}, {held[key]} allocated"
        for key, level in stock.items()
        if level.on_hand != level.available + level.reserved
        or level.on_hand != level.unplaced + sum(bin.on_hand for bin in level.bins.values())
        or min(level.on_hand, level.available, level.reserved) < 0
        or level.reserved != held[key]
    ] + [f"{key}: no such level" for key in held.keys() - stock.keys()]
