"""Are the promises of the design kept? Reads the tables themselves and shares no code with the layer."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from infra.local.api import send
from infra.local.shop import Shop
from infra.local.stack import LocalStack

Row = dict[str, Any]
HOLDING = frozenset({"reserved", "backordered", "awaiting_payment", "partly_shipped"})
_deserializer = TypeDeserializer()


@dataclass(frozen=True, slots=True)
class Check:
    """One promise of docs/design.md section 2. `held` None: not checked, the text says why."""

    promise: int
    held: bool | None
    text: str


def rows(stack: LocalStack, table: str) -> list[Row]:
    pages = (
        stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs[table], ConsistentRead=True)
    )
    return [read_row(item) for page in pages for item in page["Items"]]


def read_row(item: Mapping[str, Any]) -> Row:
    """From DynamoDB's typed JSON."""
    return {name: _plain(_deserializer.deserialize(value)) for name, value in item.items()}


def levels_of(stock: Iterable[Row]) -> list[Row]:
    """A level that never had units of a kind has no attribute of that name."""
    none = {"on_hand": 0, "available": 0, "reserved": 0, "seq": 0}
    return [none | row for row in stock if row["sk"].startswith("AT#")]


def check_all(shop: Shop, sold: Mapping[str, str]) -> list[Check]:
    """`sold`: order id → state it must be in, or "" for any."""
    stack = shop.stack
    stock, orders, ledger = (rows(stack, name) for name in ("StockTableName", "OrdersTableName", "LedgerTableName"))
    levels = levels_of(stock)
    placed = [row for row in orders if row["pk"].startswith("ORDER#")]
    checks = [
        *book_checks(levels, placed, ledger),
        _once(levels, placed, ledger, sold),
        _nothing_lost(stack, placed, sold),
        _channels_agree(shop),
        _at_risk(levels, stock),
        _forgeries_refused(shop, levels),
    ]
    return sorted(checks, key=lambda check: check.promise)


def book_checks(levels: Sequence[Row], orders: Sequence[Row], ledger: Iterable[Row]) -> list[Check]:
    """The promises that the tables alone can prove: 1, 2, 4 and 8."""
    return [
        _never_below_zero(levels),
        _reserved_is_allocated(levels, orders),
        _all_or_nothing(orders),
        _explained(levels, ledger),
    ]


def _never_below_zero(levels: Iterable[Row]) -> Check:
    wrong = [
        row["pk"] + " " + row["sk"]
        for row in levels
        if row["on_hand"] != row["available"] + row["reserved"] or min(row["available"], row["reserved"]) < 0
    ]
    return Check(1, not wrong, f"on hand = available + reserved, none below zero {_named(wrong)}")


def _reserved_is_allocated(levels: Iterable[Row], orders: Iterable[Row]) -> Check:
    promised = Counter[str]()
    for order in orders:
        for held in order.get("allocations", ()):
            promised[f"SKU#{held['sku']} AT#{held['location']}"] += held["quantity"]
    reserved = {f"{row['pk']} {row['sk']}": row["reserved"] for row in levels}
    wrong = [key for key in promised.keys() | reserved.keys() if promised[key] != reserved.get(key, 0)]
    return Check(2, not wrong, f"reserved = the sum of open allocations ({promised.total()} units) {_named(wrong)}")


def _once(levels: Iterable[Row], orders: Sequence[Row], ledger: Iterable[Row], sold: Mapping[str, str]) -> Check:
    received = sum(row["act"].get("delta", 0) for row in ledger if row["pk"].startswith("OPERATION#"))
    on_hand = sum(row["on_hand"] for row in levels)
    left = sum(_gone(order).total() for order in orders) - sum(_came_back(order) for order in orders)
    states = {order_id(row): row["state"] for row in orders}
    wrong = [key for key, state in sold.items() if state and states.get(key) != state]
    held = received == on_hand + left and len(states) == len(sold) and not wrong
    return Check(
        3, held, f"each order and adjustment counted once: {len(states)} orders for {len(sold)} {_named(wrong)}"
    )


def _all_or_nothing(orders: Iterable[Row]) -> Check:
    wrong = [order_id(order) for order in orders if not _whole(order)]
    return Check(4, not wrong, f"all lines of an order or none {_named(wrong)}")


def _whole(order: Row) -> bool:
    """Every unit that is wanted is promised, awaited or gone; of an order that holds nothing, none is."""
    held = Counter[str]()
    for part in (*order.get("allocations", ()), *order.get("backorders", ())):
        held[part["sku"]] += part["quantity"]
    if order["state"] == "exception":
        return True  # What it held before it met trouble stays held, whatever its lines ask for by now.
    if order["state"] not in HOLDING:
        return not held
    wanted = Counter[str]()
    for line in order["lines"]:
        for sku, units in line["parts"].items():
            wanted[sku] += units * (line["quantity"] - line.get("declined", 0))
    return held + _gone(order) == +wanted


