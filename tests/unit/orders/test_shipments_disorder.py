"""Shipments that come before their order, after its cancel, or are taken back."""

from collections.abc import Mapping

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.errors import UnreadableOrder
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import RetryOrder, ReturnAnnounced, ShipmentNotice, ShippedLine
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Alias, Sku
from lastunit.domain.stock.levels import Level
from tests.support.orders.inputs import accept, cancelled, decline, shipment_notice, sold, voided
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import PICKING, STORAGE, Stock, level_in_bins

RETRY = RetryOrder("web", "1")
HATS = {LevelKey("hat", "M"): level_in_bins("hat", "M", picking=10)}


def open_shop(levels: Mapping[LevelKey, Level] = HATS) -> OrderScenario:
    return OrderScenario(
        dict(levels), {sku: Sku(sku=sku) for sku, _ in levels}, Channel(name="web", kind="generic")
    )


# Before the order


def test_a_shipment_before_its_order_is_seen_and_takes_effect_with_it() -> None:
    shop = open_shop()

    first = shop.apply(shipment_notice({"hat": 4}))
    seen = shop.order().reason, shop.stock("hat")
    shop.apply(sold({"hat": 10}))

    assert Outcome.EXCEPTION == first
    assert (OrderReason.SHIPMENT_BEFORE_ORDER, Stock(on_hand=10, reserved=0, available=10)) == seen
    assert State.PARTLY_SHIPPED == shop.order().state
    assert shop.order().reason is None
    assert Stock(on_hand=6, reserved=6, available=0) == shop.stock("hat")


def test_an_order_never_seen_is_booked_by_its_shipments_when_a_person_says_so() -> None:
    shop = open_shop()

    shop.apply(shipment_notice({"hat": 4}), RETRY)

    assert State.SHIPPED == shop.order().state
    assert Stock(on_hand=6, reserved=0, available=6) == shop.stock("hat")


def test_an_order_that_comes_after_its_shipments_were_booked_alone_is_not_booked_twice() -> None:
    shop = open_shop()
    shop.apply(shipment_notice({"hat": 7}), RETRY)

    shop.apply(sold({"hat": 9}))

    assert State.PARTLY_SHIPPED == shop.order().state
    assert Stock(on_hand=3, reserved=2, available=1) == shop.stock("hat")


def test_what_left_before_its_order_leaves_stock_although_the_rest_is_short() -> None:
    """Promise 3: the same facts in the other order end in the same stock."""
    early, late = open_shop(), open_shop()

    early.apply(shipment_notice({"hat": 6}), sold({"hat": 12}))
    late.apply(sold({"hat": 12}), shipment_notice({"hat": 6}))

    assert Stock(on_hand=4, reserved=0, available=4) == early.stock("hat") == late.stock("hat")
    assert State.REQUESTED is early.order().state is late.order().state


def test_a_parcel_of_an_order_with_an_unknown_sku_leaves_stock_before_or_after_it() -> None:
    early, late, order = open_shop(), open_shop(), sold({"hat": 2, "mystery": 1})

    early.apply(shipment_notice({"hat": 2}), order)
    late.apply(order, shipment_notice({"hat": 2}))

    assert Stock(on_hand=8, reserved=0, available=8) == early.stock("hat") == late.stock("hat")
    assert OrderReason.UNKNOWN_SKU is early.order().reason is late.order().reason


def test_a_void_before_its_shipment_leaves_nothing_to_book() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), voided())
    outcome = shop.apply(shipment_notice({"hat": 4}))

    assert Outcome.DUPLICATE == outcome
    assert Stock(on_hand=10, reserved=4, available=6) == shop.stock("hat")


def test_a_void_before_shipment_and_order_is_no_obstacle_to_either() -> None:
    shop = open_shop()

    shop.apply(voided(), shipment_notice({"hat": 4}), sold({"hat": 4}))

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=10, reserved=4, available=6) == shop.stock("hat")


def test_an_order_that_comes_after_a_void_and_is_short_is_a_request_like_any_other() -> None:
    shop = open_shop()

    shop.apply(voided(), sold({"hat": 12}))

    assert State.REQUESTED is shop.order().state


def test_a_person_can_close_what_only_a_void_reported() -> None:
    shop = open_shop()

    shop.apply(voided(), RETRY)
    closed = shop.order().state
    shop.apply(sold({"hat": 4}))

    assert (State.CANCELLED, State.RESERVED) == (closed, shop.order().state)


# Unknown lines


def test_a_line_nobody_ordered_is_an_exception_that_books_nothing() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), shipment_notice({"hat": 1, "coat": 1}))

    assert (OrderReason.SHIPPED_UNKNOWN_LINE, {"line": "coat"}) == (shop.order().reason, shop.order().details)
    assert Stock(on_hand=10, reserved=4, available=6) == shop.stock("hat")


