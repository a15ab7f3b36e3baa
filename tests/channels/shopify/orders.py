"""A simulated Shopify's orders: as its webhooks tell them, and as its Admin API shows them."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLResolveInfo

from tests.channels.shopify.inventory import ARRAY_MAX, refused

UPDATED_SINCE = re.compile(r"updated_at:>='([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)'")

Orders = Mapping[str, Mapping[str, Any]]
Node = dict[str, Any]
Page = Callable[..., Node]


def line_of(order: Mapping[str, Any], name: str) -> dict[str, Any]:
    lines: dict[str, dict[str, Any]] = {line["title"]: line for line in order["line_items"]}
    return lines[name]


def no_goods(kind: str, number: int, quantity: int = 1) -> dict[str, Any]:
    """A line that needs no stock. `kind`: tip, gift card, custom, service or uncounted."""
    product: dict[str, Any] = {"variant_id": number + 1, "product_id": number + 2, "vendor": "Demo"}
    typed_in: dict[str, Any] = {"variant_id": None, "product_id": None, "vendor": None}
    own = {
        "tip": typed_in | {"sku": None, "requires_shipping": False},
        "gift card": product | {"sku": None, "requires_shipping": False, "gift_card": True},
        "custom": typed_in | {"sku": None, "requires_shipping": True},
        "service": product | {"sku": "FITTING", "requires_shipping": False},
        "uncounted": product | {"sku": "MADE-TO-ORDER", "requires_shipping": True},
    }[kind]
    is_sent = bool(own["requires_shipping"])
    return {
        "id": number,
        "title": kind,
        "quantity": quantity,
        "current_quantity": quantity,
        "fulfillable_quantity": quantity if is_sent else 0,
        "fulfillment_status": None,
        "gift_card": False,
        "price": "5.00",
        "variant_inventory_management": None,
    } | own


def has_left(fulfilment: Mapping[str, Any]) -> bool:
    return bool(fulfilment["status"] == "success")


def fulfilment_state(order: Mapping[str, Any], lines: list[dict[str, Any]]) -> str | None:
    """What Shopify calls partial, fulfilled or, nothing having left, null."""
    ids = {line["id"] for line in lines}
    left = [row for one in order["fulfillments"] if has_left(one) for row in one["line_items"] if row["id"] in ids]
    if not left:
        return None
    return "partial" if any(line["fulfillable_quantity"] for line in lines) else "fulfilled"


def refuse_refund(line: Mapping[str, Any], quantity: int, restock_type: str) -> None:
    unsent, units = line["fulfillable_quantity"], line["current_quantity"]
    open_units = min(unsent, units) if line["requires_shipping"] else units
    most = {"cancel": open_units, "return": units - unsent, "no_restock": units}.get(restock_type)
    if most is None:
        raise ValueError(f"{restock_type} is not accepted for new refunds")
    if not 1 <= quantity <= most:
        raise ValueError(f"{quantity} units cannot be refunded as {restock_type}")


# -- as the Admin API shows them -----------------------------------------------------------------------------------


def changed_orders(
    orders: Orders, query: str | None, sort_key: str, reverse: bool, first: int | None, after: str | None
) -> Node:
    """Only what the hub asks for is understood: by time of change, oldest first."""
    since = UPDATED_SINCE.fullmatch(query or "")
    if not since or sort_key != "UPDATED_AT" or reverse:
        raise refused("this simulator sorts by UPDATED_AT and filters by updated_at:>='…Z'", "UNSUPPORTED")
    keys = {_sort_key(order): order for order in orders.values()}
    left = [key for key in sorted(keys) if key[0] >= since[1] and (after is None or key > _cursor_key(after))]
    return _page([(_cursor(key), order_node(keys[key])) for key in left], first)


def find_node(orders: Orders, gid: str) -> Node | None:
    nodes = (node for order in orders.values() for node in _with_parts(order_node(order)))
    return next((node for node in nodes if node["id"] == gid), None)


def _with_parts(node: Node) -> Iterator[Node]:
    yield node
    yield from node["refunds"](None)
    yield from node["fulfillments"](None)


def order_node(order: Mapping[str, Any]) -> Node:
    refunds = [_refund_node(order, one) for one in order["refunds"]]
    fulfillments = [_fulfilment_node(one) for one in order["fulfillments"]]
    fulfilled = {None: "UNFULFILLED", "partial": "PARTIALLY_FULFILLED", "fulfilled": "FULFILLED"}
    return {
        "__typename": "Order",
        "id": gid("Order", order["id"]),
        "name": order["name"],
        "test": order["test"],
        "createdAt": _utc(order["created_at"]),
        "updatedAt": _utc(order["updated_at"]),
        "cancelledAt": _utc(order["cancelled_at"]) if order["cancelled_at"] else None,
        "displayFinancialStatus": order["financial_status"].upper(),
        "displayFulfillmentStatus": fulfilled[order["fulfillment_status"]],
        "retailLocation": _place(order["location_id"]),
        "lineItems": _connection([_line_node(line) for line in order["line_items"]]),
        "refunds": lambda info, first=None: refunds[:first],
        "fulfillments": lambda info, first=None: fulfillments[:first],
    }


def _line_node(line: Mapping[str, Any]) -> Node:
    return {
        "id": gid("LineItem", line["id"]),
        "sku": line["sku"],
        "quantity": line["quantity"],
        "currentQuantity": line["current_quantity"],
        "unfulfilledQuantity": line["fulfillable_quantity"],
        "isGiftCard": line["gift_card"],
        "requiresShipping": line["requires_shipping"],
        "vendor": line["vendor"],
        "variant": _variant_node(line) if line["variant_id"] else None,
    }


def _variant_node(line: Mapping[str, Any]) -> Node:
    counted = line["variant_inventory_management"] is not None
    return {"id": gid("ProductVariant", line["variant_id"]), "inventoryItem": {"tracked": counted}}


def _refund_node(order: Mapping[str, Any], refund: Mapping[str, Any]) -> Node:
    lines = {line["id"]: _line_node(line) for line in order["line_items"]}
    rows = [
        {
            "quantity": row["quantity"],
            "restockType": row["restock_type"].upper(),
            "lineItem": lines[row["line_item_id"]],
        }
        for row in refund["refund_line_items"]
    ]
    return {"__typename": "Refund", "id": gid("Refund", refund["id"]), "refundLineItems": _connection(rows)}


def _fulfilment_node(fulfilment: Mapping[str, Any]) -> Node:
    rows = [
        {
            "id": gid("FulfillmentLineItem", row["id"]),
            "quantity": row["quantity"],
            "lineItem": _line_node(row),
        }
        for row in fulfilment["line_items"]
    ]
    return {
        "__typename": "Fulfillment",
        "id": gid("Fulfillment", fulfilment["id"]),
        "status": fulfilment["status"].upper(),
        "createdAt": _utc(fulfilment["created_at"]),
        "location": _place(fulfilment["location_id"]),
        "trackingInfo": lambda info, first=None: [
            {"number": one} for one in fulfilment["tracking_numbers"][:first]
        ],
        "fulfillmentLineItems": _connection(rows),
    }


def _connection(nodes: Sequence[Node]) -> Page:
    def page(info: GraphQLResolveInfo, first: int | None = None, after: str | None = None) -> Node:
        start = _cursor_key(after)[0] + 1 if after else 0
        return _page([(_cursor((n,)), nodes[n]) for n in range(start, len(nodes))], first)

    return page


def _page(rest: Sequence[tuple[str, Node]], first: int | None) -> Node:
    if first is None or not 1 <= first <= ARRAY_MAX:
        raise refused(f"you must provide first, 1 to {ARRAY_MAX}", "BAD_REQUEST")
    shown = rest[:first]
    info = {"hasNextPage": len(rest) > first, "endCursor": shown[-1][0] if shown else None}
    return {"nodes": [node for _, node in shown], "pageInfo": info}


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def _place(number: int | None) -> Node | None:
    return None if number is None else {"id": gid("Location", number)}


def _utc(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sort_key(order: Mapping[str, Any]) -> tuple[Any, ...]:
    return _utc(order["updated_at"]), order["id"]


def _cursor(key: tuple[Any, ...]) -> str:
    return base64.b64encode(json.dumps(key).encode()).decode()


def _cursor_key(cursor: str) -> tuple[Any, ...]:
    return tuple(json.loads(base64.b64decode(cursor)))
