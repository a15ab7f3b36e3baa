"""A simulated Shopify: a shop that sells, counts for itself and sends its order webhooks."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from functools import cache
from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.routing import MapAdapter, Rule
from werkzeug.wrappers import Request, Response

from tests.channels.marketplace import Delivery, Marketplace, bound
from tests.channels.shopify.admin import AdminApi
from tests.channels.shopify.inventory import Variant
from tests.channels.shopify.orders import fulfilment_state, gid, has_left, line_of, no_goods, refuse_refund

SUPPORTED_VERSIONS = frozenset({"2026-04", "2026-07", "2026-10"})
SHOP_TIME = timezone(timedelta(hours=-4))


def _location_gid(number: int) -> str:
    return gid("Location", number)


@dataclass(slots=True)
class Shopify(Marketplace):
    """`shelves` is what Shopify calls available; `committed` are units sold and not yet shipped.

    `admin` holds what can be told to the API: its points, and in `admin.inventory` how its mutations behave.
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

    def aliases(self, name: str) -> list[str]:
        return [f"variant:{self.variants[name].variant_id}"]

    def list_item(self, name: str, quantity: int, *, location_id: int | None = None) -> None:
        with self.changed:
            place = _location_gid(location_id or self.location_id)
            variant = Variant(self._next_id(), gid("InventoryItem", self._next_id()), place)
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

    def sell(self, lines: Mapping[str, int], no_stock: Sequence[str] = ()) -> str:
        """`no_stock`: kinds of lines that are no goods, as `orders.no_goods` has them."""
        with self.changed:
            self.take_from_shelf(lines)
            for name, quantity in lines.items():
                self.committed[name] += quantity
            order = self._new_order(lines)
            order["line_items"] += [no_goods(kind, self._next_id()) for kind in no_stock]
            self.orders[str(order["id"])] = order
            body = json.dumps(order).encode()
        for topic in ("orders/create", "orders/paid", "orders/updated"):
            self._announce(topic, body)
        return str(order["id"])

    def cancel(self, order_id: str, *, restock: bool = True) -> None:
        """Refused once something was fulfilled, as Shopify refuses it."""
        with self.changed:
            order = self.orders[order_id]
            if order["cancelled_at"] is not None or any(map(has_left, order["fulfillments"])):
                raise ValueError(f"order {order_id} is cancelled already, or fulfilled")
            open_lines = {line["title"]: line["current_quantity"] for line in order["line_items"]}
            restock_type = "cancel" if restock else "no_restock"
            refund = self._refund(order, {name: units for name, units in open_lines.items() if units}, restock_type)
            order |= {"cancelled_at": order["updated_at"], "cancel_reason": "customer"}
            body, refund_body = json.dumps(order).encode(), json.dumps(refund).encode()
        self._announce("orders/cancelled", body)
        self._announce("refunds/create", refund_body)
        self._announce("orders/updated", body)

    def refund(self, order_id: str, lines: Mapping[str, int], restock_type: str, *, of_sent: bool = False) -> str:
        """`restock_type`: cancel (units not sent), return (units sent) or no_restock (of those sent: `of_sent`)."""
        with self.changed:
            order = self.orders[order_id]
            refund = self._refund(order, lines, restock_type, of_sent=of_sent)
            body, refund_body = json.dumps(order).encode(), json.dumps(refund).encode()
        self._announce("refunds/create", refund_body)
        self._announce("orders/updated", body)
        return str(refund["id"])

    def edit(self, order_id: str, lines: Mapping[str, int]) -> None:
        """`lines`: units wanted of each from now on; a new name is added. What is taken out goes back."""
        with self.changed:
            order = self.orders[order_id]
            more = {name: units - _wanted(order, name) for name, units in lines.items()}
            self.take_from_shelf({name: units for name, units in more.items() if units > 0})
            for name, units in more.items():
                self._edit_line(order, name, units)
            order["updated_at"] = self._now()
            body, reported = (
                json.dumps(order).encode(),
                json.dumps({"order_edit": {"order_id": order["id"]}}).encode(),
            )
        self._announce("orders/edited", reported)
        self._announce("orders/updated", body)

    def ship(
        self, order_id: str, lines: Mapping[str, int], location_id: int | None = None, tracking: str | None = None
    ) -> str:
        """The id of the fulfilment. Committed units leave; what is available stays.

        `tracking`: of a parcel that somebody else has sent, such as a shipping platform.
        """
        with self.changed:
            order = self.orders[order_id]
            fulfilment = self._fulfilment(order, lines, location_id or self.location_id, tracking)
            order["fulfillments"].append(fulfilment)
            self._commit(order, fulfilment, -1)
            body, reported = json.dumps(order).encode(), json.dumps(fulfilment).encode()
            state = order["fulfillment_status"]
        self._announce("fulfillments/create", reported)
        self._announce("orders/fulfilled" if state == "fulfilled" else "orders/partially_fulfilled", body)
        self._announce("orders/updated", body)
        return str(fulfilment["id"])

    def void(self, fulfillment_id: str) -> None:
        """The fulfilment is cancelled: its units are committed again."""
        with self.changed:
            order, fulfilment = self._shipped(fulfillment_id)
            if not has_left(fulfilment):
                raise ValueError(f"fulfilment {fulfillment_id} is cancelled already")
            fulfilment["status"] = "cancelled"
            self._commit(order, fulfilment, +1)
            body, reported = json.dumps(order).encode(), json.dumps(fulfilment).encode()
        self._announce("fulfillments/update", reported)
        self._announce("orders/updated", body)

    # -- orders ----------------------------------------------------------------------------------------------

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _now(self) -> str:
        """Shopify's own resolution: the events of one second carry the same time."""
        return self.now().astimezone(SHOP_TIME).isoformat(timespec="seconds")

    def _new_order(self, lines: Mapping[str, int]) -> dict[str, Any]:
        number, moment = self._next_id(), self._now()
        return {
            "id": number,
            "admin_graphql_api_id": gid("Order", number),
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
            "gift_card": False,
            "vendor": "Demo",
            "price": "19.99",
            "variant_inventory_management": "shopify",
        }

    def _edit_line(self, order: dict[str, Any], name: str, more: int) -> None:
        self.committed[name] += more
        if more < 0:
            self.put_on_shelf(name, self.shelves[name] - more, "edit")
        if not any(line["sku"] == name for line in order["line_items"]):
            order["line_items"].append(self._line(name, more))
            return
        line = line_of(order, name)
        line["quantity"] += max(0, more)
        line["current_quantity"] += more
        line["fulfillable_quantity"] += more

    def _refund(
        self, order: dict[str, Any], lines: Mapping[str, int], restock_type: str, *, of_sent: bool = False
    ) -> dict[str, Any]:
        """All the lines or, by ValueError, none."""
        wanted = [(line_of(order, name), quantity) for name, quantity in lines.items()]
        for line, quantity in wanted:
            refuse_refund(line, quantity, restock_type)
        kept = of_sent or restock_type == "return"
        rows = [self._refunded(line, quantity, restock_type, kept=kept) for line, quantity in wanted]
        back = restock_type != "no_restock"
        refund = {"id": self._next_id(), "order_id": order["id"], "restock": back, "refund_line_items": rows}
        order["refunds"].append(refund)
        whole = not any(line["current_quantity"] for line in order["line_items"])
        order |= {"financial_status": "refunded" if whole else "partially_refunded", "updated_at": self._now()}
        return refund

    def _refunded(self, line: dict[str, Any], quantity: int, restock_type: str, *, kept: bool) -> dict[str, Any]:
        """`kept`: what is still to be sent stays as it is."""
        name, back = line["title"], restock_type != "no_restock"
        unsent = 0 if kept else min(quantity, line["fulfillable_quantity"])
        line["current_quantity"] -= quantity
        line["fulfillable_quantity"] -= unsent
        if name in self.committed:
            self.committed[name] -= unsent
        if back and name in self.shelves:
            self.put_on_shelf(name, self.shelves[name] + quantity, "cancel")
        return {
            "id": self._next_id(),
            "line_item_id": line["id"],
            "quantity": quantity,
            "restock_type": restock_type,
            "location_id": self.location_id if back else None,
            "subtotal": "19.99",
        }

    # -- fulfilments -----------------------------------------------------------------------------------------

    def _fulfilment(
        self, order: Mapping[str, Any], lines: Mapping[str, int], place: int, tracking: str | None
    ) -> dict[str, Any]:
        if not lines or place not in (self.location_id, self.other_location_id):
            raise ValueError("a fulfilment needs lines and one of the shop's locations")
        wanted = [(line_of(order, name), quantity) for name, quantity in lines.items()]
        if any(not 1 <= quantity <= line["fulfillable_quantity"] for line, quantity in wanted):
            raise ValueError("more than is left to fulfil")
        moment, number = self._now(), self._next_id()
        tracking = tracking or f"9400{number:018d}"
        return {
            "id": number,
            "order_id": order["id"],
            "status": "success",
            "created_at": moment,
            "updated_at": moment,
            "service": "manual",
            "tracking_company": "USPS",
            "tracking_number": tracking,
            "tracking_numbers": [tracking],
            "email": order["email"],
            "destination": order["shipping_address"],
            "location_id": place,
            "line_items": [{**line, "quantity": quantity} for line, quantity in wanted],
        }

    def _commit(self, order: dict[str, Any], fulfilment: dict[str, Any], sign: int) -> None:
        """`sign` -1: the units leave; +1: they have not left after all."""
        for row in fulfilment["line_items"]:
            line = line_of(order, row["title"])
            line["fulfillable_quantity"] += sign * row["quantity"]
            if row["title"] in self.committed:
                self.committed[row["title"]] += sign * row["quantity"]
            line["fulfillment_status"] = fulfilment_state(order, [line])
        moment = self._now()
        fulfilment["updated_at"] = order["updated_at"] = moment
        order["fulfillment_status"] = fulfilment_state(order, order["line_items"])

    def _shipped(self, fulfillment_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
        for order in self.orders.values():
            for fulfilment in order["fulfillments"]:
                if str(fulfilment["id"]) == fulfillment_id:
                    return order, fulfilment
        raise KeyError(fulfillment_id)

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

    @property
    def own_host(self) -> str:
        return self.shop_domain

    def routes(self) -> MapAdapter:
        return _routes()

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


@cache
def _routes() -> MapAdapter:
    return bound(Rule("/admin/api/<version>/graphql.json", endpoint=Shopify._graphql, methods=["POST"]))


def _wanted(order: Mapping[str, Any], name: str) -> int:
    return sum(line["current_quantity"] for line in order["line_items"] if line["sku"] == name)


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status=status, content_type="application/json; charset=utf-8")


SIMULATOR = Shopify
