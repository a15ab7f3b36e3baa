"""Use case: what each mode would have done with the orders of the past."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.errors import InvalidInput
from lastunit.domain.keys import LevelKey
from lastunit.domain.listings.mode_simulation import Replayed, simulate
from lastunit.domain.listings.past_orders import Past, past
from lastunit.domain.listings.push_delays import DAYS
from lastunit.domain.orders.order import Order
from lastunit.ports.listings import PastOrders
from lastunit.ports.settings import Settings
from lastunit.ports.stock import StockReader
from lastunit.ports.system import Clock
from lastunit.use_cases.listings.shared_pool import all_channels
from lastunit.use_cases.listings.show_push_delay import ShowPushDelay

READ_SECONDS = 10.0  # For reading past orders; with as long for replaying them the API has its answer in time.
ORDERS_MAX = 50_000  # That are replayed: as many as fit into the function's time and memory.


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """`complete` False: not all orders of these days were read."""

    days: int
    delay_seconds: float
    orders: int
    complete: bool
    modes: Mapping[Mode, Replayed]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateModes:
    """Reads only."""

    orders: PastOrders
    stock: StockReader
    settings: Settings
    delay: ShowPushDelay
    clock: Clock

    def simulate(self, days: int, delay_seconds: float | None, most: int) -> Simulation:
        """Raises InvalidInput when no delay is given and none was measured."""
        seconds = self._measured() if delay_seconds is None else delay_seconds
        channels = all_channels(self.settings)
        history, complete = self._past(days, most, channels)
        modes = simulate(history, list(channels.values()), seconds)
        return Simulation(
            days=days, delay_seconds=seconds, orders=len(history.purchases), complete=complete, modes=modes
        )

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
        levels = self.stock.levels(LevelKey(sku, place.name) for sku in skus for place in places)
        units = Counter[str]()
        for level in levels.values():
            units[level.sku] += level.available
        return units