def test_a_line_under_another_name_of_the_same_sku_is_found() -> None:
    shop = open_shop()
    shop.names["HAT-RED"] = Alias("HAT-RED", "hat", "hat")

    shop.apply(sold({"hat": 4}), shipment_notice({"HAT-RED": 4}))

    assert State.SHIPPED is shop.order().state


def test_an_unbookable_shipment_is_listed_once_however_often_it_comes() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), shipment_notice({"coat": 1}))
    outcome = shop.apply(shipment_notice({"coat": 1}))

    assert (Outcome.DUPLICATE, 1) == (outcome, len(shop.order().pending_shipments))


def test_a_part_that_is_booked_later_does_not_settle_a_request_nobody_decided() -> None:
    """Promise 4: what is still open was never promised."""
    shop = open_shop()
    shop.apply(sold({"hat": 12}), shipment_notice({"hat": 11}), voided())

    shop.apply(shipment_notice({"hat": 1}, shipment_id="s2"))

    assert State.EXCEPTION == shop.order().state
    assert Stock(on_hand=9, reserved=0, available=9) == shop.stock("hat")


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
def test_a_shipment_of_no_units_or_fewer_is_refused(quantity: int) -> None:
    with pytest.raises(UnreadableOrder, match="quantity"):
        ShippedLine(quantity, names=("hat",))


def test_a_shipment_names_its_order_itself_and_what_it_holds() -> None:
    line = ShippedLine(1, names=("hat",))

    for wrong in (("", "s1", (line,)), ("1", "", (line,)), ("1", "s1", ()), ("1", "s1", (line,) * 501)):
        external_id, shipment_id, lines = wrong
        with pytest.raises(UnreadableOrder):
            ShipmentNotice(channel="web", external_id=external_id, shipment_id=shipment_id, lines=lines)
    with pytest.raises(UnreadableOrder, match="neither"):
        ShippedLine(1)


# Voided


def test_a_voided_shipment_gives_back_bin_and_reservation() -> None:
    """Rule 1.1-17."""
    shop = open_shop({LevelKey("hat", "M"): level_in_bins("hat", "M", picking=3, storage=7)})

    shop.apply(sold({"hat": 5}), shipment_notice({"hat": 5}), voided())

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=10, reserved=5, available=5) == shop.stock("hat")
    assert {PICKING: 3, STORAGE: 7, "": 0} == shop.bins("hat")


def test_a_void_gives_back_once_and_its_shipment_stays_voided() -> None:
    """Rule 1.1-17."""
    shop = open_shop()
    shop.apply(sold({"hat": 5}), shipment_notice({"hat": 5}), voided())

    outcomes = [shop.apply(voided()), shop.apply(shipment_notice({"hat": 5}))]

    assert [Outcome.DUPLICATE] * 2 == outcomes
    assert Stock(on_hand=10, reserved=5, available=5) == shop.stock("hat")


def test_of_two_shipments_only_the_voided_one_comes_back() -> None:
    shop = open_shop()

    shop.apply(
        sold({"hat": 10}), shipment_notice({"hat": 6}), shipment_notice({"hat": 4}, shipment_id="s2"), voided("s2")
    )

    assert State.PARTLY_SHIPPED == shop.order().state
    assert Stock(on_hand=4, reserved=4, available=0) == shop.stock("hat")


def test_a_parcel_reported_before_the_void_whose_units_it_holds_is_booked_with_it() -> None:
    """The same units packed anew: until the void comes, more have left than were ordered."""
    shop = open_shop({LevelKey("hat", "M"): level_in_bins("hat", "M", picking=5)})
    shop.apply(sold({"hat": 5}), shipment_notice({"hat": 5}), shipment_notice({"hat": 5}, shipment_id="s2"))
    waiting = shop.order().reason

    shop.apply(voided())

    assert OrderReason.SHIPPED_BEYOND_ORDER is waiting
    assert State.SHIPPED == shop.order().state
    assert shop.order().reason is None
    assert Stock(on_hand=0, reserved=0, available=0) == shop.stock("hat")


def test_a_voided_shipment_that_was_never_promised_is_promised_now() -> None:
    """An open order must not end as cancelled because its label was."""
    shop = open_shop(
        {
            LevelKey("hat", "M"): level_in_bins("hat", "M", picking=4),
            LevelKey("hat", "L"): level_in_bins("hat", "L"),
        }
    )
    shop.apply(sold({"hat": 5}))
    shop.apply(shipment_notice({"hat": 4}))

    shop.apply(accept(), shipment_notice({"hat": 1}, shipment_id="s2", location="L"), voided("s1"))

    assert [("hat", "M", 4)] == [(one.sku, one.location, one.quantity) for one in shop.order().allocations]


def test_a_void_never_promises_more_than_is_still_wanted() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 10}), shipment_notice({"hat": 6}), sold({"hat": 5}, revision="2"), voided())

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=10, reserved=5, available=5) == shop.stock("hat")


