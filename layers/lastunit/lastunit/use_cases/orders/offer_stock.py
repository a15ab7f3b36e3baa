"""Use case: whoever waits for units is offered those that are there (rule 1.4-15).

Units that come are offered at once, by `track`. But nothing comes where units can only be had again: a location was
opened, or a channel may use one more. This looks for them, and the orders decide, each in the write of its row.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import State
from lastunit.domain.orders.units import awaited_units
from lastunit.ports.orders import OrderStore
from lastunit.ports.settings import Settings
from lastunit.ports.system import Queue
from lastunit.use_cases.messages import StockArrivedMessage


@dataclass(frozen=True, slots=True)
class OfferStock:
    order_store: OrderStore
    settings: Settings
    queue: Queue

    def run(self) -> int:
        """How many SKUs were offered."""
        waiting = self.order_store.awaiting_units()
        there = self._there({sku for order in waiting for sku in awaited_units(order)})
        channels = {name: self.settings.channel(name) for name in {order.channel for order in waiting}}
        known = ((order, channel) for order in waiting if (channel := channels[order.channel]))
        offers = {
            sku for order, channel in known if _may_have(order, channel, there) for sku in awaited_units(order)
        }
        if offers:
            self.queue.send([StockArrivedMessage(sku=sku) for sku in sorted(offers)])
        return len(offers)

    def _there(self, skus: Iterable[str]) -> Mapping[tuple[str, str], int]:
        """(SKU, location) → units, of the locations that are open."""
        open_ = [place.name for place in self.settings.locations() if not place.blacked_out]
        levels = self.order_store.levels(LevelKey(sku, place) for sku in sorted(skus) for place in open_)
        return {key: level.available for key, level in levels.items()}


def _may_have(order: Order, channel: Channel, there: Mapping[tuple[str, str], int]) -> bool:
    """A promise is filled as far as units reach; a request has all of them, if its channel tries it again."""
    had = {
        sku: sum(units for (one, place), units in there.items() if one == sku and channel.may_use(place))
        for sku in awaited_units(order)
    }
    if order.state is State.REQUESTED:
        return channel.retry_requests_on_restock and all(
            units <= had[sku] for sku, units in awaited_units(order).items()
        )
    return any(had.values())
