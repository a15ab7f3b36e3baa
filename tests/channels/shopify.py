"""A simulated Shopify: a shop that sells, counts for itself and sends its order webhooks."""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from tests.channels.marketplace import Delivery, Marketplace
from tests.channels.shopify_admin import AdminApi, Variant

SUPPORTED_VERSIONS = frozenset({"2026-04", "2026-07", "2026-10"})
SHOP_TIME = timezone(timedelta(hours=-4))


def _item_gid(number: int) -> str:
    return f"gid://shopify/InventoryItem/{number}"


def _location_gid(number: int) -> str:
    return f"gid://shopify/Location/{number}"


@dataclass(slots=True)
class Shopify(Marketplace):
    """`shelves` is what Shopify calls available; `committed` are units sold and not yet shipped.

    `admin` holds what can be told to the API: its points, keys in progress, user errors without a path.
    """

    shop_domain: str = "lastunit-demo.myshopify.com"
    api_version: str = "2026-10"
    access_token: str = "shpat_0123456789abcdef0123456789abcdef"
    webhook_secrets: list[str] = field(default_factory=lambda: ["hush-shopify-client-secret"])
    location_id: int = 124656943
    other_location_id: int = 905684977
    committed: dict[str, int] = field(default_factory=dict)
    variants: dict[str, Variant] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    admin: AdminApi = field(init=False)
    _last_id: int = field(default=820982911946154507, init=False)

    def __post_init__(self) -> None:
        # A dataclass with slots is made anew by its decorator, so super() would look at the wrong class.
        Marketplace.__post_init__(self)
        self.admin = AdminApi(self)

    # -- what tests and the demo use -------------------------------------------------------------------------

    def list_item(self, name: str, quantity: int, *, location_id: int | None = None) -> None:
        with self.changed:
            place = _location_gid(location_id or self.location_id)
            variant = Variant(self._next_id(), _item_gid(self._next_id()), place)
            self.variants[name], self.names[variant.item_gid] = variant, name
            self.committed[name] = 0
            self.put_on_shelf(name, quantity, "listed")

    def connection(self) -> dict[str, str]:
        return {"shop_url": self.url, "shop_domain": self.shop_domain, "api_version": self.api_version}

    def secret(self) -> dict[str, Any]:
        return {"webhook_secrets": list(self.webhook_secrets), "access_token": self.access_token}

    def refs(self, name: str) -> dict[str, str]:
        variant = self.variants[name]
        return {"inventory_item_id": variant.item_gid, "location_id": variant.location_gid}

    def sell(self, lines: Mapping[str, int]) -> str:
        with self.changed:
            self.take_from_shelf(lines)
            for name, quantity in lines.items():
                self.committed[name] += quantity
            order = self._new_order(lines)
            self.orders[str(order["id"])] = order
            body = json.dumps(order).encode()
        for topic in ("orders/create", "orders/paid", "orders/updated"):
            self._announce(topic, body)
        return str(order["id"])

    def cancel(self, order_id: str, *, restock: bool = True) -> None:
        with self.changed:
            order = self.orders[order_id]
            if order["cancelled_at"] is not None:
                raise ValueError(f"order {order_id} is cancelled already")
            refund = self._refund(order, restock)
            self._put_back(order, restock)
            moment = self._now()
            order |= {
                "cancelled_at": moment,
                "updated_at": moment,
                "cancel_reason": "customer",
                "refunds": [refund],
            }
            body, refund_body = json.dumps(order).encode(), json.dumps(refund).encode()
        self._announce("orders/cancelled", body)
        self._announce("refunds/create", refund_body)
        self._announce("orders/updated", body)

    # -- orders ----------------------------------------------------------------------------------------------

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _now(self) -> str:
        """Shopify's own resolution: the events of one second carry the same time."""
        return datetime.now(SHOP_TIME).isoformat(timespec="seconds")

    def _new_order(self, lines: Mapping[str, int]) -> dict[str, Any]:
        number, moment = self._next_id(), self._now()
        return {
            "id": number,
            "admin_graphql_api_id": f"gid://shopify/Order/{number}",
            "name": f"#{1001 + len(self.orders)}",
            "order_number": 1001 + len(self.orders),
            "email": "buyer@example.com",
            "created_at": moment,
            "updated_at": moment,
            "processed_at": moment,
            "cancelled_at": None,
            "cancel_reason": None,
            "closed_at": None,
            "test": False,
            "currency": "USD",
            "financial_status": "paid",
            "fulfillment_status": None,
            "total_price": "44.98",
            "location_id": None,
            "source_name": "web",
            "line_items": [self._line(name, quantity) for name, quantity in lines.items()],
            "customer": {"id": self._next_id(), "first_name": "Bea", "last_name": "One"},
            "shipping_address": {"name": "Bea One", "address1": "1 Main St", "city": "Austin", "zip": "78701"},
            "fulfillments": [],
            "refunds": [],
        }

    def _line(self, name: str, quantity: int) -> dict[str, Any]:
        return {
            "id": self._next_id(),
            "variant_id": self.variants[name].variant_id,
            "product_id": 632910392,
            "sku": name,
            "title": name,
            "quantity": quantity,
            "current_quantity": quantity,
            "fulfillable_quantity": quantity,
            "fulfillment_status": None,
            "requires_shipping": True,
            "price": "19.99",
            "variant_inventory_management": "shopify",
        }

    def _refund(self, order: Mapping[str, Any], restock: bool) -> dict[str, Any]:
        lines = [
            {
                "id": self._next_id(),
                "line_item_id": line["id"],
                "quantity": line["current_quantity"],
                "restock_type": "cancel" if restock else "no_restock",
                "location_id": self.location_id if restock else None,
                "subtotal": "19.99",
            }
            for line in order["line_items"]
        ]
        return {"id": self._next_id(), "order_id": order["id"], "restock": restock, "refund_line_items": lines}

    def _put_back(self, order: Mapping[str, Any], restock: bool) -> None:
        for line in order["line_items"]:
            name, quantity = line["sku"], line["current_quantity"]
            self.committed[name] -= quantity
            line |= {"current_quantity": 0, "fulfillable_quantity": 0}
            if restock:
                self.put_on_shelf(name, self.shelves[name] + quantity, "cancel")

    # -- webhooks --------------------------------------------------------------------------------------------

    def _announce(self, topic: str, body: bytes) -> None:
        """Every event has an id of its own; the webhook id stays the same over retries."""
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": self.shop_domain,
            "X-Shopify-API-Version": self.api_version,
            "X-Shopify-Webhook-Id": self._uuid(),
            "X-Shopify-Event-Id": self._uuid(),
            "X-Shopify-Triggered-At": self._now(),
        }
        self.send(lambda: Delivery({**headers, "X-Shopify-Hmac-Sha256": self.sign(body)}, body))

    def sign(self, body: bytes) -> str:
        key = self.webhook_secrets[0].encode()
        return base64.b64encode(hmac.digest(key, body, hashlib.sha256)).decode()

    def _uuid(self) -> str:
        with self.changed:
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    # -- stock, as the Admin API sees it ---------------------------------------------------------------------

    @property
    def location_gids(self) -> frozenset[str]:
        return frozenset(map(_location_gid, (self.location_id, self.other_location_id)))

    def quantity(self, name: str, state: str) -> int | None:
        match state:
            case "available":
                return self.shelves[name]
            case "committed":
                return self.committed[name]
            case "on_hand":
                return self.shelves[name] + self.committed[name]
        return None

    def add(self, name: str, delta: int) -> None:
        self.put_on_shelf(name, self.shelves[name] + delta, "push")

    # -- the Admin API ---------------------------------------------------------------------------------------

    def rules(self) -> list[Rule]:
        return [Rule("/admin/api/<version>/graphql.json", endpoint=self._graphql, methods=["POST"])]

    def throttle_answer(self) -> Response:
        points = self.misbehaviour.retry_after_seconds * self.admin.points_restored_per_second
        return _json(self.admin.throttled(points, available=0.0))

    def _graphql(self, request: Request, version: str) -> Response:
        if version not in SUPPORTED_VERSIONS:
            raise NotFound
        if request.headers.get("X-Shopify-Access-Token") != self.access_token:
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return _json({"errors": message}, status=401)
        body = request.get_json(silent=True) if request.is_json else None
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return _json({"errors": {"query": "Required parameter missing or invalid"}}, status=400)
        return _json(self.admin.answer(body["query"], body.get("variables") or {}))


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status=status, content_type="application/json; charset=utf-8")
