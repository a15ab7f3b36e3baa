"""eBay's shipments and partial cancellations, read without a network."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from lastunit.domain.errors import ChannelUnavailable, InvalidInput, UnreadableOrder
from lastunit.domain.orders.inbound import ChannelEvent, PartlyUnreadable, ShipmentNotice, ShippedLine
from lastunit.domain.orders.parcels import tracking_digests
from lastunit.domain.orders.snapshot import Notification, OrderSnapshot
from tests.channels.ebay.fakes import LINE_ID, ORDER_ID, EbayRequest, api, still_wanted, webhook

OTHER_ID = "10083872001912"
SHIPPED = {
    "trackingNumber": "9400",
    "carrier": "USPS",
    "shippedDate": "2026-08-02T10:00:00.000Z",
    "orderId": ORDER_ID,
    "itemId": "406447250843",
    "transactionId": "10083872001911",
    "lineItemId": LINE_ID,
    "publicUserId": "y9qonyvfrqq",
    "username": "some-seller",
}


def announced(data: object) -> dict[str, Any]:
    return {
        "metadata": {"topic": "ITEM_MARKED_SHIPPED", "schemaVersion": "1.0", "deprecated": False},
        "notification": {"notificationId": "b64130e4", "publishAttemptCount": 1, "data": data},
    }


@pytest.mark.parametrize("data", [SHIPPED, {"itemMarkedShipped": SHIPPED}])
def test_a_shipment_leaves_its_order_and_line_and_no_personal_data(data: object) -> None:
    ebay, _ = api(seller_id="y9qonyvfrqq")

    notification = ebay.parse(webhook(announced(data)))

    expected = Notification(
        channel="ebay-us",
        event_id="b64130e4",
        order_id=ORDER_ID,
        topic="ITEM_MARKED_SHIPPED",
        payload={"lineItemId": LINE_ID},
    )
    assert notification == expected


@pytest.mark.parametrize(
    "data",
    [
        {},
        None,
        [],
        {"itemId": "406447250843", "publicUserId": "somebody"},
        {"itemMarkedShipped": {"itemId": "406447250843"}},
        {**SHIPPED, "orderId": None},
        {**SHIPPED, "orderId": ""},
    ],
)
def test_a_shipment_without_its_order_asks_for_nothing(data: object) -> None:
    ebay, _ = api(seller_id="y9qonyvfrqq")

    assert ebay.parse(webhook(announced(data))) is None


@pytest.mark.parametrize("wrapped", [False, True])
def test_another_sellers_shipment_is_refused(wrapped: bool) -> None:
    ebay, _ = api(seller_id="somebody")

    with pytest.raises(InvalidInput, match="publicUserId"):
        ebay.parse(webhook(announced({"itemMarkedShipped": SHIPPED} if wrapped else SHIPPED)))


def test_a_shipment_that_names_no_seller_is_accepted() -> None:
    ebay, _ = api(seller_id="y9qonyvfrqq")

    assert ebay.parse(webhook(announced({"orderId": ORDER_ID}))) is not None


def line(
    line_id: str = LINE_ID, status: str = "NOT_STARTED", back: object = None, **changes: object
) -> dict[str, Any]:
    refunds = [] if back is None else [{"refundId": "r", "amount": {"value": back, "currency": "USD"}}]
    return {
        "lineItemId": line_id,
        "sku": f"SKU-{line_id[-1]}",
        "quantity": 2,
        "lineItemFulfillmentStatus": status,
        "total": {"value": "39.98", "currency": "USD"},
        "refunds": refunds,
        **changes,
    }


def cancel_request(
    completed: object = "2026-08-02T09:00:00.000Z", state: str = "COMPLETED", requested: object = None
) -> dict[str, Any]:
    dates = {"cancelCompletedDate": completed, "cancelRequestedDate": requested}
    return {"cancelRequestState": state, **{name: date for name, date in dates.items() if date is not None}}


def order_body(*lines: dict[str, Any], requests: object = (), state: str = "NONE_REQUESTED") -> dict[str, Any]:
    return {
        "orderId": ORDER_ID,
        "creationDate": "2026-08-01T11:59:30.000Z",
        "lastModifiedDate": "2026-08-03T12:00:00.000Z",
        "orderPaymentStatus": "PAID",
        "cancelStatus": {"cancelState": state, "cancelRequests": requests},
        "lineItems": list(lines) or [line(), line(OTHER_ID)],
    }


def parcel(number: object = "F1", *lines: object, **changes: object) -> dict[str, Any]:
    rows = list(lines) or [{"lineItemId": LINE_ID, "quantity": 2}]
    return {
        "fulfillmentId": number,
        "shipmentTrackingNumber": "9400",
        "shippedDate": "2026-08-02T10:00:00.000Z",
        "lineItems": rows,
        **changes,
    }


def shipped_events(
    listed: object, order: dict[str, Any] | None = None, line_id: object = LINE_ID, status: int = 200
) -> Sequence[ChannelEvent]:
    def answer(call: EbayRequest) -> tuple[int, object]:
        return (status, listed) if call.path.endswith("/shipping_fulfillment") else (200, order or order_body())

    ebay, _ = api(answer)
    return ebay.orders(
        Notification(
            channel="ebay-us",
            event_id="e",
            order_id=ORDER_ID,
            topic="ITEM_MARKED_SHIPPED",
            payload={"lineItemId": line_id},
        )
    )


def listing(*parcels: object) -> dict[str, Any]:
    return {"total": len(parcels), "fulfillments": list(parcels)}


def test_the_order_and_each_of_its_shipments_are_reported() -> None:
    second = parcel("F2", {"lineItemId": OTHER_ID, "quantity": 1}, shippedDate=None)

    snapshot, *shipments = shipped_events(listing(parcel("F1"), second))

    assert isinstance(snapshot, OrderSnapshot)
    assert shipments == [
        ShipmentNotice(
            channel="ebay-us",
            external_id=ORDER_ID,
            shipment_id="F1",
            lines=(ShippedLine(2, LINE_ID, ("SKU-1",)),),
            shipped_at=datetime.fromisoformat("2026-08-02T10:00:00.000000+00:00"),
            tracking=tracking_digests("9400"),
            reporter="ebay-us",
        ),
        ShipmentNotice(
            channel="ebay-us",
            external_id=ORDER_ID,
            shipment_id="F2",
            lines=(ShippedLine(1, OTHER_ID, ("SKU-2",)),),
            tracking=tracking_digests("9400"),
            reporter="ebay-us",
        ),
    ]


def test_a_line_without_a_quantity_is_one_unit() -> None:
    """As eBay's own description has it."""
    _, shipment = shipped_events(listing(parcel("F1", {"lineItemId": LINE_ID})))

    assert isinstance(shipment, ShipmentNotice)
    assert (ShippedLine(1, LINE_ID, ("SKU-1",)),) == shipment.lines


