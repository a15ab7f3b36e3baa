"""Requests: nothing is taken while nobody has decided; an answer counts once, and arriving stock has an order."""

from collections.abc import Mapping

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.errors import Conflict, InvalidInput, NotFound
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import DeadlineCheck, DecideRequest, PaymentReceived, RetryOrder, StockArrived
from lastunit.domain.orders.order import Order, RequestDecision
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Sku, Status
from lastunit.domain.stock.levels import Adjustment, Level
from lastunit.domain.stock.levels import AdjustmentReason as Cause
from tests.support.orders.inputs import accept, decline, sold
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import Stock, level_in_bins

HATS = {
    LevelKey("hat", "M"): level_in_bins("hat", "M", picking=2),
    LevelKey("shirt", "M"): level_in_bins("shirt", "M", picking=9),
}
SKUS = (Sku(sku="hat"), Sku(sku="shirt"), Sku(sku="pair", recipe={"hat": 2}), Sku(sku="old", status=Status.DRAFT))


def open_shop(levels: Mapping[LevelKey, Level] = HATS, *, takes_requests: bool = True) -> OrderScenario:
    channel = Channel(name="web", kind="generic", takes_requests=takes_requests, decision_minutes=60)
    return OrderScenario(dict(levels), {item.sku: item for item in SKUS}, channel)


def receive_stock(shop: OrderScenario, sku: str, units: int, operation: str = "a1") -> None:
    shop.adjust(Adjustment(operation=operation, reason=Cause.RECEIVE, sku=sku, location="M", delta=units, bin="P"))


def waits_for(order: Order) -> list[tuple[str, str, int]]:
    return [(one.line_id, one.sku, one.quantity) for one in order.backorders]


# When an order becomes a request


@pytest.mark.parametrize(("units", "left"), [(1, 1), (2, 0)])
def test_what_stock_covers_is_reserved_at_once_to_the_last_unit(units: int, left: int) -> None:
    """Rules 1.4-1 and 1.4-2."""
    shop = open_shop()

    outcome = shop.apply(sold({"hat": units}), instant=True)

    assert Outcome.RESERVED == outcome
    assert Stock(on_hand=2, reserved=units, available=left) == shop.stock("hat")


def test_more_than_there_is_becomes_a_request_that_takes_nothing() -> None:
    """Rules 1.4-3 and 1.4-12."""
    shop = open_shop()

    outcome = shop.apply(sold({"hat": 5}), instant=True)

    assert (Outcome.REQUESTED, {"hat": "3"}) == (outcome, shop.order().details)
    assert Stock(on_hand=2, reserved=0, available=2) == shop.stock("hat")


def test_a_sku_at_0_still_takes_requests_whatever_the_quantity() -> None:
    """Rules 1.4-4, 1.4-9 and 1.4-10: who sells the last unit turns the SKU to requests, not to sold out."""
    shop = open_shop()
    shop.apply(sold({"hat": 2}), instant=True)

    outcomes = [shop.apply(sold({"hat": units}, f"of {units}"), instant=True) for units in (5, 1)]

    assert [Outcome.REQUESTED] * 2 == outcomes


def test_a_draft_takes_no_requests() -> None:
    """Rule 1.4-9."""
    shop = open_shop()

    shop.apply(sold({"old": 1}), instant=True)

    assert (State.REFUSED, OrderReason.DRAFT_SKU) == (shop.order().state, shop.order().reason)


def test_a_channel_that_takes_no_requests_is_refused_when_it_waits_for_the_answer() -> None:
    shop = open_shop(takes_requests=False)

    shop.apply(sold({"hat": 3}), instant=True)

    assert (State.REFUSED, OrderReason.SHORTAGE) == (shop.order().state, shop.order().reason)


def test_an_imported_order_that_stock_cannot_cover_is_a_request_on_every_channel() -> None:
    """Rule 1.2-11: visible, unassigned, and never below zero."""
    shop = open_shop(takes_requests=False)

    shop.apply(sold({"hat": 3}))

    assert State.REQUESTED == shop.order().state
    assert () == shop.order().allocations
    assert Stock(on_hand=2, reserved=0, available=2) == shop.stock("hat")


def test_of_two_orders_of_3_against_5_one_is_instant_and_the_other_a_request() -> None:
    """Rule 1.4-11."""
    shop = open_shop({LevelKey("hat", "M"): level_in_bins("hat", "M", picking=5)})

    outcomes = [shop.apply(sold({"hat": 3}, key), instant=True) for key in ("1", "2")]

    assert [Outcome.RESERVED, Outcome.REQUESTED] == outcomes


# Answers


def test_accepting_what_can_be_covered_by_now_reserves_it() -> None:
    """Rules 1.4-5 and 1.4-8: until then the order says that it is only asked for."""
    shop = open_shop()
    shop.apply(sold({"hat": 3}))
    receive_stock(shop, "hat", 5)

    outcome = shop.apply(accept())

    assert Outcome.RESERVED == outcome
    assert Stock(on_hand=7, reserved=3, available=4) == shop.stock("hat")
    assert (RequestDecision(accepted=True, by="Ann", at=shop.now), None) == (
        shop.order().request_decision,
        shop.order().reason,
    )


