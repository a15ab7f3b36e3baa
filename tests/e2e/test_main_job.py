"""The main job on the real template: an order on one channel lowers every other channel."""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.local.api import send
from infra.local.faults import lost_answer
from infra.local.promises import depth, rows
from infra.local.shop import Shop
from tests.channels.marketplace import Delivery
from tests.e2e.waiting import dead_letters, eventually, queues_are_empty

CLIENTS = 8
NO_ANSWER = 0


def stocked(shop: Shop, sku: str, units: int) -> None:
    """A SKU of the test's own, sold by the own store under its own name."""
    shop.put(f"/skus/{sku}", {})
    shop.markets["own-store"].list_item(sku, 0)
    shop.put(f"/channels/own-store/listings/{sku}", {"sku": sku})
    receipt = {"operation": f"open-{sku}", "reason": "receive", "sku": sku, "location": "laval", "quantity": units}
    shop.post("/adjustments", receipt)


def level(shop: Shop, sku: str) -> dict[str, int]:
    found: dict[str, int] = shop.get(f"/skus/{sku}")["levels"][0]
    return {name: found[name] for name in ("on_hand", "available", "reserved")}


def order(order_id: str, sku: str, quantity: int = 1) -> str:
    lines = [{"line_id": "1", "sku": sku, "quantity": quantity}]
    data = {"order_id": order_id, "version": 1, "lines": lines}
    return json.dumps({"type": "order.created", "timestamp": "2026-11-21T12:00:00Z", "data": data})


def deliver(shop: Shop, deliveries: list[Delivery]) -> Counter[int]:
    """Sent from 8 clients, each again until it is accepted, as every channel does."""

    def post(delivery: Delivery) -> int:
        status = NO_ANSWER
        for _ in range(5):
            try:
                status = send(
                    shop.markets["own-store"].webhook_url, "POST", delivery.body, dict(delivery.headers)
                ).status
            except OSError:
                continue
            if status < 500:
                break
        return status

    with ThreadPoolExecutor(CLIENTS) as clients:
        return Counter(clients.map(post, deliveries))


def states(shop: Shop, prefix: str) -> Counter[str]:
    found = rows(shop.stack, "OrdersTableName")
    return Counter(row["state"] for row in found if row["pk"].startswith(f"ORDER#own-store#{prefix}"))


@pytest.mark.parametrize("channel", ["shopify", "ebay", "own-store"])
def test_a_sale_on_one_channel_lowers_every_other(shop: Shop, channel: str) -> None:
    listings = {name: shop.listing_of(name, "HAT-BLUE") for name in shop.markets}
    before = {name: shop.markets[name].shelves[listing] for name, listing in listings.items()}

    shop.markets[channel].sell({listings[channel]: 2})

    for name, listing in listings.items():
        assert shop.markets[name].await_shown(listing, before[name] - 2)


def test_a_sale_of_a_component_lowers_its_kit(shop: Shop) -> None:
    """A gift set holds 2 mugs and a hat, so every second mug sold is a gift set less."""
    kit = shop.listing_of("ebay", "GIFT-SET")
    before = shop.markets["ebay"].shelves[kit]

    shop.markets["shopify"].sell({"MUG": 4})

    assert shop.markets["ebay"].await_shown(kit, before - 2)


def test_the_last_unit_leaves_every_shelf(shop: Shop) -> None:
    """0 is a number like any other, and it is told."""
    listings = {name: shop.listing_of(name, "LAST-LAMP") for name in shop.markets}

    shop.markets["own-store"].sell({listings["own-store"]: 1})

    for name, listing in listings.items():
        assert shop.markets[name].await_shown(listing, 0)


