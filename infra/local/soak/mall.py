"""The channels of the soak with their simulated marketplaces, connected to a running stack."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Self
from urllib.parse import quote

from infra.local.soak.chance import dice
from infra.local.soak.goods import ESCROWED, KITS, LOCATIONS, POOLED, SKUS, STOCKED
from infra.local.soak.hub import Hub
from infra.local.soak.stalls import EbayShop, ShopifyShop, Stall, Store
from infra.local.soak.till import Till
from infra.local.tools import StackError
from tests.channels.ebay import Ebay
from tests.channels.generic import GenericStore
from tests.channels.marketplace import Marketplace, Misbehaviour
from tests.channels.shipstation import ShipStation
from tests.channels.shopify import Shopify

COURIERS = 2  # Webhooks of one channel under way at once.
CLIENTS = 2
POINTS_PER_SECOND = 1000.0  # Of Shopify Plus, as a shop with so many orders would have.
DAYS = Misbehaviour(
    throttled=0.04, broken=0.03, lost=0.08, duplicated=0.15, dropped=0.1, delay_seconds=1.0, retry_after_seconds=1
)


class Mall:
    """Open from `with Mall(hub, seed) as mall:`. `stalls` sell, `shipping` tells of parcels of Shopify's."""

    def __init__(self, hub: Hub, seed: int) -> None:
        chance = dice(seed, "markets")
        seeds = {name: chance.getrandbits(32) for name in ("shopify", "ebay", "own-store", "boutique", "outlet")}
        self.hub, self._open = hub, ExitStack()
        self.shipping = ShipStation(seed=chance.getrandbits(32), couriers=COURIERS, stores="*=shopify")
        shopify, boutique = (_shopify(seeds[name]) for name in ("shopify", "boutique"))
        own_store, outlet = (GenericStore(seed=seeds[name], couriers=COURIERS) for name in ("own-store", "outlet"))
        self.till = Till("till", POOLED, GenericStore(), hub)
        self.stalls: tuple[Stall, ...] = (
            ShopifyShop("shopify", ESCROWED, shopify, self.shipping),
            EbayShop("ebay", ESCROWED, Ebay(seed=seeds["ebay"], couriers=COURIERS)),
            Store("own-store", ESCROWED, own_store),
            ShopifyShop("boutique", POOLED, boutique),
            Store("outlet", POOLED, outlet),
            self.till,
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
        return [*(stall.market for stall in self.stalls), self.shipping]

    @property
    def channels(self) -> list[str]:
        return [*(stall.name for stall in self.stalls), "shipping"]

    def misbehave(self, manners: Misbehaviour) -> None:
        for market in self.markets:
            market.misbehaviour = manners

    def listed(self) -> Iterator[tuple[Stall, str]]:
        """Every SKU with the channels that show it."""
        return ((stall, sku) for stall in self.stalls for sku in stall.market.shelves)

    # -- connecting ------------------------------------------------------------------------------------------

    def _connect_all(self) -> None:
        for name, rank in LOCATIONS.items():
            self._put(f"/locations/{name}", {"rank": rank})
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(lambda sku: self._put(f"/skus/{sku}", {}), (*STOCKED[ESCROWED], *STOCKED[POOLED])))
            list(clients.map(lambda kit: self._put(f"/skus/{kit}", {"recipe": KITS[kit]}), KITS))
            for stall in self.stalls:
                self._connect(stall, clients)
        self._connect_shipping()

    def _connect(self, stall: Stall, clients: ThreadPoolExecutor) -> None:
        market: Any = stall.market
        market.webhook_url = f"{self.hub.stack.url}/webhooks/{stall.name}"
        self.hub.stack.put_secret(stall.name, market.secret())
        kind = {Shopify: "shopify", Ebay: "ebay", GenericStore: "generic"}[type(market)]
        settings = {"kind": kind, "mode": stall.family, "takes_requests": stall.name == "boutique"}
        self._put(f"/channels/{stall.name}", {**settings, "connection": market.connection()})
        if isinstance(market, Ebay):
            market.register(market.webhook_url)
        if not isinstance(stall, Till):
            list(clients.map(lambda sku: self._list(stall.name, market, sku), SKUS[stall.family]))
            self._turn_on(stall.name)

    def _list(self, channel: str, market: Any, sku: str) -> None:
        market.list_item(sku, 0)
        listing = {"sku": sku, "refs": market.refs(sku), "aliases": _aliases(market, sku)}
        self._put(f"/channels/{channel}/listings/{sku}", listing)

    def _turn_on(self, name: str) -> None:
        page = self.hub.ask("GET", f"/channels/{name}/rehearsal").json()
        while page["next"]:
            page = self.hub.ask("GET", f"/channels/{name}/rehearsal?after={quote(page['next'])}").json()
        self._put(f"/channels/{name}/outbound", {"on": True, "seen": page["seen"]})

    def _connect_shipping(self) -> None:
        self.hub.stack.put_secret("shipping", self.shipping.secret())
        self._put("/channels/shipping", {"kind": "shipstation", "connection": self.shipping.connection()})
        self.shipping.register(f"{self.hub.stack.url}/webhooks/shipping")

    def _put(self, path: str, content: Mapping[str, Any]) -> None:
        answer = self.hub.ask("PUT", path, content)
        if answer.status >= 300:
            raise StackError(f"PUT {path} answered {answer.status}: {answer.body.decode(errors='replace')}")


def _shopify(seed: int) -> Shopify:
    shop = Shopify(seed=seed, couriers=COURIERS)
    shop.admin.points_restored_per_second = POINTS_PER_SECOND
    return shop


def _aliases(market: Any, sku: str) -> list[str]:
    """The ids that orders of a marketplace name beside, or instead of, the SKU."""
    if isinstance(market, Shopify):
        return [f"variant:{market.variants[sku].variant_id}"]
    return [f"item:{market.items[sku].listing_id}"] if isinstance(market, Ebay) else []
