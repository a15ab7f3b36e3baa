"""One parcel that two systems report: they share a tracking number, and what left counts once."""

from collections.abc import Sequence
from itertools import permutations

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.inbound import ShipmentNotice
from lastunit.domain.orders.parcels import tracking_digests
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Sku
from tests.support.orders.inputs import shipment_notice, sold, voided
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import Stock, level_in_bins

NUMBER = "9400 1000"


def open_shop() -> OrderScenario:
    names = ("hat", "tie")
    levels = {LevelKey(name, "M"): level_in_bins(name, "M", picking=10) for name in names}
    return OrderScenario(levels, {name: Sku(sku=name) for name in names}, Channel(name="web", kind="generic"))


def label(hat: int = 0, tie: int = 0, number: str = NUMBER) -> ShipmentNotice:
    """As the shipping platform reports it."""
    units = {name: one for name, one in (("hat", hat), ("tie", tie)) if one}
    return shipment_notice(units, shipment_id="label", reporter="warehouse", tracking=number)


def fulfilment(hat: int = 0, tie: int = 0, number: str = NUMBER, shipment_id: str = "f1") -> ShipmentNotice:
    """As the store reports it."""
    units = {name: one for name, one in (("hat", hat), ("tie", tie)) if one}
    return shipment_notice(units, shipment_id=shipment_id, reporter="web", tracking=number)


def on_hand(shop: OrderScenario) -> tuple[int, int]:
    return shop.stock("hat").on_hand, shop.stock("tie").on_hand


def in_any_order(*reports: ShipmentNotice) -> list[tuple[ShipmentNotice, ...]]:
    return list(dict.fromkeys(permutations(reports)))


@pytest.mark.parametrize("reports", in_any_order(label(1), fulfilment(1), label(1), fulfilment(1)))
def test_a_parcel_that_two_systems_report_leaves_once_in_any_order(reports: Sequence[ShipmentNotice]) -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 5}), *reports)

    assert (State.PARTLY_SHIPPED, None) == (shop.order().state, shop.order().reason)
    assert Stock(on_hand=9, reserved=4, available=5) == shop.stock("hat")


@pytest.mark.parametrize("reports", in_any_order(label(1, 1), fulfilment(1), fulfilment(0, 1, shipment_id="f2")))
def test_a_box_that_one_system_divides_and_the_other_does_not_leaves_once(
    reports: Sequence[ShipmentNotice],
) -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 2, "tie": 2}), *reports)

    assert ((9, 9), None) == (on_hand(shop), shop.order().reason)


@pytest.mark.parametrize("reports", in_any_order(label(2), fulfilment(3)))
def test_of_two_reports_of_one_parcel_the_larger_counts(reports: Sequence[ShipmentNotice]) -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 5}), *reports)

    assert (7, 10) == on_hand(shop)


def test_one_system_that_names_a_number_twice_reports_two_divisions_of_a_box() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 5}), fulfilment(1), fulfilment(1, shipment_id="f2"))

    assert (8, 10) == on_hand(shop)


def test_parcels_without_a_number_or_with_others_are_parcels_of_their_own() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 5}), label(1, number=""), fulfilment(1, number=""))
    shop.apply(fulfilment(1, shipment_id="f2", number="1Z"))

    assert (7, 10) == on_hand(shop)


@pytest.mark.parametrize("reports", in_any_order(label(1), fulfilment(1)))
@pytest.mark.parametrize("void", [voided("label", reporter="warehouse"), voided("f1", reporter="web")])
def test_a_void_by_either_system_ends_the_parcel_and_a_second_one_changes_nothing(
    reports: Sequence[ShipmentNotice], void: ShipmentNotice
) -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}), *reports)

    shop.apply(void, voided("label", reporter="warehouse"), voided("f1", reporter="web"))

    assert (State.RESERVED, Stock(on_hand=10, reserved=5, available=5)) == (shop.order().state, shop.stock("hat"))


def test_a_void_of_a_label_never_heard_of_ends_the_parcel_that_the_store_reported() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}), fulfilment(1))

    shop.apply(voided("label", reporter="warehouse", tracking=NUMBER))

    assert Stock(on_hand=10, reserved=5, available=5) == shop.stock("hat")


def test_a_void_of_a_label_never_heard_of_comes_before_what_the_store_reports_as_well() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}), voided("label", reporter="warehouse", tracking=NUMBER))

    shop.apply(fulfilment(1))

    assert Stock(on_hand=10, reserved=5, available=5) == shop.stock("hat")


def test_a_void_of_one_division_leaves_the_others() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 2, "tie": 2}), fulfilment(1), fulfilment(0, 1, shipment_id="f2"), label(1, 1))

    shop.apply(voided("f1", reporter="web"))

    assert (10, 9) == on_hand(shop)


@pytest.mark.parametrize("reports", in_any_order(label(1), fulfilment(1)))
def test_a_parcel_reported_twice_before_its_order_leaves_once(reports: Sequence[ShipmentNotice]) -> None:
    shop = open_shop()

    shop.apply(*reports, sold({"hat": 1}))

    assert (State.SHIPPED, None, (9, 10)) == (shop.order().state, shop.order().reason, on_hand(shop))


def test_the_last_unit_reported_twice_is_no_exception() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 10}), label(10), fulfilment(10))

    assert (State.SHIPPED, None, (0, 10)) == (shop.order().state, shop.order().reason, on_hand(shop))


def test_two_systems_with_two_numbers_for_all_that_was_bought_leave_the_second_to_a_person() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 2}), label(2), fulfilment(2, number="1Z"))

    assert (OrderReason.SHIPPED_BEYOND_ORDER, (8, 10)) == (shop.order().reason, on_hand(shop))


@pytest.mark.parametrize("text", ["9400 1000", "94001000", "9400-1000", " 9400\u00a01000 "])
def test_a_number_is_compared_without_what_systems_write_between_its_digits(text: str) -> None:
    assert tracking_digests("94001000") == tracking_digests(text)


def test_a_number_is_kept_as_a_digest_which_stays_as_it_is() -> None:
    [digest] = tracking_digests("94001000")

    assert "9400" not in digest
    assert (digest,) == tracking_digests(digest)


def test_what_is_no_number_is_none() -> None:
    assert () == tracking_digests(None, "", " - ")
