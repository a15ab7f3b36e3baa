"""The book in DynamoDB: what its conditions refuse."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from lastunit.adapters.stock_book import DynamoStockBook
from lastunit.domain.groups import Group
from lastunit.domain.levels import BinKind, LevelKey
from lastunit.domain.lifecycle import State
from lastunit.domain.orders import Allocation, Line, Order, Parcel, Return, ReturnState, Taken
from tests.commits import SHIRT, new, order, refused, step
from tests.dynamo import Store
from tests.fakes import NOON


@pytest.fixture
def book(store: Store) -> DynamoStockBook:
    store.fill({SHIRT: 5})
    return store.book


def counts(store: Store, key: LevelKey = SHIRT) -> tuple[int, int, int]:
    level = store.levels()[key]
    return level.available, level.reserved, level.on_hand


def test_a_new_order_is_written_with_its_level_and_its_listing(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order()), NOON)

    written = replace(order(), rev=1, commit="c1", changed_at=NOON.isoformat())
    assert {"web:1": written} == book.orders(["web:1", "web:2"])
    assert ((3, 2, 5), {"shirt": 2}) == (counts(store), store.sold())


def test_every_commit_moves_the_sequence_of_a_level_by_one_and_names_its_cause(
    store: Store, book: DynamoStockBook
) -> None:
    before = store.levels()[SHIRT].seq

    book.commit("c1", new(order("1", 1), order("2", 1)), NOON)
    book.commit("c2", new(order("3", 1)), NOON)

    level = store.levels()[SHIRT]
    assert (before + 2, "orders c2") == (level.seq, level.cause)


def test_a_duplicate_is_refused_with_the_stored_order_and_nothing_is_written(
    store: Store, book: DynamoStockBook
) -> None:
    book.commit("c1", new(order("1", 1)), NOON)

    answer = refused(lambda: book.commit("c2", new(order("1", 3), order("2", 1)), NOON))

    assert (book.orders(["web:1"]), {}, frozenset(), False) == (
        answer.orders,
        answer.levels,
        answer.listings,
        answer.contended,
    )
    assert ((4, 1, 5), ["web:1"]) == (counts(store), list(store.orders()))


def test_a_short_level_is_refused_with_what_is_there(store: Store, book: DynamoStockBook) -> None:
    answer = refused(lambda: book.commit("c1", new(order(units=6)), NOON))

    assert ({}, store.levels()) == (answer.orders, answer.levels)
    assert ((5, 0, 5), {}) == (counts(store), store.orders())


def test_the_very_last_unit_can_be_reserved(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order(units=5)), NOON)

    assert (0, 5, 5) == counts(store)


def test_one_short_order_keeps_all_others_of_its_group_out(store: Store, book: DynamoStockBook) -> None:
    refused(lambda: book.commit("c1", new(order("1", 3), order("2", 3)), NOON))

    assert ((5, 0, 5), {}) == (counts(store), store.orders())


def test_an_edit_needs_the_revision_it_was_decided_on(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order(units=1)), NOON)
    before = book.orders(["web:1"])["web:1"]

    book.commit("c2", step(before, order(units=3, rev=before.rev)), NOON)
    answer = refused(lambda: book.commit("c3", step(before, order(units=5, rev=before.rev)), NOON))

    assert ({"web:1": 2}, (2, 3, 5)) == ({key: row.rev for key, row in answer.orders.items() if row}, counts(store))


def test_an_edit_of_an_order_that_is_gone_is_refused(store: Store, book: DynamoStockBook) -> None:
    before = order(rev=4)

    answer = refused(lambda: book.commit("c1", step(before, order(units=3, rev=4)), NOON))

    assert {"web:1": None} == answer.orders


def test_a_release_gives_the_units_back_once(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order()), NOON)
    before = book.orders(["web:1"])["web:1"]
    after = replace(before, state=State.CANCELLED, allocations=())

    book.commit("c2", step(before, after), NOON)
    refused(lambda: book.commit("c3", step(before, after), NOON))

    assert (5, 0, 5) == counts(store)


def test_units_that_are_not_reserved_cannot_be_given_back(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order(units=1)), NOON)
    before = book.orders(["web:1"])["web:1"]
    inflated = replace(before, allocations=(Allocation("1", "shirt", "M", 2),))

    answer = refused(lambda: book.commit("c2", step(inflated, replace(inflated, allocations=())), NOON))

    assert ([SHIRT], (4, 1, 5)) == (list(answer.levels), counts(store))


def test_a_level_that_does_not_exist_is_refused_and_not_created(store: Store, book: DynamoStockBook) -> None:
    answer = refused(lambda: book.commit("c1", new(order(location="nowhere")), NOON))

    assert ({("shirt", "nowhere"): None}, [SHIRT]) == (answer.levels, list(store.levels()))


def test_a_listing_that_does_not_exist_is_refused_and_not_created(store: Store, book: DynamoStockBook) -> None:
    unlisted = replace(order(), lines=(Line("1", ("x",), 2, "x", "shirt", {"shirt": 1}),))

    answer = refused(lambda: book.commit("c1", new(unlisted), NOON))

    assert (frozenset({("shirt", "web", "x")}), {"shirt": 0}) == (answer.listings, store.sold())


def test_each_refusal_is_told_for_what_it_concerns(store: Store, book: DynamoStockBook) -> None:
    """Reasons come by position: an order, two levels and a listing must not be mistaken for one another."""
    book.commit("c1", new(order("1", 1)), NOON)
    held = (Allocation("1", "shirt", "M", 9), Allocation("1", "shirt", "L", 1))
    unlisted = Line("1", ("x",), 10, "x", "shirt", {"shirt": 1})
    mixed = new(order("0", 1), order("1", 1), replace(order("2"), allocations=held, lines=(unlisted,)))

    answer = refused(lambda: book.commit("c2", mixed, NOON))

    assert (["web:1"], [SHIRT, ("shirt", "L")]) == (list(answer.orders), list(answer.levels))
    assert {("shirt", "web", "x")} == answer.listings


def test_a_commit_asked_again_under_its_own_id_is_recognised_and_done_once(
    store: Store, book: DynamoStockBook
) -> None:
    """moto forgets request tokens, as DynamoDB does after ten minutes: only our own rows can tell."""
    book.commit("c1", new(order("1", 1), order("2", 1)), NOON)

    book.commit("c1", new(order("1", 1), order("2", 1)), NOON)

    assert ((3, 2, 5), {"shirt": 2}) == (counts(store), store.sold())


def test_an_edit_asked_again_under_its_own_id_is_done_once(store: Store, book: DynamoStockBook) -> None:
    book.commit("c1", new(order(units=1)), NOON)
    before = book.orders(["web:1"])["web:1"]
    edit = step(before, order(units=4, rev=before.rev))

    book.commit("c2", edit, NOON)
    book.commit("c2", edit, NOON)

    assert (1, 4, 5) == counts(store)


def test_the_last_units_taken_by_a_commit_do_not_hide_that_it_was_our_own(
    store: Store, book: DynamoStockBook
) -> None:
    """Asked again, both the row and the now empty level refuse."""
    book.commit("c1", new(order(units=5)), NOON)

    book.commit("c1", new(order(units=5)), NOON)

    assert (0, 5, 5) == counts(store)


# Goods that leave and come back


@pytest.fixture
def shelves(store: Store) -> DynamoStockBook:
    """Three shirts in the picking bin, four in storage, two in no bin."""
    store.fill({SHIRT: 2})
    store.shelve("shirt", "M", {"P": (BinKind.PICKING, 3), "S": (BinKind.STORAGE, 4)})
    return store.book


def lying(store: Store) -> dict[str, int]:
    level = store.levels()[SHIRT]
    return {name: bin.on_hand for name, bin in level.bins.items()} | {"": level.unplaced}


def shipped(before: Order, units: int, bins: Mapping[str, int]) -> Group:
    took = (Taken("1", "shirt", "M", units, bins=bins),)
    return step(
        before, replace(before, state=State.SHIPPED, allocations=(), parcels=(Parcel("s1", {"1": 2}, took),))
    )


def stored(store: Store, units: int = 2) -> Order:
    store.book.commit("reserve", new(order(units=units)), NOON)
    return store.orders()["web:1"]


def test_what_left_is_gone_from_hand_from_reserved_and_from_its_bin(store: Store, shelves: DynamoStockBook) -> None:
    shelves.commit("c1", shipped(stored(store), 2, {"P": 2}), NOON)

    assert ((7, 0, 7), {"P": 1, "S": 4, "": 2}) == (counts(store), lying(store))
    assert [] == store.broken_promises()


def test_a_short_pick_may_leave_less_than_nothing_unplaced(store: Store, shelves: DynamoStockBook) -> None:
    """The goods have left: the hub books what it can and shows that somebody must count."""
    shelves.commit("c1", shipped(stored(store, 6), 6, {"P": 3}), NOON)

    assert ((3, 0, 3), {"P": 0, "S": 4, "": -1}) == (counts(store), lying(store))


def test_a_bin_cannot_give_what_it_does_not_hold(store: Store, shelves: DynamoStockBook) -> None:
    before = stored(store, 4)

    answer = refused(lambda: shelves.commit("c1", shipped(before, 4, {"P": 4}), NOON))

    assert ([SHIRT], {"P": 3, "S": 4, "": 2}) == (list(answer.levels), lying(store))


def test_a_bin_that_does_not_exist_gives_and_takes_nothing(store: Store, shelves: DynamoStockBook) -> None:
    before = stored(store)

    answer = refused(lambda: shelves.commit("c1", shipped(before, 2, {"Q": 2}), NOON))

    assert ([SHIRT], {"P": 3, "S": 4, "": 2}) == (list(answer.levels), lying(store))


def test_units_that_were_not_promised_cannot_leave_as_promised(store: Store, shelves: DynamoStockBook) -> None:
    before = stored(store, 1)
    inflated = replace(before, allocations=(Allocation("1", "shirt", "M", 2),))

    answer = refused(lambda: shelves.commit("c1", shipped(inflated, 2, {"P": 2}), NOON))

    assert ([SHIRT], (8, 1, 9)) == (list(answer.levels), counts(store))


def test_what_comes_back_is_available_in_the_bin_it_was_put_in(store: Store, shelves: DynamoStockBook) -> None:
    shelves.commit("c1", shipped(stored(store), 2, {"P": 2}), NOON)
    before = store.orders()["web:1"]
    back = Return("r1", {"1": 2}, ReturnState.INSPECTED, "M", {}, (Taken("1", "shirt", "M", 1, bins={"S": 1}),))

    shelves.commit("c2", step(before, replace(before, returns=(back,))), NOON)

    assert ((8, 0, 8), {"P": 1, "S": 5, "": 2}) == (counts(store), lying(store))


def test_what_comes_back_to_a_place_that_never_held_it_opens_a_level(
    store: Store, shelves: DynamoStockBook
) -> None:
    shelves.commit("c1", shipped(stored(store), 2, {"P": 2}), NOON)
    before = store.orders()["web:1"]
    back = Return("r1", {"1": 2}, ReturnState.INSPECTED, "L", {}, (Taken("1", "shirt", "L", 1),))

    shelves.commit("c2", step(before, replace(before, returns=(back,))), NOON)

    level = store.levels()["shirt", "L"]
    assert (1, 1, 0, 1, 1) == (level.on_hand, level.available, level.reserved, level.unplaced, level.seq)
