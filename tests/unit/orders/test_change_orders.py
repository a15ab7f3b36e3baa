"""The use case: batches of notifications against a book that refuses, conflicts, loses answers and has rivals."""

from lastunit.domain.channel import Channel
from lastunit.domain.errors import NotFound
from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.orders.commit_groups import ITEMS_MAX
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.orders.states import OrderReason, State
from lastunit.domain.stock.catalogue import Alias, Sku, Status
from lastunit.use_cases.orders.change_orders import ORDERS_MAX
from tests.support.orders.inputs import cancelled, retry, sold
from tests.support.orders.order_shop import OrderShop, outcome_name
from tests.support.stock.levels import reserving

SHIRT = LevelKey("shirt", "M")
HAT = LevelKey("hat", "M")


def shirts(count: int, units: int = 1) -> list[OrderSnapshot]:
    return [sold({"shirt": units}, str(number)) for number in range(count)]


# Groups


def test_ninety_orders_of_one_sku_are_one_write_with_one_level_update() -> None:
    shop = OrderShop({SHIRT: 100})

    outcomes = shop.apply(*shirts(ORDERS_MAX))

    assert ["reserved"] * 90 == outcomes
    assert [(reserving({SHIRT: 90}), {("shirt", "web", "shirt"): 90})] == [
        (group.levels, group.listings) for group in shop.order_store.written
    ]
    assert (1, 10) == (shop.order_store.stock[SHIRT].seq, shop.available()[SHIRT])


def test_a_batch_that_wants_more_than_there_is_gets_exactly_what_there_is() -> None:
    shop = OrderShop({SHIRT: 6})

    outcomes = shop.apply(*shirts(10))

    assert ["reserved"] * 6 + ["requested"] * 4 == outcomes
    assert ({SHIRT: 0}, []) == (shop.available(), shop.broken_promises())


def test_a_sold_out_sku_is_refused_without_touching_its_level() -> None:
    shop = OrderShop({SHIRT: 0})

    shop.apply(*shirts(3))

    assert [{}] == [group.levels for group in shop.order_store.attempts]


def test_no_group_holds_more_than_a_hundred_items() -> None:
    shop = OrderShop({LevelKey(f"s{at}", "M"): 1 for at in range(200)})
    batch = [sold({f"s{number * 20 + at}": 1 for at in range(20)}, str(number)) for number in range(10)]

    outcomes = shop.apply(*batch)

    assert ["reserved"] * 10 == outcomes
    assert ITEMS_MAX >= max(group.size for group in shop.order_store.attempts)


def test_orders_of_several_channels_share_one_group() -> None:
    shop = OrderShop({SHIRT: 2})
    shop.settings.accounts["ebay"] = Channel(name="ebay", kind="ebay")
    shop.order_store.sales[ListingKey("shirt", "ebay", "shirt")] = 0

    outcomes = shop.apply(sold({"shirt": 1}), sold({"shirt": 1}, channel="ebay"), sold({"shirt": 1}, "2"))

    assert (["reserved", "reserved", "requested"], 1) == (outcomes, len(shop.order_store.written))


def test_units_a_cancel_gives_back_serve_the_next_order_of_the_same_batch() -> None:
    shop = OrderShop({SHIRT: 1})
    shop.apply(sold({"shirt": 1}, "1"))

    outcomes = shop.apply(cancelled("1"), sold({"shirt": 1}, "2"))

    assert ["cancelled", "reserved"] == outcomes
    assert [] == shop.broken_promises()


# One order, several notifications


def test_a_duplicate_in_another_batch_changes_nothing() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.apply(sold({"shirt": 2}))

    outcomes = shop.apply(sold({"shirt": 2}))

    assert (["duplicate"], {SHIRT: 3}, 1) == (outcomes, shop.available(), len(shop.order_store.attempts))


def test_several_notifications_of_one_order_in_one_batch_are_one_change() -> None:
    shop = OrderShop({SHIRT: 5})
    batch = [
        sold({"shirt": 2}),
        sold({"shirt": 2}),
        sold({"shirt": 3}, revision="2"),
        sold({"shirt": 9}, revision="1"),
    ]

    outcomes = shop.apply(*batch)

    assert ["reserved", "duplicate", "reserved", "stale"] == outcomes
    assert ({SHIRT: 2}, [1]) == (shop.available(), [len(group.changes) for group in shop.order_store.written])


def test_an_order_and_its_cancel_in_one_batch_take_nothing() -> None:
    shop = OrderShop({SHIRT: 5})

    outcomes = shop.apply(sold({"shirt": 2}), cancelled())

    assert (["reserved", "cancelled"], {SHIRT: 5}) == (outcomes, shop.available())
    assert State.CANCELLED is shop.order().state


def test_a_cancel_before_its_order_leaves_nothing_for_the_order_to_take() -> None:
    shop = OrderShop({SHIRT: 5})

    outcomes = shop.apply(cancelled()) + shop.apply(sold({"shirt": 2})) + shop.apply(cancelled())

    assert (["cancelled", "cancelled", "duplicate"], {SHIRT: 5}) == (outcomes, shop.available())


def test_a_cancel_delivered_twice_gives_back_once() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.apply(sold({"shirt": 2}))

    outcomes = shop.apply(cancelled()) + shop.apply(cancelled())

    assert (["cancelled", "duplicate"], {SHIRT: 5}, []) == (outcomes, shop.available(), shop.broken_promises())


