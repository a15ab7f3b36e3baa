"""The shop and its people: marketplaces that sell, a warehouse that ships, staff that move stock and decide."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lastunit.container import Hub
from lastunit.domain.errors import BadSignature, Conflict, InvalidInput, LastunitError, NotFound
from lastunit.ports.channel import WebhookRequest
from tests.channels.marketplace import Delivery, Make, Marketplace, in_process
from tests.channels.registry import simulator
from tests.simulate.cloud import Cloud
from tests.simulate.http import by_host
from tests.simulate.queues import long_wait
from tests.simulate.scheduler import Actor, VirtualClock

DAY = 86_400.0
RETRY_SECONDS = (5.0, 30.0, 120.0, 600.0, 3600.0)  # Of webhooks; then the marketplace gives up.
ANSWERS = (NotFound, Conflict, InvalidInput)
"""What a person is told and takes for an answer; anything else is tried again."""


@dataclass(slots=True)
class Sale:
    """What a channel knows of one order: the truth that the hub must come to. `lines`: name → units.

    `parcels`: id → name → units; empty when voided. `changed_at`: the second its lines were last changed in.
    """

    channel: str
    external_id: str
    lines: dict[str, int]
    changed_at: int = -1
    cancelled: bool = False
    parcels: dict[str, dict[str, int]] = field(default_factory=dict)
    returning: bool = False
    returned: Counter[str] = field(default_factory=Counter)

    @property
    def order_id(self) -> str:
        return f"{self.channel}:{self.external_id}"

    @property
    def left(self) -> Counter[str]:
        units = Counter[str]()
        for parcel in self.parcels.values():
            units.update(parcel)
        return units

    @property
    def unsent(self) -> dict[str, int]:
        left = self.left
        return {name: units - left[name] for name, units in self.lines.items() if units > left[name]}


@dataclass(slots=True)
class ShopWorld:
    """`moved`: (SKU, location) → units that staff brought in less those they took out. `edited`: (channel, name) of
    numbers that were changed on the channel itself. `trusting`: channels that say everything once, by webhooks that
    are sent until they are accepted, and rely on that. `odd`: (channel, id) of orders that cannot be understood.
    `reported_twice`: labels of parcels that the store reports as well.
    """

    cloud: Cloud
    rng: random.Random
    hosts: dict[str, Marketplace]
    markets: dict[str, Marketplace] = field(default_factory=dict)
    sales: list[Sale] = field(default_factory=list)
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    edited: set[tuple[str, str]] = field(default_factory=set)
    webhooks: Counter[str] = field(default_factory=Counter)
    trusting: set[str] = field(default_factory=set)
    odd: list[tuple[str, str]] = field(default_factory=list)
    reported_twice: set[str] = field(default_factory=set)

    # -- marketplaces ----------------------------------------------------------------------------------------

    def open_market(self, name: str, kind: str, seed: int, **settings: Any) -> Marketplace:
        made = simulator(kind)
        if made.chooses_host:
            settings["host"] = f"{name}.example"  # There may be two of them.
        clock = VirtualClock(self.cloud.scheduler)
        market: Marketplace = in_process(made, seed, clock.now, lambda make: self._send(name, make), **settings)
        self.markets[name] = market
        self.hosts |= by_host([market])
        self.cloud.secrets[f"secrets/{name}"] = market.secret()  # type: ignore[attr-defined]
        return market

    def _send(self, channel: str, make: Make) -> None:
        """A webhook on its way: lost, doubled, late, or in order."""
        strikes = self.cloud.faults.strikes
        if channel not in self.trusting and strikes("webhook_lost"):
            return
        for _ in range(2 if strikes("webhook_doubled") else 1):
            delay = 0.05 * self.rng.random()
            if strikes("webhook_days_late"):
                delay = self.rng.random() * 2 * DAY
            elif strikes("webhook_delayed"):
                delay = long_wait(self.rng)
            self.cloud.scheduler.start(Actor("courier", lambda: self._deliver(channel, make)), delay)

    def _deliver(self, channel: str, make: Make) -> None:
        for wait in (0.0, *RETRY_SECONDS, *((DAY,) if channel in self.trusting else ())):
            self.cloud.scheduler.sleep(wait)
            if self.post(channel, make()):
                self.webhooks["accepted"] += 1
                return
        self.webhooks["given up"] += 1

    def post(self, channel: str, delivery: Delivery) -> bool:
        """One attempt; was it answered with 2xx?"""
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        query = dict(parse_qsl(urlsplit(self.markets[channel].webhook_url).query))
        request = WebhookRequest(method="POST", headers=headers, body=delivery.body, query=query)
        answers = list[object]()
        self._call("receive_webhook", lambda hub: answers.append(_received(hub, channel, request)), 10.0)
        return bool(answers) and not isinstance(answers[0], LastunitError)

    # -- people ----------------------------------------------------------------------------------------------

    def ask(self, do: Callable[[Hub], object]) -> object:
        """Through the API, again and again until there is an answer; what was done may be asked for once more."""
        strikes = self.cloud.faults.strikes
        answers = list[object]()
        while not answers:
            self._call("api", lambda hub: answers.append(_answered(hub, do)), 29.0)
            if not answers:
                pause = long_wait(self.rng) if strikes("asked_late") else 1 + 4 * self.rng.random()
                self.cloud.scheduler.sleep(pause)
        if not isinstance(answers[0], LastunitError) and strikes("asked_twice"):
            again = Actor("again", lambda: self._call("api", lambda hub: _answered(hub, do), 29.0))
            self.cloud.scheduler.start(again, long_wait(self.rng))
        return answers[0]

    def _call(self, function: str, do: Callable[[Hub], object], seconds: float) -> None:
        actor = self.cloud.start(function, do, seconds)
        self.cloud.scheduler.join(actor)


def _received(hub: Hub, channel: str, request: WebhookRequest) -> object:
    try:
        return hub.receive_webhook.notify(channel, request)
    except (BadSignature, *ANSWERS) as error:
        return error


def _answered(hub: Hub, do: Callable[[Hub], object]) -> object:
    try:
        return do(hub)
    except ANSWERS as error:
        return error
