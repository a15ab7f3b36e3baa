"""Cancels and edits: what was not shipped is given back once, and what has left comes back by a return only."""

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import OrderInput, RetryOrder
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Sku
from tests.support.orders.inputs import cancelled, shipment_notice, sold, voided
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import Stock, level_in_bins


def open_shop() -> OrderScenario:
    stock = {
        LevelKey("hat", "M"): level_in_bins("hat", "M", picking=10),
        LevelKey("shirt", "M"): level_in_bins("shirt", "M", picking=10),
    }
    items = {"hat": Sku(sku="hat"), "shirt": Sku(sku="shirt"), "set": Sku(sku="set", recipe={"shirt": 2, "hat": 1})}
    return OrderScenario(stock, items, Channel(name="web", kind="generic"))


def test_a_cancel_gives_everything_back_once() -> None:
    """Not doubled, and nothing is left reserved: what was reserved is given back, once."""
    shop = open_shop()
    shop.apply(sold({"hat": 4, "set": 2}))

    outcomes = [shop.apply(cancelled()), shop.apply(cancelled()), shop.apply(cancelled(revision="3"))]

    assert [Outcome.CANCELLED, Outcome.DUPLICATE, Outcome.DUPLICATE] == outcomes
    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("hat")
    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("shirt")


def test_a_line_cancelled_gives_that_line_back() -> None:
    shop = open_shop()

    shop.apply(sold([("hat", 4), ("shirt", 2)]), sold([("hat", 4), ("shirt", 0)], revision="2"))

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=10, reserved=4, available=6) == shop.stock("hat")
    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("shirt")


def test_a_quantity_cancelled_gives_that_quantity_back() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), sold({"hat": 1}, revision="2"))

    assert Stock(on_hand=10, reserved=1, available=9) == shop.stock("hat")


def test_a_cancel_before_its_order_leaves_nothing_for_the_order_to_take() -> None:
    shop = open_shop()

    outcomes = [shop.apply(cancelled()), shop.apply(sold({"hat": 4}))]

    assert [Outcome.CANCELLED] * 2 == outcomes
    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("hat")


def test_a_cancel_before_its_order_and_its_shipment_knows_what_left() -> None:
    shop = open_shop()

    shop.apply(cancelled(), sold({"hat": 4}), shipment_notice({"hat": 1}))

    assert OrderReason.SHIPPED_AFTER_CANCEL == shop.order().reason
    assert Stock(on_hand=9, reserved=0, available=9) == shop.stock("hat")


def test_a_cancel_after_shipping_returns_nothing() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), shipment_notice({"hat": 4}), cancelled())

    assert (State.SHIPPED, OrderReason.CANCELLED_AFTER_SHIPPING) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=6, reserved=0, available=6) == shop.stock("hat")


def test_a_cancel_between_two_parcels_gives_back_what_has_not_left() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), shipment_notice({"hat": 1}), cancelled())

    assert State.SHIPPED == shop.order().state
    assert Stock(on_hand=9, reserved=0, available=9) == shop.stock("hat")


def test_a_void_after_the_cancel_gives_the_units_back_and_promises_none() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), shipment_notice({"hat": 1}), cancelled(), voided())

    assert State.CANCELLED == shop.order().state
    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("hat")


def test_of_two_parcels_voided_after_the_cancel_the_last_one_ends_it() -> None:
    shop = open_shop()
    shop.apply(
        sold({"hat": 4}), shipment_notice({"hat": 1}), shipment_notice({"hat": 1}, shipment_id="s2"), cancelled()
    )

    states = [(shop.apply(voided(key)), shop.order().state) for key in ("s1", "s2")]

    assert [(Outcome.UPDATED, State.SHIPPED), (Outcome.CANCELLED, State.CANCELLED)] == states


@pytest.mark.parametrize("late", [sold({"hat": 9}, revision="3"), sold({"hat": 4}), cancelled(revision="9")])
def test_nothing_the_channel_says_opens_a_cancelled_order_again(late: OrderSnapshot) -> None:
    stories: list[list[OrderInput]] = [[sold({"hat": 4})], [sold({"hat": 4}), shipment_notice({"hat": 1})]]
    for order_inputs in stories:
        shop = open_shop()
        shop.apply(*order_inputs, cancelled())
        before = shop.stock("hat"), shop.order().state

        shop.apply(late)

        assert before == (shop.stock("hat"), shop.order().state)