def test_an_edit_is_written_over_the_row_it_read() -> None:
    shop = OrderShop({SHIRT: 5})

    outcomes = shop.apply(sold({"shirt": 2})) + shop.apply(sold({"shirt": 4}, revision="2"))

    assert (["reserved", "reserved"], 2, {SHIRT: 1}) == (outcomes, shop.order().rev, shop.available())


def test_an_edit_that_cannot_be_covered_keeps_what_was_promised() -> None:
    shop = OrderShop({SHIRT: 5})

    outcomes = shop.apply(sold({"shirt": 2})) + shop.apply(sold({"shirt": 6}, revision="2"))

    assert (["reserved", "exception"], OrderReason.EDIT_SHORT) == (outcomes, shop.order().reason)
    assert ({SHIRT: 3}, []) == (shop.available(), shop.broken_promises())


# Names


def test_an_alias_sells_the_sku_it_stands_for_and_counts_on_its_own_listing() -> None:
    shop = OrderShop({SHIRT: 5}, aliases=[Alias("SH-1", "shirt", "SH-1")])

    shop.apply(sold({"SH-1": 2}))

    assert ({SHIRT: 3}, 2) == (shop.available(), shop.order_store.sales[ListingKey("shirt", "web", "SH-1")])


def test_a_kit_and_its_component_in_one_order_are_reserved_together() -> None:
    shop = OrderShop({SHIRT: 5, HAT: 5}, kits={"set": {"shirt": 2, "hat": 1}})

    outcomes = shop.apply(sold({"set": 2, "shirt": 1}), sold({"set": 1}, "2"))

    assert (["reserved", "requested"], {SHIRT: 0, HAT: 3}) == (outcomes, shop.available())


def test_an_order_of_an_unknown_sku_is_applied_once_the_alias_exists() -> None:
    shop = OrderShop({SHIRT: 5})
    first = shop.apply(sold({"SH-1": 2, "shirt": 1}))
    shop.aliases.append(Alias("SH-1", "shirt", "shirt"))

    second = shop.apply(retry())

    assert (["exception"], ["reserved"], {SHIRT: 2}) == (first, second, shop.available())
    assert 3 == shop.order_store.sales[ListingKey("shirt", "web", "shirt")]


def test_retrying_in_vain_writes_nothing() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.apply(sold({"SH-1": 2}))

    outcomes = shop.apply(retry())

    assert (["exception"], 1) == (outcomes, len(shop.order_store.attempts))


def test_a_kit_whose_component_does_not_exist_waits_for_a_person_and_hinders_no_one() -> None:
    shop = OrderShop({SHIRT: 5}, kits={"set": {"shirt": 1, "ghost": 1}})

    outcomes = shop.apply(sold({"set": 1}), sold({"shirt": 1}, "2"))

    assert (["exception", "reserved"], OrderReason.UNKNOWN_SKU) == (outcomes, shop.order().reason)


def test_a_draft_becomes_an_exception() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.order_store.skus["shirt"] = Sku(sku="shirt", status=Status.DRAFT)

    outcomes = shop.apply(sold({"shirt": 1}))

    assert (["exception"], OrderReason.DRAFT_SKU) == (outcomes, shop.order().reason)


def test_a_sku_without_a_listing_on_the_channel_is_sold_all_the_same() -> None:
    shop = OrderShop({SHIRT: 5, HAT: 5})
    del shop.order_store.sales[ListingKey("hat", "web", "hat")]

    outcomes = shop.apply(sold({"shirt": 1, "hat": 1}), sold({"shirt": 1, "hat": 2}, "2"))

    assert (["reserved"] * 2, {SHIRT: 3, HAT: 2}) == (outcomes, shop.available())
    assert {("shirt", "web", "shirt"): 2} == shop.order_store.sales


def test_an_unknown_channel_fails_its_own_notifications_only() -> None:
    shop = OrderShop({SHIRT: 5})

    answers = shop.change(sold({"shirt": 1}, channel="gone"), sold({"shirt": 1}))

    assert (NotFound, "reserved") == (type(answers["0"]), outcome_name(answers["1"]))


def test_an_order_of_more_than_90_levels_is_kept_as_an_exception() -> None:
    shop = OrderShop({LevelKey(f"s{at}", "M"): 1 for at in range(91)})

    outcomes = shop.apply(sold({f"s{at}": 1 for at in range(91)}))

    assert (["exception"], OrderReason.TOO_MANY_LEVELS) == (outcomes, shop.order().reason)
    assert {1} == set(shop.available().values())


def test_an_order_of_90_levels_is_reserved_and_cancelled_in_one_write_each() -> None:
    shop = OrderShop({LevelKey(f"s{at}", "M"): 1 for at in range(90)})

    outcomes = shop.apply(sold({f"s{at}": 1 for at in range(90)})) + shop.apply(cancelled())

    assert (["reserved", "cancelled"], 2) == (outcomes, len(shop.order_store.written))
    assert ({1}, []) == (set(shop.available().values()), shop.broken_promises())


# Instant and imported


def test_the_own_store_hears_no_where_an_imported_order_becomes_a_request() -> None:
    shop = OrderShop({SHIRT: 1})

    outcomes = shop.apply(sold({"shirt": 2}), instant=True) + shop.apply(sold({"shirt": 2}, "2"))

    assert (["refused", "requested"], {SHIRT: 1}) == (outcomes, shop.available())
    assert 2 == shop.order_store.sales[ListingKey("shirt", "web", "shirt")]
