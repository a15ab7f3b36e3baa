"""A short life of each kind of marketplace in process, written down call by call, by the real channel modules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lastunit.channel_ports import ChannelApi, HttpClient, HttpResponse, OrdersPage, WebhookRequest
from lastunit.domain.channels import Channel
from lastunit.domain.facts import Told
from lastunit.domain.pushes import Answer, Delta, Push, Shown, Target
from lastunit.hub import channel_module
from tests.channels.ebay import Ebay
from tests.channels.generic import GenericStore
from tests.channels.marketplace import Delivery, Make, Marketplace, in_process
from tests.channels.shipstation import V2, ShipStation
from tests.channels.shopify import Shopify
from tests.fakes import FixedClock, one_after_another
from tests.simulate.http import MarketHttp, by_host

Seller = GenericStore | Shopify | Ebay
SELLERS: Mapping[str, type[Seller]] = {"generic": GenericStore, "shopify": Shopify, "ebay": Ebay}


@dataclass(frozen=True, slots=True)
class Recorded:
    """Writes down what is asked and answered, but for what only connections have."""

    http: HttpClient
    script: list[object]
    side_by_side = staticmethod(one_after_another)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        answer = self.http.request(method, url, headers=headers, body=body)
        told = (answer.status, answer.headers.get("content-type"), answer.body)
        self.script.extend([(method, url, body), told])
        return answer


@dataclass(slots=True)
class Desk[Market: Marketplace]:
    """One marketplace and the hub's module for it. `script`: all that passed between them."""

    kind: str
    market: Market
    http: HttpClient
    clock: FixedClock
    sent: list[Make]
    hub_clock: FixedClock = field(default_factory=FixedClock)
    script: list[object] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def api(self) -> ChannelApi:
        market: Any = self.market
        channel, http = Channel("shop", self.kind, connection=market.connection()), Recorded(self.http, self.script)
        made: ChannelApi = channel_module(self.kind).Api(
            channel, market.secret(), http, self.hub_clock, self.memory
        )
        return made

    def heard(self) -> list[Told]:
        """What the webhooks sent since the last time tell, each verified, parsed and, where thin, fetched."""
        makes, self.sent[:] = self.sent[:], []
        found: list[Told] = []
        for make in makes:
            request = self.arriving(make())
            self.api.verify(request)
            notification = self.api.parse(request)
            found += self.api.facts(notification) if notification else ()
        self.script += found
        return found

    def arriving(self, delivery: Delivery) -> WebhookRequest:
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        query = dict(parse_qsl(urlsplit(self.market.webhook_url).query))
        request = WebhookRequest("POST", headers, delivery.body, query)
        self.script.append(request)
        return request

    def page(self) -> OrdersPage:
        page = self.api.orders_since(self.clock.at - timedelta(hours=1), None)
        self.script.append(page)
        return page

    def pass_minutes(self, minutes: int) -> None:
        self.clock.pass_minutes(minutes)
        self.hub_clock.pass_minutes(minutes)


def opened[Market: Marketplace](kind: str, market: type[Market], seed: int = 7, **settings: Any) -> Desk[Market]:
    clock, sent = FixedClock(), list[Make]()
    address = f"https://hub.example/webhooks/{kind}"
    made = in_process(market, seed, clock.now, sent.append, webhook_url=address, **settings)
    return Desk(kind, made, MarketHttp(by_host([made]), lambda host, call: call()), clock, sent)


def selling(kind: str, seed: int = 7) -> Desk[Seller]:
    desk = opened(kind, SELLERS[kind], seed)
    desk.market.list_item("TEE", 10)
    desk.market.list_item("MUG", 4)
    return desk


def shipping(version: str, seed: int = 7) -> Desk[ShipStation]:
    desk = opened("shipstation", ShipStation, seed, api_version=version)
    desk.market.register(desk.market.webhook_url)
    return desk


def target(desk: Desk[Seller], name: str) -> Target:
    return Target(name, desk.market.refs(name))


def push(desk: Desk[Seller], name: str, quantity: int) -> Push:
    """With what the channel shows at this moment."""
    (shown,) = desk.api.read([target(desk, name)])
    assert isinstance(shown, Shown)
    return Push(target(desk, name), quantity, f"push-{name}-{quantity}", shown.quantity, shown.version)


def pushed(desk: Desk[Seller], name: str, quantity: int) -> Answer:
    (answer,) = desk.api.write([push(desk, name, quantity)])
    desk.script.append(answer)
    return answer


def lowered(desk: Desk[Seller], name: str, units: int) -> Answer:
    (answer,) = desk.api.adjust([Delta(target(desk, name), -units, f"delta-{name}")])
    desk.script.append(answer)
    return answer


def life_of_a_seller(desk: Desk[Seller]) -> list[object]:
    """The script of a sale, numbers pushed, a list of orders, a parcel and a cancel."""
    sold = desk.market.sell({"TEE": 2, "MUG": 1})
    desk.heard()
    desk.pass_minutes(1)
    pushed(desk, "TEE", 3)
    if desk.api.adjusts:
        lowered(desk, "MUG", 1)
    desk.page()
    desk.market.ship(sold, {"TEE": 1})
    desk.market.cancel(desk.market.sell({"TEE": 1}))
    desk.heard()
    desk.page()
    return [*desk.script, desk.market.history]


def life_of_a_warehouse(desk: Desk[ShipStation]) -> list[object]:
    parcel = desk.market.ship("order-1", {"L1": ("TEE", 2)})
    desk.heard()
    desk.pass_minutes(1)
    desk.market.void(parcel)
    desk.page()
    if desk.market.api_version == V2:
        desk.market.mark_shipped("order-2", {"L1": ("MUG", 1)})
        desk.heard()
    return desk.script
