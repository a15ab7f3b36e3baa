"""A short life of each kind of marketplace in process, written down call by call, by the real channel modules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lastunit.channels.registry import KINDS
from lastunit.domain.channel import Channel
from lastunit.domain.listings.push_protocol import Delta, ListingResult, Push, Shown, Target
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.ports.channel import Capability, OrdersPage, QuantityAdjuster, WebhookRequest
from lastunit.ports.system import HttpClient, HttpResponse
from tests.channels.marketplace import Delivery, Make, Marketplace, in_process
from tests.channels.registry import simulator
from tests.channels.shipstation.simulator import V2, ShipStation
from tests.simulate.http import MarketHttp, by_host
from tests.support.clock import FakeClock
from tests.support.parallel import in_turn

SELLING = tuple(name for name in KINDS.names if Capability.QUANTITIES in KINDS.kind(name).capabilities)
"""Kinds that show numbers, and hence sell."""

type Seller = Any  # A marketplace of a kind in SELLING; what it can do is more than the base class tells.


@dataclass(frozen=True, slots=True)
class Recorded:
    """Writes down what is asked and answered, but for what only connections have."""

    http: HttpClient
    script: list[object]
    run_parallel = staticmethod(in_turn)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        answer = self.http.request(method, url, headers=headers, body=body)
        reported = (answer.status, answer.headers.get("content-type"), answer.body)
        self.script.extend([(method, url, body), reported])
        return answer


@dataclass(slots=True)
class ChannelSession[Market: Marketplace]:
    """One marketplace and the hub's module for it. `script`: all that passed between them."""

    kind: str
    market: Market
    http: HttpClient
    clock: FakeClock
    sent: list[Make]
    hub_clock: FakeClock = field(default_factory=FakeClock)
    script: list[object] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def api(self) -> Any:
        market: Any = self.market
        channel, http = (
            Channel(name="shop", kind=self.kind, connection=market.connection()),
            Recorded(self.http, self.script),
        )
        return KINDS.kind(self.kind).open_account(channel, market.secret(), http, self.hub_clock, self.memory)

    def notifications(self) -> list[ChannelEvent]:
        """What the webhooks sent since the last time tell, each verified, parsed and, where thin, fetched."""
        makes, self.sent[:] = self.sent[:], []
        found: list[ChannelEvent] = []
        for make in makes:
            request = self.arriving(make())
            self.api.verify(request)
            notification = self.api.parse(request)
            found += self.api.orders(notification) if notification else ()
        self.script += found
        return found

    def arriving(self, delivery: Delivery) -> WebhookRequest:
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        query = dict(parse_qsl(urlsplit(self.market.webhook_url).query))
        request = WebhookRequest(method="POST", headers=headers, body=delivery.body, query=query)
        self.script.append(request)
        return request

    def page(self) -> OrdersPage:
        page: OrdersPage = self.api.orders_since(self.clock.time - timedelta(hours=1), None)
        self.script.append(page)
        return page

    def pass_minutes(self, minutes: int) -> None:
        self.clock.pass_minutes(minutes)
        self.hub_clock.pass_minutes(minutes)


def opened[Market: Marketplace](
    kind: str, market: type[Market], seed: int = 7, **settings: Any
) -> ChannelSession[Market]:
    clock, sent = FakeClock(), list[Make]()
    address = f"https://hub.example/webhooks/{kind}"
    made = in_process(market, seed, clock.now, sent.append, webhook_url=address, **settings)
    return ChannelSession(kind, made, MarketHttp(by_host([made]), lambda host, call: call()), clock, sent)


def selling(kind: str, seed: int = 7) -> ChannelSession[Seller]:
    session = opened(kind, simulator(kind), seed)
    session.market.list_item("TEE", 10)
    session.market.list_item("MUG", 4)
    return session


def shipping(version: str, seed: int = 7) -> ChannelSession[ShipStation]:
    session = opened("shipstation", ShipStation, seed, api_version=version)
    session.market.register(session.market.webhook_url)
    return session


def target(session: ChannelSession[Seller], name: str) -> Target:
    return Target(name, session.market.refs(name))


def push(session: ChannelSession[Seller], name: str, quantity: int) -> Push:
    """With what the channel shows at this moment."""
    (shown,) = session.api.read([target(session, name)])
    assert isinstance(shown, Shown)
    return Push(
        target=target(session, name),
        quantity=quantity,
        key=f"push-{name}-{quantity}",
        expected=shown.quantity,
        version=shown.version,
    )


def pushed(session: ChannelSession[Seller], name: str, quantity: int) -> ListingResult:
    answer: ListingResult
    (answer,) = session.api.write([push(session, name, quantity)])
    session.script.append(answer)
    return answer


def lowered(session: ChannelSession[Seller], name: str, units: int) -> ListingResult:
    answer: ListingResult
    (answer,) = session.api.adjust([Delta(target(session, name), -units, f"delta-{name}")])
    session.script.append(answer)
    return answer


def life_of_a_seller(session: ChannelSession[Seller]) -> list[object]:
    """The script of a sale, numbers pushed, a list of orders, a parcel and a cancel."""
    sold = session.market.sell({"TEE": 2, "MUG": 1})
    session.notifications()
    session.pass_minutes(1)
    pushed(session, "TEE", 3)
    if isinstance(session.api, QuantityAdjuster):
        lowered(session, "MUG", 1)
    session.page()
    session.market.ship(sold, {"TEE": 1})
    session.market.cancel(session.market.sell({"TEE": 1}))
    session.notifications()
    session.page()
    return [*session.script, session.market.history]


def life_of_a_warehouse(session: ChannelSession[ShipStation]) -> list[object]:
    parcel = session.market.ship("order-1", {"L1": ("TEE", 2)})
    session.notifications()
    session.pass_minutes(1)
    session.market.void(parcel)
    session.page()
    if session.market.api_version == V2:
        session.market.mark_shipped("order-2", {"L1": ("MUG", 1)})
        session.notifications()
    return session.script
