"""eBay's notifications and orders, read without a network."""

from datetime import datetime
from typing import Any

import pytest

from lastunit.domain.errors import (
    ChannelUnavailable,
    InvalidInput,
    UnreadableOrder,
)
from lastunit.domain.orders.snapshot import Notification, OrderSnapshot, SnapshotLine
from tests.channels.ebay.fakes import LINE_ID, ORDER_ID, SDK_MESSAGE, EbayRequest, api, still_wanted, webhook


def confirmation(**order: object) -> dict[str, Any]:
    line = {"quantity": 1, "listingId": "406447250843", "orderLineItemId": LINE_ID}
    data = {
        "user": {"userId": "y9qonyvfrqq", "username": "some-seller"},
        "order": {"orderId": ORDER_ID, "orderLineItems": [line], **order},
    }
    return envelope("ORDER_CONFIRMATION", data)


def cancellation(*lines: object, activity: str = "CANCELLATION_COMPLETED") -> dict[str, Any]:
    details = {"seller": {"userId": "y9qonyvfrqq", "username": "some-seller"}, "cancellationLineItems": list(lines)}
    data = {"activityType": activity, "activityDate": "2026-08-02T09:00:00.000Z", "orderCancellation": details}
    return envelope("ORDER_CANCELLATION_ACTIVITY", data)


def envelope(topic: str, data: object) -> dict[str, Any]:
    return {
        "metadata": {"topic": topic, "schemaVersion": "1.0", "deprecated": False},
        "notification": {"notificationId": "b64130e4", "publishAttemptCount": 1, "data": data},
    }


def named_line(line_id: object = LINE_ID, order_id: object = ORDER_ID) -> dict[str, object]:
    return {"cancellationLineItemId": "c1", "orderId": order_id, "orderLineItemId": line_id}


def test_a_confirmation_leaves_the_order_id_and_no_personal_data() -> None:
    ebay, _ = api()

    notification = ebay.parse(webhook(confirmation()))

    assert notification == Notification(
        channel="ebay-us", event_id="b64130e4", order_id=ORDER_ID, topic="ORDER_CONFIRMATION", payload={}
    )


def test_a_completed_cancellation_carries_its_lines_and_date() -> None:
    ebay, _ = api()

    notification = ebay.parse(webhook(cancellation(named_line())))

    assert notification is not None
    assert notification.order_id == ORDER_ID
    assert notification.payload == {
        "activityDate": "2026-08-02T09:00:00.000Z",
        "cancellationLineItems": [{"orderId": ORDER_ID, "orderLineItemId": LINE_ID}],
    }


@pytest.mark.parametrize(
    "content",
    [
        cancellation(named_line(), activity="CANCELLATION_REQUESTED"),
        cancellation(named_line(), activity="CANCELLATION_DECLINED"),
        cancellation(named_line(), activity="SELLER_RESPONSE_REMINDER"),
        SDK_MESSAGE,
        envelope("LISTING", None),
    ],
)
def test_what_sells_and_cancels_nothing_asks_for_nothing(content: object) -> None:
    ebay, _ = api()

    assert ebay.parse(webhook(content)) is None


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (b"[" * 100_000, "body"),
        (b"\xff", "body"),
        ([], "body"),
        ({}, "metadata.topic"),
        ({"metadata": {"topic": 7}}, "metadata.topic"),
        (envelope("ORDER_CONFIRMATION", {}), "notification.data.order.orderId"),
        (confirmation(orderId=None), "notification.data.order.orderId"),
        (confirmation(orderId=""), "notification.data.order.orderId"),
        (envelope("ORDER_CANCELLATION_ACTIVITY", {}), "notification.data.activityType"),
        (cancellation(), "notification.data.orderCancellation.cancellationLineItems[0].orderId"),
    ],
)
def test_a_missing_part_of_the_envelope_is_named(content: object, missing: str) -> None:
    ebay, _ = api()

    with pytest.raises(InvalidInput) as caught:
        ebay.parse(webhook(content))

    assert caught.value.field == missing
    assert caught.value.remedy


def test_another_sellers_notification_is_refused_and_ones_own_is_not() -> None:
    ours, theirs = api(seller_id="y9qonyvfrqq")[0], api(seller_id="somebody")[0]

    accepted = ours.parse(webhook(confirmation())), ours.parse(webhook(cancellation(named_line())))

    assert None not in accepted
    for content in (confirmation(), cancellation(named_line())):
        with pytest.raises(InvalidInput, match="userId"):
            theirs.parse(webhook(content))


