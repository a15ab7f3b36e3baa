"""What happens to an order after it is placed, on the real template."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from infra.local.shop import Shop
from lastunit.adapters.dynamodb.order_store import DynamoOrderStore
from lastunit.adapters.dynamodb.settings import DynamoSettings
from lastunit.bootstrap import SystemClock
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import DeadlineCheck, DecideRequest, PaymentReceived
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.orders.states import State
from lastunit.use_cases.orders.change_orders import ChangeOrders, ChangeResult, Incoming
from tests.e2e.waiting import eventually, queues_are_empty
from tests.support.unexpected import raise_again

RACES = 200


def sku_of_its_own(shop: Shop, sku: str, units: int, bins: dict[str, int] | None = None) -> None:
    """A SKU sold by Shopify and the own store; `bins`: units in picking bin p-1 and storage bin s-1."""
    shop.put(f"/skus/{sku}", {})
    for name, kind in (("p-1", {"kind": "picking", "mark": 2}), ("s-1", {"kind": "storage"})):
        if bins:
            shop.put(f"/skus/{sku}/levels/montreal/bins/{name}", kind)
    for name, quantity in (bins or {}).items():
        receive(shop, sku, quantity, name)
    if units:
        receive(shop, sku, units)
    shop.markets["shopify"].list_item(sku, 0)
    aliases = [f"variant:{shop.markets['shopify'].variants[sku].variant_id}"]
    shop.put(
        f"/channels/shopify/listings/{sku}",
        {"sku": sku, "refs": shop.markets["shopify"].refs(sku), "aliases": aliases},
    )
    total = units + sum((bins or {}).values())
    assert shop.markets["shopify"].await_shown(sku, total)


def receive(shop: Shop, sku: str, quantity: int, bin: str | None = None) -> None:
    receipt = {"operation": f"in-{sku}-{bin}-{quantity}", "reason": "receive", "sku": sku, "location": "montreal"}
    shop.post("/adjustments", receipt | {"quantity": quantity} | ({"bin": bin} if bin else {}))


def level(shop: Shop, sku: str) -> dict[str, Any]:
    found: dict[str, Any] = shop.get(f"/skus/{sku}")["levels"][0]
    return found


def state(shop: Shop, order_id: str) -> str:
    return str(shop.get(f"/orders/{order_id}").get("state"))


def tasks(shop: Shop, sku: str) -> list[dict[str, Any]]:
    return [task for task in shop.get("/review/replenish") if task["sku"] == sku]


def test_a_shipment_reported_three_times_depletes_the_bin_once_and_a_transfer_ends_its_task(
    shop: Shop,
) -> None:
    sku_of_its_own(shop, "SHIP-A", 0, {"p-1": 3, "s-1": 10})
    order = shop.markets["shopify"].sell({"SHIP-A": 5})
    order_id = f"shopify:{order}"
    assert eventually(lambda: state(shop, order_id) == "reserved")
    line = str(shop.markets["shopify"].orders[order]["line_items"][0]["id"])

    shop.shipping.ship(order, {line: ("SHIP-A", 5)}, warehouse="77")
    assert shop.shipping.await_delivered()
    for delivery in list(shop.shipping.posted) * 2:
        shop.shipping.send(lambda again=delivery: again)  # Bound at once.
    assert eventually(lambda: state(shop, order_id) == "shipped" and queues_are_empty(shop))

    found = level(shop, "SHIP-A")
    assert (8, 8, 0, -2) == (found["on_hand"], found["available"], found["reserved"], found["unplaced"])
    assert {"p-1": 0, "s-1": 10} == {name: bin["on_hand"] for name, bin in found["bins"].items()}
    assert eventually(lambda: len(tasks(shop, "SHIP-A")) == 1)
    move = {"operation": "fill-a", "sku": "SHIP-A", "quantity": 6}
    places = {
        "source": {"location": "montreal", "bin": "s-1"},
        "destination": {"location": "montreal", "bin": "p-1"},
    }
    shop.post("/transfers", move | places)
    count_back = {"operation": "found-a", "sku": "SHIP-A", "quantity": 2}
    to_unplaced = {"source": {"location": "montreal", "bin": "p-1"}, "destination": {"location": "montreal"}}
    shop.post("/transfers", count_back | to_unplaced)
    assert eventually(lambda: not tasks(shop, "SHIP-A"))
    assert 8 == level(shop, "SHIP-A")["on_hand"]


def request(shop: Shop, order_id: str, sku: str, quantity: int) -> dict[str, Any]:
    lines = [{"line_id": "1", "sku": sku, "quantity": quantity}]
    body = {"channel": "own-store", "order_id": order_id, "version": 1, "lines": lines}
    answer: dict[str, Any] = shop.post("/orders", body)
    return answer


@pytest.fixture(scope="module")
def with_clocks(shop: Shop) -> Shop:
    """The own store takes requests and gives both clocks an hour."""
    settings = shop.get("/channels/own-store")
    asked = {"takes_requests": True, "decision_minutes": 60, "payment_minutes": 60}
    kept = {name: settings[name] for name in ("kind", "policy", "connection")}
    shop.put("/channels/own-store", kept | asked)
    return shop


def test_a_request_is_accepted_paid_and_shipped(with_clocks: Shop) -> None:
    shop = with_clocks
    sku_of_its_own(shop, "ASK-A", 2)

    asked = request(shop, "R-1", "ASK-A", 3)
    preview = shop.post("/orders/own-store:R-1/decision", {"accept": True, "by": "sam", "preview": True})
    before = level(shop, "ASK-A")["reserved"]
    accepted = shop.post("/orders/own-store:R-1/decision", {"accept": True, "by": "sam"})
    receive(shop, "ASK-A", 1)
    assert eventually(lambda: not shop.get("/orders/own-store:R-1")["backorders"])
    paid = shop.post("/orders/own-store:R-1/payment", {})
    shipped = shop.post(
        "/orders/own-store:R-1/shipments", {"shipment_id": "P-1", "lines": [{"line_id": "1", "quantity": 3}]}
    )

    states = [answer["order"]["state"] for answer in (asked, preview, accepted, paid, shipped)]
    assert ["requested", "awaiting_payment", "awaiting_payment", "reserved", "shipped"] == states
    assert 0 == before
    assert (0, 0, 0) == tuple(level(shop, "ASK-A")[name] for name in ("on_hand", "available", "reserved"))


def test_a_request_nobody_decides_expires(with_clocks: Shop) -> None:
    """The clock is set back in the row, because a test cannot wait an hour; the schedule does the rest."""
    shop = with_clocks
    sku_of_its_own(shop, "ASK-B", 0)
    request(shop, "R-2", "ASK-B", 1)
    past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    shop.stack.client("dynamodb").update_item(
        TableName=shop.stack.outputs["OrdersTableName"],
        Key={"pk": {"S": "ORDER#own-store#R-2"}, "sk": {"S": "ORDER"}},
        UpdateExpression="SET decide_by = :past, due_at = :past",
        ExpressionAttributeValues={":past": {"S": past}},
    )

    shop.stack.client("lambda").invoke(FunctionName=shop.stack.functions["ExpireOrdersFunction"], Payload=b"{}")

    assert eventually(lambda: state(shop, "own-store:R-2") == "cancelled")
    assert "undecided_in_time" == shop.get("/orders/own-store:R-2")["reason"]


class LaterClock:
    """Two hours on: every payment deadline has just passed."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(hours=2)