def test_a_confirmation_asks_for_no_shipments() -> None:
    ebay, http = api(lambda call: (200, order_body()))

    ebay.orders(Notification(channel="ebay-us", event_id="e", order_id=ORDER_ID, topic="ORDER_CONFIRMATION"))

    assert [call.path for call in http.asked] == [f"/sell/fulfillment/v1/order/{ORDER_ID}"]


@pytest.mark.parametrize(
    ("listed", "line_id", "status"),
    [
        (listing(), LINE_ID, 200),
        (listing(), None, 200),
        (listing(parcel("F1")), OTHER_ID, 200),
        ({"errors": []}, LINE_ID, 404),
    ],
)
def test_a_list_without_the_shipment_reported_is_asked_for_again(
    listed: object, line_id: object, status: int
) -> None:
    with pytest.raises(ChannelUnavailable):
        shipped_events(listed, line_id=line_id, status=status)


@pytest.mark.parametrize("line_id", [None, "of another kind", 7])
def test_a_line_id_that_the_order_does_not_have_waits_for_nothing(line_id: object) -> None:
    assert len(shipped_events(listing(parcel()), line_id=line_id)) == 2


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "2", True, None, 1_000_001])
def test_a_shipped_quantity_that_is_no_number_of_units_is_named_and_hinders_no_other(quantity: object) -> None:
    bad = parcel("F2", {"lineItemId": LINE_ID, "quantity": 1}, {"lineItemId": OTHER_ID, "quantity": quantity})

    with pytest.raises(PartlyUnreadable) as caught:
        shipped_events(listing(parcel("F1"), bad))

    assert [problem.field for problem in caught.value.problems] == ["fulfillments[1].lineItems[1].quantity"]
    assert [type(event) for event in caught.value.events] == [OrderSnapshot, ShipmentNotice]


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (parcel("F1"), "fulfillments[1].fulfillmentId"),
        (parcel(""), "fulfillments[1].fulfillmentId"),
        (parcel("F2", shippedDate="soon"), "fulfillments[1].shippedDate"),
        (parcel("F2", lineItems=[]), "shipment.lines"),
        (parcel("F2", {"quantity": 1}), "fulfillments[1].lineItems[0].lineItemId"),
        ("B One", "fulfillments[1]"),
    ],
)
def test_a_shipment_that_cannot_be_understood_is_named_and_hinders_no_other(bad: object, named: str) -> None:
    with pytest.raises(PartlyUnreadable) as caught:
        shipped_events(listing(parcel("F1"), bad))

    assert [problem.field for problem in caught.value.problems] == [named]
    assert [type(event) for event in caught.value.events] == [OrderSnapshot, ShipmentNotice]
    assert "B One" not in f"{caught.value} {caught.value.problems[0].__cause__}"


