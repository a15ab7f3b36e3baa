"""Accepting a request says of the missing units that they are there, or that they will be got (rule 1.4-12)."""

from dataclasses import replace

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.errors import InvalidInput, MissingReference
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import DeadlineCheck, DecideRequest, PaymentReceived
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Sku, Supply
from tests.support.orders.inputs import cancelled, shipment_notice, sold
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import Stock, level_in_bins


def open_shop(hats: int = 2, *, payment_minutes: int | None = None) -> OrderScenario:
    """Hats at M, and none at L. A set is a hat and two shirts, of which there are none."""
    stock = {
        LevelKey("hat", "M"): level_in_bins("hat", "M", picking=hats),
        LevelKey("hat", "L"): level_in_bins("hat", "L"),
        LevelKey("shirt", "M"): level_in_bins("shirt", "M"),
    }
    items = {"hat": Sku(sku="hat"), "shirt": Sku(sku="shirt"), "set": Sku(sku="set", recipe={"hat": 1, "shirt": 2})}
    channel = Channel(name="web", kind="generic", takes_requests=True, payment_minutes=payment_minutes)
    return OrderScenario(stock, items, channel)


def accept(
    supply: Supply | None = Supply.ON_HAND, location: str | None = None, lines: dict[str, int] | None = None
) -> DecideRequest:
    return DecideRequest(
        channel="web", external_id="1", accept=True, by="Ann", lines=lines or {}, supply=supply, location=location
    )


def test_units_that_are_there_come_in_with_the_decision_and_are_reserved() -> None:
    """Rule 1.4-10: the product had a stock of 0, and the seller has it all the same."""
    shop = open_shop(0)
    shop.apply(sold({"hat": 5}))

    outcome = shop.apply(accept(location="L"))

    assert (Outcome.RESERVED, ()) == (outcome, shop.order().backorders)
    assert Stock(on_hand=5, reserved=5, available=0) == shop.stock("hat", "L")


def test_only_the_missing_units_come_in() -> None:
    shop = open_shop(2)
    shop.apply(sold({"hat": 5}))

    shop.apply(accept())

    assert Stock(on_hand=5, reserved=5, available=0) == shop.stock("hat")
    assert [("hat", "M", 3)] == [(one.sku, one.location, one.quantity) for one in shop.order().brought_in]


def test_a_kit_brings_in_the_components_that_are_missing() -> None:
    shop = open_shop(9)
    shop.apply(sold({"set": 2}))

    shop.apply(accept())

    assert Stock(on_hand=9, reserved=2, available=7) == shop.stock("hat")
    assert Stock(on_hand=4, reserved=4, available=0) == shop.stock("shirt")


def test_its_parcel_books() -> None:
    shop = open_shop(0)
    shop.apply(sold({"hat": 5}), accept())

    outcome = shop.apply(shipment_notice({"hat": 5}))

    assert (Outcome.SHIPPED, Stock(on_hand=0, reserved=0, available=0)) == (outcome, shop.stock("hat"))


def test_a_declined_part_does_not_come_in() -> None:
    shop = open_shop(0)
    shop.apply(sold({"hat": 5}))

    shop.apply(accept(lines={"1": 2}))

    assert Stock(on_hand=2, reserved=2, available=0) == shop.stock("hat")


@pytest.mark.parametrize("ends", ["cancelled", "unpaid"])
def test_what_came_in_is_there_when_the_order_ends(ends: str) -> None:
    shop = open_shop(0, payment_minutes=60)
    shop.apply(sold({"hat": 5}), accept())
    shop.wait(61)

    shop.apply(cancelled() if ends == "cancelled" else DeadlineCheck("web", "1"))

    assert Stock(on_hand=5, reserved=0, available=5) == shop.stock("hat")


def test_paid_in_time_it_is_reserved() -> None:
    """Rule 1.4-5."""
    shop = open_shop(0, payment_minutes=60)
    shop.apply(sold({"hat": 5}))

    states = [shop.apply(accept()), shop.apply(PaymentReceived("web", "1")) and shop.order().state]

    assert [Outcome.AWAITING_PAYMENT, State.RESERVED] == states


def test_the_same_decision_again_brings_nothing_in() -> None:
    shop = open_shop(0)
    shop.apply(sold({"hat": 5}), accept())

    assert Outcome.DUPLICATE == shop.apply(accept())
    assert Stock(on_hand=5, reserved=5, available=0) == shop.stock("hat")


# What is said of neither


@pytest.mark.parametrize(
    ("of_channel", "of_sku", "said", "expected"),
    [
        (Supply.BACKORDER, None, None, Outcome.BACKORDERED),
        (Supply.ON_HAND, None, None, Outcome.RESERVED),
        (Supply.ON_HAND, Supply.BACKORDER, None, Outcome.BACKORDERED),
        (Supply.BACKORDER, Supply.ON_HAND, None, Outcome.RESERVED),
        (Supply.BACKORDER, Supply.ON_HAND, Supply.BACKORDER, Outcome.BACKORDERED),
        (Supply.ON_HAND, Supply.BACKORDER, Supply.ON_HAND, Outcome.RESERVED),
    ],
)
def test_the_decision_counts_for_more_than_the_sku_and_that_for_more_than_the_channel(
    of_channel: Supply, of_sku: Supply | None, said: Supply | None, expected: Outcome
) -> None:
    shop = open_shop()
    shop.channel = replace(shop.channel, supply=of_channel)
    shop.items["hat"] = Sku(sku="hat", supply=of_sku)
    shop.apply(sold({"hat": 5}))

    assert expected == shop.apply(accept(said))


def test_each_sku_of_an_order_follows_its_own_setting() -> None:
    shop = open_shop(0)
    shop.items["shirt"] = Sku(sku="shirt", supply=Supply.ON_HAND)
    shop.apply(sold({"hat": 1, "shirt": 1}))

    shop.apply(accept(None))

    assert Stock(on_hand=1, reserved=1, available=0) == shop.stock("shirt")
    assert ["hat"] == [one.sku for one in shop.order().backorders]


@pytest.mark.parametrize(
    ("of_order", "of_channel", "expected"), [("L", "M", "L"), (None, "L", "L"), (None, None, "M")]
)
def test_without_a_location_they_are_where_the_order_or_its_channel_is_at_home(
    of_order: str | None, of_channel: str | None, expected: str
) -> None:
    shop = open_shop(0)
    shop.channel = replace(shop.channel, default_location=of_channel)
    shop.apply(sold({"hat": 5}, location=of_order))

    shop.apply(accept())

    assert Stock(on_hand=5, reserved=5, available=0) == shop.stock("hat", expected)


@pytest.mark.parametrize(("location", "error"), [("Mars", MissingReference), ("L", InvalidInput)])
def test_they_are_at_a_location_that_serves_the_channel(location: str, error: type[Exception]) -> None:
    shop = open_shop(0)
    shop.channel = replace(shop.channel, locations=frozenset({"M"}))
    shop.apply(sold({"hat": 5}))

    with pytest.raises(error):
        shop.apply(accept(location=location))
    assert State.REQUESTED is shop.order().state
