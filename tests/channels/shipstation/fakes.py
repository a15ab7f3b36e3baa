"""What the tests of ShipStation's module share: a clock, an HTTP client that answers as told, an endpoint."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from lastunit.channels.shipstation.api import Api
from lastunit.domain.channel import Channel
from lastunit.domain.errors import BadSignature
from lastunit.domain.orders.snapshot import Notification
from lastunit.ports.channel import WebhookRequest
from lastunit.ports.system import HttpResponse
from tests.support.clock import FakeClock
from tests.support.parallel import in_turn

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD_TOKEN, TOKEN = "t" * 32, "u" * 32
SECRET = {"api_key": "the-key", "api_secret": "the-secret", "webhook_tokens": [OLD_TOKEN, TOKEN]}
SECRET_V2 = {"api_key": "the-key"}
V1 = {"api_version": "v1", "stores": "12345=shopify,678=ebay", "warehouses": "77=montreal,78=laval"}
V2 = {"api_version": "v2", "stores": "se-1=ebay", "warehouses": "se-16079=montreal"}
RESOURCE = "https://ssapi6.shipstation.com/shipments?batchId=190671332&includeShipmentItems=False"
LABELS = "https://api.shipstation.com/v2/labels?batch_id=se-64616278"
FULFILLMENTS = "https://api.shipstation.com/v2/fulfillments?fulfillment_id=se-16731019"


@dataclass(frozen=True, slots=True)
class ShipStationRequest:
    url: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class FakeShipStation:
    """An HttpClient that leaves everything to `answer`; raises what `answer` raises."""

    run_parallel = staticmethod(in_turn)
    answer: Callable[[str], object]
    asked: list[ShipStationRequest] = field(default_factory=list)

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        assert (method, body) == ("GET", None)
        self.asked.append(ShipStationRequest(url, headers))
        found = self.answer(url)
        if isinstance(found, HttpResponse):
            return found
        return HttpResponse(200, {}, found if isinstance(found, bytes) else json.dumps(found).encode())

    @property
    def urls(self) -> list[str]:
        return [call.url for call in self.asked]


def nothing(url: str) -> object:
    raise AssertionError(f"{url} was asked")


def api(
    answer: Callable[[str], object] = nothing,
    connection: Mapping[str, str] = V1,
    clock: FakeClock | None = None,
    memory: dict[str, Any] | None = None,
    **changed: str,
) -> tuple[Api, FakeShipStation]:
    http = FakeShipStation(answer)
    channel = Channel(name="warehouse", kind="shipstation", connection={**connection, **changed})
    secret = SECRET if channel.connection["api_version"] == "v1" else SECRET_V2
    made = Api(channel, secret, http, clock or FakeClock(), {} if memory is None else memory)
    return made, http


def notice(resource_url: object = RESOURCE, topic: str = "SHIP_NOTIFY") -> Notification:
    payload = {"resource_url": resource_url, "resource_type": topic}
    return Notification(channel="warehouse", event_id="e1", order_id="", topic=topic, payload=payload)


def webhook(content: object, token: str | None = TOKEN, headers: Mapping[str, str] | None = None) -> WebhookRequest:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return WebhookRequest(
        method="POST", headers=headers or {}, body=body, query={} if token is None else {"token": token}
    )


def item(**changed: object) -> dict[str, object]:
    known = {"orderItemId": 1, "lineItemKey": "10083872001911", "sku": "TEE-RED-M", "quantity": 2}
    return {**known, "name": "Tee", "unitPrice": 19.99} | changed


def shipment(**changed: object) -> dict[str, object]:
    return {
        "shipmentId": 33974374,
        "orderId": 43945660,
        "orderKey": "8061c220",
        "orderNumber": "100038-1",
        "customerEmail": "b@example.com",
        "createDate": "2026-08-01T13:24:32.0530000",
        "shipDate": "2026-08-01",
        "isReturnLabel": False,
        "warehouseId": 77,
        "voided": False,
        "shipTo": {"name": "B One", "street1": "1 Main St"},
        "advancedOptions": {"storeId": 12345},
        "shipmentItems": [item()],
    } | changed


def one_page(name: str, *records: object) -> dict[str, object]:
    return {name: list(records), "total": len(records), "page": 1, "pages": 1}


@dataclass(slots=True)
class ShipStationWebhookEndpoint:
    """A webhook endpoint: verify and parse. `failures`: answers 503 so often first."""

    api: Callable[[], Api]
    url: str = ""
    failures: int = 0
    received: list[Notification] = field(default_factory=list)
    refused: int = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        arrived = WebhookRequest(
            method=request.method, headers=headers, body=request.get_data(), query=request.args.to_dict()
        )
        if self.failures:
            self.failures -= 1
            return Response(status=503)
        try:
            self.api().verify(arrived)
        except BadSignature:
            self.refused += 1
            return Response(status=401)
        notification = self.api().parse(arrived)
        assert notification is not None
        self.received.append(notification)
        return Response(status=200)


@contextmanager
def serving(hub: ShipStationWebhookEndpoint) -> Iterator[ShipStationWebhookEndpoint]:
    server = make_server("127.0.0.1", 0, hub, threaded=True)
    hub.url = f"http://127.0.0.1:{server.server_port}/webhooks/shipstation"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield hub
    server.shutdown()
    server.server_close()