def test_a_void_of_more_than_was_ordered_promises_the_order_alone() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 3}), shipment_notice({"hat": 4}), voided())

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=10, reserved=3, available=7) == shop.stock("hat")


def test_a_voided_parcel_of_a_request_takes_nothing_again() -> None:
    """Rule 1.4-12: nothing is taken while undecided."""
    shop = open_shop()

    shop.apply(sold({"hat": 12}), shipment_notice({"hat": 6}), voided())

    assert State.REQUESTED == shop.order().state
    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("hat")


def test_a_void_of_goods_that_are_on_their_way_back_is_for_a_person_to_judge() -> None:
    """Or the same unit would come back twice: by the void and by the return."""
    shop = open_shop()
    shop.apply(
        sold({"hat": 5}),
        shipment_notice({"hat": 5}),
        ReturnAnnounced(channel="web", external_id="1", return_id="r1", lines={"1": 2}),
    )

    outcomes = [shop.apply(voided()), shop.apply(voided())]

    assert [Outcome.EXCEPTION, Outcome.DUPLICATE] == outcomes
    assert OrderReason.VOIDED_AFTER_RETURN == shop.order().reason
    assert Stock(on_hand=5, reserved=0, available=5) == shop.stock("hat")


def test_a_void_of_returned_goods_does_not_open_a_cancelled_order_again() -> None:
    shop = open_shop()
    shop.apply(
        sold({"hat": 5}),
        shipment_notice({"hat": 5}),
        ReturnAnnounced(channel="web", external_id="1", return_id="r1", lines={"1": 2}),
        cancelled(),
    )

    shop.apply(voided(), sold({"hat": 6}, revision="3"))

    assert OrderReason.SHIPPED_AFTER_CANCEL == shop.order().reason
    assert Stock(on_hand=5, reserved=0, available=5) == shop.stock("hat")


# After a cancel


def test_a_shipment_after_the_cancel_leaves_stock_and_is_an_exception() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 5}), cancelled(), shipment_notice({"hat": 2}))

    assert (State.EXCEPTION, OrderReason.SHIPPED_AFTER_CANCEL) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=8, reserved=0, available=8) == shop.stock("hat")


def test_a_person_who_has_seen_it_ends_the_exception_and_nothing_is_promised_again() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 5}), cancelled(), shipment_notice({"hat": 2}), RETRY)

    assert (State.SHIPPED, OrderReason.CANCELLED_AFTER_SHIPPING) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=8, reserved=0, available=8) == shop.stock("hat")


def test_the_cancel_again_does_not_end_what_a_person_must_see() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}), cancelled(), shipment_notice({"hat": 2}))

    outcome = shop.apply(cancelled())

    assert (Outcome.DUPLICATE, State.EXCEPTION) == (outcome, shop.order().state)


def test_a_second_shipment_after_a_cancel_that_came_between_is_an_exception_too() -> None:
    shop = open_shop()

    shop.apply(
        sold({"hat": 5}), shipment_notice({"hat": 2}), cancelled(), shipment_notice({"hat": 1}, shipment_id="s2")
    )

    assert (State.EXCEPTION, OrderReason.SHIPPED_AFTER_CANCEL) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=7, reserved=0, available=7) == shop.stock("hat")


def test_a_cancel_between_a_shipment_and_its_order_hides_no_unit_that_left() -> None:
    """Promise 5: what left and is not booked stays visible, and is booked when a person says so."""
    shop = open_shop()

    shop.apply(shipment_notice({"hat": 2}), cancelled())
    seen = shop.order().reason
    shop.apply(RETRY, RETRY)

    assert OrderReason.SHIPPED_AFTER_CANCEL == seen
    assert Stock(on_hand=8, reserved=0, available=8) == shop.stock("hat")
    assert (State.SHIPPED, OrderReason.CANCELLED_AFTER_SHIPPING) == (shop.order().state, shop.order().reason)


@pytest.mark.parametrize("answer", [decline(), accept({"1": 0})])
def test_a_shipment_of_a_declined_request_is_an_exception(answer: object) -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 12}), answer, shipment_notice({"hat": 2}))  # type: ignore[arg-type]  # Both are Answers.

    assert OrderReason.SHIPPED_AFTER_CANCEL == shop.order().reason
    assert Stock(on_hand=8, reserved=0, available=8) == shop.stock("hat")


def test_a_shipment_of_a_refused_order_is_never_silent() -> None:
    """Rule 1.1-11: never silence."""
    shop = open_shop()
    shop.apply(sold({"hat": 12}), instant=True)

    shop.apply(shipment_notice({"hat": 2}))

    assert State.EXCEPTION == shop.order().state
    assert Stock(on_hand=8, reserved=0, available=8) == shop.stock("hat")
