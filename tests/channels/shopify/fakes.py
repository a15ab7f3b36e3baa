"""What the tests of Shopify's module share: signed requests, an inbox for webhooks, the module itself."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.routing import MapAdapter, Rule
from werkzeug.wrappers import Request, Response

from lastunit.adapters.http import UrllibClient
from lastunit.channels.shopify.api import Api
from lastunit.domain.channel import Channel
from lastunit.domain.errors import LastunitError
from lastunit.domain.listings.push_protocol import Failure, ListingResult, Refused
from lastunit.domain.orders.inbound import ChannelEvent
from lastunit.ports.channel import WebhookRequest
from lastunit.ports.system import HttpClient, HttpResponse
from tests.channels.marketplace import Marketplace, bound
from tests.channels.shopify.simulator import Shopify
from tests.support.clock import FakeClock, SystemClock
from tests.support.parallel import in_turn

SHOP = "lastunit-demo.myshopify.com"
NOW = datetime(2026, 8, 1, 12, 0, 0, tzinfo=UTC)
REFS = {"inventory_item_id": "gid://shopify/InventoryItem/1", "location_id": "gid://shopify/Location/2"}


@dataclass(slots=True)
class Inbox(Marketplace):
    """Not a marketplace at all: it borrows the server to collect what Shopify delivers."""

    received: list[WebhookRequest] = field(default_factory=list)

    def routes(self) -> MapAdapter:
        return bound(Rule("/hook", endpoint=Inbox._receive, methods=["POST"]))

    def _receive(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(WebhookRequest(method="POST", headers=headers, body=request.get_data()))
        return Response(status=200)


def api_of(shop: Shopify, http: HttpClient | None = None, **changed: str) -> Api:
    channel = Channel(name="shop", kind="shopify", connection=shop.connection() | changed)
    return Api(channel, shop.secret(), http or UrllibClient(), SystemClock(), {})


class NoHttp:
    run_parallel = staticmethod(in_turn)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        raise AssertionError("a webhook of Shopify carries the whole order")


def make_api(*secrets: str, **changed: str) -> Api:
    connection = {"shop_url": "https://lastunit-demo.myshopify.com", "shop_domain": SHOP} | changed
    channel = Channel(name="shop", kind="shopify", connection=connection)
    secret = {"webhook_secrets": list(secrets) or ["secret"], "access_token": "t"}
    return Api(channel, secret, NoHttp(), FakeClock(NOW), {})


def signed(body: bytes, /, key: str = "secret", **changed: str | None) -> WebhookRequest:
    headers = {
        "x-shopify-topic": "orders/create",
        "x-shopify-shop-domain": SHOP,
        "x-shopify-event-id": "event-1",
        "x-shopify-webhook-id": "webhook-1",
        "x-shopify-hmac-sha256": base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256)).decode(),
    }
    changes = {"x-shopify-" + name.replace("_", "-"): value for name, value in changed.items()}
    kept = {name: value for name, value in (headers | changes).items() if value is not None}
    return WebhookRequest(method="POST", headers=kept, body=body)


def events_of(api: Api, request: WebhookRequest) -> Sequence[ChannelEvent]:
    """By way of the queue, which carries JSON."""
    notification = api.parse(request)
    assert notification is not None
    return api.orders(replace(notification, payload=json.loads(json.dumps(dict(notification.payload)))))


@dataclass(slots=True)
class ScriptedHttp:
    """Answers in turn, the last answer for ever; remembers what it was asked."""

    run_parallel = staticmethod(in_turn)
    answers: list[HttpResponse] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        self.bodies.append(json.loads(body or b"{}"))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def scripted_api(*answers: HttpResponse) -> tuple[Api, ScriptedHttp]:
    connection = {"shop_url": "https://shop.example", "shop_domain": "shop.example"}
    channel = Channel(name="shop", kind="shopify", connection=connection)
    http = ScriptedHttp(list(answers))
    return Api(channel, {"webhook_secrets": ["s"], "access_token": "t"}, http, FakeClock(NOW), {}), http


def answer(content: object, status: int = 200, **headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, named, json.dumps(content).encode())


def raised_by(call: Callable[[], object]) -> LastunitError:
    with pytest.raises(LastunitError) as caught:
        call()
    return caught.value


def user_error(code: str | None, *path: str) -> dict[str, Any]:
    return {"code": code, "field": list(path) or None, "message": "said Shopify"}


def failures(answers: list[ListingResult]) -> list[Failure | None]:
    return [each.failure if isinstance(each, Refused) else None for each in answers]
