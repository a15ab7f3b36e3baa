"""Polling a simulated eBay's orders over real HTTP: what notifications say too, and the rules of its list."""

import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lastunit.channels.ebay.api import Api
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice
from lastunit.domain.orders.snapshot import OrderSnapshot
from tests.channels.ebay.fakes import NOW, EbayWebhookEndpoint, connect, listening, market, still_wanted
from tests.channels.ebay.simulator import Ebay
from tests.support.clock import FakeClock

SINCE = NOW - timedelta(minutes=10)
CONFIRMED, CANCELLED, SHIPPED = "ORDER_CONFIRMATION", "ORDER_CANCELLATION_ACTIVITY", "ITEM_MARKED_SHIPPED"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ebay(clock: FakeClock) -> Iterator[Ebay]:
    with market(clock, tees=1000) as opened:
        yield opened


@pytest.fixture
def hub(ebay: Ebay, clock: FakeClock) -> Iterator[EbayWebhookEndpoint]:
    with listening(ebay, clock) as hub:
        yield hub


def polled(api: Api) -> Sequence[ChannelEvent]:
    page = api.orders_since(SINCE, None)
    reported = list(page.events)
    while page.next:
        page = api.orders_since(SINCE, page.next)
        reported += page.events
    return reported


def notified(topic: str, ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint) -> Sequence[ChannelEvent]:
    """What the last notification of a topic says now."""
    assert ebay.await_delivered(10)
    notification = [one for one in hub.received if one.topic == topic][-1]
    return connect(ebay, clock).orders(notification)


def paid(ebay: Ebay, clock: FakeClock) -> None:
    ebay.sell({"TEE": 2, "CAP": 1})


def cancelled(ebay: Ebay, clock: FakeClock) -> None:
    ebay.cancel(ebay.sell({"TEE": 2, "CAP": 1}))


def partly_cancelled(ebay: Ebay, clock: FakeClock) -> None:
    order_id = ebay.sell({"TEE": 2, "CAP": 1})
    clock.time += timedelta(minutes=5)
    ebay.cancel(order_id, ["CAP"])


def shipped(ebay: Ebay, clock: FakeClock) -> None:
    order_id = ebay.sell({"TEE": 2, "CAP": 1})
    ebay.ship(order_id, {"TEE": 1})
    ebay.ship(order_id, {"TEE": 1, "CAP": 1})


def partly_shipped(ebay: Ebay, clock: FakeClock) -> None:
    ebay.ship(ebay.sell({"TEE": 2, "CAP": 1}), {"TEE": 1})


def partly_cancelled_and_shipped(ebay: Ebay, clock: FakeClock) -> None:
    partly_cancelled(ebay, clock)
    ebay.ship(next(iter(ebay.orders)), {"TEE": 2})


@pytest.mark.parametrize(
    ("happens", "topic", "kinds"),
    [
        (paid, CONFIRMED, [OrderSnapshot]),
        (cancelled, CONFIRMED, [OrderSnapshot]),
        (cancelled, CANCELLED, [OrderSnapshot]),
        (partly_cancelled, CONFIRMED, [OrderSnapshot]),
        (shipped, SHIPPED, [OrderSnapshot, ShipmentNotice, ShipmentNotice]),
        (partly_shipped, SHIPPED, [OrderSnapshot, ShipmentNotice]),
        (partly_cancelled_and_shipped, SHIPPED, [OrderSnapshot, ShipmentNotice]),
    ],
)
def test_a_poll_and_a_notification_say_the_same_of_an_order(
    ebay: Ebay,
    clock: FakeClock,
    hub: EbayWebhookEndpoint,
    happens: Callable[[Ebay, FakeClock], None],
    topic: str,
    kinds: list[type],
) -> None:
    happens(ebay, clock)
    said = notified(topic, ebay, clock, hub)

    reported = polled(connect(ebay, clock))

    assert list(reported) == list(said)
    assert [type(event) for event in reported] == kinds


def test_of_a_cancelled_line_the_notification_is_newer_and_otherwise_says_what_a_poll_says(
    ebay: Ebay, clock: FakeClock, hub: EbayWebhookEndpoint
) -> None:
    partly_cancelled(ebay, clock)
    (said,) = notified(CANCELLED, ebay, clock, hub)

    (reported,) = polled(connect(ebay, clock))

    assert isinstance(said, OrderSnapshot)
    assert isinstance(reported, OrderSnapshot)
    assert reported == replace(said, revision=reported.revision)
    assert reported.revision < said.revision


def test_a_cancelled_line_that_no_notification_reported_is_newer_than_its_order(
    ebay: Ebay, clock: FakeClock
) -> None:
    ebay.misbehaviour.dropped = 1.0
    order_id = ebay.sell({"TEE": 2, "CAP": 1})
    (sold,) = polled(connect(ebay, clock))
    clock.time += timedelta(minutes=5)
    ebay.cancel(order_id, ["CAP"])

    (reported,) = polled(connect(ebay, clock))

    assert isinstance(sold, OrderSnapshot)
    assert isinstance(reported, OrderSnapshot)
    assert sold.revision < reported.revision
    assert (still_wanted(reported), len(reported.cancelled_lines)) == ([2, 0], 1)


