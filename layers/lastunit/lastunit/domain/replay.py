"""What each mode would have done: the orders of the past, sold once more from what the channels would have shown.

All units lie in one pool, and only these orders move them: see `IGNORED`.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.channels import Channel, Mode
from lastunit.domain.escrow import Stake, tell
from lastunit.domain.exposure import PACE_HALF_LIFE_DAYS, PACE_SCALE, shown
from lastunit.domain.groups import ListingKey
from lastunit.domain.levels import Level
from lastunit.domain.orders import Order, effect
from lastunit.domain.pushes import Form
from lastunit.domain.sharing import apportion

IGNORED = (
    "units that arrived, were lost or were counted in these days: they count as if there from the beginning",
    "locations: all units lie in one pool that every channel sees",
    "buyers whom no channel sold anything: of these there is no order",
    "requests: a channel that takes them sells no more than it shows either",
    "what is set for single listings, and channels that are held or told nothing now: all are told every change",
    "exclusive shares are dealt out once, at the beginning; shares above 100 % together are scaled down",
    "escrow: every channel takes relative changes, its sales are imported at once, and all sell alike at first",
    "a SKU is listed on the channels that sold any of it",
)
"""What the answer must be read with."""

POOL = Location("everywhere", 1)


@dataclass(frozen=True, slots=True)
class Purchase:
    """SKU → units that a buyer wanted on a channel, `at` so many seconds after 1970."""

    at: float
    order_id: str
    channel: str
    wanted: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Past:
    """`purchases` in the order of time. `items`: what they name, kits as their latest order had them. `units`: of
    every stocked SKU, before the first of them.
    """

    purchases: tuple[Purchase, ...]
    items: Mapping[str, Sku]
    units: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Replayed:
    """Of the `accepted` orders `lacked` found a unit gone. `lost` were turned away although units lay elsewhere,
    `sold_out` because there were none.
    """

    accepted: int = 0
    lacked: int = 0
    lost: int = 0
    sold_out: int = 0


class World(Protocol):
    """What the channels show under one mode."""

    def pass_to(self, at: float) -> None: ...

    def shows(self, channel: str, sku: str) -> int: ...

    def sell(self, purchase: Purchase, parts: Mapping[str, int]) -> None:
        """The channel accepted it. `parts`: what it took of stocked SKUs; nothing, when some of it was gone."""
        ...


def purchase(order: Order) -> Purchase:
    placed = datetime.fromisoformat(order.placed_at or order.changed_at)
    at = placed if placed.tzinfo else placed.replace(tzinfo=UTC)
    wanted = Counter[str]()
    for line in order.lines:
        if line.sku and line.quantity and not line.cancelled:
            wanted[line.sku] += line.quantity
    return Purchase(at.timestamp(), order.order_id, order.channel, dict(wanted))


def past(orders: Iterable[Order], available: Mapping[str, int], since: datetime) -> Past:
    """`available`: what there is now of every stocked SKU; what these orders took of it is added."""
    found = sorted(
        ((one, order) for order in orders if (one := purchase(order)).wanted and one.at >= since.timestamp()),
        key=lambda pair: (pair[0].at, pair[0].order_id),
    )
    units, items = Counter(available), dict[str, Sku]()
    for _, order in found:
        items |= {line.sku: _item(line.sku, line.parts) for line in order.lines if line.sku}
        for (sku, _), movement in effect(order).items():
            units[sku] -= movement.available
    units.update({sku: 0 for item in items.values() for sku in item.parts})
    return Past(tuple(one for one, _ in found), items, units)


def replay(past: Past, world: World) -> Replayed:
    """Every buyer buys if the channel shows enough of all that is wanted, at that moment."""
    left, count = Counter(past.units), Counter[str]()
    for one in past.purchases:
        world.pass_to(one.at)
        parts = _parts(one, past.items)
        covered = all(left[sku] >= units for sku, units in parts.items())
        if all(world.shows(one.channel, sku) >= units for sku, units in one.wanted.items()):
            taken = parts if covered else {}
            left.subtract(taken)
            world.sell(one, taken)
            count["accepted"] += 1
            count["lacked"] += not covered
        else:
            count["lost" if covered else "sold_out"] += 1
    return Replayed(**count)


def simulate(past: Past, channels: Sequence[Channel], delay_seconds: float) -> dict[Mode, Replayed]:
    """`channels`: all there are; none may be missing that a purchase names."""
    worlds: dict[Mode, World] = {
        Mode.SHARED: Shared(past, channels, delay_seconds),
        Mode.EXCLUSIVE: Exclusive(past, channels),
        Mode.ESCROW: Escrow(past, channels, delay_seconds),
    }
    return {mode: replay(past, world) for mode, world in worlds.items()}


class Shared:
    """Every channel is told its part of what is left, and of the others' sales after the delay. Its own sales lower
    what it shows at once.
    """

    def __init__(self, past: Past, channels: Iterable[Channel], delay_seconds: float) -> None:
        self.past, self.delay = past, delay_seconds
        self.channels = {one.name: _anywhere(one, Mode.SHARED) for one in channels}
        self.told = Counter(past.units)
        self.untold = deque[tuple[Purchase, Mapping[str, int]]]()
        self.own = Counter[tuple[str, str]]()  # Sold by a listing since the number it was told was computed.

    def pass_to(self, at: float) -> None:
        while self.untold and self.untold[0][0].at + self.delay <= at:
            one, parts = self.untold.popleft()
            self.told.subtract(parts)
            self.own.subtract({(one.channel, sku): units for sku, units in one.wanted.items()})

    def shows(self, channel: str, sku: str) -> int:
        return _number(self.channels[channel], self.past.items[sku], self.told) - self.own[channel, sku]

    def sell(self, purchase: Purchase, parts: Mapping[str, int]) -> None:
        self.untold.append((purchase, parts))
        self.own.update({(purchase.channel, sku): units for sku, units in purchase.wanted.items()})


class Exclusive:
    """Every channel has units of its own, dealt out at the beginning."""

    def __init__(self, past: Past, channels: Sequence[Channel]) -> None:
        self.past = past
        self.channels = {
            one.name: replace(_anywhere(one, Mode.SHARED), share_percent=100, buffer=0) for one in channels
        }
        shares, buffer = _shares(channels), max((one.buffer for one in channels), default=0)
        self.own: dict[str, Counter[str]] = {one.name: Counter() for one in channels}
        for sku, units in past.units.items():
            for channel, part in apportion(max(0, units - buffer), shares).items():
                self.own[channel][sku] = part

    def pass_to(self, at: float) -> None:
        """Nobody has to be told anything."""

    def shows(self, channel: str, sku: str) -> int:
        return _number(self.channels[channel], self.past.items[sku], self.own[channel])

    def sell(self, purchase: Purchase, parts: Mapping[str, int]) -> None:
        self.own[purchase.channel].subtract(parts)


@dataclass(slots=True)
class Shelf:
    """What a listing shows. `moving`: units on their way to it, or (below zero) to be taken off it. `planned`: what
    it showed when the plan was last looked at. `pool`: all listings that share units with it, itself among them.
    """

    key: ListingKey
    channel: Channel
    item: Sku
    shown: int = 0
    moving: int = 0
    planned: int = 0
    pool: "list[Shelf]" = field(default_factory=list)
    pace: float = 0.0
    paced_at: float = 0.0

    @property
    def exposure(self) -> int:
        return self.shown + max(0, self.moving)

    @property
    def is_low(self) -> bool:
        return self.shown * 2 <= self.planned

    def arrive(self) -> None:
        """Of what is to be taken off it may have sold some meanwhile."""
        self.shown, self.moving = max(0, self.shown + self.moving), 0
        self.planned = self.shown

    def sold(self, units: int, at: float) -> None:
        self.shown -= units
        self.pace, self.paced_at = self._pace(at) + units * PACE_SCALE, at

    def stake(self, units: Mapping[str, int], at: float) -> Stake:
        return Stake(
            self.key,
            self.item.parts,
            self.exposure,
            self.shown,
            Form.ADJUST,
            PACE_SCALE + int(self._pace(at)),
            _number(self.channel, self.item, units),
            moves=not self.moving,
        )

    def _pace(self, at: float) -> float:
        days = (at - self.paced_at) / 86_400
        return self.pace * 0.5 ** (days / PACE_HALF_LIFE_DAYS) if self.pace else 0.0


class Escrow:
    """Units belong to one channel at a time. Each change takes the delay, and a raising waits for the lowering that
    makes room for it.
    """

    def __init__(self, past: Past, channels: Sequence[Channel], delay_seconds: float) -> None:
        self.past, self.delay = past, delay_seconds
        self.units, self.buffer = Counter(past.units), max((one.buffer for one in channels), default=0)
        self.shelves = _shelves(past, {one.name: _anywhere(one, Mode.ESCROW) for one in channels})
        self.moves = deque[tuple[float, Shelf]]()
        for pool in [shelf.pool for shelf in self.shelves.values() if shelf is shelf.pool[0]]:
            self._plan(pool, 0)
        while self.moves:
            self._arrive(0)

    def pass_to(self, at: float) -> None:
        while self.moves and self.moves[0][0] <= at:
            self._arrive(self.moves[0][0])

    def shows(self, channel: str, sku: str) -> int:
        return self.shelves[channel, sku].shown

    def sell(self, purchase: Purchase, parts: Mapping[str, int]) -> None:
        self.units.subtract(parts)
        sold = [self.shelves[purchase.channel, sku] for sku in purchase.wanted]
        for shelf in sold:
            shelf.sold(purchase.wanted[shelf.item.sku], purchase.at)
        for shelf in sold:
            # A sale frees no room: a listing has to sell much of what it shows before another gives it some.
            if shelf.is_low or self._has_room(shelf.pool):
                self._plan(shelf.pool, purchase.at)

    def _arrive(self, at: float) -> None:
        _, shelf = self.moves.popleft()
        shelf.arrive()
        if self._has_room(shelf.pool):
            self._plan(shelf.pool, at)

    def _has_room(self, pool: Sequence[Shelf]) -> bool:
        left = self._left(pool)
        for shelf in pool:
            left.subtract({sku: each * shelf.exposure for sku, each in shelf.item.parts.items()})
        return any(units > 0 for units in left.values())

    def _left(self, pool: Sequence[Shelf]) -> Counter[str]:
        return Counter({sku: self.units[sku] - self.buffer for shelf in pool for sku in shelf.item.parts})

    def _plan(self, pool: Sequence[Shelf], at: float) -> None:
        """Every listing that awaits no answer is told what the plan says, which leaves the others theirs."""
        units = self._left(pool)
        stakes = {shelf.key: shelf.stake(self.units, at) for shelf in pool}
        for shelf in pool:
            shelf.planned = shelf.shown
            told = None if shelf.moving else tell(tuple(stakes.values()), units, shelf.key)
            if told is not None and told != shelf.shown:
                shelf.moving = told - shelf.shown
                stakes[shelf.key] = shelf.stake(self.units, at)
                self.moves.append((at + self.delay, shelf))


def _anywhere(channel: Channel, mode: Mode) -> Channel:
    """The channel as it would be told if it were in this mode, and all units lay in one pool."""
    return replace(channel, mode=mode, locations=frozenset(), default_location=None, held=False)


def _number(channel: Channel, item: Sku, units: Mapping[str, int]) -> int:
    """What it may show when so many units are left."""
    return shown(channel, item, {}, lambda sku: (Level(sku, POOL.name, available=units[sku]),), (POOL,))


def _item(sku: str, parts: Mapping[str, int]) -> Sku:
    return Sku(sku) if sku in parts else Sku(sku, recipe=parts)


def _parts(one: Purchase, items: Mapping[str, Sku]) -> Counter[str]:
    parts = Counter[str]()
    for sku, quantity in one.wanted.items():
        for part, units in items[sku].parts.items():
            parts[part] += units * quantity
    return parts


def _shares(channels: Iterable[Channel]) -> dict[str, int]:
    """Percentages that add up to 100 at most."""
    together = max(100, sum(one.share_percent for one in channels))
    return {one.name: one.share_percent * 100 // together for one in channels}


def _shelves(past: Past, channels: Mapping[str, Channel]) -> dict[tuple[str, str], Shelf]:
    """Those whose SKUs have a component in common, or share one with a third, are in one pool."""
    shelves: dict[tuple[str, str], Shelf] = {}
    pools: dict[str, list[Shelf]] = {}
    for channel, sku in sorted({(one.channel, sku) for one in past.purchases for sku in one.wanted}):
        shelf = shelves[channel, sku] = Shelf((sku, channel, sku), channels[channel], past.items[sku])
        met = {id(pools[part]): pools[part] for part in shelf.item.parts if part in pools}
        pool = [one for other in met.values() for one in other] + [shelf]
        pools |= {part: pool for one in pool for part in one.item.parts}
    for shelf in shelves.values():
        shelf.pool = pools[next(iter(shelf.item.parts))]
    return shelves
