"""The use case against a book with rivals, one that loses answers, conflicts, and cannot write some orders."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastunit.domain.keys import LevelKey, ListingKey
from lastunit.domain.orders.snapshot import OrderSnapshot
from lastunit.domain.orders.states import State
from lastunit.use_cases.orders.change_orders import ROUNDS_MAX, ChangeResult, Incoming
from tests.support.clock import NOON
from tests.support.orders.inputs import cancelled, sold
from tests.support.orders.order_shop import OrderShop
from tests.support.orders.order_store import Mishap

SHIRT = LevelKey("shirt", "M")
HAT = LevelKey("hat", "M")


def shirts(count: int) -> list[OrderSnapshot]:
    return [sold({"shirt": 1}, str(number)) for number in range(count)]


# Rivals between our read and our write


def rival(shop: OrderShop, *snapshots: OrderSnapshot) -> Callable[[], None]:
    """Another worker that places these orders without disturbance."""

    def act() -> None:
        shop.apply(*snapshots)

    return act


def test_a_rival_that_takes_the_last_unit_first_leaves_a_request() -> None:
    shop = OrderShop({SHIRT: 1})
    shop.order_store.rivals = [rival(shop, sold({"shirt": 1}, "rival"))]

    outcomes = shop.apply(sold({"shirt": 1}))

    assert (["requested"], {SHIRT: 0}, []) == (outcomes, shop.available(), shop.broken_promises())
    assert State.RESERVED is shop.order("rival").state


def test_a_short_level_is_planned_again_from_what_the_refusal_reports() -> None:
    shop = OrderShop({SHIRT: 5, LevelKey("shirt", "L"): 5})
    shop.order_store.rivals = [rival(shop, sold({"shirt": 3}, "rival"))]

    outcomes = shop.apply(sold({"shirt": 4}), sold({"shirt": 1}, "2"))

    assert (["reserved", "reserved"], {SHIRT: 1, ("shirt", "L"): 1}) == (outcomes, shop.available())
    assert [] == shop.broken_promises()


def test_a_rival_with_the_same_order_makes_ours_a_duplicate_and_spares_the_rest() -> None:
    shop = OrderShop({SHIRT: 9})
    shop.order_store.rivals = [rival(shop, sold({"shirt": 1}, "1"))]

    outcomes = shop.apply(*shirts(3))

    assert (["reserved", "duplicate", "reserved"], {SHIRT: 6}) == (outcomes, shop.available())


def test_a_rival_edit_is_not_overwritten_by_an_older_one() -> None:
    shop = OrderShop({SHIRT: 9})
    shop.apply(sold({"shirt": 1}))
    shop.order_store.rivals = [rival(shop, sold({"shirt": 5}, revision="3"))]

    outcomes = shop.apply(sold({"shirt": 3}, revision="2"))

    assert (["stale"], {SHIRT: 4}, "3") == (outcomes, shop.available(), shop.order().revision)


def test_a_rival_cancel_is_not_undone_by_an_edit() -> None:
    shop = OrderShop({SHIRT: 9})
    shop.apply(sold({"shirt": 1}))
    shop.order_store.rivals = [rival(shop, cancelled())]

    outcomes = shop.apply(sold({"shirt": 3}, revision="2"))

    assert (["duplicate"], {SHIRT: 9}, []) == (outcomes, shop.available(), shop.broken_promises())


def test_two_cancels_at_once_give_back_once() -> None:
    shop = OrderShop({SHIRT: 9})
    shop.apply(sold({"shirt": 4}))
    shop.order_store.rivals = [rival(shop, cancelled())]

    outcomes = shop.apply(cancelled())

    assert (["duplicate"], {SHIRT: 9}, []) == (outcomes, shop.available(), shop.broken_promises())


# Lost answers


def test_a_lost_answer_of_a_write_that_took_effect_is_recognised_as_our_own() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.order_store.mishaps = [Mishap.LOST_AFTER]

    outcomes = shop.apply(*shirts(3))

    assert (["reserved"] * 3, {SHIRT: 2}) == (outcomes, shop.available())
    assert (1, 3) == (len(shop.order_store.written), shop.order_store.sales[ListingKey("shirt", "web", "shirt")])


def test_a_write_that_did_not_arrive_is_asked_again() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.order_store.mishaps = [Mishap.LOST_BEFORE, Mishap.LOST_BEFORE]

    outcomes = shop.apply(*shirts(3))

    assert (["reserved"] * 3, {SHIRT: 2}) == (outcomes, shop.available())


def test_a_lost_edit_is_recognised_as_our_own() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.apply(sold({"shirt": 1}))
    shop.order_store.mishaps = [Mishap.LOST_AFTER]

    outcomes = shop.apply(sold({"shirt": 4}, revision="2"))

    assert (["reserved"], {SHIRT: 1}, 2) == (outcomes, shop.available(), shop.order().rev)


def test_answers_lost_again_and_again_never_take_a_unit_twice() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.order_store.mishaps = [Mishap.LOST_AFTER, *[Mishap.LOST_BEFORE] * 4]

    outcomes = shop.apply(*shirts(3))

    assert (["duplicate"] * 3, {SHIRT: 2}, []) == (outcomes, shop.available(), shop.broken_promises())


def test_an_order_whose_outcome_stays_unknown_is_answered_so_and_the_next_batch_finds_out() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.order_store.mishaps = [Mishap.LOST_AFTER, Mishap.LOST_BEFORE, Mishap.LOST_BEFORE]

    outcomes = shop.apply(sold({"shirt": 2})) + shop.apply(sold({"shirt": 2}))

    assert (["OutcomeUnknown", "duplicate"], {SHIRT: 3}) == (outcomes, shop.available())


def test_a_lost_write_that_another_worker_has_built_upon_is_not_done_again() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.order_store.mishaps = [Mishap.LOST_AFTER]
    shop.order_store.rivals = [lambda: None, rival(shop, cancelled())]

    outcomes = shop.apply(sold({"shirt": 2}))

    assert (["duplicate"], {SHIRT: 5}, State.CANCELLED) == (outcomes, shop.available(), shop.order().state)


# Contention and poison


def test_contention_backs_off_and_halves_the_group() -> None:
    shop = OrderShop({SHIRT: 100})
    shop.order_store.conflict_above = 20

    outcomes = shop.apply(*shirts(80))

    assert (["reserved"] * 80, {SHIRT: 20}) == (outcomes, shop.available())
    assert ([80, 40, 20], [1, 2]) == (
        [len(group.changes) for group in shop.order_store.attempts][:3],
        shop.pauses[:2],
    )


def test_a_group_grows_again_once_the_crowd_is_gone() -> None:
    shop = OrderShop({SHIRT: 100})
    shop.order_store.mishaps = [Mishap.CONFLICT] * 2

    shop.apply(*shirts(80))

    assert [80, 40, 20, 40, 20] == [len(group.changes) for group in shop.order_store.attempts]


def test_endless_contention_ends_as_an_error_that_can_be_retried() -> None:
    shop = OrderShop({SHIRT: 9})
    shop.order_store.mishaps = [Mishap.CONFLICT] * ROUNDS_MAX

    first, second = shop.apply(*shirts(2)), shop.apply(*shirts(2))

    assert (["Contention"] * 2, ["reserved"] * 2, {SHIRT: 7}) == (first, second, shop.available())


def test_a_poisoned_order_fails_alone() -> None:
    shop = OrderShop({SHIRT: 100})
    shop.order_store.unwritable = frozenset({"web:37"})

    outcomes = shop.apply(*shirts(90))

    assert ["reserved"] * 37 + ["Unwritable"] + ["reserved"] * 52 == outcomes
    assert ({SHIRT: 11}, []) == (shop.available(), shop.broken_promises())


def test_many_poisoned_orders_in_a_row_fail_alone() -> None:
    shop = OrderShop({SHIRT: 100})
    shop.order_store.unwritable = frozenset(f"web:{number}" for number in range(20))

    outcomes = shop.apply(*shirts(90))

    assert ["Unwritable"] * 20 + ["reserved"] * 70 == outcomes


def test_finding_poisoned_orders_uses_up_nobodys_patience() -> None:
    """Seven rounds find the first of 13, each other takes one more; then a conflict is the first in a row."""
    shop = OrderShop({SHIRT: 100})
    shop.order_store.unwritable = frozenset(f"web:{number}" for number in range(13))
    shop.order_store.mishaps = [*[None] * 19, Mishap.CONFLICT]

    outcomes = shop.apply(*shirts(90))

    assert ["Unwritable"] * 13 + ["reserved"] * 77 == outcomes


def test_a_cancel_whose_units_are_not_on_the_level_fails_alone() -> None:
    """Promise 2 was broken by hand: the level holds nothing for the order. Nobody else may suffer from it."""
    shop = OrderShop({SHIRT: 5, HAT: 5})
    shop.apply(sold({"shirt": 2}))
    shop.order_store.stock[SHIRT] = replace(shop.order_store.stock[SHIRT], available=5, reserved=0)

    outcomes = shop.apply(cancelled(), *(sold({"hat": 1}, f"h{number}") for number in range(4)))

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
    shop = OrderShop({SHIRT: 4, HAT: 2, LevelKey("shirt", "L"): 2}, kits={"set": {"shirt": 2, "hat": 1}})
    shop.order_store.mishaps = mishaps
    said = [
        sold(units, number, revision=str(revision)) if units else cancelled(number, revision=str(revision))
        for number, revision, units in deliveries
    ]

    for start in range(0, len(said), batch):
        shop.apply(*said[start : start + batch])

        assert [] == shop.broken_promises()


@given(st.permutations([sold({"shirt": 2}, str(number)) for number in range(4)] * 2), st.integers(1, 8), MISHAPS)
def test_each_order_delivered_twice_and_shuffled_is_reserved_once(
    deliveries: list[OrderSnapshot], batch: int, mishaps: list[Mishap | None]
) -> None:
    shop = OrderShop({SHIRT: 6})
    shop.order_store.mishaps = mishaps

    for start in range(0, len(deliveries), batch):
        shop.apply(*deliveries[start : start + batch])
    shop.apply(*deliveries)

    states = Counter(order.state for order in shop.order_store.rows.values())
    assert ({State.RESERVED: 3, State.REQUESTED: 1}, {SHIRT: 0}) == (states, shop.available())


def test_every_notification_gets_an_answer_under_its_own_key() -> None:
    shop = OrderShop({SHIRT: 1})

    answers = shop.change_orders.apply([Incoming("a", sold({"shirt": 1})), Incoming("b", sold({"shirt": 1}, "2"))])

    assert {"a": ("reserved", "web:1"), "b": ("requested", "web:2")} == {
        key: (answer.outcome.value, answer.order.order_id)
        for key, answer in answers.items()
        if isinstance(answer, ChangeResult)
    }


@pytest.mark.parametrize("instant", [True, False])
def test_nothing_to_push_reads_and_writes_nothing(instant: bool) -> None:
    shop = OrderShop({SHIRT: 1})

    outcomes = shop.apply(instant=instant)

    assert ([], []) == (outcomes, shop.order_store.attempts)


def test_commit_ids_are_new_for_every_plan_and_kept_for_every_attempt() -> None:
    shop = OrderShop({SHIRT: 5})
    shop.order_store.mishaps = [Mishap.LOST_BEFORE, Mishap.CONFLICT]

    shop.apply(sold({"shirt": 1}))

    assert ("c1", NOON) == (shop.order().commit_id, shop.order().changed_at)
