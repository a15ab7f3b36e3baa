"""Edits by the channel: of what was accepted in part, of deleted products, after an expiry, after a cancel."""

from dataclasses import replace
from itertools import permutations

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.errors import Conflict
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import DeadlineCheck, PaymentReceived, ShippedLine
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Alias, Sku, Status
from tests.support.orders.inputs import accept, cancelled, shipment_notice, sold
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import Stock, level_in_bins

TAKES_REQUESTS = Channel(name="web", kind="generic", takes_requests=True, payment_minutes=60)


def open_shop(hats: int = 10, ties: int = 10) -> OrderScenario:
    levels = {
        LevelKey("hat", "M"): level_in_bins("hat", "M", picking=hats),
        LevelKey("tie", "M"): level_in_bins("tie", "M", picking=ties),
    }
    return OrderScenario(levels, {name: Sku(sku=name) for name in ("hat", "tie")}, TAKES_REQUESTS)


def reserved(shop: OrderScenario, sku: str = "hat") -> int:
    return shop.stock(sku).reserved


# What was accepted in part


@pytest.mark.parametrize(("edited", "held"), [(2, 2), (4, 2), (3, 2), (1, 1), (6, 3)])
def test_what_was_accepted_stays_accepted_when_the_channel_edits_the_rest(edited: int, held: int) -> None:
    """2 of 5 are accepted: an edit takes the declined units first, and adds new ones beside them."""
    shop = open_shop(hats=4)
    shop.apply(sold({"hat": 5}), accept({"1": 2}))

    shop.apply(sold({"hat": edited}, revision="2"))

    assert held == reserved(shop)


def test_edits_one_after_the_other_leave_what_was_accepted() -> None:
    shop = open_shop(hats=4)
    shop.apply(sold({"hat": 5}), accept({"1": 2}))

    shop.apply(sold({"hat": 4}, revision="2"), sold({"hat": 3}, revision="3"), sold({"hat": 2}, revision="4"))

    assert (2, 0) == (reserved(shop), shop.order().lines[0].declined)


def test_a_decision_about_what_has_changed_since_it_was_seen_is_refused_with_what_it_is_now() -> None:
    shop = open_shop(hats=4)
    shop.apply(sold({"hat": 7}))
    seen = shop.order().version
    shop.apply(sold({"hat": 30}, revision="2"))

    with pytest.raises(Conflict) as refused:
        shop.apply(replace(accept(), version=seen))

    assert {"version": shop.order().version, "lines": {"1": 30}} == refused.value.details
    shop.apply(replace(accept(), version=shop.order().version))
    assert State.AWAITING_PAYMENT is shop.order().state


# Lines whose product is gone


def of_names(
    *names: str, units: int = 2, revision: str = "1", more: tuple[SnapshotLine, ...] = ()
) -> OrderSnapshot:
    return replace(sold({"hat": units}, revision=revision), lines=(SnapshotLine("1", names, units),))


@pytest.mark.parametrize("left", [("sku-text",), ("line:1",), ("sku-text", "line:1")])
def test_a_line_whose_product_was_deleted_stays_reserved_ships_and_comes_back(left: tuple[str, ...]) -> None:
    shop = open_shop()
    shop.names["variant:7"] = Alias("variant:7", "hat", "hat")
    shop.apply(of_names("variant:7", "sku-text"))

    shop.apply(of_names(*left, revision="2"))
    held = reserved(shop)
    shop.apply(replace(shipment_notice({"hat": 1}), lines=(ShippedLine(2, "1"),)))

    assert (2, State.SHIPPED) == (held, shop.order().state)


def test_a_line_that_loses_a_name_does_not_become_the_sku_of_the_name_that_stays() -> None:
    """The listing was named by the variant; the text of its SKU happens to be another SKU of ours."""
    shop = open_shop()
    shop.names["variant:7"] = Alias("variant:7", "hat", "hat")
    shop.apply(of_names("variant:7", "tie"))

    shop.apply(of_names("tie", revision="2", units=3))

    assert (3, 0) == (reserved(shop), reserved(shop, "tie"))


def test_a_line_that_gets_another_product_is_another_skus() -> None:
    shop = open_shop()
    shop.apply(of_names("hat"))

    shop.apply(of_names("tie", revision="2"))

    assert (0, 2) == (reserved(shop), reserved(shop, "tie"))


@pytest.mark.parametrize("shipped", [True, False])
def test_a_draft_keeps_no_other_line_from_its_stock(shipped: bool) -> None:
    """Only units that are still to be allocated meet the obstacle."""
    shop = open_shop()
    shop.apply(sold({"hat": 2}))
    shop.apply(*([shipment_notice({"hat": 2})] if shipped else []))
    shop.items["hat"] = Sku(sku="hat", status=Status.DRAFT)

    shop.apply(sold({"hat": 2, "tie": 1}, revision="2"))

    assert (None, 1) == (shop.order().reason, reserved(shop, "tie"))