@pytest.mark.parametrize(("listed", "status"), [({}, 200), (b"<html>", 200), ({"fulfillments": 7}, 200), ({}, 400)])
def test_a_list_that_cannot_be_read_is_kept_as_an_exception(listed: object, status: int) -> None:
    with pytest.raises(UnreadableOrder):
        shipped_events(listed, status=status)


# Partial cancellations. getOrder says that there was one, and never of which line.


def read(body: dict[str, Any], cancelled: Sequence[str] = ()) -> OrderSnapshot:
    """As a confirmation, or as the cancellation of some lines."""
    topic = "ORDER_CANCELLATION_ACTIVITY" if cancelled else "ORDER_CONFIRMATION"
    lines = [{"orderId": ORDER_ID, "orderLineItemId": line_id} for line_id in cancelled]
    payload = {"activityDate": "2026-08-02T09:00:00.400Z", "cancellationLineItems": lines}
    ebay, _ = api(lambda call: (200, body))
    (found,) = ebay.orders(
        Notification(
            channel="ebay-us", event_id="e", order_id=ORDER_ID, topic=topic, payload=payload if cancelled else {}
        )
    )
    assert isinstance(found, OrderSnapshot)
    return found


def test_an_order_that_still_lists_a_cancelled_line_never_outdates_its_cancellation() -> None:
    body = order_body(requests=[cancel_request()])

    cancelled, later = read(body, [OTHER_ID]), read(body)

    assert (still_wanted(cancelled), still_wanted(later)) == ([2, 0], [2, 2])
    assert later.revision < cancelled.revision


def test_neither_does_it_where_the_cancellation_was_reported_before_the_order_showed_it() -> None:
    early = order_body() | {"lastModifiedDate": "2026-08-01T12:00:00.000Z"}

    cancelled, later = read(early, [OTHER_ID]), read(order_body(requests=[cancel_request()]))

    assert later.revision < cancelled.revision


