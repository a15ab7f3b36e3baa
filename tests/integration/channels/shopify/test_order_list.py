"""Polling a simulated Shopify's orders over real HTTP: it tells what the webhooks of the same states tell."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lastunit.adapters.http import UrllibClient
from lastunit.channels.shopify.api import Api
from lastunit.domain.errors import ChannelUnavailable, Throttled
from lastunit.domain.orders.inbound import ChannelEvent, ShipmentNotice
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.ports.channel import OrdersPage
from lastunit.ports.system import HttpResponse
from tests.channels.shopify.fakes import api_of, events_of, raised_by, signed
from tests.channels.shopify.simulator import Shopify
from tests.support.parallel import in_turn

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def shop() -> Iterator[Shopify]:
    with Shopify(retry_seconds=()) as shop:
        shop.misbehaviour.dropped = 1.0  # Every webhook is missed: that is what polling is for.
        shop.list_item("TEE", 99)
        shop.list_item("CAP", 99)
        yield shop


def polling_api(shop: Shopify) -> Api:
    return api_of(shop, locations=f"{shop.other_location_id}=montreal")


def pages(api: Api, since: datetime = LONG_AGO) -> list[OrdersPage]:
    found = [api.orders_since(since, None)]
    while found[-1].next:
        found.append(api.orders_since(since, found[-1].next))
    return found


def polled(shop: Shopify, since: datetime = LONG_AGO) -> list[ChannelEvent]:
    return [event for page in pages(polling_api(shop), since) for event in page.events]


def reported_by_webhooks(shop: Shopify, *order_ids: str) -> list[ChannelEvent]:
    """What the webhooks of the present states say, order by order."""
    events: list[ChannelEvent] = []
    for order_id in order_ids:
        order = shop.orders[order_id]
        events += webhook(shop, "orders/updated", order)
        for fulfilment in order["fulfillments"]:
            events += webhook(shop, "fulfillments/update", fulfilment)
    return events


def webhook(shop: Shopify, topic: str, content: Mapping[str, Any]) -> list[ChannelEvent]:
    body = json.dumps(content).encode()
    request = signed(body, shop.webhook_secrets[0], topic=topic, shop_domain=shop.shop_domain)
    return list(events_of(polling_api(shop), request))


def edited(shop: Shopify) -> str:
    order_id = shop.sell({"TEE": 3})
    shop.edit(order_id, {"TEE": 1, "CAP": 2})
    return order_id


def cancelled(shop: Shopify, *, restock: bool) -> str:
    order_id = shop.sell({"TEE": 3, "CAP": 1})
    shop.cancel(order_id, restock=restock)
    return order_id


def refunded(shop: Shopify) -> str:
    order_id = shop.sell({"TEE": 3, "CAP": 1})
    shop.ship(order_id, {"TEE": 2})
    shop.refund(order_id, {"TEE": 1}, "return")
    shop.refund(order_id, {"CAP": 1}, "cancel")
    return order_id


def shipped(shop: Shopify) -> str:
    order_id = shop.sell({"TEE": 3, "CAP": 1})
    shop.ship(order_id, {"TEE": 2, "CAP": 1}, shop.other_location_id)
    shop.void(shop.ship(order_id, {"TEE": 1}))
    return order_id


def taken_in_a_shop(shop: Shopify) -> str:
    order_id = shop.sell({"TEE": 1})
    shop.orders[order_id] |= {"location_id": shop.other_location_id, "financial_status": "pending"}
    return order_id


def typed_in_by_hand(shop: Shopify) -> str:
    order_id = shop.sell({"TEE": 1})
    shop.orders[order_id]["line_items"][0] |= {"variant_id": None, "sku": None, "vendor": None}
    return order_id


def with_lines_that_are_no_goods(shop: Shopify) -> str:
    return shop.sell({"TEE": 1}, ["tip", "gift card", "custom", "service", "uncounted"])


def refunded_after_it_was_sent(shop: Shopify) -> str:
    order_id = shop.sell({"TEE": 3})
    shop.ship(order_id, {"TEE": 1})
    shop.refund(order_id, {"TEE": 1}, "no_restock", of_sent=True)
    return order_id


def many_lines(shop: Shopify) -> str:
    """More than the 100 lines that one further answer holds, in the order and in the parcel."""
    lines = {f"SKU-{n}": 2 for n in range(125)}
    for name in lines:
        shop.list_item(name, 2)
    order_id = shop.sell(lines)
    shop.ship(order_id, lines)
    shop.refund(order_id, dict.fromkeys(lines, 1), "return")
    return order_id


def many_parts(shop: Shopify) -> str:
    order_id = shop.sell({"TEE": 9})
    for _ in range(5):
        shop.ship(order_id, {"TEE": 1})
        shop.refund(order_id, {"TEE": 1}, "return")
    return order_id


@pytest.mark.parametrize(
    "happen",
    [
        lambda shop: shop.sell({"TEE": 1, "CAP": 2}),
        edited,
        lambda shop: cancelled(shop, restock=True),
        lambda shop: cancelled(shop, restock=False),
        refunded,
        shipped,
        taken_in_a_shop,
        typed_in_by_hand,
        with_lines_that_are_no_goods,
        refunded_after_it_was_sent,
        many_lines,
        many_parts,
    ],
)
def test_a_poll_reports_exactly_what_the_webhooks_of_that_state_report(
    shop: Shopify, happen: Callable[[Shopify], str]
) -> None:
    order_id = happen(shop)

    events = polled(shop)

    assert reported_by_webhooks(shop, order_id) == events


def test_an_order_reports_its_lines_its_parcels_and_its_void(shop: Shopify) -> None:
    order_id = shipped(shop)

    order, parcel, void = polled(shop)

    assert isinstance(order, OrderSnapshot)
    assert isinstance(parcel, ShipmentNotice)
    assert isinstance(void, ShipmentNotice)
    assert (order_id, [3, 1], True) == (order.external_id, [line.quantity for line in order.lines], order.paid)
    assert ([2, 1], "montreal", False) == (
        [line.quantity for line in parcel.lines],
        parcel.location,
        parcel.voided,
    )
    assert ((), True) == (void.lines, void.voided)


def test_orders_come_a_page_at_a_time_oldest_change_first(shop: Shopify) -> None:
    order_ids = [shop.sell({"TEE": 1}) for _ in range(20)]
    for age, order_id in enumerate(order_ids):
        shop.orders[order_id]["updated_at"] = _ago(age)

    found = pages(polling_api(shop))

    assert [8, 8, 4] == [len(page.events) for page in found]
    assert order_ids[::-1] == [event.external_id for page in found for event in page.events]
    assert [_ago(12), _ago(4), _ago(0)] == [page.latest.isoformat() for page in found if page.latest]


def _ago(hours: int) -> str:
    return (datetime(2026, 8, 1, 12, tzinfo=UTC) - timedelta(hours=hours)).isoformat()


def test_only_what_changed_since_is_reported_the_instant_included(shop: Shopify) -> None:
    before, at, after = (shop.sell({"TEE": 1}) for _ in range(3))
    for order_id, second in ((before, 9), (at, 10), (after, 11)):
        shop.orders[order_id]["updated_at"] = f"2026-08-01T08:00:{second:02}-04:00"

    events = polled(shop, datetime(2026, 8, 1, 12, 0, 10, 900_000, tzinfo=UTC))

    assert [at, after] == [event.external_id for event in events]


def test_an_order_that_changes_while_its_page_is_read_comes_again(shop: Shopify) -> None:
    order_ids = [shop.sell({"TEE": 1}) for _ in range(9)]
    for order_id in order_ids:
        shop.orders[order_id]["updated_at"] = _ago(1)
    api = polling_api(shop)
    first = api.orders_since(LONG_AGO, None)
    shop.edit(order_ids[0], {"TEE": 2})

    second = api.orders_since(LONG_AGO, first.next)

    assert order_ids[:8] == [event.external_id for event in first.events]
    assert [order_ids[8], order_ids[0]] == [event.external_id for event in second.events]


def test_a_quiet_shop_has_an_empty_page(shop: Shopify) -> None:
    assert OrdersPage(events=()) == polling_api(shop).orders_since(LONG_AGO, None)


def test_test_orders_are_not_reported(shop: Shopify) -> None:
    order_id = shop.sell({"TEE": 1})
    shop.orders[order_id]["test"] = True

    (page,) = pages(polling_api(shop))

    assert ((), ()) == (page.events, page.unreadable)
    assert page.latest


def test_an_order_that_cannot_be_understood_is_named_and_hides_no_other(shop: Shopify) -> None:
    odd, good, half = shop.sell({"TEE": 1}), shop.sell({"TEE": 1}), shop.sell({"TEE": 2})
    shop.orders[odd]["line_items"][0]["current_quantity"] = -1
    shop.ship(half, {"TEE": 1})
    parcel = shop.ship(half, {"TEE": 1})
    shop.orders[half]["fulfillments"][0]["line_items"][0]["quantity"] = 0

    (page,) = pages(polling_api(shop))

    assert [odd, half] == sorted(order_id for order_id, _ in page.unreadable)
    assert ["quantity" in why for _, why in page.unreadable] == [True, True]
    assert {good, half} == {event.external_id for event in page.events}
    assert [parcel] == [event.shipment_id for event in page.events if isinstance(event, ShipmentNotice)]


def test_more_parts_than_can_be_read_are_left_to_a_person(shop: Shopify) -> None:
    order_id = shop.sell({"TEE": 40})
    for _ in range(30):
        shop.ship(order_id, {"TEE": 1})

    (page,) = pages(polling_api(shop))

    assert ((), [order_id]) == (page.events, [one for one, _ in page.unreadable])


class Meddling:
    """Something happens at the shop whenever the lines of a long order are read further."""

    run_parallel = staticmethod(in_turn)

    def __init__(self, happen: Callable[[], object], times: int) -> None:
        self._http, self._happen, self._left = UrllibClient(), happen, times

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        if self._left and b"MoreLines" in (body or b""):
            self._left -= 1
            self._happen()
        return self._http.request(method, url, headers=headers, body=body)


def long_order(shop: Shopify) -> str:
    lines = {f"SKU-{n}": 1 for n in range(12)}
    for name in lines:
        shop.list_item(name, 1)
    order_id = shop.sell(lines)
    shop.orders[order_id]["updated_at"] = _ago(99)
    return order_id


def test_a_long_order_is_reported_as_it_was_at_one_moment(shop: Shopify) -> None:
    order_id = long_order(shop)
    http = Meddling(lambda: shop.edit(order_id, {"SKU-0": 0, "SKU-11": 0}), times=1)

    (page,) = pages(api_of(shop, http=http))

    assert reported_by_webhooks(shop, order_id) == list(page.events)


def test_a_long_order_that_never_rests_makes_the_poll_come_again(shop: Shopify) -> None:
    order_id = long_order(shop)
    seconds = iter(range(60))

    def touch() -> None:
        shop.orders[order_id]["updated_at"] = f"2026-08-01T08:00:{next(seconds):02}-04:00"

    api = api_of(shop, http=Meddling(touch, times=60))

    assert ChannelUnavailable is type(raised_by(lambda: api.orders_since(LONG_AGO, None)))


def test_a_throttled_poll_says_how_long_to_wait(shop: Shopify) -> None:
    shop.misbehaviour.throttled, shop.misbehaviour.retry_after_seconds = 1.0, 3.0

    error = raised_by(lambda: polling_api(shop).orders_since(LONG_AGO, None))

    assert isinstance(error, Throttled)
    assert 3.0 == error.retry_after_seconds


def test_what_a_poll_finds_is_charged_and_not_what_it_could_have_found(shop: Shopify) -> None:
    shop.admin.points_restored_per_second = 0.001
    for _ in range(16):
        shop.sell({"TEE": 1, "CAP": 1})

    pages(polling_api(shop))

    left = shop.admin.answer("{ nodes(ids: []) { id } }", {})["extensions"]["cost"]["throttleStatus"]
    assert left["currentlyAvailable"] > 2000 - 16 * 12
