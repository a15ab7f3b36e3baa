"""Auto depletion: what leaves, leaves once, from the picking bin of the place it was promised at."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.errors import NotFound
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import ConfirmShipment, PaymentReceived, RetryOrder, ShipmentNotice, ShippedLine
from lastunit.domain.orders.snapshot import SnapshotLine
from lastunit.domain.orders.states import OrderReason as Why
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason, Level, Place, Transfer
from tests.support.orders.inputs import shipment_notice, sold, voided
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import PICKING, STORAGE, Stock, level_in_bins

RETRY = RetryOrder("web", "1")


def open_shop(*levels: Level, kits: Mapping[str, Mapping[str, int]] | None = None) -> OrderScenario:
    stock = {
        LevelKey(level.sku, level.location): level for level in levels or (level_in_bins("hat", "M", picking=10),)
    }
    items = {sku: Sku(sku=sku) for sku, _ in stock} | {
        kit: Sku(sku=kit, recipe=of) for kit, of in (kits or {}).items()
    }
    return OrderScenario(stock, items, Channel(name="web", kind="generic"))


# What leaves, and from where


def test_only_a_shipment_makes_units_leave() -> None:
    """Rules 1.1-1 and 1.1-2: neither import nor payment do, and nobody has to do anything but ship."""
    shop = open_shop()

    shop.apply(sold({"hat": 2}), PaymentReceived("web", "1"))
    reserved = shop.stock("hat")
    shop.apply(shipment_notice({"hat": 2}))

    assert Stock(on_hand=10, reserved=2, available=8) == reserved
    assert Stock(on_hand=8, reserved=0, available=8) == shop.stock("hat")
    assert State.SHIPPED is shop.order().state


def test_units_leave_the_picking_bin_and_the_level_shows_it() -> None:
    """Rules 1.1-3, 1.1-4 and 1.1-9."""
    shop = open_shop(level_in_bins("hat", "M", picking=10, storage=20))

    shop.apply(sold({"hat": 4}), shipment_notice({"hat": 4}))

    assert {PICKING: 6, STORAGE: 20, "": 0} == shop.bins("hat")
    assert Stock(on_hand=26, reserved=0, available=26) == shop.stock("hat")


def test_storage_is_never_the_source_even_when_the_picking_bin_is_short() -> None:
    """Rules 1.1-6 and 1.1-12: the goods have left, so the picking bin falls to 0 and the rest is unplaced."""
    shop = open_shop(level_in_bins("hat", "M", picking=3, storage=20))

    shop.apply(sold({"hat": 5}), shipment_notice({"hat": 5}))

    assert {PICKING: 0, STORAGE: 20, "": -2} == shop.bins("hat")
    assert Stock(on_hand=18, reserved=0, available=18) == shop.stock("hat")


def test_a_sku_without_a_picking_bin_leaves_what_is_unplaced() -> None:
    """Rule 1.1-11: nothing names the place it lay at, so `unplaced` below zero shows it. The total stays right."""
    shop = open_shop(replace(Level(sku="hat", location="M", on_hand=5, reserved=0, available=5, unplaced=5)))

    shop.apply(sold({"hat": 5}), shipment_notice({"hat": 5}))

    assert {"": 0} == shop.bins("hat")
    assert Stock(on_hand=0, reserved=0, available=0) == shop.stock("hat")


def test_replenishing_moves_units_from_storage_to_picking_and_keeps_the_total() -> None:
    """Rules 1.1-7 and 1.1-14: a person moves them, also the units that a short pick left unplaced."""
    shop = open_shop(level_in_bins("hat", "M", picking=3, storage=20))
    shop.apply(sold({"hat": 5}), shipment_notice({"hat": 5}))

    shop.adjust(
        Transfer(
            operation="t1", sku="hat", quantity=12, source=Place("M", STORAGE), destination=Place("M", PICKING)
        )
    )

    assert {PICKING: 12, STORAGE: 8, "": -2} == shop.bins("hat")
    assert Stock(on_hand=18, reserved=0, available=18) == shop.stock("hat")


def test_each_sku_leaves_its_own_bin_and_a_kit_leaves_by_its_components() -> None:
    """Rule 1.1-15."""
    shop = open_shop(
        level_in_bins("hat", "M", picking=10),
        level_in_bins("shirt", "M", picking=10),
        kits={"set": {"shirt": 2, "hat": 1}},
    )

    shop.apply(sold({"set": 2, "hat": 1}), shipment_notice({"set": 2, "hat": 1}))

    assert Stock(on_hand=7, reserved=0, available=7) == shop.stock("hat")
    assert Stock(on_hand=6, reserved=0, available=6) == shop.stock("shirt")
    assert {PICKING: 7, STORAGE: 0, "": 0} == shop.bins("hat")


def test_one_picking_bin_per_sku_and_location_so_each_location_leaves_its_own() -> None:
    """Rules 1.1-5 and 1.1-16: one order from two locations empties the picking bin of each."""
    shop = open_shop(level_in_bins("hat", "M", picking=3, storage=1), level_in_bins("hat", "L", picking=4))

    shop.apply(sold({"hat": 8}), shipment_notice({"hat": 8}))

    assert {PICKING: 0, STORAGE: 1, "": -1} == shop.bins("hat", "M")
    assert {PICKING: 0, STORAGE: 0, "": 0} == shop.bins("hat", "L")


# Several shipments, and the same one again


def test_6_then_4_of_10_leave_as_two_shipments() -> None:
    """Rule 1.1-13."""
    shop = open_shop()

    shop.apply(sold({"hat": 10}), shipment_notice({"hat": 6}))
    between = shop.order().state, shop.stock("hat")
    shop.apply(shipment_notice({"hat": 4}, shipment_id="s2"))

    assert (State.PARTLY_SHIPPED, Stock(on_hand=4, reserved=4, available=0)) == between
    assert State.SHIPPED == shop.order().state
    assert Stock(on_hand=0, reserved=0, available=0) == shop.stock("hat")


def test_the_same_shipment_three_times_depletes_once() -> None:
    """Rule 1.1-13."""
    shop = open_shop()

    shop.apply(sold({"hat": 10}), shipment_notice({"hat": 6}))
    again = [shop.apply(shipment_notice({"hat": 6})) for _ in range(2)]

    assert [Outcome.DUPLICATE] * 2 == again
    assert Stock(on_hand=4, reserved=4, available=0) == shop.stock("hat")


def test_of_two_lines_with_one_sku_the_one_that_waits_for_so_many_is_meant() -> None:
    shop = open_shop()

    shop.apply(sold([("hat", 1), ("hat", 3)]), shipment_notice({"hat": 3}))

    assert [("1", 1)] == [(held.line_id, held.quantity) for held in shop.order().allocations]


def test_a_shipment_that_names_lines_by_id_needs_no_sku() -> None:
    shop = open_shop()

    shop.apply(
        sold({"hat": 3}),
        ShipmentNotice(channel="web", external_id="1", shipment_id="s1", lines=(ShippedLine(3, line_id="1"),)),
    )

    assert State.SHIPPED is shop.order().state


# Another location, more units


def test_a_shipment_from_elsewhere_moves_the_reservation_there() -> None:
    """The other location must have the units to spare."""
    shop = open_shop(level_in_bins("hat", "M", picking=5), level_in_bins("hat", "L", picking=5))

    shop.apply(sold({"hat": 3}), shipment_notice({"hat": 2}, location="L"))

    assert Stock(on_hand=5, reserved=1, available=4) == shop.stock("hat", "M")
    assert Stock(on_hand=3, reserved=0, available=3) == shop.stock("hat", "L")


def test_a_shipment_from_where_nothing_is_available_is_an_exception_that_keeps_its_units() -> None:
    """Units that another order was promised there are not taken."""
    shop = open_shop(level_in_bins("hat", "M", picking=5), level_in_bins("hat", "L", picking=5))
    shop.apply(sold({"hat": 5}, "2", location="L"), sold({"hat": 3}))

    outcome = shop.apply(shipment_notice({"hat": 3}, location="L"))

    assert (Outcome.EXCEPTION, Why.SHIPPED_UNCOVERED) == (outcome, shop.order().reason)
    assert Stock(on_hand=5, reserved=3, available=2) == shop.stock("hat", "M")
    assert Stock(on_hand=5, reserved=5, available=0) == shop.stock("hat", "L")


def test_the_exception_ends_once_units_are_found_there() -> None:
    shop = open_shop(level_in_bins("hat", "M", picking=5), level_in_bins("hat", "L"))
    shop.apply(sold({"hat": 3}), shipment_notice({"hat": 3}, location="L"))

    shop.adjust(
        Adjustment(operation="a1", reason=AdjustmentReason.CORRECT, sku="hat", location="L", delta=3, bin=PICKING)
    )
    shop.apply(RETRY)

    assert (State.SHIPPED, None) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=5, reserved=0, available=5) == shop.stock("hat", "M")
    assert Stock(on_hand=0, reserved=0, available=0) == shop.stock("hat", "L")


def test_a_shipment_from_a_place_the_hub_does_not_know_is_an_exception() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 3}), shipment_notice({"hat": 3}, location="Mars"))

    assert (Why.SHIPPED_UNCOVERED, "Mars") == (shop.order().reason, shop.order().details["location"])


def test_units_reported_beyond_the_order_wait_for_a_person_and_the_others_leave() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 3}), shipment_notice({"hat": 4}))

    assert (State.EXCEPTION, Why.SHIPPED_BEYOND_ORDER) == (shop.order().state, shop.order().reason)
    assert {"line": "hat", "units": "1"} == shop.order().details
    assert Stock(on_hand=7, reserved=0, available=7) == shop.stock("hat")


def test_units_beyond_the_order_leave_once_a_person_says_so() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 3}), shipment_notice({"hat": 4}))

    shop.apply(ConfirmShipment("web", "1", "s1"))

    assert (State.SHIPPED, None, {"1": 4}) == (
        shop.order().state,
        shop.order().reason,
        shop.order().shipments[0].lines,
    )
    assert Stock(on_hand=6, reserved=0, available=6) == shop.stock("hat")


def test_a_retry_says_nothing_of_units_beyond_the_order_and_a_confirmation_counts_once() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 3}), shipment_notice({"hat": 4}), RETRY, RETRY)
    waiting = shop.order().reason, shop.stock("hat").on_hand

    outcomes = [shop.apply(ConfirmShipment("web", "1", "s1")) for _ in range(2)]

    assert ((Why.SHIPPED_BEYOND_ORDER, 7), 6, Outcome.DUPLICATE) == (
        waiting,
        shop.stock("hat").on_hand,
        outcomes[1],
    )


def test_a_shipment_that_nobody_reported_is_not_confirmed() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 3}))

    with pytest.raises(NotFound):
        shop.apply(ConfirmShipment("web", "1", "s9"))


def test_units_beyond_the_order_are_gone_with_the_shipment_that_counted_them() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 3}), shipment_notice({"hat": 3}), shipment_notice({"hat": 3}, shipment_id="s2"))
    waiting = shop.order().reason

    shop.apply(voided(shipment_id="s2"))

    assert (Why.SHIPPED_BEYOND_ORDER, State.SHIPPED, None) == (waiting, shop.order().state, shop.order().reason)
    assert Stock(on_hand=7, reserved=0, available=7) == shop.stock("hat")


def test_units_beyond_the_order_leave_by_themselves_once_the_order_has_them() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 3}), shipment_notice({"hat": 4}))

    shop.apply(sold({"hat": 4}, revision="2"))

    assert (State.SHIPPED, None) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=6, reserved=0, available=6) == shop.stock("hat")


def test_two_shipments_that_each_report_all_that_was_bought_deplete_it_once() -> None:
    """As eBay reports two tracking numbers of one line."""
    shop = open_shop()

    shop.apply(sold({"hat": 4}), shipment_notice({"hat": 4}), shipment_notice({"hat": 4}, shipment_id="s2"))

    assert (State.EXCEPTION, Why.SHIPPED_BEYOND_ORDER) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=6, reserved=0, available=6) == shop.stock("hat")


def test_more_units_than_there_are_is_an_exception_when_a_person_says_that_they_left() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 3}), shipment_notice({"hat": 11}))

    shop.apply(ConfirmShipment("web", "1", "s1"))

    assert (State.EXCEPTION, Why.SHIPPED_UNCOVERED) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=7, reserved=0, available=7) == shop.stock("hat")


@pytest.mark.parametrize("units", [(2, 1), (1, 2), (1, 1, 1)])
def test_a_parcel_by_sku_is_spread_over_all_lines_of_the_sku(units: tuple[int, ...]) -> None:
    shop = open_shop()
    lines = tuple(SnapshotLine(str(at), ("hat",), each) for at, each in enumerate(units, 1))

    shop.apply(replace(sold({"hat": 1}), lines=lines), shipment_notice({"hat": 3}))

    assert (State.SHIPPED, None) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=7, reserved=0, available=7) == shop.stock("hat")


def test_a_shipment_that_cannot_be_booked_does_not_block_the_next_one() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 3}), shipment_notice({"coat": 1}), shipment_notice({"hat": 2}, shipment_id="s2"))

    assert (State.EXCEPTION, Why.SHIPPED_UNKNOWN_LINE) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=8, reserved=1, available=7) == shop.stock("hat")
