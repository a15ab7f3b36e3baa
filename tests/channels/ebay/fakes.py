"""What the tests of eBay's module share: a clock, an HTTP client that answers as told, a webhook endpoint."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from lastunit.adapters.http import UrllibClient
from lastunit.channels.ebay.api import Api
from lastunit.domain.channel import Channel
from lastunit.domain.orders.snapshot import Notification, OrderSnapshot
from lastunit.ports.channel import WebhookRequest
from lastunit.ports.system import HttpResponse
from tests.channels.ebay.simulator import Ebay
from tests.support.clock import FakeClock
from tests.support.parallel import in_turn

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOKEN = "verification-token-of-32-characters"
URL = "https://hub.example.com/webhooks/ebay"
SECRET = {
    "verification_token": TOKEN,
    "client_id": "app",
    "client_secret": "hush",
    "refresh_token": "v^1.1#refresh",
}
ORDER_ID, LINE_ID = "11-14972-20806", "10083872001911"


SDK_MESSAGE = {
    "metadata": {"topic": "MARKETPLACE_ACCOUNT_DELETION", "schemaVersion": "1.0", "deprecated": False},
    "notification": {
        "notificationId": "49feeaeb-4982-42d9-a377-9645b8479411_33f7e043-fed8-442b-9d44-791923bd9a6d",
        "eventDate": "2021-03-19T20:43:59.462Z",
        "publishDate": "2021-03-19T20:43:59.679Z",
        "publishAttemptCount": 1,
        "data": {
            "username": "test_user",
            "userId": "ma8vp1jySJC",
            "eiasToken": "nY+sHZ2PrBmdj6wVnY+sEZ2PrA2dj6wJnY+gAZGEpwmdj6x9nY+seQ==",
        },
    },
}


@dataclass(frozen=True, slots=True)
class EbayRequest:
    method: str
    path: str
    content: Any


@dataclass(slots=True)
class FakeEbay:
    """An HttpClient that issues tokens and leaves the rest to `answer`; raises what `answer` raises."""

    run_parallel = staticmethod(in_turn)
    answer: Callable[[EbayRequest], tuple[int, object]]
    tokens: int = 0
    asked: list[EbayRequest] = field(default_factory=list)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        path = url.removeprefix("https://api.ebay.com")
        if path == "/identity/v1/oauth2/token":
            self.tokens += 1
            return HttpResponse(200, {}, b'{"access_token": "t", "expires_in": 7200}')
        call = EbayRequest(method, path, json.loads(body) if body else None)
        self.asked.append(call)
        status, content = self.answer(call)
        return HttpResponse(status, {}, content if isinstance(content, bytes) else json.dumps(content).encode())


def still_wanted(snapshot: OrderSnapshot) -> list[int]:
    """Units of each line, none of those cancelled for good: eBay lists them as before."""
    return [0 if one.line_id in snapshot.cancelled_lines else one.quantity for one in snapshot.lines]


def api(
    answer: Callable[[EbayRequest], tuple[int, object]] = lambda call: (500, {}),
    clock: FakeClock | None = None,
    memory: dict[str, Any] | None = None,
    **connection: str,
) -> tuple[Api, FakeEbay]:
    http = FakeEbay(answer)
    channel = Channel(name="ebay-us", kind="ebay", connection={"webhook_url": URL, **connection})
    made = Api(channel, SECRET, http, clock or FakeClock(), {} if memory is None else memory)
    return made, http


def connect(ebay: Ebay, clock: FakeClock, memory: dict[str, Any] | None = None) -> Api:
    channel = Channel(name="ebay-us", kind="ebay", connection=ebay.connection())
    return Api(channel, ebay.secret(), UrllibClient(), clock, {} if memory is None else memory)


def webhook(content: object, header: str | None = None) -> WebhookRequest:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return WebhookRequest(method="POST", headers={} if header is None else {"x-ebay-signature": header}, body=body)


@dataclass(slots=True)
class EbayWebhookEndpoint:
    """A webhook endpoint: the challenge on GET, verify and parse on POST. `failures`: answers 503 so often."""

    api: Callable[[], Api]
    url: str = ""
    failures: int = 0
    received: list[Notification] = field(default_factory=list)
    ignored: int = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        arrived = WebhookRequest(
            method=request.method, headers=headers, body=request.get_data(), query=request.args.to_dict()
        )
        if request.method == "GET":
            return Response(json.dumps(self.api().challenge(arrived)), content_type="application/json")
        self.bodies.append(json.loads(arrived.body))
        if self.failures:
            self.failures -= 1
            return Response(status=503)
        return self._take(arrived)

    def _take(self, arrived: WebhookRequest) -> Response:
        api = self.api()
        api.verify(arrived)
        notification = api.parse(arrived)
        if notification is None:
            self.ignored += 1
        else:
            self.received.append(notification)
        return Response(status=204)


@contextmanager
def serving(hub: EbayWebhookEndpoint) -> Iterator[EbayWebhookEndpoint]:
    server = make_server("127.0.0.1", 0, hub, threaded=True)
    hub.url = f"http://127.0.0.1:{server.server_port}/webhooks/ebay"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield hub
    server.shutdown()
    server.server_close()


@contextmanager
def market(clock: FakeClock, tees: int = 10) -> Iterator[Ebay]:
    """An eBay by this clock that sells tees, and 5 caps from a place of their own."""
    with Ebay(webhook_url="http://127.0.0.1:9/unused", retry_seconds=(0.01, 0.02), now=clock.now) as opened:
        opened.list_item("TEE", tees)
        opened.list_item("CAP", 5, location_key="wh-1")
        yield opened


@contextmanager
def listening(ebay: Ebay, clock: FakeClock) -> Iterator[EbayWebhookEndpoint]:
    """A hub that the market's notifications reach."""
    memory: dict[str, Any] = {}
    with serving(EbayWebhookEndpoint(lambda: connect(ebay, clock, memory))) as hub:
        ebay.webhook_url = hub.url
        ebay.register(hub.url)
        yield hub
