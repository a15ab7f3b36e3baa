"""Import switched off: orders are known and deduct nothing. Switched on: a person says which are applied."""

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import ConfirmOrder, OrderInput, PaymentReceived, RetryOrder
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Sku
from lastunit.domain.stock.levels import Adjustment, Place, Transfer
from lastunit.domain.stock.levels import AdjustmentReason as Cause
from tests.support.orders.inputs import cancelled, shipment_notice, sold, voided
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import PICKING, STORAGE, Stock, level_in_bins

CONFIRM = ConfirmOrder("web", "1")


def open_shop(*, imports: bool = False, units: int = 10) -> OrderScenario:
    channel = Channel(name="web", kind="generic", import_orders=imports)
    return OrderScenario(
        {LevelKey("hat", "M"): level_in_bins("hat", "M", picking=units)}, {"hat": Sku(sku="hat")}, channel
    )


def test_an_imported_order_is_deducted_by_the_hub() -> None:
    """Rule 1.2-1."""
    shop = open_shop(imports=True)

    shop.apply(sold({"hat": 4}))

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=10, reserved=4, available=6) == shop.stock("hat")


def test_with_import_off_an_order_is_recorded_says_why_and_deducts_nothing() -> None:
    """Rules 1.2-4 and 1.2-5."""
    shop = open_shop()

    outcome = shop.apply(sold({"hat": 4}))

    assert Outcome.RECORDED == outcome
    assert OrderReason.IMPORT_OFF == shop.order().reason
    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("hat")
    assert shop.now == shop.order().waiting_since


def test_with_import_off_stock_can_still_be_changed_by_hand() -> None:
    """Rules 1.2-5 and 1.2-8: then quantities come from another source."""
    shop = open_shop()
    shop.apply(sold({"hat": 4}))

    shop.adjust(Adjustment(operation="a1", reason=Cause.CORRECT, sku="hat", location="M", delta=-4, bin=PICKING))
    shop.adjust(
        Transfer(operation="t1", sku="hat", quantity=1, source=Place("M", PICKING), destination=Place("M", STORAGE))
    )

    assert Stock(on_hand=6, reserved=0, available=6) == shop.stock("hat")
    assert {PICKING: 5, STORAGE: 1, "": 0} == shop.bins("hat")


def test_edits_and_repeats_keep_it_recorded() -> None:
    shop = open_shop()

    outcomes = [shop.apply(sold({"hat": units}, revision=rev)) for units, rev in ((4, "1"), (4, "1"), (5, "2"))]

    assert [Outcome.RECORDED, Outcome.DUPLICATE, Outcome.RECORDED] == outcomes
    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("hat")


def test_a_recorded_order_that_is_cancelled_gives_nothing_back() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), cancelled())

    assert State.CANCELLED == shop.order().state
    assert Stock(on_hand=10, reserved=0, available=10) == shop.stock("hat")


def test_switched_on_again_what_was_recorded_waits_for_a_confirmation() -> None:
    """Rule 1.2-14: also when the channel tells of the order again or changes it."""
    shop = open_shop()
    shop.apply(sold({"hat": 4}))
    shop.switch_import(imports=True)

    shop.apply(sold({"hat": 4}), sold({"hat": 5}, revision="2"))
    waiting = shop.order().state, shop.stock("hat")
    outcome = shop.apply(CONFIRM)

    assert (State.RECORDED, Stock(on_hand=10, reserved=0, available=10)) == waiting
    assert Outcome.RESERVED == outcome
    assert Stock(on_hand=10, reserved=5, available=5) == shop.stock("hat")


def test_a_confirmation_counts_once() -> None:
    """Rule 1.2-14."""
    shop = open_shop()

    shop.apply(sold({"hat": 4}), CONFIRM)

    assert Outcome.DUPLICATE == shop.apply(CONFIRM)
    assert Stock(on_hand=10, reserved=4, available=6) == shop.stock("hat")


def test_what_cannot_be_covered_when_it_is_confirmed_becomes_a_request() -> None:
    shop = open_shop(units=3)

    shop.apply(sold({"hat": 4}), CONFIRM)

    assert State.REQUESTED == shop.order().state
    assert Stock(on_hand=3, reserved=0, available=3) == shop.stock("hat")


@pytest.mark.parametrize("first", [True, False], ids=["shipment first", "order first"])
def test_a_shipment_with_import_off_deducts_nothing_until_its_order_is_confirmed(*, first: bool) -> None:
    """Promise 3: in whatever order they come."""
    shop = open_shop()
    order_inputs: list[OrderInput] = [sold({"hat": 4}), shipment_notice({"hat": 3})]

    shop.apply(*reversed(order_inputs) if first else order_inputs)
    waiting = shop.order().state, shop.stock("hat")
    shop.apply(CONFIRM)

    assert (State.RECORDED, Stock(on_hand=10, reserved=0, available=10)) == waiting
    assert Stock(on_hand=7, reserved=1, available=6) == shop.stock("hat")
    assert State.PARTLY_SHIPPED is shop.order().state


def test_a_shipment_voided_with_import_off_never_leaves() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), shipment_notice({"hat": 3}), voided(), CONFIRM)

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=10, reserved=4, available=6) == shop.stock("hat")


def test_a_recorded_order_may_be_paid_and_then_confirmed() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}), PaymentReceived("web", "1"), CONFIRM)

    assert (State.RESERVED, True) == (shop.order().state, shop.order().paid)


def test_a_retry_confirms_nothing() -> None:
    shop = open_shop()

    shop.apply(sold({"hat": 4}))

    assert (Outcome.DUPLICATE, State.RECORDED) == (shop.apply(RetryOrder("web", "1")), shop.order().state)


def test_an_order_that_was_reserved_before_the_switch_stays_reserved_and_can_be_changed() -> None:
    shop = open_shop(imports=True)
    shop.apply(sold({"hat": 4}))
    shop.switch_import(imports=False)

    shop.apply(sold({"hat": 5}, revision="2"))

    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=10, reserved=5, available=5) == shop.stock("hat")


def test_an_exception_whose_units_have_left_is_not_turned_into_a_mere_record() -> None:
    shop = open_shop(imports=True)
    shop.apply(sold({"hat": 2, "mystery": 1}), shipment_notice({"hat": 2}))
    shop.switch_import(imports=False)

    shop.apply(sold({"hat": 3, "mystery": 1}, revision="2"))

    assert State.EXCEPTION == shop.order().state
    assert Stock(on_hand=8, reserved=0, available=8) == shop.stock("hat")


def test_the_own_store_that_waits_for_an_answer_is_no_import() -> None:
    shop = open_shop()

    outcome = shop.apply(sold({"hat": 4}), instant=True)

    assert Outcome.RESERVED == outcome
    assert Stock(on_hand=10, reserved=4, available=6) == shop.stock("hat")
