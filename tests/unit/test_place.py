"""The use case: batches of notifications against a book that refuses, conflicts, loses answers and has rivals."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.catalogue import Alias, Sku, Status
from lastunit.domain.channels import Channel
from lastunit.domain.errors import NotFound
from lastunit.domain.groups import ITEMS_MAX
from lastunit.domain.orders import Reason, State
from lastunit.domain.snapshots import Snapshot
from lastunit.place import ORDERS_MAX, ROUNDS_MAX, Incoming, Placed, PlaceOrders
from tests.fakes import FixedClock, Mishap, Shop, cancelled, sold, told

SHIRT = ("shirt", "M")
HAT = ("hat", "M")


def shirts(count: int, units: int = 1) -> list[Snapshot]:
    return [sold({"shirt": units}, str(number)) for number in range(count)]


# Groups


def test_ninety_orders_of_one_sku_are_one_write_with_one_level_update() -> None:
    shop = Shop({SHIRT: 100})

    outcomes = shop.place(*shirts(ORDERS_MAX))

    assert ["reserved"] * 90 == outcomes
    assert [({SHIRT: 90}, {("shirt", "web", "shirt"): 90})] == [
        (group.levels, group.listings) for group in shop.book.written
    ]
    assert (1, 10) == (shop.book.stock[SHIRT].seq, shop.left()[SHIRT])


def test_a_batch_that_wants_more_than_there_is_gets_exactly_what_there_is() -> None:
    shop = Shop({SHIRT: 6})

    outcomes = shop.place(*shirts(10))

    assert ["reserved"] * 6 + ["requested"] * 4 == outcomes
    assert ({SHIRT: 0}, []) == (shop.left(), shop.broken_promises())


def test_a_sold_out_sku_is_refused_without_touching_its_level() -> None:
    shop = Shop({SHIRT: 0})

    shop.place(*shirts(3))

    assert [{}] == [group.levels for group in shop.book.attempts]


def test_no_group_holds_more_than_a_hundred_items() -> None:
    shop = Shop({(f"s{at}", "M"): 1 for at in range(200)})
    batch = [sold({f"s{number * 20 + at}": 1 for at in range(20)}, str(number)) for number in range(10)]

    outcomes = shop.place(*batch)

    assert ["reserved"] * 10 == outcomes
    assert ITEMS_MAX >= max(group.size for group in shop.book.attempts)


def test_orders_of_several_channels_share_one_group() -> None:
    shop = Shop({SHIRT: 2})
    shop.settings.accounts["ebay"] = Channel("ebay", "ebay")
    shop.book.sales["shirt", "ebay", "shirt"] = 0

    outcomes = shop.place(sold({"shirt": 1}), sold({"shirt": 1}, channel="ebay"), sold({"shirt": 1}, "2"))

    assert (["reserved", "reserved", "requested"], 1) == (outcomes, len(shop.book.written))


def test_units_a_cancel_gives_back_serve_the_next_order_of_the_same_batch() -> None:
    shop = Shop({SHIRT: 1})
    shop.place(sold({"shirt": 1}, "1"))

    outcomes = shop.place(cancelled("1"), sold({"shirt": 1}, "2"))

    assert ["cancelled", "reserved"] == outcomes
    assert [] == shop.broken_promises()


# One order, several notifications


def test_a_duplicate_in_another_batch_changes_nothing() -> None:
    shop = Shop({SHIRT: 5})
    shop.place(sold({"shirt": 2}))

    outcomes = shop.place(sold({"shirt": 2}))

    assert (["duplicate"], {SHIRT: 3}, 1) == (outcomes, shop.left(), len(shop.book.attempts))


def test_several_notifications_of_one_order_in_one_batch_are_one_change() -> None:
    shop = Shop({SHIRT: 5})
    batch = [
        sold({"shirt": 2}),
        sold({"shirt": 2}),
        sold({"shirt": 3}, revision="2"),
        sold({"shirt": 9}, revision="1"),
    ]

    outcomes = shop.place(*batch)

    assert ["reserved", "duplicate", "reserved", "stale"] == outcomes
    assert ({SHIRT: 2}, [1]) == (shop.left(), [len(group.changes) for group in shop.book.written])


def test_an_order_and_its_cancel_in_one_batch_take_nothing() -> None:
    shop = Shop({SHIRT: 5})

    outcomes = shop.place(sold({"shirt": 2}), cancelled())

    assert (["reserved", "cancelled"], {SHIRT: 5}) == (outcomes, shop.left())
    assert State.CANCELLED is shop.order().state


def test_a_cancel_before_its_order_leaves_nothing_for_the_order_to_take() -> None:
    shop = Shop({SHIRT: 5})

    outcomes = shop.place(cancelled()) + shop.place(sold({"shirt": 2})) + shop.place(cancelled())

    assert (["cancelled", "duplicate", "duplicate"], {SHIRT: 5}) == (outcomes, shop.left())


def test_a_cancel_delivered_twice_gives_back_once() -> None:
    shop = Shop({SHIRT: 5})
    shop.place(sold({"shirt": 2}))

    outcomes = shop.place(cancelled()) + shop.place(cancelled())

    assert (["cancelled", "duplicate"], {SHIRT: 5}, []) == (outcomes, shop.left(), shop.broken_promises())


def test_an_edit_is_written_over_the_row_it_read() -> None:
    shop = Shop({SHIRT: 5})

    outcomes = shop.place(sold({"shirt": 2})) + shop.place(sold({"shirt": 4}, revision="2"))

    assert (["reserved", "reserved"], 2, {SHIRT: 1}) == (outcomes, shop.order().rev, shop.left())


def test_an_edit_that_cannot_be_covered_keeps_what_was_promised() -> None:
    shop = Shop({SHIRT: 5})

    outcomes = shop.place(sold({"shirt": 2})) + shop.place(sold({"shirt": 6}, revision="2"))

    assert (["reserved", "exception"], Reason.EDIT_SHORT) == (outcomes, shop.order().reason)
    assert ({SHIRT: 3}, []) == (shop.left(), shop.broken_promises())


# Names


def test_an_alias_sells_the_sku_it_stands_for_and_counts_on_its_own_listing() -> None:
    shop = Shop({SHIRT: 5}, aliases=[Alias("SH-1", "shirt", "SH-1")])

    shop.place(sold({"SH-1": 2}))

    assert ({SHIRT: 3}, 2) == (shop.left(), shop.book.sales["shirt", "web", "SH-1"])


def test_a_kit_and_its_component_in_one_order_are_reserved_together() -> None:
    shop = Shop({SHIRT: 5, HAT: 5}, kits={"set": {"shirt": 2, "hat": 1}})

    outcomes = shop.place(sold({"set": 2, "shirt": 1}), sold({"set": 1}, "2"))

    assert (["reserved", "requested"], {SHIRT: 0, HAT: 3}) == (outcomes, shop.left())


def test_an_order_of_an_unknown_sku_is_applied_once_the_alias_exists() -> None:
    shop = Shop({SHIRT: 5})
    first = shop.place(sold({"SH-1": 2, "shirt": 1}))
    shop.aliases.append(Alias("SH-1", "shirt", "shirt"))

    second = shop.place(shop.order().snapshot(), retry=True)

    assert (["exception"], ["reserved"], {SHIRT: 2}) == (first, second, shop.left())
    assert 3 == shop.book.sales["shirt", "web", "shirt"]


def test_retrying_in_vain_writes_nothing() -> None:
    shop = Shop({SHIRT: 5})
    shop.place(sold({"SH-1": 2}))

    outcomes = shop.place(shop.order().snapshot(), retry=True)

    assert (["exception"], 1) == (outcomes, len(shop.book.attempts))


def test_a_kit_whose_component_does_not_exist_waits_for_a_person_and_hinders_no_one() -> None:
    shop = Shop({SHIRT: 5}, kits={"set": {"shirt": 1, "ghost": 1}})

    outcomes = shop.place(sold({"set": 1}), sold({"shirt": 1}, "2"))

    assert (["exception", "reserved"], Reason.UNKNOWN_SKU) == (outcomes, shop.order().reason)


def test_a_draft_becomes_an_exception() -> None:
    shop = Shop({SHIRT: 5})
    shop.book.skus["shirt"] = Sku("shirt", Status.DRAFT)

    outcomes = shop.place(sold({"shirt": 1}))

    assert (["exception"], Reason.DRAFT_SKU) == (outcomes, shop.order().reason)


def test_a_sku_without_a_listing_on_the_channel_is_sold_all_the_same() -> None:
    shop = Shop({SHIRT: 5, HAT: 5})
    del shop.book.sales["hat", "web", "hat"]

    outcomes = shop.place(sold({"shirt": 1, "hat": 1}), sold({"shirt": 1, "hat": 2}, "2"))

    assert (["reserved"] * 2, {SHIRT: 3, HAT: 2}) == (outcomes, shop.left())
    assert {("shirt", "web", "shirt"): 2} == shop.book.sales


def test_an_unknown_channel_fails_its_own_notifications_only() -> None:
    shop = Shop({SHIRT: 5})

    answers = shop.answer(sold({"shirt": 1}, channel="gone"), sold({"shirt": 1}))

    assert (NotFound, "reserved") == (type(answers["0"]), told(answers["1"]))


def test_an_order_of_more_than_90_levels_is_kept_as_an_exception() -> None:
    shop = Shop({(f"s{at}", "M"): 1 for at in range(91)})

    outcomes = shop.place(sold({f"s{at}": 1 for at in range(91)}))

    assert (["exception"], Reason.TOO_MANY_LEVELS) == (outcomes, shop.order().reason)
    assert {1} == set(shop.left().values())


def test_an_order_of_90_levels_is_reserved_and_cancelled_in_one_write_each() -> None:
    shop = Shop({(f"s{at}", "M"): 1 for at in range(90)})

    outcomes = shop.place(sold({f"s{at}": 1 for at in range(90)})) + shop.place(cancelled())

    assert (["reserved", "cancelled"], 2) == (outcomes, len(shop.book.written))
    assert ({1}, []) == (set(shop.left().values()), shop.broken_promises())


# Instant and imported


def test_the_own_store_hears_no_where_an_imported_order_becomes_a_request() -> None:
    shop = Shop({SHIRT: 1})

    outcomes = shop.place(sold({"shirt": 2}), instant=True) + shop.place(sold({"shirt": 2}, "2"))

    assert (["refused", "requested"], {SHIRT: 1}) == (outcomes, shop.left())
    assert 2 == shop.book.sales["shirt", "web", "shirt"]


# Rivals between our read and our write


def rival(shop: Shop, *snapshots: Snapshot) -> Callable[[], None]:
    """Another worker that places these orders without disturbance."""

    def act() -> None:
        shop.place(*snapshots)

    return act


def test_a_rival_that_takes_the_last_unit_first_leaves_a_request() -> None:
    shop = Shop({SHIRT: 1})
    shop.book.rivals = [rival(shop, sold({"shirt": 1}, "rival"))]

    outcomes = shop.place(sold({"shirt": 1}))

    assert (["requested"], {SHIRT: 0}, []) == (outcomes, shop.left(), shop.broken_promises())
    assert State.RESERVED is shop.order("rival").state


def test_a_short_level_is_planned_again_from_what_the_refusal_tells() -> None:
    shop = Shop({SHIRT: 5, ("shirt", "L"): 5})
    shop.book.rivals = [rival(shop, sold({"shirt": 3}, "rival"))]

    outcomes = shop.place(sold({"shirt": 4}), sold({"shirt": 1}, "2"))

    assert (["reserved", "reserved"], {SHIRT: 1, ("shirt", "L"): 1}) == (outcomes, shop.left())
    assert [] == shop.broken_promises()


def test_a_rival_with_the_same_order_makes_ours_a_duplicate_and_spares_the_rest() -> None:
    shop = Shop({SHIRT: 9})
    shop.book.rivals = [rival(shop, sold({"shirt": 1}, "1"))]

    outcomes = shop.place(*shirts(3))

    assert (["reserved", "duplicate", "reserved"], {SHIRT: 6}) == (outcomes, shop.left())


def test_a_rival_edit_is_not_overwritten_by_an_older_one() -> None:
    shop = Shop({SHIRT: 9})
    shop.place(sold({"shirt": 1}))
    shop.book.rivals = [rival(shop, sold({"shirt": 5}, revision="3"))]

    outcomes = shop.place(sold({"shirt": 3}, revision="2"))

    assert (["stale"], {SHIRT: 4}, "3") == (outcomes, shop.left(), shop.order().revision)


def test_a_rival_cancel_is_not_undone_by_an_edit() -> None:
    shop = Shop({SHIRT: 9})
    shop.place(sold({"shirt": 1}))
    shop.book.rivals = [rival(shop, cancelled())]

    outcomes = shop.place(sold({"shirt": 3}, revision="2"))

    assert (["duplicate"], {SHIRT: 9}, []) == (outcomes, shop.left(), shop.broken_promises())


def test_two_cancels_at_once_give_back_once() -> None:
    shop = Shop({SHIRT: 9})
    shop.place(sold({"shirt": 4}))
    shop.book.rivals = [rival(shop, cancelled())]

    outcomes = shop.place(cancelled())

    assert (["duplicate"], {SHIRT: 9}, []) == (outcomes, shop.left(), shop.broken_promises())


# Lost answers


def test_a_lost_answer_of_a_write_that_took_effect_is_recognised_as_our_own() -> None:
    shop = Shop({SHIRT: 5})
    shop.book.mishaps = [Mishap.LOST_AFTER]

    outcomes = shop.place(*shirts(3))

    assert (["reserved"] * 3, {SHIRT: 2}) == (outcomes, shop.left())
    assert (1, 3) == (len(shop.book.written), shop.book.sales["shirt", "web", "shirt"])


def test_a_write_that_did_not_arrive_is_asked_again() -> None:
    shop = Shop({SHIRT: 5})
    shop.book.mishaps = [Mishap.LOST_BEFORE, Mishap.LOST_BEFORE]

    outcomes = shop.place(*shirts(3))

    assert (["reserved"] * 3, {SHIRT: 2}) == (outcomes, shop.left())


def test_a_lost_edit_is_recognised_as_our_own() -> None:
    shop = Shop({SHIRT: 5})
    shop.place(sold({"shirt": 1}))
    shop.book.mishaps = [Mishap.LOST_AFTER]

    outcomes = shop.place(sold({"shirt": 4}, revision="2"))

    assert (["reserved"], {SHIRT: 1}, 2) == (outcomes, shop.left(), shop.order().rev)


def test_answers_lost_again_and_again_never_take_a_unit_twice() -> None:
    shop = Shop({SHIRT: 5})
    shop.book.mishaps = [Mishap.LOST_AFTER, *[Mishap.LOST_BEFORE] * 4]

    outcomes = shop.place(*shirts(3))

    assert (["duplicate"] * 3, {SHIRT: 2}, []) == (outcomes, shop.left(), shop.broken_promises())


def test_an_order_whose_outcome_stays_unknown_is_answered_so_and_the_next_batch_finds_out() -> None:
    shop = Shop({SHIRT: 5})
    shop.book.mishaps = [Mishap.LOST_AFTER, Mishap.LOST_BEFORE, Mishap.LOST_BEFORE]

    outcomes = shop.place(sold({"shirt": 2})) + shop.place(sold({"shirt": 2}))

    assert (["OutcomeUnknown", "duplicate"], {SHIRT: 3}) == (outcomes, shop.left())


def test_a_lost_write_that_another_worker_has_built_upon_is_not_done_again() -> None:
    shop = Shop({SHIRT: 5})
    shop.book.mishaps = [Mishap.LOST_AFTER]
    shop.book.rivals = [lambda: None, rival(shop, cancelled())]

    outcomes = shop.place(sold({"shirt": 2}))

    assert (["duplicate"], {SHIRT: 5}, State.CANCELLED) == (outcomes, shop.left(), shop.order().state)


# Contention and poison


def test_contention_backs_off_and_halves_the_group() -> None:
    shop = Shop({SHIRT: 100})
    shop.book.crowd = 20

    outcomes = shop.place(*shirts(80))

    assert (["reserved"] * 80, {SHIRT: 20}) == (outcomes, shop.left())
    assert ([80, 40, 20], [1, 2]) == ([len(group.changes) for group in shop.book.attempts][:3], shop.pauses[:2])


def test_a_group_grows_again_once_the_crowd_is_gone() -> None:
    shop = Shop({SHIRT: 100})
    shop.book.mishaps = [Mishap.CONFLICT] * 2

    shop.place(*shirts(80))

    assert [80, 40, 20, 40, 20] == [len(group.changes) for group in shop.book.attempts]


def test_endless_contention_ends_as_an_error_that_can_be_retried() -> None:
    shop = Shop({SHIRT: 9})
    shop.book.mishaps = [Mishap.CONFLICT] * ROUNDS_MAX

    first, second = shop.place(*shirts(2)), shop.place(*shirts(2))

    assert (["Contention"] * 2, ["reserved"] * 2, {SHIRT: 7}) == (first, second, shop.left())


def test_a_poisoned_order_fails_alone() -> None:
    shop = Shop({SHIRT: 100})
    shop.book.poisoned = frozenset({"web:37"})

    outcomes = shop.place(*shirts(90))

    assert ["reserved"] * 37 + ["Unwritable"] + ["reserved"] * 52 == outcomes
    assert ({SHIRT: 11}, []) == (shop.left(), shop.broken_promises())


def test_many_poisoned_orders_in_a_row_fail_alone() -> None:
    shop = Shop({SHIRT: 100})
    shop.book.poisoned = frozenset(f"web:{number}" for number in range(20))

    outcomes = shop.place(*shirts(90))

    assert ["Unwritable"] * 20 + ["reserved"] * 70 == outcomes


def test_finding_poisoned_orders_uses_up_nobodys_patience() -> None:
    """Seven rounds find the first of 13, each other takes one more; then a conflict is the first in a row."""
    shop = Shop({SHIRT: 100})
    shop.book.poisoned = frozenset(f"web:{number}" for number in range(13))
    shop.book.mishaps = [*[None] * 19, Mishap.CONFLICT]

    outcomes = shop.place(*shirts(90))

    assert ["Unwritable"] * 13 + ["reserved"] * 77 == outcomes


def test_a_cancel_whose_units_are_not_on_the_level_fails_alone() -> None:
    """Promise 2 was broken by hand: the level holds nothing for the order. Nobody else may suffer from it."""
    shop = Shop({SHIRT: 5, HAT: 5})
    shop.place(sold({"shirt": 2}))
    shop.book.stock[SHIRT] = replace(shop.book.stock[SHIRT], available=5, reserved=0)

    outcomes = shop.place(cancelled(), *(sold({"hat": 1}, f"h{number}") for number in range(4)))

    assert ["CommitRefused", "reserved", "reserved", "reserved", "reserved"] == outcomes


# What always holds


DELIVERIES = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "4"]),
        st.integers(1, 3),
        st.one_of(
            st.none(),
            st.dictionaries(st.sampled_from(["shirt", "hat", "set", "what"]), st.integers(0, 3), min_size=1),
        ),
    ),
    max_size=14,
)
MISHAPS = st.lists(st.one_of(st.none(), st.sampled_from(Mishap)), max_size=6)


@given(DELIVERIES, st.integers(1, 5), MISHAPS)
def test_no_delivery_in_whatever_order_with_whatever_mishap_breaks_a_promise(
    deliveries: list[tuple[str, int, dict[str, int] | None]], batch: int, mishaps: list[Mishap | None]
) -> None:
    shop = Shop({SHIRT: 4, HAT: 2, ("shirt", "L"): 2}, kits={"set": {"shirt": 2, "hat": 1}})
    shop.book.mishaps = mishaps
    said = [
        sold(units, number, revision=str(revision)) if units else cancelled(number, revision=str(revision))
        for number, revision, units in deliveries
    ]

    for start in range(0, len(said), batch):
        shop.place(*said[start : start + batch])

        assert [] == shop.broken_promises()


@given(st.permutations([sold({"shirt": 2}, str(number)) for number in range(4)] * 2), st.integers(1, 8), MISHAPS)
def test_each_order_delivered_twice_and_shuffled_is_reserved_once(
    deliveries: list[Snapshot], batch: int, mishaps: list[Mishap | None]
) -> None:
    shop = Shop({SHIRT: 6})
    shop.book.mishaps = mishaps

    for start in range(0, len(deliveries), batch):
        shop.place(*deliveries[start : start + batch])
    shop.place(*deliveries)

    states = Counter(order.state for order in shop.book.rows.values())
    assert ({State.RESERVED: 3, State.REQUESTED: 1}, {SHIRT: 0}) == (states, shop.left())


def test_every_notification_gets_an_answer_under_its_own_key() -> None:
    shop = Shop({SHIRT: 1})
    place: PlaceOrders = shop.place_orders

    answers = place([Incoming("a", sold({"shirt": 1})), Incoming("b", sold({"shirt": 1}, "2"))])

    assert {"a": ("reserved", "web:1"), "b": ("requested", "web:2")} == {
        key: (answer.outcome.value, answer.order.order_id)
        for key, answer in answers.items()
        if isinstance(answer, Placed)
    }


@pytest.mark.parametrize("instant", [True, False])
def test_nothing_to_place_reads_and_writes_nothing(instant: bool) -> None:
    shop = Shop({SHIRT: 1})

    outcomes = shop.place(instant=instant)

    assert ([], []) == (outcomes, shop.book.attempts)


def test_commit_ids_are_new_for_every_plan_and_kept_for_every_attempt() -> None:
    shop = Shop({SHIRT: 5})
    shop.book.mishaps = [Mishap.LOST_BEFORE, Mishap.CONFLICT]

    shop.place(sold({"shirt": 1}))

    assert ("c1", FixedClock().now().isoformat()) == (shop.order().commit, shop.order().changed_at)
