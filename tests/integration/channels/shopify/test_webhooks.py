"""What a simulated shop tells the Shopify channel of its orders and fulfilments, over real HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lastunit.channels.shopify.api import Api
from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.snapshot import Notification, OrderSnapshot
from lastunit.ports.channel import WebhookRequest
from tests.channels.marketplace import SoldOut
from tests.channels.shopify.fakes import Inbox, api_of
from tests.channels.shopify.simulator import Shopify


@pytest.fixture
def shop() -> Iterator[Shopify]:
    with Shopify(retry_seconds=()) as shop:
        yield shop


@pytest.fixture
def inbox(shop: Shopify) -> Iterator[Inbox]:
    with Inbox() as inbox:
        shop.webhook_url = f"{inbox.url}/hook"
        yield inbox


@pytest.fixture
def api(shop: Shopify) -> Api:
    return api_of(shop)


def snapshots(api: Api, notification: Notification) -> list[OrderSnapshot]:
    return [event for event in api.orders(notification) if isinstance(event, OrderSnapshot)]


def delivered(shop: Shopify, inbox: Inbox) -> list[WebhookRequest]:
    assert shop.await_delivered()
    return inbox.received


def notifications(api: Api, requests: list[WebhookRequest]) -> dict[str, Notification]:
    """By topic; every request is verified first."""
    found = {}
    for request in requests:
        api.verify(request)
        notification = api.parse(request)
        if notification:
            found[notification.topic] = notification
    return found


def test_a_sale_is_reported_as_created_paid_and_updated(shop: Shopify, api: Api, inbox: Inbox) -> None:
    shop.list_item("TEE", 5)

    order_id = shop.sell({"TEE": 2})

    found = notifications(api, delivered(shop, inbox))
    assert {"orders/create", "orders/paid", "orders/updated"} == set(found)
    assert {order_id} == {notification.order_id for notification in found.values()}
    assert 3 == len({notification.event_id for notification in found.values()})
    assert (3, 2) == (shop.shelves["TEE"], shop.committed["TEE"])
    reported = {snapshot for notification in found.values() for snapshot in snapshots(api, notification)}
    assert 1 == len(reported)
    variant = f"variant:{shop.variants['TEE'].variant_id}"
    assert [((variant, "TEE"), 2)] == [(line.names, line.quantity) for one in reported for line in one.lines]


@pytest.mark.parametrize("restock", [True, False])
def test_a_cancellation_reports_whether_the_units_went_back(
    shop: Shopify, api: Api, inbox: Inbox, restock: bool
) -> None:
    shop.list_item("TEE", 5)
    order_id = shop.sell({"TEE": 2})

    shop.cancel(order_id, restock=restock)

    found = notifications(api, delivered(shop, inbox))
    (snapshot,) = snapshots(api, found["orders/cancelled"])
    assert (order_id, True, restock) == (snapshot.external_id, snapshot.cancelled, snapshot.restocked)
    assert (5 if restock else 3) == shop.shelves["TEE"]
    assert 0 == shop.committed["TEE"]


def test_no_personal_data_travels_on(shop: Shopify, api: Api, inbox: Inbox) -> None:
    shop.list_item("TEE", 5)
    shop.sell({"TEE": 1})

    found = notifications(api, delivered(shop, inbox))

    assert 3 == len(found)
    assert all("Bea" not in str(each) and "@" not in str(each) for each in found.values())


def test_webhooks_signed_with_a_new_secret_are_accepted_during_rotation(shop: Shopify, inbox: Inbox) -> None:
    shop.webhook_secrets = ["new", "old"]
    api = api_of(shop)
    shop.list_item("TEE", 5)
    shop.sell({"TEE": 1})
    shop.webhook_secrets = ["old"]
    shop.sell({"TEE": 1})

    found = delivered(shop, inbox)

    assert 6 == len(found)
    for request in found:
        api.verify(request)


def test_eight_buyers_never_take_more_than_the_shelf_holds(shop: Shopify, inbox: Inbox) -> None:
    shop.list_item("TEE", 5)

    with ThreadPoolExecutor(8) as buyers:
        sold = list(buyers.map(lambda _: _bought(shop), range(8)))

    assert 5 == sum(sold)
    assert (0, 5) == (shop.shelves["TEE"], shop.committed["TEE"])
    assert 15 == len(delivered(shop, inbox))


def _bought(shop: Shopify) -> bool:
    try:
        shop.sell({"TEE": 1})
    except SoldOut:
        return False
    return True


def last_reported(shop: Shopify, api: Api, inbox: Inbox) -> dict[str, Notification]:
    """What came since the last look, by topic."""
    found = notifications(api, delivered(shop, inbox))
    inbox.received.clear()
    return found


def line_names(shop: Shopify, name: str) -> tuple[str, ...]:
    return f"variant:{shop.variants[name].variant_id}", name


def test_a_shipment_in_two_parcels_takes_the_committed_units_and_no_available_ones(
    shop: Shopify, inbox: Inbox
) -> None:
    api = api_of(shop, locations=f"{shop.other_location_id}=montreal")
    shop.list_item("TEE", 9)
    order_id = shop.sell({"TEE": 3})
    line_id = str(shop.orders[order_id]["line_items"][0]["id"])
    last_reported(shop, api, inbox)

    parcels, topics = [], []
    for quantity, place in ((2, shop.other_location_id), (1, None)):
        parcel = shop.ship(order_id, {"TEE": quantity}, place)
        found = last_reported(shop, api, inbox)
        topics.append(set(found))
        parcels.append((parcel, api.orders(found["fulfillments/create"])))

    assert [
        {"fulfillments/create", "orders/partially_fulfilled", "orders/updated"},
        {"fulfillments/create", "orders/fulfilled", "orders/updated"},
    ] == topics
    names = line_names(shop, "TEE")
    shipments = [shipment for _, (shipment,) in parcels if isinstance(shipment, ShipmentNotice)]
    assert [
        (order_id, parcels[0][0], (ShippedLine(2, line_id, names),), "montreal", False),
        (order_id, parcels[1][0], (ShippedLine(1, line_id, names),), None, False),
    ] == [(one.external_id, one.shipment_id, one.lines, one.location, one.voided) for one in shipments]
    assert all(one.shipped_at for one in shipments)
    assert (6, 0) == (shop.shelves["TEE"], shop.committed["TEE"])
    assert "fulfilled" == shop.orders[order_id]["fulfillment_status"]


def test_shipping_changes_nothing_of_what_is_to_be_delivered(shop: Shopify, api: Api, inbox: Inbox) -> None:
    shop.list_item("TEE", 9)
    order_id = shop.sell({"TEE": 3})
    before = snapshots(api, last_reported(shop, api, inbox)["orders/updated"])
    shop.ship(order_id, {"TEE": 2})

    after = snapshots(api, last_reported(shop, api, inbox)["orders/partially_fulfilled"])

    assert [one.lines for one in before] == [one.lines for one in after]


def test_a_voided_fulfilment_is_reported_and_its_units_are_committed_again(
    shop: Shopify, api: Api, inbox: Inbox
) -> None:
    shop.list_item("TEE", 9)
    order_id = shop.sell({"TEE": 3})
    parcel = shop.ship(order_id, {"TEE": 2})
    last_reported(shop, api, inbox)

    shop.void(parcel)

    found = last_reported(shop, api, inbox)
    assert {"fulfillments/update", "orders/updated"} == set(found)
    (void,) = api.orders(found["fulfillments/update"])
    assert isinstance(void, ShipmentNotice)
    assert (order_id, parcel, (), True) == (void.external_id, void.shipment_id, void.lines, void.voided)
    assert (6, 3) == (shop.shelves["TEE"], shop.committed["TEE"])
    assert shop.orders[order_id]["fulfillment_status"] is None


def test_a_part_refunded_before_it_was_sent_is_an_edit(shop: Shopify, api: Api, inbox: Inbox) -> None:
    shop.list_item("TEE", 9)
    order_id = shop.sell({"TEE": 3})
    last_reported(shop, api, inbox)

    shop.refund(order_id, {"TEE": 1}, "cancel")

    (snapshot,) = snapshots(api, last_reported(shop, api, inbox)["orders/updated"])
    assert ([2], False, True) == ([line.quantity for line in snapshot.lines], snapshot.cancelled, snapshot.paid)
    assert (7, 2) == (shop.shelves["TEE"], shop.committed["TEE"])


def test_a_unit_that_was_sent_and_came_back_leaves_the_rest_to_be_sent(
    shop: Shopify, api: Api, inbox: Inbox
) -> None:
    shop.list_item("TEE", 9)
    order_id = shop.sell({"TEE": 3})
    shop.ship(order_id, {"TEE": 2})
    last_reported(shop, api, inbox)

    shop.refund(order_id, {"TEE": 1}, "return")

    (snapshot,) = snapshots(api, last_reported(shop, api, inbox)["orders/updated"])
    assert [3] == [line.quantity for line in snapshot.lines]
    assert (7, 1) == (shop.shelves["TEE"], shop.committed["TEE"])


def test_nothing_of_the_recipient_of_a_parcel_travels_on(shop: Shopify, api: Api, inbox: Inbox) -> None:
    shop.list_item("TEE", 5)
    shop.ship(shop.sell({"TEE": 1}), {"TEE": 1})

    bodies = b"".join(request.body for request in delivered(shop, inbox))
    found = last_reported(shop, api, inbox)

    reported = str(list(found.values())) + str([api.orders(each) for each in found.values()])
    assert [name for name in ("Bea", "@", "9400", "Main St") if name in reported] == []
    assert b"Bea" in bodies