def test_nothing_of_the_buyer_or_the_seller_travels_further(ebay: Ebay, clock: FakeClock) -> None:
    ebay.misbehaviour.dropped = 1.0
    shipped(ebay, clock)
    ebay.cancel(ebay.sell({"TEE": 1}))

    page = connect(ebay, clock).orders_since(SINCE, None)

    assert [name for name in ("some-seller", "y9qonyvfrqq", "buyer1", "B One", "USPS") if name in repr(page)] == []


def test_orders_sold_and_shipped_while_pages_are_read_are_all_reported(ebay: Ebay, clock: FakeClock) -> None:
    ebay.misbehaviour.dropped = 1.0
    for _ in range(230):
        ebay.sell({"TEE": 1})
        clock.time += timedelta(seconds=1)
    api, reported = connect(ebay, clock), list[ChannelEvent]()

    page = api.orders_since(SINCE, None)
    while page.next:
        oldest_unshipped = next(key for key in ebay.orders if key not in ebay.fulfillments)
        ebay.ship(oldest_unshipped, {"TEE": 1})
        ebay.sell({"TEE": 1})
        page = api.orders_since(SINCE, page.next)
        reported += page.events

    assert {event.external_id for event in reported if isinstance(event, OrderSnapshot)} == set(ebay.orders)
    assert {event.external_id for event in reported if isinstance(event, ShipmentNotice)} == set(ebay.fulfillments)


def test_only_what_changed_since_is_listed_by_ebays_clock(ebay: Ebay, clock: FakeClock) -> None:
    ebay.misbehaviour.dropped = 1.0
    first = ebay.sell({"TEE": 1})
    clock.time += timedelta(minutes=30)
    second = ebay.sell({"TEE": 1})
    api = connect(ebay, clock)
    untouched = api.orders_since(NOW + timedelta(minutes=20), None)

    ebay.ship(first, {"TEE": 1})

    reported = api.orders_since(NOW + timedelta(minutes=20), None).events
    assert [event.external_id for event in untouched.events] == [second]
    assert [event.external_id for event in reported if isinstance(event, OrderSnapshot)] == [second, first]


def test_the_simulator_lists_a_new_order_late_if_set_so(ebay: Ebay, clock: FakeClock) -> None:
    ebay.misbehaviour.dropped, ebay.list_lag_seconds = 1.0, 30.0
    order_id = ebay.sell({"TEE": 1})
    api = connect(ebay, clock)
    at_once = polled(api)

    clock.time += timedelta(seconds=31)

    assert (list(at_once), [event.external_id for event in polled(api)]) == ([], [order_id])


# What the simulated list itself refuses


def listing(ebay: Ebay, clock: FakeClock, query: str) -> tuple[int, dict[str, Any]]:
    """Sent as it is written: urllib3 would encode what eBay refuses unencoded."""
    connect(ebay, clock).orders_since(SINCE, None)
    connection = http.client.HTTPConnection("127.0.0.1", ebay.port)
    bearer = {"Authorization": f"Bearer {next(iter(ebay.tokens))}"}
    connection.request("GET", f"/sell/fulfillment/v1/order?{query}", headers=bearer)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def period(start: str, end: str = "") -> str:
    return f"filter=lastmodifieddate:%5B{start}..{end}%5D"


EARLY, LATE, NOW_TEXT = (f"2026-11-21T{hour}:00:00.000Z" for hour in (10, 11, 12))


@pytest.mark.parametrize(
    "query", [period(EARLY), period(EARLY, LATE), period(EARLY) + "&limit=200&offset=7", period(EARLY, NOW_TEXT)]
)
def test_the_simulator_lists_what_is_asked_for_rightly(ebay: Ebay, clock: FakeClock, query: str) -> None:
    assert listing(ebay, clock, query)[0] == 200


@pytest.mark.parametrize(
    ("query", "error_id"),
    [
        ("", 30700),
        ("filter=modified:%5B..%5D", 30700),
        (f"filter=lastmodifieddate:{EARLY}", 30700),
        (f"filter=lastmodifieddate:[{EARLY}..]", 30800),
        (period("", LATE), 30820),
        (period("2026-11-21"), 30810),
        (period(EARLY, "2026-11-21T11:00:00Z"), 30810),
        (period(LATE, EARLY), 30840),
        (period(EARLY, EARLY), 30840),
        (period(EARLY, "2026-11-21T12:00:00.001Z"), 30850),
        (period(EARLY) + "&limit=201", 31100),
        (period(EARLY) + "&limit=0", 31100),
        (period(EARLY) + "&offset=-1", 31000),
    ],
)
def test_the_simulator_refuses_what_ebays_list_refuses(
    ebay: Ebay, clock: FakeClock, query: str, error_id: int
) -> None:
    status, content = listing(ebay, clock, query)

    assert (status, content["errors"][0]["errorId"]) == (400, error_id)


def test_the_simulated_list_shows_no_cancel_requests_and_pages_by_offset(ebay: Ebay, clock: FakeClock) -> None:
    ebay.misbehaviour.dropped = 1.0
    partly_cancelled(ebay, clock)

    _, whole = listing(ebay, clock, period(EARLY))
    _, beyond = listing(ebay, clock, period(EARLY) + "&offset=1")

    (order,) = ebay.orders.values()
    assert len(order["cancelStatus"]["cancelRequests"]) == 1
    assert [one["cancelStatus"]["cancelRequests"] for one in whole["orders"]] == [[]]
    assert (whole["total"], whole["limit"], beyond["total"], beyond["orders"]) == (1, 50, 1, [])
