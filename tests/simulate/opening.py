"""The shop is set up through the use cases of the API, before anything goes wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lastunit.domain.catalogue import Location, Sku
from lastunit.domain.channels import Channel, Mode, Sync
from lastunit.domain.levels import Adjustment, Bin, BinKind, Reason
from lastunit.hub import Hub
from tests.channels.ebay import Ebay
from tests.channels.shopify import Shopify
from tests.simulate.shape import ChannelShape, Shape
from tests.simulate.town import Town

COUNTER = "counter"
"""The till of the shop: its orders come by the API and are answered at once; it shows no numbers."""

TYPES: Mapping[str, Callable[[Any], Any]] = {"mode": Mode, "sync": Sync}


@dataclass(frozen=True, slots=True)
class Opening:
    town: Town
    shape: Shape
    seed: int

    def __call__(self) -> None:
        self.town.ask(self._stock)
        self.town.ask(lambda hub: self._connect(hub, self._counter()))
        for number, channel in enumerate(self.shape.channels):
            self._open(channel, number)

    def _stock(self, hub: Hub) -> None:
        for rank, place in enumerate(self.shape.locations, 1):
            hub.configure.put_location(Location(place, rank))
        for sku in self.shape.stock:
            hub.configure.put_sku(Sku(sku))
        for kit, recipe in self.shape.kits.items():
            hub.configure.put_sku(Sku(kit, recipe=recipe))
        for sku, places in self.shape.stock.items():
            for place, units in places.items():
                self._receive(hub, sku, place, units)

    def _receive(self, hub: Hub, sku: str, place: str, units: int) -> None:
        bin = None
        if (sku, place) in self.shape.picking:
            hub.adjust_stock.put_bin(sku, place, Bin("P", BinKind.PICKING))
            hub.adjust_stock.put_bin(sku, place, Bin("S", BinKind.STORAGE))
            bin = "P"
        if units:
            hub.adjust_stock.move(Adjustment(f"open-{sku}-{place}", Reason.RECEIVE, sku, place, units, bin))
            self.town.moved[sku, place] += units

    def _open(self, shape: ChannelShape, number: int) -> None:
        settings: dict[str, Any] = self._shipping() if shape.kind == "shipstation" else {}
        market: Any = self.town.open_market(shape.name, shape.kind, self.seed * 10 + number, **settings)
        if not shape.lists:
            market.lists_orders = False
            self.town.trusting.add(shape.name)
        market.webhook_url = f"https://hub.example/webhooks/{shape.name}"
        if shape.kind == "shipstation":
            market.register(market.webhook_url)
        settings = {name: TYPES.get(name, _same)(value) for name, value in shape.settings.items()}
        channel = Channel(shape.name, shape.kind, connection=market.connection(), **settings)
        if shape.sells:
            for name in self.shape.names:
                market.list_item(name, 0)
        self.town.ask(lambda hub: self._connect(hub, channel))
        if shape.sells:
            self.town.ask(lambda hub: self._list(hub, channel.name, market))
            self.town.ask(lambda hub: self._turn_on(hub, channel.name))

    def _shipping(self) -> dict[str, str]:
        """ShipStation ships what Shopify sells; its warehouses are the locations."""
        warehouses = ",".join(f"{77 + at}={place}" for at, place in enumerate(self.shape.locations))
        shop = next(channel.name for channel in self.shape.channels if channel.kind == "shopify")
        return {"stores": f"*={shop}", "warehouses": warehouses}

    def _counter(self) -> Channel:
        settings: dict[str, Any] = dict(self.shape.counter)
        return Channel(COUNTER, "generic", connection={"base_url": "https://counter.example"}, **settings)

    def _connect(self, hub: Hub, channel: Channel) -> None:
        hub.configure.put_channel(channel)

    def _list(self, hub: Hub, channel: str, market: Any) -> None:
        for name in self.shape.names:
            hub.configure.put_listing(channel, name, name, market.refs(name), _aliases(market, name))

    def _turn_on(self, hub: Hub, channel: str) -> None:
        stored = hub.settings.channel(channel)
        assert stored is not None
        hub.configure.switch_outbound(channel, True, stored.edition)


def _same(value: Any) -> Any:
    return value


def _aliases(market: Any, name: str) -> list[str]:
    if isinstance(market, Shopify):
        return [f"variant:{market.variants[name].variant_id}"]
    return [f"item:{market.items[name].listing_id}"] if isinstance(market, Ebay) else []
