"""Who waits for units is offered those that can be had again, though none of them came."""

import json
from dataclasses import replace

import pytest

from lastunit.domain.catalogue import Location
from lastunit.domain.channels import Channel
from lastunit.domain.facts import Answer
from lastunit.domain.lifecycle import State
from lastunit.offer import OfferUnits
from tests.fakes import Shop, sold
from tests.pushing import FakeQueue
from tests.unit.test_process import Desk

OPEN, CLOSED = (Location("M", 1),), (Location("M", 1, blacked_out=True),)


@pytest.fixture
def shop() -> Shop:
    """Its only location is closed; a person has accepted an order for the two shirts that lie there."""
    shop = Shop({("shirt", "M"): 2}, channel=Channel("web", "generic"))
    shop.settings.places = CLOSED
    shop.tell(sold({"shirt": 2}), Answer("web", "1", True, "ann"))
    return shop


def offer(shop: Shop) -> FakeQueue:
    queue = FakeQueue()
    OfferUnits(shop.book, shop.settings, queue)()
    return queue


def test_an_order_that_waits_while_a_location_is_closed_has_its_units_once_it_is_open(shop: Shop) -> None:
    before = shop.order().state
    shop.settings.places = OPEN

    Desk(shop).process(*map(json.dumps, offer(shop).sent))

    assert (State.PROMISED, State.RESERVED) == (before, shop.order().state)
    assert {("shirt", "M"): 0} == shop.left()


def test_units_of_a_closed_location_are_offered_to_nobody(shop: Shop) -> None:
    assert [] == offer(shop).sent


def test_nothing_is_offered_where_nothing_is_there(shop: Shop) -> None:
    shop.settings.places = OPEN
    shop.tell(sold({"shirt": 2}, "2"))

    assert [] == offer(shop).sent


def test_units_of_a_location_that_a_channel_may_not_use_are_not_for_its_orders(shop: Shop) -> None:
    shop.settings.places = OPEN
    shop.settings.accounts["web"] = replace(shop.channel, locations=frozenset({"L"}))

    assert [] == offer(shop).sent


@pytest.mark.parametrize(
    ("reevaluates", "units", "state"),
    [(True, 2, State.RESERVED), (True, 3, State.REQUESTED), (False, 2, State.REQUESTED)],
)
def test_a_request_is_tried_again_where_its_channel_says_so_and_all_of_it_is_there(
    reevaluates: bool, units: int, state: State
) -> None:
    shop = Shop({("shirt", "M"): 2}, channel=Channel("web", "generic", reevaluates=reevaluates))
    shop.settings.places = CLOSED
    shop.tell(sold({"shirt": units}))
    shop.settings.places = OPEN

    sent = offer(shop).sent
    Desk(shop).process(*map(json.dumps, sent))

    assert (state is State.RESERVED, state) == (bool(sent), shop.order().state)
