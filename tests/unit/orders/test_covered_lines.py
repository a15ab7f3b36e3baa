"""A request of which stock covers some lines: they are held while the others are decided, if it is set so."""

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import DeadlineCheck, StockArrived
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.states import State
from lastunit.domain.orders.units import awaited_units
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Adjustment, AdjustmentReason
from tests.support.orders.inputs import Units, accept, cancelled, decline, shipment_notice, sold
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import Stock, level_in_bins


def open_shop(*, holds: bool = True) -> OrderScenario:
    """2 hats, 4 shirts; a set is a hat and two shirts."""
    stock = {
        LevelKey("hat", "M"): level_in_bins("hat", "M", picking=2),
        LevelKey("shirt", "M"): level_in_bins("shirt", "M", picking=4),
    }
    items = {"hat": Sku(sku="hat"), "shirt": Sku(sku="shirt"), "set": Sku(sku="set", recipe={"hat": 1, "shirt": 2})}
    channel = Channel(
        name="web",
        kind="generic",
        takes_requests=True,
        decision_minutes=60,
        holds_covered_lines=holds,
        retry_requests_on_restock=True,
    )
    return OrderScenario(stock, items, channel)


def requested(units: Units, *, holds: bool = True) -> OrderScenario:
    shop = open_shop(holds=holds)
    shop.apply(sold(units))
    assert State.REQUESTED is shop.order().state
    return shop


def held(order: Order) -> dict[tuple[str, str], int]:
    return {(one.line_id, one.sku): one.quantity for one in order.allocations}


@pytest.mark.parametrize(("holds", "reserved"), [(True, 3), (False, 0)])
def test_lines_that_stock_covers_are_held_if_the_channel_says_so(holds: bool, reserved: int) -> None:
    """Rule 1.4-16."""
    shop = requested({"hat": 5, "shirt": 3}, holds=holds)

    assert Stock(on_hand=4, reserved=reserved, available=4 - reserved) == shop.stock("shirt")
    assert Stock(on_hand=2, reserved=0, available=2) == shop.stock("hat")


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ((("hat", 1), ("hat", 2)), {("1", "hat"): 1}),
        ((("hat", 3), ("set", 1)), {("2", "hat"): 1, ("2", "shirt"): 2}),
        ((("set", 1), ("shirt", 3)), {("1", "hat"): 1, ("1", "shirt"): 2}),
    ],
)
def test_a_line_is_held_whole_or_not_at_all(units: Units, expected: dict[tuple[str, str], int]) -> None:
    assert expected == held(requested(units).order())


def test_it_waits_for_what_is_not_held() -> None:
    assert {"hat": 5} == awaited_units(requested({"hat": 5, "shirt": 3}).order())


def test_nobody_else_gets_what_is_held() -> None:
    shop = requested({"hat": 5, "shirt": 3})

    assert Outcome.REQUESTED == shop.apply(sold({"shirt": 2}, "2"))


def test_accepting_keeps_what_is_held() -> None:
    shop = requested({"hat": 5, "shirt": 3})

    outcome = shop.apply(accept())

    assert (Outcome.BACKORDERED, Stock(on_hand=4, reserved=3, available=1)) == (outcome, shop.stock("shirt"))
    assert Stock(on_hand=2, reserved=2, available=0) == shop.stock("hat")


def test_a_declined_line_is_released() -> None:
    shop = requested({"hat": 5, "shirt": 3})

    shop.apply(accept({"1": 2, "2": 1}))

    assert (State.RESERVED, Stock(on_hand=4, reserved=1, available=3)) == (shop.order().state, shop.stock("shirt"))


@pytest.mark.parametrize("ends", [decline(), cancelled(), DeadlineCheck("web", "1")])
def test_what_was_held_is_released_when_the_request_ends(ends: DeadlineCheck) -> None:
    shop = requested({"hat": 5, "shirt": 3})
    shop.wait(61)

    assert Outcome.CANCELLED == shop.apply(ends)
    assert Stock(on_hand=4, reserved=0, available=4) == shop.stock("shirt")


@pytest.mark.parametrize(
    ("units", "state", "reserved"),
    [
        ({"hat": 5, "shirt": 4}, State.REQUESTED, 4),
        ({"hat": 5, "shirt": 5}, State.REQUESTED, 0),
        ({"hat": 2, "shirt": 3}, State.RESERVED, 3),
    ],
)
def test_an_edit_holds_what_is_covered_then(units: Units, state: State, reserved: int) -> None:
    shop = requested({"hat": 5, "shirt": 3})

    shop.apply(sold(units, revision="2"))

    assert (state, reserved) == (shop.order().state, shop.stock("shirt").reserved)


def test_arriving_stock_covers_the_rest() -> None:
    shop = requested({"hat": 5, "shirt": 3})
    shop.adjust(
        Adjustment(operation="a", reason=AdjustmentReason.RECEIVE, sku="hat", location="M", delta=3, bin="P")
    )

    outcome = shop.apply(StockArrived("web", "1"))

    assert (Outcome.RESERVED, 3) == (outcome, shop.stock("shirt").reserved)


def test_a_parcel_of_held_units_books() -> None:
    shop = requested({"hat": 5, "shirt": 3})

    shop.apply(shipment_notice({"shirt": 3}))

    assert (State.REQUESTED, Stock(on_hand=1, reserved=0, available=1)) == (shop.order().state, shop.stock("shirt"))
