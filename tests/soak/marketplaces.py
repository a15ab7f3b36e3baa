"""The channels of the soak with their simulated marketplaces, connected to a running stack."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Self
from urllib.parse import quote

from infra.local.tools import StackError
from tests.channels.ebay.simulator import Ebay
from tests.channels.generic.simulator import GenericStore
from tests.channels.marketplace import Marketplace, Misbehaviour
from tests.channels.registry import kind_of
from tests.channels.shipstation.simulator import ShipStation
from tests.channels.shopify.simulator import Shopify
from tests.soak.catalogue import ESCROWED, KITS, LOCATIONS, POOLED, SKUS, STOCKED
from tests.soak.channel_drivers import ChannelDriver, EbayDriver, ShopifyDriver, StoreDriver
from tests.soak.hub import HubClient
from tests.soak.point_of_sale import PointOfSale
from tests.soak.rng import seeded_rng

WEBHOOK_WORKERS = 2  # Webhooks of one channel under way at once.
CLIENTS = 2
POINTS_PER_SECOND = 1000.0  # Of Shopify Plus, as a shop with so many orders would have.
DAYS = Misbehaviour(
    throttled=0.04, broken=0.03, lost=0.08, duplicated=0.15, dropped=0.1, delay_seconds=1.0, retry_after_seconds=1
)


class Marketplaces:
    """Open inside its `with`. `drivers` sell, `shipping` reports the parcels of Shopify's orders."""

    def __init__(self, hub: HubClient, seed: int) -> None:
        rng = seeded_rng(seed, "markets")
        seeds = {name: rng.getrandbits(32) for name in ("shopify", "ebay", "own-store", "boutique", "outlet")}
        self.hub, self._open = hub, ExitStack()
        self.shipping = ShipStation(seed=rng.getrandbits(32), webhook_workers=WEBHOOK_WORKERS, stores="*=shopify")
        shopify, boutique = (_shopify(seeds[name]) for name in ("shopify", "boutique"))
        own_store, outlet = (
            GenericStore(seed=seeds[name], webhook_workers=WEBHOOK_WORKERS) for name in ("own-store", "outlet")
        )
        self.point_of_sale = PointOfSale("till", POOLED, GenericStore(), hub)
        self.drivers: tuple[ChannelDriver, ...] = (
            ShopifyDriver("shopify", ESCROWED, shopify, self.shipping),
            EbayDriver("ebay", ESCROWED, Ebay(seed=seeds["ebay"], webhook_workers=WEBHOOK_WORKERS)),
            StoreDriver("own-store", ESCROWED, own_store),
            ShopifyDriver("boutique", POOLED, boutique),
            StoreDriver("outlet", POOLED, outlet),
            self.point_of_sale,
        )

    def __enter__(self) -> Self:
        try:
            for market in self.markets:
                self._open.enter_context(market)
            self._connect_all()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def markets(self) -> list[Marketplace]:
        return [*(driver.market for driver in self.drivers), self.shipping]

    @property
    def channels(self) -> list[str]:
        return [*(driver.name for driver in self.drivers), "shipping"]

    def misbehave(self, manners: Misbehaviour) -> None:
        for market in self.markets:
            market.misbehaviour = manners

    def listed(self) -> Iterator[tuple[ChannelDriver, str]]:
        """Every SKU with the channels that show it."""
        return ((driver, sku) for driver in self.drivers for sku in driver.market.shelves)

    # -- connecting ------------------------------------------------------------------------------------------

    def _connect_all(self) -> None:
        for name, rank in LOCATIONS.items():
            self._put(f"/locations/{name}", {"rank": rank})
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(lambda sku: self._put(f"/skus/{sku}", {}), (*STOCKED[ESCROWED], *STOCKED[POOLED])))
            list(clients.map(lambda kit: self._put(f"/skus/{kit}", {"recipe": KITS[kit]}), KITS))
            for driver in self.drivers:
                self._connect(driver, clients)
        self._connect_shipping()

    def _connect(self, driver: ChannelDriver, clients: ThreadPoolExecutor) -> None:
        market: Any = driver.market
        address = f"{self.hub.stack.url}/webhooks/{driver.name}"
        market.webhook_url = address  # Some settings name it.
        self.hub.stack.put_secret(driver.name, market.secret())
        settings = {"kind": kind_of(market), "mode": driver.family, "takes_requests": driver.name == "boutique"}
        self._put(f"/channels/{driver.name}", {**settings, "connection": market.connection()})
        market.register(address)
        if not isinstance(driver, PointOfSale):
            list(clients.map(lambda sku: self._list(driver.name, market, sku), SKUS[driver.family]))
            self._turn_on(driver.name)

    def _list(self, channel: str, market: Any, sku: str) -> None:
        market.list_item(sku, 0)
        listing = {"sku": sku, "refs": market.refs(sku), "aliases": market.aliases(sku)}
        self._put(f"/channels/{channel}/listings/{sku}", listing)

    def _turn_on(self, name: str) -> None:
        page = self.hub.ask("GET", f"/channels/{name}/rehearsal").json()
        while page["next"]:
            page = self.hub.ask("GET", f"/channels/{name}/rehearsal?after={quote(page['next'])}").json()
        self._put(f"/channels/{name}/outbound", {"on": True, "rehearsed_version": page["rehearsed_version"]})

    def _connect_shipping(self) -> None:
        self.hub.stack.put_secret("shipping", self.shipping.secret())
        self._put("/channels/shipping", {"kind": kind_of(self.shipping), "connection": self.shipping.connection()})
        self.shipping.register(f"{self.hub.stack.url}/webhooks/shipping")

    def _put(self, path: str, content: Mapping[str, Any]) -> None:
        answer = self.hub.ask("PUT", path, content)
        if answer.status >= 300:
            raise StackError(f"PUT {path} answered {answer.status}: {answer.body.decode(errors='replace')}")


def _shopify(seed: int) -> Shopify:
    shop = Shopify(seed=seed, webhook_workers=WEBHOOK_WORKERS)
    shop.admin.points_restored_per_second = POINTS_PER_SECOND
    return shop
