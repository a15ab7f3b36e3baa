"""Use cases: how many units are at risk, how late channels are told, and what each mode would have done."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lastunit.domain.channels import Channel, Mode
from lastunit.domain.delays import DAYS, Delays, quantile
from lastunit.domain.errors import InvalidInput, NotFound
from lastunit.domain.escrow import blockers
from lastunit.domain.events import Event, LevelChanged, ListingChanged, SkuChanged
from lastunit.domain.groups import ListingKey
from lastunit.domain.orders import Order
from lastunit.domain.replay import Past, Replayed, past, simulate
from lastunit.domain.risk import Risk, Total, risk, total
from lastunit.domain.stock_view import SkuView
from lastunit.pool import ReadPool, all_channels
from lastunit.ports import Clock, Settings, StockReader
from lastunit.sync_ports import DelayCounts, Listings, PastOrders, Risks

LOOKS_MAX = 3  # Times a SKU is looked at again because its row had to be changed.
READ_SECONDS = 10.0  # For reading past orders; with as long for replaying them the API has its answer in time.
ORDERS_MAX = 50_000  # That are replayed: as many as fit into the function's time and memory.
LATE = 0.95  # The part of the pushes whose delay the simulation takes for that of all.

Showing = Sequence[SkuView]
"""A SKU, and after it the kits that contain it; empty: no such SKU."""


def showing(listings: Listings, sku: str) -> Showing:
    view = listings.view(sku)
    if view is None:
        return ()
    return (view, *(kit for name in view.kits if (kit := listings.view(name))))


@dataclass(frozen=True, slots=True)
class KeepRisk:
    """Keeps a row for every SKU with units at risk, so that the total is there at any time.

    What a change of stock costs: nothing but one small read for each changed SKU, whose views have been read to ask
    for its pushes; a write and a second look only when its units at risk have changed. A change of exposure alone
    reads the views of its SKU and kits as well: about twice for each push of a listing.
    """

    listings: Listings
    risks: Risks
    clock: Clock

    def __call__(self, events: Iterable[Event], shown: Mapping[str, Showing]) -> None:
        """`shown`: what is read already. An event that comes late is no harm: it keeps what is true now."""
        open_ = self._stocked({sku for event in events for sku in _touched(event)}, shown)
        for _ in range(LOOKS_MAX):
            if not open_:
                return
            units = {sku: risk(views[0], views[1:]).units for sku, views in open_.items() if views}
            # Another may have kept something newer since these views were read: whoever writes looks once more.
            open_ = {sku: showing(self.listings, sku) for sku in self.risks.keep(units, self.clock.now())}

    def _stocked(self, skus: Iterable[str], shown: Mapping[str, Showing]) -> dict[str, Showing]:
        """Those SKUs, with the components of kits in their place."""
        found = {sku: shown[sku] if sku in shown else showing(self.listings, sku) for sku in sorted(skus)}
        parts = {part for views in found.values() if views for part in views[0].item.parts}
        return {part: found[part] if part in found else showing(self.listings, part) for part in sorted(parts)}


def _touched(event: Event) -> Iterable[str]:
    """SKUs that channels may sell more or fewer of, or of which there is more or less."""
    match event:
        case LevelChanged(before, after) if (before.available if before else 0) != after.available:
            return (after.sku,)
        case ListingChanged(before, after) if (before.exposure.units if before else 0) != after.exposure.units:
            return (after.sku,)
        case SkuChanged(before, after) if before and before.recipe != after.recipe:
            return (*before.parts, *after.parts)
    return ()


@dataclass(frozen=True, slots=True)
class ShowRisk:
    listings: Listings
    settings: Settings
    risks: Risks
    read_pool: ReadPool

    def of(self, view: SkuView) -> Risk | None:
        """None: a kit owns no units that could be at risk; its components do."""
        if view.item.is_kit:
            return None
        return risk(view, [kit for name in view.kits if (kit := self.listings.view(name))])

    def blockers(self, view: SkuView) -> dict[ListingKey, list[ListingKey]]:
        """Escrowed listing → others that keep escrowed ones low, because what they may sell does not fall."""
        channels = {name: self.settings.channel(name) for name in {one.channel for one in view.listings}}
        modes = {name: channel.mode for name, channel in channels.items() if channel}
        escrowed = [one.key for one in view.listings if modes.get(one.channel) is Mode.ESCROW]
        if not escrowed:
            return {}
        pool = self.read_pool(view.item.sku)
        found = blockers(tuple(pool.stakes.values()), pool.units)
        return {key: [other for other in found if other != key] for key in escrowed}

    def total(self, most: int) -> Total:
        return total(self.risks.all(), most)


@dataclass(frozen=True, slots=True)
class Delay:
    """Of so many `pushes` in the last days; None where there were none."""

    pushes: int
    median_seconds: int | None
    percentile_95_seconds: int | None
    days: int = DAYS


@dataclass(frozen=True, slots=True)
class ShowDelay:
    """How long after a change of stock a channel has acknowledged it."""

    counts: DelayCounts
    settings: Settings
    clock: Clock

    def of(self, channel: str) -> Delay:
        if self.settings.channel(channel) is None:
            raise NotFound("channel", channel)
        return _delay(self._since(channel))

    def of_all(self) -> Delay:
        together = Counter[int]()
        for channel in self.settings.channels():
            together.update(self._since(channel))
        return _delay(together)

    def _since(self, channel: str) -> Delays:
        first = self.clock.now().date() - timedelta(days=DAYS - 1)
        return self.counts.since(channel, first)


def _delay(delays: Delays) -> Delay:
    return Delay(sum(delays.values()), quantile(delays, 0.5), quantile(delays, LATE))


@dataclass(frozen=True, slots=True)
class Simulation:
    """`complete` False: not all orders of these days were read."""

    days: int
    delay_seconds: float
    orders: int
    complete: bool
    modes: Mapping[Mode, Replayed]


@dataclass(frozen=True, slots=True)
class Simulate:
    """Reads only."""

    orders: PastOrders
    book: StockReader
    settings: Settings
    delay: ShowDelay
    clock: Clock

    def __call__(self, days: int, delay_seconds: float | None, most: int) -> Simulation:
        """Raises InvalidInput when no delay is given and none was measured."""
        seconds = self._measured() if delay_seconds is None else delay_seconds
        channels = all_channels(self.settings)
        history, complete = self._past(days, most, channels)
        modes = simulate(history, list(channels.values()), seconds)
        return Simulation(days, seconds, len(history.purchases), complete, modes)

    def _measured(self) -> float:
        seconds = self.delay.of_all().percentile_95_seconds
        if seconds is None:
            raise InvalidInput("delay_seconds", f"no push was measured in the last {DAYS} days", "name one")
        return seconds

    def _past(self, days: int, most: int, channels: Mapping[str, Channel]) -> tuple[Past, bool]:
        since = self.clock.now() - timedelta(days=days)
        found, complete = self.orders.since(since, most, READ_SECONDS)
        orders = [order for order in found if order.channel in channels]
        return past(orders, self._available(orders), since), complete

    def _available(self, orders: Iterable[Order]) -> dict[str, int]:
        skus = {part for order in orders for line in order.lines for part in line.parts}
        places = self.settings.locations()
        levels = self.book.levels((sku, place.name) for sku in skus for place in places)
        units = Counter[str]()
        for level in levels.values():
            units[level.sku] += level.available
        return units