def test_a_draft_is_in_the_way_of_more_of_it() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 2}))
    shop.items["hat"] = Sku(sku="hat", status=Status.DRAFT)

    shop.apply(sold({"hat": 3}, revision="2"))

    assert (OrderReason.DRAFT_SKU, 2) == (shop.order().reason, reserved(shop))


# After an expiry, and payments that come late


def test_an_order_that_expired_unpaid_is_tried_again_as_it_was_edited_since() -> None:
    shop = open_shop(hats=4)
    shop.apply(sold({"hat": 5}), accept({"1": 4}))
    shop.wait(61)
    shop.apply(DeadlineCheck("web", "1"))
    expired = shop.order().reason
    shop.apply(sold({"hat": 1}, revision="2"))

    shop.apply(PaymentReceived("web", "1"))

    assert (OrderReason.UNPAID_IN_TIME, State.RESERVED, 1) == (expired, shop.order().state, reserved(shop))


CREATED = replace(sold({"hat": 1}, revision="1"), paid=False)
PAID = replace(sold({"hat": 1}, revision="2"), paid=True)
UPDATED = replace(sold({"hat": 2}, revision="3"), paid=None)


@pytest.mark.parametrize("versions", list(permutations([CREATED, PAID, UPDATED])))
def test_an_order_is_paid_in_whatever_order_its_versions_arrive(versions: tuple[OrderSnapshot, ...]) -> None:
    """A version that says nothing of the payment does not deny it."""
    shop = open_shop()

    shop.apply(*versions)

    assert (True, 2) == (shop.order().paid, reserved(shop))


# A cancel that is undone


def undoable(snapshot: OrderSnapshot) -> OrderSnapshot:
    """As the own store says it, which may bring a cancelled order back."""
    return replace(snapshot, cancel_is_final=False)


FIRST, CANCEL, BACK = undoable(sold({"hat": 2})), undoable(cancelled()), undoable(sold({"hat": 3}, revision="3"))


@pytest.mark.parametrize("versions", list(permutations([FIRST, CANCEL, BACK])))
def test_where_a_cancel_can_be_undone_the_highest_version_wins(versions: tuple[OrderSnapshot, ...]) -> None:
    shop = open_shop()

    shop.apply(*versions)

    assert (State.RESERVED, Stock(on_hand=10, reserved=3, available=7)) == (shop.order().state, shop.stock("hat"))


def test_a_cancel_of_an_order_that_came_back_counts_again() -> None:
    shop = open_shop()
    shop.apply(FIRST, CANCEL, BACK)

    shop.apply(undoable(cancelled(revision="4")))

    assert (State.CANCELLED, 0) == (shop.order().state, reserved(shop))


AGAIN = undoable(cancelled(revision="4"))


@pytest.mark.parametrize("versions", list(permutations([FIRST, CANCEL, BACK, AGAIN])))
def test_a_second_cancel_counts_in_whatever_order_the_versions_arrive(versions: tuple[OrderSnapshot, ...]) -> None:
    shop = open_shop()

    shop.apply(*versions)

    assert (State.CANCELLED, 0) == (shop.order().state, reserved(shop))


def test_an_order_cancelled_after_a_part_had_left_comes_back_with_the_rest() -> None:
    shop = open_shop()
    shop.apply(FIRST, shipment_notice({"hat": 1}), CANCEL)

    shop.apply(BACK)

    assert (State.PARTLY_SHIPPED, Stock(on_hand=9, reserved=2, available=7)) == (
        shop.order().state,
        shop.stock("hat"),
    )


FINAL = [sold({"hat": 2}), cancelled(), sold({"hat": 3}, revision="3")]


@pytest.mark.parametrize("versions", list(permutations(FINAL)))
def test_where_no_cancel_is_ever_undone_it_wins_whatever_its_version(versions: tuple[OrderSnapshot, ...]) -> None:
    shop = open_shop()

    shop.apply(*versions)

    assert (State.CANCELLED, 0) == (shop.order().state, reserved(shop))


def test_the_same_cancel_again_is_a_duplicate() -> None:
    shop = open_shop()
    shop.apply(FIRST, CANCEL)

    assert Outcome.DUPLICATE is shop.apply(CANCEL)


def test_a_cancel_without_a_version_is_final() -> None:
    """As by the API: an edit that was on its way meanwhile brings nothing back."""
    shop = open_shop()
    shop.apply(FIRST, cancelled(revision=""))

    shop.apply(BACK)

    assert (State.CANCELLED, 0) == (shop.order().state, reserved(shop))
