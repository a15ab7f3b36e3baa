"""Arriving stock fills what was promised, first come, first served; and what becomes of promises meanwhile."""

from collections.abc import Callable

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import DecideRequest, StockArrived
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.orders.units import awaited_units
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Adjustment
from lastunit.domain.stock.levels import AdjustmentReason as Cause
from tests.support.orders.inputs import accept, cancelled, shipment_notice, sold
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import Stock, level_in_bins

ARRIVED = StockArrived("web", "1")


def open_shop(*, retry_requests_on_restock: bool = False) -> OrderScenario:
    channel = Channel(
        name="web",
        kind="generic",
        takes_requests=True,
        retry_requests_on_restock=retry_requests_on_restock,
        decision_minutes=60,
    )
    return OrderScenario(
        {LevelKey("hat", "M"): level_in_bins("hat", "M", picking=2)}, {"hat": Sku(sku="hat")}, channel
    )


def receive_stock(shop: OrderScenario, units: int, operation: str = "a1") -> None:
    shop.adjust(
        Adjustment(operation=operation, reason=Cause.RECEIVE, sku="hat", location="M", delta=units, bin="P")
    )


def waits_for(order: Order) -> list[tuple[str, str, int]]:
    return [(one.line_id, one.sku, one.quantity) for one in order.backorders]


def test_arriving_units_fill_what_was_promised_as_far_as_they_reach() -> None:
    """Rule 1.4-15."""
    shop = open_shop()
    shop.apply(sold({"hat": 5}), accept())

    receive_stock(shop, 2)
    some = shop.apply(ARRIVED), waits_for(shop.order())
    receive_stock(shop, 4, "a2")
    rest = shop.apply(ARRIVED), waits_for(shop.order())

    assert ((Outcome.BACKORDERED, [("1", "hat", 1)]), (Outcome.RESERVED, [])) == (some, rest)
    assert Stock(on_hand=8, reserved=5, available=3) == shop.stock("hat")


def test_arriving_units_go_first_come_first_served() -> None:
    """Rule 1.4-15: the place in the queue is the moment the promise was made."""
    shop = open_shop()
    shop.apply(sold({"hat": 5}), accept())
    shop.wait(1)
    shop.apply(sold({"hat": 4}, "2"), DecideRequest(channel="web", external_id="2", accept=True, by="Ann"))
    queued = {key: order.queued_at for key, order in shop.orders.items()}

    receive_stock(shop, 4)
    first, second = sorted(queued, key=lambda key: queued[key] or "")
    shop.apply(StockArrived("web", first[4:]), StockArrived("web", second[4:]))

    assert (["web:1", "web:2"], State.RESERVED) == ([first, second], shop.order("1").state)
    assert [("1", "hat", 3)] == waits_for(shop.order("2"))


def test_no_units_no_change() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}), accept())

    assert Outcome.DUPLICATE is shop.apply(ARRIVED)


@pytest.mark.parametrize(("retry_requests_on_restock", "state"), [(True, State.RESERVED), (False, State.REQUESTED)])
def test_arriving_units_decide_an_open_request_only_if_the_channel_says_so(
    retry_requests_on_restock: bool, state: State
) -> None:
    """Rule 1.4-15."""
    shop = open_shop(retry_requests_on_restock=retry_requests_on_restock)
    shop.apply(sold({"hat": 5}))

    receive_stock(shop, 3)
    shop.apply(ARRIVED)

    assert state is shop.order().state


def test_a_request_that_units_still_do_not_cover_takes_none_of_them() -> None:
    shop = open_shop(retry_requests_on_restock=True)
    shop.apply(sold({"hat": 5}))

    receive_stock(shop, 2)

    assert Outcome.DUPLICATE == shop.apply(ARRIVED)
    assert Stock(on_hand=4, reserved=0, available=4) == shop.stock("hat")


def test_what_was_declined_is_not_filled_by_arriving_units() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}), accept({"1": 3}))

    receive_stock(shop, 9)
    shop.apply(ARRIVED)

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=11, reserved=3, available=8) == shop.stock("hat")


def test_units_that_left_before_they_were_promised_are_awaited_no_more() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}), accept())
    receive_stock(shop, 4)

    shop.apply(shipment_notice({"hat": 4}), ARRIVED)

    assert State.PARTLY_SHIPPED == shop.order().state
    assert [] == waits_for(shop.order())
    assert Stock(on_hand=2, reserved=1, available=1) == shop.stock("hat")


# Changes of what was accepted


CHANGES: list[tuple[str, int, Callable[[Order], object], object]] = [
    ("fewer than wait", 4, lambda order: (order.state, waits_for(order)), (State.BACKORDERED, [("1", "hat", 2)])),
    ("as many as are there", 2, lambda order: (order.state, waits_for(order)), (State.RESERVED, [])),
    ("more", 6, lambda order: (order.reason, waits_for(order)), (OrderReason.EDIT_SHORT, [("1", "hat", 3)])),
]


@pytest.mark.parametrize(
    ("units", "seen", "expected"), [change[1:] for change in CHANGES], ids=lambda one: str(one)
)
def test_an_edit_of_what_partly_waits_keeps_what_was_accepted(
    units: int, seen: Callable[[Order], object], expected: object
) -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}), accept())

    shop.apply(sold({"hat": units}, revision="2"))

    assert expected == seen(shop.order())


def test_an_edit_that_waits_for_a_person_keeps_its_place_in_the_queue() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}), accept())
    queued_at = shop.order().queued_at
    shop.wait(1)

    shop.apply(sold({"hat": 6}, revision="2"))
    waiting = shop.order().queued_at, awaited_units(shop.order())
    receive_stock(shop, 3)
    shop.apply(ARRIVED)

    assert ((queued_at, {"hat": 3}), State.EXCEPTION) == (waiting, shop.order().state)
    assert Stock(on_hand=5, reserved=5, available=0) == shop.stock("hat")


def test_an_edit_of_a_request_is_asked_again_by_the_same_clock() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 5}))
    due = shop.order().decide_by
    shop.wait(10)

    shop.apply(sold({"hat": 6}, revision="2"))

    assert (State.REQUESTED, due) == (shop.order().state, shop.order().decide_by)


def test_cancelling_what_was_promised_leaves_the_queue() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 5}), accept(), cancelled())

    assert State.CANCELLED == shop.order().state
    assert shop.order().queued_at is None
    assert Stock(on_hand=2, reserved=0, available=2) == shop.stock("hat")