@pytest.mark.timeout(300)
def test_a_payment_and_an_expiry_at_once_have_one_winner(with_clocks: Shop) -> None:
    """In 200 of 200 tries, against the stack's own DynamoDB: rule 1.4-14."""
    shop = with_clocks
    sku_of_its_own(shop, "RACE-A", 0)
    client, outputs, ids = shop.stack.client("dynamodb"), shop.stack.outputs, count()
    book = DynamoOrderStore(client, outputs["StockTableName"], outputs["OrdersTableName"])
    settings = DynamoSettings(client, outputs["SettingsTableName"])
    change = ChangeOrders(
        order_store=book,
        settings=settings,
        clock=LaterClock(),
        new_id=lambda: f"race-{next(ids)}",
        pause=lambda _: None,
        report_error=raise_again,
    )
    names = [f"race-{number}" for number in range(RACES)]
    line = (SnapshotLine("1", ("RACE-A",), 1),)
    change.apply(
        [
            Incoming(
                name, OrderSnapshot(channel="own-store", external_id=name, revision="1", lines=line, paid=False)
            )
            for name in names
        ]
    )
    receive(shop, "RACE-A", RACES)
    early = replace(change, clock=SystemClock())
    early.apply(
        [
            Incoming(name, DecideRequest(channel="own-store", external_id=name, accept=True, by="sam"))
            for name in names
        ]
    )

    def race(name: str) -> tuple[ChangeResult, ChangeResult]:
        gate = threading.Barrier(2)

        def fire(fact: PaymentReceived | DeadlineCheck) -> ChangeResult:
            gate.wait()
            answer = change.apply([Incoming("one", fact)])["one"]
            assert isinstance(answer, ChangeResult)
            return answer

        with ThreadPoolExecutor(2) as both:
            payment = both.submit(fire, PaymentReceived("own-store", name))
            expiry = both.submit(fire, DeadlineCheck("own-store", name))
            return payment.result(), expiry.result()

    ended = Counter(tuple(answer.outcome for answer in race(name)) for name in names)

    # An expiry that won is followed by a late payment, which finds the unit free again and takes it.
    assert ended.keys() <= {(Outcome.RESERVED, Outcome.DUPLICATE), (Outcome.RESERVED, Outcome.CANCELLED)}
    assert RACES == ended.total()
    orders = book.orders(f"own-store:{name}" for name in names).values()
    assert {State.RESERVED} == {order.state for order in orders}
    assert (RACES, 0) == tuple(level(shop, "RACE-A")[name] for name in ("reserved", "available"))