def _gone(order: Row) -> Counter[str]:
    """SKU → units that left in parcels that were not voided."""
    units = Counter[str]()
    for parcel in order.get("shipments", ()):
        for taken in parcel.get("picked", ()) if not parcel.get("voided") else ():
            units[taken["sku"]] += taken["quantity"]
    return units


def _came_back(order: Row) -> int:
    return sum(taken["quantity"] for one in order.get("returns", ()) for taken in one.get("restocked", ()))


def _nothing_lost(stack: LocalStack, orders: Iterable[Row], sold: Mapping[str, str]) -> Check:
    missing = sorted(sold.keys() - {order_id(row) for row in orders})
    dead = {name: depth(stack, name) for name in ("OrdersDeadLetterQueueUrl", "PushesDeadLetterQueueUrl")}
    dead["StreamFailuresQueueUrl"] = depth(stack, "StreamFailuresQueueUrl")
    held = not missing and not any(dead.values())
    return Check(
        5, held, f"every accepted message had its effect, dead letters {sum(dead.values())} {_named(missing)}"
    )


def _channels_agree(shop: Shop) -> Check:
    wrong = differences(shop)
    return Check(6, not wrong, f"every channel shows the number that the hub computes {_named(wrong)}")


def differences(shop: Shop) -> list[str]:
    """Listings whose channel does not show what the hub says it should."""
    return [
        f"{channel} {listing}: shows {shop.markets[channel].shelves[listing]}, should show {number}"
        for sku in shop.seed["skus"]
        for (channel, listing), number in shop.wanted(sku).items()
        if shop.markets[channel].shelves[listing] != number
    ]


def _at_risk(levels: Iterable[Row], stock: Iterable[Row]) -> Check:
    available, exposed = Counter[str](), Counter[str]()
    for row in levels:
        available[row["pk"]] += row["available"]
    for row in stock:
        if row["sk"].startswith("ON#"):
            exposed[row["pk"]] += row.get("acknowledged", {}).get("quantity", 0)
    units = sum(max(0, exposed[sku] - available[sku]) for sku in available)
    return Check(7, None, f"not promised in shared mode: {units} units are shown more often than they exist")


def _explained(levels: Iterable[Row], ledger: Iterable[Row]) -> Check:
    entries: dict[str, list[Row]] = {}
    for row in ledger:
        if row["pk"].startswith("SKU#"):
            entries.setdefault(row["pk"], []).append(row)
    wrong = [row["pk"] + " " + row["sk"] for row in levels if not _adds_up(row, entries)]
    count = sum(map(len, entries.values()))
    return Check(8, not wrong, f"{count} ledger entries without a gap add up to every level {_named(wrong)}")


def _adds_up(level: Row, entries: Mapping[str, list[Row]]) -> bool:
    steps = entries.get(f"{level['pk']}#{level['sk'].removeprefix('AT#')}", [])
    gapless = sorted(step["seq"] for step in steps) == list(range(1, level["seq"] + 1))
    sums = all(sum(step[name] for step in steps) == level[name] for name in ("on_hand", "available", "reserved"))
    return gapless and sums


def _forgeries_refused(shop: Shop, levels: list[Row]) -> Check:
    body = json.dumps({"type": "order.created", "data": {"order_id": "forged"}}).encode()
    forged = {"webhook-id": "msg_forged", "webhook-timestamp": "1", "webhook-signature": "v1,Zm9yZ2Vk"}
    base = f"{shop.stack.url}/webhooks"
    answers = {
        "unsigned": send(f"{base}/own-store", "POST", body, {}).status == 401,
        "forged": send(f"{base}/own-store", "POST", body, forged).status == 401,
        "oversized": send(f"{base}/own-store", "POST", b"x" * (1024 * 1024 + 1), forged).status == 413,
        "unknown channel": send(f"{base}/nowhere", "POST", body, forged).status == 404,
    }
    wrong = [name for name, refused in answers.items() if not refused]
    unchanged = levels == levels_of(rows(shop.stack, "StockTableName"))
    return Check(
        9, unchanged and not wrong, f"unsigned, forged and oversized input changes nothing {_named(wrong)}"
    )


def depth(stack: LocalStack, queue: str) -> int:
    """Messages waiting in a queue or being worked on."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs[queue], AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def order_id(row: Row) -> str:
    """As the API writes it."""
    _, channel, external_id = row["pk"].split("#", 2)
    return f"{channel}:{external_id}"


def _named(wrong: Iterable[str]) -> str:
    names = list(wrong)
    return f"- NOT: {', '.join(names[:5])}" if names else ""


def _plain(content: Any) -> Any:
    if isinstance(content, Decimal):
        return int(content)
    if isinstance(content, Mapping):
        return {name: _plain(inner) for name, inner in content.items()}
    return [_plain(inner) for inner in content] if isinstance(content, list) else content
