"""Who waits for units is offered those that can be had again, though none of them came."""

from dataclasses import replace

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.inbound import DecideRequest
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Location
from lastunit.use_cases.orders.offer_stock import OfferStock
from tests.support.listings.pushing import FakeQueue
from tests.support.orders.inputs import sold
from tests.support.orders.order_shop import OrderShop
from tests.unit.orders.test_process_orders import OrderProcessing

OPEN, CLOSED = (Location("M", 1),), (Location("M", 1, blacked_out=True),)


@pytest.fixture
def open_shop() -> OrderShop:
    """Its only location is closed; a person has accepted an order for the two shirts that lie there."""
    open_shop = OrderShop({LevelKey("shirt", "M"): 2}, channel=Channel(name="web", kind="generic"))
    open_shop.settings.places = CLOSED
    open_shop.apply(sold({"shirt": 2}), DecideRequest(channel="web", external_id="1", accept=True, by="ann"))
    return open_shop


def offer(open_shop: OrderShop) -> FakeQueue:
    queue = FakeQueue()
    OfferStock(open_shop.order_store, open_shop.settings, queue).run()
    return queue


def test_an_order_that_waits_while_a_location_is_closed_has_its_units_once_it_is_open(open_shop: OrderShop) -> None:
    before = open_shop.order().state
    open_shop.settings.places = OPEN

    OrderProcessing(open_shop).process(*(message.to_json() for message in offer(open_shop).sent))

    assert (State.BACKORDERED, State.RESERVED) == (before, open_shop.order().state)
    assert {("shirt", "M"): 0} == open_shop.available()


def test_units_of_a_closed_location_are_offered_to_nobody(open_shop: OrderShop) -> None:
    assert [] == offer(open_shop).sent


def test_nothing_is_offered_where_nothing_is_there(open_shop: OrderShop) -> None:
    open_shop.settings.places = OPEN
    open_shop.apply(sold({"shirt": 2}, "2"))

    assert [] == offer(open_shop).sent


def test_units_of_a_location_that_a_channel_may_not_use_are_not_for_its_orders(open_shop: OrderShop) -> None:
    open_shop.settings.places = OPEN
    open_shop.settings.accounts["web"] = replace(open_shop.channel, locations=frozenset({"L"}))

    assert [] == offer(open_shop).sent


@pytest.mark.parametrize(
    ("retry_requests_on_restock", "units", "state"),
    [(True, 2, State.RESERVED), (True, 3, State.REQUESTED), (False, 2, State.REQUESTED)],
)
def test_a_request_is_tried_again_where_its_channel_says_so_and_all_of_it_is_there(
    retry_requests_on_restock: bool, units: int, state: State
) -> None:
    open_shop = OrderShop(
        {LevelKey("shirt", "M"): 2},
        channel=Channel(name="web", kind="generic", retry_requests_on_restock=retry_requests_on_restock),
    )
    open_shop.settings.places = CLOSED
    open_shop.apply(sold({"shirt": units}))
    open_shop.settings.places = OPEN

    sent = offer(open_shop).sent
    OrderProcessing(open_shop).process(*(message.to_json() for message in sent))

    assert (state is State.RESERVED, state) == (bool(sent), open_shop.order().state)
