"""Lines that need no stock: tips, gift cards, fees. Their order is reserved as if they did not exist."""

from dataclasses import replace

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.change import OrderChange
from lastunit.domain.orders.context import Outcome
from lastunit.domain.orders.inbound import ShipmentNotice, ShippedLine
from lastunit.domain.orders.order import Order
from lastunit.domain.orders.snapshot import OrderSnapshot, SnapshotLine
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Alias, Sku
from tests.support.orders.inputs import accept, cancelled, lines, retry, shipment_notice, sold, voided
from tests.support.orders.order_scenario import OrderScenario
from tests.support.stock.levels import Stock, level_in_bins

WHOLE, HELD, LEFT = (
    Stock(on_hand=10, reserved=0, available=10),
    Stock(on_hand=10, reserved=4, available=6),
    Stock(on_hand=6, reserved=0, available=6),
)
HATS = {"hat": 4}


def open_shop(*patterns: str) -> OrderScenario:
    """10 hats, and an untracked SKU `fee`; names of these patterns need no stock."""
    items = {"hat": Sku(sku="hat"), "fee": Sku(sku="fee", tracked=False)}
    channel = Channel(name="web", kind="generic", no_stock_names=patterns)
    return OrderScenario({LevelKey("hat", "M"): level_in_bins("hat", "M", picking=10)}, items, channel)


def with_tip(
    units: dict[str, int] | None = None, *, revision: str = "1", name: str = "line:9", tips: int = 1
) -> OrderSnapshot:
    """The hats, if any, and a line of which the channel says that it needs no stock."""
    goods = lines(HATS if units is None else units)
    tip = SnapshotLine("t", (name,), tips, no_stock=True)
    return replace(sold(HATS, revision=revision), lines=(*goods, tip))


def parcel(*shipped: ShippedLine, shipment_id: str = "s1") -> ShipmentNotice:
    return ShipmentNotice(channel="web", external_id="1", shipment_id=shipment_id, lines=shipped)


TIP, FOUR_HATS = ShippedLine(1, line_id="t"), ShippedLine(4, line_id="1")


# Who says so


def test_the_channel_says_that_a_line_needs_no_stock() -> None:
    shop = open_shop()

    outcome = shop.apply(with_tip())

    assert (Outcome.RESERVED, HELD) == (outcome, shop.stock("hat"))
    assert [False, True] == [line.no_stock for line in shop.order().lines]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("TIP", "TIP"), ("tip", "TIP"), ("engraving*", "Engraving 12"), ("*-fee", "express-fee"), ("a*c*e", "abcde")],
)
def test_a_person_lists_names_that_need_no_stock(pattern: str, name: str) -> None:
    shop = open_shop("other", pattern)

    outcome = shop.apply(sold({"hat": 4, name: 2}))

    assert (Outcome.RESERVED, HELD) == (outcome, shop.stock("hat"))


@pytest.mark.parametrize(("pattern", "name"), [("TIP", "TIPS"), ("a.c", "abc"), ("*-fee", "fee-1"), ("[a]*", "a")])
def test_a_name_that_fits_no_pattern_is_unknown(pattern: str, name: str) -> None:
    assert Outcome.EXCEPTION == open_shop(pattern).apply(sold({"hat": 4, name: 2}))


def test_a_name_of_an_untracked_sku_needs_no_stock() -> None:
    shop = open_shop()
    shop.names["insurance"] = Alias("insurance", "fee", "insurance")

    outcome = shop.apply(sold({"hat": 4, "insurance": 1, "fee": 2}))

    assert (Outcome.RESERVED, HELD) == (outcome, shop.stock("hat"))


def test_a_tracked_sku_is_goods_whatever_else_is_said_of_it() -> None:
    """A voucher of which there are ten is counted, though its channel ships nothing for it."""
    shop = open_shop("hat")

    shop.apply(replace(sold(HATS), lines=(SnapshotLine("1", ("hat",), 4, no_stock=True),)))

    assert HELD == shop.stock("hat")


def test_a_name_listed_later_lets_the_waiting_order_be_retried() -> None:
    shop = open_shop()
    shop.apply(sold({"hat": 4, "express-fee": 1}))
    shop.channel = replace(shop.channel, no_stock_names=("*-fee",))

    outcome = shop.apply(retry())

    assert (Outcome.RESERVED, HELD) == (outcome, shop.stock("hat"))


def test_what_a_later_version_leaves_unsaid_it_does_not_deny() -> None:
    shop = open_shop()
    shop.apply(with_tip({}))

    outcome = shop.apply(_unsaid(revision="2"))

    assert (Outcome.RESERVED, HELD) == (outcome, shop.stock("hat"))


def _unsaid(revision: str) -> OrderSnapshot:
    """With the tip on a line of which nothing is said any more."""
    whole = with_tip(revision=revision)
    return replace(whole, lines=tuple(replace(line, no_stock=False) for line in whole.lines))


# The order's life


def test_the_channel_is_counted_no_sales_of_it() -> None:
    shop = open_shop()

    decided = shop.preview(with_tip())

    assert isinstance(decided.change, OrderChange)
    assert {("hat", "hat"): 4} == decided.change.listings()


def test_an_order_of_nothing_else_is_complete_at_once() -> None:
    shop = open_shop()

    outcome = shop.apply(with_tip({}))

    assert (Outcome.SHIPPED, OrderReason.NOTHING_TO_DELIVER) == (outcome, shop.order().reason)


