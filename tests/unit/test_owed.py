"""Units that a channel has sold and no stock was promised for: nobody else may be told to sell them."""

import pytest

from lastunit.domain.catalogue import Alias
from lastunit.domain.channels import Channel
from lastunit.domain.groups import group
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import owed_on_channel
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
    """Reserved, or short of units that nobody has: neither leaves a unit that could be sold again."""
    shop = Shop({("shirt", "M"): 5}, channel=Channel("web", "generic", takes_requests=True))

    shop.tell(sold({"shirt": units}))

    assert not owed_on_channel(shop.order())


def test_a_group_writes_a_listing_once_for_both_counts() -> None:
    shop = mixed_order()
    written = group(shop.book.written[0].changes)

    assert ([SHIRT], 2, 2) == (written.listed, written.listings[SHIRT], written.owed[SHIRT])