def test_a_notification_without_id_is_known_by_its_body() -> None:
    ebay, _ = api()
    content = confirmation()
    del content["notification"]["notificationId"]

    first, again = ebay.parse(webhook(content)), ebay.parse(webhook(content))
    other = ebay.parse(webhook({**content, "x": 1}))

    assert first
    assert again
    assert other
    assert first.event_id == again.event_id != other.event_id


def order_line(line_id: object = LINE_ID, **changes: object) -> dict[str, Any]:
    line = {
        "lineItemId": line_id,
        "legacyItemId": "406447250843",
        "legacyVariationId": "700000000001",
        "sku": "TEE-RED-M",
        "quantity": 2,
    }
    return {name: value for name, value in {**line, **changes}.items() if value is not None}


def order_body(*lines: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {
        "orderId": ORDER_ID,
        "creationDate": "2026-08-01T11:59:30.000Z",
        "lastModifiedDate": "2026-08-01T14:00:00.5+02:00",
        "orderPaymentStatus": "PAID",
        "buyer": {"username": "buyer1"},
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "lineItems": list(lines) or [order_line()],
        **changes,
    }


def fetched(body: object, notification: Notification | None = None, status: int = 200) -> OrderSnapshot:
    ebay, _ = api(lambda call: (status, body))
    (found,) = ebay.orders(
        notification or Notification(channel="ebay-us", event_id="e", order_id=ORDER_ID, topic="ORDER_CONFIRMATION")
    )
    assert isinstance(found, OrderSnapshot)
    return found


def cancelling(*lines: object, at: object = "2026-08-02T09:00:00.000Z") -> Notification:
    payload = {"activityDate": at, "cancellationLineItems": list(lines)}
    return Notification(
        channel="ebay-us", event_id="e", order_id=ORDER_ID, topic="ORDER_CANCELLATION_ACTIVITY", payload=payload
    )


def test_an_order_is_fetched_and_read() -> None:
    ebay, http = api(lambda call: (200, order_body()))

    events = ebay.orders(
        Notification(channel="ebay-us", event_id="e", order_id=ORDER_ID, topic="ORDER_CONFIRMATION")
    )

    expected = OrderSnapshot(
        channel="ebay-us",
        external_id=ORDER_ID,
        revision="2026-08-01T12:00:00.500000+00:00",
        lines=(SnapshotLine(LINE_ID, ("item:406447250843:700000000001", "TEE-RED-M"), 2),),
        placed_at=datetime.fromisoformat("2026-08-01T11:59:30.000000+00:00"),
        paid=True,
    )
    assert events == (expected,)
    assert http.asked == [EbayRequest("GET", f"/sell/fulfillment/v1/order/{ORDER_ID}", None)]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"legacyVariationId": None}, ("item:406447250843", "TEE-RED-M")),
        ({"sku": None}, ("item:406447250843:700000000001",)),
        ({"legacyItemId": None}, ("TEE-RED-M",)),
        ({"legacyItemId": 406447250843, "sku": ""}, ("item:406447250843:700000000001",)),
    ],
)
def test_a_line_is_named_by_its_listing_first(changes: dict[str, object], names: tuple[str, ...]) -> None:
    snapshot = fetched(order_body(order_line(**changes)))

    assert snapshot.lines[0].names == names


@pytest.mark.parametrize(
    ("payment", "paid"),
    [
        ("PAID", True),
        ("PARTIALLY_REFUNDED", True),
        ("FULLY_REFUNDED", True),
        ("PENDING", False),
        ("FAILED", False),
        ("OF_TOMORROW", None),
        (None, None),
    ],
)
def test_an_order_reports_whether_it_was_paid_and_is_to_be_delivered_either_way(
    payment: str | None, paid: bool | None
) -> None:
    snapshot = fetched(order_body(orderPaymentStatus=payment))

    assert (snapshot.paid, snapshot.cancelled, snapshot.lines[0].quantity) == (paid, False, 2)