@pytest.mark.parametrize(("units", "expected"), [(4, HELD), (12, WHOLE)])
def test_goods_added_to_such_an_order_are_placed(units: int, expected: Stock) -> None:
    shop = open_shop()
    shop.apply(with_tip({}))

    shop.apply(with_tip({"hat": units}, revision="2"))

    assert expected == shop.stock("hat")


def test_such_an_order_is_cancelled_as_any_other() -> None:
    shop = open_shop()
    shop.apply(with_tip({}))

    assert Outcome.CANCELLED == shop.apply(cancelled())
    assert State.CANCELLED is shop.order().state


def test_goods_that_are_edited_out_are_released_and_the_rest_is_complete() -> None:
    shop = open_shop()
    shop.apply(with_tip())

    outcome = shop.apply(with_tip({"hat": 0}, revision="2"))

    assert (Outcome.SHIPPED, WHOLE) == (outcome, shop.stock("hat"))


@pytest.mark.parametrize("tips", [0, 3])
def test_an_edit_of_such_a_line_moves_nothing(tips: int) -> None:
    shop = open_shop()
    shop.apply(with_tip())

    shop.apply(with_tip(revision="2", tips=tips))

    assert (State.RESERVED, HELD) == (shop.order().state, shop.stock("hat"))


def test_a_request_is_decided_by_its_goods() -> None:
    shop = open_shop()
    shop.apply(with_tip({"hat": 12}))

    outcome = shop.apply(accept({"1": 4}))

    assert (Outcome.RESERVED, HELD) == (outcome, shop.stock("hat"))


# Parcels


@pytest.mark.parametrize("shipped", [(FOUR_HATS, TIP), (FOUR_HATS,)], ids=["named", "left out"])
def test_a_parcel_books_its_goods_whether_it_names_the_line_or_not(shipped: tuple[ShippedLine, ...]) -> None:
    shop = open_shop()
    shop.apply(with_tip())

    outcome = shop.apply(parcel(*shipped))

    assert (Outcome.SHIPPED, LEFT) == (outcome, shop.stock("hat"))
    assert {"1": 4} == shop.order().shipments[0].lines


def test_a_parcel_of_such_a_line_alone_changes_nothing_but_is_known() -> None:
    shop = open_shop()
    shop.apply(with_tip())

    first, second = shop.apply(parcel(TIP)), shop.apply(parcel(TIP))

    assert (Outcome.RESERVED, Outcome.DUPLICATE, HELD) == (first, second, shop.stock("hat"))


def test_the_goods_leave_after_such_a_parcel() -> None:
    shop = open_shop()

    shop.apply(with_tip(), parcel(TIP), parcel(FOUR_HATS, shipment_id="s2"))

    assert (State.SHIPPED, LEFT) == (shop.order().state, shop.stock("hat"))


@pytest.mark.parametrize("name", ["express-fee", "fee"])
def test_a_parcel_may_name_what_is_on_no_order_if_it_needs_no_stock(name: str) -> None:
    """A shipping platform adds lines of its own, such as insurance."""
    shop = open_shop("*-fee")

    shop.apply(sold(HATS), shipment_notice({"hat": 4, name: 1}))

    assert (State.SHIPPED, LEFT) == (shop.order().state, shop.stock("hat"))


@pytest.mark.parametrize("ends", [[voided()], [voided(), cancelled()]], ids=["voided", "cancelled too"])
def test_a_voided_parcel_of_such_a_line_gives_nothing_back(ends: list[ShipmentNotice | OrderSnapshot]) -> None:
    shop = open_shop()
    shop.apply(with_tip({}), parcel(TIP))

    shop.apply(*ends)

    expected = State.CANCELLED if len(ends) > 1 else State.SHIPPED
    assert (expected, WHOLE) == (shop.order().state, shop.stock("hat"))


def test_a_parcel_of_such_a_line_after_the_cancel_disturbs_nobody() -> None:
    """Digital goods are delivered within seconds, and the report of it may be late."""
    shop = open_shop()

    shop.apply(with_tip(), cancelled(), parcel(TIP))

    assert (State.CANCELLED, WHOLE) == (shop.order().state, shop.stock("hat"))


def test_a_parcel_before_its_order_waits_for_the_line_to_be_known() -> None:
    shop = open_shop()

    shop.apply(parcel(FOUR_HATS, TIP), with_tip())

    assert (State.SHIPPED, LEFT) == (shop.order().state, shop.stock("hat"))


def test_shipments_known_before_their_order_are_booked_anew_without_such_lines() -> None:
    shop = open_shop("*-fee")

    shop.apply(shipment_notice({"hat": 4, "x-fee": 1}), retry(), shipment_notice({"x-fee": 1}, shipment_id="s2"))
    shop.apply(retry(), with_tip())

    assert (State.SHIPPED, LEFT) == (shop.order().state, shop.stock("hat"))


def test_an_order_keeps_goods_as_goods_whatever_becomes_of_their_sku() -> None:
    """The recipe of a line stays as it stood when the order came."""
    shop = open_shop()
    shop.apply(sold(HATS))
    shop.items["hat"] = Sku(sku="hat", tracked=False)

    shop.apply(shipment_notice(HATS))

    order: Order = shop.order()
    assert (State.SHIPPED, LEFT) == (order.state, shop.stock("hat"))
