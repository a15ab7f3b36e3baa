"""Use case: what is sold, where, and under which names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lastunit.domain.channel import Channel, Mode
from lastunit.domain.errors import InvalidInput
from lastunit.domain.orders.no_stock import is_listed
from lastunit.domain.orders.order import Order, names_of
from lastunit.domain.stock.catalogue import Alias, Location, Sku
from lastunit.ports.orders import OrderStore
from lastunit.ports.settings import Catalogue, Settings
from lastunit.ports.system import Queue
from lastunit.use_cases.listings.shared_pool import all_channels
from lastunit.use_cases.lookup import get_channel
from lastunit.use_cases.messages import RetryOrderMessage
from lastunit.use_cases.settings.push_channels import overwrite_channels, push_channels


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureCatalogue:
    catalogue: Catalogue
    settings: Settings
    order_store: OrderStore
    pushes: Queue
    orders_queue: Queue

    def put_sku(self, sku: Sku) -> None:
        before = self.order_store.items([sku.sku]).get(sku.sku)
        self.catalogue.put_sku(sku, before)

    def is_tracked(self, sku: str) -> bool:
        """One that does not exist yet will be, unless it is made otherwise."""
        stored = self.order_store.items([sku]).get(sku)
        return stored is None or stored.tracked

    def put_location(self, location: Location) -> tuple[str, ...]:
        """The channels that cannot be told. Closing and reopening a location overwrites what channels show."""
        before = next((place for place in self.settings.locations() if place.name == location.name), None)
        self.catalogue.put_location(location)
        users = [channel for channel in all_channels(self.settings).values() if channel.may_use(location.name)]
        if location.blacked_out or (before and before.blacked_out):
            return overwrite_channels(self.pushes, users)
        push_channels(self.pushes, users)
        return ()

    def put_listing(
        self,
        channel: str,
        name: str,
        sku: str,
        refs: Mapping[str, str],
        aliases: Sequence[str],
        override: Mapping[str, int] | None = None,
    ) -> None:
        """Give a SKU its name on a channel, and further names that only orders use there.

        An untracked SKU is listed nowhere: its names are only found on orders.
        `override`: settings of the channel that are others for this listing.
        """
        _check_override(get_channel(self.settings, channel), override or {})
        more = [further for further in dict.fromkeys(aliases) if further != name]
        before = {alias.name: alias for alias in self.settings.aliases(channel, [name, *more])}
        listing, tracked = Alias(name, sku, name), self.is_tracked(sku)
        self.catalogue.put_listing(channel, listing, refs, before.get(name), override, tracked=tracked)
        for further in more:
            self.catalogue.put_alias(channel, Alias(further, sku, name), before.get(further))
        self._retry_waiting(channel, {name, *more})

    def retry_without_stock(self, channel: Channel) -> None:
        """Orders that waited for a name which the channel's settings list among those that need no stock."""
        patterns = channel.no_stock_names
        waiting = self.order_store.waiting_for(channel.name, None) if patterns else []
        self._retry(channel.name, [order for order in waiting if is_listed(names_of(order), patterns)])

    def _retry_waiting(self, channel: str, names: set[str]) -> None:
        """Orders that waited for one of these names are tried again (rule 1.2-15)."""
        self._retry(channel, self.order_store.waiting_for(channel, names))

    def _retry(self, channel: str, waiting: Sequence[Order]) -> None:
        if waiting:
            self.orders_queue.send(
                [RetryOrderMessage(channel=channel, external_id=order.external_id) for order in waiting]
            )


def _check_override(channel: Channel, override: Mapping[str, int]) -> None:
    """Exclusive channels divide each SKU by one rule that all of them see."""
    wrong = sorted(override.keys() & {"share_percent", "buffer"})
    if wrong and channel.mode is Mode.EXCLUSIVE:
        raise InvalidInput(wrong[0], "is the same for all listings of an exclusive channel", "set cap or minimum")
