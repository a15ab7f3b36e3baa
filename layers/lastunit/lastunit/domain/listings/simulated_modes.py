"""What channels would have shown under each mode, when all units lie in one pool."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.keys import ListingKey
from lastunit.domain.listings.escrow import EscrowShare, plan_quantity
from lastunit.domain.listings.listing import SALES_HALF_LIFE_DAYS, SALES_RATE_SCALE
from lastunit.domain.listings.past_orders import Past, Purchase
from lastunit.domain.listings.push_protocol import Form
from lastunit.domain.listings.quantity import shown
from lastunit.domain.listings.sharing import apportion
from lastunit.domain.stock.catalogue import Location, Sku
from lastunit.domain.stock.levels import Level

POOL = Location("everywhere", 1)


class Shared:
    """Every channel is pushed its part of what is left; the sales of others lower it after the delay, its own at
    once.
    """

    def __init__(self, past: Past, channels: Iterable[Channel], delay_seconds: float) -> None:
        self.past, self.delay = past, delay_seconds
        self.channels = {one.name: _anywhere(one, Mode.SHARED) for one in channels}
        self.pushed = Counter(past.units)
        self.to_push = deque[tuple[Purchase, Mapping[str, int]]]()
        self.own = Counter[tuple[str, str]]()  # Sold by a listing since its number was computed.

    def pass_to(self, at: float) -> None:
        while self.to_push and self.to_push[0][0].at + self.delay <= at:
            one, parts = self.to_push.popleft()
            self.pushed.subtract(parts)
            self.own.subtract({(one.channel, sku): units for sku, units in one.wanted.items()})

    def shows(self, channel: str, sku: str) -> int:
        return _number(self.channels[channel], self.past.items[sku], self.pushed) - self.own[channel, sku]

    def sell(self, purchase: Purchase, parts: Mapping[str, int]) -> None:
        self.to_push.append((purchase, parts))
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
        """Nothing is pushed."""

    def shows(self, channel: str, sku: str) -> int:
        return _number(self.channels[channel], self.past.items[sku], self.own[channel])

    def sell(self, purchase: Purchase, parts: Mapping[str, int]) -> None:
        self.own[purchase.channel].subtract(parts)


@dataclass(slots=True, kw_only=True)
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
    sales_rate: float = 0.0
    sales_rate_at: float = 0.0

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
        self.sales_rate, self.sales_rate_at = self._sales_rate(at) + units * SALES_RATE_SCALE, at

    def share(self, units: Mapping[str, int], at: float) -> EscrowShare:
        return EscrowShare(
            key=self.key,
            parts=self.item.parts,
            exposure=self.exposure,
            shown=self.shown,
            form=Form.ADJUST,
            sales=SALES_RATE_SCALE + int(self._sales_rate(at)),
            limit=_number(self.channel, self.item, units),
            is_adjustable=not self.moving,
        )

    def _sales_rate(self, at: float) -> float:
        days = (at - self.sales_rate_at) / 86_400
        return self.sales_rate * 0.5 ** (days / SALES_HALF_LIFE_DAYS) if self.sales_rate else 0.0


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
        """Every listing that awaits no answer is pushed what the plan says, which leaves the others theirs."""
        units = self._left(pool)
        shares = {shelf.key: shelf.share(self.units, at) for shelf in pool}
        for shelf in pool:
            shelf.planned = shelf.shown
            planned = None if shelf.moving else plan_quantity(tuple(shares.values()), units, shelf.key)
            if planned is not None and planned != shelf.shown:
                shelf.moving = planned - shelf.shown
                shares[shelf.key] = shelf.share(self.units, at)
                self.moves.append((at + self.delay, shelf))


def _anywhere(channel: Channel, mode: Mode) -> Channel:
    """The channel as it would be pushed if it were in this mode, and all units lay in one pool."""
    return replace(channel, mode=mode, locations=frozenset(), default_location=None, paused=False)


def _number(channel: Channel, item: Sku, units: Mapping[str, int]) -> int:
    """What it may show when so many units are left."""
    return shown(
        channel, item, {}, lambda sku: (Level(sku=sku, location=POOL.name, available=units[sku]),), (POOL,)
    )


def _shares(channels: Iterable[Channel]) -> dict[str, int]:
    """Percentages that add up to 100 at most."""
    together = max(100, sum(one.share_percent for one in channels))
    return {one.name: one.share_percent * 100 // together for one in channels}


def _shelves(past: Past, channels: Mapping[str, Channel]) -> dict[tuple[str, str], Shelf]:
    """Those whose SKUs have a component in common, or share one with a third, are in one pool."""
    shelves: dict[tuple[str, str], Shelf] = {}
    pools: dict[str, list[Shelf]] = {}
    for channel, sku in sorted({(one.channel, sku) for one in past.purchases for sku in one.wanted}):
        shelf = shelves[channel, sku] = Shelf(
            key=ListingKey(sku, channel, sku), channel=channels[channel], item=past.items[sku]
        )
        met = {id(pools[part]): pools[part] for part in shelf.item.parts if part in pools}
        pool = [one for other in met.values() for one in other] + [shelf]
        pools |= {part: pool for one in pool for part in one.item.parts}
    for shelf in shelves.values():
        shelf.pool = pools[next(iter(shelf.item.parts))]
    return shelves
