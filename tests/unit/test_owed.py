"""What escrow must know of orders beside their stock: units nobody promised yet, and units put back on a shelf."""

from dataclasses import replace

import pytest

from lastunit.domain.catalogue import Alias
from lastunit.domain.channels import Channel
from lastunit.domain.facts import Answer
from lastunit.domain.groups import group
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import owed_on_channel, sold_on_channel
from tests.fakes import Shop, again, cancelled, sold

SHIRT = ("shirt", "web", "shirt")


def owed(shop: Shop) -> int:
    """As the writes so far have counted it."""
    return sum(written.owed.get(SHIRT, 0) for written in shop.book.written)


def mixed_order() -> Shop:
    """2 shirts and something nobody knows yet."""
    shop = Shop({("shirt", "M"): 5})
    shop.tell(sold({"shirt": 2, "OLD-NAME": 1}))
    return shop


def test_the_known_lines_of_an_order_that_waits_are_owed() -> None:
    shop = mixed_order()

    assert (State.EXCEPTION, {("shirt", "M"): 5}, 2) == (shop.order().state, shop.left(), owed(shop))


def test_an_order_that_begins_to_wait_makes_plans_void() -> None:
    """Promise 7: no level falls with it, and yet its units are nobody's to show any more."""
    shop = mixed_order()

    shop.tell(cancelled())

    assert [frozenset({"shirt"}), frozenset()] == [written.grown for written in shop.book.written]


def test_what_is_promised_is_owed_no_more() -> None:
    shop = mixed_order()
    shop.aliases.append(Alias("OLD-NAME", "shirt", "shirt"))

    shop.tell(again())

    assert (State.RESERVED, {2}, 0) == (shop.order().state, {shop.left()["shirt", "M"]}, owed(shop))


def test_a_cancelled_order_owes_nothing() -> None:
    shop = mixed_order()

    shop.tell(cancelled())

    assert (State.CANCELLED, 0) == (shop.order().state, owed(shop))


def test_orders_of_a_channel_whose_import_is_off_are_owed_until_they_are_applied() -> None:
    shop = Shop({("shirt", "M"): 5}, channel=Channel("web", "generic", imports=False))

    shop.tell(sold({"shirt": 2}))

    assert (State.RECORDED, 2) == (shop.order().state, owed(shop))


@pytest.mark.parametrize("units", [2, 9])
def test_an_order_that_stock_was_asked_for_owes_nothing(units: int) -> None:
    """Reserved, or asked for beyond what was shown: nobody has been sold a unit that is not his."""
    shop = Shop({("shirt", "M"): 5}, channel=Channel("web", "generic", takes_requests=True))

    shop.tell(sold({"shirt": units}))

    assert not owed_on_channel(shop.order())


def test_an_order_for_a_shown_number_that_stock_cannot_cover_is_owed() -> None:
    """It came before the cancel whose unit it sold again: that unit is nobody else's when the cancel brings it."""
    shop = Shop({("shirt", "M"): 5})

    shop.tell(sold({"shirt": 9}))

    assert (State.REQUESTED, 9) == (shop.order().state, owed(shop))


def test_units_that_somebody_accepted_and_that_have_not_arrived_are_owed() -> None:
    shop = Shop({("shirt", "M"): 5}, channel=Channel("web", "generic", takes_requests=True))
    shop.tell(sold({"shirt": 9}))

    shop.tell(Answer("web", "1", True, "Ann"))

    assert (State.PROMISED, 4) == (shop.order().state, owed(shop))


def test_a_kit_is_owed_as_often_as_its_scarcest_component_lacks() -> None:
    channel = Channel("web", "generic", takes_requests=True)
    shop = Shop({("shirt", "M"): 5, ("hat", "M"): 1}, kits={"set": {"shirt": 1, "hat": 2}}, channel=channel)
    shop.tell(sold({"set": 3}))

    shop.tell(Answer("web", "1", True, "Ann"))

    assert {("set", "set"): 3} == owed_on_channel(shop.order())


def test_a_group_writes_a_listing_once_for_both_counts() -> None:
    shop = mixed_order()
    written = group(shop.book.written[0].changes)

    assert ([SHIRT], 2, 2) == (written.listed, written.listings[SHIRT], written.owed[SHIRT])


# Units that a channel put back on its own shelf


def regrown(shop: Shop) -> int:
    return sum(written.regrown.get(SHIRT, 0) for written in shop.book.written)


def test_a_cancel_that_restocked_is_counted_and_makes_plans_void() -> None:
    shop = Shop({("shirt", "M"): 5})
    shop.tell(sold({"shirt": 2}))

    shop.tell(cancelled(restocked=True))

    assert (2, frozenset({"shirt"})) == (regrown(shop), shop.book.written[-1].grown)


def test_a_cancel_that_left_the_shelf_alone_is_not() -> None:
    shop = Shop({("shirt", "M"): 5})
    shop.tell(sold({"shirt": 2}))

    shop.tell(cancelled())

    assert (0, frozenset()) == (regrown(shop), shop.book.written[-1].grown)


def test_neither_is_a_line_cancelled_for_good() -> None:
    """eBay lists the order's line as before, and its number stays where the sale left it."""
    shop = Shop({("shirt", "M"): 5, ("hat", "M"): 5})
    shop.tell(sold({"shirt": 2, "hat": 1}))

    shop.tell(replace(sold({"shirt": 2, "hat": 1}, revision="2"), cancelled_lines=("1",)))

    assert (0, {("shirt", "shirt"): 2, ("hat", "hat"): 1}) == (regrown(shop), sold_on_channel(shop.order()))


def test_a_line_first_heard_of_when_it_was_cancelled_was_sold_all_the_same() -> None:
    shop = Shop({("shirt", "M"): 5, ("hat", "M"): 5})

    shop.tell(replace(sold({"shirt": 2, "hat": 1}), cancelled_lines=("1",)))

    assert {("shirt", "shirt"): 2, ("hat", "hat"): 1} == sold_on_channel(shop.order())


def test_an_edit_that_takes_units_off_an_order_is_counted() -> None:
    shop = Shop({("shirt", "M"): 5})
    shop.tell(sold({"shirt": 3}))

    shop.tell(sold({"shirt": 1}, revision="2"))

    assert 2 == regrown(shop)


def test_what_was_sold_and_put_back_is_counted_though_both_are_told_at_once() -> None:
    """The sales cancel out, and the shelf was lower in between all the same."""
    shop = Shop({("shirt", "M"): 5})

    shop.tell(sold({"shirt": 3}), sold({"shirt": 1}, revision="2"), cancelled(revision="3", restocked=True))

    assert (3, 0) == (regrown(shop), sum(written.listings.get(SHIRT, 0) for written in shop.book.written))


def test_a_kit_that_was_put_back_makes_plans_of_its_components_void() -> None:
    shop = Shop({("shirt", "M"): 5, ("hat", "M"): 5}, kits={"set": {"shirt": 1, "hat": 2}})
    shop.tell(sold({"set": 1}))

    shop.tell(cancelled(restocked=True))

    assert frozenset({"shirt", "hat"}) == shop.book.written[-1].grown
