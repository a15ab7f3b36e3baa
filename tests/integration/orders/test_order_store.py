"""The book in DynamoDB: what its conditions refuse."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from lastunit.adapters.dynamodb.order_store import DynamoOrderStore
from lastunit.domain.keys import LevelKey
from lastunit.domain.orders.commit_groups import CommitGroup
from lastunit.domain.orders.order import Allocation, Line, Order, PickedUnits, Return, ReturnState, Shipment
from lastunit.domain.orders.states import State
from lastunit.domain.stock.levels import BinKind
from tests.support.aws.dynamo import HubStore
from tests.support.clock import NOON
from tests.support.orders.commits import SHIRT, new, order, refused, step
from tests.support.stock.levels import Stock, stock_of


@pytest.fixture
def order_store(store: HubStore) -> DynamoOrderStore:
    store.fill({SHIRT: 5})
    return store.order_store


def stock(store: HubStore, key: LevelKey = SHIRT) -> Stock:
    return stock_of(store.levels()[key])


def test_a_new_order_is_written_with_its_level_and_its_listing(
    store: HubStore, order_store: DynamoOrderStore
) -> None:
    order_store.commit("c1", new(order()), NOON)

    written = replace(order(), rev=1, commit_id="c1", changed_at=NOON)
    assert {"web:1": written} == order_store.orders(["web:1", "web:2"])
    assert Stock(on_hand=5, reserved=2, available=3) == stock(store)
    assert {"shirt": 2} == store.sold()


def test_every_commit_moves_the_sequence_of_a_level_by_one_and_names_its_cause(
    store: HubStore, order_store: DynamoOrderStore
) -> None:
    before = store.levels()[SHIRT].seq

    order_store.commit("c1", new(order("1", 1), order("2", 1)), NOON)
    order_store.commit("c2", new(order("3", 1)), NOON)

    level = store.levels()[SHIRT]
    assert (before + 2, "orders c2") == (level.seq, level.cause)


def test_a_duplicate_is_refused_with_the_stored_order_and_nothing_is_written(
    store: HubStore, order_store: DynamoOrderStore
) -> None:
    order_store.commit("c1", new(order("1", 1)), NOON)

    answer = refused(lambda: order_store.commit("c2", new(order("1", 3), order("2", 1)), NOON))

    assert (order_store.orders(["web:1"]), {}, frozenset(), False) == (
        answer.orders,
        answer.levels,
        answer.listings,
        answer.contended,
    )
    assert Stock(on_hand=5, reserved=1, available=4) == stock(store)
    assert ["web:1"] == list(store.orders())


def test_a_short_level_is_refused_with_what_is_there(store: HubStore, order_store: DynamoOrderStore) -> None:
    answer = refused(lambda: order_store.commit("c1", new(order(units=6)), NOON))

    assert ({}, store.levels()) == (answer.orders, answer.levels)
    assert Stock(on_hand=5, reserved=0, available=5) == stock(store)
    assert {} == store.orders()


def test_the_very_last_unit_can_be_reserved(store: HubStore, order_store: DynamoOrderStore) -> None:
    order_store.commit("c1", new(order(units=5)), NOON)

    assert Stock(on_hand=5, reserved=5, available=0) == stock(store)


def test_one_short_order_keeps_all_others_of_its_group_out(store: HubStore, order_store: DynamoOrderStore) -> None:
    refused(lambda: order_store.commit("c1", new(order("1", 3), order("2", 3)), NOON))

    assert Stock(on_hand=5, reserved=0, available=5) == stock(store)
    assert {} == store.orders()


def test_an_edit_needs_the_revision_it_was_decided_on(store: HubStore, order_store: DynamoOrderStore) -> None:
    order_store.commit("c1", new(order(units=1)), NOON)
    before = order_store.orders(["web:1"])["web:1"]

    order_store.commit("c2", step(before, order(units=3, rev=before.rev)), NOON)
    answer = refused(lambda: order_store.commit("c3", step(before, order(units=5, rev=before.rev)), NOON))

    assert {"web:1": 2} == {key: row.rev for key, row in answer.orders.items() if row}
    assert Stock(on_hand=5, reserved=3, available=2) == stock(store)


def test_an_edit_of_an_order_that_is_gone_is_refused(store: HubStore, order_store: DynamoOrderStore) -> None:
    before = order(rev=4)

    answer = refused(lambda: order_store.commit("c1", step(before, order(units=3, rev=4)), NOON))

    assert {"web:1": None} == answer.orders


def test_a_release_gives_the_units_back_once(store: HubStore, order_store: DynamoOrderStore) -> None:
    order_store.commit("c1", new(order()), NOON)
    before = order_store.orders(["web:1"])["web:1"]
    after = replace(before, state=State.CANCELLED, allocations=())

    order_store.commit("c2", step(before, after), NOON)
    refused(lambda: order_store.commit("c3", step(before, after), NOON))

    assert Stock(on_hand=5, reserved=0, available=5) == stock(store)


def test_units_that_are_not_reserved_cannot_be_given_back(store: HubStore, order_store: DynamoOrderStore) -> None:
    order_store.commit("c1", new(order(units=1)), NOON)
    before = order_store.orders(["web:1"])["web:1"]
    inflated = replace(before, allocations=(Allocation(line_id="1", sku="shirt", location="M", quantity=2),))

    answer = refused(lambda: order_store.commit("c2", step(inflated, replace(inflated, allocations=())), NOON))

    assert [SHIRT] == list(answer.levels)
    assert Stock(on_hand=5, reserved=1, available=4) == stock(store)


def test_a_level_that_does_not_exist_is_refused_and_not_created(
    store: HubStore, order_store: DynamoOrderStore
) -> None:
    answer = refused(lambda: order_store.commit("c1", new(order(location="nowhere")), NOON))

    assert ({("shirt", "nowhere"): None}, [SHIRT]) == (answer.levels, list(store.levels()))


def test_a_listing_that_does_not_exist_is_refused_and_not_created(
    store: HubStore, order_store: DynamoOrderStore
) -> None:
    unlisted = replace(
        order(), lines=(Line(line_id="1", names=("x",), quantity=2, listing="x", sku="shirt", parts={"shirt": 1}),)
    )

    answer = refused(lambda: order_store.commit("c1", new(unlisted), NOON))

    assert (frozenset({("shirt", "web", "x")}), {"shirt": 0}) == (answer.listings, store.sold())


def test_each_refusal_names_what_it_concerns(store: HubStore, order_store: DynamoOrderStore) -> None:
    """Reasons come by position: an order, two levels and a listing must not be mistaken for one another."""
    order_store.commit("c1", new(order("1", 1)), NOON)
    held = (
        Allocation(line_id="1", sku="shirt", location="M", quantity=9),
        Allocation(line_id="1", sku="shirt", location="L", quantity=1),
    )
    unlisted = Line(line_id="1", names=("x",), quantity=10, listing="x", sku="shirt", parts={"shirt": 1})
    mixed = new(order("0", 1), order("1", 1), replace(order("2"), allocations=held, lines=(unlisted,)))

    answer = refused(lambda: order_store.commit("c2", mixed, NOON))

    assert (["web:1"], [SHIRT, ("shirt", "L")]) == (list(answer.orders), list(answer.levels))
    assert {("shirt", "web", "x")} == answer.listings


def test_a_commit_asked_again_under_its_own_id_is_recognised_and_done_once(
    store: HubStore, order_store: DynamoOrderStore
) -> None:
    """moto forgets request tokens, as DynamoDB does after ten minutes: only our own rows can tell."""
    order_store.commit("c1", new(order("1", 1), order("2", 1)), NOON)

    order_store.commit("c1", new(order("1", 1), order("2", 1)), NOON)

    assert Stock(on_hand=5, reserved=2, available=3) == stock(store)
    assert {"shirt": 2} == store.sold()


def test_an_edit_asked_again_under_its_own_id_is_done_once(store: HubStore, order_store: DynamoOrderStore) -> None:
    order_store.commit("c1", new(order(units=1)), NOON)
    before = order_store.orders(["web:1"])["web:1"]
    edit = step(before, order(units=4, rev=before.rev))

    order_store.commit("c2", edit, NOON)
    order_store.commit("c2", edit, NOON)

    assert Stock(on_hand=5, reserved=4, available=1) == stock(store)


def test_the_last_units_taken_by_a_commit_do_not_hide_that_it_was_our_own(
    store: HubStore, order_store: DynamoOrderStore
) -> None:
    """Asked again, both the row and the now empty level refuse."""
    order_store.commit("c1", new(order(units=5)), NOON)

    order_store.commit("c1", new(order(units=5)), NOON)

    assert Stock(on_hand=5, reserved=5, available=0) == stock(store)


# Goods that leave and come back


@pytest.fixture
def shelves(store: HubStore) -> DynamoOrderStore:
    """Three shirts in the picking bin, four in storage, two in no bin."""
    store.fill({SHIRT: 2})
    store.shelve("shirt", "M", {"P": (BinKind.PICKING, 3), "S": (BinKind.STORAGE, 4)})
    return store.order_store


def lying(store: HubStore) -> dict[str, int]:
    level = store.levels()[SHIRT]
    return {name: bin.on_hand for name, bin in level.bins.items()} | {"": level.unplaced}


def shipped(before: Order, units: int, bins: Mapping[str, int]) -> CommitGroup:
    took = (PickedUnits(line_id="1", sku="shirt", location="M", quantity=units, bins=bins),)
    return step(
        before,
        replace(
            before,
            state=State.SHIPPED,
            allocations=(),
            shipments=(Shipment(shipment_id="s1", lines={"1": 2}, picked=took),),
        ),
    )


def stored(store: HubStore, units: int = 2) -> Order:
    store.order_store.commit("reserve", new(order(units=units)), NOON)
    return store.orders()["web:1"]


def test_what_left_is_gone_from_hand_from_reserved_and_from_its_bin(
    store: HubStore, shelves: DynamoOrderStore
) -> None:
    shelves.commit("c1", shipped(stored(store), 2, {"P": 2}), NOON)

    assert Stock(on_hand=7, reserved=0, available=7) == stock(store)
    assert {"P": 1, "S": 4, "": 2} == lying(store)
    assert [] == store.broken_promises()


def test_a_short_pick_may_leave_less_than_nothing_unplaced(store: HubStore, shelves: DynamoOrderStore) -> None:
    """The goods have left: the hub books what it can and shows that somebody must count."""
    shelves.commit("c1", shipped(stored(store, 6), 6, {"P": 3}), NOON)

    assert Stock(on_hand=3, reserved=0, available=3) == stock(store)
    assert {"P": 0, "S": 4, "": -1} == lying(store)


def test_a_bin_cannot_give_what_it_does_not_hold(store: HubStore, shelves: DynamoOrderStore) -> None:
    before = stored(store, 4)

    answer = refused(lambda: shelves.commit("c1", shipped(before, 4, {"P": 4}), NOON))

    assert ([SHIRT], {"P": 3, "S": 4, "": 2}) == (list(answer.levels), lying(store))


def test_a_bin_that_does_not_exist_gives_and_takes_nothing(store: HubStore, shelves: DynamoOrderStore) -> None:
    before = stored(store)

    answer = refused(lambda: shelves.commit("c1", shipped(before, 2, {"Q": 2}), NOON))

    assert ([SHIRT], {"P": 3, "S": 4, "": 2}) == (list(answer.levels), lying(store))


def test_units_that_were_not_promised_cannot_leave_as_promised(store: HubStore, shelves: DynamoOrderStore) -> None:
    before = stored(store, 1)
    inflated = replace(before, allocations=(Allocation(line_id="1", sku="shirt", location="M", quantity=2),))

    answer = refused(lambda: shelves.commit("c1", shipped(inflated, 2, {"P": 2}), NOON))

    assert [SHIRT] == list(answer.levels)
    assert Stock(on_hand=9, reserved=1, available=8) == stock(store)


def test_what_comes_back_is_available_in_the_bin_it_was_put_in(store: HubStore, shelves: DynamoOrderStore) -> None:
    shelves.commit("c1", shipped(stored(store), 2, {"P": 2}), NOON)
    before = store.orders()["web:1"]
    back = Return(
        return_id="r1",
        lines={"1": 2},
        state=ReturnState.INSPECTED,
        location="M",
        found={},
        restocked=(PickedUnits(line_id="1", sku="shirt", location="M", quantity=1, bins={"S": 1}),),
    )

    shelves.commit("c2", step(before, replace(before, returns=(back,))), NOON)

    assert Stock(on_hand=8, reserved=0, available=8) == stock(store)
    assert {"P": 1, "S": 5, "": 2} == lying(store)


def test_what_comes_back_to_a_place_that_never_held_it_opens_a_level(
    store: HubStore, shelves: DynamoOrderStore
) -> None:
    shelves.commit("c1", shipped(stored(store), 2, {"P": 2}), NOON)
    before = store.orders()["web:1"]
    back = Return(
        return_id="r1",
        lines={"1": 2},
        state=ReturnState.INSPECTED,
        location="L",
        found={},
        restocked=(PickedUnits(line_id="1", sku="shirt", location="L", quantity=1),),
    )

    shelves.commit("c2", step(before, replace(before, returns=(back,))), NOON)

    level = store.levels()[LevelKey("shirt", "L")]
    assert Stock(on_hand=1, reserved=0, available=1) == stock_of(level)
    assert (1, 1) == (level.unplaced, level.seq)
