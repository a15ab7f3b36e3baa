"""The shop that is measured: set up through the API, and the webhooks that its two channels send."""

import base64
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

KINDS = ("generic", "shopify")
LOCATIONS = ("montreal", "laval")
SKUS = tuple(f"SKU-{number:02}" for number in range(40))
UNITS = 1_000_000  # At each location: no order of a run lacks one.
LINES_MAX = 3
DOMAIN = "bench.myshopify.com"
SHOPIFY_KEY = "a secret of the benchmark"
GENERIC_KEY = b"a key of thirty-two bytes, no less"
GENERIC_SECRET = "whsec_" + base64.b64encode(GENERIC_KEY).decode()
SECRETS: Mapping[str, Mapping[str, object]] = {
    "generic": {"webhook_secrets": [GENERIC_SECRET], "push_secret": GENERIC_SECRET},
    "shopify": {"webhook_secrets": [SHOPIFY_KEY], "access_token": "token"},
}
CONNECTIONS: Mapping[str, Mapping[str, str]] = {
    "generic": {"base_url": "https://store.example/api"},
    "shopify": {"shop_url": f"https://{DOMAIN}", "shop_domain": DOMAIN},
}
SHOPIFY_REFS = {"inventory_item_id": "gid://shopify/InventoryItem/1", "location_id": "gid://shopify/Location/2"}

Order = Sequence[tuple[str, int]]
"""SKU and units of each line."""

Call = Callable[[str, str, object], object]
"""(method, path, content) of a route."""


def set_up(call: Call) -> None:
    """A channel is named after its kind."""
    for rank, location in enumerate(LOCATIONS, 1):
        call("PUT", f"/locations/{location}", {"rank": rank})
    for sku in SKUS:
        call("PUT", f"/skus/{sku}", {})
        for location in LOCATIONS:
            receipt = {"operation": f"open-{sku}-{location}", "reason": "receive", "sku": sku}
            call("POST", "/adjustments", receipt | {"location": location, "quantity": UNITS})
    for kind in KINDS:
        call("PUT", f"/channels/{kind}", {"kind": kind, "connection": CONNECTIONS[kind]})
        refs = SHOPIFY_REFS if kind == "shopify" else {}
        for sku in SKUS:
            call("PUT", f"/channels/{kind}/listings/{sku}", {"sku": sku, "refs": refs})


def orders(count: int, seed: int) -> list[Order]:
    rng = random.Random(seed)  # noqa: S311 - both checkouts get the same orders
    return [[(sku, rng.randint(1, 3)) for sku in rng.sample(SKUS, rng.randint(1, LINES_MAX))] for _ in range(count)]


def webhook(kind: str, number: int, order: Order) -> dict[str, Any]:
    """The event by which API Gateway brings the order with this number."""
    body, headers = (_generic if kind == "generic" else _shopify)(number, order)
    return http_event("POST", f"/webhooks/{kind}", body, {"channel": kind}, headers)


def http_event(
    method: str,
    path: str,
    body: str | None,
    parameters: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", **(headers or {})},
        "pathParameters": dict(parameters),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": "request-1",
            "stage": "$default",
            "timeEpoch": 1795262400000,
        },
        "body": body,
        "isBase64Encoded": False,
    }


def queue_event(bodies: Sequence[str], first_id: int) -> dict[str, Any]:
    return {"Records": [_record(body, f"message-{first_id + number}") for number, body in enumerate(bodies)]}


def _record(body: str, message_id: str) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": "handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795262400000"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:OrdersQueue",
        "awsRegion": "eu-west-1",
    }


def _generic(number: int, order: Order) -> tuple[str, dict[str, str]]:
    now = datetime.now(UTC).isoformat()
    lines = [{"line_id": str(at), "sku": sku, "quantity": units} for at, (sku, units) in enumerate(order)]
    data = {"order_id": f"G-{number}", "version": 1, "status": "paid", "placed_at": now, "lines": lines}
    body = json.dumps({"type": "order.created", "timestamp": now, "data": data})
    event_id, timestamp = f"msg_{number}", str(int(time.time()))
    digest = hmac.digest(GENERIC_KEY, f"{event_id}.{timestamp}.{body}".encode(), hashlib.sha256)
    signature = "v1," + base64.b64encode(digest).decode()
    return body, {"webhook-id": event_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def _shopify(number: int, order: Order) -> tuple[str, dict[str, str]]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    content = {
        "id": 820_982_000_000 + number,
        "name": f"#{number}",
        "created_at": now,
        "updated_at": now,
        "cancelled_at": None,
        "financial_status": "paid",
        "location_id": None,
        "email": "buyer@example.com",
        "line_items": [
            {"id": number * 10 + at, "variant_id": None, "sku": sku, "quantity": units, "current_quantity": units}
            for at, (sku, units) in enumerate(order)
        ],
        "customer": {"first_name": "Bea", "last_name": "One"},
        "refunds": [],
    }
    body = json.dumps(content)
    digest = hmac.digest(SHOPIFY_KEY.encode(), body.encode(), hashlib.sha256)
    return body, {
        "x-shopify-topic": "orders/create",
        "x-shopify-shop-domain": DOMAIN,
        "x-shopify-event-id": f"event-{number}",
        "x-shopify-webhook-id": f"webhook-{number}",
        "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
    }
