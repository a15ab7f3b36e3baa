"""The shop is set up through the use cases of the API, before anything goes wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lastunit.container import Hub
from lastunit.domain.channel import Channel, Mode, Sync
from lastunit.domain.stock.catalogue import Location, Sku
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Bin, BinKind
from tests.channels.ebay.simulator import Ebay
from tests.channels.shopify.simulator import Shopify
from tests.simulate.scenario import ChannelScenario, Scenario
from tests.simulate.shop_world import ShopWorld

COUNTER = "counter"
"""The till of the shop: its orders come by the API and are answered at once; it shows no numbers."""

TYPES: Mapping[str, Callable[[Any], Any]] = {"mode": Mode, "sync": Sync}


@dataclass(frozen=True, slots=True)
class Setup:
    shop_world: ShopWorld
    scenario: Scenario
    seed: int

    def __call__(self) -> None:
        self.shop_world.ask(self._stock)
        self.shop_world.ask(lambda hub: self._connect(hub, self._counter()))
        for number, channel in enumerate(self.scenario.channels):
            self._open(channel, number)

    def _stock(self, hub: Hub) -> None:
        for rank, place in enumerate(self.scenario.locations, 1):
            hub.configure_catalogue.put_location(Location(place, rank))
        for sku in self.scenario.stock:
            hub.configure_catalogue.put_sku(Sku(sku=sku))
        for kit, recipe in self.scenario.kits.items():
            hub.configure_catalogue.put_sku(Sku(sku=kit, recipe=recipe))
        for sku, places in self.scenario.stock.items():
            for place, units in places.items():
                self._receive(hub, sku, place, units)

    def _receive(self, hub: Hub, sku: str, place: str, units: int) -> None:
        bin = None
        if (sku, place) in self.scenario.picking:
            hub.adjust_stock.put_bin(sku, place, Bin(name="P", kind=BinKind.PICKING))
            hub.adjust_stock.put_bin(sku, place, Bin(name="S", kind=BinKind.STORAGE))
            bin = "P"
        if units:
            hub.adjust_stock.move(
                Adjustment(
                    operation=f"open-{sku}-{place}",
                    reason=AdjustmentReason.RECEIVE,
                    sku=sku,
                    location=place,
                    delta=units,
                    bin=bin,
                )
            )
            self.shop_world.moved[sku, place] += units

    def _open(self, scenario: ChannelScenario, number: int) -> None:
        settings: dict[str, Any] = self._shipping() if scenario.kind == "shipstation" else {}
        market: Any = self.shop_world.open_market(scenario.name, scenario.kind, self.seed * 10 + number, **settings)
        if not scenario.lists:
            market.lists_orders = False
            self.shop_world.trusting.add(scenario.name)
        market.webhook_url = f"https://hub.example/webhooks/{scenario.name}"
        if scenario.kind == "shipstation":
            market.register(market.webhook_url)
        settings = {name: TYPES.get(name, _same)(value) for name, value in scenario.settings.items()}
        channel = Channel(name=scenario.name, kind=scenario.kind, connection=market.connection(), **settings)
        if scenario.sells:
            for name in self.scenario.names:
                market.list_item(name, 0)
        self.shop_world.ask(lambda hub: self._connect(hub, channel))
        if scenario.sells:
            self.shop_world.ask(lambda hub: self._list(hub, channel.name, market))
            self.shop_world.ask(lambda hub: self._turn_on(hub, channel.name))

    def _shipping(self) -> dict[str, str]:
        """ShipStation ships what Shopify sells; its warehouses are the locations."""
        warehouses = ",".join(f"{77 + at}={place}" for at, place in enumerate(self.scenario.locations))
        shop = next(channel.name for channel in self.scenario.channels if channel.kind == "shopify")
        return {"stores": f"*={shop}", "warehouses": warehouses}

    def _counter(self) -> Channel:
        settings: dict[str, Any] = dict(self.scenario.counter)
        return Channel(name=COUNTER, kind="generic", connection={"base_url": "https://counter.example"}, **settings)

    def _connect(self, hub: Hub, channel: Channel) -> None:
        hub.configure_channel.put_channel(channel)

    def _list(self, hub: Hub, channel: str, market: Any) -> None:
        for name in self.scenario.names:
            hub.configure_catalogue.put_listing(channel, name, name, market.refs(name), _aliases(market, name))

    def _turn_on(self, hub: Hub, channel: str) -> None:
        stored = hub.settings.channel(channel)
        assert stored is not None
        hub.configure_channel.switch_outbound(channel, True, stored.settings_version)


def _same(value: Any) -> Any:
    return value


def _aliases(market: Any, name: str) -> list[str]:
    if isinstance(market, Shopify):
        return [f"variant:{market.variants[name].variant_id}"]
    return [f"item:{market.items[name].listing_id}"] if isinstance(market, Ebay) else []