# Edits


def test_an_edit_to_another_sku_releases_and_reserves_in_one_step() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 4}))

    change = shop.preview(sold({"shirt": 3}, revision="2")).change

    assert change is not None
    assert {("hat", "M"): (4, -4), ("shirt", "M"): (-3, 3)} == {
        key: (moved.available, moved.reserved) for key, moved in change.levels().items()
    }


def test_an_edit_after_shipping_asks_for_the_rest_only() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), shipment_notice({"hat": 4}), sold({"hat": 6}, revision="2"))

    assert State.PARTLY_SHIPPED == shop.order().state
    assert Stock(on_hand=6, reserved=2, available=4) == shop.stock("hat")


def test_an_edit_below_what_has_left_returns_nothing() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), shipment_notice({"hat": 3}), sold({"hat": 1}, revision="2"))

    assert State.SHIPPED == shop.order().state
    assert Stock(on_hand=7, reserved=0, available=7) == shop.stock("hat")


def test_a_line_removed_after_it_left_still_finds_its_parcel() -> None:
    shop = open_shop()
    shop.apply(sold([("hat", 2), ("shirt", 1)]), shipment_notice({"hat": 2}))

    shop.apply(sold([("hat", 0), ("shirt", 1)], revision="2"), voided())

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("hat")
    assert Stock(on_hand=10, reserved=1, available=9) == shop.stock("shirt")


def test_an_edit_that_cannot_be_covered_keeps_what_was_promised_and_waits_for_a_person() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), sold({"hat": 11}, revision="2"))

    assert State.EXCEPTION == shop.order().state
    assert OrderReason.EDIT_SHORT == shop.order().reason
    assert Stock(on_hand=10, reserved=4, available=6) == shop.stock("hat")


def test_an_order_edited_down_to_nothing_can_be_edited_up_again() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), sold({"hat": 0}, revision="2"))
    nothing = shop.order().state, shop.stock("hat")
    shop.apply(sold({"hat": 2}, revision="3"))

    assert (State.CANCELLED, Stock(on_hand=10, reserved=0, available=10)) == nothing
    assert Stock(on_hand=10, reserved=2, available=8) == shop.stock("hat")


def test_an_edit_down_to_nothing_does_not_hide_a_parcel_that_could_not_be_booked() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), shipment_notice({"coat": 1}), sold({"hat": 0}, revision="2"))

    assert (State.EXCEPTION, 1) == (shop.order().state, len(shop.order().pending_shipments))


def test_what_left_after_an_edit_down_to_nothing_is_no_cancel() -> None:
    """The same stock and state as if it had left before the edit; it can be edited up again."""
    early, late, nothing = open_shop(), open_shop(), sold({"hat": 0}, revision="2")

    early.apply(sold({"hat": 4}), shipment_notice({"hat": 1}), nothing, sold({"hat": 3}, revision="3"))
    late.apply(sold({"hat": 4}), nothing, shipment_notice({"hat": 1}), sold({"hat": 3}, revision="3"))

    assert Stock(on_hand=9, reserved=2, available=7) == early.stock("hat") == late.stock("hat")
    assert State.PARTLY_SHIPPED is early.order().state is late.order().state


def test_edits_out_of_order_end_in_the_newest() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 2}, revision="3"), sold({"hat": 9}, revision="1"), sold({"hat": 5}, revision="2"))

    assert Stock(on_hand=10, reserved=2, available=8) == shop.stock("hat")


def test_a_retry_takes_what_the_channel_said_last() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 4}), sold({"hat": 11}, revision="2"), sold({"hat": 8}, revision="3"))

    assert Outcome.DUPLICATE == shop.apply(RetryOrder("web", "1"))
    assert Stock(on_hand=10, reserved=8, available=2) == shop.stock("hat")