def test_a_cancelled_order_is_cancelled_and_nothing_was_put_back_on_ebays_shelf() -> None:
    snapshot = fetched(order_body(cancelStatus={"cancelState": "CANCELED"}))

    assert (snapshot.cancelled, snapshot.restocked) == (True, False)


def test_a_cancellation_of_all_lines_counts_before_the_order_shows_it() -> None:
    snapshot = fetched(order_body(order_line("1"), order_line("2")), cancelling(named_line("2"), named_line("1")))

    assert snapshot.cancelled
    assert snapshot.revision == "2026-08-02T09:00:00.000000+00:00"


def test_a_cancellation_of_some_lines_leaves_the_others() -> None:
    snapshot = fetched(order_body(order_line("1"), order_line("2")), cancelling(named_line("2")))

    assert not snapshot.cancelled
    assert ([line.quantity for line in snapshot.lines], still_wanted(snapshot)) == ([2, 2], [2, 0])


def test_a_cancellation_never_makes_an_order_older() -> None:
    snapshot = fetched(order_body(), cancelling(named_line(), at="2020-01-01T00:00:00Z"))

    assert snapshot.revision == "2026-08-01T12:00:00.500000+00:00"


def test_a_cancellation_without_a_date_has_the_orders_revision() -> None:
    snapshot = fetched(order_body(), cancelling(named_line(), at=None))

    assert snapshot.revision == "2026-08-01T12:00:00.500000+00:00"


@pytest.mark.parametrize(
    "notification",
    [
        cancelling(),
        cancelling(named_line("unknown")),
        cancelling(named_line(None)),
        cancelling(named_line(["1"])),
        cancelling(named_line(), named_line(order_id="another")),
        cancelling(named_line(), at="yesterday"),
        cancelling(named_line(), at=7),
    ],
)
def test_a_cancellation_that_cannot_be_understood_is_kept_as_an_exception(notification: Notification) -> None:
    with pytest.raises(UnreadableOrder):
        fetched(order_body(), notification)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"<html>", "order"),
        ({}, "orderId"),
        (order_body(lineItems=None), "lineItems"),
        (order_body(lineItems=[]), "lines"),
        (order_body(orderId="another"), "orderId"),
        (order_body(lastModifiedDate="soon"), "lastModifiedDate"),
        (order_body(lastModifiedDate="2026-08-01T12:00:00"), "lastModifiedDate"),
        (order_body(lastModifiedDate="0001-01-01T00:00:00+14:00"), "lastModifiedDate"),
        (order_body(order_line(quantity="2")), "lineItems[0].quantity"),
        (order_body(order_line(quantity=True)), "lineItems[0].quantity"),
        (order_body(order_line(quantity=1.5)), "lineItems[0].quantity"),
        (order_body(order_line(quantity=-1)), f"lines[{LINE_ID}].quantity"),
        (order_body(order_line(lineItemId="")), "lineItems[0].lineItemId"),
        (order_body(order_line(sku=None, legacyItemId=None)), f"lineItems[{LINE_ID}].sku"),
        (order_body(order_line(), order_line()), "lines"),
    ],
)
def test_an_order_that_cannot_be_understood_names_the_field(body: object, named: str) -> None:
    with pytest.raises(UnreadableOrder) as caught:
        fetched(body)

    assert caught.value.field == named


def test_an_unreadable_order_shows_no_personal_data() -> None:
    with pytest.raises(UnreadableOrder) as caught:
        fetched(order_body(lineItems={"fullName": "B One"}))

    assert "B One" not in f"{caught.value} {caught.value.__cause__}"


def test_an_order_that_ebay_does_not_show_yet_is_asked_for_again() -> None:
    with pytest.raises(ChannelUnavailable):
        fetched({"errors": []}, status=404)


def test_an_order_that_ebay_refuses_to_show_is_kept_as_an_exception() -> None:
    with pytest.raises(UnreadableOrder):
        fetched({"errors": []}, status=400)


@pytest.mark.parametrize("order_id", ["../../x", "a/b", "a?b", "11 1", "x" * 101])
def test_an_order_id_that_would_name_another_path_is_not_sent(order_id: str) -> None:
    ebay, http = api(lambda call: (200, order_body()))

    with pytest.raises(UnreadableOrder):
        ebay.orders(Notification(channel="ebay-us", event_id="e", order_id=order_id, topic="ORDER_CONFIRMATION"))

    assert http.asked == []