def test_accepting_with_a_part_of_the_stock_reserves_it_and_promises_the_rest() -> None:
    """Rule 1.4-12: 2 of 5 are there."""
    shop = open_shop()

    outcome = shop.apply(sold({"hat": 5}), accept())

    assert Outcome.BACKORDERED == outcome
    assert Stock(on_hand=2, reserved=2, available=0) == shop.stock("hat")
    assert [("1", "hat", 3)] == waits_for(shop.order())


def test_accepting_with_no_stock_at_all_promises_everything() -> None:
    shop = open_shop({LevelKey("hat", "M"): level_in_bins("hat", "M")})

    outcome = shop.apply(sold({"pair": 2}), accept())

    assert (Outcome.BACKORDERED, [("1", "hat", 4)]) == (outcome, waits_for(shop.order()))


def test_accepting_a_part_takes_no_more_than_that_part() -> None:
    """Rule 1.4-16: line by line."""
    shop = open_shop()

    outcome = shop.apply(sold({"hat": 5, "shirt": 4}), accept({"1": 2, "2": 1}))

    assert Outcome.RESERVED == outcome
    assert Stock(on_hand=2, reserved=2, available=0) == shop.stock("hat")
    assert Stock(on_hand=9, reserved=1, available=8) == shop.stock("shirt")
    assert [3, 3] == [line.declined for line in shop.order().lines]


def test_lines_that_the_answer_leaves_out_are_accepted_whole() -> None:
    """Rule 1.4-16."""
    shop = open_shop()

    shop.apply(sold({"hat": 5, "shirt": 4}), accept({"1": 0}))

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=2, reserved=0, available=2) == shop.stock("hat")
    assert Stock(on_hand=9, reserved=4, available=5) == shop.stock("shirt")


@pytest.mark.parametrize("no", [decline(), accept({"1": 0})])
def test_declining_cancels_and_gives_nothing_back_because_nothing_was_taken(no: DecideRequest) -> None:
    """Rules 1.4-4 and 1.4-12."""
    shop = open_shop()

    outcome = shop.apply(sold({"hat": 5}), no)

    assert Outcome.CANCELLED == outcome
    assert OrderReason.DECLINED == shop.order().reason
    assert Stock(on_hand=2, reserved=0, available=2) == shop.stock("hat")


def test_declining_what_was_promised_nothing_leaves_the_units_to_others() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 5}), decline(), sold({"hat": 2}, "2"))

    assert State.RESERVED is shop.order("2").state


@pytest.mark.parametrize("units", [-1, 6])
def test_an_answer_cannot_accept_less_than_nothing_or_more_than_was_asked(units: int) -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}))

    with pytest.raises(InvalidInput, match=f"must be 0 to 5, got {units}"):
        shop.apply(accept({"1": units}))


def test_an_answer_about_a_line_that_is_not_there_is_refused() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}))

    with pytest.raises(InvalidInput, match="no lines of this order"):
        shop.apply(accept({"7": 1}))


@pytest.mark.parametrize("told", [accept(), decline(), accept({"1": 2})])
def test_the_same_answer_again_is_a_repeat(told: DecideRequest) -> None:
    """Rule 1.4-13: a double accept has one outcome."""
    shop = open_shop()
    shop.apply(sold({"hat": 5}), told)

    assert Outcome.DUPLICATE is shop.apply(told)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (accept(), accept(by="Bob")),
        (accept(), decline()),
        (decline(), accept()),
        (decline(), decline(by="Bob")),
        (accept({"1": 2}), accept()),
        (accept(), accept({"1": 2})),
    ],
    ids=["accepted twice", "declined late", "accepted late", "declined twice", "all after part", "part after all"],
)
def test_a_different_answer_comes_too_late_and_learns_who_decided(
    first: DecideRequest, second: DecideRequest
) -> None:
    """Rule 1.4-13."""
    shop = open_shop()
    shop.apply(sold({"hat": 5}), first)

    with pytest.raises(Conflict) as refused:
        shop.apply(second)

    details = refused.value.details
    assert (shop.order().state.value, "Ann", shop.now) == (
        details["state"],
        details["decided_by"],
        details["decided_at"],
    )


def test_an_answer_after_the_deadline_learns_that_the_deadline_decided() -> None:
    """Rule 1.4-13: late accept."""
    shop = open_shop()
    shop.apply(sold({"hat": 5}))
    shop.wait(60)
    shop.apply(DeadlineCheck("web", "1"))

    with pytest.raises(Conflict) as refused:
        shop.apply(accept())

    assert {"state": "cancelled", "cause": "undecided_in_time"} == refused.value.details


@pytest.mark.parametrize("units", [1, 2])
def test_an_order_that_awaits_no_decision_takes_no_answer(units: int) -> None:
    shop = open_shop()
    shop.apply(sold({"hat": units}))

    with pytest.raises(Conflict, match="does not await a decision"):
        shop.apply(accept())


@pytest.mark.parametrize("kind", [StockArrived, PaymentReceived, DeadlineCheck, RetryOrder])
def test_nothing_can_be_said_about_an_order_that_is_not_known(
    kind: type[StockArrived | PaymentReceived | DeadlineCheck | RetryOrder],
) -> None:
    with pytest.raises(NotFound):
        open_shop().apply(kind("web", "1"))