def test_the_order_as_it_was_before_a_cancellation_is_older_than_what_it_shows_after() -> None:
    before = read(order_body() | {"lastModifiedDate": "2026-08-01T12:00:00.000Z"})

    after = read(order_body(line(), line(OTHER_ID, back="39.98"), requests=[cancel_request()]))

    assert (still_wanted(before), still_wanted(after)) == ([2, 2], [2, 0])
    assert before.revision < after.revision


def test_of_several_cancellations_the_first_dates_what_the_order_shows() -> None:
    requests = [cancel_request("2026-08-02T11:00:00Z"), cancel_request("2026-08-02T09:00:00Z")]

    assert read(order_body(requests=requests)).revision == "2026-08-02T08:59:59.000000+00:00"


@pytest.mark.parametrize(
    ("request_shown", "revision"),
    [
        (cancel_request(None, requested="2026-08-02T08:00:00Z"), "2026-08-02T07:59:59.000000+00:00"),
        (cancel_request(None), "2026-08-01T11:59:29.000000+00:00"),
        (cancel_request("2027-01-01T00:00:00Z"), "2026-08-03T12:00:00.000000+00:00"),
        (cancel_request("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00.000000+00:00"),
        (cancel_request(state="REQUESTED"), "2026-08-03T12:00:00.000000+00:00"),
        (cancel_request(state="REJECTED"), "2026-08-03T12:00:00.000000+00:00"),
    ],
)
def test_only_a_completed_cancellation_dates_the_order(request_shown: dict[str, Any], revision: str) -> None:
    assert read(order_body(requests=[request_shown])).revision == revision


def test_a_whole_cancellation_is_as_new_as_the_order() -> None:
    snapshot = read(order_body(requests=[cancel_request()], state="CANCELED"))

    assert (snapshot.cancelled, snapshot.revision) == (True, "2026-08-03T12:00:00.000000+00:00")


@pytest.mark.parametrize(
    ("changes", "quantity"),
    [
        ({"back": "39.98"}, 0),
        ({"back": "45.00"}, 0),
        ({"back": "39.97"}, 2),
        ({"back": None}, 2),
        ({"back": "39.98", "status": "FULFILLED"}, 2),
        ({"back": "39.98", "status": "IN_PROGRESS"}, 2),
        ({"back": "39.98", "total": None}, 2),
        ({"back": "0", "total": {"value": "0"}}, 2),
        ({"refunds": None}, 2),
        ({"refunds": [{"refundId": "r"}]}, 2),
    ],
)
def test_a_line_paid_back_and_never_sent_was_the_one_cancelled(changes: dict[str, Any], quantity: int) -> None:
    body = order_body(line(), line(OTHER_ID, **changes), requests=[cancel_request()])

    assert still_wanted(read(body)) == [2, quantity]


def test_a_refund_without_a_cancellation_cancels_nothing() -> None:
    assert still_wanted(read(order_body(line(back="39.98")))) == [2]


def test_a_second_cancellation_leaves_the_first_line_cancelled_where_it_was_paid_back() -> None:
    third = "10083872001913"
    requests = [cancel_request("2026-08-01T20:00:00Z"), cancel_request()]
    body = order_body(line(back="39.98"), line(OTHER_ID), line(third), requests=requests)

    assert still_wanted(read(body, [OTHER_ID])) == [0, 0, 2]


def test_lines_paid_back_one_by_one_leave_nothing_to_deliver_and_can_still_come_back() -> None:
    body = order_body(line(back="39.98"), requests=[cancel_request()])

    snapshot = read(body)

    assert (still_wanted(snapshot), snapshot.cancelled) == ([0], False)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (order_body(requests=[cancel_request("soon")]), "cancelStatus.cancelRequests.cancelCompletedDate"),
        (order_body(requests=7), "cancelStatus.cancelRequests"),
        (order_body(line(back="much")), "lineItems[0].refunds[0].amount.value"),
    ],
)
def test_a_cancellation_that_cannot_be_understood_names_the_field(body: dict[str, Any], named: str) -> None:
    with pytest.raises(UnreadableOrder) as caught:
        read(body)

    assert caught.value.field == named
