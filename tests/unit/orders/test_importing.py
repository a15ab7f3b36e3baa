"""An imported order: its SKUs are checked, a place is assigned that can be seen, and stock is deducted there."""

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.inbound import RetryOrder
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Alias, Sku
from lastunit.domain.stock.routing import Policy
from tests.support.orders.inputs import sold
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import Stock, level_in_bins


def open_shop() -> OrderScenario:
    """M is the first choice, L the second. A cap is a hat under another SKU."""
    levels = [
        level_in_bins("hat", "M", picking=1),
        level_in_bins("hat", "L", picking=5),
        level_in_bins("shirt", "M", picking=4),
        level_in_bins("shirt", "L", picking=9),
    ]
    items = {"hat": Sku(sku="hat"), "shirt": Sku(sku="shirt"), "cap": Sku(sku="cap", recipe={"hat": 1})}
    channel = Channel(name="web", kind="generic", policy=Policy.PRIORITY)
    return OrderScenario({LevelKey(level.sku, level.location): level for level in levels}, items, channel)


def places(shop: OrderScenario) -> list[tuple[str, str, int]]:
    return [(held.sku, held.location, held.quantity) for held in shop.order().allocations]


def test_the_first_choice_with_the_units_is_assigned_and_deducted() -> None:
    """Rules 1.2-6 and 1.2-9: although the second choice has more."""
    shop = open_shop()

    shop.apply(sold({"shirt": 3}))

    assert [("shirt", "M", 3)] == places(shop)
    assert Stock(on_hand=4, reserved=3, available=1) == shop.stock("shirt", "M")


def test_having_some_of_a_line_is_not_having_it() -> None:
    """Rule 1.2-10: an order of 3; the first choice has 1, the second 5."""
    shop = open_shop()

    shop.apply(sold({"hat": 3}))

    assert [("hat", "L", 3)] == places(shop)


def test_each_line_has_its_own_place() -> None:
    """Rule 1.2-12."""
    shop = open_shop()

    shop.apply(sold({"hat": 3, "shirt": 3}))

    assert [("hat", "L", 3), ("shirt", "M", 3)] == places(shop)


def test_the_place_and_what_was_seen_there_can_be_looked_up_at_any_time() -> None:
    """Rule 1.2-7: the decision is kept with the stock it saw and the rules that chose."""
    shop = open_shop()

    shop.apply(sold({"hat": 3}))

    decision = shop.order().routing
    assert decision is not None
    assert ("priority", ("M", "L"), {"hat": {"M": 1, "L": 5}}) == (
        decision.policy,
        decision.candidates,
        decision.saw,
    )
    assert "priority: highest rank with enough" == shop.order().allocations[0].rule


def test_another_sku_for_the_same_goods_takes_them_through_its_kit() -> None:
    """Rule 1.2-3."""
    shop = open_shop()

    shop.apply(sold({"cap": 1}))

    assert Stock(on_hand=1, reserved=1, available=0) == shop.stock("hat", "M")


def test_an_unknown_sku_keeps_the_whole_order_until_its_alias_is_known() -> None:
    """Rule 1.2-15: nothing is lost, and nothing is deducted by half."""
    shop = open_shop()
    shop.apply(sold({"shirt": 2, "TSHIRT": 1}))
    waiting = shop.order().state, shop.order().reason, shop.stock("shirt", "M")

    shop.names["TSHIRT"] = Alias("TSHIRT", "shirt", "shirt")
    shop.apply(RetryOrder("web", "1"))

    assert (State.EXCEPTION, OrderReason.UNKNOWN_SKU, Stock(on_hand=4, reserved=0, available=4)) == waiting
    assert State.RESERVED == shop.order().state
    assert Stock(on_hand=4, reserved=3, available=1) == shop.stock("shirt", "M")
