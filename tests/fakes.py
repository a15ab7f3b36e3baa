"""Hand-written stand-ins for the ports, and short ways to say what a shop holds and what a channel sold."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import count

from lastunit.domain.catalogue import Alias, Location, Sku
from lastunit.domain.channels import Channel
from lastunit.domain.commits import CommitRefused
from lastunit.domain.errors import OutcomeUnknown, Unwritable
from lastunit.domain.groups import ITEMS_MAX, Group, ListingKey
from lastunit.domain.levels import Level, LevelKey
from lastunit.domain.orders import Change, Order, Reason, promised
from lastunit.domain.snapshots import Snapshot, SnapshotLine
from lastunit.place import Answers, Incoming, Placed, PlaceOrders

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


class FixedClock:
    def now(self) -> datetime:
        return NOON


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
            after = replace(change.after, rev=rev, commit=commit_id, changed_at=at.isoformat())
            self.rows[after.order_id] = after
        for key, units in group.levels.items():
            self._promise(key, units)
        for listing, units in group.listings.items():
            self.sales[listing] += units

    def _promise(self, key: LevelKey, units: int) -> None:
        level = self.stock[key]
        self.stock[key] = replace(
            level, available=level.available - units, reserved=level.reserved + units, seq=level.seq + 1
        )

    def _refusal(self, group: Group) -> CommitRefused:
        return CommitRefused(
            {
                change.after.order_id: self.rows.get(change.after.order_id)
                for change in group.changes
                if not self._is_expected(change)
            },
            {key: self.stock.get(key) for key, units in group.levels.items() if not self._has(key, units)},
            frozenset(group.listings.keys() - self.sales.keys()),
            contended=False,
        )

    def _is_expected(self, change: Change) -> bool:
        row = self.rows.get(change.after.order_id)
        return (row.rev if row else None) == (change.before.rev if change.before else None)

    def _has(self, key: LevelKey, units: int) -> bool:
        level = self.stock.get(key)
        return level is not None and (level.available >= units if units > 0 else level.reserved >= -units)


@dataclass(slots=True)
class Shop:
    """Levels (SKU, location) → units, and everything needed to sell them on the channel `web`."""

    levels: Mapping[LevelKey, int]
    kits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    channel: Channel = field(default_factory=lambda: Channel("web", "generic"))
    aliases: list[Alias] = field(default_factory=list)
    book: FakeBook = field(init=False)
    settings: FakeSettings = field(init=False)
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
    def place_orders(self) -> PlaceOrders:
        return PlaceOrders(self.book, self.settings, FixedClock(), lambda: f"c{next(self.ids)}", self.pauses.append)

    def place(self, *snapshots: Snapshot, instant: bool = False, retry: bool = False) -> list[str]:
        """What came of each snapshot: its outcome, or the name of the error that kept it from being decided."""
        answers = self.answer(*snapshots, instant=instant, retry=retry)
        return [told(answers[str(at)]) for at in range(len(snapshots))]

    def answer(self, *snapshots: Snapshot, instant: bool = False, retry: bool = False) -> Answers:
        return self.place_orders([Incoming(str(at), one, instant, retry) for at, one in enumerate(snapshots)])

    def left(self) -> dict[LevelKey, int]:
        return {key: level.available for key, level in self.book.stock.items()}

    def order(self, external_id: str = "1") -> Order:
        return self.book.rows[f"{self.channel.name}:{external_id}"]

    def broken_promises(self) -> list[str]:
        return broken_promises(self.book.stock, self.book.rows.values())


def stocked(sku: str, location: str, units: int) -> Level:
    return Level(sku, location, on_hand=units, available=units)


def told(answer: Placed | Exception) -> str:
    return answer.outcome.value if isinstance(answer, Placed) else type(answer).__name__


def broken_promises(stock: Mapping[LevelKey, Level], orders: Iterable[Order]) -> list[str]:
    """Promises 1 and 2 of the design, level by level."""
    held = Counter[LevelKey]()
    for order in orders:
        held += promised(order)
    return [
        f"{key}: {level}, {held[key]} allocated"
        for key, level in stock.items()
        if level.on_hand != level.available + level.reserved
        or min(level.on_hand, level.available, level.reserved) < 0
        or level.reserved != held[key]
    ] + [f"{key}: no such level" for key in held.keys() - stock.keys()]
