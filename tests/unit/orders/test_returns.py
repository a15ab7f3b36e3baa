"""Returns: announced, received, inspected. Only what is found sellable becomes stock, where it was received."""

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.errors import Conflict, InvalidInput, MissingReference, NotFound
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import OrderInput, RetryOrder, ReturnAnnounced, ReturnInspected, ReturnReceived
from lastunit.domain.orders.order import ReturnState
from lastunit.domain.orders.returns import RETURNS_MAX
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Sku
from tests.support.orders.inputs import cancelled, shipment_notice, sold, voided
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import PICKING, STORAGE, Stock, level_in_bins

Found = dict[str, tuple[int, int, int]]


def announced(units: int = 3, return_id: str = "r1", line_id: str = "1") -> ReturnAnnounced:
    return ReturnAnnounced(channel="web", external_id="1", return_id=return_id, lines={line_id: units})


def received(location: str = "L", return_id: str = "r1") -> ReturnReceived:
    return ReturnReceived(channel="web", external_id="1", return_id=return_id, location=location)


def inspected(found: Found | None = None, bin: str | None = None, return_id: str = "r1") -> ReturnInspected:
    """Of 3 hats, unless said otherwise: 2 sellable, 1 damaged."""
    return ReturnInspected(
        channel="web", external_id="1", return_id=return_id, lines=found or {"1": (2, 1, 0)}, bin=bin
    )


def shipped(units: int = 5, sku: str = "hat") -> OrderScenario:
    """10 hats and 10 shirts at M, none at L; an order has left."""
    stock = {
        LevelKey("hat", "M"): level_in_bins("hat", "M", picking=10),
        LevelKey("shirt", "M"): level_in_bins("shirt", "M", picking=10),
    }
    stock |= {LevelKey("hat", "L"): level_in_bins("hat", "L"), LevelKey("shirt", "L"): level_in_bins("shirt", "L")}
    items = {"hat": Sku(sku="hat"), "shirt": Sku(sku="shirt"), "set": Sku(sku="set", recipe={"shirt": 2, "hat": 1})}
    shop = OrderScenario(stock, items, Channel(name="web", kind="generic"))
    shop.apply(sold({sku: units}), shipment_notice({sku: units}))
    return shop


def test_only_inspected_and_sellable_units_become_stock_where_they_were_received() -> None:
    """Announced and received goods are not on sale: they are not back, or nobody has seen in what state."""
    shop = shipped()

    before = [(shop.apply(order_input), shop.stock("hat", "L")) for order_input in (announced(), received())]
    shop.apply(inspected())

    assert [(Outcome.UPDATED, Stock(on_hand=0, reserved=0, available=0))] * 2 == before
    assert Stock(on_hand=2, reserved=0, available=2) == shop.stock("hat", "L")
    assert Stock(on_hand=5, reserved=0, available=5) == shop.stock("hat", "M")


def test_sellable_units_go_into_the_bin_that_is_named() -> None:
    shop = shipped()

    shop.apply(announced(), received(), inspected(bin=STORAGE))

    assert {PICKING: 0, STORAGE: 2, "": 0} == shop.bins("hat", "L")


def test_without_a_bin_they_are_unplaced() -> None:
    shop = shipped()

    shop.apply(announced(), received(), inspected())

    assert {PICKING: 0, STORAGE: 0, "": 2} == shop.bins("hat", "L")


def test_a_kit_comes_back_by_its_components() -> None:
    shop = shipped(2, "set")

    shop.apply(announced(1), received(), inspected({"1": (1, 0, 0)}))

    assert Stock(on_hand=1, reserved=0, available=1) == shop.stock("hat", "L")
    assert Stock(on_hand=2, reserved=0, available=2) == shop.stock("shirt", "L")


@pytest.mark.parametrize("found", [(0, 3, 0), (0, 0, 3), (0, 1, 2)])
def test_damaged_and_missing_units_never_become_stock(found: tuple[int, int, int]) -> None:
    shop = shipped()

    shop.apply(announced(), received(), inspected({"1": found}))

    assert Stock(on_hand=0, reserved=0, available=0) == shop.stock("hat", "L")


def test_a_return_does_not_open_the_order_again() -> None:
    shop = shipped()

    shop.apply(announced(), received(), inspected())

    assert (State.SHIPPED, ReturnState.INSPECTED) == (shop.order().state, shop.order().returns[0].state)


