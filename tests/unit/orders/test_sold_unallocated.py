"""What escrow must know of orders beside their stock: units nobody promised yet, and units put back on a shelf."""

from dataclasses import replace

import pytest

from lastunit.domain.channel import Channel
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.orders.channel_counts import sold_on_channel, sold_unallocated
from lastunit.domain.orders.commit_groups import commit_group
from lastunit.domain.orders.inbound import DecideRequest
from lastunit.domain.orders.states import State
from lastunit.domain.stock.catalogue import Alias
from tests.support.orders.inputs import cancelled, retry, sold
from tests.support.orders.order_shop import OrderShop

SHIRT = ListingKey("shirt", "web", "shirt")


def unallocated(shop: OrderShop) -> int:
    """As the writes so far have counted it."""
    return sum(written.sold_unallocated.get(SHIRT, 0) for written in shop.order_store.written)


def mixed_order() -> OrderShop:
    """2 shirts and something nobody knows yet."""
    shop = OrderShop({LevelKey("shirt", "M"): 5})
    shop.apply(sold({"shirt": 2, "OLD-NAME": 1}))
    return shop


def test_the_known_lines_of_an_order_that_waits_are_unallocated() -> None:
    shop = mixed_order()

    assert (State.EXCEPTION, {("shirt", "M"): 5}, 2) == (shop.order().state, shop.available(), unallocated(shop))


def test_an_order_that_begins_to_wait_makes_plans_void() -> None:
    """Promise 7: no level falls with it, and yet its units are nobody's to show any more."""
    shop = mixed_order()

    shop.apply(cancelled())

    assert [frozenset({"shirt"}), frozenset()] == [written.skus_losing_room for written in shop.order_store.written]


def test_what_is_backordered_is_unallocated_no_more() -> None:
    shop = mixed_order()
    shop.aliases.append(Alias("OLD-NAME", "shirt", "shirt"))

    shop.apply(retry())

    assert (State.RESERVED, {2}, 0) == (
        shop.order().state,
        {shop.available()[LevelKey("shirt", "M")]},
        unallocated(shop),
    )


def test_a_cancelled_order_owes_nothing() -> None:
    shop = mixed_order()

    shop.apply(cancelled())

    assert (State.CANCELLED, 0) == (shop.order().state, unallocated(shop))


def test_orders_of_a_channel_whose_import_is_off_are_unallocated_until_they_are_applied() -> None:
    shop = OrderShop({LevelKey("shirt", "M"): 5}, channel=Channel(name="web", kind="generic", import_orders=False))

    shop.apply(sold({"shirt": 2}))

    assert (State.RECORDED, 2) == (shop.order().state, unallocated(shop))


@pytest.mark.parametrize("units", [2, 9])
def test_an_order_that_stock_was_asked_for_owes_nothing(units: int) -> None:
    """Reserved, or asked for beyond what was shown: nobody has been sold a unit that is not his."""
    shop = OrderShop({LevelKey("shirt", "M"): 5}, channel=Channel(name="web", kind="generic", takes_requests=True))

    shop.apply(sold({"shirt": units}))

    assert not sold_unallocated(shop.order())


def test_an_order_for_a_shown_number_that_stock_cannot_cover_is_sold_unallocated() -> None:
    """It came before the cancel whose unit it sold again: that unit is nobody else's when the cancel brings it."""
    shop = OrderShop({LevelKey("shirt", "M"): 5})

    shop.apply(sold({"shirt": 9}))

    assert (State.REQUESTED, 9) == (shop.order().state, unallocated(shop))


def test_units_that_were_accepted_and_have_not_arrived_are_sold_unallocated() -> None:
    shop = OrderShop({LevelKey("shirt", "M"): 5}, channel=Channel(name="web", kind="generic", takes_requests=True))
    shop.apply(sold({"shirt": 9}))

    shop.apply(DecideRequest(channel="web", external_id="1", accept=True, by="Ann"))

    assert (State.BACKORDERED, 4) == (shop.order().state, unallocated(shop))


