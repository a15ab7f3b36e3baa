"""What a simulated eBay tells of orders, cancellations and shipments, over real HTTP."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from lastunit.domain.errors import ChannelUnavailable
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice, ShippedLine
from lastunit.domain.orders.snapshot import OrderSnapshot
from tests.channels.ebay.fakes import EbayWebhookEndpoint, connect, listening, market, still_wanted
from tests.channels.ebay.simulator import Ebay
from tests.channels.marketplace import SoldOut
from tests.support.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ebay(clock: FakeClock) -> Iterator[Ebay]:
    with market(clock) as opened:
        yield opened


@pytest.fixture
def hub(ebay: Ebay, clock: FakeClock) -> Iterator[EbayWebhookEndpoint]:
    with listening(ebay, clock) as hub:
        yield hub


def reported(ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint) -> list[Sequence[ChannelEvent]]:
    """What each notification so far says now."""
    assert ebay.await_delivered(10)
    api = connect(ebay, clock)
    return [api.orders(notification) for notification in hub.received]


def reported_by(topic: str, ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint) -> Sequence[ChannelEvent]:
    """What the notifications of a topic say, however many and in whatever order they came: all the same."""
    said = [
        events for events, by in zip(reported(ebay, clock, hub), hub.received, strict=True) if by.topic == topic
    ]
    assert all(events == said[0] for events in said)
    return said[0]


def snapshots(ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint) -> list[OrderSnapshot]:
    return [event for events in reported(ebay, clock, hub) for event in events if isinstance(event, OrderSnapshot)]


def test_a_sale_is_reported_once_per_line_and_fetched_whole(
    ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint
) -> None:
    order_id = ebay.sell({"TEE": 2, "CAP": 1})

    first, second = snapshots(ebay, clock, hub)

    assert first == second
    assert first.external_id == order_id
    assert {(line.names, line.quantity) for line in first.lines} == {
        (("item:406447250001", "TEE"), 2),
        (("item:406447250002", "CAP"), 1),
    }
    assert (ebay.shelves["TEE"], ebay.shelves["CAP"]) == (8, 4)


def test_nothing_of_the_buyer_or_the_seller_travels_further(
    ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint
) -> None:
    ebay.cancel(ebay.sell({"TEE": 1}))

    order_id = ebay.sell({"CAP": 1})
    ebay.ship(order_id, {"CAP": 1})

    seen = repr(reported(ebay, clock, hub)) + repr(hub.received)

    assert [name for name in ("some-seller", "y9qonyvfrqq", "buyer1", "B One", "USPS") if name in seen] == []


def test_an_order_and_its_cancellation_share_lines_and_grow_newer(
    ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint
) -> None:
    order_id = ebay.sell({"TEE": 2})
    (sold,) = snapshots(ebay, clock, hub)
    ebay.cancel(order_id)

    _, cancelled = snapshots(ebay, clock, hub)

    assert (sold.cancelled, cancelled.cancelled) == (False, True)
    assert sold.revision < cancelled.revision
    assert hub.ignored == 1  # The request to cancel.
    assert ebay.shelves["TEE"] == 8  # eBay does not relist by itself.


def test_a_cancellation_that_the_order_does_not_show_yet_is_one(
    ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint
) -> None:
    ebay.lagging = True
    ebay.cancel(ebay.sell({"TEE": 2, "CAP": 1}))

    seen = snapshots(ebay, clock, hub)

    assert max(seen, key=lambda one: one.revision).cancelled


def test_a_cancelled_line_leaves_the_other(ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint) -> None:
    ebay.cancel(ebay.sell({"TEE": 2, "CAP": 1}), ["CAP"])

    seen = snapshots(ebay, clock, hub)

    assert {tuple(still_wanted(one)) for one in seen} == {(2, 0)}


def test_a_cancelled_line_that_the_order_still_shows_leaves_the_other(
    ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint
) -> None:
    ebay.lagging = True
    ebay.cancel(ebay.sell({"TEE": 2, "CAP": 1}), ["CAP"])

    seen = snapshots(ebay, clock, hub)

    latest = max(seen, key=lambda one: one.revision)
    assert still_wanted(latest) == [2, 0]


def test_a_cancelled_line_does_not_come_back_when_the_other_is_shipped(
    ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint
) -> None:
    order_id = ebay.sell({"TEE": 2, "CAP": 1})
    ebay.cancel(order_id, ["CAP"])
    (cancelled,) = reported_by("ORDER_CANCELLATION_ACTIVITY", ebay, clock, hub)

    ebay.ship(order_id, {"TEE": 2})

    later, _ = reported_by("ITEM_MARKED_SHIPPED", ebay, clock, hub)
    assert isinstance(cancelled, OrderSnapshot)
    assert isinstance(later, OrderSnapshot)
    assert still_wanted(later) == [2, 0]
    assert later.revision < cancelled.revision


@pytest.mark.parametrize("wrapped", [False, True])
def test_every_parcel_is_reported_by_its_id_with_the_units_of_its_lines(
    ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint, wrapped: bool
) -> None:
    ebay.wrapped = wrapped
    order_id = ebay.sell({"TEE": 2, "CAP": 1})
    line_ids = {line["sku"]: line["lineItemId"] for line in ebay.orders[order_id]["lineItems"]}
    first = ebay.ship(order_id, {"TEE": 1})
    second = ebay.ship(order_id, {"TEE": 1, "CAP": 1})

    last = reported_by("ITEM_MARKED_SHIPPED", ebay, clock, hub)

    names = {"TEE": ("item:406447250001", "TEE"), "CAP": ("item:406447250002", "CAP")}
    expected = {
        first: {ShippedLine(1, line_ids["TEE"], names["TEE"])},
        second: {ShippedLine(1, line_ids[name], names[name]) for name in ("TEE", "CAP")},
    }
    assert {one.shipment_id: set(one.lines) for one in last if isinstance(one, ShipmentNotice)} == expected
    assert [(type(one), one.external_id) for one in last if isinstance(one, OrderSnapshot | ShipmentNotice)] == [
        (OrderSnapshot, order_id),
        (ShipmentNotice, order_id),
        (ShipmentNotice, order_id),
    ]
    # One per line of each parcel, besides the two confirmations.
    assert [one.topic for one in hub.received].count("ITEM_MARKED_SHIPPED") == 3
    assert ebay.orders[order_id]["orderFulfillmentStatus"] == "FULFILLED"


def test_a_shipment_that_ebay_does_not_list_yet_is_asked_for_again(
    ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint
) -> None:
    order_id = ebay.sell({"TEE": 2})
    ebay.lagging = True
    ebay.ship(order_id, {"TEE": 2})

    with pytest.raises(ChannelUnavailable):
        reported(ebay, clock, hub)

    ebay.lagging = False
    assert [type(one) for one in reported_by("ITEM_MARKED_SHIPPED", ebay, clock, hub)] == [
        OrderSnapshot,
        ShipmentNotice,
    ]


@pytest.mark.parametrize("lines", [{"TEE": 3}, {"TEE": 0}, {"CAP": 1}])
def test_the_simulator_ships_only_what_is_left(ebay: Ebay, hub: EbayWebhookEndpoint, lines: dict[str, int]) -> None:
    order_id = ebay.sell({"TEE": 2})

    with pytest.raises(ValueError, match="order"):
        ebay.ship(order_id, lines)

    assert ebay.fulfillments[order_id] == []


def test_a_delivery_is_attempted_three_times_and_says_which_it_is(ebay: Ebay, hub: EbayWebhookEndpoint) -> None:
    hub.failures = 2
    ebay.sell({"TEE": 1})

    assert ebay.await_delivered(10)

    assert [body["notification"]["publishAttemptCount"] for body in hub.bodies] == [1, 2, 3]
    assert len({body["notification"]["notificationId"] for body in hub.bodies}) == 1
    assert (ebay.counts.delivered, ebay.counts.undelivered) == (1, 0)


def test_eight_buyers_at_once_buy_no_more_than_is_shown(ebay: Ebay, hub: EbayWebhookEndpoint) -> None:
    def buy(_: int) -> int:
        try:
            ebay.sell({"TEE": 1})
        except SoldOut:
            return 0
        return 1

    with ThreadPoolExecutor(8) as buyers:
        sold = sum(buyers.map(buy, range(24)))

    assert (sold, ebay.shelves["TEE"], len(ebay.orders)) == (10, 0, 10)