@pytest.mark.timeout(400)
def test_a_thousand_orders_for_600_units_delivered_twice_and_shuffled(shop: Shop) -> None:
    """600 reserved, 400 short, nothing left, nothing dead."""
    stocked(shop, "RUSH-600", 600)
    deliveries = [
        shop.markets["own-store"].signed(f"msg_rush_{n}", order(f"rush-{n}", "RUSH-600")) for n in range(1000)
    ] * 2
    random.Random(600).shuffle(deliveries)  # noqa: S311 - a reproducible order

    answers = deliver(shop, deliveries)
    assert eventually(lambda: states(shop, "rush-").total() == 1000 and queues_are_empty(shop), 240)

    assert Counter({200: 2000}) == answers
    assert Counter(reserved=600, requested=400) == states(shop, "rush-")
    assert {"on_hand": 600, "available": 0, "reserved": 600} == level(shop, "RUSH-600")
    assert 0 == dead_letters(shop)
    assert shop.markets["own-store"].await_shown("RUSH-600", 0)


@pytest.mark.timeout(400)
def test_answers_lost_after_they_took_effect_change_nothing(shop: Shop) -> None:
    """Every kind of call loses its answer once, then the whole queue is replayed."""
    stocked(shop, "LOST-50", 50)
    deliveries = [
        shop.markets["own-store"].signed(f"msg_lost_{n}", order(f"lost-{n}", "LOST-50", 3)) for n in range(20)
    ]
    calls = ("BatchGetItem", "GetItem", "Query", "TransactWriteItems", "PutItem", "UpdateItem")

    with shop.stack.faults() as faults:
        faults.inject(*(lost_answer(call) for call in calls))
        faults.inject(lost_answer("SendMessage", service="sqs"))
        deliver(shop, deliveries)
        settled = eventually(lambda: states(shop, "lost-").total() == 20 and queues_are_empty(shop), 200)
        struck = {event["operation"] for event in faults.fired()}
    undisturbed = states(shop, "lost-"), level(shop, "LOST-50")
    deliver(shop, deliveries)
    assert eventually(lambda: queues_are_empty(shop), 120)

    assert settled
    assert {"BatchGetItem", "TransactWriteItems"} <= struck
    assert (Counter(reserved=16, requested=4), {"on_hand": 50, "available": 2, "reserved": 48}) == undisturbed
    assert undisturbed == (states(shop, "lost-"), level(shop, "LOST-50"))


def test_what_a_function_has_begun_ends_though_its_settings_change(shop: Shop) -> None:
    """As on AWS. Ended in the middle, it would leave its order invisible for six minutes."""
    stocked(shop, "CHANGED", 1)
    delivery = shop.markets["own-store"].signed("msg_changed", order("changed", "CHANGED"))

    with shop.stack.faults() as faults:
        faults.inject({"service": "dynamodb", "operation": "BatchGetItem", "latency": 1.5})
        deliver(shop, [delivery])
        begun = eventually(lambda: bool(faults.fired()))

    assert begun
    assert eventually(lambda: states(shop, "changed") == Counter(reserved=1) and queues_are_empty(shop))


def test_a_signed_order_nobody_can_read_is_kept(shop: Shop) -> None:
    body = json.dumps({"type": "order.created", "data": {"order_id": "odd-1", "version": 1, "lines": "none"}})
    delivery = shop.markets["own-store"].signed("msg_odd", body)

    answers = deliver(shop, [delivery, delivery])
    assert eventually(lambda: bool(unreadable(shop)))

    assert Counter({200: 2}) == answers
    assert 1 == len(unreadable(shop))
    assert "lines" in unreadable(shop)[0]["cause"]


def unreadable(shop: Shop) -> list[dict[str, Any]]:
    waiting = shop.get("/review/exception")
    return [item for item in waiting if item.get("kind") == "unreadable_order"]


def test_an_order_for_an_unknown_sku_is_applied_once_its_alias_exists(shop: Shop) -> None:
    """Rule 1.2-15: kept whole as an exception, and nobody has to remember it."""
    deliver(shop, [shop.markets["own-store"].signed("msg_alias", order("alias-1", "OLD-NAME"))])
    assert eventually(lambda: states(shop, "alias-") == Counter(exception=1))
    shop.markets["own-store"].list_item("OLD-NAME", 0)

    shop.put("/channels/own-store/listings/OLD-NAME", {"sku": "POSTER"})

    assert eventually(lambda: states(shop, "alias-") == Counter(reserved=1))
    assert 0 == depth(shop.stack, "OrdersDeadLetterQueueUrl")