def test_a_kit_is_unallocated_as_often_as_its_scarcest_component_lacks() -> None:
    channel = Channel(name="web", kind="generic", takes_requests=True)
    shop = OrderShop(
        {LevelKey("shirt", "M"): 5, LevelKey("hat", "M"): 1}, kits={"set": {"shirt": 1, "hat": 2}}, channel=channel
    )
    shop.apply(sold({"set": 3}))

    shop.apply(DecideRequest(channel="web", external_id="1", accept=True, by="Ann"))

    assert {("set", "set"): 3} == sold_unallocated(shop.order())


def test_a_group_writes_a_listing_once_for_both_counts() -> None:
    shop = mixed_order()
    written = commit_group(shop.order_store.written[0].changes)

    assert ([SHIRT], 2, 2) == (written.listed, written.listings[SHIRT], written.sold_unallocated[SHIRT])


# Units that a channel put back on its own shelf


def restocked(shop: OrderShop) -> int:
    return sum(written.restocked_by_channel.get(SHIRT, 0) for written in shop.order_store.written)


def test_a_cancel_that_restocked_is_counted_and_makes_plans_void() -> None:
    shop = OrderShop({LevelKey("shirt", "M"): 5})
    shop.apply(sold({"shirt": 2}))

    shop.apply(cancelled(restocked=True))

    assert (2, frozenset({"shirt"})) == (restocked(shop), shop.order_store.written[-1].skus_losing_room)


def test_a_cancel_that_left_the_shelf_alone_is_not() -> None:
    shop = OrderShop({LevelKey("shirt", "M"): 5})
    shop.apply(sold({"shirt": 2}))

    shop.apply(cancelled())

    assert (0, frozenset()) == (restocked(shop), shop.order_store.written[-1].skus_losing_room)


def test_neither_is_a_line_cancelled_for_good() -> None:
    """eBay lists the order's line as before, and its number stays where the sale left it."""
    shop = OrderShop({LevelKey("shirt", "M"): 5, LevelKey("hat", "M"): 5})
    shop.apply(sold({"shirt": 2, "hat": 1}))

    shop.apply(replace(sold({"shirt": 2, "hat": 1}, revision="2"), cancelled_lines=("1",)))

    assert (0, {("shirt", "shirt"): 2, ("hat", "hat"): 1}) == (restocked(shop), sold_on_channel(shop.order()))


def test_a_line_first_reported_when_it_was_cancelled_was_sold_all_the_same() -> None:
    shop = OrderShop({LevelKey("shirt", "M"): 5, LevelKey("hat", "M"): 5})

    shop.apply(replace(sold({"shirt": 2, "hat": 1}), cancelled_lines=("1",)))

    assert {("shirt", "shirt"): 2, ("hat", "hat"): 1} == sold_on_channel(shop.order())


def test_an_edit_that_takes_units_off_an_order_is_counted() -> None:
    shop = OrderShop({LevelKey("shirt", "M"): 5})
    shop.apply(sold({"shirt": 3}))

    shop.apply(sold({"shirt": 1}, revision="2"))

    assert 2 == restocked(shop)


def test_what_was_sold_and_put_back_is_counted_though_both_are_reported_at_once() -> None:
    """The sales cancel out, and the shelf was lower in between all the same."""
    shop = OrderShop({LevelKey("shirt", "M"): 5})

    shop.apply(sold({"shirt": 3}), sold({"shirt": 1}, revision="2"), cancelled(revision="3", restocked=True))

    assert (3, 0) == (restocked(shop), sum(written.listings.get(SHIRT, 0) for written in shop.order_store.written))


def test_a_kit_that_was_put_back_makes_plans_of_its_components_void() -> None:
    shop = OrderShop({LevelKey("shirt", "M"): 5, LevelKey("hat", "M"): 5}, kits={"set": {"shirt": 1, "hat": 2}})
    shop.apply(sold({"set": 1}))

    shop.apply(cancelled(restocked=True))

    assert frozenset({"shirt", "hat"}) == shop.order_store.written[-1].skus_losing_room