def test_goods_of_a_cancelled_order_come_back_by_a_return_alone() -> None:
    shop = shipped()
    shop.apply(cancelled())

    shop.apply(announced(5), received("M"), inspected({"1": (5, 0, 0)}, bin=PICKING))

    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("hat")


# Each step once


@pytest.mark.parametrize("again", [announced(), received(), inspected()])
def test_each_step_reported_again_changes_nothing(again: OrderInput) -> None:
    shop = shipped()
    shop.apply(announced(), received(), inspected())

    assert Outcome.DUPLICATE == shop.apply(again)
    assert Stock(on_hand=2, reserved=0, available=2) == shop.stock("hat", "L")


@pytest.mark.parametrize(
    "other", [announced(2), received("M"), inspected({"1": (3, 0, 0)})], ids=["announced", "received", "inspected"]
)
def test_a_step_reported_otherwise_the_second_time_is_a_conflict(other: OrderInput) -> None:
    shop = shipped()
    shop.apply(announced(), received(), inspected())

    with pytest.raises(Conflict):
        shop.apply(other)


def test_nothing_is_inspected_before_it_was_received() -> None:
    shop = shipped()
    shop.apply(announced())

    with pytest.raises(Conflict, match="not been received"):
        shop.apply(inspected())


@pytest.mark.parametrize("order_input", [received(), inspected()])
def test_a_return_that_was_not_announced_does_not_exist(order_input: OrderInput) -> None:
    with pytest.raises(NotFound, match="return 'r1'"):
        shipped().apply(order_input)


def test_a_place_or_a_bin_that_does_not_exist_receives_nothing() -> None:
    shop = shipped()
    shop.apply(announced())

    with pytest.raises(MissingReference, match="location: 'Mars'"):
        shop.apply(received("Mars"))
    shop.apply(received())
    with pytest.raises(MissingReference, match="bin: 'B9'"):
        shop.apply(inspected(bin="B9"))


def test_an_order_known_by_its_shipments_alone_takes_no_return_yet() -> None:
    shop = shipped()
    shop.apply(shipment_notice({"hat": 1}, external_id="2"), RetryOrder("web", "2"))

    with pytest.raises(Conflict, match="the order itself comes first"):
        shop.apply(ReturnAnnounced(channel="web", external_id="2", return_id="r1", lines={"hat": 1}))


# Quantities


@pytest.mark.parametrize("units", [6, 0, -1])
def test_more_than_was_shipped_or_less_than_one_is_no_return(units: int) -> None:
    with pytest.raises(InvalidInput, match=f"must be 1 to 5.*got {units}"):
        shipped().apply(announced(units))


def test_two_returns_together_hold_no_more_than_was_shipped() -> None:
    shop = shipped()
    shop.apply(announced(3))

    with pytest.raises(InvalidInput, match="must be 1 to 2"):
        shop.apply(announced(3, "r2"))
    assert Outcome.UPDATED is shop.apply(announced(2, "r2"))


def test_what_was_voided_was_not_shipped() -> None:
    shop = shipped()
    shop.apply(voided())

    with pytest.raises(InvalidInput):
        shop.apply(announced(1))


@pytest.mark.parametrize("lines", [{}, {"7": 1}])
def test_a_return_names_lines_that_were_shipped(lines: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        shipped().apply(ReturnAnnounced(channel="web", external_id="1", return_id="r1", lines=lines))


@pytest.mark.parametrize(
    "found", [{"1": (2, 0, 0)}, {"1": (4, 0, 0)}, {"1": (4, -1, 0)}, {"1": (3, 0, 0), "2": (1, 0, 0)}]
)
def test_an_inspection_accounts_for_exactly_what_was_announced(found: Found) -> None:
    shop = shipped()
    shop.apply(announced(), received())

    with pytest.raises(InvalidInput, match="lines"):
        shop.apply(inspected(found))
    assert Stock(on_hand=0, reserved=0, available=0) == shop.stock("hat", "L")


def test_an_order_has_a_limited_number_of_returns() -> None:
    shop = shipped(10)
    order = shop.order()
    one = announced(1)
    shop.apply(one)
    many = tuple(shop.order().returns) * RETURNS_MAX
    shop.orders[order.order_id] = type(order)(
        channel=order.channel,
        external_id=order.external_id,
        state=order.state,
        revision=order.revision,
        returns=many,
        rev=99,
    )

    with pytest.raises(Conflict, match=f"at most {RETURNS_MAX}"):
        shop.preview(announced(1, "r2"))
